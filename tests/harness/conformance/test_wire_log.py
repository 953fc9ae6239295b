import asyncio
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy_harness.conformance.wire_log import BODY_KEPT, RecordingProtocol, WireLog

REQUEST = b"POST /v1/chat/completions?a=1 HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello"
ANSWER = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\ncontent-length: 0\r\n\r\n"


class Clock:
    """Shows what it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Transport(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.written = b""
        self.ended = ""

    def write(self, data) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


class Served(asyncio.Protocol):
    """A server's protocol that keeps what it is given."""

    def __init__(self) -> None:
        self.received = b""
        self.lost: list[Exception | None] = []

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


class Connection:
    """A recorded connection and both its ends."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.log = WireLog(self.clock)
        self.served = Served()
        self.transport = Transport()
        self.recorder = RecordingProtocol(self.log, self.served)
        self.recorder.connection_made(self.transport)

    def at(self, moment: float, data: bytes) -> None:
        """Let the client send."""
        self.clock.now = 100.0 + moment
        self.recorder.data_received(data)

    def answer(self, moment: float, data: bytes) -> None:
        """Let the server send."""
        self.clock.now = 100.0 + moment
        self.served.transport.write(data)


def test_requests_and_answers_are_timed_by_their_first_and_last_bytes() -> None:
    """On one clock that begins with the run."""
    connection = Connection()
    connection.at(1.0, REQUEST[:10])
    connection.at(1.5, REQUEST[10:])
    connection.answer(2.0, ANSWER[:20])
    connection.answer(2.5, ANSWER[20:])
    (exchange,) = connection.log.exchanges
    assert (exchange.started, exchange.read, exchange.answer_started, exchange.answered) == (1.0, 1.5, 2.0, 2.5)
    assert (exchange.method, exchange.target, exchange.path) == (
        "POST",
        "/v1/chat/completions?a=1",
        "/v1/chat/completions",
    )
    assert (exchange.header("x-a"), bytes(exchange.body), exchange.status) == ("1", b"hello", 429)
    assert exchange.answer_headers == [("Retry-After", "2"), ("content-length", "0")]
    assert connection.served.received == REQUEST
    assert connection.transport.written == ANSWER


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # nothing here depends on speed
@given(st.lists(st.integers(0, 2 * len(REQUEST)), max_size=8))
def test_however_requests_are_cut_the_log_is_the_same(cuts: list[int]) -> None:
    """Two requests on one socket, cut at any bytes."""
    connection = Connection()
    data = REQUEST + REQUEST
    places = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(places):
        if start < end:
            connection.at(1.0, data[start:end])
    assert [bytes(exchange.body) for exchange in connection.log.exchanges] == [b"hello", b"hello"]
    assert [exchange.target for exchange in connection.log.exchanges] == ["/v1/chat/completions?a=1"] * 2
    assert [exchange.number for exchange in connection.log.exchanges] == [1, 2]
    assert connection.served.received == data


def test_sockets_are_numbered_and_it_is_known_who_closed_them() -> None:
    """The client, unless the server let go first."""
    connection = Connection()
    connection.clock.now = 103.0
    connection.recorder.connection_lost(None)
    (socket,) = connection.log.sockets
    assert (socket.number, socket.opened, socket.closed, socket.closed_by) == (1, 0.0, 3.0, "client")
    assert connection.served.lost == [None]
    assert connection.log.open_sockets == []

    connection = Connection()
    assert connection.log.open_sockets == connection.log.sockets
    connection.served.transport.close()
    connection.recorder.connection_lost(None)
    assert connection.log.sockets[0].closed_by == "server"
    assert connection.transport.ended == "closed"


def test_what_is_no_http_is_noted_and_passed_on() -> None:
    """The server answers it as it would without us."""
    connection = Connection()
    connection.at(1.0, b"\x16\x03\x01 hello\r\n\r\n")
    connection.at(1.1, b"more")
    connection.answer(1.2, b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert connection.log.sockets[0].broken
    assert connection.served.received.endswith(b"more")
    assert connection.transport.written.startswith(b"HTTP/1.1 400")


def test_a_socket_that_is_upgraded_is_still_listened_to() -> None:
    """The protocol that takes it over stands behind the same recorder."""
    connection = Connection()
    connection.at(1.0, b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    taking_over = Served()
    connection.served.transport.set_protocol(taking_over)
    connection.at(2.0, b"\x81\x00")
    assert taking_over.received == b"\x81\x00"
    assert connection.served.transport.get_protocol() is taking_over
    assert len(connection.log.exchanges) == 1


def test_bodies_are_kept_up_to_a_bound_and_counted_beyond() -> None:
    """Of requests and of answers."""
    connection = Connection()
    size = BODY_KEPT + 10
    connection.at(1.0, b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    for part in (BODY_KEPT - 1, 11):
        connection.at(1.0, b"x" * part)
        connection.answer(2.0, b"y" * part)
    (exchange,) = connection.log.exchanges
    assert (len(exchange.body), exchange.body_size) == (BODY_KEPT, size)
    assert (len(exchange.answer), exchange.answer_size) == (BODY_KEPT, size)
    assert exchange.status is None


def test_the_transport_passes_everything_on() -> None:
    """The server's protocol asks it for many things."""
    connection = Connection()
    transport = connection.served.transport
    assert transport.get_extra_info("peername") == ("127.0.0.1", 1)
    transport.writelines([b"a", b"b"])
    assert connection.transport.written == b"ab"
    transport.abort()
    assert connection.transport.ended == "aborted"
    with pytest.raises(NotImplementedError):
        transport.pause_reading()


def test_the_run_begins_when_it_is_told_to() -> None:
    """Times before are negative, so that they cannot be taken for later ones."""
    connection = Connection()
    connection.clock.now = 105.0
    connection.log.begin()
    connection.clock.now = 106.0
    assert connection.log.now() == 1.0


@pytest.mark.parametrize(
    ("answer", "idle"),
    [
        (ANSWER, True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", False),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", False),
        (b"no HTTP", False),
        (b"", False),
    ],
)
def test_a_socket_is_idle_when_its_answers_are_whole(answer: bytes, idle: bool) -> None:
    """Only then may a client keep it for its next call; or when nothing was asked on it yet."""
    log = WireLog(Clock())
    socket = log.open_socket()
    assert log.is_idle(socket)
    exchange = log.begin_exchange(socket, 0.0)
    exchange.answer += answer
    exchange.answer_size = len(answer)
    assert log.is_idle(socket) is idle


def test_an_answer_that_is_too_large_to_keep_is_whole_when_it_ends() -> None:
    """A connection on which two megabytes came, to their end, may be kept for the next call."""
    log = WireLog(Clock())
    socket = log.open_socket()
    exchange = log.begin_exchange(socket, 0.0)
    body = b"x" * (2 * BODY_KEPT)
    exchange.take(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body[:BODY_KEPT])
    assert not log.is_idle(socket)
    exchange.take(body[BODY_KEPT:])
    assert log.is_idle(socket)
    assert (len(exchange.answer), exchange.answer_size > len(body)) == (BODY_KEPT, True)
