"""The wall clock: the one module that reads it."""

import time

_WALL_AT_START = time.time_ns()
_MONOTONIC_AT_START = time.monotonic_ns()


def wall_now() -> int:
    """Microseconds since the epoch; never steps back, whatever happens to the machine's clock."""
    return (_WALL_AT_START + time.monotonic_ns() - _MONOTONIC_AT_START) // 1000
