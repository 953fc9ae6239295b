"""A WebSocket of the reference client: the protocol of `websockets`, without its own decisions about when to read."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import Event
from websockets.uri import parse_uri

_CLOSE_S = 2.0
"""Time for the server to let go of a socket that we close."""


class Refused(Exception):
    """The upgrade was answered with HTTP.

    Attributes:
        response: that answer.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(f"the server answered the upgrade with {response.status_code}")
        self.response = response


class Closed(Exception):
    """The connection is over.

    Attributes:
        code, reason: of the close frame; 1006 and nothing where there was none.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code}" + (f" ({reason})" if reason else ""))
        self.code = code
        self.reason = reason


class Socket:
    """One connection.

    Args:
        protocol: reads and makes the frames.
        reader, writer: of the TCP connection.
    """

    protocol_class = ClientProtocol
    max_size: int | None = None

    def __init__(self, protocol: ClientProtocol, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._protocol = protocol
        self._reader = reader
        self._writer = writer
        self._events: list[Event] = []
        self._pieces: list[bytes] = []
        self._kind = Opcode.TEXT

    @classmethod
    async def open(cls, url: str, headers: Mapping[str, str], ca_file: str | None = None) -> "Socket":
        """Connect.

        Raises:
            Refused: the server does not want to.
            Closed: the connection broke before it answered.
            OSError: there is none.
        """
        uri = parse_uri(url)
        trusted = ssl.create_default_context(cafile=ca_file) if uri.secure else None
        reader, writer = await asyncio.open_connection(uri.host, uri.port, ssl=trusted)
        made = cls(cls.protocol_class(uri, max_size=cls.max_size), reader, writer)
        try:
            await made._shake_hands(headers)
        except BaseException:
            writer.close()
            raise
        return made

    async def _shake_hands(self, headers: Mapping[str, str]) -> None:
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)
        await self._flush()
        while self._protocol.handshake_exc is None:
            self._events += self._protocol.events_received()
            if self._events:
                break
            await self._read()
        problem = self._protocol.handshake_exc
        if isinstance(problem, InvalidStatus):
            raise Refused(problem.response)
        if problem is not None:
            raise Closed(1006, str(problem))

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Whatever the server sends, each message whole.

        Raises:
            Closed: at the end of the connection.
        """
        while True:
            # The first of them may have come with the answer to the upgrade.
            events, self._events = [*self._events, *self._protocol.events_received()], []
            for event in events:
                if isinstance(event, Frame) and (message := self.take(event)) is not None:
                    yield message
            if self._protocol.close_rcvd is not None:
                close = self._protocol.close_rcvd
                raise Closed(close.code, close.reason)
            if self._protocol.parser_exc is not None:
                await self._flush()
                raise Closed(1006, str(self._protocol.parser_exc))
            await self._read()

    def take(self, frame: Frame) -> str | bytes | None:
        """A message, once its last frame is there."""
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return None
        if frame.opcode is not Opcode.CONT:
            self._kind, self._pieces = frame.opcode, []
        self._pieces.append(bytes(frame.data))
        if not frame.fin:
            return None
        whole = b"".join(self._pieces)
        return whole.decode("utf-8", "replace") if self._kind is Opcode.TEXT else whole

    async def send(self, message: str) -> None:
        """Send a text.

        Raises:
            Closed: the connection is over.
        """
        try:
            self._protocol.send_text(message.encode())
        except WebSocketException:
            raise Closed(1006, "") from None
        await self._flush()

    async def close(self) -> None:
        """Say goodbye, and let go when the server has heard it or will not."""
        with contextlib.suppress(WebSocketException, OSError, Closed, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                if self._protocol.close_rcvd is None:
                    self._protocol.send_close(1000)
                    await self._flush()
                while not self._reader.at_eof():
                    await self._read()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        try:
            data = await self._reader.read(256 * 1024)
        except ConnectionError:
            raise Closed(1006, "") from None
        if not data:
            self._protocol.receive_eof()
            if self._protocol.close_rcvd is None and self._protocol.handshake_exc is None:
                raise Closed(1006, "")
            return
        self._protocol.receive_data(data)
        # Pongs, and the answer to a close frame.
        await self._flush()

    async def _flush(self) -> None:
        self._writer.write(b"".join(self._protocol.data_to_send()))
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()
