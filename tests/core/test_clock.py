from collections.abc import Callable

import pytest

from understudy.core.clock import SECOND, Clock, OffsetClock, VirtualClock


def test_a_virtual_clock_stands_still_until_it_is_advanced() -> None:
    """Its time is what was set, and then what was added."""
    clock = VirtualClock(start=1_000)
    assert clock.now() == clock.now() == 1_000
    clock.advance(61)
    assert clock.now() == 1_000 + 61 * SECOND


def test_an_offset_clock_goes_on_by_itself_from_its_start() -> None:
    """The source moves it, and `advance` adds to that."""
    real = 500
    clock = OffsetClock(lambda: real, start=10_000)
    real += 7
    assert clock.now() == 10_007
    clock.advance(2)
    assert clock.now() == 10_007 + 2 * SECOND


def test_clocks_that_began_together_agree_although_they_were_made_one_after_the_other() -> None:
    """As those of several processes do."""
    real = 500
    first = OffsetClock(lambda: real, 10_000, began=500)
    real += 250_000
    assert OffsetClock(lambda: real, 10_000, began=500).now() == first.now() == 260_000


@pytest.mark.parametrize("make", [lambda: VirtualClock(0), lambda: OffsetClock(lambda: 0)])
@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_time_never_goes_back_or_away(make: Callable[[], Clock], seconds: float) -> None:
    """A move that is no move forward is refused, and nothing has moved."""
    clock = make()
    with pytest.raises(ValueError, match="time only moves forward"):
        clock.advance(seconds)
    assert clock.now() == 0


def test_alarms_ring_in_order_and_at_their_own_moment() -> None:
    """A callback sees the time it asked for, not the end of the jump."""
    clock = VirtualClock(0)
    rung: list[tuple[str, int]] = []
    clock.call_at(3 * SECOND, lambda: rung.append(("late", clock.now())))
    clock.call_at(1 * SECOND, lambda: rung.append(("early", clock.now())))
    clock.call_at(9 * SECOND, lambda: rung.append(("never", clock.now())))
    clock.advance(5)
    assert rung == [("early", 1 * SECOND), ("late", 3 * SECOND)]
    assert clock.now() == 5 * SECOND


def test_an_alarm_set_by_an_alarm_rings_in_the_same_jump() -> None:
    """A chain of waits is walked through in one advance."""
    clock = VirtualClock(0)
    rung: list[int] = []

    def again() -> None:
        rung.append(clock.now() // SECOND)
        clock.call_at(clock.now() + SECOND, again)

    clock.call_at(SECOND, again)
    clock.advance(4.5)
    assert rung == [1, 2, 3, 4]


def test_a_cancelled_alarm_is_silent() -> None:
    """Cancelling says whether it was in time."""
    clock = OffsetClock(lambda: 0)
    rung: list[str] = []
    alarm = clock.call_at(SECOND, lambda: rung.append("rung"))
    assert alarm.cancel()
    assert not alarm.cancel()
    clock.advance(2)
    assert rung == []


def test_an_offset_clock_wakes_who_waits_when_it_jumps() -> None:
    """Real time alone would let them wait."""
    clock = OffsetClock(lambda: 0)
    rung: list[str] = []
    clock.call_at(60 * SECOND, lambda: rung.append("rung"))
    clock.advance(59)
    assert rung == []
    clock.advance(1)
    assert rung == ["rung"]


def test_a_reset_takes_every_move_back() -> None:
    """The next test starts where the first one did."""
    virtual, offset = VirtualClock(5), OffsetClock(lambda: 100, start=7)
    for clock in (virtual, offset):
        clock.advance(3_600)
        clock.reset()
    assert (virtual.now(), offset.now()) == (5, 7)
