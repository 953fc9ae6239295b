"""Setting accounts: values as people and programs give them, read into pure functions of an account.

What is wrong is said in one sentence, and nothing is set then.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from understudy.core.accounts import Account
from understudy.core.catalog import Catalog, Model, RateLimits, parse_tier
from understudy.core.key_words import PLANS
from understudy.core.pricing import format_usd, parse_usd
from understudy.core.terms import AutoRecharge, KeyStatus

_Result = TypeVar("_Result")

UNCHANGED: Any = object()
"""What an argument is that was not given, where None has a meaning of its own."""

TIER_WORDS = "free, 1, 2, 3, 4 or 5"
"""The usage tiers; as keys and data spell them, `tier1` to `tier5`, they are accepted too."""
DOLLAR_WORDS = "US dollars from 0 with at most 12 decimals, such as 5.00"
"""An amount."""
PLAN_WORDS = ", ".join(("free", *PLANS))
"""The plans of a ChatGPT login."""


class AccountError(ValueError):
    """Something that cannot be set; one sentence."""


def known_model(catalog: Catalog, name: str, era: int) -> Model:
    """The model of a name.

    Raises:
        AccountError: there is none.
    """
    model = catalog.find(name, era)
    if model is None:
        raise AccountError(f"There is no model {name[:100]!r}.")
    return model


def parse_limits(figures: Mapping[str, Any]) -> RateLimits | None:
    """Limits of some dimensions; None when there are no figures.

    Raises:
        AccountError: a dimension that there is not, or a figure that is not a whole number above 0.
    """
    known = RateLimits.__struct_fields__
    given = {}
    for name, figure in figures.items():
        if name not in known:
            raise AccountError(f"There is no limit {name[:100]!r}; there are {', '.join(known)}.")
        if figure is None:
            continue
        if type(figure) is not int or not 0 < figure < 2**43:
            raise AccountError(f"The limit {name} cannot be {figure!r}; accepted: a whole number above 0.")
        given[name] = figure
    return RateLimits(**given) if given else None


def account_change(
    now: int,
    *,
    tier: Any = UNCHANGED,
    credits: Any = UNCHANGED,
    plan: Any = UNCHANGED,
    usage_limit: Any = UNCHANGED,
    spend_limit: Any = UNCHANGED,
    project_spend_limit: Any = UNCHANGED,
    auto_recharge: Any = UNCHANGED,
    status: Any = UNCHANGED,
) -> Callable[[Account], None]:
    """A pure function that sets what is given; see `AccountHandle.set` for what may be given.

    Raises:
        AccountError: one sentence about the first value that is wrong.
    """
    sets: list[Callable[[Account], None]] = []
    if tier is not UNCHANGED:
        number = _read("tier", tier, _tier, TIER_WORDS)
        sets.append(lambda account: account.organization.set_tier(number, now))
    if credits is not UNCHANGED:
        amount = _read("credits", credits, read_usd, DOLLAR_WORDS)
        sets.append(lambda account: account.organization.start_anew(amount, now))
    if plan is not UNCHANGED:
        word = None if plan is None else _read("plan", plan, _plan, PLAN_WORDS)
        sets.append(lambda account: setattr(account, "plan", word))
    if usage_limit is not UNCHANGED:
        monthly = _optional_amount("usage_limit", usage_limit)
        sets.append(lambda account: setattr(account.organization, "usage_limit", monthly))
    if spend_limit is not UNCHANGED:
        own = _optional_amount("spend_limit", spend_limit)
        sets.append(lambda account: setattr(account.organization, "spend_limit", own))
    if project_spend_limit is not UNCHANGED:
        projects = _optional_amount("project_spend_limit", project_spend_limit)
        sets.append(lambda account: setattr(account.project, "spend_limit", projects))
    if auto_recharge is not UNCHANGED:
        recharge = None if auto_recharge is None else parse_recharge(auto_recharge)
        sets.append(lambda account: setattr(account.organization, "recharge", recharge))
    if status is not UNCHANGED:
        state = _read("status", status, KeyStatus, ", ".join(each.value for each in KeyStatus))
        sets.append(lambda account: setattr(account, "status", state))

    def change(account: Account) -> None:
        for each in sets:
            each(account)

    return change


def parse_recharge(given: Any) -> AutoRecharge:
    """How credits are bought by themselves.

    Raises:
        AccountError: what is wrong, and what is accepted.
    """
    if not isinstance(given, dict) or not {"threshold", "target"} <= set(given) <= {
        "threshold",
        "target",
        "monthly_cap",
    }:
        raise AccountError(
            f"auto_recharge cannot be {str(given)[:100]!r}; accepted: threshold, target and perhaps monthly_cap, in US "
            "dollars."
        )
    threshold, target = (
        _read(f"auto_recharge.{name}", given[name], read_usd, DOLLAR_WORDS) for name in ("threshold", "target")
    )
    if target <= threshold:
        raise AccountError(
            f"auto_recharge.target cannot be {format_usd(target)}; accepted: more than the threshold of "
            f"{format_usd(threshold)}."
        )
    return AutoRecharge(threshold, target, _optional_amount("auto_recharge.monthly_cap", given.get("monthly_cap")))


def read_amount(given: Any) -> int:
    """Pico-dollars above 0.

    Raises:
        AccountError: what is wrong, and what is accepted.
    """
    amount: int = _read("amount", given, read_usd, DOLLAR_WORDS)
    if amount == 0:
        raise AccountError("The amount cannot be 0; accepted: US dollars above 0.")
    return amount


def _optional_amount(name: str, given: Any) -> int | None:
    return None if given is None else _read(name, given, read_usd, DOLLAR_WORDS)


def _read(name: str, given: Any, parse: Callable[[Any], _Result], accepted: str) -> _Result:
    try:
        return parse(given)
    except (ValueError, ArithmeticError):
        raise AccountError(f"{name} cannot be {str(given)[:100]!r}; accepted: {accepted}.") from None


def read_usd(given: Any) -> int:
    """Pico-dollars of an amount of US dollars.

    Raises:
        ValueError: it is none.
    """
    if isinstance(given, float):
        # A float is what its shortest spelling says: 5.1 was typed, not 5.0999999999999996447.
        return parse_usd(repr(given))
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal):
        raise ValueError(f"an amount is a text or a number, not {given!r}")
    return parse_usd(str(given).strip())


def _tier(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise ValueError(f"a usage tier is a word or a number, not {given!r}")
    return parse_tier(str(given))


def _plan(given: Any) -> str:
    if given not in ("free", *PLANS):
        raise ValueError(f"there is no plan {given!r}")
    return str(given)
