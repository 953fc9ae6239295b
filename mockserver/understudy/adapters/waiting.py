"""Waiting for a moment on a clock that may pass by itself, be moved, or both."""

import asyncio

from understudy.core.clock import SECOND, Clock


async def wait_until(clock: Clock, when: int) -> None:
    """Return at `when` (microseconds since the epoch), or as soon as the clock is moved past it."""
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
    try:
        # Moved between the first look and the alarm: nobody will ring.
        if clock.now() < when:
            await reached
    finally:
        alarm.cancel()
        if timer is not None:
            timer.cancel()
