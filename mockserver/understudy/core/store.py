"""What the simulator asks of a store of accounts, buckets and ledgers.

A store carries out core commands and never decides. One in memory answers at once; one over a network gives
back something to await instead, which the pipeline yields to whoever drives it.
"""

from collections.abc import Awaitable
from typing import Protocol

from understudy.core.accounts import Account, Admission
from understudy.core.catalog import Model, RateLimits


class Store(Protocol):
    """Accounts and what they have used.

    Attributes:
        answers_at_once: whether `admit` gives back the decision itself, never something to await.
    """

    answers_at_once: bool

    def account(self, key: str, now: int) -> Account:
        """The account of a key, made on first sight."""

    def accounts(self) -> list[Account]:
        """All accounts that are held."""

    def admit(
        self,
        account: Account,
        model: Model,
        limits: RateLimits,
        now: int,
        requests: int,
        tokens: int,
        images: int,
        fingerprint: bytes,
    ) -> Admission | Awaitable[Admission]:
        """Decide about one call, taking all its costs at once or none; see `core.accounts.admit`."""

    def settle(self, account: Account, amount: int, now: int, note: str) -> None:
        """Charge pico-dollars; never waited for."""

    def forget(self, key: str) -> None:
        """Forget one account; its key then starts anew."""

    def reset(self) -> None:
        """Forget every account."""
