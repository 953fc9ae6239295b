"""The short way: the same bytes as the ordinary one, in order, at the client's pace."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from select import select
from typing import Any
from urllib.parse import urlsplit

import pytest

from understudy import MockServer
from understudy.core.clock import SECOND

GUARD = 20
MOVING = ("x-request-id", "cf-ray", "connection")
HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Tell me in exactly 150 words about rain."}]}
LONG = {
    "model": "gpt-4o",
    "n": 8,
    "messages": [{"role": "user", "content": "Tell me in exactly 3000 words about rain."}],
}


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    with MockServer(clock="virtual") as server:
        yield server


@pytest.fixture
def server(running: MockServer) -> MockServer:
    running.reset()
    return running


@pytest.fixture
def slow() -> Iterator[MockServer]:
    with MockServer(clock="virtual", latency="ttft=10s,itl=1s") as server:
        yield server


def arrived(server: MockServer, count: int) -> None:
    """Return once so many requests have arrived; no time is waited for, calls take their turn with the server's loop."""
    while len([entry for entry in server.journal if entry.path == "/v1/chat/completions"]) < count:
        assert ask_health(server) == 200


def ask_health(server: MockServer) -> int:
    with urllib.request.urlopen(f"{server.control_url}/health", timeout=GUARD) as answer:
        status: int = answer.status
        return status


def is_silent(connection: socket.socket) -> bool:
    return not select([connection], [], [], 0)[0]


def received(connection: socket.socket, events: int) -> bytes:
    data = b""
    while data.count(b"data: ") < events:
        data += connection.recv(65_536)
    return data


def created(data: bytes) -> bytes:
    return data.partition(b'"created":')[2].partition(b",")[0]


def raw(body: dict[str, Any], path: str = "/v1/chat/completions") -> bytes:
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-a\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data


def connect(server: MockServer) -> socket.socket:
    address = urlsplit(server.base_url)
    assert address.hostname is not None
    assert address.port is not None
    return socket.create_connection((address.hostname, address.port), GUARD)


def streamed(server: MockServer, path: str) -> tuple[bytes, dict[str, str]]:
    address = urlsplit(server.base_url)
    assert address.hostname is not None
    connection = HTTPConnection(address.hostname, address.port, timeout=GUARD)
    headers = {"authorization": "Bearer sk-a"}
    connection.request("POST", path, json.dumps({**HELLO, "stream": True}), headers)
    with closing(connection), connection.getresponse() as answer:
        assert answer.status == 200
        return answer.read(), {name: value for name, value in answer.getheaders() if name not in MOVING}


def test_a_stream_has_the_same_bytes_either_way(server: MockServer) -> None:
    """A query keeps a request off the short way."""
    short, short_headers = streamed(server, "/v1/chat/completions")
    server.reset()
    ordinary, ordinary_headers = streamed(server, "/v1/chat/completions?")
    assert short == ordinary
    assert short.endswith(b"data: [DONE]\n\n")
    assert short_headers == ordinary_headers


def test_the_first_event_is_sent_by_itself(server: MockServer) -> None:
    """Before the rest is made."""
    with connect(server) as connection:
        connection.sendall(raw({**HELLO, "stream": True}))
        data = connection.recv(65_536)
        while b"data: [DONE]" not in data:
            data += connection.recv(65_536)
    first = data.partition(b"\r\n\r\n")[2].partition(b"\r\n")[2]
    assert first.partition(b"\r\n")[0].count(b"data: ") == 1


def test_requests_that_come_before_the_end_of_a_stream_are_answered_in_order(server: MockServer) -> None:
    """Three of them in one packet: stream, whole, stream."""
    whole = {**HELLO, "messages": [{"role": "user", "content": "Say this is a test"}]}
    with connect(server) as connection:
        connection.sendall(raw({**HELLO, "stream": True}) + raw(whole) + raw({**HELLO, "stream": True}))
        data = b""
        while data.count(b"data: [DONE]") < 2:
            data += connection.recv(65_536)
    assert data.count(b"HTTP/1.1 200 OK") == 3
    places = [data.index(b"data: [DONE]"), data.index(b"This is a test"), data.rindex(b"data: [DONE]")]
    assert places == sorted(places)
    assert [entry.complete for entry in server.journal] == [True, True, True]


def test_a_stream_waits_for_a_client_that_does_not_read(server: MockServer) -> None:
    """The server goes on with others meanwhile, and does not keep the whole answer in memory."""
    with connect(server) as connection:
        connection.sendall(raw({**LONG, "stream": True}))
        data = connection.recv(65_536)
        assert streamed(server, "/v1/chat/completions")[0].endswith(b"data: [DONE]\n\n")
        assert server.journal[0].finished_at is None
        while not data.endswith(b"0\r\n\r\n"):
            data = data[-16:] + connection.recv(1_000_000)
    streamed(server, "/v1/chat/completions")
    assert server.journal[0].finished_at is not None
    assert server.journal[0].complete


def test_a_client_that_goes_is_charged_for_what_was_written(server: MockServer) -> None:
    """And the server forgets the rest."""
    with connect(server) as connection:
        connection.sendall(raw({**LONG, "stream": True}))
        connection.recv(65_536)
    for _ in range(200):
        # Calls take their turn with the loop that notices the end; no time is waited for.
        streamed(server, "/v1/chat/completions")
        if server.journal[0].finished_at is not None and server.journal[0].usage is not None:
            break
    entry = server.journal[0]
    assert not entry.complete
    assert entry.usage is not None
    assert 0 < entry.usage.text_out < 8 * 3_000


def test_a_paced_stream_has_the_same_bytes_either_way() -> None:
    """And the same moments on the server's clock."""
    with MockServer(clock="autojump", latency="ttft=60s,itl=5s") as paced:
        short, short_headers = streamed(paced, "/v1/chat/completions")
        first = paced.journal[0]
        paced.reset()
        ordinary, ordinary_headers = streamed(paced, "/v1/chat/completions?")
        second = paced.journal[0]
    assert short.replace(created(short), created(ordinary)) == ordinary
    assert {**short_headers, "date": ""} == {**ordinary_headers, "date": ""}
    assert first.finished_at is not None
    assert second.finished_at is not None
    assert (first.finished_at - first.at) // SECOND == (second.finished_at - second.at) // SECOND > 600
    assert first.usage == second.usage


def test_a_part_is_sent_at_its_moment_and_not_before(slow: MockServer) -> None:
    """Head and first event after the time to the first token, each further one after the time between tokens."""
    with connect(slow) as connection:
        connection.sendall(raw({**HELLO, "stream": True}))
        arrived(slow, 1)
        assert is_silent(connection)
        slow.clock.advance(10)
        opening = received(connection, 2)
        assert opening.startswith(b"HTTP/1.1 200 OK\r\n")
        for _ in range(3):
            assert is_silent(connection)
            slow.clock.advance(1)
            assert received(connection, 1).count(b"data: ") == 1


def test_a_request_waits_behind_a_paced_stream(slow: MockServer) -> None:
    """Two of them, answered in order when it has ended."""
    whole = {**HELLO, "messages": [{"role": "user", "content": "Say this is a test"}]}
    with connect(slow) as connection:
        connection.sendall(raw({**HELLO, "stream": True}) + raw(whole) + raw(whole))
        arrived(slow, 1)
        slow.clock.advance(10)
        data = received(connection, 2)
        slow.clock.advance(3_600)
        while b"[DONE]" not in data:
            data += connection.recv(65_536)
        assert b"This is a test" not in data
        for number in (2, 3):
            arrived(slow, number)
            slow.clock.advance(3_600)
            while data.count(b"This is a test") < number - 1:
                data += connection.recv(65_536)
    assert data.index(b"[DONE]") < data.index(b"This is a test")


def test_a_client_that_leaves_a_paced_stream_is_charged_for_what_it_got(slow: MockServer) -> None:
    """And nothing is left waiting."""
    with connect(slow) as connection:
        connection.sendall(raw({**HELLO, "stream": True}))
        arrived(slow, 1)
        slow.clock.advance(10)
        received(connection, 2)
    while (entry := slow.journal[0]).usage is None:
        # Calls take their turn with the loop that notices the end; no time is waited for.
        slow.clock.advance(0)
        assert ask_health(slow) == 200
    assert not entry.complete
    assert entry.usage.text_out == 1


def test_a_server_ends_with_paced_streams_under_way() -> None:
    """Promptly, and the stream is told apart from a whole one by its missing end."""
    with MockServer(clock="virtual", latency="ttft=10s,itl=1s") as server:
        connection = connect(server)
        connection.sendall(raw({**HELLO, "stream": True}))
        arrived(server, 1)
        server.clock.advance(10)
        data = received(connection, 2)
    with connection:
        while more := connection.recv(65_536):
            data += more
    assert not data.endswith(b"0\r\n\r\n")


def test_a_status_without_a_name_is_sent(server: MockServer) -> None:
    """As a fault script may ask for."""
    server.faults.add({"status": 529, "text": "Overloaded"})
    with connect(server) as connection:
        connection.sendall(raw(HELLO))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 529\r\n")
