"""The journal: what happened, append-only, bounded in entries and in bytes.

Tests ask it questions; the control API shows it; `journal_export` writes it out. Keys are masked before they get here.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from understudy.core.clock import SECOND
from understudy.core.dates import parse_http_date
from understudy.core.errors import mask_key
from understudy.core.journal_export import har, json_lines
from understudy.core.messages import Answer, Headers, PlainStream
from understudy.core.pricing import Usage

BODY_KEPT = 64 * 1024
"""Bytes kept of one body; the entry says how many there were ("our choice")."""
HEADERS_KEPT = 8 * 1024
"""Bytes of one request's headers; longer ones are not kept ("our choice")."""
BYTES_KEPT = 64 * 1024 * 1024
"""Bytes kept of all bodies and headers together; the oldest are dropped first ("our choice")."""
_SECRET = frozenset((b"authorization", b"api-key", b"cookie", b"proxy-authorization", b"sec-websocket-protocol"))
"""Headers that hold keys: they are not kept."""
_ANSWER_HEADERS = 1024
"""What the headers of an answer count as."""


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
        received: the request's headers, keys and all; see `headers`.
        body: the first bytes of the request, None when dropped to bound memory.
        body_size: its whole length.
        answer_headers: as sent, None when dropped to bound memory.
        answer: the first bytes of a whole answer; None of a stream, or when dropped to bound memory.
        answer_size: length of a whole answer.
        due: moment at which the answer could leave, 0 for at once: the model's simulated work.
        streamed: whether the answer is a stream.
        chunks: parts of the stream that were taken to be sent; events of a realtime session.
        weight: bytes that it counts as.
        query: of the path, raw.
        finished_at: when the last byte was handed over, None while under way.
        complete: False when the client went away first.
        usage: what was charged, None while nothing was.
        charge: pico-dollars.
        fault: name of the fault that was played, if any.
        rule: name of the rule that said what the model says, if any.
        turns: responses of a realtime session that have ended.
        interrupted: of them, those that the caller interrupted.
        truncated: answers of which the client told how much was heard.
        closed: code with which the server closed a WebSocket, 0 while it did not.
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
    received: dict[bytes, bytes] | None = None
    answer_headers: Headers | None = None
    answer: bytes | None = None
    answer_size: int = 0
    due: int = 0
    streamed: bool = False
    chunks: int = 0
    weight: int = 0
    query: bytes = b""
    turns: int = 0
    interrupted: int = 0
    truncated: int = 0
    closed: int = 0

    def __repr__(self) -> str:
        """In short, and without secrets."""
        told = f"{self.status} {self.error or ''}".rstrip()
        return f"<call {self.number}: {self.method} {self.path} {self.model} by {self.key}: {told}>"

    @property
    def headers(self) -> dict[bytes, bytes] | None:
        """Of the request, without those that hold keys; None when dropped to bound memory."""
        if self.received is None:
            return None
        return {name: value for name, value in self.received.items() if name not in _SECRET}

    @property
    def waited(self) -> float:
        """Seconds that the answer was held back: the model's simulated work."""
        return max(self.due - self.at, 0) / SECOND

    @property
    def retry_after(self) -> float | None:
        """Seconds that the answer told the client to wait; None when it did not."""
        told = {name: value for name, value in self.answer_headers or () if name.startswith(b"retry-after")}
        for name, unit in ((b"retry-after-ms", 1_000), (b"retry-after", 1)):
            text = told.get(name, b"").decode("latin-1")
            try:
                return float(text) / unit
            except ValueError:
                moment = parse_http_date(text)
                if moment is not None:
                    return max(moment - self.at, 0) / SECOND
        return None

    @property
    def json(self) -> Any:
        """The request body, decoded; ValueError when it is no JSON or was not kept whole."""
        if self.body is None or len(self.body) != self.body_size:
            raise ValueError(f"the journal kept only a part of the {self.body_size} bytes of this request")
        return msgspec.json.decode(self.body)


class SocketEntry(msgspec.Struct, gc=False):
    """One connection.

    Attributes:
        number: counts from 1.
        opened_at, closed_at: microseconds since the epoch on the active clock; None while it is open.
        requests: how many came over it.
    """

    number: int
    opened_at: int
    closed_at: int | None = None
    requests: int = 0


class Journal:
    """The newest entries, oldest first.

    Args:
        limit: entries kept, and connections.

    Attributes:
        sockets: the connections, oldest first.
    """

    def __init__(self, limit: int) -> None:
        self._entries: deque[JournalEntry] = deque()
        self._with_body: deque[JournalEntry] = deque()
        self._limit = limit
        self._next = 1
        self._bytes = 0
        self.sockets: deque[SocketEntry] = deque(maxlen=limit)
        self._next_socket = 1

    def __len__(self) -> int:
        """How many entries are held."""
        return len(self._entries)

    def __iter__(self) -> Iterator[JournalEntry]:
        """The entries, oldest first."""
        return iter(list(self._entries))

    def __getitem__(self, index: int) -> JournalEntry:
        """The entry at a position; negative counts from the newest."""
        return self._entries[index]

    def open(
        self,
        at: int,
        key: str,
        account: str,
        method: str,
        path: str,
        body: bytes,
        headers: dict[bytes, bytes] | None = None,
    ) -> JournalEntry:
        """Begin an entry; its other fields are filled as the call goes on."""
        size = len(body)
        kept = body if size <= BODY_KEPT else body[:BODY_KEPT]
        weight = len(kept)
        if headers is not None:
            told = sum(map(len, headers)) + sum(map(len, headers.values()))
            if told <= HEADERS_KEPT:
                weight += told
            else:
                headers = None
        entry = JournalEntry(
            self._next, at, key, account, method, path, body=kept, body_size=size, received=headers, weight=weight
        )
        self._next += 1
        entries = self._entries
        entries.append(entry)
        self._with_body.append(entry)
        self._bytes += weight
        if len(entries) > self._limit and entries.popleft() is self._with_body[0]:
            self._forget_oldest_body()
        if self._bytes > BYTES_KEPT:
            self._shrink()
        return entry

    def answered(self, entry: JournalEntry, answer: Answer) -> None:
        """Note what is sent; a stream tells at its end how much of it was."""
        body = answer.body
        due = entry.due = answer.due
        if isinstance(body, bytes):
            entry.answer_size = len(body)
            if due and entry.finished_at is not None:
                entry.finished_at = max(due, entry.finished_at)
        else:
            entry.streamed = True
            if isinstance(body, PlainStream):
                body.on_end = lambda sent: setattr(entry, "chunks", sent)
        if entry.body is None:
            return
        entry.answer_headers = answer.headers
        weight = _ANSWER_HEADERS
        if isinstance(body, bytes):
            entry.answer = body if len(body) <= BODY_KEPT else body[:BODY_KEPT]
            weight += len(entry.answer)
        entry.weight += weight
        self._bytes += weight
        if self._bytes > BYTES_KEPT:
            self._shrink()

    def open_socket(self, at: int) -> SocketEntry:
        """Note that a client has connected."""
        entry = SocketEntry(self._next_socket, at)
        self._next_socket += 1
        self.sockets.append(entry)
        return entry

    def select(
        self, *, key: str | None = None, path: str | None = None, model: str | None = None
    ) -> list[JournalEntry]:
        """Entries of a key (masked or not) or account id, a path, a model; each filter is optional."""
        keys = () if key is None else (key, mask_key(key))
        return [
            entry
            for entry in self
            if (key is None or entry.key in keys or entry.account == key)
            and (path is None or path == entry.path)
            and (model is None or model == entry.model)
        ]

    def to_json_lines(self) -> str:
        """All entries, one JSON object a line; keys are masked."""
        return json_lines(self)

    def to_har(self) -> dict[str, Any]:
        """All entries as HTTP Archive 1.2; keys are masked, streams are there without their text."""
        return har(self)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._with_body.clear()
        self._bytes = 0
        self._next = 1
        self.sockets.clear()
        self._next_socket = 1

    def _shrink(self) -> None:
        while self._bytes > BYTES_KEPT:
            self._forget_oldest_body()

    def _forget_oldest_body(self) -> None:
        entry = self._with_body.popleft()
        self._bytes -= entry.weight
        entry.weight = 0
        entry.body = entry.received = entry.answer_headers = entry.answer = None
