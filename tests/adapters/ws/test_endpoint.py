"""Realtime sessions over real sockets: who gets which interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from understudy import MockServer

BROWSER = ("realtime", "openai-insecure-api-key.sk-tier5-browser")
BETA = "openai-beta.realtime-v1"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(clock="virtual") as server:
        yield server


def first_event(server: MockServer, *protocols: str) -> dict[str, Any]:
    """Of a session that is opened as browsers do."""
    url = f"{server.websocket_base_url}/realtime?model=gpt-realtime"
    with connect(url, subprotocols=[Subprotocol(name) for name in protocols]) as socket:
        assert socket.subprotocol == "realtime"
        event: dict[str, Any] = json.loads(socket.recv(timeout=20))
        return event


def test_a_browser_chooses_the_interface_by_a_sub_protocol(server: MockServer) -> None:
    """Without the third one it is the GA interface."""
    assert "output_modalities" in first_event(server, *BROWSER)["session"]
    assert first_event(server, *BROWSER, BETA)["session"]["modalities"] == ["audio", "text"]


def test_where_what_is_over_is_refused_the_socket_opens_and_closes() -> None:
    """As recorded in 2026."""
    with MockServer(retired="reject") as server:
        url = f"{server.websocket_base_url}/realtime?model=gpt-realtime"
        with connect(url, subprotocols=[Subprotocol(name) for name in (*BROWSER, BETA)]) as socket:
            assert json.loads(socket.recv(timeout=20))["error"]["code"] == "beta_api_shape_disabled"
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4000
