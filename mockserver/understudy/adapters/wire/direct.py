"""The short way over a real socket: hot paths are answered from the parser's callbacks.

uvicorn makes a task and a cycle object for each request, which is three quarters of what an ASGI answer
costs. This subclass of its protocol answers a small POST to a hot path in the callback that ends the request: parsed
request to bytes, written at once. Everything else, and every answer that must wait or is a stream, goes the ordinary
way through ASGI, and gives the same bytes.
"""

from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from understudy.adapters.http.application import HttpApplication
from understudy.adapters.http.asgi import Receive, Scope, Send
from understudy.adapters.http.playing import play
from understudy.core.messages import Answer, Request

DIRECT_BODY_LIMIT = 256 * 1024
"""Longer bodies are read the ordinary way, with its back-pressure."""

_SIZED = b"%b%bcontent-length: %d\r\n\r\n%b"
_CHUNKED = b"%b%btransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a short way for hot paths."""

    _body: list[bytes] | None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        application = self.app
        self._application = application if isinstance(application, HttpApplication) else None
        self._hot = frozenset(application.direct_paths) if isinstance(application, HttpApplication) else frozenset()
        self._body = None

    def on_headers_complete(self) -> None:
        """Take the short way when nothing speaks against it."""
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
        if isinstance(answer.body, bytes) and not answer.due:
            self._write(answer, answer.body)
        else:
            self._hand_over(answer)

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
        self.transport.write(frame % (_STATUS_LINES[answer.status], head, len(body), body))
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

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
