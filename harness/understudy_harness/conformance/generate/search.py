"""The search for examples that break a relation: pairs of ways first, random ones after, and what is found is shrunk.

Hypothesis draws and shrinks; the suite's own engine runs and judges each example. The same seed gives the same
examples, as long as the client gives the same answers.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from understudy_harness.conformance.case import Case
from understudy_harness.conformance.generate import promoted
from understudy_harness.conformance.generate.pairs import pairs
from understudy_harness.conformance.generate.relations import RELATIONS, Parameter, Relation, Stage
from understudy_harness.conformance.generate.truths import Table
from understudy_harness.conformance.protocol import Introduction
from understudy_harness.conformance.results import CaseResult, SuiteResult
from understudy_harness.conformance.runner import Listener, Runner, Worker
from understudy_harness.conformance.verdict import Judgement, Verdict

EXAMPLES = 200
WAITING_SHARE = 0.25
"""What a relation that waits has of the examples that others have."""
_NARROWED = 30
"""Most examples between the plain way and one that failed, in search of a smaller one."""
_SHRINKS, _WAITING_SHRINKS = 400, 12
"""Most examples that are run to make a finding smaller."""
_BAD = (Verdict.FAILED, Verdict.ERROR)
_WORSE = (Verdict.OK, Verdict.NON_STRICT)
T = TypeVar("T")
Drawn = tuple[dict[str, Any], Table]


class _Found(Exception):
    """An example breaks the relation."""


class Search:
    """Tries relations against one client.

    Args:
        runner: of the client.
        command: how its driver is started, for the reports.
        execute: runs a coroutine to its end, always on the same loop.
        now: the time of day in microseconds since the epoch.
        listeners: told of what happens.
        examples: of all relations together.
        seed: of everything that is drawn.
        source: tells the file in which the example of a relation will be found.
    """

    def __init__(
        self,
        runner: Runner,
        command: Sequence[str],
        *,
        execute: Callable[[Coroutine[Any, Any, Any]], Any],
        now: Callable[[], int],
        listeners: Iterable[Listener] = (),
        examples: int = EXAMPLES,
        seed: int = 0,
        source: Callable[[Relation], str] = lambda relation: f"P-{relation.id.lower()}.toml",
    ) -> None:
        self._runner = runner
        self._command = list(command)
        self._execute = execute
        self._now = now
        self._listeners = tuple(listeners)
        self._examples = examples
        self._seed = seed
        self._source = source

    def run(self, relations: Sequence[Relation] = RELATIONS) -> SuiteResult:
        """Try relations, and report each as a case.

        Raises:
            DriverError, ProtocolError: the driver never introduced itself.
        """
        worker = self._runner.worker()
        started_at = self._on_loop(self._now)
        introduction: Introduction = self._execute(worker.start())
        began = self._time()
        able = [*introduction.ops, *introduction.can]
        shown = {relation.id: self._shown(relation, able) for relation in relations}
        results: list[CaseResult] = []
        try:
            self._tell(lambda each: each.suite_started(introduction, list(shown.values()), self._command))
            for relation in relations:
                self._tell(lambda each, case=shown[relation.id]: each.case_started(case))  # type: ignore[misc]
                attempt = _Attempt(self, worker, relation, able, self._share(relation, relations))
                before = self._time()
                results.append(self._told(relation, shown[relation.id], attempt))
                results[-1].seconds = self._time() - before
                self._tell(lambda each: each.case_finished(results[-1]))
        finally:
            self._execute(worker.stop())
            self._runner.close()
        suite = SuiteResult(introduction, self._command, results, started_at, self._time() - began)
        self._tell(lambda each: each.suite_finished(suite))
        return suite

    def judge(self, worker: Worker, case: Case) -> CaseResult:
        """The verdict of one example."""
        result: CaseResult = self._execute(worker.judge_case(case))
        return result

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""
        return self._seed

    def _tell(self, what: Callable[[Listener], None]) -> None:
        """Tell the listeners; some of them set timers."""
        for listener in self._listeners:
            self._on_loop(lambda listener=listener: what(listener))  # type: ignore[misc]

    def _time(self) -> float:
        return self._on_loop(lambda: asyncio.get_running_loop().time())

    def _on_loop(self, what: Callable[[], T]) -> T:
        """What is no coroutine, while the loop runs."""

        async def call() -> T:
            return what()

        result: T = self._execute(call())
        return result

    def _share(self, relation: Relation, relations: Sequence[Relation]) -> int:
        """Its examples: as many as others', but fewer when each of them takes seconds."""
        weights = {each.id: WAITING_SHARE if each.waits else 1.0 for each in relations}
        return max(1, round(self._examples * weights[relation.id] / sum(weights.values())))

    def _shown(self, relation: Relation, able: Sequence[str]) -> Case:
        """A relation as a case: with its plainest example, or with one that nobody here can run."""
        stages = relation.stages(able) or relation.stages(_ALL)
        table = promoted.case_table(relation, _plainest(stages[0]))
        return self._labelled(relation, promoted.as_case(table))

    def _labelled(self, relation: Relation, case: Case) -> Case:
        group = promoted.generated_group(self._source(relation))
        return msgspec.structs.replace(case, id=relation.id, group=group, references=relation.references)

    def _told(self, relation: Relation, shown: Case, attempt: "_Attempt") -> CaseResult:
        lacking = relation.lacking(attempt.able)
        if lacking:
            words = " and no ".join(need.replace("|", " or ") for need in lacking)
            return CaseResult(shown, Judgement(Verdict.UNSUPPORTED), f"the driver has no {words}")
        result = attempt.result() or CaseResult(shown, Judgement(Verdict.INCONCLUSIVE), "no example was judged")
        result.case = self._labelled(relation, result.case)
        result.examples = attempt.judged
        return result


_ALL = ("chat", "stream", "responses", "tools", "n", "retries", "parallel", "cancel")


def _plainest(stage: Stage) -> Table:
    drawn = {name: parameter.values[0] for name, parameter in stage.parameters.items()}
    return stage.table(drawn, stage.seeds[0])


class _Attempt:
    """One relation against one client.

    Attributes:
        able: what the client can.
        judged: examples so far.
    """

    def __init__(self, search: Search, worker: Worker, relation: Relation, able: Sequence[str], share: int) -> None:
        self.able = able
        self.judged = 0
        self._search = search
        self._worker = worker
        self._relation = relation
        self._share = share
        self._found: CaseResult | None = None
        self._best: CaseResult | None = None
        self._declined: CaseResult | None = None
        self._unjudged: CaseResult | None = None
        self._shrinks_left = _WAITING_SHRINKS if relation.waits else _SHRINKS

    def result(self) -> CaseResult | None:
        """What the search came to: the smallest finding, or the worst of what is no finding; None for nothing."""
        stages = self._relation.stages(self.able)
        each = max(1, self._share // max(len(stages), 1))
        for stage in stages:
            self._try_stage(stage, each)
            if self._found is not None or self._declined is not None:
                break
        return self._found or self._declined or self._best or self._unjudged

    def _try_stage(self, stage: Stage, share: int) -> None:
        ways = {name: parameter.values for name, parameter in stage.parameters.items()}
        rows = pairs(ways) if len(ways) > 1 else [{name: value} for name, values in ways.items() for value in values]
        # Half of the examples at most: ways are not all that there is.
        rows = rows[: max(1, share // 2)]
        for number, row in enumerate(rows):
            truth = stage.seeds[number % len(stage.seeds)]
            if self._breaks(stage, (row, truth)):
                self._shrink_row(stage, row, truth)
                return
            if self._declined is not None:
                return
        drawn = st.fixed_dictionaries({name: each.strategy for name, each in stage.parameters.items()})
        self._explore(stage, st.tuples(drawn, stage.truths), share - len(rows))

    def _shrink_row(self, stage: Stage, row: Mapping[str, Any], truth: Table) -> None:
        """Look for a smaller example between the plain way and the one that failed."""
        first = self._found
        narrowed = {
            name: Parameter((parameter.values[0], row[name]), parameter.drawn)
            for name, parameter in stage.parameters.items()
        }
        drawn = st.fixed_dictionaries({name: each.strategy for name, each in narrowed.items()})
        # Not both answers in one search: to Hypothesis the one that takes no choices is the smaller one, however long.
        for answers in (stage.truths, st.just(truth)):
            self._found = None
            if self._explore(stage, st.tuples(drawn, answers), _NARROWED):
                return
        self._found = first

    def _explore(self, stage: Stage, drawn: st.SearchStrategy[Drawn], examples: int) -> bool:
        """Whether random examples, so many at most, find one that breaks the relation."""
        if examples < 1:
            return False

        @seed(self._search.seed)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            print_blob=False,
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        @given(drawn)
        def holds(example: Drawn) -> None:
            if self._declined is not None:
                return
            if self._found is not None:
                self._shrinks_left -= 1
            if self._shrinks_left >= 0 and self._breaks(stage, example):
                raise _Found

        try:
            holds()
        except Exception:
            # `_Found`, or what Hypothesis makes of it when the client does not fail each time: the finding stands.
            if self._found is None:
                raise
        return self._found is not None

    def _breaks(self, stage: Stage, example: Drawn) -> bool:
        """Judge an example; one that breaks the relation is kept."""
        table = promoted.case_table(self._relation, stage.table(*example))
        case = promoted.as_case(table)
        if not self._relation.waits:
            # Late requests are what other cases watch for; here it would be most of the time.
            case = msgspec.structs.replace(case, watch_s=0.0)
        result = self._search.judge(self._worker, case)
        self.judged += 1
        verdict = result.judgement.verdict
        if verdict in _BAD:
            # The client must not be accused of a crash because a smaller example of a wrong answer ends in one.
            if self._found is not None and self._found.judgement.verdict is not verdict:
                return False
            result.example = table
            self._found = result
            return True
        if verdict is Verdict.SKIPPED:
            self._declined = result
        elif verdict in _WORSE and (self._best is None or _badness(result) >= _badness(self._best)):
            self._best = result
        elif verdict is Verdict.INCONCLUSIVE:
            self._unjudged = result
        return False


def _badness(result: CaseResult) -> tuple[int, bool]:
    return _WORSE.index(result.judgement.verdict), not result.judgement.clean
