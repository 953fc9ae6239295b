"""Durations as the API prints them: the text form of Go's `time.Duration`.

Recorded traffic (2023-2026) shows whole milliseconds, truncated: 0.6 ms prints `0s`, 233.7 ms
prints `233ms`, 86.4 s prints `1m26.4s`.
"""


def go_duration(microseconds: int) -> str:
    """`120ms`, `8.64s`, `1m13.588s`, `14m24s`, `1h8m25.745s`; `0s` below one millisecond."""
    milliseconds = microseconds // 1000
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds > 0 else "0s"
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    # Go writes the fraction without its trailing zeros.
    tail = f"{seconds}.{rest:03d}".rstrip("0") + "s" if rest else f"{seconds}s"
    if minutes == 0:
        return tail
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{tail}" if hours else f"{minutes}m{tail}"
