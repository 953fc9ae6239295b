"""Transports without a socket: both libraries, both kinds of clients, part by part."""

from __future__ import annotations

import asyncio
import importlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest

import understudy
from understudy import MockServer
from understudy_harness.expect import expect

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}]}
URL = "https://api.openai.com/v1/chat/completions"
HEADERS = {"authorization": "Bearer sk-a-0123456789"}


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """One of the two."""
    pytest.importorskip(request.param)
    return importlib.import_module(request.param)


@pytest.fixture
def server() -> MockServer:
    """Never started."""
    return MockServer(clock="autojump", tier=1)


@pytest.fixture
def transport(library: Any, server: MockServer) -> Any:
    make = understudy.httpx_transport if library.__name__ == "httpx" else understudy.httpx2_transport
    return make(server)


@pytest.fixture
def client(library: Any, transport: Any) -> Iterator[Any]:
    with library.Client(transport=transport, headers=HEADERS) as client:
        yield client


def test_an_answer_is_that_of_the_socket(library: Any, client: Any, server: MockServer) -> None:
    """Status, headers and bytes, but for ids and dates."""
    inside = client.post(URL, json=ASK)
    server.reset()
    with server, library.Client(headers=HEADERS, trust_env=False) as outside_client:
        outside = outside_client.post(f"{server.base_url}/chat/completions", json=ASK)
    assert inside.status_code == outside.status_code == 200
    assert [name for name, _ in inside.headers.raw] == [name.lower() for name, _ in outside.headers.raw]
    assert inside.json()["usage"] == outside.json()["usage"]
    assert inside.json()["choices"] == outside.json()["choices"]
    assert client.get("https://api.openai.com/v1/models/gpt-4o").json()["id"] == "gpt-4o"
    assert client.get("https://api.openai.com/v1/nothing").status_code == 404


def test_an_async_client_gets_the_same(library: Any, transport: Any, client: Any) -> None:
    """Whole and streamed."""

    async def ask(**more: Any) -> Any:
        async with (
            library.AsyncClient(transport=transport, headers=HEADERS) as other,
            other.stream("POST", URL, json={**ASK, "seed": 1, **more}) as answer,
        ):
            return [part async for part in answer.aiter_bytes()]

    whole = json.loads(b"".join(asyncio.run(ask())))
    assert whole["choices"] == client.post(URL, json={**ASK, "seed": 1}).json()["choices"]
    streamed = asyncio.run(ask(stream=True))
    assert len(streamed) > 3
    assert streamed[-1] == b"data: [DONE]\n\n"


def test_parts_come_when_they_are_due(client: Any, server: MockServer) -> None:
    """The clock has not moved further than the part that was read."""
    server.play({"server": {"latency": "ttft=10s,itl=1s"}, "rules": [{"reply": "one two three four"}]})
    began = server.clock.now()
    moments = []
    with client.stream("POST", URL, json={**ASK, "stream": True}) as answer:
        moments += [(server.clock.now() - began) // 1_000_000 for _ in answer.iter_bytes()]
    assert moments[:3] == [10, 10, 11]
    assert moments[-1] >= 13


def test_closing_early_ends_it_for_the_server(client: Any, server: MockServer) -> None:
    """What was not sent is not charged."""
    server.play({"server": {"latency": "ttft=1s,itl=1s"}, "rules": [{"reply": "word " * 100}]})
    with client.stream("POST", URL, json={**ASK, "stream": True}) as answer:
        parts = answer.iter_bytes()
        for _ in range(5):
            next(parts)
    expect(server.journal).called(1).closed_stream_within(10)
    assert server.journal[0].usage is not None
    assert server.journal[0].usage.text_out < 10


FAULTS = [
    ({"silent": True, "end": "rst"}, "ReadError"),
    ({"silent": True, "end": "fin"}, "RemoteProtocolError"),
    ({"silent": True, "end": "hold"}, "ReadTimeout"),
    ({"cut": {"after_bytes": 100}, "end": "rst"}, "ReadError"),
    ({"length": "+500", "end": "fin"}, "RemoteProtocolError"),
    ({"last_chunk": False, "end": "fin"}, "RemoteProtocolError"),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
def test_what_a_socket_would_do_is_told_as_its_error(
    library: Any, client: Any, server: MockServer, fault: dict[str, Any], error: str
) -> None:
    """By the library's own names."""
    server.faults.add({"on": 1, **fault})
    with pytest.raises(getattr(library, error)):
        client.post(URL, json=ASK)
    assert client.post(URL, json=ASK).status_code == 200
    assert server.journal[0].fault


def test_a_body_that_is_too_long_is_refused(library: Any) -> None:
    """By the same setting as on a socket."""
    make = understudy.httpx_transport if library.__name__ == "httpx" else understudy.httpx2_transport
    with library.Client(transport=make(MockServer(body_limit="1KiB")), headers=HEADERS) as client:
        assert client.post(URL, content=b"x" * 2000).status_code == 413


def test_a_clock_that_stands_still_is_waited_for(library: Any) -> None:
    """Until somebody moves it."""
    server = MockServer(clock="virtual", latency="ttft=5s")
    make = understudy.httpx_transport if library.__name__ == "httpx" else understudy.httpx2_transport
    statuses = []
    with library.Client(transport=make(server), headers=HEADERS) as client:
        thread = threading.Thread(target=lambda: statuses.append(client.post(URL, json=ASK).status_code))
        thread.start()
        while not len(server.journal) or not server.journal[0].due:
            threading.Event().wait(0.001)
        assert not statuses
        server.clock.advance(5)
        thread.join(5)
    assert statuses == [200]


def test_the_sdk_works_without_a_socket() -> None:
    """With its retries; nothing leaves, whatever its base URL is."""
    http = importlib.import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])
    make = understudy.httpx_transport if http.__name__ == "httpx" else understudy.httpx2_transport
    server = MockServer()
    server.rules.when().fail(429, times=1, retry_after=0.01).reply("Without a socket.")
    with openai.OpenAI(api_key="sk-a", http_client=http.Client(transport=make(server))) as client:
        assert client.chat.completions.create(**ASK).choices[0].message.content == "Without a socket."
        stream = client.chat.completions.create(**ASK, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "Without a socket."
    expect(server.journal).called(3)
