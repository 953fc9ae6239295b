"""Sending the events of a session, and what faults do to them.

Pings, frames in pieces and connections that break are beyond ASGI: the protocol lends its socket by an extension of the
scope, which also takes messages as the bytes that they are. Where no door does, pings and pieces are left out, and a
connection that would break is closed with 1011.
"""

from collections.abc import Sequence
from typing import Protocol

from understudy.adapters.http.asgi import Scope, Send
from understudy.adapters.http.playing import wait_or_gone
from understudy.adapters.ws.frames import Frames
from understudy.core.clock import Clock
from understudy.core.journal import JournalEntry
from understudy.core.realtime.tampering import Tampering
from understudy.core.wire import Ending

SOCKET_EXTENSION = "understudy.websocket"
_FAILED = 1011


class LentSocket(Protocol):
    """What a protocol lends."""

    async def send_text(self, message: bytes) -> None:
        """Send a message of text, given as UTF-8, once the client has read enough of those before."""

    def ping(self, count: int) -> None:
        """Send so many pings."""

    def send_pieces(self, message: bytes, sizes: Sequence[int]) -> None:
        """Send a message in frames of these sizes, over and over."""

    def send_beginning(self, data: bytes) -> None:
        """Send the beginning of a message whose end never comes."""

    def drop(self, *, reset: bool) -> None:
        """End the connection without a close frame."""


class Broken(Exception):
    """A fault has ended the connection."""


class Sender:
    """Sends the messages of one connection.

    Args:
        scope: of the connection.
        send: of it.
        clock: for what waits.
        entry: its line in the journal.
        tampering: the fault that the connection meets; None for none.
    """

    def __init__(
        self, scope: Scope, send: Send, clock: Clock, entry: JournalEntry, tampering: Tampering | None
    ) -> None:
        self._send = send
        self._entry = entry
        self._clock = clock
        self._tampering = tampering
        self._lent: LentSocket | None = (scope.get("extensions") or {}).get(SOCKET_EXTENSION)

    @property
    def read_pause(self) -> int:
        """Microseconds before each message of the client is taken."""
        return 0 if self._tampering is None else self._tampering.wire.read_pause

    async def say(self, event: bytes, frames: Frames) -> None:
        """Send an event.

        Raises:
            Broken: the fault has ended the connection.
        """
        tampering = self._tampering
        if tampering is None:
            self._entry.chunks += 1
            if self._lent is not None:
                await self._lent.send_text(event)
            else:
                await self._send({"type": "websocket.send", "text": event.decode()})
            return
        if tampering.is_over_before_it_begins:
            await self._break_off(tampering, frames)
        for wait, message in tampering.made(event):
            if wait:
                await wait_or_gone(self._clock, self._clock.now() + wait, frames.gone)
            await self._send_oddly(message, tampering)
        if tampering.over:
            await self._break_off(tampering, frames)

    async def close(self, code: int, reason: str) -> None:
        """Close in order."""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _send_oddly(self, message: bytes, tampering: Tampering) -> None:
        self._entry.chunks += 1
        wire, lent = tampering.wire, self._lent
        if wire.pings and lent is not None:
            lent.ping(wire.pings)
        if wire.fragments and lent is not None:
            lent.send_pieces(message, wire.fragments)
        else:
            await self._send({"type": "websocket.send", "text": message.decode("utf-8", "replace")})

    async def _break_off(self, tampering: Tampering, frames: Frames) -> None:
        if tampering.rest and self._lent is not None:
            self._lent.send_beginning(tampering.rest)
        wire = tampering.wire
        if wire.close is not None:
            self._entry.closed = wire.close
            await self.close(wire.close, wire.reason)
        elif tampering.ending in (Ending.HOLD, Ending.KEEP):
            await frames.ignore()
        else:
            await self.drop(reset=tampering.ending is Ending.RST)
        raise Broken

    async def drop(self, *, reset: bool) -> None:
        """End the connection without a word."""
        if self._lent is None:
            await self.close(_FAILED, "")
        else:
            self._lent.drop(reset=reset)
