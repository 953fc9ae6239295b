"""Waiting for a moment on a clock that may pass by itself, be moved, jump, or all of these."""

import asyncio

from understudy.core.clock import SECOND, Clock

IDLE_SECONDS = 0.0005
"""Real time without a wake-up after which an autojump clock moves: enough for every callback that is ready to run."""


async def wait_until(clock: Clock, when: int, *, idle: bool = False) -> None:
    """Return at `when` (microseconds since the epoch), or as soon as the clock is moved past it.

    Args:
        clock: tells the time.
        when: the moment.
        idle: something else may end the wait first (a client's next word), so that an autojump clock leaves it alone.
    """
    now = clock.now()
    if when <= now:
        return
    loop = asyncio.get_running_loop()
    reached: asyncio.Future[None] = loop.create_future()

    def ring() -> None:
        if not reached.done():
            reached.set_result(None)

    def ring_from_any_thread() -> None:
        loop.call_soon_threadsafe(ring)

    alarm = clock.call_at(when, ring_from_any_thread)
    timer = loop.call_later((when - now) / SECOND, ring) if clock.passes_by_itself else None
    jumper = _Jumper(clock, when, loop) if clock.autojump and not idle else None
    try:
        # Moved between the first look and the alarm: nobody will ring.
        if clock.now() < when:
            await reached
    finally:
        alarm.cancel()
        if timer is not None:
            timer.cancel()
        if jumper is not None:
            jumper.cancel()


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
