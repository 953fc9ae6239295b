"""The runs of pytest that tests start: projects that have little more installed than Understudy."""

from __future__ import annotations

_OURS = ("cacheprovider", "asyncio", "anyio", "hypothesispytest", "respx", "xdist")


def without_plugins(*kept: str) -> list[str]:
    """Arguments that leave out the plugins of our own development, but for those that a project uses.

    They would take a third of the time of such a run: that of Hypothesis imports all of it in the end, used or not.
    """
    return [word for name in _OURS if name not in kept for word in ("-p", f"no:{name}")]
