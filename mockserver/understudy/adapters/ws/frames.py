"""The messages of a WebSocket: read ahead by a task, a few at most, and waited for until a moment.

A client that sends more than is taken is not read from: memory stays bounded.
"""

import asyncio
from typing import Any

from understudy.adapters.http.asgi import Receive
from understudy.adapters.waiting import Reminder
from understudy.core.clock import Clock

_WAITING = 64
_BYTES_WAITING = 1024 * 1024
"""What is read ahead at most, and one message more ("our choice": a second of sound has 64 kB)."""

TIME_IS_UP = object()
"""In the place of a message: the moment has come."""


class Frames:
    """What a client sends.

    Args:
        receive: of the ASGI connection.
        clock: tells the time.
    """

    def __init__(self, receive: Receive, clock: Clock) -> None:
        self._receive = receive
        self._clock = clock
        # None stands for the end of the connection.
        self._queue: asyncio.Queue[str | bytes | None] = asyncio.Queue(_WAITING)
        self._bytes_waiting = 0
        self._room = asyncio.Event()
        self._waiting: asyncio.Future[None] | None = None
        self._reader = asyncio.ensure_future(self._read())
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def close(self) -> None:
        """Read no more."""
        self._reader.cancel()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to take."""
        return self._queue.empty()

    def take(self) -> str | bytes | None:
        """The next message, None at the end of the connection; there must be one."""
        message = self._queue.get_nowait()
        if message:
            self._bytes_waiting -= len(message)
            if self._bytes_waiting <= _BYTES_WAITING:
                self._room.set()
        return message

    async def next(self, deadline: int, *, idle: bool) -> Any:
        """The next message, None at the end of the connection, or `TIME_IS_UP` at the deadline.

        Args:
            deadline: microseconds since the epoch.
            idle: whether it is the client's turn, so that an autojump clock leaves the wait alone.
        """
        if self._queue.empty():
            # One future and one timer: tasks would cost more than the event that is waited for.
            self._waiting = asyncio.get_running_loop().create_future()
            reminder = Reminder(self._clock, deadline, self._wake, idle=idle)
            try:
                await self._waiting
            finally:
                self._waiting = None
                reminder.cancel()
        return TIME_IS_UP if self._queue.empty() else self.take()

    def interrupt(self) -> None:
        """End the wait that is under way, as if its moment had come."""
        self._wake()

    async def ignore(self) -> None:
        """Take what comes and drop it, until the connection ends."""
        while (message := await self._queue.get()) is not None:
            self._bytes_waiting -= len(message)
            self._room.set()

    async def _read(self) -> None:
        while True:
            message: Any = await self._receive()
            if message["type"] != "websocket.receive":
                if not self.gone.done():
                    self.gone.set_result(None)
                await self._queue.put(None)
                self._wake()
                return
            text = message.get("text")
            came = message.get("bytes") or b"" if text is None else text
            self._bytes_waiting += len(came)
            await self._queue.put(came)
            self._wake()
            while self._bytes_waiting > _BYTES_WAITING:
                self._room.clear()
                await self._room.wait()

    def _wake(self) -> None:
        waiting = self._waiting
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
