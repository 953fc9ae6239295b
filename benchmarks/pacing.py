"""How punctual many paced streams are at once."""

import asyncio
import time
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import httptools

from benchmarks import load, servers
from benchmarks.figures import Goal, Section
from benchmarks.servers import HELD_UP, Server, Unavailable

GAP = 0.02
FIRST = 0.5
_SPREAD = 1.0
"""Seconds over which the streams begin."""
_WINDOW = 2.0
"""Seconds in which all of them run and the processor is watched; fewer with --quick."""
_QUICK_WINDOW = 0.3
_STREAM_SECONDS = 30.0
_AROUND = 3
"""Events of a stream that are no text: its opening, its finish, and `[DONE]`."""


@dataclass
class Stream:
    """When the events of one stream came, and when it was asked for.

    Attributes:
        asked: moment of the request.
        arrivals: of every event.
    """

    asked: float
    arrivals: list[float] = field(default_factory=list)

    def lateness(self) -> list[float]:
        """Seconds by which each event came later than its gaps allow, counted from the most punctual one.

        The opening comes with the first text; finish and end come one gap behind the last text.
        """
        texts = len(self.arrivals) - _AROUND
        late = [
            moment - GAP * (0 if place == 0 else min(place - 1, texts)) for place, moment in enumerate(self.arrivals)
        ]
        punctual = min(late)
        return [moment - punctual for moment in late]

    def drift(self) -> float:
        """Seconds by which the last ten events came later than the first ten, in the mean."""
        late = self.lateness()
        return (sum(late[-10:]) - sum(late[:10])) / 10

    def first_late(self) -> float:
        """Seconds by which the first event came later than asked for."""
        return self.arrivals[0] - self.asked - FIRST


class _Reader(asyncio.Protocol):
    """Reads one stream, noting when each event comes."""

    def __init__(self, done: "asyncio.Future[Stream]") -> None:
        self._done = done
        self._parser: Any = httptools.HttpResponseParser(self)
        self._stream = Stream(0.0)
        self._now = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def ask(self, request: bytes) -> None:
        """Send the request."""
        self._stream.asked = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._now = time.perf_counter()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as failure:
            self._end(ValueError(f"answered what is no HTTP: {failure}"))

    def connection_lost(self, failure: Exception | None) -> None:
        self._end(failure or ConnectionError("closed a stream"))

    def on_body(self, body: bytes) -> None:
        self._stream.arrivals += [self._now] * body.count(b"data: ")

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status != 200 or len(self._stream.arrivals) <= 20 + _AROUND:
            self._end(ValueError(f"answered {status} with {len(self._stream.arrivals)} events"))
        elif not self._done.done():
            self._done.set_result(self._stream)
            self._transport.abort()

    def _end(self, failure: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(failure)
        self._transport.abort()


def paced_streams(*, quick: bool) -> Section:
    """Streams paced at 20 ms, as many as the goal names."""
    section = Section(f"SSE, paced at {GAP * 1e3:.0f} ms a token")
    body = load.chat(f"Tell me in exactly {60 if quick else 200} words about rain.", stream=True)
    window = _QUICK_WINDOW if quick else _WINDOW
    for streams in (50,) if quick else (100, 300, 500):
        try:
            with servers.understudy("--latency", f"ttft={FIRST * 1e3:.0f}ms,itl={GAP * 1e3:.0f}ms") as server:
                row = load.run(_measure(server, load.repeated(server.url, body), streams, window))
        except Unavailable as reason:
            section.notes.append(str(reason))
            section.failed = True
            continue
        section.rows.append(row)
        if streams == 500:
            late, drift = row["late p99 ms"], row["drift ms"]
            what = "SSE, paced at 20 ms: 500 streams on one core, p99 lateness"
            section.goals.append(Goal(what, "≤ 10 ms", f"{late:.1f} ms", late <= 10))
            section.goals.append(Goal("SSE, paced: drift", "none (≤ 1 ms)", f"{drift:.1f} ms", abs(drift) <= 1))
    section.notes.append(
        "Late: against the stream's own most punctual event; drift: its last ten events against its first ten; "
        "first late: the first event against the moment of the request; core of others: how long the server was ready "
        "while other processes had its core, which makes it late too."
    )
    return section


async def _measure(server: Server, requests: list[bytes], streams: int, window: float) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    endings: list[asyncio.Future[Stream]] = [loop.create_future() for _ in range(streams + 1)]
    readers = []
    try:
        async with asyncio.timeout(_STREAM_SECONDS):
            for ending in endings:
                _, reader = await loop.create_connection(
                    lambda ending=ending: _Reader(ending),  # type: ignore[misc]  # bound at once
                    *server.address,
                )
                readers.append(reader)
            # The first request loads the vocabulary.
            readers.pop().ask(requests[0])
            await endings.pop()
            start = time.perf_counter()
            for place, reader in enumerate(readers):
                await asyncio.sleep(start + _SPREAD * place / streams - time.perf_counter())
                reader.ask(requests[place % len(requests)])
            await asyncio.sleep(FIRST)
            cpu, held_up, since = server.cpu_seconds(), server.held_up_seconds(), time.perf_counter()
            await asyncio.sleep(window)
            elapsed = time.perf_counter() - since
            cores = (server.cpu_seconds() - cpu) / elapsed
            held_up = (server.held_up_seconds() - held_up) / elapsed
            found = await asyncio.gather(*endings)
    except TimeoutError:
        raise Unavailable(f"{server.name} did not end {streams} streams in {_STREAM_SECONDS:g} seconds.") from None
    except (OSError, ValueError) as failure:
        raise Unavailable(f"{server.name} {failure}.") from failure
    late = [moment * 1e3 for stream in found for moment in stream.lateness()]
    return {
        "streams": streams,
        "late p50 ms": load.percentile(late, 0.5),
        "late p99 ms": load.percentile(late, 0.99),
        "drift ms": median(stream.drift() for stream in found) * 1e3,
        "first late p99 ms": load.percentile([stream.first_late() * 1e3 for stream in found], 0.99),
        "core": cores,
        HELD_UP: held_up,
    }
