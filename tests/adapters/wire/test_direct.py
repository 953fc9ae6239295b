"""The short way: the same bytes as the ordinary one, in order, at the client's pace."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from understudy import MockServer

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


def test_a_status_without_a_name_is_sent(server: MockServer) -> None:
    """As a fault script may ask for."""
    server.faults.add({"status": 529, "text": "Overloaded"})
    with connect(server) as connection:
        connection.sendall(raw(HELLO))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 529\r\n")
