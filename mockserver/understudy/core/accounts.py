"""Who is calling: organization, project, key; and whether a call is let in.

A key is its own project in its own organization, unless a keys file groups keys or the organization's own endpoints
made it. The usage tier, the ledger and the buckets are the organization's.
"""

from collections import OrderedDict

from understudy.core import errors
from understudy.core.catalog import Model, RateLimits
from understudy.core.clock import HOUR
from understudy.core.ids import named
from understudy.core.limits import Cost, Refusal, Trio, acquire
from understudy.core.organizations import Organization, Project, Quota
from understudy.core.terms import AccountTerms, KeyStatus
from understudy.core.usage_log import Spent

__all__ = ["Account", "AccountTerms", "Admission", "admit", "draw"]

IDLE_LIFETIME = HOUR
"""Accounts that nobody set and nobody used for this long may be aged out."""

ACCOUNTS_KEPT = 1_000
"""So many accounts are kept however idle, so that a test which jumps a day ahead finds its own ("our choice")."""

REPEATS_KEPT = 4_096
"""How many different requests an account remembers having sent, to answer a repeated one anew."""


class Account:
    """One key, its project and its organization.

    Attributes:
        id: `acct_` and 24 characters, the same in every process.
        key: the secret; never shown, see `masked_key`.
        key_id: `key_` and 24 characters: what the organization's endpoints call the key.
        name: of the key, given by who made it; None where nobody did.
        status: whether the key opens anything.
        plan: the plan that the key's words or the settings name, None for none.
        organization: what it shares with the organization's other keys.
        project: what it shares with the project's other keys.
        service_account: id of the project's service account that owns the key, None for a person's.
        sees_all: of an admin key, that it administers the whole server, not its own organization alone.
        created_at, last_used: microseconds since the epoch.
        expires_at: the same, from when on the key is refused; None for never.
        pinned: somebody set this account by hand: it is not aged out.
        salt: what sets its answers apart from those to other accounts.
    """

    __slots__ = (
        "_repeats",
        "created_at",
        "expires_at",
        "id",
        "key",
        "key_id",
        "last_used",
        "masked_key",
        "name",
        "organization",
        "pinned",
        "plan",
        "project",
        "salt",
        "sees_all",
        "service_account",
        "status",
    )

    def __init__(self, key: str, terms: AccountTerms, organization: Organization, project: Project, now: int) -> None:
        self.key = key
        self.masked_key = errors.mask_key(key)
        self.id = "acct_" + named("account", key, 24)
        self.key_id = "key_" + named("api key", key, 24)
        self.name: str | None = None
        self.status = terms.status
        self.plan = terms.plan
        self.organization = organization
        self.project = project
        self.service_account: str | None = None
        self.salt = self.id[-16:].encode()
        self.sees_all = terms.organization is None
        self.created_at = now
        self.last_used = now
        self.expires_at: int | None = None
        self.pinned = False
        self._repeats: OrderedDict[bytes, int] = OrderedDict()

    def limits_for(self, model: Model) -> RateLimits | None:
        """The limits of this tier, None when the tier does not have the model."""
        return self.organization.limits_for(model)

    def repeat(self, fingerprint: bytes) -> int:
        """How often this very request came before; counts it."""
        repeats = self._repeats
        seen = repeats.pop(fingerprint, 0)
        repeats[fingerprint] = seen + 1
        if len(repeats) > REPEATS_KEPT:
            repeats.popitem(last=False)
        return seen

    def repeats(self) -> list[tuple[bytes, int]]:
        """Fingerprints of the requests that came, the one longest ago first, and how often each did."""
        return list(self._repeats.items())

    def remember(self, repeats: list[tuple[bytes, int]]) -> None:
        """Put back what `repeats` told."""
        self._repeats = OrderedDict(repeats)

    def revoke(self) -> None:
        """From now on the key is refused."""
        self.status = KeyStatus.REVOKED


class Admission:
    """What the store decided about one call, with the figures that the headers show.

    Attributes:
        account: whose call it is.
        repeat: how often the account sent this very request before.
        unavailable: the tier does not have the model.
        revoked: the key was taken back meanwhile, elsewhere.
        quota: why money refuses, or None.
        refusal: why the limits refuse, or None.
        requests, tokens, images: the organization's state after the decision; None where there is no such limit.
        project_requests, project_tokens: the project's, where it has limits of its own.
    """

    __slots__ = (
        "account",
        "images",
        "project_requests",
        "project_tokens",
        "quota",
        "refusal",
        "repeat",
        "requests",
        "revoked",
        "tokens",
        "unavailable",
    )

    def __init__(
        self,
        account: Account,
        *,
        unavailable: bool = False,
        revoked: bool = False,
        quota: Quota | None = None,
        refusal: Refusal | None = None,
        requests: Trio | None = None,
        tokens: Trio | None = None,
        images: Trio | None = None,
        project_requests: Trio | None = None,
        project_tokens: Trio | None = None,
        repeat: int = 0,
    ) -> None:
        self.account = account
        self.unavailable = unavailable
        self.revoked = revoked
        self.quota = quota
        self.refusal = refusal
        self.requests = requests
        self.tokens = tokens
        self.images = images
        self.project_requests = project_requests
        self.project_tokens = project_tokens
        self.repeat = repeat


def admit(account: Account, model: Model, cost: Cost, now: int, fingerprint: bytes) -> Admission:
    """Let a call in, or not: first the money, then the buckets (all dimensions at once).

    Without credit nothing is taken from the buckets: a quota 429 carries no rate-limit headers. A long request draws
    on the buckets of the model's long context, where it has such.

    Args:
        account: whose call it is.
        model: the one it asks.
        cost: what it takes from the buckets.
        now: microseconds since the epoch.
        fingerprint: of the request, to tell a repeated one.
    """
    account.last_used = now
    organization, project = account.organization, account.project
    quota = organization.quota(project, now)
    if quota is not None:
        return Admission(account, quota=quota)
    if model.long is not None and cost.tokens > model.long_from:
        model = model.long
    limits = organization.limits_for(model)
    if limits is None:
        return Admission(account, unavailable=True)
    meter = organization.meter(model, limits, now)
    own = project.meter(model.limit_group, now)
    refusal = acquire(meter, own, cost, now)
    admission = Admission(
        account,
        refusal=refusal,
        requests=None if meter.requests is None else Trio(meter.requests, now),
        tokens=None if meter.tokens is None else Trio(meter.tokens, now),
        images=None if meter.images is None else Trio(meter.images, now),
        repeat=0 if refusal is not None else account.repeat(fingerprint),
    )
    if own is not None:
        admission.project_requests = None if own.requests is None else Trio(own.requests, now)
        admission.project_tokens = None if own.tokens is None else Trio(own.tokens, now)
    return admission


def draw(account: Account, model: Model, now: int, tokens: int) -> Trio | None:
    """Take tokens that turned out to be needed after a call was let in, as far as there are any.

    Fewer than none give back what was taken and not needed.

    Returns:
        The state of the token bucket, None where there is no such limit.
    """
    organization = account.organization
    limits = organization.limits_for(model)
    if limits is None:
        return None
    meter = organization.meter(model, limits, now)
    meter.draw(tokens, now)
    own = account.project.meter(model.limit_group, now)
    if own is not None:
        own.draw(tokens, now)
    return None if meter.tokens is None else Trio(meter.tokens, now)


def settle(account: Account, spent: Spent, now: int) -> None:
    """Charge what a call came to, and count it where the usage endpoints look; a plan's turn is charged to the plan."""
    organization, project = account.organization, account.project
    if spent.credits is not None:
        # Of a plan that was forgotten meanwhile (a reset) nothing is charged.
        if organization.plan is not None:
            organization.plan.charge(spent.credits, now, spent.model)
        return
    organization.settle(project, spent.amount, now, spent.model)
    organization.usage.add(project.id, account.key_id, spent, now)
