"""What goes into the simulator and what comes out: requests and answers as values.

An adapter makes a `Request` from bytes and plays an `Answer` out; neither knows the other's form.
"""

from collections.abc import Callable, Iterator
from itertools import count
from operator import itemgetter
from typing import Any, Protocol

from understudy.core.wire import Wire

Headers = list[tuple[bytes, bytes]]
"""Lower-case names and values, in the order they are sent."""


class Connection:
    """What an open connection remembers between its requests, where it does: WebSocket mode of responses.

    Attributes:
        warms_up: whether the request under way prepares a response without making anything.
    """

    __slots__ = ("_last", "warms_up")

    def __init__(self) -> None:
        self._last: tuple[str, list[dict[str, Any]]] | None = None
        self.warms_up = False

    def remember(self, id: str, items: list[dict[str, Any]]) -> None:
        """Keep the whole conversation up to a response, in the place of the one before."""
        self._last = id, items

    def recall(self, id: str) -> list[dict[str, Any]] | None:
        """The conversation up to a response; None when it is not the last one."""
        return self._last[1] if self._last is not None and self._last[0] == id else None

    def forget(self) -> None:
        """Remember nothing."""
        self._last = None


class Request:
    """One HTTP request, whole.

    Attributes:
        method: upper case.
        path: percent-decoded, without the query.
        query: the raw query string.
        headers: lower-case names; of a repeated header the last one.
        body: all bytes, not decoded.
        scheme: http or https.
        connection: what is remembered beside the account's store, None for nothing.
    """

    __slots__ = ("body", "connection", "headers", "method", "path", "query", "scheme")

    def __init__(
        self, method: str, path: str, headers: dict[bytes, bytes], body: bytes = b"", query: bytes = b""
    ) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.query = query
        self.scheme = "http"
        self.connection: Connection | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port by which the caller reached the server."""
        return f"{self.scheme}://{self.header(b'host') or 'localhost'}"

    def header(self, name: bytes) -> str | None:
        """The value of a header as text, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class Stream(Protocol):
    """A body in parts, each with the moment it is due.

    Whoever plays it out calls `finish` exactly once: after the last part was handed over, or when
    the client has gone; what was not handed over is then not charged.
    """

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """(due, data): microseconds since the epoch, 0 for at once; made as it is asked for."""

    def finish(self, now: int, *, complete: bool) -> None:
        """Settle and write the journal."""


class Answer:
    """One HTTP answer.

    Attributes:
        status: HTTP status.
        headers: without the framing headers, which are the adapter's.
        body: the bytes, or a stream of parts.
        due: the moment the answer may leave, microseconds since the epoch; 0 for at once.
        sized: whether the length is announced (errors) or the body is sent in chunks (successes),
            as recorded traffic shows.
        unpaced: of a stream, that no part of it has a moment of its own.
        wire: what the door does otherwise than usual; None for nothing.
    """

    __slots__ = ("body", "due", "headers", "sized", "status", "unpaced", "wire")

    def __init__(
        self,
        status: int,
        headers: Headers,
        body: bytes | Stream,
        *,
        due: int = 0,
        sized: bool = False,
        unpaced: bool = False,
        wire: Wire | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.due = due
        self.sized = sized
        self.unpaced = unpaced
        self.wire = wire


class PlainStream:
    """A stream over parts made elsewhere.

    Args:
        source: yields (due, data).
        settle: called once with (now, complete).

    Attributes:
        on_end: told at the end how many parts were asked for.
    """

    __slots__ = ("_counter", "_settle", "_source", "on_end")

    def __init__(self, source: Iterator[tuple[int, bytes]], settle: Callable[[int, bool], None]) -> None:
        self._source = source
        self._settle: Callable[[int, bool], None] | None = settle
        self._counter = count()
        self.on_end: Callable[[int], None] | None = None

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """The parts in order."""
        # Counted without a line of Python for each.
        return map(itemgetter(0), zip(self._source, self._counter, strict=False))

    def finish(self, now: int, *, complete: bool) -> None:
        """Settle once; later calls do nothing."""
        settle, self._settle = self._settle, None
        if settle is not None:
            settle(now, complete)
            if self.on_end is not None:
                self.on_end(next(self._counter))
