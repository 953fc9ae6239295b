"""The ledger of one account: grants of credit, charges, refunds and expiries, append-only.

Money is an integer of pico-dollars. The balance is the sum of all entries, always; it is also what is
left of the grants less what was overdrawn. A call is admitted while the balance is above zero, and what is
in flight may take it below: the next grant pays that first.

Grants are spent soonest-expiring first. So that the cost of a charge and the memory stay flat, old entries are
folded into a checkpoint: a count and a sum.
"""

from collections import deque
from typing import Literal

import msgspec

from understudy.core.clock import DAY

EntryKind = Literal["grant", "charge", "refund", "expiry"]
GrantKind = Literal["starting", "purchased", "promotional", "gift"]

PURCHASE_LIFETIME = 365 * DAY
"""Bought credits are valid for 12 months (OpenAI help centre, 2026)."""

ENTRIES_KEPT = 1_000
"""Entries in full; older ones are folded into the checkpoint ("our choice")."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of the ledger.

    Attributes:
        at: microseconds since the epoch.
        kind: what happened.
        amount: pico-dollars; charges and expiries are negative.
        note: the grant's kind, or the model that was called.
    """

    at: int
    kind: EntryKind
    amount: int
    note: str


class Grant(msgspec.Struct):
    """Credit that was given.

    Attributes:
        kind: `starting` credits of a key are no purchase: they neither promote the account nor expire.
        amount: pico-dollars given.
        remaining: pico-dollars left.
        granted_at: microseconds since the epoch.
        expires_at: the same, or None for never.
    """

    kind: GrantKind
    amount: int
    remaining: int
    granted_at: int
    expires_at: int | None = None


class Checkpoint(msgspec.Struct):
    """What the entries folded away came to."""

    entries: int = 0
    amount: int = 0


class Ledger:
    """Grants and entries of one account."""

    __slots__ = ("_grants", "_overdrawn", "balance", "checkpoint", "entries", "first_paid_at", "next_expiry", "paid")

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.checkpoint = Checkpoint()
        self.balance = 0
        self.paid = 0
        """Cumulative purchases in pico-dollars: what promotes the account."""
        self.first_paid_at: int | None = None
        """When the first purchase was made, microseconds since the epoch; None while there was none."""
        self._grants: list[Grant] = []
        self._overdrawn = 0
        self.next_expiry: int | None = None
        """When the next grant expires, microseconds since the epoch; None for never."""

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Grants with something left, in the order they are spent."""
        return tuple(self._grants)

    def balance_at(self, now: int) -> int:
        """The balance after everything that has expired by `now`."""
        if self.next_expiry is not None and now >= self.next_expiry:
            self._expire(now)
        return self.balance

    def grant(self, amount: int, kind: GrantKind, now: int, expires_at: int | None = None) -> Grant:
        """Add credit.

        Args:
            amount: pico-dollars, above 0.
            kind: where it comes from.
            now: microseconds since the epoch.
            expires_at: the same; purchases default to 12 months.

        Raises:
            ValueError: the amount is not above 0, or the grant would have expired already.
        """
        if amount <= 0:
            raise ValueError(f"a grant must be above 0 pico-dollars, not {amount}")
        if expires_at is not None and expires_at <= now:
            raise ValueError("a grant must expire in the future")
        if kind == "purchased":
            self.paid += amount
            if self.first_paid_at is None:
                self.first_paid_at = now
            if expires_at is None:
                expires_at = now + PURCHASE_LIFETIME
        repaid = min(amount, self._overdrawn)
        self._overdrawn -= repaid
        grant = Grant(kind, amount, amount - repaid, now, expires_at)
        self._grants.append(grant)
        # Stable: among equals, the older grant is spent first.
        self._grants.sort(key=lambda each: float("inf") if each.expires_at is None else each.expires_at)
        self._drop_spent_grants()
        self._append(Entry(now, "grant", amount, kind))
        return grant

    def charge(self, amount: int, now: int, note: str) -> None:
        """Take `amount` pico-dollars; what the grants do not cover is overdrawn."""
        if amount <= 0:
            return
        self._spend(amount)
        self._append(Entry(now, "charge", -amount, note))

    def _spend(self, amount: int) -> None:
        owed = amount
        for grant in self._grants:
            part = grant.remaining if grant.remaining < owed else owed
            grant.remaining -= part
            owed -= part
            if owed == 0:
                break
        self._overdrawn += owed
        if self._grants and self._grants[0].remaining == 0:
            self._drop_spent_grants()

    def absorb(self, amount: int) -> None:
        """Take `amount` from the grants that was charged elsewhere: the balance and the entries have it already."""
        if amount > 0:
            self._spend(amount)

    def refund(self, amount: int, now: int, note: str) -> None:
        """Undo a charge of `amount` pico-dollars; it comes back as credit that does not expire ("our choice")."""
        if amount <= 0:
            return
        repaid = min(amount, self._overdrawn)
        self._overdrawn -= repaid
        if amount > repaid:
            self._grants.append(Grant("gift", amount, amount - repaid, now))
        self._append(Entry(now, "refund", amount, note))

    def _expire(self, now: int) -> None:
        for grant in self._grants:
            if grant.expires_at is not None and grant.expires_at <= now and grant.remaining:
                lost, grant.remaining = grant.remaining, 0
                self._append(Entry(grant.expires_at, "expiry", -lost, grant.kind))
        self._drop_spent_grants()

    def _drop_spent_grants(self) -> None:
        self._grants = [grant for grant in self._grants if grant.remaining]
        expiries = [grant.expires_at for grant in self._grants if grant.expires_at is not None]
        self.next_expiry = min(expiries, default=None)

    def _append(self, entry: Entry) -> None:
        self.balance += entry.amount
        self.entries.append(entry)
        if len(self.entries) > ENTRIES_KEPT:
            oldest = self.entries.popleft()
            self.checkpoint.entries += 1
            self.checkpoint.amount += oldest.amount
