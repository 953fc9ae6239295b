"""Answers whose bytes go onto the socket as a fault wants them: wrong lengths, odd writes, resets, silence.

ASGI has no words for these, so the protocol lends its transport to the application by an extension of the scope, and
the answer is written past the server's own bookkeeping, which is set right afterwards.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

from understudy.adapters.http.asgi import Receive
from understudy.adapters.http.playing import until_gone, wait_or_gone
from understudy.core.clock import Clock
from understudy.core.messages import Answer
from understudy.core.wire import Ending, Wire


class Cycle(Protocol):
    """What is set right of uvicorn's bookkeeping of one request."""

    response_started: bool
    response_complete: bool
    message_event: asyncio.Event
    on_response: Callable[[], None]


class RawWriter:
    """Writes one answer.

    Args:
        transport: of the connection.
        drain: waits while the client does not read.
        cycle: the request's own.
        head: status line and headers of an answer, but for what frames its body.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        drain: Callable[[], Awaitable[None]],
        cycle: Cycle,
        head: Callable[[Answer], bytes],
    ) -> None:
        self._transport = transport
        self._drain = drain
        self._cycle = cycle
        self._head = head

    async def play(self, answer: Answer, clock: Clock, receive: Receive) -> None:
        """Write it, wait where it waits, and end the connection as it says."""
        wire = answer.wire or Wire()
        # From here on the server must neither answer itself nor time the connection out.
        self._cycle.response_started = True
        gone = asyncio.ensure_future(until_gone(receive))
        complete = False
        try:
            complete = await self._written(answer, wire, clock, gone)
            if wire.ending is Ending.HOLD and not gone.done():
                await gone
        finally:
            gone.cancel()
            if not isinstance(answer.body, bytes):
                answer.body.finish(clock.now(), complete=complete)
            self._end(wire.ending if complete else Ending.FIN)

    async def _written(self, answer: Answer, wire: Wire, clock: Clock, gone: "asyncio.Future[None]") -> bool:
        """Whether all was written before the client went."""
        if answer.due > clock.now():
            await wait_or_gone(clock, answer.due, gone)
        for due, data in _cut_up(self._bytes(answer, wire), wire, clock):
            if due > clock.now():
                await wait_or_gone(clock, due, gone)
            if gone.done() or self._transport.is_closing():
                return False
            self._transport.write(data)
            await self._drain()
            # What was written leaves by itself, and others are served between.
            await asyncio.sleep(0)
        return not gone.done()

    def _bytes(self, answer: Answer, wire: Wire) -> Iterator[tuple[int, bytes]]:
        if wire.headless:
            return
        body = answer.body
        parts: Iterator[tuple[int, bytes]] = iter(((0, body),)) if isinstance(body, bytes) else body.parts()
        length = wire.length
        chunked = length is None
        framing = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
        yield answer.due, self._head(answer) + framing + b"\r\n\r\n"
        for due, data in parts:
            if data:
                yield due, b"%x\r\n%b\r\n" % (len(data), data) if chunked else data
        if chunked and wire.last_chunk:
            yield 0, b"0\r\n\r\n"

    def _end(self, ending: Ending) -> None:
        self._cycle.response_complete = True
        self._cycle.message_event.set()
        if ending is Ending.RST:
            reset(self._transport)
        elif ending is not Ending.KEEP:
            self._transport.close()
        self._cycle.on_response()


def reset(transport: asyncio.Transport) -> None:
    """Close with a reset: a socket that does not linger throws away what was not read, and says so."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        # uvloop's own socket object cannot be set; another handle of the same socket can.
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _cut_up(source: Iterator[tuple[int, bytes]], wire: Wire, clock: Clock) -> Iterator[tuple[int, bytes]]:
    """The same bytes in writes of the sizes that are wanted, each a pause after the one before."""
    if not wire.segments:
        yield from source
        return
    sizes, index, next_at = wire.segments, 0, 0
    for due, data in source:
        start = 0
        while start < len(data):
            size = sizes[index % len(sizes)]
            index += 1
            yield max(due, next_at), data[start : start + size]
            next_at = clock.now() + wire.pause if wire.pause else 0
            start += size
