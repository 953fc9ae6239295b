"""Waiting on clocks that are moved and on clocks that jump."""

from __future__ import annotations

import asyncio
import time

from openai import OpenAI

from understudy import MockServer
from understudy.adapters.waiting import wait_until
from understudy.core.clock import DAY, SECOND, VirtualClock


def test_an_autojump_clock_goes_from_one_awaited_moment_to_the_next() -> None:
    """In their order, whoever waits; nobody's wait is passed over."""
    clock = VirtualClock(0, autojump=True)
    woken: list[tuple[str, int]] = []

    async def wait(name: str, *moments: int) -> None:
        for moment in moments:
            await wait_until(clock, moment * SECOND)
            woken.append((name, clock.now() // SECOND))

    async def both() -> None:
        await asyncio.wait_for(asyncio.gather(wait("a", 3, 4, 90_000), wait("b", 1, 5, 6)), 20)

    asyncio.run(both())
    assert woken == [("b", 1), ("a", 3), ("a", 4), ("b", 5), ("b", 6), ("a", 90_000)]
    assert clock.awaited == []


def test_an_idle_wait_does_not_make_the_clock_jump() -> None:
    """A session that waits for its client would else expire at once."""
    clock = VirtualClock(0, autojump=True)

    async def idle() -> bool:
        waiting = asyncio.ensure_future(wait_until(clock, SECOND, idle=True))
        await wait_until(clock, SECOND // 2)
        ended = waiting.done()
        waiting.cancel()
        return ended

    assert asyncio.run(idle()) is False
    assert clock.now() == SECOND // 2


def test_a_slow_model_costs_no_time_under_autojump() -> None:
    """A stream that takes days on the clock of the server is there in moments; the journal has its times."""
    with MockServer(clock="autojump", latency="ttft=3600s,itl=1800s") as server:
        began = time.monotonic()
        with OpenAI(base_url=server.base_url, api_key=server.account.key) as client:
            stream = client.chat.completions.create(
                model="gpt-4o",
                messages=[{"role": "user", "content": "Tell me in exactly 100 words about rain."}],
                stream=True,
            )
            chunks = sum(1 for _ in stream)
        [entry] = server.journal
        assert entry.finished_at is not None
        assert chunks > 100
        assert entry.finished_at - entry.at > DAY
        # No speed is measured: without the jumps it would be days.
        assert time.monotonic() - began < 60
