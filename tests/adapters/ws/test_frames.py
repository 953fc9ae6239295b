"""What is read ahead of a client that sends faster than its session takes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from understudy.adapters.ws.frames import Frames
from understudy.core.clock import VirtualClock


class Client:
    """Sends the same message again and again, as soon as it is asked.

    Attributes:
        sent: how many were taken from it.
    """

    def __init__(self, message: str, count: int) -> None:
        self.sent = 0
        self._message = message
        self._count = count

    async def receive(self) -> dict[str, Any]:
        if self.sent == self._count:
            return {"type": "websocket.disconnect"}
        self.sent += 1
        return {"type": "websocket.receive", "text": self._message}


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(300):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("size", "ahead"), [(10, 66), (300_000, 4), (3_000_000, 1)])
def test_no_more_is_read_than_memory_is_set_aside_for(size: int, ahead: int) -> None:
    """64 messages wait and one in hand, or a mebibyte and the message that goes beyond it; then all arrive."""

    async def read() -> None:
        client = Client("x" * size, 100)
        frames = Frames(client.receive, VirtualClock(0))
        try:
            await settled()
            assert client.sent <= ahead
            assert client.sent * size > min(1 << 20, 60 * size)
            for taken in range(1, 101):
                assert len(await frames.next(0, idle=False)) == size
                await settled()
                assert client.sent <= ahead + taken
            assert await frames.next(0, idle=False) is None
        finally:
            frames.close()

    asyncio.run(read())


def test_what_is_ignored_makes_room() -> None:
    """To the end of the connection."""

    async def read() -> None:
        client = Client("x" * 700_000, 20)
        frames = Frames(client.receive, VirtualClock(0))
        await asyncio.wait_for(frames.ignore(), 20)
        assert client.sent == 20
        frames.close()

    asyncio.run(read())
