"""The clocks: what time it is for an account, a bucket, a stream or a session.

All times are integers of microseconds since the Unix epoch (UTC). A clock never waits; it tells the
time, moves when it is told to, and keeps the alarms that a move must ring. Waiting is an adapter's
business: it sets an alarm and, where time passes by itself, a real timer beside it.
"""

from collections.abc import Callable
from itertools import count
from typing import Protocol

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Alarm:
    """A callback that a clock rings once, when it is moved to or past `when`."""

    __slots__ = ("_alarms", "_key", "callback", "when")

    def __init__(self, alarms: dict[int, "Alarm"], key: int, when: int, callback: Callable[[], None]) -> None:
        self._alarms = alarms
        self._key = key
        self.when = when
        self.callback = callback
        alarms[key] = self

    def cancel(self) -> bool:
        """Take the alarm back; False when it has rung or was cancelled before."""
        return self._alarms.pop(self._key, None) is not None


class Clock(Protocol):
    """What the simulator and its adapters ask of a clock."""

    passes_by_itself: bool
    """Whether time goes on without `advance`; a waiter then needs a real timer too."""
    autojump: bool
    """Whether the clock moves to the next awaited moment when nothing is left to do but wait for it."""
    awaited: list[int]
    """Under `autojump`: the moments that somebody waits for and nothing else, in any order."""

    def now(self) -> int:
        """Microseconds since the epoch."""

    def advance(self, seconds: float) -> None:
        """Move forward, ringing every alarm on the way; ValueError when `seconds` is negative."""

    def call_at(self, when: int, callback: Callable[[], None]) -> Alarm:
        """Ring `callback` when `advance` reaches `when`; it must be safe to call from any thread."""

    def reset(self) -> None:
        """Take back every `advance`; alarms that were set stay."""


def _as_microseconds(seconds: float) -> int:
    if not seconds >= 0 or seconds == float("inf"):
        raise ValueError(f"time only moves forward: seconds must be a number of at least 0, not {seconds!r}")
    return round(seconds * SECOND)


class _Alarms:
    """The alarms of one clock. Each step is one dict operation, so that threads need no lock."""

    __slots__ = ("_keys", "_pending")

    def __init__(self) -> None:
        self._pending: dict[int, Alarm] = {}
        self._keys = count()

    def set(self, when: int, callback: Callable[[], None]) -> Alarm:
        return Alarm(self._pending, next(self._keys), when, callback)

    def next_due(self, limit: int) -> Alarm | None:
        due = [alarm for alarm in list(self._pending.values()) if alarm.when <= limit]
        return min(due, key=lambda alarm: alarm.when, default=None)


class OffsetClock:
    """Time that passes by itself, plus an offset that `advance` moves.

    Args:
        source: tells the real time in microseconds since the epoch.
        start: what the clock shows at once; the real time when None.
        began: the real time at which it shows that, the present one when None.
    """

    passes_by_itself = True
    autojump = False

    def __init__(self, source: Callable[[], int], start: int | None = None, began: int | None = None) -> None:
        self._source = source
        self._initial = 0 if start is None else start - (source() if began is None else began)
        self._offset = self._initial
        self._alarms = _Alarms()
        self.awaited: list[int] = []

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self._source() + self._offset

    def advance(self, seconds: float) -> None:
        """Jump ahead; waiters whose time has come are woken."""
        self._offset += _as_microseconds(seconds)
        while (alarm := self._alarms.next_due(self.now())) is not None:
            if alarm.cancel():
                alarm.callback()

    def call_at(self, when: int, callback: Callable[[], None]) -> Alarm:
        """Ring when a jump passes `when` (the real timer beside it is the waiter's)."""
        return self._alarms.set(when, callback)

    def reset(self) -> None:
        """Show again what would have been shown without any `advance`."""
        self._offset = self._initial


class VirtualClock:
    """Time that stands still until it is advanced.

    Args:
        start: microseconds since the epoch.
        autojump: advance to the next awaited moment whenever nothing is left to do but wait for it.
    """

    passes_by_itself = False

    def __init__(self, start: int, *, autojump: bool = False) -> None:
        self.autojump = autojump
        self.awaited: list[int] = []
        self._start = start
        self._now = start
        self._alarms = _Alarms()

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward through every alarm in order; each callback sees its own moment."""
        target = self._now + _as_microseconds(seconds)
        while (alarm := self._alarms.next_due(target)) is not None:
            self._now = max(self._now, alarm.when)
            if alarm.cancel():
                alarm.callback()
        self._now = target

    def call_at(self, when: int, callback: Callable[[], None]) -> Alarm:
        """Ring when the clock is moved to or past `when`."""
        return self._alarms.set(when, callback)

    def reset(self) -> None:
        """Go back to the start."""
        self._now = self._start
