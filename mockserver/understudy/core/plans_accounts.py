"""The plans of accounts: opened at first use, bought for, changed and shown.

The plan of an account is what was set by hand or the words of its key name, else what its login's token names, else
what the settings name. A plan that was set by hand holds until a token names another one than the last. What was used
and bought is the organization's: keys that share one share its plan.
"""

from typing import TYPE_CHECKING

import msgspec

from understudy.core.account_changes import AccountError
from understudy.core.plans import PlanState, PlanView, Window, view
from understudy.core.plans_table import FIXED, FLEXIBLE, MODES, PlanTable, PlanTerms, WindowTerms

if TYPE_CHECKING:
    from understudy.core.accounts import Account

DEFAULT_PLAN = "plus"


class PlanChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is set by hand; None leaves a thing as it is.

    Attributes:
        plan: a name of the table.
        mode: `fixed` or `flexible`.
        primary_allowance, secondary_allowance: pico-credits, above 0.
        primary_used_percent, secondary_used_percent: 0 to 100; 100 leaves nothing.
        videos_used: of today's.
    """

    plan: str | None = None
    mode: str | None = None
    primary_allowance: int | None = None
    secondary_allowance: int | None = None
    primary_used_percent: int | None = None
    secondary_used_percent: int | None = None
    videos_used: int | None = None


class Plans:
    """The table, and what holds where nobody says otherwise.

    Args:
        table: the plans.
        default: name of the plan of accounts that name none.
        mode: `fixed` or `flexible`; None for what the date had.
    """

    def __init__(self, table: PlanTable, *, default: str = DEFAULT_PLAN, mode: str | None = None) -> None:
        self.table = table
        self._default = _known(table, default)
        self._mode = mode or (FLEXIBLE if table.flexible else FIXED)

    def state(self, account: "Account", claimed: str | None = None) -> PlanState:
        """The plan of an account, opened at first use.

        Args:
            account: whose.
            claimed: the plan that the token of its login names.
        """
        state = account.organization.plan
        named = account.plan
        if state is None:
            first = named or claimed
            state = PlanState(self._default if first is None else self.table.claimed(first), self._mode)
            account.organization.plan = state
        elif named is not None and named != state.named:
            self._adopt(state, named)
        elif claimed is not None and claimed != state.claimed and (state.claimed is not None or named is None):
            self._adopt(state, claimed)
        state.named = named
        state.claimed = claimed or state.claimed
        return state

    def _adopt(self, state: PlanState, name: str) -> None:
        # A plan that goes on under its name keeps the allowances that were set by hand.
        if name != state.terms.name:
            state.adopt(self.table.claimed(name))

    def view(self, account: "Account", now: int) -> PlanView:
        """How the plan of an account stands."""
        return view(self.state(account), self.table.credits_for_video, now)

    def buy_credits(self, account: "Account", credits: int, now: int) -> PlanView:
        """Buy credits for an account: they are used when the allowance is used up.

        Args:
            account: whose.
            credits: pico-credits, above 0.
            now: microseconds since the epoch.

        Raises:
            AccountError: one sentence; nothing was bought.
        """
        try:
            self.state(account).buy(credits, now)
        except ValueError as problem:
            raise AccountError(f"No credits were bought: {problem}.") from None
        return self.view(account, now)

    def set_plan(self, account: "Account", change: PlanChange, now: int) -> PlanView:
        """Change plan, mode, allowances or usage of an account by hand, all or nothing.

        Raises:
            AccountError: one sentence about the first thing that cannot be; nothing was changed.
        """
        state = self.state(account)
        terms = state.terms if change.plan is None else _known(self.table, change.plan)
        _check(change, terms)
        state.refresh(now)
        if change.mode is not None:
            state.mode = change.mode
        if change.plan is not None:
            account.plan = state.named = change.plan
        state.adopt(
            msgspec.structs.replace(
                terms,
                primary=_allowing(terms.primary, change.primary_allowance),
                secondary=_allowing(terms.secondary, change.secondary_allowance),
            )
        )
        for window, percent in (
            (state.primary, change.primary_used_percent),
            (state.secondary, change.secondary_used_percent),
        ):
            if window is not None and percent is not None:
                window.set_used(percent, now)
        if change.videos_used is not None:
            _use(state.videos, change.videos_used, now)
        return self.view(account, now)


def _known(table: PlanTable, name: str) -> PlanTerms:
    terms = table.terms(name)
    if terms is None:
        raise AccountError(f"There is no plan {name[:64]!r}; there are {', '.join(table.names)}.")
    return terms


def _check(change: PlanChange, terms: PlanTerms) -> None:
    if change.mode is not None and change.mode not in MODES:
        raise AccountError(f"mode cannot be {change.mode[:64]!r}; accepted: {' or '.join(MODES)}.")
    for name in ("primary", "secondary"):
        allowance = getattr(change, f"{name}_allowance")
        percent = getattr(change, f"{name}_used_percent")
        if getattr(terms, name) is None and (allowance is not None or percent is not None):
            raise AccountError(f"The plan {terms.name} has no {name} window.")
        if allowance is not None and allowance <= 0:
            raise AccountError(f"{name}_allowance cannot be {allowance}; accepted: pico-credits above 0.")
        if percent is not None and not 0 <= percent <= 100:
            raise AccountError(f"{name}_used_percent cannot be {percent}; accepted: a whole number from 0 to 100.")
    if change.videos_used is not None and not 0 <= change.videos_used <= terms.videos.allowance:
        raise AccountError(
            f"videos_used cannot be {change.videos_used}; accepted: 0 to {terms.videos.allowance}, the videos a day of "
            f"the plan {terms.name}."
        )


def _allowing(terms: WindowTerms | None, allowance: int | None) -> WindowTerms | None:
    return terms if terms is None or allowance is None else WindowTerms(terms.length, allowance)


def _use(window: Window, used: int, now: int) -> None:
    window.start(now)
    window.used = used
