import time
from itertools import pairwise

import pytest

from understudy.adapters.wallclock import wall_now


def test_the_wall_clock_counts_microseconds_since_the_epoch() -> None:
    """It lies between two looks at the system's own clock, give or take a minute of correction."""
    minute = 60_000_000
    assert time.time_ns() // 1000 - minute < wall_now() < time.time_ns() // 1000 + minute


def test_the_wall_clock_never_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when somebody sets the machine's clock."""
    looks = [wall_now()]
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    looks += [wall_now() for _ in range(1_000)]
    assert all(earlier <= later for earlier, later in pairwise(looks))
