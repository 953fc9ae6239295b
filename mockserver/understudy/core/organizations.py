"""An organization and its projects: what they may spend, and how fast.

The usage tier, the ledger, the buckets and the monthly limits are the organization's; a project may have lower limits
of its own under them. What changes by time alone (a promotion, an expiry, a new month, a recharge) is brought up to
date by the call that meets it: `refresh` is a function of the state and of `now`.
"""

import re
from collections import OrderedDict
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from understudy.core.catalog import Model, RateLimits
from understudy.core.dates import month_around
from understudy.core.ids import named
from understudy.core.kept import Kept
from understudy.core.ledger import GrantKind, Ledger
from understudy.core.limits import Meter
from understudy.core.terms import AccountTerms, AutoRecharge
from understudy.core.tiers import TierTable
from understudy.core.usage_log import UsageLog

if TYPE_CHECKING:
    from understudy.core.accounts import Account
    from understudy.core.plans import PlanState

PROJECTS_KEPT = 1_000
"""Projects of one organization (the API's own limit; OpenAI help centre, 2026)."""


class Quota(Enum):
    """Why money refuses a call, in the order in which it is asked."""

    CREDITS = "credits"
    """The balance is not above zero."""
    USAGE = "usage"
    """The month's usage has reached the tier's limit."""
    SPEND = "spend"
    """The month's usage has reached the organization's own spend limit."""
    PROJECT_SPEND = "project_spend"
    """The month's usage has reached the project's spend limit."""


class ServiceAccount(msgspec.Struct, frozen=True):
    """A member of a project that is no person.

    Attributes:
        id: `user-` and 24 characters, as the API's document has it.
        name: given by who made it.
        role: `owner` or `member`.
        created_at: microseconds since the epoch.
    """

    id: str
    name: str
    role: str
    created_at: int


class Project:
    """A part of an organization, with keys of its own.

    Attributes:
        id: `proj_` and 24 characters.
        header: the same as a header value.
        name: given by who made it.
        created_at: microseconds since the epoch.
        archived_at: the same, None while it is in use.
        rate_limits: by limit group; what is None there is the organization's.
        spend_limit: pico-dollars in a calendar month, None for none.
        spent: pico-dollars in this calendar month.
        service_accounts: by id.
        made: how many service accounts were made, so that no id comes twice.
    """

    __slots__ = (
        "_meters",
        "archived_at",
        "created_at",
        "header",
        "id",
        "made",
        "name",
        "rate_limits",
        "service_accounts",
        "spend_limit",
        "spent",
    )

    def __init__(self, id: str, name: str, created_at: int) -> None:
        self.id = id
        self.header = id.encode()
        self.name = name
        self.created_at = created_at
        self.archived_at: int | None = None
        self.rate_limits: dict[str, RateLimits] = {}
        self.spend_limit: int | None = None
        self.spent = 0
        self.service_accounts: dict[str, ServiceAccount] = {}
        self.made = 0
        self._meters: dict[str, Meter] = {}

    def limit(self, group: str, limits: RateLimits | None) -> None:
        """Set the project's own limits for a limit group; None takes them away."""
        if limits is None:
            self.rate_limits.pop(group, None)
        else:
            self.rate_limits[group] = limits

    def meters(self) -> dict[str, Meter]:
        """The project's own buckets that were used, by limit group."""
        return self._meters

    def meter(self, group: str, now: int) -> Meter | None:
        """The project's own buckets of a limit group; None where the organization's are the only ones."""
        if not self.rate_limits:
            return None
        limits = self.rate_limits.get(group)
        if limits is None:
            return None
        meter = self._meters.get(group)
        if meter is None or meter.limits is not limits:
            meter = self._meters[group] = Meter(limits, now, meter)
        return meter


class Organization:
    """What several keys share.

    Attributes:
        id: `org-` and 24 characters.
        header: the same as a header value.
        name: given in a keys file, else the id.
        created_at: microseconds since the epoch.
        tier: usage tier, 0 (free) to 5.
        ledger: money.
        projects: by id, in the order they were made.
        increases: granted limit increases by limit group: they stand above the tier's figures.
        kept: stored responses and conversations.
        usage_limit: pico-dollars in a calendar month in the tier's place; None for the tier's own.
        spend_limit: pico-dollars in a calendar month that the organization set itself, None for none.
        recharge: how credits are bought by themselves, None for not at all.
        spent: pico-dollars in this calendar month.
        recharged: pico-dollars that were bought by themselves in this calendar month.
        enqueued: tokens of batches under way, by limit group.
        sessions: open realtime sessions.
        pinned: somebody set it by hand: its accounts are not aged out.
        usage: what was used, by minute.
        api_keys: its accounts by the id of their key, in the order they were made.
        month_ends: when the calendar month ends, microseconds since the epoch.
        looked_at: the last refresh, the same.
        next_change: when time alone changes something next, the same.
        absorbed: charges that a shared store had not yet taken from the grants when this copy was made.
        plan: included allowances of a plan, None where none was used yet.
    """

    __slots__ = (
        "_base_tier",
        "_credited_tier",
        "_limits",
        "_meters",
        "_table",
        "absorbed",
        "api_keys",
        "created_at",
        "enqueued",
        "header",
        "id",
        "increases",
        "kept",
        "ledger",
        "looked_at",
        "month_ends",
        "name",
        "next_change",
        "pinned",
        "plan",
        "projects",
        "recharge",
        "recharged",
        "sessions",
        "spend_limit",
        "spent",
        "tier",
        "usage",
        "usage_limit",
    )

    def __init__(self, id: str, name: str, tier: int, credits: int, table: TierTable, now: int) -> None:
        self.id = id
        self.header = id.encode()
        self.name = name
        self.created_at = now
        self.tier = tier
        self.ledger = Ledger()
        if credits > 0:
            self.ledger.grant(credits, "starting", now)
        self.projects: OrderedDict[str, Project] = OrderedDict()
        self.increases: dict[str, RateLimits] = {}
        self.kept = Kept()
        self.usage_limit: int | None = None
        self.spend_limit: int | None = None
        self.recharge: AutoRecharge | None = None
        self.spent = 0
        self.recharged = 0
        self.sessions = 0
        self.enqueued: dict[str, int] = {}
        self.plan: PlanState | None = None
        self.pinned = False
        self.usage = UsageLog()
        self.api_keys: OrderedDict[str, Account] = OrderedDict()
        self.month_ends = 0
        self.looked_at = 0
        self.absorbed = 0
        self._table = table
        self._base_tier = tier
        self._credited_tier = 0
        self._limits: dict[str, RateLimits] = {}
        self._meters: dict[str, Meter] = {}
        self.next_change = 0

    # Time and money

    def refresh(self, now: int) -> None:
        """Bring up to date what changes by time, by what was spent, and by what was bought."""
        ledger = self.ledger
        ledger.balance_at(now)
        if now >= self.month_ends:
            # Also when a clock was set back: the month that is, is the one that counts.
            _, self.month_ends = month_around(now)
            self.spent = 0
            self.recharged = 0
            for project in self.projects.values():
                project.spent = 0
        recharge = self.recharge
        if recharge is not None and ledger.balance < recharge.threshold:
            amount = recharge.target - ledger.balance
            if recharge.monthly_cap is not None:
                amount = min(amount, recharge.monthly_cap - self.recharged)
            if amount > 0:
                ledger.grant(amount, "purchased", now)
                self.recharged += amount
        self._promote(now)
        self.looked_at = now
        self.schedule()

    def schedule(self) -> None:
        """Work out when time alone will change something next, seen from the last refresh."""
        ledger = self.ledger
        changes = (
            self.month_ends,
            ledger.next_expiry,
            self._table.next_promotion(ledger.paid, ledger.first_paid_at, self.looked_at),
        )
        self.next_change = min(change for change in changes if change is not None)

    def due(self, now: int) -> bool:
        """Whether something is to be brought up to date."""
        return now >= self.next_change or (self.recharge is not None and self.ledger.balance < self.recharge.threshold)

    def refresh_if_due(self, now: int) -> None:
        """Refresh; where nothing is due, at the cost of a comparison or two."""
        if self.due(now):
            self.refresh(now)

    def forget_counters(self) -> None:
        """Begin with the counters of an organization that nobody has used."""
        self.spent = self.sessions = self.absorbed = 0

    def quota(self, project: Project, now: int) -> Quota | None:
        """Why money refuses a call at `now`, None when it does not.

        A call is admitted while the balance is above zero and the month's limits are not reached; what is in flight
        may take them beyond.
        """
        self.refresh_if_due(now)
        if self.ledger.balance <= 0:
            return Quota.CREDITS
        spent = self.spent
        if spent >= self.monthly_limit:
            return Quota.USAGE
        if self.spend_limit is not None and spent >= self.spend_limit:
            return Quota.SPEND
        if project.spend_limit is not None and project.spent >= project.spend_limit:
            return Quota.PROJECT_SPEND
        return None

    def settle(self, project: Project, amount: int, now: int, note: str) -> None:
        """Charge pico-dollars that a project used."""
        self.refresh_if_due(now)
        self.ledger.charge(amount, now, note)
        self.spent += amount
        project.spent += amount

    def give(self, amount: int, kind: GrantKind, now: int, expires_at: int | None = None) -> None:
        """Add credit; purchases promote the organization at once.

        Args:
            amount: pico-dollars, above 0.
            kind: where it comes from.
            now: microseconds since the epoch.
            expires_at: the same; purchases default to 12 months.

        Raises:
            ValueError: the amount is not above 0, or the expiry is not in the future.
        """
        self.ledger.grant(amount, kind, now, expires_at)
        self.refresh(now)

    def start_anew(self, credits: int, now: int) -> None:
        """Begin with so many pico-dollars of credit, as if nothing had been bought or spent before."""
        self.ledger = Ledger()
        if credits > 0:
            self.ledger.grant(credits, "starting", now)
        self.spent = self.recharged = 0
        for project in self.projects.values():
            project.spent = 0
        self.refresh(now)

    def buy(self, amount: int, now: int) -> None:
        """Buy credits of so many pico-dollars."""
        self.give(amount, "purchased", now)

    @property
    def monthly_limit(self) -> int:
        """Pico-dollars that may be used in a calendar month: the tier's figure, or the one set in its place."""
        return self._table.tiers[self.tier].monthly if self.usage_limit is None else self.usage_limit

    # Tier and limits

    def set_tier(self, tier: int, now: int) -> None:
        """Put the organization on a tier; from there it is promoted by what it buys from now on."""
        self.tier = self._base_tier = tier
        self._credited_tier = self._table.reached(self.ledger.paid, self.ledger.first_paid_at, now)
        self._limits.clear()

    def increase(self, group: str, limits: RateLimits | None) -> None:
        """Grant a limit increase for a limit group (None takes it back); figures that are None stay the tier's."""
        if limits is None:
            self.increases.pop(group, None)
        else:
            self.increases[group] = limits
        self._limits.pop(group, None)

    def limits_for(self, model: Model) -> RateLimits | None:
        """What the organization may ask of a model; None when its tier does not have the model."""
        tier = self.tier
        if tier == self._base_tier and not self.increases:
            return model.limits[tier]
        found = self._limits.get(model.limit_group)
        if found is None:
            rows = [row for row in model.limits[self._base_tier : tier + 1] if row is not None]
            granted = self.increases.get(model.limit_group)
            if granted is None and not rows:
                return None
            # A promotion never lowers a limit, even where the published table falls from one tier to the next.
            current = model.limits[tier]
            found = current if current is not None else granted
            for other in (*rows, granted):
                found = _higher(found, other)
            if found is None:
                return None
            self._limits[model.limit_group] = found
        return found

    def meter(self, model: Model, limits: RateLimits, now: int) -> Meter:
        """The buckets of the model's limit group, following the limits when they have changed."""
        meter = self._meters.get(model.limit_group)
        if meter is None or meter.limits is not limits:
            meter = self._meters[model.limit_group] = Meter(limits, now, meter)
        return meter

    def meters(self) -> dict[str, Meter]:
        """The buckets that were used, by limit group."""
        return self._meters

    def enqueue(self, model: Model, tokens: int) -> int | None:
        """Put the input tokens of a batch into the queue of a model's limit group.

        Returns:
            None when they fit; else the limit, which is 0 where the tier has no batch queue, and nothing is queued.
        """
        limits = self.limits_for(model)
        limit = 0 if limits is None or limits.batch is None else limits.batch
        queued = self.enqueued.get(model.limit_group, 0)
        if queued + tokens > limit:
            return limit
        self.enqueued[model.limit_group] = queued + tokens
        return None

    def dequeue(self, model: Model, tokens: int) -> None:
        """Free the tokens of a batch that has ended."""
        left = self.enqueued.get(model.limit_group, 0) - tokens
        if left > 0:
            self.enqueued[model.limit_group] = left
        else:
            self.enqueued.pop(model.limit_group, None)

    def _promote(self, now: int) -> None:
        reached = self._table.reached(self.ledger.paid, self.ledger.first_paid_at, now)
        if reached > self._credited_tier:
            self._credited_tier = reached
            if reached > self.tier:
                self.tier = reached
                self._limits.clear()

    # Projects

    def project(self, id: str) -> Project | None:
        """The project of an id."""
        return self.projects.get(id)

    def add_project(self, name: str, now: int, id: str | None = None) -> Project:
        """Make a project.

        Raises:
            TooManyProjectsError: there are 1,000 already.
        """
        if len(self.projects) >= PROJECTS_KEPT:
            raise TooManyProjectsError(self.id)
        if id is None:
            id = project_id(self.id, f"{len(self.projects)}/{name}")
        project = self.projects[id] = Project(id, name, now)
        return project


_ORGANIZATION_ID = re.compile(r"org-[A-Za-z0-9]{4,64}")
_PROJECT_ID = re.compile(r"proj_[A-Za-z0-9]{4,64}")


def found_organization(name: str | None, key: str, terms: AccountTerms, table: TierTable, now: int) -> Organization:
    """Make an organization.

    Args:
        name: by which several keys share it; an id (`org-...`) is taken as it is. None for a key's own.
        key: the first to use it.
        terms: what it starts with.
        table: what promotes it.
        now: microseconds since the epoch.
    """
    given = name is not None and _ORGANIZATION_ID.fullmatch(name) is not None
    id = name if name is not None and given else organization_id(name or key)
    organization = Organization(id, name or id, terms.tier, terms.credits, table, now)
    organization.usage_limit = terms.usage_limit
    organization.spend_limit = terms.spend_limit
    organization.recharge = terms.recharge
    organization.increases.update(terms.increases)
    return organization


def found_project(organization: Organization, name: str | None, key: str, now: int) -> Project:
    """The project of a name, made on first sight; an id (`proj_...`) is taken as it is, None is a key's own."""
    given = name is not None and _PROJECT_ID.fullmatch(name) is not None
    id = name if name is not None and given else project_id(organization.id, name or key)
    return organization.projects.get(id) or organization.add_project(name or "Default project", now, id)


def organization_id(name: str) -> str:
    """`org-` and 24 characters, the same in every process."""
    return "org-" + named("organization", name, 24)


def project_id(organization: str, name: str) -> str:
    """`proj_` and 24 characters, the same in every process; two organizations' projects of one name differ."""
    return "proj_" + named("project", f"{organization}/{name}", 24)


class TooManyProjectsError(ValueError):
    """An organization that cannot have another project.

    Attributes:
        organization: its id.
    """

    def __init__(self, organization: str) -> None:
        super().__init__(f"organization {organization} has {PROJECTS_KEPT} projects already, and may not have more")
        self.organization = organization


_DIMENSIONS: tuple[str, ...] = RateLimits.__struct_fields__


def _higher(limits: RateLimits | None, other: RateLimits | None) -> RateLimits | None:
    """The higher figure of each dimension; where `limits` has none, there is no such limit."""
    if limits is None or other is None:
        return limits
    figures: dict[str, Any] = {}
    for dimension in _DIMENSIONS:
        figure, more = getattr(limits, dimension), getattr(other, dimension)
        figures[dimension] = figure if figure is None or more is None else max(figure, more)
    return RateLimits(**figures)
