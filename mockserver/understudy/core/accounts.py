"""Who is calling: organization, project, key, usage tier; and everything they may still spend.

A key is its own project in its own organization, unless a keys file groups keys. The usage tier, the ledger
and the buckets are the organization's.
"""

from collections import OrderedDict
from hashlib import blake2b

import msgspec

from understudy.core import errors
from understudy.core.catalog import Model, RateLimits
from understudy.core.clock import HOUR
from understudy.core.ledger import Ledger
from understudy.core.limits import Meter, Refusal, Trio

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
IDLE_LIFETIME = HOUR
"""Accounts that nobody set and nobody used for this long may be aged out."""

ACCOUNTS_KEPT = 1_000
"""So many accounts are kept however idle, so that a test which jumps a day ahead finds its own ("our choice")."""

REPEATS_KEPT = 4_096
"""How many different requests an account remembers having sent, to answer a repeated one anew."""


class AccountTerms(msgspec.Struct, frozen=True):
    """What an account starts with.

    Attributes:
        tier: 0 (free) to 5.
        credits: pico-dollars.
        organization: a name that several keys share, or None for an organization of the key's own.
        project: the same for projects.
    """

    tier: int
    credits: int
    organization: str | None = None
    project: str | None = None


class Organization:
    """What is shared: the usage tier, the ledger and the buckets.

    Attributes:
        id: `org-` and 24 characters.
        header: the same as a header value.
        tier: usage tier, 0 (free) to 5.
        ledger: money.
    """

    __slots__ = ("_meters", "header", "id", "ledger", "tier")

    def __init__(self, name: str, terms: AccountTerms, now: int) -> None:
        self.id = "org-" + _name(b"organization", name, 24)
        self.header = self.id.encode()
        self.tier = terms.tier
        self.ledger = Ledger()
        if terms.credits > 0:
            self.ledger.grant(terms.credits, "starting", now)
        self._meters: dict[str, Meter] = {}

    def meter(self, model: Model, limits: RateLimits, now: int) -> Meter:
        """The buckets of the model's limit group, following the tier when it has changed."""
        meter = self._meters.get(model.limit_group)
        if meter is None or meter.limits is not limits:
            meter = self._meters[model.limit_group] = Meter(limits, now, meter)
        return meter


class Account:
    """One key, its project and its organization.

    Attributes:
        id: `acct_` and 24 characters, the same in every process.
        key: the secret; never shown, see `masked_key`.
        organization: what it shares with the organization's other keys.
        project: `proj_` and 24 characters.
        project_header: the same as a header value.
        last_used: microseconds since the epoch.
        pinned: somebody set this account by hand: it is not aged out.
        salt: what sets its answers apart from those to other accounts.
    """

    __slots__ = (
        "_repeats",
        "id",
        "key",
        "last_used",
        "masked_key",
        "organization",
        "pinned",
        "project",
        "project_header",
        "salt",
    )

    def __init__(self, key: str, terms: AccountTerms, organization: Organization, now: int) -> None:
        self.key = key
        self.masked_key = errors.mask_key(key)
        self.id = "acct_" + _name(b"account", key, 24)
        self.organization = organization
        self.project = "proj_" + _name(b"project", terms.project or key, 24)
        self.project_header = self.project.encode()
        self.salt = self.id[-16:].encode()
        self.last_used = now
        self.pinned = False
        self._repeats: OrderedDict[bytes, int] = OrderedDict()

    def limits_for(self, model: Model) -> RateLimits | None:
        """The limits of this tier, None when the tier does not have the model."""
        return model.limits[self.organization.tier]

    def repeat(self, fingerprint: bytes) -> int:
        """How often this very request came before; counts it."""
        repeats = self._repeats
        seen = repeats.pop(fingerprint, 0)
        repeats[fingerprint] = seen + 1
        if len(repeats) > REPEATS_KEPT:
            repeats.popitem(last=False)
        return seen


class Admission:
    """What the store decided about one call, with the figures that the headers show.

    Attributes:
        account: whose call it is.
        repeat: how often the account sent this very request before.
        refusal: why not, or None.
        broke: the balance is not above zero.
        requests, tokens, images: the state after the decision; None where there is no such limit.
    """

    __slots__ = ("account", "broke", "images", "refusal", "repeat", "requests", "tokens")

    def __init__(
        self,
        account: Account,
        *,
        refusal: Refusal | None = None,
        broke: bool = False,
        requests: Trio | None = None,
        tokens: Trio | None = None,
        images: Trio | None = None,
        repeat: int = 0,
    ) -> None:
        self.account = account
        self.refusal = refusal
        self.broke = broke
        self.requests = requests
        self.tokens = tokens
        self.images = images
        self.repeat = repeat


def admit(
    account: Account,
    model: Model,
    limits: RateLimits,
    now: int,
    *,
    requests: int = 1,
    tokens: int = 0,
    images: int = 0,
    fingerprint: bytes,
) -> Admission:
    """Let a call in, or not: first the balance, then the buckets (all dimensions at once).

    Without credit nothing is taken from the buckets: a quota 429 carries no rate-limit headers.
    """
    account.last_used = now
    organization = account.organization
    if organization.ledger.balance_at(now) <= 0:
        return Admission(account, broke=True)
    meter = organization.meter(model, limits, now)
    refusal = meter.acquire(now, requests, tokens, images)
    return Admission(
        account,
        refusal=refusal,
        requests=None if meter.requests is None else Trio(meter.requests, now),
        tokens=None if meter.tokens is None else Trio(meter.tokens, now),
        images=None if meter.images is None else Trio(meter.images, now),
        repeat=0 if refusal is not None else account.repeat(fingerprint),
    )


def draw(account: Account, model: Model, limits: RateLimits, now: int, tokens: int) -> Trio | None:
    """Take tokens that turned out to be needed after a call was let in, as far as there are any.

    Returns:
        The state of the token bucket, None where there is no such limit.
    """
    bucket = account.organization.meter(model, limits, now).tokens
    if bucket is None:
        return None
    bucket.take(min(tokens, bucket.remaining(now)))
    return Trio(bucket, now)


def _name(kind: bytes, source: str, length: int) -> str:
    """A stable name of base-62 characters that does not give the key away."""
    number = int.from_bytes(blake2b(source.encode(), person=kind, digest_size=24).digest(), "big")
    letters = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        letters.append(ALPHABET[digit])
    return "".join(letters)
