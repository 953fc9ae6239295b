"""The short way over a real socket: hot paths are answered from the parser's callbacks.

uvicorn makes a task and a cycle object for each request, which is three quarters of what an ASGI answer
costs. This subclass of its protocol answers a small POST to a hot path in the callback that ends the request: parsed
request to bytes, written at once; a stream follows in further turns of the loop, or each part at its moment, by timer.
Everything else, and every whole answer that must wait, goes the ordinary way through ASGI, and gives the same bytes.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import cache, partial
from http import HTTPStatus
from itertools import islice
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from understudy.adapters.http.application import WIRE_EXTENSION, HttpApplication
from understudy.adapters.http.asgi import Receive, Scope, Send
from understudy.adapters.http.playing import play
from understudy.adapters.waiting import Reminder
from understudy.adapters.wire.raw import RawWriter
from understudy.core.clock import Clock
from understudy.core.journal import SocketEntry
from understudy.core.messages import Answer, Request, Stream

_log = logging.getLogger("understudy")

DIRECT_BODY_LIMIT = 256 * 1024
"""Longer bodies are read the ordinary way, with its back-pressure."""

_SIZED = b"%b%bcontent-length: %d\r\n\r\n%b"
_CHUNKED = b"%b%btransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
_STREAMED = b"%b%btransfer-encoding: chunked\r\n\r\n"
_CHUNK = b"%x\r\n%b\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_PHRASES = {status.value: status.phrase for status in HTTPStatus}

JOINED_PARTS = 64
"""Parts of a stream that are written in one turn of the loop, as one chunk."""


@cache
def _status_line(status: int) -> bytes:
    """A status that no standard names has no phrase."""
    return f"HTTP/1.1 {status} {_PHRASES.get(status, '')}".rstrip().encode() + b"\r\n"


def _head(answer: Answer) -> bytes:
    return b"\r\n".join(map(b": ".join, answer.headers)) + b"\r\n"


class _Streaming:
    """A stream that is being written.

    Attributes:
        body: of the answer.
        unpaced: no part of it has a moment of its own.
        due: the moment of what comes next, 0 for at once.
        reminder: of that moment, where it is waited for.
        ended: is resolved at the end, for a request that waits behind; None while none does.
    """

    __slots__ = ("_held", "_parts", "body", "due", "ended", "reminder", "unpaced")

    def __init__(self, answer: Answer, body: Stream) -> None:
        self.body = body
        self.unpaced = answer.unpaced
        self.due = answer.due
        self.reminder: Reminder | None = None
        self.ended: asyncio.Future[None] | None = None
        self._parts = body.parts()
        self._held: bytes | None = None

    def take(self, count: int, now: int) -> list[bytes]:
        """At most so many of the next parts, those that are due.

        Fewer come at the end, where `due` is 0, and before a part that must wait, where `due` is its moment.
        """
        if self.unpaced:
            return [part for _, part in islice(self._parts, count)]
        held, self._held, self.due = self._held, None, 0
        taken = [] if held is None else [held]
        for due, part in islice(self._parts, count - len(taken)):
            if due > now:
                self._held, self.due = part, due
                break
            taken.append(part)
        return taken


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a short way for hot paths."""

    _body: list[bytes] | None
    _stream: _Streaming | None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        application = self.app
        self._application = application if isinstance(application, HttpApplication) else None
        self._hot = frozenset(application.direct_paths) if isinstance(application, HttpApplication) else frozenset()
        self._body = None
        self._stream = None
        self._last = False
        self._socket: SocketEntry | None = None

    def on_message_begin(self) -> None:
        """Lend the socket to answers that need more than ASGI can say."""
        super().on_message_begin()
        if self._socket is not None:
            self._socket.requests += 1
        self.scope["extensions"] = {WIRE_EXTENSION: {"play": self._play_raw}}

    def on_headers_complete(self) -> None:
        """Take the short way when nothing speaks against it."""
        stream = self._stream
        if stream is not None:
            # The next request came before the end of this answer: answers keep their order.
            if not stream.unpaced:
                self._queue_behind(stream)
                return
            self._write_all()
        if self.url in self._hot and self._is_plain():
            self._body = []
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Collect."""
        if self._body is None:
            super().on_body(body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer at once, or hand over to ASGI what must wait."""
        parts = self._body
        if parts is None:
            super().on_message_complete()
            return
        self._body = None
        application = self._application
        assert application is not None  # noqa: S101 - hot paths exist only with one
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        answer = application.answer_at_once(Request("POST", self.url.decode("ascii"), dict(self.headers), body))
        if answer.wire is not None:
            self._hand_over(answer)
        elif not isinstance(answer.body, bytes):
            self._begin(answer, answer.body)
        elif answer.due:
            self._hand_over(answer)
        else:
            self._write(answer, answer.body)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The journal is told."""
        super().connection_made(transport)
        if self._application is not None:
            self._socket = self._application.simulator.journal.open_socket(self._now())

    def connection_lost(self, exc: Exception | None) -> None:
        """A stream that is under way ends here."""
        self._end_stream(complete=False)
        if self._socket is not None:
            self._socket.closed_at = self._now()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """The client has read on: so does the stream."""
        super().resume_writing()
        if self._stream is not None:
            self._write_on()

    def shutdown(self) -> None:
        """Finish a stream that is under way, then as always."""
        stream = self._stream
        if stream is not None and not stream.unpaced:
            self._last = True
            return
        if stream is not None:
            self._write_all()
        super().shutdown()

    def _is_plain(self) -> bool:
        """A keep-alive HTTP/1.1 POST of a known small length, with nothing before it still to be answered."""
        parser = self.parser
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1" or not parser.should_keep_alive():
            return False
        if self.expect_100_continue or parser.should_upgrade() or self.flow.write_paused:
            return False
        if self.pipeline or not (self.cycle is None or self.cycle.response_complete):
            return False
        for name, value in self.headers:
            if name == b"content-length":
                return value.isdigit() and int(value) <= min(DIRECT_BODY_LIMIT, self._body_limit())
        return False

    def _body_limit(self) -> int:
        return 0 if self._application is None else self._application.body_limit

    def _write(self, answer: Answer, body: bytes) -> None:
        frame = _SIZED if answer.sized else _CHUNKED
        self.transport.write(frame % (_status_line(answer.status), _head(answer), len(body), body))
        self._answered()

    def _answered(self) -> None:
        self.server_state.total_requests += 1
        if self._last:
            self.transport.close()
        elif not self.transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _begin(self, answer: Answer, body: Stream) -> None:
        """Send head and first part when they are due; the rest waits its turn, so that others are served between."""
        stream = self._stream = _Streaming(answer, body)
        opening = _STREAMED % (_status_line(answer.status), _head(answer))
        if answer.due > self._now():
            self._remind(stream, partial(self._open, opening))
        else:
            self._open(opening)

    def _open(self, opening: bytes) -> None:
        stream = self._stream
        if stream is None:
            return
        stream.reminder = None
        self._write_part(1, opening)
        self._go_on()

    def _go_on(self) -> None:
        """See to it that the next part is written: at its moment, or in a further turn of the loop."""
        stream = self._stream
        if stream is None or stream.reminder is not None or self.flow.write_paused:
            return
        if stream.due:
            self._remind(stream, self._write_due)
        else:
            self.loop.call_soon(self._write_on)

    def _remind(self, stream: _Streaming, callback: Callable[[], None]) -> None:
        application = self._application
        assert application is not None  # noqa: S101 - streams exist only with one
        stream.reminder = Reminder(application.simulator.clock, stream.due, callback)

    def _write_due(self) -> None:
        stream = self._stream
        if stream is not None:
            stream.reminder = None
            self._write_on()

    def _write_on(self) -> None:
        stream = self._stream
        if stream is None or stream.reminder is not None or self.flow.write_paused:
            return
        self._write_part(JOINED_PARTS)
        self._go_on()

    def _write_all(self) -> None:
        while self._stream is not None:
            self._write_part(JOINED_PARTS)

    def _write_part(self, count: int, opening: bytes = b"") -> None:
        stream = self._stream
        assert stream is not None  # noqa: S101 - the callers have asked
        if self.transport.is_closing():
            self._end_stream(complete=False)
            return
        try:
            # A timer may ring a little early: what was waited for is due.
            parts = stream.take(count, 0 if stream.unpaced else max(self._now(), stream.due))
        except Exception:
            # Whoever reads sees that the answer is incomplete.
            _log.exception("a stream failed while it was made")
            self.transport.abort()
            return
        data = b"".join(parts)
        chunk = _CHUNK % (len(data), data) if parts else b""
        is_last = len(parts) < count and not stream.due
        self.transport.write(b"%b%b%b" % (opening, chunk, _LAST_CHUNK if is_last else b""))
        if is_last:
            self._end_stream(complete=True)
            if stream.ended is None:
                self._answered()

    def _end_stream(self, *, complete: bool) -> None:
        stream, self._stream = self._stream, None
        if stream is None:
            return
        if stream.reminder is not None:
            stream.reminder.cancel()
        if stream.ended is not None and not stream.ended.done():
            stream.ended.set_result(None)
        stream.body.finish(self._now(), complete=complete)

    def _now(self) -> int:
        return 0 if self._application is None else self._application.simulator.clock.now()

    def _queue_behind(self, stream: _Streaming) -> None:
        """Answer a request the ordinary way, once the stream before it has ended."""
        ended = stream.ended
        if ended is None:
            ended = stream.ended = self.loop.create_future()

        async def afterwards(scope: Scope, receive: Receive, send: Send) -> None:
            await ended
            await ordinary(scope, receive, send)

        ordinary, self.app = self.app, afterwards
        try:
            super().on_headers_complete()
        finally:
            self.app = ordinary

    async def _play_raw(self, answer: Answer, clock: Clock, receive: Receive) -> None:
        def head(answer: Answer) -> bytes:
            return _status_line(answer.status) + _head(answer)

        await RawWriter(self.transport, self.flow.drain, self.cycle, head).play(answer, clock, receive)

    def _hand_over(self, answer: Answer) -> None:
        application = self._application
        assert application is not None  # noqa: S101 - hot paths exist only with one
        clock = application.simulator.clock

        async def played(scope: Scope, receive: Receive, send: Send) -> None:
            if answer.wire is None:
                await play(answer, clock, receive, send)
            else:
                await self._play_raw(answer, clock, receive)

        ordinary, self.app = self.app, played
        try:
            super().on_headers_complete()
        finally:
            self.app = ordinary
        super().on_message_complete()
