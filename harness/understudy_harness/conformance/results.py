"""What a run of the suite came to: the values that every report is a view of, and the one exit code."""

from typing import Any

import msgspec

from understudy_harness.conformance.case import Case, Level
from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.protocol import Introduction
from understudy_harness.conformance.verdict import Judgement, Mark, Verdict

JUDGED = (Verdict.OK, Verdict.NON_STRICT, Verdict.FAILED, Verdict.INFO)
"""Verdicts about the client; the others say why there is none."""
UNABLE = (Verdict.ERROR, Verdict.INCONCLUSIVE)
"""Verdicts by which the suite says that it could not judge."""


class CaseResult(msgspec.Struct):
    """What became of one case.

    Attributes:
        case: which.
        judgement: of the run that counts, the last.
        reason: why there is no judgement about the client; empty when there is.
        runs: how often it was run.
        tries: the verdict of each of those runs.
        seconds: real time of all of them.
        measured: the values that the expectations ask for.
        evidence: of the last run; None when it was not run.
        part: of a case in several parts, the one that decided.
        left_out: the parts that the client has not what it takes for.
        examples: of a relation, how many generated cases were judged; 0 for a case of a file.
        example: of a relation that does not hold, the smallest case that shows it, as a case table.
    """

    case: Case
    judgement: Judgement
    reason: str = ""
    runs: int = 0
    seconds: float = 0.0
    measured: dict[str, Any] = {}
    evidence: Evidence | None = None
    part: str = ""
    tries: list[Verdict] = []
    left_out: list[str] = []
    examples: int = 0
    example: dict[str, Any] | None = None

    @property
    def decided(self) -> Case:
        """The part that decided, or the case itself."""
        return next((variant for variant in self.case.variants if variant.part == self.part), self.case)


class Totals(msgspec.Struct):
    """Counts for the headline: of the cases of one level, how many were passed of those that were judged."""

    passed: int = 0
    judged: int = 0


class SuiteResult(msgspec.Struct):
    """What became of all cases.

    Attributes:
        introduction: of the client.
        command: how the driver was started.
        results: in the order of the catalogue.
        started_at: microseconds since the epoch.
        seconds: real time.
        seat: where the client stood, a letter of `case.SEATS`.
    """

    introduction: Introduction
    command: list[str]
    results: list[CaseResult]
    started_at: int
    seconds: float
    seat: str = "D"

    def totals(self, level: Level) -> Totals:
        """The headline of one level."""
        judged = [each for each in self.results if each.case.level is level and each.judgement.verdict in JUDGED]
        passed = [each for each in judged if each.judgement.verdict is not Verdict.FAILED]
        return Totals(len(passed), len(judged))

    def count(self, verdict: Verdict) -> int:
        """How many cases have a verdict."""
        return sum(each.judgement.verdict is verdict for each in self.results)

    @property
    def silent(self) -> int:
        """How many failures the application was not told about."""
        return sum(each.judgement.mark is Mark.SILENT for each in self.results)
