import asyncio
import gc
import logging
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from understudy.adapters import serving
from understudy.adapters.http.asgi import Application, Receive, Scope, Send
from understudy.adapters.serving import CannotListenError, MockServerError, PortInUseError, Server, listen

GUARD = 60
"""Seconds after which a test that hangs is ended; nothing waits for them."""

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
CLOSE_1001 = b"\x88\x02" + struct.pack("!H", 1001)


class Running:
    """A server in a thread, and what became of it."""

    def __init__(self, application: Application) -> None:
        listener = listen("127.0.0.1", 0)
        self.port = listener.getsockname()[1]
        self.server = Server(application, listener, certificates=None)
        self.ready = threading.Event()
        self.failures: list[BaseException] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.ready.wait(GUARD)

    def stop(self) -> None:
        self.server.stop()
        self.thread.join(GUARD)
        assert not self.thread.is_alive()
        assert not self.failures

    def request(self, head: bytes = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n") -> socket.socket:
        """Open a connection and ask."""
        connection = socket.create_connection(("127.0.0.1", self.port), GUARD)
        connection.sendall(head)
        return connection

    def _run(self) -> None:
        try:
            self.server.run(self.ready.set)
        except BaseException as failure:
            self.failures.append(failure)


@contextmanager
def running(application: Application) -> Iterator[Running]:
    """A server for the block."""
    server = Running(application)
    try:
        yield server
    finally:
        server.stop()


async def whole(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Begin a stream and never end it; stop when the client has gone."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


async def deaf(scope: Scope, receive: Receive, send: Send) -> None:
    """Never answer, and never look whether the client has gone."""
    await asyncio.Event().wait()


async def sockets(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept a socket and keep it open."""
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes in good order."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def drain(client: ClientConnection) -> None:
    """Read until the socket is closed."""
    while True:
        client.recv(GUARD)


def test_a_stopped_server_has_answered_and_closed() -> None:
    """An idle connection ends in good order, and the port is free again."""
    with running(whole) as server, closing(server.request()) as connection:
        assert b"200 OK" in connection.recv(65_536)
        server.stop()
        assert connection.recv(1) == b""
    listen("127.0.0.1", server.port).close()


def test_a_stream_under_way_is_cut_without_a_final_chunk() -> None:
    """Who reads it sees that it is incomplete, and is not left hanging."""
    with running(endless) as server, closing(server.request()) as connection:
        begun = connection.recv(65_536)
        server.stop()
        body = begun + read_all(connection)
    assert b"5\r\nfirst\r\n" in body
    assert not body.endswith(b"0\r\n\r\n")


def test_an_answer_that_ignores_the_end_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the application waits for, and without calling that its failure."""
    with running(deaf) as server, closing(server.request()) as connection:
        server.stop()
        assert read_all(connection) == b""
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_client_that_does_not_read_is_not_waited_for() -> None:
    """Its connection is reset when its time is up."""

    async def torrent(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})

    with running(torrent) as server, closing(server.request()) as connection:
        connection.recv(1)
        server.stop()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits for the goodbyes of its clients however slow this machine is."""
    monkeypatch.setattr(serving, "FINISH_SECONDS", GUARD)


@pytest.mark.usefixtures("patient")
def test_a_socket_hears_that_the_server_goes_away() -> None:
    """Close code 1001, after a proper closing handshake."""
    with running(sockets) as server, connect(f"ws://127.0.0.1:{server.port}", close_timeout=GUARD) as client:
        server.stop()
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(GUARD)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001
    assert caught.value.rcvd_then_sent is True


@pytest.mark.usefixtures("patient")
def test_a_socket_that_is_being_written_to_hears_it_too() -> None:
    """The connection stays until the client has said goodbye: closed before, TCP would reset it, and drop our words."""
    with running(sockets) as server, closing(server.request(HANDSHAKE)) as client:
        assert b" 101 " in client.recv(65_536)
        server.server.stop()
        assert client.recv(65_536) == CLOSE_1001
        # What was on its way meanwhile, more than the buffers between us hold, and then our own goodbye.
        audio = bytes(1 << 20)
        client.sendall((b"\x82\xff" + struct.pack("!Q", len(audio)) + bytes(4) + audio) * 8)
        client.sendall(b"\x88\x82" + bytes(4) + struct.pack("!H", 1001))
        assert read_all(client) == b""


def test_a_socket_whose_application_goes_on_sending_is_closed_all_the_same() -> None:
    """What it sends after the goodbye goes nowhere, and is no failure."""

    async def talkative(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "text": "and another thing"})
            await asyncio.sleep(0)

    with running(talkative) as server, connect(f"ws://127.0.0.1:{server.port}", close_timeout=GUARD) as client:
        assert client.recv(GUARD) == "and another thing"
        server.stop()
        with pytest.raises(ConnectionClosed) as caught:
            drain(client)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001


def test_a_socket_that_the_client_closes_is_closed_as_ever() -> None:
    """The goodbye of a stopping server changes nothing for the others."""
    with running(sockets) as server, connect(f"ws://127.0.0.1:{server.port}") as client:
        client.close(4321, "enough")
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(GUARD)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd_then_sent) == (4321, False)


def test_what_sockets_carry_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Handshakes hold keys, and frames hold recordings of people."""
    caplog.set_level(logging.DEBUG)
    headers = {"authorization": "Bearer sk-secret"}
    logging.getLogger("websockets.client").setLevel(logging.INFO)
    with (
        running(sockets) as server,
        connect(f"ws://127.0.0.1:{server.port}", additional_headers=headers) as client,
    ):
        client.send("my secret")
    assert "secret" not in caplog.text


def test_stopping_is_asked_for_at_any_time() -> None:
    """Before it began, while it runs, twice, and after it ended."""
    listener = listen("127.0.0.1", 0)
    server = Server(whole, listener, certificates=None)
    server.stop()
    server.run(lambda: None)
    server.stop()
    server.stop()
    assert listener.fileno() == -1


def test_a_failure_to_announce_ends_the_server() -> None:
    """Whoever waits for the announcement would wait for ever."""
    listener = listen("127.0.0.1", 0)

    def announce() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Server(whole, listener, certificates=None).run(announce)
    assert listener.fileno() == -1


def test_a_port_in_use_is_an_error_with_its_facts() -> None:
    """One sentence, and what to do."""
    with closing(listen("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError) as caught:
            listen("127.0.0.1", port)
    assert str(caught.value) == (
        f"Cannot listen on 127.0.0.1 port {port}: the port is in use; choose another, or 0 for a free one."
    )
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", port)
    assert isinstance(caught.value, MockServerError)


@pytest.mark.parametrize("host", ["192.0.2.1", "understudy.invalid"])
def test_an_address_of_somebody_else_is_an_error(host: str) -> None:
    """Whether it is another machine's or nobody's at all."""
    with pytest.raises(CannotListenError, match=f"Cannot listen on {host} port 0: "):
        listen(host, 0)


def test_a_name_with_two_addresses_is_listened_to_on_the_one_that_everybody_tries() -> None:
    """`localhost` is 127.0.0.1 to all clients, ::1 to some."""
    with closing(listen("localhost", 0)) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


@pytest.mark.skipif(os.name == "nt", reason="Windows counts no descriptors this way")
def test_a_server_leaves_no_descriptor_behind() -> None:
    """Started and stopped a thousand times in a test run, it must not use up what the process has."""
    from pathlib import Path

    count: Callable[[], int] = lambda: len(list(Path("/dev/fd").iterdir()))  # noqa: E731
    Running(whole).stop()
    gc.collect()
    before = count()
    for _ in range(5):
        Running(whole).stop()
    gc.collect()
    assert count() == before
