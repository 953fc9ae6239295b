"""How many realtime sessions are spoken to at once, and how punctually."""

import asyncio
import time
from itertools import accumulate
from typing import Any

import msgspec
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from benchmarks import load, servers
from benchmarks.figures import Goal, Section
from benchmarks.servers import HELD_UP, Server, Unavailable

_BYTES_PER_SECOND = 48_000
"""Speech: PCM of 16 bit at 24 kHz."""
_FASTER = 4
"""Understudy sends speech so many times as fast as it plays."""
_GOAL_DELTAS = 8_000
"""A second: what 800 sessions with a delta each 100 ms come to."""
_SPREAD = 1.0
_WINDOW = 2.0
_QUICK_WINDOW = 0.3
_SECONDS = 40.0
_SESSIONS_PER_KEY = 10
_PHRASE = "The rain falls on the roof and on the street. "
_REPEATED = 16
_QUICK_REPEATED = 5
_DIFFERENT = 9
"""After so many repetitions no phrase is new: their marks are numbered up to eight, and the last one is another."""


class _Event(msgspec.Struct):
    """The fields of a server's event that are looked at."""

    type: str
    delta: str = ""
    error: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(_Event).decode


class _Session(asyncio.Protocol):
    """One session: asks once, then notes when each piece of speech comes and how long it plays.

    Attributes:
        opened: is resolved when the session is there.
        done: is resolved when the response is.
        arrivals: of the pieces.
        playing: seconds that each of them plays.
    """

    def __init__(self, url: str, key: str) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()
        self.arrivals: list[float] = []
        self.playing: list[float] = []
        self._protocol = ClientProtocol(parse_uri(url), max_size=None)
        self._key = key
        self._now = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        request = self._protocol.connect()
        request.headers["Authorization"] = f"Bearer {self._key}"
        self._protocol.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._now = time.perf_counter()
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                if event.status_code != 101:
                    self._fail(ValueError(f"answered {event.status_code}"))
            # The server's pings are answered by the protocol.
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._take(bytes(event.data))
        self._flush()

    def connection_lost(self, failure: Exception | None) -> None:
        self._fail(failure or ConnectionError("closed a session"))

    def ask(self, text: str) -> None:
        """Have a text spoken."""
        content = [{"type": "input_text", "text": f"Repeat after me: {text}"}]
        item = {"type": "message", "role": "user", "content": content}
        for event in ({"type": "conversation.item.create", "item": item}, {"type": "response.create"}):
            self._protocol.send_text(msgspec.json.encode(event))
        self._flush()

    def lateness(self) -> list[float]:
        """Seconds by which each piece came later than its speech allows, counted from the most punctual one."""
        due = accumulate((playing / _FASTER for playing in self.playing), initial=0.0)
        late = [arrival - moment for arrival, moment in zip(self.arrivals, due, strict=False)]
        punctual = min(late)
        return [moment - punctual for moment in late]

    def close(self) -> None:
        """End it."""
        self._transport.abort()

    def _take(self, data: bytes) -> None:
        event = _decode(data)
        if event.type == "response.output_audio.delta":
            self.arrivals.append(self._now)
            self.playing.append(len(event.delta) * 3 // 4 / _BYTES_PER_SECOND)
        elif event.type == "session.created":
            self.opened.set_result(None)
        elif event.type == "response.done":
            self.done.set_result(None)
        elif event.type == "error":
            self._fail(ValueError(f"told of an error: {event.error}"))

    def _fail(self, failure: Exception) -> None:
        for waited in (self.opened, self.done):
            if not waited.done():
                waited.set_exception(failure)
                # Nobody may be waiting for this one any more.
                waited.exception()
        self._transport.abort()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            self._transport.write(data)


def realtime(*, quick: bool) -> Section:
    """Sessions that are all spoken to."""
    section = Section("Realtime: audio deltas to many sessions")
    extent = (_QUICK_WINDOW, _QUICK_REPEATED) if quick else (_WINDOW, _REPEATED)
    for sessions in (25,) if quick else (100, 200, 400):
        try:
            with servers.understudy("--latency", "ttft=500ms,itl=20ms") as server:
                row = load.run(_measure(server, sessions, *extent))
        except Unavailable as reason:
            section.notes.append(str(reason))
            section.failed = True
            continue
        section.rows.append(row)
    section.notes.append(
        "Each delta is 200 ms of speech (12.8 kB of base64), sent every 50 ms, for speech is sent four times as fast "
        "as it plays: 400 sessions are the 8,000 deltas a second of 800 sessions with a delta each 100 ms. CPU is the "
        "kernel's count of the server's process, what the network costs it included. Memory is what the process grew "
        "by; all say the same, so that the sound itself is shared."
    )
    if not quick and section.rows:
        most = section.rows[-1]
        late, rate = most["late p99 ms"], most["deltas/s"]
        met = not section.failed and late <= 20 and rate >= 0.95 * _GOAL_DELTAS
        what = "Realtime: 8,000 deltas a second on one core, p99 lateness"
        section.goals.append(Goal(what, "≤ 20 ms", f"{late:.1f} ms at {rate:,.0f} a second", met))
        for column, what in (("kB idle", "an idle session"), ("kB speaking", "a session that speaks")):
            memory = most[column]
            section.goals.append(Goal(f"Realtime: memory of {what}", "≤ 60 kB", f"{memory:.0f} kB", memory <= 60))
    return section


async def _measure(server: Server, sessions: int, window: float, repeated: int) -> dict[str, Any]:
    host, port = server.address
    url = f"ws://{host}:{port}/v1/realtime?model=gpt-realtime"
    loop = asyncio.get_running_loop()
    opened: list[_Session] = []

    async def open_one(number: int) -> _Session:
        _, session = await loop.create_connection(
            lambda: _Session(url, load.key(number // _SESSIONS_PER_KEY)), host, port
        )
        opened.append(session)
        await session.opened
        return session

    try:
        async with asyncio.timeout(_SECONDS):
            # One turn makes the speech of all, so that it is sending that is measured, not speaking.
            first = await open_one(0)
            first.ask(_PHRASE * min(repeated, _DIFFERENT))
            await first.done
            before = server.memory()
            many = [await open_one(number) for number in range(sessions)]
            memory = (server.memory() - before) / sessions
            start = time.perf_counter()
            for place, session in enumerate(many):
                await asyncio.sleep(start + _SPREAD * place / sessions - time.perf_counter())
                session.ask(_PHRASE * repeated)
            await asyncio.sleep(0.5)
            cpu, held_up, sent = server.cpu_seconds(), server.held_up_seconds(), _sent(many)
            since = time.perf_counter()
            await asyncio.sleep(window)
            elapsed = time.perf_counter() - since
            cores, rate = (server.cpu_seconds() - cpu) / elapsed, (_sent(many) - sent) / elapsed
            held_up = (server.held_up_seconds() - held_up) / elapsed
            active = (server.memory() - before) / sessions
            await asyncio.gather(*(session.done for session in many))
    except TimeoutError:
        raise Unavailable(f"{server.name} did not serve {sessions} sessions in {_SECONDS:g} seconds.") from None
    except (OSError, ValueError) as failure:
        raise Unavailable(f"{server.name} {failure}.") from failure
    finally:
        for session in opened:
            session.close()
    late = [moment * 1e3 for session in many for moment in session.lateness()]
    return {
        "sessions": sessions,
        "deltas/s": rate,
        "late p50 ms": load.percentile(late, 0.5),
        "late p99 ms": load.percentile(late, 0.99),
        "core": cores,
        "CPU µs/delta": cores / rate * 1e6,
        HELD_UP: held_up,
        "kB idle": memory / 1_000,
        "kB speaking": active / 1_000,
    }


def _sent(sessions: list[_Session]) -> int:
    return sum(len(session.arrivals) for session in sessions)
