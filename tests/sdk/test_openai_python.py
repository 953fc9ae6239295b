"""The official Python SDK, unmodified, over a real socket; every answer parses strictly with its own types."""

from __future__ import annotations

import base64
import io
import json
import urllib.request
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai.types import ImagesResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from PIL import Image

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from understudy import MockServer

HELLO: list[Any] = [{"role": "user", "content": "Say this is a test"}]


def post(server: MockServer, path: str, body: dict[str, Any]) -> bytes:
    request = urllib.request.Request(
        server.base_url + path,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {server.account.key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        data: bytes = answer.read()
    return data


def test_a_completion_parses_strictly(mockserver: MockServer) -> None:
    """Types are not coerced; annotations and logprobs are as the SDK knows them."""
    data = post(mockserver, "/chat/completions", {"model": "gpt-4o", "messages": HELLO})
    completion = ChatCompletion.model_validate_json(data, strict=True)
    assert completion.choices[0].message.content == "This is a test"
    assert not completion.model_extra


def test_every_chunk_parses_strictly(mockserver: MockServer) -> None:
    """Of a stream with usage; `obfuscation` is the one field that the SDK does not name."""
    body = {"model": "gpt-4o", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
    lines = [
        line[6:] for line in post(mockserver, "/chat/completions", body).split(b"\n") if line.startswith(b"data: ")
    ]
    assert lines.pop() == b"[DONE]"
    chunks = [ChatCompletionChunk.model_validate_json(line, strict=True) for line in lines]
    assert all(set(chunk.model_extra or ()) <= {"obfuscation"} for chunk in chunks)
    assert chunks[-1].usage is not None
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == "This is a test"


def test_a_picture_parses_strictly_and_decodes(mockserver: MockServer) -> None:
    """PNG of the asked size, with its usage."""
    body = {"model": "gpt-image-1-mini", "prompt": "a red kite", "size": "1536x1024", "quality": "low"}
    answer = ImagesResponse.model_validate_json(post(mockserver, "/images/generations", body), strict=True)
    assert answer.data is not None
    assert answer.usage is not None
    picture = Image.open(io.BytesIO(base64.b64decode(answer.data[0].b64_json or "")))
    assert (picture.format, picture.size) == ("PNG", (1536, 1024))
    assert answer.usage.output_tokens == 400 + 308


def test_the_client_streams(openai_client: OpenAI) -> None:
    """Delta by delta."""
    stream = openai_client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True)
    deltas = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
    assert [delta for delta in deltas if delta] == ["This", " is", " a", " test"]


async def ask(client: AsyncOpenAI) -> str | None:
    async with client:
        answer = await client.chat.completions.create(model="gpt-4o", messages=HELLO)
    return answer.choices[0].message.content


def test_the_asynchronous_client_asks(async_openai_client: AsyncOpenAI) -> None:
    """On a loop of the test's own."""
    import asyncio

    assert asyncio.run(ask(async_openai_client)) == "This is a test"


def test_errors_arrive_as_the_sdks_classes(openai_client: OpenAI, mockserver: MockServer) -> None:
    """With code, param and request id."""
    client = openai_client.with_options(max_retries=0)
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="gpt-nope", messages=HELLO)
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as bad:
        client.chat.completions.create(model="gpt-4o", messages=[])
    assert (bad.value.code, bad.value.param) == ("empty_array", "messages")
    assert (bad.value.request_id or "").startswith("req_")
    mockserver.account.organization.ledger.charge(10**18, mockserver.clock.now(), "spent")
    with pytest.raises(openai.RateLimitError) as spent:
        client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert spent.value.code == "insufficient_quota"


def test_the_sdk_retries_a_scripted_failure(openai_client: OpenAI, mockserver: MockServer) -> None:
    """And the journal shows both calls, the first with its fault."""
    mockserver.faults.add({"on": "1", "status": 500, "error": {"message": "On purpose"}})
    assert openai_client.chat.completions.create(model="gpt-4o", messages=HELLO).choices
    assert [entry.status for entry in mockserver.journal] == [500, 200]
    assert mockserver.journal[0].fault is not None


def collect(connection: Any) -> list[Any]:
    events = []
    for event in connection:
        events.append(event)
        if event.type == "rate_limits.updated":
            return events
    return events


needs_recv_decode = pytest.mark.skipif(
    int(version("websockets").partition(".")[0]) < 14,
    reason="the SDK's own realtime client asks for recv(decode=...), which websockets has from 14 on",
)


@needs_recv_decode
def test_a_realtime_text_turn(openai_client: OpenAI) -> None:
    """Through the SDK's own connection."""
    with openai_client.realtime.connect(model="gpt-realtime") as connection:
        assert connection.recv().type == "session.created"
        connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say one two three"}]}
        )
        connection.response.create()
        events = collect(connection)
    done = next(event for event in events if event.type == "response.done")
    assert done.response.output[0].content[0].text == "One two three"


@needs_recv_decode
def test_a_realtime_audio_turn(openai_client: OpenAI, mockserver: MockServer) -> None:
    """Speech in deltas that decode to the length that is charged."""
    with openai_client.realtime.connect(model="gpt-realtime") as connection:
        assert connection.recv().type == "session.created"
        connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Tell me about rain"}]}
        )
        connection.response.create()
        events = collect(connection)
    audio = b"".join(base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta")
    done = next(event for event in events if event.type == "response.done")
    assert done.response.usage.output_token_details.audio_tokens == -(-(len(audio) // 48) // 50)
    assert len(audio) > 48_000
    assert mockserver.journal[-1].charge > 0


def test_a_wrong_key_opens_the_socket_and_is_closed_with_3000() -> None:
    """As recorded: 101, an error event, the close code with type and code."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    from understudy import MockServer

    with MockServer() as server, connect(f"{server.websocket_base_url}/realtime?model=gpt-realtime") as socket:
        assert json.loads(socket.recv())["error"]["message"].startswith("You didn't provide an API key.")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (3000, "invalid_request_error")


def test_tls_serves_https_and_wss_on_one_port() -> None:
    """With the authority that the server names."""
    import ssl

    from websockets.sync.client import connect

    from understudy import MockServer

    with MockServer(tls=True) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        request = urllib.request.Request(f"{server.base_url}/models/gpt-4o", headers={"Authorization": "Bearer sk-tls"})
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            assert json.load(answer)["id"] == "gpt-4o"
        with connect(
            f"{server.websocket_base_url}/realtime?model=gpt-realtime",
            ssl=context,
            additional_headers={"Authorization": "Bearer sk-tls"},
        ) as socket:
            assert json.loads(socket.recv())["type"] == "session.created"
