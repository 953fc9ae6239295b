"""The wall clock: the one module that reads it."""

import sys
import time
from collections.abc import Callable
from functools import partial

# Linux has a steady clock that goes on while the machine sleeps: after a nap the date is right again.
_progress: Callable[[], int] = (
    partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic_ns
)
_BASE = time.time_ns() - _progress()


def wall_now() -> int:
    """Microseconds since the epoch; never steps back, whatever is done to the machine's clock after the import."""
    return (_BASE + _progress()) // 1000
