"""The short way over a real socket: hot paths are answered from the parser's callbacks.

uvicorn makes a task and a cycle object for each request, which is three quarters of what an ASGI answer
costs. This subclass of its protocol answers a small POST to a hot path in the callback that ends the request: parsed
request to bytes, written at once; a stream without moments of its own follows in further turns of the loop. Everything
else, and every answer that must wait, goes the ordinary way through ASGI, and gives the same bytes.
"""

import logging
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from itertools import islice
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from understudy.adapters.http.application import HttpApplication
from understudy.adapters.http.asgi import Receive, Scope, Send
from understudy.adapters.http.playing import play
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


class _Streaming:
    """A stream that is being written.

    Attributes:
        body: of the answer.
    """

    __slots__ = ("_parts", "body")

    def __init__(self, body: Stream) -> None:
        self.body = body
        self._parts: Iterator[tuple[int, bytes]] = body.parts()

    def take(self, count: int) -> list[bytes]:
        """The next parts; fewer than asked for at the end."""
        return [part for _, part in islice(self._parts, count)]


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a short way for hot paths."""

    _body: list[bytes] | None
    _stream: "_Streaming | None"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        application = self.app
        self._application = application if isinstance(application, HttpApplication) else None
        self._hot = frozenset(application.direct_paths) if isinstance(application, HttpApplication) else frozenset()
        self._body = None
        self._stream = None

    def on_headers_complete(self) -> None:
        """Take the short way when nothing speaks against it."""
        if self._stream is not None:
            # The next request came before the end of this answer: answers keep their order.
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
        if answer.due:
            self._hand_over(answer)
        elif isinstance(answer.body, bytes):
            self._write(answer, answer.body)
        elif answer.unpaced:
            self._begin(answer, answer.body)
        else:
            self._hand_over(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """A stream that is under way ends here."""
        self._end_stream(complete=False)
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """The client has read on: so does the stream."""
        super().resume_writing()
        if self._stream is not None:
            self._write_on()

    def shutdown(self) -> None:
        """Finish a stream that is under way, then as always."""
        if self._stream is not None:
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
        head = b"".join([b"%b: %b\r\n" % header for header in answer.headers])
        frame = _SIZED if answer.sized else _CHUNKED
        self.transport.write(frame % (_status_line(answer.status), head, len(body), body))
        self._answered()

    def _answered(self) -> None:
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _begin(self, answer: Answer, body: Stream) -> None:
        """Send head and first part at once; the rest waits its turn, so that others are served between."""
        head = b"".join([b"%b: %b\r\n" % header for header in answer.headers])
        self._stream = _Streaming(body)
        self.transport.write(_STREAMED % (_status_line(answer.status), head))
        self._write_part(1)
        self.loop.call_soon(self._write_on)

    def _write_on(self) -> None:
        if self._stream is None or self.flow.write_paused:
            return
        self._write_part(JOINED_PARTS)
        if self._stream is not None and not self.flow.write_paused:
            self.loop.call_soon(self._write_on)

    def _write_all(self) -> None:
        while self._stream is not None:
            self._write_part(JOINED_PARTS)

    def _write_part(self, count: int) -> None:
        stream = self._stream
        assert stream is not None  # noqa: S101 - the callers have asked
        if self.transport.is_closing():
            self._end_stream(complete=False)
            return
        try:
            parts = stream.take(count)
        except Exception:
            # Whoever reads sees that the answer is incomplete.
            _log.exception("a stream failed while it was made")
            self.transport.abort()
            return
        if parts:
            data = b"".join(parts)
            self.transport.write(_CHUNK % (len(data), data))
        if len(parts) < count:
            self.transport.write(_LAST_CHUNK)
            self._end_stream(complete=True)
            self._answered()

    def _end_stream(self, *, complete: bool) -> None:
        stream, self._stream = self._stream, None
        if stream is not None and self._application is not None:
            stream.body.finish(self._application.simulator.clock.now(), complete=complete)

    def _hand_over(self, answer: Answer) -> None:
        application = self._application
        assert application is not None  # noqa: S101 - hot paths exist only with one
        clock = application.simulator.clock

        async def played(scope: Scope, receive: Receive, send: Send) -> None:
            await play(answer, clock, receive, send)

        ordinary, self.app = self.app, played
        try:
            super().on_headers_complete()
        finally:
            self.app = ordinary
        super().on_message_complete()
