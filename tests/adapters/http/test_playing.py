"""Playing answers out: what happens when the client has gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from understudy.adapters.http.playing import play
from understudy.core.clock import SECOND, VirtualClock
from understudy.core.messages import Answer, PlainStream


async def gone() -> dict[str, Any]:
    return {"type": "http.disconnect"}


async def play_to_nobody(answer: Answer) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await asyncio.wait_for(play(answer, VirtualClock(0), gone, send), 20)
    return sent


@pytest.mark.parametrize("body", [b"{}", PlainStream(iter([(0, b"data: 1\n\n")]), lambda now, complete: None)])
def test_an_answer_that_is_not_due_yet_is_dropped_when_the_client_goes(body: Any) -> None:
    """Nobody waits for the moment, and nothing is sent."""
    assert asyncio.run(play_to_nobody(Answer(200, [], body, due=5 * SECOND))) == []


def test_a_stream_that_never_began_is_finished_as_incomplete() -> None:
    """So that only what was sent is charged."""
    ends: list[tuple[int, bool]] = []
    stream = PlainStream(iter([(0, b"data: 1\n\n")]), lambda now, complete: ends.append((now, complete)))
    asyncio.run(play_to_nobody(Answer(200, [], stream, due=5 * SECOND)))
    assert ends == [(0, False)]
