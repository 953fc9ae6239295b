"""The report for people: a line for each case as it is done, with the story of those that need one.

It needs no colour and no cursor, so that the log of a CI job reads like a terminal.
"""

import shlex
from collections.abc import Callable, Sequence

from understudy_harness.conformance.case import Case, Level
from understudy_harness.conformance.protocol import Introduction
from understudy_harness.conformance.results import JUDGED, CaseResult, SuiteResult
from understudy_harness.conformance.runner import Listener
from understudy_harness.conformance.verdict import Verdict
from understudy_harness.reports.story import tell

_MARGIN = " " * 6


class Console(Listener):
    """Writes while the suite runs.

    Args:
        write: takes one line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._alone = ""
        self._group = ""
        self._width = 0

    def suite_started(self, introduction: Introduction, cases: Sequence[Case], command: Sequence[str]) -> None:
        """Say who is under test."""
        client = introduction.client
        below = ", ".join(filter(None, (client.runtime or client.language, client.http)))
        count = "1 case" if len(cases) == 1 else f"{len(cases)} cases"
        self._alone = f"understudy conform run --driver {shlex.quote(shlex.join(command))}"
        self._width = max(len(case.id) for case in cases)
        self._write(f"{client.name} {client.version}{f' ({below})' if below else ''}: {count}")

    def case_finished(self, result: CaseResult) -> None:
        """Say what became of a case, and why if it is not well."""
        case, judgement = result.case, result.judgement
        if case.group.id != self._group:
            self._group = case.group.id
            self._write(f"\n{case.group.id} {case.group.title}")
        mark = "" if judgement.mark is None else f" {judgement.mark.value}"
        again = f"  in {result.runs} runs" if result.runs > 1 else ""
        unclean = "" if judgement.clean else "  UNCLEAN"
        self._write(
            f"  {judgement.verdict.value + mark:13} {case.id:{self._width}}  {case.level.name:6} "
            f"{result.seconds:6.1f} s{again}{unclean}"
        )
        if judgement.verdict is Verdict.FAILED:
            story = tell(result)
            self._more("server did", story.server)
            self._more("client did", story.client)
            self._more("expected", story.expected)
            self._more("alone", f"{self._alone} --select {case.id}")
        elif judgement.verdict is Verdict.NON_STRICT:
            self._more("client did", tell(result).client)
        elif judgement.verdict not in JUDGED:
            self._more("because", result.reason)
        if judgement.untidy:
            self._more("not clean", ", ".join(judgement.untidy))

    def suite_finished(self, suite: SuiteResult) -> None:
        """Say what it all came to; no single grade."""
        headline = []
        for level in (Level.MUST, Level.SHOULD):
            totals = suite.totals(level)
            headline.append(f"{level.name} {totals.passed}/{totals.judged}")
        headline.append(f"{suite.silent} failed in silence")
        counts = {
            "non-strict": suite.count(Verdict.NON_STRICT),
            "unclean": sum(not each.judgement.clean for each in suite.results),
            "unsupported": suite.count(Verdict.UNSUPPORTED),
            "skipped": suite.count(Verdict.SKIPPED),
            "errors": suite.count(Verdict.ERROR),
            "inconclusive": suite.count(Verdict.INCONCLUSIVE),
        }
        headline += [f"{count} {what}" for what, count in counts.items() if count]
        self._write(f"\n{' · '.join(headline)} · {suite.seconds:.1f} s")

    def _more(self, what: str, words: str) -> None:
        self._write(f"{_MARGIN}{what:11} {words}")
