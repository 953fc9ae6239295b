"""Plans in the control API: `/_understudy/accounts/{account}/plan`."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from understudy.core.accounts import Account
from understudy.core.plans_changes import PlanReport, plan_change, read_credits, report
from understudy.core.simulator import Simulator
from understudy.core.store import Change


class PlanCredits(BaseModel):
    """Credits to buy."""

    model_config = ConfigDict(extra="forbid")

    credits: str | int | float = Field(description='Credits above 0, such as "25" (one dollar).')


class PlanFacts(BaseModel):
    """What to set; what is left out, or null, stays as it is."""

    model_config = ConfigDict(extra="forbid")

    plan: str | None = Field(None, description="free, go, plus, prolite, pro, team, business, enterprise, edu, ...")
    mode: str | None = Field(None, description="fixed or flexible.")
    primary_allowance: str | int | float | None = Field(None, description="Credits of the first window.")
    secondary_allowance: str | int | float | None = Field(None, description="Credits of the second window.")
    primary_used_percent: int | None = Field(None, description="0 to 100: 100 leaves nothing.")
    secondary_used_percent: int | None = Field(None, description="The same of the second window.")
    videos_used: int | None = Field(None, description="Sora videos of today that are gone.")


def add_plans(
    app: FastAPI,
    simulator: Simulator,
    prefix: str,
    find: Callable[[str], Awaitable[Account]],
    look: Callable[[Account, Change[Any]], Awaitable[Any]],
) -> None:
    """Add the paths to the control application.

    Args:
        app: of the control API.
        simulator: has the plans.
        prefix: of all paths.
        find: the account of a key or an account id.
        look: applies a pure function to an account.
    """
    plans, clock, path = simulator.plans, simulator.clock, f"{prefix}/accounts/{{account}}/plan"

    async def apply(name: str, change: Change[PlanReport]) -> PlanReport:
        account = await find(name)
        account.pinned = True
        result: PlanReport = await look(account, change)
        return result

    @app.get(path, tags=["plans"])
    async def plan(account: str) -> PlanReport:
        """The plan of a ChatGPT login: windows of Codex, purchased credits, Sora's videos."""
        now = clock.now()
        seen: PlanReport = await look(await find(account), lambda each: report(plans.view(each, now)))
        return seen

    @app.patch(path, tags=["plans"])
    async def set_plan(account: str, facts: PlanFacts) -> PlanReport:
        """Set plan, mode, allowances or usage: all of it or, when one is wrong, nothing."""
        change, now = plan_change(**facts.model_dump()), clock.now()
        return await apply(account, lambda each: report(plans.set_plan(each, change, now)))

    @app.post(f"{path}/credits", tags=["plans"])
    async def buy_plan_credits(account: str, credits: PlanCredits) -> PlanReport:
        """Buy credits: Codex goes on with them when the allowance is used up, and Sora makes more videos."""
        amount, now = read_credits("credits", credits.credits), clock.now()
        return await apply(account, lambda each: report(plans.buy_credits(each, amount, now)))
