"""Faults of realtime sessions, as a client meets them on a real socket."""

from __future__ import annotations

import json
import socket as sockets
import struct
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from understudy import MockServer

KEY = "sk-tier5-credits-10-faulty"


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(clock="virtual") as server:
        yield server


def opened(server: MockServer, fault: object = None) -> ClientConnection:
    """A session of its own."""
    headers = {"Authorization": f"Bearer {KEY}"}
    if fault is not None:
        headers["x-understudy-fault"] = fault if isinstance(fault, str) else json.dumps(fault)
    url = f"{server.websocket_base_url}/realtime?model=gpt-realtime"
    return connect(url, additional_headers=headers, max_size=None)


def say(socket: ClientConnection, text: str = "Say hello") -> None:
    """Ask for an answer in text."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
    socket.send(json.dumps({"type": "response.create", "response": {"output_modalities": ["text"]}}))


def heard(socket: ClientConnection, last: str = "rate_limits.updated") -> list[dict[str, Any]]:
    """Events up to one."""
    events: list[dict[str, Any]] = []
    while not events or events[-1].get("type") != last:
        events.append(json.loads(socket.recv(timeout=20)))
    return events


def eventually(condition: Callable[[], bool]) -> None:
    """What the server does when a client has gone, it does in its own time."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def kinds(events: list[dict[str, Any]]) -> list[Any]:
    return [event.get("type") for event in events]


def until_closed(socket: ClientConnection) -> tuple[list[str], ConnectionClosed]:
    """What came, and how it ended."""
    came = []
    try:
        while True:
            came.append(str(socket.recv(timeout=20)))
    except ConnectionClosed as closed:
        return came, closed


def test_a_session_is_closed_at_an_event_with_a_code(server: MockServer) -> None:
    """And charged no further than it was told."""
    fault = {"cut": {"after_events": 6}, "websocket": {"close": 1013, "reason": "Try again later"}}
    with opened(server, fault) as socket:
        say(socket)
        came, closed = until_closed(socket)
    assert len(came) == 6
    assert closed.rcvd is not None
    assert (closed.rcvd.code, closed.rcvd.reason) == (1013, "Try again later")
    eventually(lambda: server.journal[-1].finished_at is not None)
    (entry,) = [entry for entry in server.journal if entry.path == "/v1/realtime"]
    assert (entry.fault, entry.chunks, entry.closed) == ("cut, websocket", 6, 1013)
    assert server.account(KEY).view().sessions == 0


def test_a_session_is_closed_before_its_first_event(server: MockServer) -> None:
    with opened(server, {"websocket": {"close": 1011}}) as socket:
        came, closed = until_closed(socket)
    assert came == []
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1011


@pytest.mark.parametrize("end", ["fin", "rst"])
def test_a_session_is_dropped_without_a_word(server: MockServer, end: str) -> None:
    with opened(server, {"cut": {"after_events": 1}, "end": end}) as socket:
        came, closed = until_closed(socket)
    assert len(came) == 1
    assert closed.rcvd is None
    if end == "rst":
        assert isinstance(closed.__cause__, ConnectionResetError)


def test_a_message_can_end_in_its_middle(server: MockServer) -> None:
    with opened(server, {"cut": {"after_events": 1, "after_bytes": 30}, "end": "fin"}) as socket:
        socket.send('{"type": "input_audio_buffer.clear"}')
        came, closed = until_closed(socket)
    assert [json.loads(event)["type"] for event in came] == ["session.created"]
    assert closed.rcvd is None


def test_an_upgrade_is_refused_with_what_a_step_says(server: MockServer) -> None:
    server.faults.add({"path": "/v1/realtime", "status": 503, "headers": {"retry-after": "7"}, "on": 1})
    with pytest.raises(InvalidStatus) as refused:
        opened(server)
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["retry-after"] == "7"
    assert [entry.status for entry in server.journal] == [503]
    with opened(server) as socket:
        assert kinds(heard(socket, "session.created")) == ["session.created"]


@pytest.mark.parametrize("end", ["fin", "rst"])
def test_an_upgrade_is_not_answered_at_all(server: MockServer, end: str) -> None:
    address = urlsplit(server.base_url)
    with sockets.create_connection((address.hostname, address.port), timeout=20) as raw:
        key = b64encode(bytes(16)).decode()
        raw.sendall(
            f"GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f'x-understudy-fault: {{"silent": true, "end": "{end}"}}\r\n\r\n'.encode()
        )
        if end == "rst":
            with pytest.raises(ConnectionResetError):
                raw.recv(100)
        else:
            assert raw.recv(100) == b""
    eventually(lambda: server.account(KEY).view().sessions == 0)


def test_events_are_lost_doubled_swapped_and_made_up(server: MockServer) -> None:
    with opened(server) as socket:
        say(socket)
        ordinary = kinds(heard(socket))
    made_up = {"json": {"type": "response.unheard_of", "event_id": "event_x"}}
    fault = {
        "events": [
            {"drop": "response.content_part.added"},
            {"duplicate": "response.output_text.done"},
            {"swap": [2, 3]},
            {"insert": [made_up], "at": "response.done"},
        ]
    }
    with opened(server, fault) as socket:
        say(socket)
        odd = kinds(heard(socket))
    assert "response.content_part.added" not in odd
    assert odd.count("response.output_text.done") == 2
    assert (odd[1], odd[2]) == (ordinary[2], ordinary[1])
    assert odd[odd.index("response.done") - 1] == "response.unheard_of"


def test_an_event_is_no_json_and_another_is_enormous(server: MockServer) -> None:
    fault = {"events": [{"text": '{"type": "session.cre', "at": 1}, {"pad": 3_000_000, "at": "response.done"}]}
    with opened(server, fault) as socket:
        assert socket.recv(timeout=20) == '{"type": "session.cre'
        say(socket)
        done = heard(socket)[-2]
    assert len(done["x_padding"]) == 3_000_000


def test_an_event_comes_late(server: MockServer) -> None:
    """By the clock of the server."""
    with opened(server, {"stall": {"after_events": 1, "for": "30s"}}) as socket:
        heard(socket, "session.created")
        say(socket)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.05)
        server.clock.advance(30)
        assert heard(socket)[-2]["response"]["status"] == "completed"


def test_a_session_falls_silent_and_stays_open(server: MockServer) -> None:
    with opened(server, {"stall": {"after_events": 1}}) as socket:
        heard(socket, "session.created")
        for _ in range(100):
            socket.send("{}")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.05)
        assert socket.ping().wait(20)


def test_pings_storm_and_messages_come_in_pieces(server: MockServer) -> None:
    """Read by hand: a client's library hides both."""
    address = urlsplit(server.base_url)
    with sockets.create_connection((address.hostname, address.port), timeout=20) as raw, raw.makefile("rb") as stream:
        key = b64encode(bytes(16)).decode()
        raw.sendall(
            f"GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f'x-understudy-fault: {{"websocket": {{"pings": 3, "fragments": [1, 200]}}}}\r\n\r\n'.encode()
        )
        while stream.readline() != b"\r\n":
            pass
        pings, pieces, final = 0, [], False
        while not final:
            first, second = stream.read(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack(">H", stream.read(2))
            data = stream.read(length)
            if first & 15 == 9:
                pings += 1
                continue
            pieces.append(data)
            final = bool(first & 128)
    assert pings == 3
    assert {len(piece) for piece in pieces[:-1:2]} == {1}
    assert {len(piece) for piece in pieces[1:-1:2]} == {200}
    assert json.loads(b"".join(pieces))["type"] == "session.created"


def test_a_slow_reader_takes_one_message_after_the_other(server: MockServer) -> None:
    with opened(server, {"websocket": {"read_pause": "10s"}}) as socket:
        heard(socket, "session.created")
        say(socket)
        for wanted in ("conversation.item.done", "rate_limits.updated"):
            with pytest.raises(TimeoutError):
                socket.recv(timeout=0.05)
            server.clock.advance(10)
            heard(socket, wanted)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"websocket": {}}, "'websocket' says nothing"),
        ({"websocket": {"close": 1006}}, "must be a close code that may be sent"),
        ({"websocket": {"reason": "why"}}, "must be at most 123 bytes beside a 'close'"),
        ({"websocket": {"pings": 10_001}}, "must be at most 10000"),
        ({"websocket": {"waves": 1}}, "there are close, reason, pings, fragments, read_pause"),
        ({"events": [{"pad": 0}]}, "whole number of at least 1"),
    ],
)
def test_what_cannot_be_meant_is_told(server: MockServer, step: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("'", ".")):
        server.faults.add(step)
    with opened(server, step) as socket:
        came, closed = until_closed(socket)
    assert json.loads(came[0])["error"]["code"] == "understudy_fault"
    assert closed.rcvd is not None
    assert closed.rcvd.code == 4000
