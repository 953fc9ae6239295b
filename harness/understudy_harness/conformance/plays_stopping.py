"""Plays of group 15: ends."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy_harness.conformance.stage import Stage

OPEN_S = 0.5
"""How long the stream has stood open when the end comes."""


async def ends_while_open(stage: "Stage") -> None:
    """One stream; while it stands open, whoever reads it is told to end.

    Measures `gone_s`, and `ended_by_itself` as 1 or 0; neither where there was no open stream.
    """
    begun = stage.begin()
    await stage.answered()
    await stage.pause(OPEN_S)
    if begun.attempt.final.done():
        await stage.end(begun)
    elif stage.server.log.open_sockets:
        await stage.end_driver()
