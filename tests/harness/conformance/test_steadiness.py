import asyncio
import time

from understudy_harness.conformance.steadiness import WORST_LAG_S, Steadiness


def test_a_loop_that_keeps_time_has_no_lag(virtually) -> None:
    """In virtual time every timer rings to the microsecond."""

    async def idle() -> float:
        async with Steadiness() as steadiness:
            await asyncio.sleep(1.0)
        return steadiness.worst

    assert virtually(idle()) < 0.001


def test_a_loop_that_is_held_up_is_noticed() -> None:
    """Whatever blocks the loop for longer than is allowed makes the run inconclusive."""

    async def held_up() -> float:
        async with Steadiness() as steadiness:
            await asyncio.sleep(0.01)
            blocked_until = time.monotonic() + 2 * WORST_LAG_S
            while time.monotonic() < blocked_until:
                pass
            await asyncio.sleep(0.01)
        return steadiness.worst

    assert asyncio.run(held_up()) > WORST_LAG_S


def test_a_time_is_in_doubt_when_the_loop_was_held_up_just_then() -> None:
    """Neither one from before nor one from long after is; a suite that was late between two times has missed nothing."""

    async def held_up() -> tuple[Steadiness, list[float]]:
        loop = asyncio.get_running_loop()
        moments = [loop.time()]
        async with Steadiness() as steadiness:
            await asyncio.sleep(0.02)
            blocked_until = loop.time() + 4 * WORST_LAG_S
            while loop.time() < blocked_until:
                pass
            moments.append(loop.time())
            await asyncio.sleep(0.02)
        return steadiness, [*moments, moments[-1] + 60.0]

    steadiness, (before, just_then, later) = asyncio.run(held_up())
    assert steadiness.doubt([before, later, just_then]) > 3 * WORST_LAG_S
    assert steadiness.doubt([later]) == 0.0
    assert steadiness.doubt([before - 60.0]) == 0.0
    assert steadiness.doubt([]) == 0.0


def test_a_watch_leaves_nothing_behind() -> None:
    """Neither tasks nor sockets (a ResourceWarning would fail this test)."""

    async def watched() -> int:
        async with Steadiness():
            await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(watched()) == 1
