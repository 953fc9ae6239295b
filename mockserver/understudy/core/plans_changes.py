"""Plans as people and programs read and set them: credits as decimal texts, moments as ISO 8601.

What is wrong is said in one sentence, and nothing is set then.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from understudy.core.account_changes import AccountError
from understudy.core.dates import iso_time
from understudy.core.plans import PlanView, WindowView
from understudy.core.plans_accounts import PlanChange
from understudy.core.plans_table import format_credits, parse_credits

CREDIT_WORDS = "credits from 0 with at most 12 decimals, such as 25 or 9.99"


@dataclass(frozen=True, slots=True)
class WindowReport:
    """A window of Codex.

    Attributes:
        window_minutes: its length.
        used_percent: whole hundredths, rounded down.
        used, allowance: credits, decimal.
        resets_at: ISO 8601 in UTC, to the second; of an unused window, as if it began now.
    """

    window_minutes: int
    used_percent: int
    used: str
    allowance: str
    resets_at: str


@dataclass(frozen=True, slots=True)
class PlanReport:
    """The plan of an account.

    Attributes:
        plan: its name.
        mode: `fixed` or `flexible`.
        included: whether Codex is part of it.
        allowed: whether a turn may begin.
        primary, secondary: windows of Codex, None where the plan has none.
        credits: purchased ones that are left, decimal.
        credits_expire_at: the next of them, ISO 8601 in UTC; None for none.
        charged_to_allowance, charged_to_credits, uncovered: where the cost of all turns went, credits, decimal.
        videos, videos_left, videos_bought: of Sora: in a day, still today, and how many more the credits buy.
    """

    plan: str
    mode: str
    included: bool
    allowed: bool
    primary: WindowReport | None
    secondary: WindowReport | None
    credits: str
    credits_expire_at: str | None
    charged_to_allowance: str
    charged_to_credits: str
    uncovered: str
    videos: int
    videos_left: int
    videos_bought: int


def report(view: PlanView) -> PlanReport:
    """The plan in words and decimal texts."""
    charged = view.charged
    return PlanReport(
        plan=view.plan,
        mode=view.mode,
        included=view.included,
        allowed=view.allowed,
        primary=_window(view.primary),
        secondary=_window(view.secondary),
        credits=format_credits(view.credits),
        credits_expire_at=None if view.next_expiry is None else iso_time(view.next_expiry),
        charged_to_allowance=format_credits(charged.allowance),
        charged_to_credits=format_credits(charged.credits),
        uncovered=format_credits(charged.uncovered),
        videos=view.videos,
        videos_left=view.videos_left,
        videos_bought=view.videos_bought,
    )


def read_credits(name: str, given: Any) -> int:
    """Pico-credits above 0 of what was given: a text, a whole number, a Decimal or a float as it is spelled.

    Raises:
        AccountError: what is wrong, and what is accepted.
    """
    if isinstance(given, bool) or not isinstance(given, str | int | float | Decimal):
        raise AccountError(f"{name} cannot be {str(given)[:100]!r}; accepted: {CREDIT_WORDS}.")
    try:
        amount = parse_credits(repr(given) if isinstance(given, float) else str(given).strip())
    except (ValueError, ArithmeticError):
        raise AccountError(f"{name} cannot be {str(given)[:100]!r}; accepted: {CREDIT_WORDS}.") from None
    if amount == 0:
        raise AccountError(f"{name} cannot be 0; accepted: {CREDIT_WORDS}.")
    return amount


def plan_change(
    *,
    plan: Any = None,
    mode: Any = None,
    primary_allowance: Any = None,
    secondary_allowance: Any = None,
    primary_used_percent: Any = None,
    secondary_used_percent: Any = None,
    videos_used: Any = None,
) -> PlanChange:
    """What to set; None leaves a thing as it is. Allowances are credits as `read_credits` takes them.

    Raises:
        AccountError: an allowance is none, or a value is of the wrong kind; the rest is checked when it is set.
    """
    for name, word in (("plan", plan), ("mode", mode)):
        if word is not None and not isinstance(word, str):
            raise AccountError(f"{name} cannot be {str(word)[:100]!r}; accepted: a word.")
    for name, number in (
        ("primary_used_percent", primary_used_percent),
        ("secondary_used_percent", secondary_used_percent),
        ("videos_used", videos_used),
    ):
        if number is not None and type(number) is not int:
            raise AccountError(f"{name} cannot be {str(number)[:100]!r}; accepted: a whole number.")
    return PlanChange(
        plan=plan,
        mode=mode,
        primary_allowance=_optional("primary_allowance", primary_allowance),
        secondary_allowance=_optional("secondary_allowance", secondary_allowance),
        primary_used_percent=primary_used_percent,
        secondary_used_percent=secondary_used_percent,
        videos_used=videos_used,
    )


def _optional(name: str, given: Any) -> int | None:
    return None if given is None else read_credits(name, given)


def _window(view: WindowView | None) -> WindowReport | None:
    if view is None:
        return None
    return WindowReport(
        window_minutes=view.window_seconds // 60,
        used_percent=view.used_percent,
        used=format_credits(view.used),
        allowance=format_credits(view.allowance),
        resets_at=iso_time(view.reset_at * 1_000_000),
    )
