"""The play of an account's life: calls, pauses, other limits, credits that go and come, as a case lists them."""

from typing import TYPE_CHECKING

from understudy_harness.conformance.live import account_of, set_limits

if TYPE_CHECKING:
    from understudy_harness.conformance.stage import Stage


async def life(stage: "Stage") -> None:
    """What the case has in `live.life`, in turn; each call asks in words of its own, so that its retries are known."""
    live = stage.case.live
    for turn in () if live is None else live.life:
        canary = stage.calls[0].canary if stage.calls else None
        if canary is not None and turn.rpm is not None:
            set_limits(stage.server.simulator, canary, rpm=turn.rpm)
        if canary is not None and turn.credits is not None:
            account_of(stage.server.simulator, canary).set(credits=turn.credits)
        if turn.wait_ms:
            await stage.pause(turn.wait_ms / 1000)
        for _ in range(turn.calls):
            number = len(stage.calls) + 1
            asked = stage.case.input(canary)
            asked["messages"] = [*asked["messages"], {"role": "user", "content": f"Call {number}."}]
            stage.begin(input=asked)
        await stage.end_all()
