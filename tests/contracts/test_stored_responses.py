"""Stored responses and conversations by the unmodified SDK, over memory and over a real Redis."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING

import openai
import pytest

from understudy import MockServer

if TYPE_CHECKING:
    from tests.contracts.conftest import RedisServer


@pytest.fixture(params=["memory", "redis"])
def client(request: pytest.FixtureRequest) -> Iterator[openai.OpenAI]:
    store = "memory"
    if request.param == "redis":
        running: RedisServer = request.getfixturevalue("redis_server")
        store = running.url
    with (
        MockServer(store=store) as server,
        openai.OpenAI(base_url=server.base_url, api_key="sk-tier5-kept", max_retries=0) as made,
    ):
        urllib.request.urlopen(urllib.request.Request(f"{server.control_url}/reset", method="POST"), timeout=20).close()
        yield made


def test_create_read_go_on_delete(client: openai.OpenAI) -> None:
    """A chain of responses, its input in pages, read as a stream, deleted."""
    items = [{"role": "user", "content": f"Number {number}"} for number in range(250)]
    first = client.responses.create(model="gpt-4o-mini", input=items)  # type: ignore[arg-type]
    listed = list(client.responses.input_items.list(first.id, limit=100, order="asc"))
    assert len({item.id for item in listed}) == 250
    second = client.responses.create(model="gpt-4o-mini", input="Say yes", previous_response_id=first.id)
    assert client.responses.retrieve(second.id).output_text == "Yes"
    assert second.usage is not None
    assert first.usage is not None
    assert second.usage.input_tokens > first.usage.input_tokens
    events = list(client.responses.retrieve(second.id, stream=True, starting_after=2))
    assert [event.sequence_number for event in events] == list(range(3, 3 + len(events)))
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError, match=first.id):
        client.responses.retrieve(first.id)


def test_a_conversation(client: openai.OpenAI) -> None:
    """Made, gone on with by a response, listed, changed, deleted."""
    conversation = client.conversations.create(metadata={"a": "b"})
    client.responses.create(model="gpt-4o-mini", input="Say yes", conversation=conversation.id)
    assert [item.type for item in client.conversations.items.list(conversation.id)] == ["message", "message"]
    assert client.conversations.update(conversation.id, metadata={"c": "d"}).metadata == {"c": "d"}
    assert client.conversations.delete(conversation.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(conversation.id)
