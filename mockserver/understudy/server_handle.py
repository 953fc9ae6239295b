"""What tests use of a server, wherever it runs: in a thread of this process, or elsewhere behind its control API."""

from collections.abc import Iterator
from typing import Protocol

from understudy.account_handle import AccountHandle
from understudy.calls_handle import IncomingCalls
from understudy.core.faults import Faults
from understudy.core.journal import JournalEntry
from understudy.core.rules import Rules


class ClockHandle(Protocol):
    """The clock of a server."""

    def now(self) -> int:
        """Microseconds since the epoch."""

    def advance(self, seconds: float) -> None:
        """Move forward; ValueError when `seconds` is negative."""


class JournalHandle(Protocol):
    """What happened, oldest first."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[JournalEntry]: ...
    def __getitem__(self, index: int) -> JournalEntry: ...

    def select(
        self, *, key: str | None = None, path: str | None = None, model: str | None = None
    ) -> list[JournalEntry]:
        """Entries of a (masked) key or account id, a path, a model; each filter is optional."""


class AccountsHandle(Protocol):
    """The accounts of a server, by key."""

    def __getitem__(self, key: str) -> AccountHandle: ...
    def __iter__(self) -> Iterator[AccountHandle]: ...


class ServerHandle(Protocol):
    """What tests use of a server: a `MockServer` of this process, or one elsewhere."""

    @property
    def base_url(self) -> str:
        """What a client is pointed at, with `/v1`."""

    @property
    def websocket_base_url(self) -> str:
        """The same for WebSockets, for clients that do not derive it."""

    @property
    def control_url(self) -> str:
        """The control API."""

    @property
    def ca_file(self) -> str | None:
        """Under TLS: the file with the certificate of the authority that clients must trust."""

    @property
    def clock(self) -> ClockHandle:
        """What time it is, and `advance`."""

    @property
    def account(self) -> AccountHandle:
        """The account that is meant when no key is named; `account.key` is its key, `account(key)` is another's."""

    @property
    def accounts(self) -> "AccountsHandle":
        """The accounts by key."""

    @property
    def journal(self) -> JournalHandle:
        """What happened."""

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""

    @property
    def rules(self) -> Rules:
        """What the model says, and when."""

    @property
    def calls(self) -> IncomingCalls:
        """Realtime calls by telephone: `ring` lets one come in."""

    def reset(self) -> None:
        """Forget accounts, faults, rules and the journal, and take back every move of the clock."""
