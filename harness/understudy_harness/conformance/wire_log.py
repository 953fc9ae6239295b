"""The wire log: every socket and every request of one run, with times on the suite's own clock.

It is the first evidence of a case; what the client says about itself is the second. Times are seconds on one monotonic
clock, counted from the moment the run began. `RecordingProtocol` stands between the event loop and the server's own
protocol and passes everything on, so that the server under the client is the one that everybody else gets.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Any

import httptools

from understudy_harness.conformance.frame_log import CLIENT, SERVER, FrameLog

BODY_KEPT = 1024 * 1024
"""Bytes kept of one request body, and of one answer; the sizes are counted on."""


class Exchange:
    """A request and its answer.

    Requests that are pipelined (sent before the answer to the one before) would be given each other's answers; no
    client of this API does so.

    Attributes:
        number: of the request, from 1, in the order of their first bytes.
        socket: number of the socket it came on.
        started: first byte of the request.
        read: its last byte, None while it is under way.
        method, target: as on the request line.
        headers: names as spelled.
        body: its first bytes; `body_size` counts all.
        answer_started, answered: first and last byte of the answer, handed to the operating system; None before.
        answer: its first bytes, head and body as sent; `answer_size` counts all.
    """

    __slots__ = (
        "answer", "answer_size", "answer_started", "answered", "body", "body_size", "headers", "method", "number",
        "read", "reader", "socket", "started", "target",
    )  # fmt: skip

    def __init__(self, number: int, socket: int, started: float) -> None:
        self.number = number
        self.socket = socket
        self.started = started
        self.read: float | None = None
        self.method = ""
        self.target = ""
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.body_size = 0
        self.answer_started: float | None = None
        self.answered: float | None = None
        self.answer = bytearray()
        self.answer_size = 0
        self.reader: _AnswerReader | None = None

    def take(self, data: bytes) -> None:
        """Note a piece of the answer; of what is too much to keep, only whether it ends is known."""
        kept = data[: max(0, BODY_KEPT - self.answer_size)]
        self.answer += kept
        self.answer_size += len(data)
        if len(kept) < len(data):
            self.reader = self.reader or _AnswerReader(bytes(self.answer))
            self.reader.feed(data[len(kept) :])

    @property
    def status(self) -> int | None:
        """The status of the answer, None while there is none."""
        fields = bytes(self.answer[:64]).split(b" ", 2)
        return int(fields[1]) if len(fields) > 1 and fields[0].startswith(b"HTTP/") and fields[1].isdigit() else None

    @property
    def answer_headers(self) -> list[tuple[str, str]]:
        """Those of the answer, as far as it was kept and has the form of HTTP."""
        head = bytes(self.answer).partition(b"\r\n\r\n")[0].decode("latin-1")
        pairs = [line.partition(":") for line in head.split("\r\n")[1:]]
        return [(name, value.strip()) for name, colon, value in pairs if colon]

    @property
    def whole(self) -> bool:
        """Whether the answer has come to its end, by the rules of HTTP, and leaves the connection usable."""
        return (self.reader or _AnswerReader(bytes(self.answer))).whole

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """The values of a header, joined by a comma; None when it was not sent."""
        values = [value for spelled, value in self.headers if spelled.lower() == name.lower()]
        return ", ".join(values) if values else None


class _AnswerReader:
    """Reads one answer.

    Attributes:
        whole: whether it has come to its end and the connection can be used again.
    """

    def __init__(self, answer: bytes) -> None:
        self.whole = False
        self._parser = httptools.HttpResponseParser(self)
        self.feed(answer)

    def feed(self, answer: bytes) -> None:
        """Read on."""
        try:
            self._parser.feed_data(answer)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.whole = False

    def on_message_complete(self) -> None:
        """Its last byte; only now does the parser know about the connection."""
        self.whole = self._parser.should_keep_alive()


class Socket:
    """One connection.

    Attributes:
        number: from 1, in the order they were opened.
        opened: when it was accepted.
        closed: when it was gone, None while it is open.
        closed_by: "client", "server", or "suite" for one that was cut when the run was over; empty while it is open.
        broken: what the client sent that is no HTTP, in words; empty when all was well.
        frames: what passed over it as a WebSocket, None when it never was one.
    """

    __slots__ = ("broken", "closed", "closed_by", "frames", "number", "opened")

    def __init__(self, number: int, opened: float) -> None:
        self.number = number
        self.opened = opened
        self.closed: float | None = None
        self.closed_by = ""
        self.broken = ""
        self.frames: FrameLog | None = None


class WireLog:
    """All sockets and exchanges of one run, oldest first.

    Args:
        clock: tells the time in seconds, monotonic.

    Attributes:
        exchanges: requests with their answers.
        sockets: connections.
        on_change: called after each event, to wake who waits for one.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._zero = clock()
        self.exchanges: list[Exchange] = []
        self.sockets: list[Socket] = []
        self.on_change: Callable[[], None] = _nothing

    def now(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._zero

    def begin(self) -> None:
        """Let the run begin now."""
        self._zero = self._clock()

    @property
    def open_sockets(self) -> list[Socket]:
        """Those that are open."""
        return [socket for socket in self.sockets if socket.closed is None]

    def is_idle(self, socket: Socket) -> bool:
        """Whether nothing is under way on it: it may be kept for the next request.

        Its requests have been answered, each to the end, or there was none: some HTTP libraries open a new connection
        for each that they had to close.
        """
        own = (exchange for exchange in self.exchanges if exchange.socket == socket.number)
        return not socket.broken and all(exchange.whole for exchange in own)

    def open_socket(self) -> Socket:
        """Note a connection."""
        socket = Socket(len(self.sockets) + 1, self.now())
        self.sockets.append(socket)
        return socket

    def begin_exchange(self, socket: Socket, started: float) -> Exchange:
        """Note the first byte of a request."""
        exchange = Exchange(len(self.exchanges) + 1, socket.number, started)
        self.exchanges.append(exchange)
        return exchange


def _nothing() -> None:
    pass


class RecordingProtocol(asyncio.Protocol):
    """Writes down what passes between the event loop and a server's protocol.

    Args:
        log: where to.
        served: the server's protocol for this connection.
    """

    def __init__(self, log: WireLog, served: asyncio.Protocol) -> None:
        self.served = served
        self._log = log
        self._parser = httptools.HttpRequestParser(self)
        self._socket = Socket(0, 0.0)  # both stand in until there are real ones; they are in no log
        self._exchange = Exchange(0, 0, 0.0)
        self._arrived = 0.0
        self._readable = True
        self._upgrading = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the socket, and give the server a transport that is listened to."""
        self._socket = self._log.open_socket()
        connection = transport.get_extra_info("socket")
        if connection is not None:
            # asyncio leaves accepted sockets as they are: a small write would wait for the client's delayed ACK.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = _RecordingTransport(transport, self)  # type: ignore[arg-type]  # create_server gives Transports
        self.served.connection_made(self.transport)

    def data_received(self, data: bytes) -> None:
        """Note what the client sent."""
        self._arrived = self._log.now()
        if self._socket.frames is not None:
            self._socket.frames.feed(CLIENT, data)
        elif self._readable:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade:
                # No client sends frames before it has the answer.
                self._readable, self._upgrading = False, True
            except httptools.HttpParserError as problem:
                self._readable = False
                self._socket.broken = str(problem)
        self._log.on_change()
        self.served.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self.served.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the socket is gone, and who let it go."""
        self._socket.closed = self._log.now()
        self._socket.closed_by = self._socket.closed_by or "client"
        self.served.connection_lost(exc)
        self._log.on_change()

    def pause_writing(self) -> None:
        """Pass it on."""
        self.served.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self.served.resume_writing()

    def note_answer(self, data: bytes | bytearray | memoryview) -> None:
        """Note what the server sent; frames of a WebSocket are no part of the answer to its upgrade."""
        if self._socket.frames is not None:
            self._socket.frames.feed(SERVER, bytes(data))
            self._log.on_change()
            return
        exchange = self._exchange
        exchange.answered = self._log.now()
        if exchange.answer_started is None:
            exchange.answer_started = exchange.answered
        exchange.take(bytes(data))
        if self._upgrading and exchange.status == 101 and b"\r\n\r\n" in exchange.answer:
            self._socket.frames = FrameLog(self._log.now)
        self._log.on_change()

    def note_close(self) -> None:
        """Note that the server lets the socket go."""
        self._socket.closed_by = self._socket.closed_by or "server"

    # What httptools calls while it reads a request.

    def on_message_begin(self) -> None:
        """Its first byte."""
        self._exchange = self._log.begin_exchange(self._socket, self._arrived)

    def on_url(self, url: bytes) -> None:
        """Its target, which may come in pieces."""
        self._exchange.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._exchange.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """All headers."""
        self._exchange.method = self._parser.get_method().decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._exchange.body += body[: max(0, BODY_KEPT - self._exchange.body_size)]
        self._exchange.body_size += len(body)

    def on_message_complete(self) -> None:
        """Its last byte."""
        self._exchange.read = self._arrived


class _RecordingTransport(asyncio.Transport):
    """A transport that tells its protocol what is written before it writes it."""

    def __init__(self, transport: asyncio.Transport, recorder: RecordingProtocol) -> None:
        super().__init__()
        self._transport = transport
        self._recorder = recorder

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._recorder.note_answer(data)
        self._transport.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        self._recorder.note_close()
        self._transport.close()

    def abort(self) -> None:
        self._recorder.note_close()
        self._transport.abort()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """A WebSocket takes the connection over: it is listened to as well."""
        self._recorder.served = protocol  # type: ignore[assignment]  # a streaming protocol, as the one before

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._recorder.served

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def write_eof(self) -> None:
        self._transport.write_eof()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._transport.get_write_buffer_limits()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)
