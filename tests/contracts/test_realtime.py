"""Realtime sessions over memory and over a real Redis: admitted, charged, limited and counted alike."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import understudy
from understudy import MockServer

if TYPE_CHECKING:
    from tests.contracts.conftest import RedisServer

client = pytest.importorskip("websockets.sync.client")
exceptions = pytest.importorskip("websockets.exceptions")

TEXT = {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}
RESPOND = {"type": "response.create"}


def user(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory"
    running: RedisServer = request.getfixturevalue("redis_server")
    return running.url


@pytest.fixture
def server(store: str) -> Iterator[MockServer]:
    with MockServer(store=store) as made:
        urllib.request.urlopen(urllib.request.Request(f"{made.control_url}/reset", method="POST"), timeout=20).close()
        yield made


class Session:
    """One session on a socket."""

    def __init__(self, server: MockServer, key: str = "sk-tier5-voice", query: str = "model=gpt-realtime") -> None:
        url = f"{server.websocket_base_url}/realtime?{query}"
        self.socket = client.connect(url, additional_headers={"Authorization": f"Bearer {key}"}, open_timeout=20)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def read(self, *ends: str) -> list[dict[str, Any]]:
        """Events up to one of some types."""
        events: list[dict[str, Any]] = []
        while not events or events[-1]["type"] not in ends:
            events.append(json.loads(self.socket.recv(timeout=20)))
        return events

    def send(self, *events: dict[str, Any]) -> None:
        for event in events:
            self.socket.send(json.dumps(event))

    def turn(self, text: str, **settings: Any) -> dict[str, Any]:
        """The response to a text, when it is done."""
        self.send(user(text), {**RESPOND, "response": settings})
        response = self.read("response.done")[-1]["response"]
        assert isinstance(response, dict)
        return response


def account(server: MockServer, key: str) -> dict[str, Any]:
    """An account as the control API shows it."""
    with urllib.request.urlopen(f"{server.control_url}/accounts/{key}", timeout=20) as answer:
        found = json.load(answer)
    assert isinstance(found, dict)
    return found


def charged(before: dict[str, Any], after: dict[str, Any]) -> float:
    """Dollars between two looks at an account."""
    return float(before["balance"]) - float(after["balance"])


def until(holds: Callable[[], bool]) -> None:
    """Ask until it holds."""
    patience = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < patience


def test_a_conversation_is_answered_and_charged(server: MockServer) -> None:
    """Text, then speech that is heard and transcribed; the balance falls by what the journal says."""
    pytest.importorskip("espeakng_loader")
    before = account(server, "sk-tier5-voice")
    with Session(server) as session:
        assert session.read("session.created")[0]["type"] == "session.created"
        assert account(server, "sk-tier5-voice")["sessions"] == 1
        session.send(TEXT)
        assert session.turn("Say apples")["output"][0]["content"][0]["text"] == "Apples"
        limits = session.read("rate_limits.updated")[-1]["rate_limits"]
        assert limits[0]["name"] == "tokens"
        assert limits[0]["limit"] - limits[0]["remaining"] < 1_000
        hears = {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}}
        session.send({"type": "session.update", "session": {"type": "realtime", "audio": hears}})
        speech = understudy.say("Say one two three", format="pcm16") + bytes(24_000)
        session.send({"type": "input_audio_buffer.append", "audio": b64encode(speech).decode()})
        events = session.read("response.done")
        types = [event["type"] for event in events]
        assert types.index("input_audio_buffer.speech_started") < types.index("input_audio_buffer.committed")
        heard = next(event for event in events if event["type"].endswith("transcription.completed"))
        assert heard["transcript"] == "Say one two three"
        assert events[-1]["response"]["output"][0]["content"][0]["text"] == "One two three"
        session.read("rate_limits.updated")
    (entry,) = [each for each in server.journal if each.path == "/v1/realtime"]
    assert entry.charge > 0
    # The last charge is sent to a shared store without waiting for it.
    until(lambda: charged(before, account(server, "sk-tier5-voice")) == pytest.approx(entry.charge / 1e12))
    until(lambda: account(server, "sk-tier5-voice")["sessions"] == 0)


def test_without_credits_the_next_response_fails_and_the_session_lives(server: MockServer) -> None:
    with Session(server, "sk-tier5-credits-0.0005-poor") as session:
        session.send(TEXT)
        assert session.turn("Tell me about rain in 100 words")["status"] == "completed"
        # A store over a network is told the charge without being waited for.
        until(lambda: Decimal(account(server, "sk-tier5-credits-0.0005-poor")["balance"]) <= 0)
        assert session.turn("Tell me about rain in 100 words")["status"] == "failed"
        session.send({"type": "input_audio_buffer.clear"})
        assert session.read("input_audio_buffer.cleared")


def test_wrong_events_and_wrong_keys_are_named(server: MockServer) -> None:
    with Session(server) as session:
        session.send({"type": "scooby", "event_id": "mine"})
        assert session.read("error")[-1]["error"]["event_id"] == "mine"
        session.send({"type": "response.create", "response": {"tools": [{"type": "function"}]}})
        assert session.read("error")[-1]["error"]["code"] == "missing_required_parameter"
        session.send(TEXT)
        assert session.turn("Say apples")["status"] == "completed"
    with Session(server, "sk-invalid-voice") as session:
        assert session.read("error")[-1]["error"]["code"] == "invalid_api_key"
        with pytest.raises(exceptions.ConnectionClosedError) as closed:
            session.read("session.created")
        assert closed.value.rcvd.code == 3000


def test_a_call_is_cut_short_when_the_client_leaves(server: MockServer) -> None:
    """In the middle of an answer: what was sent is charged, once."""
    with Session(server, "sk-tier5-leaver") as session:
        session.send(TEXT, user("Tell me about rain in 400 words"), RESPOND)
        session.read("response.output_text.delta")
        # Without a word: who only closed would wait for what it has not read.
        session.socket.socket.shutdown(socket.SHUT_RDWR)
    until(lambda: account(server, "sk-tier5-leaver")["sessions"] == 0)
    (entry,) = [each for each in server.journal if each.path == "/v1/realtime"]
    assert (entry.turns, entry.charge > 0) == (1, True)


def test_two_servers_share_limits_and_credits(redis_server: RedisServer) -> None:
    """What a session on one has used is missing on the other."""
    with MockServer(store=redis_server.url) as one, MockServer(store=redis_server.url) as other:
        urllib.request.urlopen(urllib.request.Request(f"{one.control_url}/reset", method="POST"), timeout=20).close()
        with Session(one, "sk-tier1-shared") as session:
            session.send(TEXT, user("x " * 20_000), {**RESPOND, "response": {"max_output_tokens": 5}})
            session.read("rate_limits.updated")
        with Session(other, "sk-tier1-shared") as session:
            session.send(TEXT, user("x " * 20_000), {**RESPOND, "response": {"max_output_tokens": 5}})
            failed = session.read("response.done")[-1]["response"]
        assert failed["status"] == "failed"
        assert failed["status_details"]["error"]["code"] == "rate_limit_exceeded"


def test_a_store_that_is_gone_is_said(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> None:
    """In a session by an error event, and the session lives; at the door by a close."""
    running = type(redis_server)(tmp_path_factory.mktemp("gone"))
    try:
        with MockServer(store=running.url) as server, Session(server) as session:
            session.send(TEXT)
            assert session.turn("Say apples")["status"] == "completed"
            session.read("rate_limits.updated")
            running.stop()
            session.send(user("Say pears"), RESPOND)
            assert session.read("error")[-1]["error"]["code"] == "store_unavailable"
            session.send({"type": "input_audio_buffer.clear"})
            assert session.read("input_audio_buffer.cleared")
            with Session(server, "sk-tier5-late") as late:
                assert late.read("error")[-1]["error"]["code"] == "store_unavailable"
                with pytest.raises(exceptions.ConnectionClosedError) as closed:
                    late.read("session.created")
                assert closed.value.rcvd.code == 1011
    finally:
        running.stop()
