"""Running cases against one client, one after the other, and telling listeners what happens.

For each case: a server on a port of its own, one call by the driver, and then a short watch for what comes too late.
A run during which the suite's own clock slipped is made again, at most twice more, when its verdict hangs on time.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec

from understudy_harness.conformance.case import Case
from understudy_harness.conformance.case_server import CaseServer
from understudy_harness.conformance.driver import Attempt, Driver, DriverCrashed, DriverError
from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.protocol import ChatInput, Final, Introduction, ProtocolError, Run
from understudy_harness.conformance.results import CaseResult, SuiteResult
from understudy_harness.conformance.standard import Canary
from understudy_harness.conformance.steadiness import WORST_LAG_S, Steadiness
from understudy_harness.conformance.verdict import Judgement, Verdict, judge

RUNS = 3
"""How often a case is run before INCONCLUSIVE stands."""
CANCEL_S = 1.0
"""Time for a run that hangs to end after it was cancelled; then the driver is ended."""
WATCH_S = 0.1
"""Least time to watch for late requests after the final line."""
CLOSE_S = 2.0
"""Most time to wait for sockets to be closed after the final line."""


class Listener:
    """Told of what happens; reports that appear while the suite runs override what they need."""

    def suite_started(self, introduction: Introduction, cases: Sequence[Case], command: Sequence[str]) -> None:
        """The driver has introduced itself; `command` starts it."""

    def case_started(self, case: Case) -> None:
        """A case begins."""

    def case_finished(self, result: CaseResult) -> None:
        """A case is done."""

    def suite_finished(self, suite: SuiteResult) -> None:
        """All cases are done."""


class Runner:
    """Runs cases.

    Args:
        driver: of the client under test.
        command: how it was started, for the reports.
        now: the time of day in microseconds since the epoch.
        listeners: told of what happens.
        watch: makes what watches the suite's clock during a run.
    """

    def __init__(
        self,
        driver: Driver,
        command: Sequence[str],
        *,
        now: Callable[[], int],
        listeners: Iterable[Listener] = (),
        watch: Callable[[], AbstractAsyncContextManager[Steadiness]] = Steadiness,
    ) -> None:
        self._driver = driver
        self._command = list(command)
        self._now = now
        self._listeners = tuple(listeners)
        self._watch = watch
        self._sequence = 0
        self._unstartable: Exception | None = None

    async def run(self, cases: Sequence[Case]) -> SuiteResult:
        """Run cases in order.

        Raises:
            DriverError, ProtocolError: the driver never introduced itself.
        """
        started_at = self._now()
        introduction = await self._driver.start()
        loop = asyncio.get_running_loop()
        began = loop.time()
        results: list[CaseResult] = []
        try:
            for listener in self._listeners:
                listener.suite_started(introduction, cases, self._command)
            for case in cases:
                for listener in self._listeners:
                    listener.case_started(case)
                result = await self._judge_case(case, introduction)
                results.append(result)
                for listener in self._listeners:
                    listener.case_finished(result)
        finally:
            await self._driver.stop()
        suite = SuiteResult(introduction, self._command, results, started_at, loop.time() - began)
        for listener in self._listeners:
            listener.suite_finished(suite)
        return suite

    async def _judge_case(self, case: Case, introduction: Introduction) -> CaseResult:
        lacking = [need for need in case.needs if need not in (*introduction.ops, *introduction.can)]
        if lacking:
            reason = f"the driver has no {' and no '.join(lacking)}"
            return CaseResult(case, Judgement(Verdict.UNSUPPORTED), reason)
        began = asyncio.get_running_loop().time()
        result = CaseResult(case, Judgement(Verdict.INCONCLUSIVE))
        for number in range(1, RUNS + 1):
            result = await self._try_case(case, introduction)
            result.runs = number
            if result.judgement.verdict is not Verdict.INCONCLUSIVE:
                break
        result.seconds = asyncio.get_running_loop().time() - began
        return result

    async def _try_case(self, case: Case, introduction: Introduction) -> CaseResult:
        """All parts of a case; the worst decides, and one that was not judged ends it."""
        worst: CaseResult | None = None
        for variant in case.variants:
            result = await self._try_part(variant, introduction)
            result.case, result.part = case, variant.part
            if result.judgement.verdict in (Verdict.ERROR, Verdict.SKIPPED, Verdict.INCONCLUSIVE):
                return result
            if worst is None or _badness(result) > _badness(worst):
                worst = result
        if worst is None:
            raise TypeError("a case has at least one variant")
        return worst

    async def _try_part(self, case: Case, introduction: Introduction) -> CaseResult:
        canary = Canary.new()
        try:
            await self._revive()
            final, evidence = await self._run_once(case, introduction, canary)
        except (DriverError, ProtocolError) as problem:
            reason = _with_complaints(str(problem), self._driver.complaints())
            return CaseResult(case, Judgement(Verdict.ERROR), canary.masked(reason))
        if final is not None and final.skipped is not None:
            reason = " ".join(filter(None, (final.skipped.why, final.skipped.issue)))
            return CaseResult(case, Judgement(Verdict.SKIPPED), canary.masked(reason))
        result = CaseResult(case, judge(case, evidence), evidence=evidence)
        result.measured = evidence.measured(case.expectations)
        if case.timed and evidence.lag > WORST_LAG_S:
            result.reason = f"the suite itself was {evidence.lag * 1000:.0f} ms late"
            result.judgement = Judgement(Verdict.INCONCLUSIVE)
        return result

    async def _revive(self) -> None:
        """Start the driver anew when it is gone; one that does not start again is not tried for each case."""
        if self._unstartable is not None:
            raise self._unstartable
        if not self._driver.alive:
            try:
                await self._driver.start()
            except (DriverError, ProtocolError) as problem:
                self._unstartable = problem
                raise

    async def _run_once(self, case: Case, introduction: Introduction, canary: Canary) -> tuple[Final | None, Evidence]:
        loop = asyncio.get_running_loop()
        server = CaseServer(case.script(canary, self._now() // 1_000_000), self._now)
        await server.start()
        log = server.log
        try:
            self._driver.complaints()
            async with self._watch() as steadiness:
                log.begin()
                zero = loop.time()
                attempt = self._driver.run(self._message(case, server.base_url, canary))
                final = await _within(attempt, case.window_s)
                settled = None if final is None else log.now()
                if final is None:
                    await self._give_up(attempt, introduction)
                else:
                    await _until_closed(server)
        finally:
            await server.stop()
        evidence = Evidence(
            canary,
            log,
            result=None if final is None else final.result,
            failure=None if final is None else final.error,
            settled=settled,
            progress=[(moment - zero, line) for moment, line in attempt.progress],
            said=bytes(attempt.said),
            complained=self._driver.complaints(),
            lag=steadiness.worst,
        )
        return final, evidence

    def _message(self, case: Case, base_url: str, canary: Canary) -> Run:
        self._sequence += 1
        given = msgspec.convert(case.input(), ChatInput)
        return Run(self._sequence, case.id, case.op, base_url, canary.key, given, case.options)

    async def _give_up(self, attempt: Attempt, introduction: Introduction) -> None:
        """End a run that hangs, and with it the driver if need be: the next case must not inherit it."""
        if "cancel" in introduction.can:
            self._driver.cancel(self._sequence)
            try:
                if await _within(attempt, CANCEL_S) is not None:
                    return
            except DriverCrashed:
                return
        await self._driver.kill()


def _badness(result: CaseResult) -> tuple[int, bool]:
    """A failure is worse than a second-best, and what was left untidy worse than what was not."""
    order = (Verdict.INFO, Verdict.OK, Verdict.NON_STRICT, Verdict.FAILED)
    return order.index(result.judgement.verdict), not result.judgement.clean


async def _within(attempt: Attempt, seconds: float) -> Final | None:
    """The final line if it comes in time."""
    done, _ = await asyncio.wait((attempt.final,), timeout=seconds)
    return attempt.final.result() if done else None


async def _until_closed(server: CaseServer) -> None:
    """Watch for late requests, and until the client has closed its sockets or has had the time to."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.sleep(WATCH_S)
    changed = asyncio.Event()
    server.log.on_change = changed.set
    while server.log.open_sockets and (left := began + CLOSE_S - loop.time()) > 0:
        changed.clear()
        try:
            await asyncio.wait_for(changed.wait(), left)
        except TimeoutError:
            return


def _with_complaints(problem: str, complaints: bytes) -> str:
    lines = complaints.decode("utf-8", "replace").strip().splitlines()
    return f"{problem}; standard error ends with: {lines[-1]}" if lines else problem
