"""What the simulator asks of a store of accounts, buckets and ledgers.

A store carries out core commands and never decides. One in memory answers at once; one over a network gives
back something to await instead, which the pipeline yields to whoever drives it.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from understudy.core.accounts import Account, Admission
from understudy.core.catalog import Model
from understudy.core.kept import KeptPage
from understudy.core.limits import Cost, Trio
from understudy.core.pricing import DOLLAR
from understudy.core.usage_log import Spent

Changed = TypeVar("Changed")
Change = Callable[[Account], Changed]
"""A pure function of an account: it reads, or sets, or both; what it returns is the answer."""


SHARED_MOST = 4_000_000 * DOLLAR
"""Pico-dollars that a shared store counts to: 64 bits, with room for what is in flight."""


class StoreUnavailable(Exception):
    """A shared store does not answer."""


class Store(Protocol):
    """Accounts and what they have used.

    Attributes:
        answers_at_once: whether every method gives back its result itself, never something to await.
    """

    answers_at_once: bool

    def account(self, key: str, now: int) -> Account | Awaitable[Account | None] | None:
        """The account of a key, made on first sight; None when the key is not accepted.

        Raises:
            KeyWordsError: the words of the key contradict each other.
        """

    def add(self, account: Account) -> Account | Awaitable[Account]:
        """Take an account in whose key was made while the server ran."""

    def accounts(self) -> list[Account] | Awaitable[list[Account]]:
        """All accounts that are held."""

    def admit(
        self, account: Account, model: Model, cost: Cost, now: int, fingerprint: bytes
    ) -> Admission | Awaitable[Admission]:
        """Decide about one call, taking all its costs at once or none; see `core.accounts.admit`."""

    def draw(self, account: Account, model: Model, now: int, tokens: int) -> Trio | Awaitable[Trio | None] | None:
        """Take tokens that an admitted call turned out to need, or give some back; see `core.accounts.draw`."""

    def settle(self, account: Account, spent: Spent, now: int) -> None:
        """Charge what a call came to; never waited for."""

    def change(self, account: Account, change: Change[Changed]) -> Changed | Awaitable[Changed]:
        """Read or set anything of an account and its organization, all at once or not at all."""

    def keep(self, account: Account, kind: str, id: str, value: bytes) -> Awaitable[None] | None:
        """Keep a value in the account's project until there is too much; one of the same id changes, in its place.

        Args:
            account: whose it is.
            kind: `response`, `chat.completion`; letters, digits, dots and hyphens.
            id: under which it is found.
            value: bytes that only the operations of its kind understand.
        """

    def keep_soon(self, account: Account, kind: str, id: str, value: bytes) -> None:
        """The same, never waited for."""

    def kept(self, account: Account, kind: str, id: str) -> Awaitable[bytes | None] | bytes | None:
        """A value of the account's project, None when there is none."""

    def drop(self, account: Account, kind: str, id: str) -> Awaitable[bool] | bool:
        """Keep a value no longer; whether it was there."""

    def kept_page(
        self, account: Account, kind: str, after: str | None, limit: int, *, newest_first: bool
    ) -> Awaitable[KeptPage | None] | KeptPage | None:
        """Values of a kind in the order they came; None when `after` is not kept; see `core.kept.Kept.page`."""

    def forget(self, key: str) -> Awaitable[None] | None:
        """Forget one account; its key then starts anew."""

    def reset(self) -> Awaitable[None] | None:
        """Forget every account."""

    def tell_others(self, message: dict[str, float | bool]) -> Awaitable[None] | None:
        """Tell the other processes that share the store: `{"advance": seconds}` or `{"reset": True}`."""

    def accompany(self, hear: Callable[[dict[str, float | bool]], None]) -> Coroutine[Any, Any, None] | None:
        """What runs while a server serves: hands on what other processes tell, and closes connections at the end."""
