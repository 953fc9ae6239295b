"""The load generator: keep-alive connections kept busy, with as little work as Python allows.

Nothing here waits without an end: whoever stops answering is named after `ANSWER_SECONDS`.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httptools

from benchmarks.servers import Unavailable, address_of

ANSWER_SECONDS = 5.0
"""A server that answers nothing for this long is given up."""
KEYS = 64
"""Accounts that take turns, so that no rate limit is met."""

_Result = TypeVar("_Result")


@dataclass
class Measured:
    """What a round came to.

    Attributes:
        requests: answered in full, with status 200.
        seconds: the round took.
        latencies: seconds of each request.
        events: `data:` lines received.
        size: bytes of all bodies.
    """

    requests: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    events: int = 0
    size: int = 0

    def percentile(self, share: float) -> float:
        """Seconds that this share of the requests stayed under."""
        return percentile(self.latencies, share)


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share stays under; NaN of nothing."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


class Connection(asyncio.Protocol):
    """One connection that sends the next request as soon as an answer is whole.

    Args:
        requests: bytes to send, shared with the other connections.
        measured: what is counted, likewise.
        done: is resolved at the end of the requests, or with what went wrong.
    """

    def __init__(self, requests: Iterator[bytes], measured: Measured, done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._measured = measured
        self._done = done
        self._parser: Any = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport: Any = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Parse."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as failure:
            self._end(ValueError(f"answered what is no HTTP: {failure}"))

    def connection_lost(self, failure: Exception | None) -> None:
        """A connection must live as long as there are requests."""
        self._end(failure or ConnectionError("closed a busy connection"))

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        now = time.perf_counter()
        body = b"".join(self._parts)
        self._parts.clear()
        status = self._parser.get_status_code()
        if status != 200:
            self._end(ValueError(f"answered {status}: {body[:200].decode('utf-8', 'replace')}"))
            return
        measured = self._measured
        measured.latencies.append(now - self._sent_at)
        measured.requests += 1
        measured.size += len(body)
        measured.events += body.count(b"data: ")
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._end(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def _end(self, failure: Exception | None) -> None:
        if not self._done.done():
            if failure is None:
                self._done.set_result(None)
            else:
                self._done.set_exception(failure)
        self._transport.abort()


async def drive(
    name: str, url: str, requests: Iterable[bytes], connections: int, *, answer_seconds: float = ANSWER_SECONDS
) -> Measured:
    """Send all requests over so many connections, each busy all the time.

    Raises:
        Unavailable: an answer is not 200 or no HTTP, a connection ends, or nothing comes for `answer_seconds`.
    """
    loop = asyncio.get_running_loop()
    measured = Measured()
    source = iter(requests)
    endings: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    start = time.perf_counter()
    transports = []
    try:
        for ending in endings:
            async with asyncio.timeout(answer_seconds):
                transport, _ = await loop.create_connection(
                    lambda ending=ending: Connection(source, measured, ending),  # type: ignore[misc]  # bound at once
                    *address_of(url),
                )
            transports.append(transport)
        pending = set(endings)
        while pending:
            before = measured.requests
            done, pending = await asyncio.wait(pending, timeout=answer_seconds, return_when=asyncio.FIRST_EXCEPTION)
            for ending in done:
                ending.result()
            if pending and not done and measured.requests == before:
                raise Unavailable(f"{name} did not answer within {answer_seconds:g} seconds.")
    except TimeoutError:
        raise Unavailable(f"{name} did not take a connection within {answer_seconds:g} seconds.") from None
    except (OSError, ValueError) as failure:
        raise Unavailable(f"{name} {failure}.") from failure
    finally:
        for transport in transports:
            transport.abort()
        for ending in endings:
            if ending.done() and not ending.cancelled():
                ending.exception()
    measured.seconds = time.perf_counter() - start
    return measured


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine on the fastest loop there is."""
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    return uvloop.run(work)


def post(url: str, body: bytes, key: str) -> bytes:
    """The bytes of one POST, as the generator sends it."""
    parts = urlsplit(url)
    return (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nAccept: application/json\r\nUser-Agent: benchmark\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


_SYSTEM = "You are a helpful assistant that answers briefly and to the point, in plain words."
_ASKED = "Please explain how a client should wait between its retries when the server answers with a rate limit error."


def chat(asked: str = _ASKED, **more: Any) -> bytes:
    """A request of some 300 bytes."""
    messages = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": asked}]
    return json.dumps({"model": "gpt-4o-mini", "messages": messages, **more}).encode()


def key(number: int) -> str:
    """The key of one of many accounts."""
    return f"sk-benchmark-{number:08d}"


def repeated(url: str, body: bytes, keys: int = KEYS) -> list[bytes]:
    """The same request from many accounts."""
    return [post(url, body, key(number)) for number in range(keys)]


def cycle(requests: list[bytes], count: int) -> Iterable[bytes]:
    """So many requests, taken in turn."""
    return itertools.islice(itertools.cycle(requests), count)


def cycle_for(requests: list[bytes], seconds: float) -> Iterator[bytes]:
    """Requests taken in turn, from the first one for so many seconds."""
    end = time.perf_counter() + seconds
    for request in itertools.cycle(requests):
        if time.perf_counter() >= end:
            return
        yield request
