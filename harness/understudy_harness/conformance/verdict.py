"""From evidence to a verdict. Nothing here runs anything: the same evidence is always judged alike.

Two axes, as in Autobahn's suite: what the client did (`Verdict`), and whether it left things tidy (CLEAN or not).
"""

from enum import Enum

import msgspec

from understudy_harness.conformance.case import Case, Level
from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.expectations import Expectation, Part, Slack


class Verdict(Enum):
    """What became of a case."""

    OK = "OK"
    """All that is expected."""
    NON_STRICT = "NON-STRICT"
    """A second-best that the case lists."""
    FAILED = "FAILED"
    """Anything else."""
    INFO = "INFO"
    """A measurement."""
    UNSUPPORTED = "UNSUPPORTED"
    """The driver lacks what the case needs."""
    SKIPPED = "SKIPPED"
    """The driver declined."""
    ERROR = "ERROR"
    """The driver crashed or broke the protocol."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """The suite's own clock slipped, each time the case was run."""


class Mark(Enum):
    """How a case was failed, where that has a name; there are failures that have none.

    A success that is right but came by wrong conduct (a retry too early) is not silent: what the application was
    told is true.
    """

    SILENT = "silent"
    """The application was told of a success, and what it was told is wrong."""
    LOUD = "loud"
    """It was told of an error where success was due."""
    HANG = "hang"
    """It was told nothing within the case's window."""
    STORM = "storm"
    """More requests than any accepted outcome has."""


class Judgement(msgspec.Struct):
    """What evidence comes to.

    Attributes:
        verdict: on the first axis.
        mark: how it was failed.
        clean: the second axis.
        unmet: expectations that failed it.
        untidy: what makes it unclean.
    """

    verdict: Verdict
    mark: Mark | None = None
    clean: bool = True
    unmet: list[str] = []
    untidy: list[str] = []


def judge(case: Case, evidence: Evidence) -> Judgement:
    """The judgement of one run."""
    return _judge(case, evidence, case.group.slack)


def hangs_on(case: Case, evidence: Evidence, seconds: float) -> bool:
    """Whether the judgement would be another one if each time were more, or less, by so many seconds."""
    moved = [_judge(case, evidence, case.group.slack.moved(by)) for by in (-seconds, 0.0, seconds)]
    return len({(each.verdict, each.mark, each.clean) for each in moved}) > 1


def _judge(case: Case, evidence: Evidence, slack: Slack) -> Judgement:
    unmet = [each for each in case.must + case.should if not each.met(evidence, slack)]
    untidy = [each.written for each in case.tidy if not each.met(evidence, slack)]
    judgement = Judgement(Verdict.OK, clean=not untidy, untidy=untidy)
    if not case.must and not case.should:
        judgement.verdict = Verdict.INFO
    elif unmet:
        judgement.unmet = [each.written for each in unmet]
        if any(each.met(evidence, slack) for each in case.non_strict):
            judgement.verdict = Verdict.NON_STRICT
        elif case.level is Level.INFO:
            judgement.verdict = Verdict.INFO
        else:
            judgement.verdict = Verdict.FAILED
            judgement.mark = _mark(case, evidence, unmet)
    return judgement


def _mark(case: Case, evidence: Evidence, unmet: list[Expectation]) -> Mark | None:
    allowed = _allowed_requests(case)
    if allowed is not None and len(evidence.log.exchanges) > allowed:
        return Mark.STORM
    if evidence.outcome == "none":
        return Mark.HANG
    if evidence.outcome == "success" and any(_about_the_report(each) for each in unmet):
        return Mark.SILENT
    if evidence.outcome == "error" and any(each.demands_success for each in unmet):
        return Mark.LOUD
    return None


def _about_the_report(expectation: Expectation) -> bool:
    return any(operand.word is not None and operand.word.part is Part.REPORT for operand in expectation.operands)


def _allowed_requests(case: Case) -> int | None:
    """The most requests of any accepted outcome, None when one of them sets no bound."""
    bounds = [each.most_requests for each in case.must + case.should]
    first_best = min((bound for bound in bounds if bound is not None), default=None)
    accepted = [first_best, *(each.most_requests for each in case.non_strict)]
    return None if None in accepted else max(filter(None, accepted), default=0)
