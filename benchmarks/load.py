"""The load generator: keep-alive connections kept busy, on the second core, with as little work as Python allows."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_END_OF_CHUNKS = b"0\r\n\r\n"


@dataclass
class Measured:
    """What a round came to.

    Attributes:
        requests: answered in full.
        errors: with another status than 200.
        seconds: the round took.
        latencies: seconds of each request.
        events: `data:` lines received.
    """

    requests: int = 0
    errors: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    events: int = 0

    def percentile(self, share: float) -> float:
        """Seconds that this share of the requests stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


class _Connection(asyncio.Protocol):
    """One connection that sends the next request as soon as an answer is whole."""

    def __init__(self, requests: Iterator[bytes], measured: Measured, done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._measured = measured
        self._done = done
        self._parts: list[bytes] = []
        self._size = 0
        self._wanted: int | None = None
        self._has_head = False
        self._tail = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        self._tail = (self._tail + data)[-len(_END_OF_CHUNKS) :]
        if not self._has_head:
            # Nearly always the first part has it.
            head = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            if b"\r\n\r\n" not in head:
                return
            self._parts = [head]
            self._has_head = True
            self._wanted = _announced_end(head)
        if self._tail == _END_OF_CHUNKS if self._wanted is None else self._size >= self._wanted:
            self._finish()

    def connection_lost(self, failure: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(failure or ConnectionError("the server closed a busy connection"))

    def _finish(self) -> None:
        measured = self._measured
        measured.latencies.append(time.perf_counter() - self._sent_at)
        measured.requests += 1
        if not self._parts[0].startswith(b"HTTP/1.1 200"):
            measured.errors += 1
        measured.events += b"".join(self._parts).count(b"data: ")
        self._parts = []
        self._size = 0
        self._has_head = False
        self._tail = b""
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.abort()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def _announced_end(head: bytes) -> int | None:
    """Bytes of the whole answer where its length is announced."""
    end = head.find(b"\r\n\r\n")
    place = head[:end].lower().find(b"content-length:")
    if end < 0 or place < 0:
        return None
    return end + 4 + int(head[place + 15 : head.index(b"\r\n", place)])


def post(url: str, body: bytes, key: str) -> bytes:
    """The bytes of one POST, as the generator sends it."""
    parts = urlsplit(url)
    return (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nAccept: application/json\r\nUser-Agent: benchmark\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


PATIENCE = 60.0
"""Seconds after which a server that does not answer is given up."""


async def drive(url: str, requests: Iterable[bytes], connections: int, patience: float = PATIENCE) -> Measured:
    """Send all requests over so many connections, each busy all the time.

    Raises:
        TimeoutError: the server did not answer all of them in time.
        OSError: it closed a connection in the middle.
    """
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    measured = Measured()
    source = iter(requests)
    endings = [loop.create_future() for _ in range(connections)]
    opened = []
    start = time.perf_counter()
    try:
        for ending in endings:
            transport, _ = await loop.create_connection(
                lambda ending=ending: _Connection(source, measured, ending),  # type: ignore[misc]  # bound at once
                parts.hostname,
                parts.port,
            )
            opened.append(transport)
        await asyncio.wait_for(asyncio.gather(*endings), patience)
    except TimeoutError:
        raise TimeoutError(f"{parts.netloc} did not answer within {patience:.0f} seconds") from None
    finally:
        for transport in opened:
            transport.abort()
    measured.seconds = time.perf_counter() - start
    return measured


def cycle(requests: list[bytes], count: int) -> Iterable[bytes]:
    """So many requests, taken in turn."""
    return itertools.islice(itertools.cycle(requests), count)


async def paced_lateness(url: str, request: bytes, streams: int, gap: float) -> list[float]:
    """Seconds by which each event of many streams came late, against its own stream's first event and the gap."""
    parts = urlsplit(url)

    async def one() -> list[float]:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(request)
        arrivals: list[float] = []
        while True:
            line = await reader.readline()
            if not line or line.startswith(b"data: [DONE]"):
                break
            if line.startswith(b"data: ") and b'"content":"' in line and b'"role"' not in line:
                arrivals.append(time.perf_counter())
        writer.close()
        return [moment - arrivals[0] - place * gap for place, moment in enumerate(arrivals)]

    return [late for stream in await asyncio.gather(*(one() for _ in range(streams))) for late in stream]
