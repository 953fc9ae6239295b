"""What is running, how it went so far, and about how long it will take: on a terminal, and now and then in a log."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from understudy_harness.conformance.case import Case
from understudy_harness.conformance.expectations import Kind
from understudy_harness.conformance.protocol import Introduction
from understudy_harness.conformance.results import CaseResult, SuiteResult
from understudy_harness.conformance.runner import Listener
from understudy_harness.conformance.verdict import Mark, Verdict

_PART_S = 0.2
"""What a part of a case takes that waits for nothing."""
_REDRAWN_S = 1.0
_NAMED = 2
_TRUSTED = 3
"""Cases after which the pace so far is trusted more than the estimates."""


class Progress(Listener):
    """Redraws the line when a case begins or ends, and each second.

    Args:
        show: takes the line; an empty one takes it away.
        clock: seconds, monotonic.
        earlier: seconds that cases took in an earlier run, by their ids.
    """

    def __init__(
        self, show: Callable[[str], None], clock: Callable[[], float], earlier: Mapping[str, float] | None = None
    ) -> None:
        self._show = show
        self._clock = clock
        self._earlier = earlier or {}
        self._began = 0.0
        self._estimates: dict[str, float] = {}
        self._running: dict[str, float] = {}
        self._done: dict[str, CaseResult] = {}
        self._tick: asyncio.TimerHandle | None = None

    def suite_started(self, introduction: Introduction, cases: Sequence[Case], command: Sequence[str]) -> None:
        """Begin to count."""
        self._began = self._clock()
        self._estimates = {case.id: self._earlier.get(case.id, estimate(case)) for case in cases}
        self._redraw()

    def case_started(self, case: Case) -> None:
        """It is running now."""
        self._running[case.id] = self._clock()
        self._redraw()

    def case_finished(self, result: CaseResult) -> None:
        """It is done."""
        self._running.pop(result.case.id, None)
        self._done[result.case.id] = result
        self._redraw()

    def suite_finished(self, suite: SuiteResult) -> None:
        """Take the line away."""
        self.stop()

    def stop(self) -> None:
        """Take the line away, also when the run was broken off."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        self._show("")

    @property
    def words(self) -> str:
        """The line; empty when nothing is left to wait for."""
        if len(self._done) == len(self._estimates):
            return ""
        results = self._done.values()
        failed = sum(result.judgement.verdict is Verdict.FAILED for result in results)
        silent = sum(result.judgement.mark is Mark.SILENT for result in results)
        parts = [f"{len(self._done)}/{len(self._estimates)}"]
        if failed:
            parts.append(f"{failed} failed" + (f" ({silent} in silence)" if silent else ""))
        parts += [_time_left(self._left()), self._named()]
        return " · ".join(filter(None, parts))

    def _named(self) -> str:
        names = list(self._running)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more

    def _left(self) -> float:
        """Seconds: what the rest is estimated at, by the pace so far. The pace knows of cases side by side, too."""
        now = self._clock()
        under_way = {id: min(now - began, self._estimates.get(id, 0.0)) for id, began in self._running.items()}
        behind = sum(self._estimates.get(id, 0.0) for id in self._done) + sum(under_way.values())
        ahead = max(sum(self._estimates.values()) - behind, 0.0)
        pace = (now - self._began) / behind if behind and len(self._done) >= _TRUSTED else 1.0
        return ahead * pace

    def _redraw(self) -> None:
        self._show(self.words)
        if self._tick is not None:
            self._tick.cancel()
        self._tick = asyncio.get_running_loop().call_later(_REDRAWN_S, self._redraw)


def now_and_then(write: Callable[[str], None], clock: Callable[[], float], seconds: float) -> Callable[[str], None]:
    """For a log, which nothing can be redrawn in: writes the line when there was none for so many seconds.

    Args:
        write: takes a line.
        clock: seconds, monotonic.
        seconds: from one line to the next at least.
    """
    last = clock()

    def show(words: str) -> None:
        nonlocal last
        if words and clock() - last >= seconds:
            last = clock()
            write(words)

    return show


def estimate(case: Case) -> float:
    """About how many seconds a case takes: the waits that it asks for, in each of its parts."""
    seconds = 0.0
    for variant in case.variants:
        seconds += _PART_S + sum(
            comparison.right.arguments[0]
            for expectation in variant.must + variant.should
            for comparison in expectation.comparisons
            if comparison.left.kind is Kind.SECONDS
            and comparison.right.word is None
            and comparison.operator in (">", ">=")
        )
    return seconds


def _time_left(seconds: float) -> str:
    if seconds >= 100:
        return f"about {round(seconds / 60)} min left"
    if seconds >= 10:
        return f"about {5 * round(seconds / 5)} s left"
    return "a few seconds left"
