"""Plays of group 13: many calls against the mock server's own limiter and ledger."""

from typing import TYPE_CHECKING

from understudy_harness.conformance.live import set_limits

if TYPE_CHECKING:
    from understudy_harness.conformance.stage import Begun, Stage

WORKERS = 4
RAISED_AFTER_S = 5.0
RAISED_RPM = 3_000


async def four_workers(stage: "Stage") -> None:
    """As many calls as the case has, four at a time; after the first that fails no more are begun.

    Measures `began_after`: calls that were begun after the first refusal had been answered.
    """
    running: list[Begun] = []
    for _ in range(stage.case.calls.count):
        if len(running) == WORKERS:
            await stage.end_one(running)
        if any(call.failure is not None for call in stage.calls):
            break
        running.append(stage.begin())
    while running:
        await stage.end_one(running)
    refused = [each.answered for each in stage.server.log.exchanges if each.status == 429 and each.answered is not None]
    first = min(refused, default=None)
    after = 0 if first is None else sum(call.began > first for call in stage.calls)
    stage.measure("began_after", after)


async def limits_are_raised(stage: "Stage") -> None:
    """All calls at once; five seconds later the account may make fifty requests a second.

    Measures `finished_s`: from then on to the last final line.
    """
    for _ in range(stage.case.calls.count):
        stage.begin()
    await stage.pause(RAISED_AFTER_S)
    set_limits(stage.server.simulator, stage.calls[0].canary, rpm=RAISED_RPM)
    raised = stage.now()
    await stage.end_all()
    stage.measure("finished_s", stage.now() - raised)
