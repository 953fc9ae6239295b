"""What can be seen of an account: values that stay as they are when the account goes on."""

from dataclasses import dataclass

from understudy.core.accounts import Account
from understudy.core.catalog import TIERS, Model, RateLimits
from understudy.core.dates import iso_time
from understudy.core.limits import Meter, Trio
from understudy.core.pricing import format_usd


@dataclass(frozen=True, slots=True)
class GrantView:
    """Credit that has something left.

    Attributes:
        kind: starting, purchased, promotional or gift.
        amount, remaining: US dollars, decimal.
        granted_at, expires_at: ISO 8601 in UTC; None for never.
    """

    kind: str
    amount: str
    remaining: str
    granted_at: str
    expires_at: str | None


@dataclass(frozen=True, slots=True)
class EntryView:
    """One line of the ledger.

    Attributes:
        at: ISO 8601 in UTC.
        kind: grant, charge, refund or expiry.
        amount: US dollars, decimal; charges and expiries are negative.
        note: the grant's kind, or the model that was called.
    """

    at: str
    kind: str
    amount: str
    note: str


@dataclass(frozen=True, slots=True)
class LedgerView:
    """The ledger: `balance` is the sum of `folded_amount` and all entries.

    Attributes:
        balance: US dollars, decimal.
        folded_entries: how many old entries are kept as a sum only.
        folded_amount: that sum.
        entries: oldest first.
    """

    balance: str
    folded_entries: int
    folded_amount: str
    entries: list[EntryView]


@dataclass(frozen=True, slots=True)
class RechargeView:
    """How credits are bought by themselves; US dollars, decimal; `monthly_cap` None for no cap."""

    threshold: str
    target: str
    monthly_cap: str | None


@dataclass(frozen=True, slots=True)
class ProjectView:
    """The account's project.

    Attributes:
        id: `proj_...`.
        name: as given.
        spent: US dollars in this calendar month.
        spend_limit: the same, None for none.
    """

    id: str
    name: str
    spent: str
    spend_limit: str | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account and its organization.

    Attributes:
        id: `acct_...`; control paths take it in the key's place.
        key: masked.
        key_id: what the organization's endpoints call the key.
        status: active, admin, invalid, revoked or noaccess.
        organization: `org-...`.
        project: the key's.
        tier: free, tier1 ... tier5.
        plan: of a ChatGPT login, None for none.
        balance: US dollars, decimal.
        paid: credits bought so far.
        spent: used in this calendar month.
        usage_limit: most in a calendar month: the tier's, or the one set in its place.
        spend_limit: the organization's own, None for none.
        month_ends: ISO 8601 in UTC.
        auto_recharge: None for none.
        grants: with something left, in the order they are spent.
        increases: granted limit increases, by limit group.
        sessions: open realtime sessions.
    """

    id: str
    key: str
    key_id: str
    status: str
    organization: str
    project: ProjectView
    tier: str
    plan: str | None
    balance: str
    paid: str
    spent: str
    usage_limit: str
    spend_limit: str | None
    month_ends: str
    auto_recharge: RechargeView | None
    grants: list[GrantView]
    increases: dict[str, dict[str, int]]
    sessions: int


@dataclass(frozen=True, slots=True)
class BucketView:
    """One dimension of a limit: capacity, what is left, and seconds until it is full."""

    limit: int
    remaining: int
    reset: float


@dataclass(frozen=True, slots=True)
class LimitsView:
    """What an account may ask of a model now.

    Attributes:
        model: as asked.
        group: models of one group share buckets.
        limits: the figures in force, None for a model that the tier does not have.
        buckets: by dimension (rpm, rpd, tpm, tpd, ipm, apm).
        project_limits: the project's own, None where it has none.
    """

    model: str
    group: str
    limits: dict[str, int] | None
    buckets: dict[str, BucketView]
    project_limits: dict[str, int] | None


def view_account(account: Account, now: int) -> AccountView:
    """The account at `now`."""
    organization = account.organization
    organization.refresh(now)
    recharge = organization.recharge
    return AccountView(
        id=account.id,
        key=account.masked_key,
        key_id=account.key_id,
        status=account.status.value,
        organization=organization.id,
        project=ProjectView(
            id=account.project.id,
            name=account.project.name,
            spent=format_usd(account.project.spent),
            spend_limit=_usd(account.project.spend_limit),
        ),
        tier=TIERS[organization.tier],
        plan=account.plan,
        balance=format_usd(organization.ledger.balance),
        paid=format_usd(organization.ledger.paid),
        spent=format_usd(organization.spent),
        usage_limit=format_usd(organization.monthly_limit),
        spend_limit=_usd(organization.spend_limit),
        month_ends=iso_time(organization.month_ends),
        auto_recharge=None
        if recharge is None
        else RechargeView(
            threshold=format_usd(recharge.threshold),
            target=format_usd(recharge.target),
            monthly_cap=_usd(recharge.monthly_cap),
        ),
        grants=[
            GrantView(
                kind=grant.kind,
                amount=format_usd(grant.amount),
                remaining=format_usd(grant.remaining),
                granted_at=iso_time(grant.granted_at),
                expires_at=None if grant.expires_at is None else iso_time(grant.expires_at),
            )
            for grant in organization.ledger.grants
        ],
        increases={group: _figures(limits) for group, limits in organization.increases.items()},
        sessions=organization.sessions,
    )


def view_ledger(account: Account, now: int, newest: int) -> LedgerView:
    """The ledger at `now`, with its newest entries."""
    account.organization.refresh(now)
    ledger = account.organization.ledger
    entries = list(ledger.entries)
    folded, shown = entries[:-newest], entries[-newest:]
    return LedgerView(
        balance=format_usd(ledger.balance),
        folded_entries=ledger.checkpoint.entries + len(folded),
        folded_amount=format_usd(ledger.checkpoint.amount + sum(entry.amount for entry in folded)),
        entries=[
            EntryView(at=iso_time(entry.at), kind=entry.kind, amount=format_usd(entry.amount), note=entry.note)
            for entry in shown
        ],
    )


def view_limits(account: Account, model: Model, now: int) -> LimitsView:
    """What the account may ask of a model at `now`."""
    organization = account.organization
    organization.refresh(now)
    limits = organization.limits_for(model)
    meter = None if limits is None else organization.meter(model, limits, now)
    own = account.project.rate_limits.get(model.limit_group)
    return LimitsView(
        model=model.id,
        group=model.limit_group,
        limits=None if limits is None else _figures(limits),
        buckets={} if meter is None else _buckets(meter, now),
        project_limits=None if own is None else _figures(own),
    )


def _buckets(meter: Meter, now: int) -> dict[str, BucketView]:
    shown = {}
    for bucket in meter.buckets:
        trio = Trio(bucket, now)
        shown[bucket.dimension] = BucketView(limit=trio.limit, remaining=trio.remaining, reset=trio.reset / 1_000_000)
    return shown


def _figures(limits: RateLimits) -> dict[str, int]:
    """The dimensions that are limited."""
    return {name: figure for name in RateLimits.__struct_fields__ if (figure := getattr(limits, name)) is not None}


def _usd(pico: int | None) -> str | None:
    return None if pico is None else format_usd(pico)
