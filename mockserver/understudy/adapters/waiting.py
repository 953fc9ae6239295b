"""Waiting for a moment on a clock that may pass by itself, be moved, jump, or all of these."""

import asyncio
from collections.abc import Callable

from understudy.core.clock import SECOND, Clock

IDLE_SECONDS = 0.0005
"""Real time without a wake-up after which an autojump clock moves: enough for every callback that is ready to run."""


class Reminder:
    """Calls back once, in the running loop, at a moment of a clock, or as soon as the clock is moved past it.

    Args:
        clock: tells the time.
        when: the moment, microseconds since the epoch; it may have come already.
        callback: called from the loop, never from within this call.
        idle: something else may end the wait first (a client's next word), so that an autojump clock leaves it alone.
    """

    __slots__ = ("_alarm", "_callback", "_jumper", "_loop", "_timer")

    def __init__(self, clock: Clock, when: int, callback: Callable[[], None], *, idle: bool = False) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._callback: Callable[[], None] | None = callback
        self._alarm = clock.call_at(when, self._ring_from_any_thread)
        ahead = when - clock.now()
        self._timer: asyncio.Handle | None = None
        if ahead <= 0:
            # Perhaps moved between the caller's look and the alarm: nobody else will ring.
            self._timer = loop.call_soon(self._ring)
        elif clock.passes_by_itself:
            self._timer = loop.call_later(ahead / SECOND, self._ring)
        self._jumper = _Jumper(clock, when, loop) if clock.autojump and not idle else None

    def cancel(self) -> None:
        """Never call back; later calls do nothing."""
        if self._callback is None:
            return
        self._callback = None
        self._alarm.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if self._jumper is not None:
            self._jumper.cancel()

    def _ring(self) -> None:
        callback = self._callback
        if callback is not None:
            self.cancel()
            callback()

    def _ring_from_any_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._ring)


async def wait_until(clock: Clock, when: int, *, idle: bool = False) -> None:
    """Return at `when` (microseconds since the epoch), or as soon as the clock is moved past it.

    Args:
        clock: tells the time.
        when: the moment.
        idle: something else may end the wait first (a client's next word), so that an autojump clock leaves it alone.
    """
    if when <= clock.now():
        return
    reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ring() -> None:
        if not reached.done():
            reached.set_result(None)

    reminder = Reminder(clock, when, ring, idle=idle)
    try:
        await reached
    finally:
        reminder.cancel()


class _Jumper:
    """Moves the clock to the earliest moment that is waited for, as long as this wait lasts."""

    def __init__(self, clock: Clock, when: int, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._when = when
        self._loop = loop
        clock.awaited.append(when)
        self._handle = loop.call_later(IDLE_SECONDS, self._jump)

    def cancel(self) -> None:
        self._handle.cancel()
        self._clock.awaited.remove(self._when)

    def _jump(self) -> None:
        ahead = min(self._clock.awaited) - self._clock.now()
        if ahead > 0:
            self._clock.advance(ahead / SECOND)
        # Whoever that wakes goes first; if it waits anew for less, that comes before this.
        self._handle = self._loop.call_later(IDLE_SECONDS, self._jump)
