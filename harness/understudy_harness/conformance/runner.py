"""Running cases against one client and telling listeners what happens.

For each case: a server on a port of its own, the calls of the case, and then a short watch for what comes too late.
Cases that do not hang on time run several at once, each with a driver process of its own; then those that do, alone. A
run is made again, at most twice more, when the suite's own clock slipped so that the verdict may be wrong; and a
failure that hangs on time stands only if most of three runs that were judged show it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import count

import msgspec

from understudy.adapters.tls import LocalAuthority
from understudy.core.simulator import Simulator
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case import GATEWAY, PROGRAM, SEATS, Case
from understudy_harness.conformance.case_server import HOST, CaseServer, ScriptOf
from understudy_harness.conformance.driver import Driver, DriverError
from understudy_harness.conformance.evidence import Evidence, writable
from understudy_harness.conformance.live import prepare_live
from understudy_harness.conformance.plays import PLAYS
from understudy_harness.conformance.protocol import Introduction, ProtocolError
from understudy_harness.conformance.results import CaseResult, SuiteResult
from understudy_harness.conformance.stage import Hung, Stage, ordinary
from understudy_harness.conformance.steadiness import WORST_DOUBT_S, WORST_LAG_S, Steadiness
from understudy_harness.conformance.verdict import Judgement, Verdict, hangs_on, judge

RUNS = 3
"""Runs without a judgement after which INCONCLUSIVE stands; and runs with one, where it is a failure that hangs on
time."""

KEPT_BACK_S = 6.0
"""Time for a gateway that keeps calls back after failures to let one through again (our choice: LiteLLM takes five)."""
REASON_KEPT = 300
"""Letters of a gateway's words that are told as a reason."""

STARTING_S = 10.0
"""More time that a program's calls have: it is started for each."""


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
        make_driver: makes a driver of the client under test; called once for each job.
        command: how it is started, for the reports.
        now: the time of day in microseconds since the epoch.
        listeners: told of what happens.
        watch: makes what watches the suite's clock during a run.
        jobs: cases that run at once, as far as they do not hang on time.
        seat: where the client stands, a letter of `SEATS`.
        blind: names of words that cannot be seen from there.
        seed: of the keys and words of the runs, so that they can be repeated; None for new ones.
        port: of the cases' servers, where something else must know it before; 0 for a free one each.
    """

    def __init__(
        self,
        make_driver: Callable[[], Driver],
        command: Sequence[str],
        *,
        now: Callable[[], int],
        listeners: Iterable[Listener] = (),
        watch: Callable[[], AbstractAsyncContextManager[Steadiness]] = Steadiness,
        jobs: int = 1,
        seat: str = "D",
        blind: frozenset[str] = frozenset(),
        seed: int | None = None,
        port: int = 0,
    ) -> None:
        self._make_driver = make_driver
        self._command = list(command)
        self._listeners = tuple(listeners)
        # One port serves one run at a time.
        self._jobs = 1 if port else jobs
        self._setting = _Setting(now, watch, seat, blind, seed, port)

    def worker(self) -> "Worker":
        """One driver that judges whatever case it is given, for who does not know all of them beforehand."""
        return Worker(self._make_driver(), self._setting)

    def close(self) -> None:
        """Remove what workers shared; `run` does it by itself."""
        self._setting.close()

    async def run(self, cases: Sequence[Case]) -> SuiteResult:
        """Run cases; those that do not hang on time first.

        Raises:
            DriverError, ProtocolError: the driver never introduced itself.
        """
        started_at = self._setting.now()
        workers = [self.worker()]
        introduction = await workers[0].start()
        loop = asyncio.get_running_loop()
        began = loop.time()
        results: dict[str, CaseResult] = {}
        try:
            for listener in self._listeners:
                listener.suite_started(introduction, cases, self._command)
            untimed = [case for case in cases if not case.timed]
            if self._jobs > 1 and len(untimed) > 1:
                workers += [self.worker() for _ in range(min(self._jobs, len(untimed)) - 1)]
                waiting = iter(untimed)
                await asyncio.gather(*(self._work(worker, waiting, results) for worker in workers))
                left = [case for case in cases if case.timed]
            else:
                left = list(cases)
            await self._work(workers[0], iter(left), results)
        finally:
            for worker in workers:
                await worker.stop()
            self.close()
        suite = SuiteResult(
            introduction, self._command, [results[case.id] for case in cases], started_at, loop.time() - began
        )
        suite.seat = self._setting.seat
        for listener in self._listeners:
            listener.suite_finished(suite)
        return suite

    async def _work(self, worker: "Worker", waiting: "Iterable[Case]", results: dict[str, CaseResult]) -> None:
        for case in waiting:
            for listener in self._listeners:
                listener.case_started(case)
            result = results[case.id] = await worker.judge_case(case)
            for listener in self._listeners:
                listener.case_finished(result)


class _Setting:
    """What all workers share."""

    def __init__(
        self,
        now: Callable[[], int],
        watch: Callable[[], AbstractAsyncContextManager[Steadiness]],
        seat: str,
        blind: frozenset[str],
        seed: int | None,
        port: int,
    ) -> None:
        self.now = now
        self.watch = watch
        self.seat = seat
        self.blind = blind
        self.seed = seed
        self.port = port
        self._authority: LocalAuthority | None = None

    @property
    def authority(self) -> LocalAuthority:
        """Made when the first case wants TLS."""
        if self._authority is None:
            self._authority = LocalAuthority(HOST)
        return self._authority

    def canary(self, *place: object) -> Canary:
        """That of a call: by the seed and its place, or one that no run had before."""
        return Canary.new() if self.seed is None else Canary.of(self.seed, *place)

    @property
    def what(self) -> str:
        """What lacks an operation."""
        return SEATS[self.seat]

    def close(self) -> None:
        """Remove its files."""
        if self._authority is not None:
            self._authority.close()


class Worker:
    """Runs cases one after another with one driver."""

    def __init__(self, driver: Driver, setting: _Setting) -> None:
        self._driver = driver
        self._setting = setting
        self._sequence = 0
        self._runs: dict[tuple[str, str], int] = {}
        self._unstartable: Exception | None = None
        self._introduction: Introduction | None = None

    async def start(self) -> Introduction:
        """Start the driver and hear its introduction."""
        self._introduction = await self._driver.start()
        return self._introduction

    async def stop(self) -> None:
        """End the driver."""
        if self._introduction is not None:
            await self._driver.stop()

    async def judge_case(self, case: Case) -> CaseResult:
        """Run a case as often as it takes."""
        began = asyncio.get_running_loop().time()
        try:
            introduction = self._introduction or await self.start()
        except (DriverError, ProtocolError) as problem:
            return CaseResult(case, Judgement(Verdict.ERROR), str(problem))
        if self._setting.seat == GATEWAY:
            case = case.for_gateway()
        elif self._setting.seat == PROGRAM:
            case = _patient(case).for_program()
        able = {*introduction.ops, *introduction.can}
        judged = case.within(able)
        if judged is None:
            lacking = [need for need in case.variants[0].needed if need not in able]
            reason = f"the {self._setting.what} has no {' and no '.join(lacking)}"
            return CaseResult(case, Judgement(Verdict.UNSUPPORTED), reason)
        tries = [await self._try_case(judged, introduction)]
        while _undecided(tries, timed=case.timed) and not _kept_back(tries[-1]):
            tries.append(await self._try_case(judged, introduction))
        result = _standing(tries)
        result.case = case
        result.left_out = [part.part for part in case.parts if part.part not in {each.part for each in judged.parts}]
        result.runs = len(tries)
        result.tries = [each.judgement.verdict for each in tries]
        result.seconds = asyncio.get_running_loop().time() - began
        return result

    async def _try_case(self, case: Case, introduction: Introduction) -> CaseResult:
        """All parts of a case; the worst decides, and one that was not judged ends it."""
        worst: CaseResult | None = None
        for variant in case.variants:
            result = await self._try_part(variant, introduction)
            for _ in range(RUNS - 1):
                if _kept_back(result):
                    await asyncio.sleep(KEPT_BACK_S)
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
        self._runs[case.id, case.part] = run = self._runs.get((case.id, case.part), 0) + 1
        canaries: dict[int, Canary] = {}

        def canary_of(number: int) -> Canary:
            return canaries.setdefault(number, self._setting.canary(case.id, case.part, run, number))

        try:
            await self._revive()
            stage, evidence = await self._run_once(case, introduction, canary_of)
        except (DriverError, ProtocolError) as problem:
            reason = _with_complaints(str(problem), self._driver.complaints())
            return CaseResult(case, Judgement(Verdict.ERROR), _masked(reason, canaries.values()))
        if stage.skipped is not None:
            reason = " ".join(filter(None, (stage.skipped.why, stage.skipped.issue)))
            return CaseResult(case, Judgement(Verdict.SKIPPED), _masked(reason, canaries.values()))
        result = CaseResult(case, judge(case, evidence), evidence=evidence)
        result.measured = {name: writable(value) for name, value in evidence.measured(case.expectations).items()}
        evidence.make_writable()
        failure = evidence.failure
        if self._setting.seat == GATEWAY and not evidence.log.exchanges and failure is not None and failure.status:
            words = canary_of(1).masked(failure.message)
            result.reason = f"the gateway passed nothing on, and said: {words[:REASON_KEPT]}"
            result.judgement = Judgement(Verdict.INCONCLUSIVE)
        elif case.timed and _doubtful(case, evidence):
            result.reason = f"the suite itself was {evidence.doubt * 1000:.0f} ms late"
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

    async def _run_once(
        self, case: Case, introduction: Introduction, canary_of: Callable[[int], Canary]
    ) -> tuple[Stage, Evidence]:
        loop = asyncio.get_running_loop()
        canary = canary_of(1)
        server = self._server(case, introduction, canary)
        await server.start()
        try:
            self._driver.complaints()
            async with self._setting.watch() as steadiness:
                server.begin()
                zero = loop.time()
                stage = Stage(case, server, self._driver, introduction, canary_of, self._next)
                try:
                    await PLAYS.get(case.play, ordinary)(stage)
                except Hung:
                    await stage.give_up()
                else:
                    await stage.watch()
        finally:
            await server.stop()
        stage.collect(zero)
        evidence = Evidence(
            canary,
            server.log,
            calls=stage.calls,
            second=None if server.second is None else server.second.log,
            blind=self._setting.blind,
            complained=self._driver.complaints(),
            keeps_idle_sockets=introduction.declares.keepalive_s is not None,
            lag=steadiness.worst,
            values=stage.values,
            declares=introduction.declares,
        )
        evidence.doubt = steadiness.doubt(zero + moment for moment in evidence.moments())
        self._driver.add_to(evidence)
        return stage, evidence

    def _server(self, case: Case, introduction: Introduction, canary: Canary) -> CaseServer:
        setting = self._setting
        created = setting.now() // 1_000_000
        script: ScriptOf | None = None
        prepare: Callable[[Simulator], None] | None = None
        if case.live is not None:
            prepare = prepare_live(case.live, canary)
        elif case.serve:
            numbers = count(1)
            script = lambda each, second: case.script(  # noqa: E731 # one expression
                each, created, {"second": second}, next(numbers)
            )
        return CaseServer(
            script,
            setting.now,
            setting.port,
            second=(lambda each, _: case.second_script(each, created)) if case.second else None,
            authority=setting.authority if case.op in introduction.tls else None,
            prepare=prepare,
            sockets=case.socket_script if case.socket else None,
        )

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def _patient(case: Case) -> Case:
    """The case with the time that a program has, which is started for each call."""
    parts = tuple(msgspec.structs.replace(part, window_s=part.window_s + STARTING_S) for part in case.parts)
    return msgspec.structs.replace(case, parts=parts, window_s=case.window_s + STARTING_S)


def _undecided(tries: Sequence[CaseResult], *, timed: bool) -> bool:
    """Whether the case must be run once more."""
    judged = [each for each in tries if _judged(each)]
    if len(tries) - len(judged) == RUNS:
        return False
    if not judged:
        return True
    return timed and any(map(_failed, judged)) and len(judged) < RUNS and not _decided(judged)


def _kept_back(result: CaseResult) -> bool:
    """Whether a gateway did not pass the call on: what it does to later ones hangs on earlier ones."""
    return not _judged(result) and result.evidence is not None and not result.evidence.log.exchanges


def _doubtful(case: Case, evidence: Evidence) -> bool:
    """Whether the suite was so late that the judgement may be wrong."""
    if evidence.doubt <= WORST_LAG_S:
        return False
    # A span is between two times, each of which may be off.
    return evidence.doubt > WORST_DOUBT_S or hangs_on(case, evidence, 2 * evidence.doubt)


def _judged(result: CaseResult) -> bool:
    return result.judgement.verdict is not Verdict.INCONCLUSIVE


def _failed(result: CaseResult) -> bool:
    return result.judgement.verdict is Verdict.FAILED


def _decided(judged: Sequence[CaseResult]) -> bool:
    """Whether one verdict has the majority of all runs that there may be."""
    return any(count > RUNS // 2 for count in Counter(map(_failed, judged)).values())


def _standing(tries: Sequence[CaseResult]) -> CaseResult:
    """The run that stands for all: of those that were judged, the last of the majority; a tie is no proof."""
    judged = [each for each in tries if _judged(each)]
    if not judged:
        return tries[-1]
    if len(judged) > 1 and not _decided(judged):
        result = next(each for each in reversed(judged) if _failed(each))
        result.judgement = Judgement(Verdict.INCONCLUSIVE)
        result.reason = "it was failed in one run and passed in another"
        return result
    failed, passed = [each for each in judged if _failed(each)], [each for each in judged if not _failed(each)]
    if failed and failed[0].case.timed and not _decided(judged):
        failed[0].judgement = Judgement(Verdict.INCONCLUSIVE)
        failed[0].reason = f"it was failed in the only run of {len(tries)} that could be judged"
        return failed[0]
    return (failed if len(failed) > len(passed) else passed)[-1]


def _badness(result: CaseResult) -> tuple[int, bool]:
    """A failure is worse than a second-best, and what was left untidy worse than what was not."""
    order = (Verdict.OK, Verdict.INFO, Verdict.NON_STRICT, Verdict.FAILED)
    return order.index(result.judgement.verdict), not result.judgement.clean


def _masked(text: str, canaries: Iterable[Canary]) -> str:
    """A text without the keys of a run."""
    for canary in canaries:
        text = canary.masked(text)
    return text


def _with_complaints(problem: str, complaints: bytes) -> str:
    lines = complaints.decode("utf-8", "replace").strip().splitlines()
    return f"{problem}; standard error ends with: {lines[-1]}" if lines else problem
