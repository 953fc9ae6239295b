"""Clients that do not read: what is buffered for them, and what becomes of the rest."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from understudy import MockServer

pytest.importorskip("espeakng_loader")

KEY = "sk-tier5-slow"
HIGH_WATER = 64 * 1024
"""Bytes from which on asyncio asks a writer to wait."""
LONGEST_MESSAGE = 14_000
"""A delta of 200 ms of sound: 12,800 characters of base64 and its names."""
SMALL = 8_192
"""Of the client's receive buffer, so that the kernel holds little."""


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        server.rules.when(endpoint="realtime").reply("One two three four five six seven eight nine ten. " * 40)
        yield server


def drain(client: ClientConnection) -> None:
    """Read until the connection ends."""
    while True:
        client.recv(timeout=20)


def only_connection(server: MockServer) -> Any:
    """The protocol of the one open WebSocket."""
    assert server._service is not None
    (connection,) = [each for each in server._service._server._state.connections if hasattr(each, "conn")]
    return connection


def test_for_a_client_that_reads_nothing_a_few_messages_are_buffered(server: MockServer) -> None:
    """While the rest of a long answer is not made; it comes whole when the client reads."""
    address = urlsplit(server.base_url)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    raw.connect((address.hostname, address.port))
    url = f"{server.websocket_base_url}/realtime?model=gpt-realtime"
    # Two messages are taken from the socket, no more until they are asked for.
    with connect(url, sock=raw, additional_headers={"Authorization": f"Bearer {KEY}"}, max_queue=2) as client:
        assert json.loads(client.recv(timeout=20))["type"] == "session.created"
        client.send(json.dumps({"type": "response.create", "response": {"audio": {"output": {"voice": "echo"}}}}))
        connection = only_connection(server)
        deadline = time.monotonic() + 30
        while connection.writable.is_set():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        (entry,) = server.journal
        sent = entry.chunks
        assert connection.transport.get_write_buffer_size() <= HIGH_WATER + LONGEST_MESSAGE
        # The client may have asked for a little meanwhile, but nothing is added beyond the mark.
        for _ in range(200):
            assert connection.transport.get_write_buffer_size() <= HIGH_WATER + LONGEST_MESSAGE
        sound = 0
        while (event := json.loads(client.recv(timeout=20)))["type"] != "response.done":
            if event["type"] == "response.output_audio.delta":
                sound += len(base64.b64decode(event["delta"]))
        usage = event["response"]["usage"]["output_token_details"]
        assert usage["audio_tokens"] == -(-sound // 48 // 50)
        assert entry.chunks > 2 * sent


def test_sessions_are_not_compressed(server: MockServer) -> None:
    """Although the client offers it."""
    url = f"{server.websocket_base_url}/realtime?model=gpt-realtime"
    with connect(url, additional_headers={"Authorization": f"Bearer {KEY}"}, compression="deflate") as client:
        assert client.response is not None
        assert "Sec-WebSocket-Extensions" not in client.response.headers
        assert json.loads(client.recv(timeout=20))["type"] == "session.created"


def test_sessions_of_a_server_that_stops_are_told(server: MockServer) -> None:
    """In the middle of an answer: close 1001, and what was sent is charged and counted once."""
    url = f"{server.websocket_base_url}/realtime?model=gpt-realtime"
    with connect(url, additional_headers={"Authorization": f"Bearer {KEY}"}) as client:
        client.send(json.dumps({"type": "response.create"}))
        while json.loads(client.recv(timeout=20))["type"] != "response.output_audio.delta":
            pass
        server.stop()
        with pytest.raises(ConnectionClosed) as closed:
            drain(client)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    account = server.simulator.account(KEY)
    (entry,) = server.journal
    assert (account.organization.sessions, entry.turns) == (0, 1)
    assert entry.charge > 0
    assert entry.finished_at is not None
