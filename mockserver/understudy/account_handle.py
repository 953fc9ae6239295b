"""An account as tests hold it: by its key, whatever store it lies in."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from understudy.core.account_changes import UNCHANGED, AccountError, account_change, parse_limits, read_amount
from understudy.core.account_view import AccountView, LedgerView, LimitsView, view_account, view_ledger, view_limits
from understudy.core.accounts import Account
from understudy.core.catalog import Model
from understudy.core.dates import parse_moment
from understudy.core.ledger import ENTRIES_KEPT, GrantKind
from understudy.core.organizations import Organization, Project
from understudy.core.plans_accounts import PlanChange, Plans
from understudy.core.plans_changes import PlanReport, plan_change, read_credits, report

_Result = TypeVar("_Result")


class Accounting(Protocol):
    """What a handle needs of a server."""

    @property
    def plans(self) -> Plans:
        """The plans of ChatGPT logins."""

    def now(self) -> int:
        """Microseconds since the epoch."""

    def model(self, name: str) -> Model:
        """The model of a name; AccountError when there is none."""

    def hold(self, key: str) -> Account:
        """The account of a key, made on first sight; from now on it is not aged out."""

    def change(self, key: str, change: Callable[[Account], _Result]) -> _Result:
        """Apply a pure function to an account."""


class AccountHandle:
    """One account: what it is on, what it has, what it may.

        server.account.buy("5.00")
        server.account("sk-other", tier=1, credits="0.02")

    Amounts are US dollars: a text such as "5.00", a whole number or a Decimal.

    Attributes:
        key: the secret.
    """

    __slots__ = ("_server", "key")

    def __init__(self, server: Accounting, key: str) -> None:
        self._server = server
        self.key = key

    def __eq__(self, other: object) -> bool:
        """Whether it is the same key of the same server."""
        return isinstance(other, AccountHandle) and (self.key, self._server) == (other.key, other._server)

    def __hash__(self) -> int:
        """Of the key."""
        return hash(self.key)

    def __repr__(self) -> str:
        """Without the secret."""
        return f"<account {self.masked_key}>"

    def __call__(self, key: str, **facts: Any) -> "AccountHandle":
        """The account of another key, set as `set` would."""
        other = AccountHandle(self._server, key)
        if facts:
            other.set(**facts)
        return other

    # What is

    def view(self) -> AccountView:
        """Everything at once, as the control API shows it."""
        now = self._server.now()
        return self._server.change(self.key, lambda account: view_account(account, now))

    def ledger(self, newest: int = ENTRIES_KEPT) -> LedgerView:
        """The ledger with its newest entries."""
        now = self._server.now()
        return self._server.change(self.key, lambda account: view_ledger(account, now, newest))

    def limits(self, model: str) -> LimitsView:
        """What the account may ask of a model, and what is left.

        Raises:
            AccountError: there is no such model.
        """
        found, now = self._server.model(model), self._server.now()
        return self._server.change(self.key, lambda account: view_limits(account, found, now))

    def plan(self) -> PlanReport:
        """The plan of a ChatGPT login: windows of Codex, purchased credits, Sora's videos."""
        plans, now = self._server.plans, self._server.now()
        return self._server.change(self.key, lambda account: report(plans.view(account, now)))

    @property
    def id(self) -> str:
        """`acct_` and 24 characters."""
        return self._server.hold(self.key).id

    @property
    def masked_key(self) -> str:
        """The key as journals and reports show it."""
        return self._server.hold(self.key).masked_key

    @property
    def organization(self) -> Organization:
        """The organization itself (of a server in this process)."""
        return self._server.hold(self.key).organization

    @property
    def project(self) -> Project:
        """The project itself (of a server in this process)."""
        return self._server.hold(self.key).project

    @property
    def tier(self) -> str:
        """`free`, `tier1` ... `tier5`."""
        return self.view().tier

    @property
    def balance(self) -> Decimal:
        """US dollars."""
        return Decimal(self.view().balance)

    @property
    def spent(self) -> Decimal:
        """US dollars in this calendar month."""
        return Decimal(self.view().spent)

    # What may be set

    def buy(self, amount: Any) -> None:
        """Buy credits: they last 12 months, and promote the account when they qualify it for a higher tier."""
        self.give(amount, "purchased")

    def give(self, amount: Any, kind: GrantKind = "gift", expires: str | None = None) -> None:
        """Add credit.

        Args:
            amount: US dollars above 0.
            kind: purchased, promotional or gift.
            expires: ISO 8601 date or moment in UTC; purchases default to 12 months, others to never.

        Raises:
            AccountError: the amount is none or 0, or the moment is none or past.
        """
        pico, now = read_amount(amount), self._server.now()
        try:
            until = None if expires is None else parse_moment(expires)
            self._server.change(self.key, lambda account: account.organization.give(pico, kind, now, until))
        except ValueError as problem:
            raise AccountError(f"Credit cannot be given: {problem}.") from None

    def refund(self, amount: Any, note: str = "refund") -> None:
        """Give back what was charged; it does not expire."""
        pico, now = read_amount(amount), self._server.now()
        self._server.change(self.key, lambda account: account.organization.ledger.refund(pico, now, note))

    def set(
        self,
        *,
        tier: Any = UNCHANGED,
        credits: Any = UNCHANGED,
        plan: Any = UNCHANGED,
        usage_limit: Any = UNCHANGED,
        spend_limit: Any = UNCHANGED,
        project_spend_limit: Any = UNCHANGED,
        auto_recharge: Any = UNCHANGED,
        status: Any = UNCHANGED,
    ) -> None:
        """Set what the account is on; what is left out stays as it is. Nothing is set when one value is wrong.

        Args:
            tier: free, 1 ... 5.
            credits: begin with so many US dollars, as if nothing had been bought or spent before.
            plan: of a ChatGPT login: free, go, plus, pro, ...; None for the server's own.
            usage_limit: US dollars in a calendar month in the tier's place; None for the tier's own.
            spend_limit: the organization's own limit in a calendar month; None for none.
            project_spend_limit: the project's; None for none.
            auto_recharge: {"threshold": "5", "target": "20", "monthly_cap": "100"}; None for none.
            status: active, revoked, noaccess or invalid.

        Raises:
            AccountError: one sentence about the first value that is wrong.
        """
        change = account_change(
            self._server.now(),
            tier=tier,
            credits=credits,
            plan=plan,
            usage_limit=usage_limit,
            spend_limit=spend_limit,
            project_spend_limit=project_spend_limit,
            auto_recharge=auto_recharge,
            status=status,
        )
        self._server.change(self.key, change)

    def set_plan(self, **facts: Any) -> PlanReport:
        """Set the plan and what is used of it; what is left out stays as it is.

        Args:
            facts: `plan`: a name; `mode`: fixed or flexible; `primary_allowance`, `secondary_allowance`: credits;
                `primary_used_percent`, `secondary_used_percent`: 0 to 100; `videos_used`: of today's.

        Raises:
            AccountError: one sentence about the first value that is wrong; nothing is set then.
        """
        unknown = facts.keys() - PlanChange.__struct_fields__
        if unknown:
            known = ", ".join(PlanChange.__struct_fields__)
            raise AccountError(f"A plan has no {min(unknown)[:100]!r}; there are {known}.")
        plans, now, change = self._server.plans, self._server.now(), plan_change(**facts)
        return self._server.change(self.key, lambda account: report(plans.set_plan(account, change, now)))

    def buy_plan_credits(self, credits: Any) -> PlanReport:
        """Buy credits of the plan, $0.04 each: they are used when its allowance is used up, and last 12 months.

        Raises:
            AccountError: the amount is none or 0, or the mode is fixed.
        """
        plans, now, amount = self._server.plans, self._server.now(), read_credits("credits", credits)
        return self._server.change(self.key, lambda account: report(plans.buy_credits(account, amount, now)))

    def increase_limits(self, model: str, **figures: int | None) -> None:
        """Grant a limit increase for a model and those that share its limits; without figures it is taken back.

        Args:
            model: name.
            figures: rpm, rpd, tpm, tpd, ipm, batch, audio_minutes.

        Raises:
            AccountError: there is no such model or dimension, or a figure is not a whole number above 0.
        """
        group, limits = self._server.model(model).limit_group, parse_limits(figures)
        self._server.change(self.key, lambda account: account.organization.increase(group, limits))

    def limit_project(self, model: str, **figures: int | None) -> None:
        """Give the account's project lower limits of its own; without figures they are taken away."""
        group, limits = self._server.model(model).limit_group, parse_limits(figures)
        self._server.change(self.key, lambda account: account.project.limit(group, limits))
