"""Transports for httpx and httpx2: calls are answered in this process, part by part, without a socket.

The stock ASGI transports collect a whole answer before they give it back, so that neither the time to the first token
nor a fault in the middle can be seen through them. These hand each part over when it is due; closing an answer early
ends it for the server too. Both libraries have the same classes under the same names, so one module serves both.

What only a socket can do is told as the errors that a socket's end would raise; an answer that is held for ever times
out at once ("our choice").
"""

import threading
from collections.abc import AsyncIterator, Iterator
from functools import cache
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from understudy.adapters.conduct import conduct, conduct_at_once
from understudy.adapters.http.encodings import unpacked
from understudy.adapters.waiting import wait_until
from understudy.core.clock import SECOND, Clock
from understudy.core.messages import Answer, PlainStream, Request, Stream
from understudy.core.simulator import Simulator
from understudy.core.wire import Ending, Wire

PACKED_PREFIX = "/backend-api/"
"""Where compressed request bodies are unpacked, as at the other doors."""
_ORDINARY = Wire()
_LOCKS: WeakKeyDictionary[Simulator, threading.Lock] = WeakKeyDictionary()


def transport(library: ModuleType, simulator: Simulator, body_limit: int) -> Any:
    """A transport for synchronous and asynchronous clients of a library.

    Args:
        library: httpx or httpx2.
        simulator: answers.
        body_limit: bytes of a request body that are read.
    """
    return _classes(library)(simulator, body_limit)


def wait_here(clock: Clock, when: int) -> None:
    """Block this thread until a moment of a clock, or until the clock is moved past it."""
    ahead = when - clock.now()
    if ahead <= 0:
        return
    if clock.autojump:
        clock.advance(ahead / SECOND)
        return
    reached = threading.Event()
    alarm = clock.call_at(when, reached.set)
    try:
        reached.wait(ahead / SECOND if clock.passes_by_itself else None)
    finally:
        alarm.cancel()


@cache
def _classes(library: Any) -> Any:
    """The classes over those of a library, made once."""

    def failure(ending: Ending, problem: str) -> Exception:
        if ending is Ending.RST:
            error: Exception = library.ReadError("[Errno 104] Connection reset by peer")
        elif ending is Ending.HOLD:
            error = library.ReadTimeout("The read operation timed out")
        else:
            error = library.RemoteProtocolError(problem)
        return error

    class Body(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]  # the base is chosen above
        """The parts of one answer, each when it is due."""

        def __init__(self, answer: Answer, stream: Stream, clock: Clock) -> None:
            self._wire = answer.wire or _ORDINARY
            self._stream = stream
            self._clock = clock
            self._sent = 0
            self._ended = False

        def __iter__(self) -> Iterator[bytes]:
            for due, part in self._stream.parts():
                wait_here(self._clock, due)
                yield from self._kept(part)
            self._end()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for due, part in self._stream.parts():
                if due > self._clock.now():
                    await wait_until(self._clock, due)
                for kept in self._kept(part):
                    yield kept
            self._end()

        def close(self) -> None:
            """Whoever closes before the end has gone."""
            if not self._ended:
                self._ended = True
                self._stream.finish(self._clock.now(), complete=False)

        async def aclose(self) -> None:
            """The same."""
            self.close()

        def _kept(self, part: bytes) -> Iterator[bytes]:
            length = self._wire.length
            if length is not None:
                part = part[: max(length - self._sent, 0)]
            self._sent += len(part)
            if part:
                yield part

        def _end(self) -> None:
            wire = self._wire
            short = wire.length is not None and self._sent < wire.length
            broken = short or not wire.last_chunk or wire.ending in (Ending.RST, Ending.HOLD)
            self._ended = True
            self._stream.finish(self._clock.now(), complete=not broken)
            if broken:
                kind = "received an incomplete body" if short else "incomplete chunked read"
                problem = f"peer closed connection without sending complete message body ({kind})"
                raise failure(wire.ending, problem)

    class Transport(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]  # the base is chosen above
        """Answers calls in this process.

        Attributes:
            simulator: that answers.
        """

        def __init__(self, simulator: Simulator, body_limit: int) -> None:
            self.simulator = simulator
            self._body_limit = body_limit
            self._lock = _LOCKS.setdefault(simulator, threading.Lock())

        def handle_request(self, request: Any) -> Any:
            """Answer a synchronous client."""
            body = request.read()
            simulator = self.simulator
            if simulator.refuses_connections:
                raise library.ConnectError("[Errno 111] Connection refused")
            with self._lock:
                answer = self._refused(request, body) or conduct_at_once(
                    simulator.respond(self._taken(request, body), simulator.clock.now())
                )
            wait_here(simulator.clock, answer.due)
            return self._given(answer)

        async def handle_async_request(self, request: Any) -> Any:
            """Answer an asynchronous client, on asyncio."""
            body = await request.aread()
            simulator = self.simulator
            if simulator.refuses_connections:
                raise library.ConnectError("[Errno 111] Connection refused")
            answer = self._refused(request, body)
            if answer is None:
                steps = simulator.respond(self._taken(request, body), simulator.clock.now())
                if simulator.store.answers_at_once:
                    with self._lock:
                        answer = conduct_at_once(steps)
                else:
                    answer = await conduct(steps)
            if answer.due > simulator.clock.now():
                await wait_until(simulator.clock, answer.due)
            return self._given(answer)

        def _refused(self, request: Any, body: bytes) -> Answer | None:
            if len(body) <= self._body_limit:
                return None
            clock = self.simulator.clock
            return self.simulator.refuse_body(self._taken(request, b""), clock.now(), len(body), self._body_limit)

        def _taken(self, request: Any, body: bytes) -> Request:
            headers = {name.lower(): value for name, value in request.headers.raw}
            path = request.url.path
            encoding = headers.get(b"content-encoding")
            if encoding is not None and body and path.startswith(PACKED_PREFIX):
                body = unpacked(body, encoding, self._body_limit)
            return Request(request.method, path, headers, body, request.url.query)

        def _given(self, answer: Answer) -> Any:
            wire = answer.wire or _ORDINARY
            clock = self.simulator.clock
            body = answer.body
            stream: Stream = body if not isinstance(body, bytes) else _whole(body)
            if wire.headless:
                stream.finish(clock.now(), complete=False)
                raise failure(wire.ending, "Server disconnected without sending a response.")
            head = list(answer.headers)
            if wire.length is not None:
                head.append((b"content-length", b"%d" % wire.length))
            elif isinstance(body, bytes) and answer.sized:
                head.append((b"content-length", b"%d" % len(body)))
            else:
                head.append((b"transfer-encoding", b"chunked"))
            return library.Response(
                answer.status,
                headers=head,
                stream=Body(answer, stream, clock),
                extensions={"http_version": b"HTTP/1.1"},
            )

    return Transport


def _whole(body: bytes) -> Stream:
    return PlainStream(iter(((0, body),)), lambda now, complete: None)
