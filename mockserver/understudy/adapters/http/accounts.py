"""Accounts in the control API: `/_understudy/accounts/{account}`, where an account is a key or an account id.

An account that is asked about by its key is made on first sight, from the words of the key. Whatever is wrong with a
call, nothing is changed then.
"""

from collections.abc import Awaitable
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from understudy.adapters.http.plans import add_plans
from understudy.core.account_changes import (
    AccountError,
    account_change,
    known_model,
    parse_limits,
    read_amount,
)
from understudy.core.account_view import (
    AccountView,
    LedgerView,
    LimitsView,
    view_account,
    view_ledger,
    view_limits,
)
from understudy.core.accounts import Account
from understudy.core.catalog import Model
from understudy.core.dates import parse_moment
from understudy.core.key_words import KeyWordsError
from understudy.core.ledger import ENTRIES_KEPT
from understudy.core.simulator import Simulator, UnknownKeyError
from understudy.core.store import Change, Changed

Dollars = str | int | float
"""US dollars: a decimal text such as "5.00" is exact; a number is taken as it is spelled."""


Scope = Annotated[
    Literal["organization", "project"], Query(description="Whose limits: the organization's, or the key's project's.")
]
"""Whose limits are meant."""


class Credits(BaseModel):
    """Credit to add."""

    model_config = ConfigDict(extra="forbid")

    amount: Dollars = Field(description='US dollars above 0, such as "5.00".')
    kind: Literal["purchased", "promotional", "gift"] = Field(
        "purchased", description="Purchases last 12 months and promote the account."
    )
    expires: str | None = Field(None, description="ISO 8601 date or moment in UTC.")


class Refund(BaseModel):
    """A charge to give back."""

    model_config = ConfigDict(extra="forbid")

    amount: Dollars = Field(description="US dollars above 0.")
    note: str = Field("refund", max_length=200)


class Recharge(BaseModel):
    """How credits are bought by themselves."""

    model_config = ConfigDict(extra="forbid")

    threshold: Dollars = Field(description="US dollars of balance below which credits are bought.")
    target: Dollars = Field(description="US dollars of balance that they are bought up to.")
    monthly_cap: Dollars | None = Field(None, description="Most US dollars in a calendar month.")


class Facts(BaseModel):
    """What to set; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    tier: str | int | None = Field(None, description="free, 1 ... 5.")
    credits: Dollars | None = Field(None, description="Begin with so many US dollars, as if nothing had been spent.")
    plan: str | None = Field(None, description="Plan of a ChatGPT login; null for the server's own.")
    usage_limit: Dollars | None = Field(None, description="US dollars a calendar month; null for the tier's own.")
    spend_limit: Dollars | None = Field(None, description="The organization's own limit a month; null for none.")
    project_spend_limit: Dollars | None = Field(None, description="The project's; null for none.")
    auto_recharge: Recharge | None = Field(None, description="null for none.")
    status: str | None = Field(None, description="active, admin, revoked, noaccess or invalid.")


class Figures(BaseModel):
    """Limits of some dimensions; what is left out stays the tier's (or the organization's)."""

    model_config = ConfigDict(extra="forbid")

    rpm: int | None = Field(None, description="Requests a minute.")
    rpd: int | None = Field(None, description="Requests a day.")
    tpm: int | None = Field(None, description="Tokens a minute.")
    tpd: int | None = Field(None, description="Tokens a day.")
    ipm: int | None = Field(None, description="Images a minute.")
    batch: int | None = Field(None, description="Enqueued batch tokens.")
    audio_minutes: int | None = Field(None, description="Minutes of audio a minute.")


class UnknownAccountError(LookupError):
    """An account id that names nothing, or a key that is not accepted.

    Attributes:
        name: the id, or the masked key.
    """

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(problem)
        self.name = name


async def find_account(simulator: Simulator, name: str) -> Account:
    """The account of a key (made on first sight) or of an account id.

    Raises:
        AccountError: the words of the key contradict each other.
        UnknownAccountError: there is none.
    """
    store = simulator.store
    if name.startswith("acct_"):
        accounts = store.accounts()
        held = await accounts if isinstance(accounts, Awaitable) else accounts
        found = next((each for each in held if each.id == name), None)
        if found is None:
            raise UnknownAccountError(name, f"There is no account {name[:100]!r}.")
        return found
    try:
        given = store.account(name, simulator.clock.now())
    except KeyWordsError as problem:
        raise AccountError(problem.problem) from None
    found = await given if isinstance(given, Awaitable) else given
    if found is None:
        unknown = UnknownKeyError(name)
        raise UnknownAccountError(unknown.key, f"The key {unknown.key} is not in the keys file.")
    return found


def add_accounts(app: FastAPI, simulator: Simulator, prefix: str) -> None:
    """Add the paths to the control application."""
    store = simulator.store

    async def held() -> list[Account]:
        given = store.accounts()
        return await given if isinstance(given, Awaitable) else given

    async def find(name: str) -> Account:
        return await find_account(simulator, name)

    async def look(account: Account, change: Change[Changed]) -> Changed:
        result = store.change(account, change)
        return await result if isinstance(result, Awaitable) else result

    async def apply(name: str, change: Change[Any]) -> AccountView:
        account, now = await find(name), simulator.clock.now()

        def changed(each: Account) -> AccountView:
            change(each)
            each.organization.pinned = True
            return view_account(each, now)

        return await look(account, changed)

    def model(name: str) -> Model:
        return known_model(simulator.catalog, name, simulator.settings.era)

    @app.get(f"{prefix}/accounts", tags=["accounts"])
    async def accounts(
        limit: Annotated[int, Query(ge=1, le=10_000, description="The newest so many, by last use.")] = 100,
    ) -> list[AccountView]:
        """The accounts that are held, the one used longest ago first."""
        now = simulator.clock.now()
        return [await look(each, lambda account: view_account(account, now)) for each in (await held())[-limit:]]

    @app.get(f"{prefix}/accounts/{{account}}", tags=["accounts"])
    async def account(account: str) -> AccountView:
        """One account: tier, balance, monthly limits, project."""
        now = simulator.clock.now()
        return await look(await find(account), lambda each: view_account(each, now))

    @app.patch(f"{prefix}/accounts/{{account}}", tags=["accounts"])
    async def set_account(account: str, facts: Facts) -> AccountView:
        """Set tier, credits, plan, monthly limits, recharge or status: all of it or, when one is wrong, nothing."""
        given = {name: value for name, value in facts.model_dump().items() if name in facts.model_fields_set}
        for name in ("tier", "credits", "status"):
            if name in given and given[name] is None:
                raise AccountError(f"{name} cannot be null.")
        if given.get("auto_recharge"):
            given["auto_recharge"] = {
                name: value for name, value in given["auto_recharge"].items() if value is not None
            }
        return await apply(account, account_change(simulator.clock.now(), **given))

    @app.delete(f"{prefix}/accounts/{{account}}", status_code=204, tags=["accounts"])
    async def forget_account(account: str) -> Response:
        """Forget an account; its key then starts anew."""
        forgotten = simulator.forget(await find(account))
        if forgotten is not None:
            await forgotten
        return Response(status_code=204)

    @app.post(f"{prefix}/accounts/{{account}}/credits", tags=["accounts"])
    async def buy(account: str, credits: Credits) -> AccountView:
        """Buy credits, or give them; the next call has them."""
        amount, now = read_amount(credits.amount), simulator.clock.now()
        try:
            until = None if credits.expires is None else parse_moment(credits.expires)
        except ValueError as problem:
            raise AccountError(f"expires: {problem}.") from None
        if until is not None and until <= now:
            raise AccountError(f"expires cannot be {credits.expires!r}; accepted: a moment in the future.")
        return await apply(account, lambda each: each.organization.give(amount, credits.kind, now, until))

    @app.post(f"{prefix}/accounts/{{account}}/refunds", tags=["accounts"])
    async def refund(account: str, refund: Refund) -> AccountView:
        """Give back what was charged."""
        amount, now = read_amount(refund.amount), simulator.clock.now()
        return await apply(account, lambda each: each.organization.ledger.refund(amount, now, refund.note))

    @app.get(f"{prefix}/accounts/{{account}}/ledger", tags=["accounts"])
    async def ledger(
        account: str,
        limit: Annotated[int, Query(ge=1, le=ENTRIES_KEPT, description="The newest so many entries.")] = 100,
    ) -> LedgerView:
        """Grants, charges, refunds and expiries; the balance is their sum."""
        now = simulator.clock.now()
        return await look(await find(account), lambda each: view_ledger(each, now, limit))

    @app.get(f"{prefix}/accounts/{{account}}/limits/{{name:path}}", tags=["accounts"])
    async def limits(account: str, name: str) -> LimitsView:
        """What the account may ask of a model, and what is left."""
        now, found = simulator.clock.now(), model(name)
        return await look(await find(account), lambda each: view_limits(each, found, now))

    @app.put(f"{prefix}/accounts/{{account}}/limits/{{name:path}}", tags=["accounts"])
    async def grant(account: str, name: str, figures: Figures, scope: Scope = "organization") -> LimitsView:
        """Grant a limit increase above the tier's figures; with scope=project, give the project lower ones."""
        return await set_limits(account, name, parse_limits(figures.model_dump()), scope)

    @app.delete(f"{prefix}/accounts/{{account}}/limits/{{name:path}}", tags=["accounts"])
    async def take_back(account: str, name: str, scope: Scope = "organization") -> LimitsView:
        """Take a limit increase (or the project's own limits) back."""
        return await set_limits(account, name, None, scope)

    async def set_limits(account: str, name: str, figures: Any, scope: str) -> LimitsView:
        now, found = simulator.clock.now(), model(name)
        held = await find(account)

        def change(each: Account) -> LimitsView:
            if scope == "project":
                each.project.limit(found.limit_group, figures)
            else:
                each.organization.increase(found.limit_group, figures)
            each.organization.pinned = True
            return view_limits(each, found, now)

        return await look(held, change)

    add_plans(app, simulator, prefix, find, look)
