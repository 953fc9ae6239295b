"""The journal: what happened, append-only, bounded in entries and in bytes.

Tests ask it questions; the control API shows it. Keys are masked before they get here.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from understudy.core.pricing import Usage

BODY_KEPT = 64 * 1024
"""Bytes kept of one request body; the entry says how many there were ("our choice")."""
BYTES_KEPT = 64 * 1024 * 1024
"""Bytes kept of all bodies together; the oldest are dropped first ("our choice")."""


class JournalEntry(msgspec.Struct, gc=False):
    """One call, from its arrival to its last byte.

    Attributes:
        number: counts from 1 over the server's life; a reset starts anew.
        at: arrival, microseconds since the epoch on the active clock.
        key: masked.
        account: account id, empty when the key was refused.
        method, path: as requested.
        model: as requested, empty when there was none.
        status: of the answer; for a WebSocket 101.
        error: `error.code`, or its type where it has no code; None on success.
        request_id: as answered.
        body: the first bytes of the request, None when dropped to bound memory.
        body_size: its whole length.
        finished_at: when the last byte was handed over, None while under way.
        complete: False when the client went away first.
        usage: what was charged, None while nothing was.
        charge: pico-dollars.
        fault: name of the fault that was played, if any.
        rule: name of the rule that said what the model says, if any.
    """

    number: int
    at: int
    key: str
    account: str
    method: str
    path: str
    model: str = ""
    status: int = 0
    error: str | None = None
    request_id: str = ""
    body: bytes | None = None
    body_size: int = 0
    finished_at: int | None = None
    complete: bool = True
    usage: Usage | None = None
    charge: int = 0
    fault: str | None = None
    rule: str | None = None

    @property
    def json(self) -> Any:
        """The request body, decoded; ValueError when it is no JSON or was not kept whole."""
        if self.body is None or len(self.body) != self.body_size:
            raise ValueError(f"the journal kept only a part of the {self.body_size} bytes of this request")
        return msgspec.json.decode(self.body)


class Journal:
    """The newest entries, oldest first.

    Args:
        limit: entries kept.
    """

    def __init__(self, limit: int) -> None:
        self._entries: deque[JournalEntry] = deque()
        self._with_body: deque[JournalEntry] = deque()
        self._limit = limit
        self._next = 1
        self._bytes = 0

    def __len__(self) -> int:
        """How many entries are held."""
        return len(self._entries)

    def __iter__(self) -> Iterator[JournalEntry]:
        """The entries, oldest first."""
        return iter(list(self._entries))

    def __getitem__(self, index: int) -> JournalEntry:
        """The entry at a position; negative counts from the newest."""
        return self._entries[index]

    def open(self, at: int, key: str, account: str, method: str, path: str, body: bytes) -> JournalEntry:
        """Begin an entry; its other fields are filled as the call goes on."""
        size = len(body)
        kept = body if size <= BODY_KEPT else body[:BODY_KEPT]
        entry = JournalEntry(self._next, at, key, account, method, path, body=kept, body_size=size)
        self._next += 1
        self._entries.append(entry)
        self._with_body.append(entry)
        self._bytes += len(kept)
        if len(self._entries) > self._limit and self._entries.popleft() is self._with_body[0]:
            self._forget_oldest_body()
        while self._bytes > BYTES_KEPT:
            self._forget_oldest_body()
        return entry

    def select(
        self, *, key: str | None = None, path: str | None = None, model: str | None = None
    ) -> list[JournalEntry]:
        """Entries of a (masked) key or account id, a path, a model; each filter is optional."""
        return [
            entry
            for entry in self
            if (key is None or key in (entry.key, entry.account))
            and (path is None or path == entry.path)
            and (model is None or model == entry.model)
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._with_body.clear()
        self._bytes = 0
        self._next = 1

    def _forget_oldest_body(self) -> None:
        entry = self._with_body.popleft()
        self._bytes -= len(entry.body or b"")
        entry.body = None
