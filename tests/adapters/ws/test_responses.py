"""WebSocket mode of responses, by bare frames over a real socket and by the official SDK."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from understudy import MockServer

KEY = "sk-tier5-credits-10-socket"


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(clock="virtual") as server:
        yield server


def opened(server: MockServer, key: str = KEY) -> ClientConnection:
    """A connection of its own."""
    url = f"{server.websocket_base_url}/responses"
    return connect(url, additional_headers={"Authorization": f"Bearer {key}"})


def turn(socket: ClientConnection, **body: Any) -> list[dict[str, Any]]:
    """The events of one turn."""
    socket.send(json.dumps({"type": "response.create", "model": "gpt-4o-mini", **body}))
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] not in _LAST:
        events.append(json.loads(socket.recv(timeout=20)))
    return events


_LAST = ("response.completed", "response.failed", "response.incomplete", "error")


def test_a_turn_has_the_events_of_a_stream(server: MockServer) -> None:
    """The very same, but for ids and obfuscation; each turn is a request of its own in the journal."""
    with opened(server) as socket, openai.OpenAI(base_url=server.base_url, api_key=KEY) as client:
        events = turn(socket, input="Say hello", temperature=0)
        streamed = list(client.responses.create(model="gpt-4o-mini", input="Say hello", temperature=0, stream=True))
        assert [event["type"] for event in events] == [event.type for event in streamed]
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        turn(socket, input="And again")
    asked = [entry for entry in server.journal if entry.path == "/v1/responses"]
    assert [(entry.method, entry.status) for entry in asked] == [("POST", 200)] * 3
    assert server.account(KEY).balance < 10


def test_a_turn_goes_on_from_the_last_one_although_nothing_is_stored(server: MockServer) -> None:
    """Of this connection, and of none other; an error makes it forget."""
    with opened(server) as socket, opened(server) as other:
        first = turn(socket, input="My name is Ada.", store=False)[-1]["response"]
        second = turn(socket, input="And now?", previous_response_id=first["id"], store=False)[-1]["response"]
        assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"] + first["usage"]["output_tokens"]
        third = turn(socket, input="And then?", previous_response_id=second["id"], store=False)[-1]["response"]
        assert third["usage"]["input_tokens"] > second["usage"]["input_tokens"]
        (lost,) = turn(other, input="Hi", previous_response_id=third["id"])
        assert lost["status"] == 400
        assert lost["error"] == {
            "message": f"Previous response with id '{third['id']}' not found.",
            "type": "invalid_request_error",
            "param": "previous_response_id",
            "code": "previous_response_not_found",
        }
        (wrong,) = turn(socket, input="Hi", temperature=9, previous_response_id=third["id"])
        assert wrong["error"]["param"] == "temperature"
        (gone,) = turn(socket, input="Hi", previous_response_id=third["id"])
        assert gone["error"]["code"] == "previous_response_not_found"


def test_a_stored_response_is_gone_on_from_on_any_connection(server: MockServer) -> None:
    """As over HTTP."""
    with opened(server) as socket, opened(server) as other:
        first = turn(socket, input="My name is Ada.")[-1]["response"]
        again = turn(other, input="And?", previous_response_id=first["id"])[-1]
        assert again["type"] == "response.completed"


def test_a_warm_up_makes_nothing_and_can_be_gone_on_from(server: MockServer) -> None:
    """Its id is that of what was read."""
    with opened(server) as socket:
        warm = turn(socket, input="You are a poet. " * 50, generate=False, store=False)
        assert [event["type"] for event in warm] == [
            "response.created", "response.in_progress", "response.completed",
        ]  # fmt: skip
        response = warm[-1]["response"]
        assert (response["output"], response["usage"]["output_tokens"]) == ([], 0)
        said = turn(socket, input="Go", previous_response_id=response["id"], store=False)[-1]["response"]
        assert said["usage"]["input_tokens"] > response["usage"]["input_tokens"]
        assert said["output"]


@pytest.mark.parametrize(
    ("message", "param", "status"),
    [
        ("no json", None, 400),
        ("[]", None, 400),
        ('{"input": "Hi"}', "type", 400),
        ('{"type": "response.cancel"}', "type", 400),
        ('{"type": "response.steer"}', None, 501),
        ('{"type": "response.create", "generate": 1}', "generate", 400),
        ('{"type": "response.create", "input": "Hi"}', "model", 400),
        ('{"type": "response.create", "model": "gpt-4o-mini", "input": "Hi", "wrong": 1}', "wrong", 400),
    ],
)
def test_a_wrong_message_is_told_and_the_connection_lives_on(
    server: MockServer, message: str, param: str | None, status: int
) -> None:
    """With what is wrong, in the envelope of the API."""
    with opened(server) as socket:
        socket.send(message)
        told = json.loads(socket.recv(timeout=20))
        assert (told["type"], told["status"], told["error"]["param"]) == ("error", status, param)
        assert turn(socket, input="Hi")[-1]["type"] == "response.completed"


def test_a_wrong_key_is_refused_at_the_upgrade(server: MockServer) -> None:
    """401, as any request of it would be."""
    with pytest.raises(InvalidStatus) as refused, opened(server, "sk-invalid-socket"):
        pass
    response = refused.value.response
    assert response.status_code == 401
    assert response.headers.get_all("content-length") == [str(len(response.body or b""))]
    assert json.loads(response.body or b"")["error"]["code"] == "invalid_api_key"


def test_a_spent_quota_is_told_in_events(server: MockServer) -> None:
    """As in a stream; then the connection goes on."""
    with opened(server, "sk-tier1-credits-0-socket") as socket:
        socket.send(json.dumps({"type": "response.create", "model": "gpt-4o-mini", "input": "Hi"}))
        events = [json.loads(socket.recv(timeout=20)) for _ in range(4)]
        assert [event["type"] for event in events] == [
            "response.created", "response.in_progress", "error", "response.failed",
        ]  # fmt: skip
        assert events[2]["error"]["code"] == "insufficient_quota"


def test_a_fault_of_a_turn_is_told_or_breaks_the_connection(server: MockServer) -> None:
    """A status as an error event; a cut as the end."""
    server.faults.add({"on": 1, "status": 503}, {"on": 3, "cut": {"after_events": 2}, "end": "rst"})
    with opened(server) as socket:
        (told,) = turn(socket, input="Hi")
        assert (told["type"], told["status"]) == ("error", 503)
        assert turn(socket, input="Hi")[-1]["type"] == "response.completed"
        with pytest.raises(ConnectionClosed):
            turn(socket, input="Hi")


def test_a_connection_ends_after_an_hour(server: MockServer) -> None:
    """With the words that say so."""
    with opened(server) as socket:
        assert turn(socket, input="Hi")[-1]["type"] == "response.completed"
        server.clock.advance(3600)
        told = json.loads(socket.recv(timeout=20))
        assert told["error"]["code"] == "websocket_connection_limit_reached"
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=20)


def test_a_client_that_goes_is_charged_for_what_it_got() -> None:
    """And the journal says that the stream was left."""
    with MockServer(latency="ttft=0ms,itl=50ms") as server:
        with opened(server) as socket:
            event = {"type": "response.create", "model": "gpt-4o-mini", "input": "Tell me about rain in 200 words"}
            socket.send(json.dumps(event))
            kinds = [json.loads(socket.recv(timeout=20))["type"] for _ in range(6)]
            assert kinds[0] == "response.created"
        deadline = time.monotonic() + 20
        while server.journal[-1].finished_at is None and time.monotonic() < deadline:
            with openai.OpenAI(base_url=server.base_url, api_key="sk-other") as client:
                client.models.retrieve("gpt-4o-mini")
        (entry,) = [entry for entry in server.journal if entry.path == "/v1/responses"]
        assert entry.complete is False
        assert 0 < entry.usage.text_out < 100


needs_connect = pytest.mark.skipif(
    not hasattr(openai.OpenAI(api_key="x").responses, "connect"), reason="this SDK has no WebSocket mode"
)


@needs_connect
def test_the_sdk_has_a_conversation(server: MockServer) -> None:
    """Typed events, one response after the other."""
    with openai.OpenAI(base_url=server.base_url, api_key=KEY) as client, client.responses.connect() as connection:
        previous = None
        for said in ("My name is Ada.", "What is my name?"):
            event: Any = {"type": "response.create", "model": "gpt-4o-mini", "input": said, "store": False}
            if previous is not None:
                event["previous_response_id"] = previous
            connection.send(event)
            for told in connection:
                if told.type == "response.completed":
                    previous = told.response.id
                    assert told.response.output_text
                    break


@needs_connect
def test_the_asynchronous_sdk_has_a_conversation(server: MockServer) -> None:
    """Likewise."""

    async def talk() -> list[str]:
        kinds = []
        client = openai.AsyncOpenAI(base_url=server.base_url, api_key=KEY)
        async with client, client.responses.connect() as connection:
            await connection.response.create(model="gpt-4o-mini", input="Hi")
            async for told in connection:
                kinds.append(told.type)
                if told.type == "response.completed":
                    break
        return kinds

    assert asyncio.run(talk())[0] == "response.created"


def test_a_plain_get_says_that_there_is_none(server: MockServer) -> None:
    """Without an upgrade it is the wrong method."""
    client = openai.OpenAI(base_url=server.base_url, api_key=KEY, max_retries=0)
    with client, pytest.raises(openai.APIStatusError) as refused:
        client.get("/responses", cast_to=object)
    assert refused.value.status_code == 405
