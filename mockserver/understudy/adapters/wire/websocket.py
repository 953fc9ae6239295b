"""uvicorn's WebSocket protocol, taught to say goodbye.

When the server stops, a socket is closed as RFC 6455 (section 7) has it: we send a close frame with 1001 ("going
away"), go on reading until the client's own close frame has come, and only then close the connection. Closed at once,
with audio of the client still unread, TCP would answer with a reset, and the close frame might never arrive.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from understudy.adapters.wire.raw import reset as _reset
from understudy.adapters.ws.sending import SOCKET_EXTENSION

GOING_AWAY = 1001


class FarewellProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # Frames and handshakes carry keys and recordings: whatever the log level, they are not logged.
        self.conn.debug = False
        self._parting = False
        self._lost = asyncio.Event()
        self._application, self.app = self.app, self._until_parted

    def handle_connect(self, event: Request) -> None:
        """Lend the socket to faults, for what ASGI has no words for."""
        super().handle_connect(event)
        if self.handshake_initiated and hasattr(self, "scope"):
            extensions: dict[str, Any] = {**(self.scope.get("extensions") or {}), SOCKET_EXTENSION: self}
            self.scope["extensions"] = extensions

    async def send_text(self, message: bytes) -> None:
        """Send a message of text, given as UTF-8, once the client has read enough of those before.

        Raises:
            ClientDisconnected: the connection has ended, or is about to.
        """
        await self.writable.wait()
        if self.disconnected or self.conn.state is not State.OPEN:
            raise ClientDisconnected
        self.conn.send_text(message)
        self._flush()

    def ping(self, count: int) -> None:
        """Send so many pings."""
        for number in range(count):
            self.conn.send_ping(b"understudy %d" % number)
        self._flush()

    def send_pieces(self, message: bytes, sizes: Sequence[int]) -> None:
        """Send a message in frames of these sizes, over and over."""
        pieces: list[bytes] = []
        start = 0
        while start < len(message) or not pieces:
            size = sizes[len(pieces) % len(sizes)]
            pieces.append(message[start : start + size])
            start += size
        self.conn.send_text(pieces[0], fin=len(pieces) == 1)
        for number, piece in enumerate(pieces[1:], 2):
            self.conn.send_continuation(piece, fin=number == len(pieces))
        self._flush()

    def send_beginning(self, data: bytes) -> None:
        """Send the beginning of a message whose end never comes."""
        self.conn.send_text(data, fin=False)
        self._flush()

    def drop(self, *, reset: bool) -> None:
        """End the connection without a close frame, or without an answer to its upgrade."""
        self.handshake_complete = self.close_sent = True
        if reset:
            _reset(self.transport)
        else:
            self.transport.close()

    def _flush(self) -> None:
        self.transport.write(b"".join(self.conn.data_to_send()))

    def shutdown(self) -> None:
        """Say that the server is going away; the client's answer or the server's patience ends the connection."""
        if not self.handshake_complete or self.conn.state is not State.OPEN:
            super().shutdown()
            return
        self._parting = True
        self.conn.send_close(GOING_AWAY)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.resume_reading()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})

    def data_received(self, data: bytes) -> None:
        """Read on; once we are parting, only for the client's close frame."""
        if not self._parting:
            super().data_received(data)
            return
        self.conn.receive_data(data)
        if self.conn.close_rcvd is not None or self.conn.parser_exc is not None:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the application's task end."""
        super().connection_lost(exc)
        self._lost.set()

    async def _until_parted(self, *arguments: Any) -> None:
        """Run the application; the connection, which would be closed with it, stays until the goodbye is done."""
        try:
            await self._application(*arguments)
        except ClientDisconnected:
            if not self._parting:
                raise
        if self.close_sent:
            # Refused with an answer of HTTP: uvicorn would log an upgrade that nobody completed.
            self.handshake_complete = True
        if self._parting:
            await self._lost.wait()
