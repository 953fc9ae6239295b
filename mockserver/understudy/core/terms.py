"""What the account of a key starts with."""

from enum import Enum

import msgspec

from understudy.core.catalog import RateLimits


class KeyStatus(Enum):
    """Whether a key opens anything."""

    ACTIVE = "active"
    ADMIN = "admin"
    """Sees the organization side of the whole server."""
    INVALID = "invalid"
    """No such key."""
    REVOKED = "revoked"
    """There was such a key."""
    NO_ACCESS = "noaccess"
    """Its owner belongs to no organization."""


class AutoRecharge(msgspec.Struct, frozen=True):
    """Buying credits by itself.

    Attributes:
        threshold: pico-dollars of balance below which credits are bought.
        target: pico-dollars of balance that they are bought up to.
        monthly_cap: most pico-dollars in a calendar month, None for no cap.
    """

    threshold: int
    target: int
    monthly_cap: int | None = None


class AccountTerms(msgspec.Struct, frozen=True):
    """What an account starts with.

    Attributes:
        tier: 0 (free) to 5.
        credits: pico-dollars.
        organization: a name that several keys share, or None for an organization of the key's own.
        project: the same for projects.
        plan: the plan of a ChatGPT login (`free`, `go`, `plus`, `pro`, ...), None for the server's own.
        status: whether the key opens anything.
        usage_limit: pico-dollars in a calendar month in the tier's place, None for the tier's own.
        spend_limit: pico-dollars in a calendar month that the organization set itself, None for none.
        recharge: how credits are bought by themselves, None for not at all.
        increases: granted limit increases by limit group.
    """

    tier: int
    credits: int
    organization: str | None = None
    project: str | None = None
    plan: str | None = None
    status: KeyStatus = KeyStatus.ACTIVE
    usage_limit: int | None = None
    spend_limit: int | None = None
    recharge: AutoRecharge | None = None
    increases: tuple[tuple[str, RateLimits], ...] = ()


class Starting:
    """What accounts start with that are not known by name.

    Attributes:
        default: of keys that are seen first from now on.
    """

    __slots__ = ("_first", "default")

    def __init__(self, default: AccountTerms) -> None:
        self._first = self.default = default

    def reset(self) -> None:
        """Back to what held at first."""
        self.default = self._first
