"""Stored chat completions by the unmodified SDK, over memory and over a real Redis."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING

import openai
import pytest

from understudy import MockServer

if TYPE_CHECKING:
    from tests.contracts.conftest import RedisServer

HELLO = [{"role": "user", "content": "Hello!"}]


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


def test_create_list_change_delete_over_250_objects(client: openai.OpenAI) -> None:
    """The SDK's own paging goes through all of them."""
    completions = client.chat.completions
    if not hasattr(completions, "list"):
        pytest.skip("this SDK cannot list completions")
    made = [
        completions.create(model="gpt-4o-mini", messages=HELLO, store=True, metadata={"n": str(number)}).id
        for number in range(250)
    ]
    assert [each.id for each in completions.list(limit=100)] == made
    assert [each.id for each in completions.list(metadata={"n": "249"})] == made[-1:]
    assert completions.update(made[7], metadata={"n": "x"}).metadata == {"n": "x"}
    assert completions.retrieve(made[7]).choices[0].message.content
    assert [message.content for message in completions.messages.list(made[7])] == ["Hello!"]
    assert completions.delete(made[0]).deleted
    assert len(list(completions.list(limit=100))) == 249
    with pytest.raises(openai.NotFoundError, match=made[0]):
        completions.retrieve(made[0])
