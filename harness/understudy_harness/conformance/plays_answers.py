"""Plays about answers: the same one asked for in two ways."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy_harness.conformance.stage import Stage


async def both_ways(stage: "Stage") -> None:
    """Ask for an answer whole, then for the same one as a stream, with its usage."""
    whole = stage.begin(op="chat")
    await stage.end(whole)
    asked = {**stage.case.input(whole.call.canary), "stream_options": {"include_usage": True}}
    await stage.end(stage.begin(op="stream", input=asked))
