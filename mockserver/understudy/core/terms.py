"""What the account of a key starts with."""

from enum import Enum

import msgspec


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


class AccountTerms(msgspec.Struct, frozen=True):
    """What an account starts with.

    Attributes:
        tier: 0 (free) to 5.
        credits: pico-dollars.
        organization: a name that several keys share, or None for an organization of the key's own.
        project: the same for projects.
        plan: the plan of a ChatGPT login (`free`, `go`, `plus`, `pro`, ...), None for the server's own.
        status: whether the key opens anything.
    """

    tier: int
    credits: int
    organization: str | None = None
    project: str | None = None
    plan: str | None = None
    status: KeyStatus = KeyStatus.ACTIVE
