"""A client that leaves a stream is charged for what it was sent: the official SDK, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from understudy import MockServer
from understudy.core.pricing import PriceList, charge
from understudy_data import toml


@pytest.fixture(scope="module")
def slow() -> Iterator[MockServer]:
    """A server whose model says a token a second, on a clock that stands still."""
    with MockServer(clock="virtual", latency="ttft=0s,itl=1s", tier=5) as server:
        yield server


MESSAGES: list[Any] = [{"role": "user", "content": "Write exactly 400 words about rain"}]


@pytest.mark.parametrize("more", [{}, {"logprobs": True, "top_logprobs": 3}, {"n": 2}])
def test_who_leaves_pays_for_what_was_sent(slow: MockServer, more: dict[str, Any]) -> None:
    """Exactly the tokens that were sent by then, and the prompt; the price follows."""
    slow.reset()
    with OpenAI(api_key=slow.account.key, base_url=slow.base_url, max_retries=0) as client:
        stream = client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True, **more)
        contents = 0
        for chunk in stream:
            contents += bool(chunk.choices[0].delta.content)
            if contents == 7:
                break
            if contents:
                slow.clock.advance(1)
        stream.close()
        [entry] = slow.journal
        while entry.finished_at is None:
            client.models.list()
    assert not entry.complete
    assert entry.usage is not None
    assert entry.usage.text_out == 7
    assert entry.usage.text_in == 14
    price = PriceList(toml("prices.toml"), slow.clock.now()).find("gpt-4o")
    assert entry.charge == charge(entry.usage, price)
