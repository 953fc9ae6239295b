"""The report for people, while the suite runs: a line for each group, and the story of each case that needs one.

Cases may run side by side and end in any order. A group is told when the last of its cases is done, in the order of the
catalogue; with `verbose`, each case is told as it ends.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from understudy_harness.conformance.case import Case, Group, Level
from understudy_harness.conformance.gate import Gate, Standing
from understudy_harness.conformance.protocol import Client, Introduction
from understudy_harness.conformance.results import JUDGED, CaseResult, SuiteResult
from understudy_harness.conformance.runner import Listener
from understudy_harness.conformance.verdict import Verdict
from understudy_harness.reports.again import Again, by_driver
from understudy_harness.reports.screen import plain
from understudy_harness.reports.story import tell

Detail = Literal["quiet", "folded", "verbose"]
_MARGIN = " " * 6
_STYLES = {
    Verdict.OK: "good",
    Verdict.INFO: "good",
    Verdict.NON_STRICT: "second",
    Verdict.FAILED: "bad",
    Verdict.ERROR: "odd",
    Verdict.INCONCLUSIVE: "odd",
    Verdict.UNSUPPORTED: "faint",
    Verdict.SKIPPED: "faint",
}


class Console(Listener):
    """Writes while the suite runs.

    Args:
        write: takes one line or several.
        gate: what counts.
        again: the command that runs a case alone; that of a driver when left out.
        detail: `quiet` tells what breaks the build alone, `folded` what is not well, `verbose` each case.
        paint: gives a text a style of `Screen.paint`.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        gate: Gate | None = None,
        again: Again | None = None,
        detail: Detail = "folded",
        paint: Callable[[str, str], str] = lambda text, style: text,
    ) -> None:
        self._flush = write
        self._lines: list[str] = []
        self._gate = gate or Gate()
        self._detail = detail
        self._paint = paint
        self._client = Client("", "")
        self._again = again
        self._group = ""
        self._width = 0
        self._order: dict[str, int] = {}
        self._missing: Counter[str] = Counter()
        self._done: dict[str, list[CaseResult]] = {}

    def suite_started(self, introduction: Introduction, cases: Sequence[Case], command: Sequence[str]) -> None:
        """Say who is under test."""
        self._client, self._again = introduction.client, self._again or by_driver(command)
        self._width = max((len(case.id) for case in cases), default=0)
        self._order = {case.id: number for number, case in enumerate(cases)}
        self._missing = Counter(case.group.id for case in cases)
        if self._detail != "quiet":
            client = self._client
            below = ", ".join(filter(None, (client.runtime or client.language, client.http)))
            title = self._paint(plain(f"{client.name} {client.version}".strip()), "strong")
            self._lines.append(f"{title}{plain(f' ({below})') if below else ''}: {_cases(len(cases))}")
        self._written()

    def case_finished(self, result: CaseResult) -> None:
        """Say what became of a case, or of its group when it was the last of it."""
        group = result.case.group
        if self._detail == "quiet":
            if self._gate.standing(result, self._client) in (Standing.FAILED, Standing.MENDED, Standing.UNABLE):
                self._tell(result)
        elif self._detail == "verbose":
            if group.id != self._group:
                self._group = group.id
                self._lines.append(f"\n{self._paint(f'{group.id} {group.title}', 'strong')}")
            self._tell(result)
        else:
            self._done.setdefault(group.id, []).append(result)
            self._missing[group.id] -= 1
            if not self._missing[group.id]:
                self._fold(group)
        self._written()

    def suite_finished(self, suite: SuiteResult) -> None:
        """Say what it all came to; no single grade."""
        headline = []
        for level in (Level.MUST, Level.SHOULD):
            totals = suite.totals(level)
            style = "good" if totals.passed == totals.judged else "bad"
            headline.append(self._paint(f"{level.name} {totals.passed}/{totals.judged}", style))
        headline.append(self._paint(f"{suite.silent} failed in silence", "bad" if suite.silent else "good"))
        counts = {
            "non-strict": suite.count(Verdict.NON_STRICT),
            "unclean": sum(not each.judgement.clean for each in suite.results),
            "unsupported": suite.count(Verdict.UNSUPPORTED),
            "skipped": suite.count(Verdict.SKIPPED),
            "errors": suite.count(Verdict.ERROR),
            "inconclusive": suite.count(Verdict.INCONCLUSIVE),
        }
        headline += [f"{count} {what}" for what, count in counts.items() if count]
        space = "" if self._detail == "quiet" else "\n"
        self._lines.append(f"{space}{' · '.join(headline)} · {suite.seconds:.1f} s")
        self._written()

    def _written(self) -> None:
        """All lines at once, so that a terminal does not flicker."""
        if self._lines:
            self._flush("\n".join(self._lines))
            self._lines.clear()

    def _fold(self, group: Group) -> None:
        """One line for a group, and below it the cases that there is more to say about."""
        results = sorted(self._done.pop(group.id), key=lambda result: self._order.get(result.case.id, 0))
        counts = Counter(result.judgement.verdict for result in results)
        told = ", ".join(self._paint(f"{count} {verdict.value}", _STYLES[verdict]) for verdict, count in counts.items())
        title = self._paint(f"{group.id} {group.title}", "strong")
        self._lines.append(f"\n{title}: {told}, {sum(result.seconds for result in results):.1f} s")
        unsupported: dict[str, list[str]] = {}
        for result in results:
            if result.judgement.verdict is Verdict.UNSUPPORTED:
                unsupported.setdefault(result.reason, []).append(result.case.id)
            elif result.judgement.verdict not in (Verdict.OK, Verdict.INFO) or not result.judgement.clean:
                self._tell(result)
        for reason, ids in unsupported.items():
            self._lines.append(f"  {self._paint('UNSUPPORTED', 'faint')}   {', '.join(ids)}")
            self._more("because", reason)

    def _tell(self, result: CaseResult) -> None:
        """The line of a case, and why if it is not well."""
        case, judgement = result.case, result.judgement
        mark = "" if judgement.mark is None else f" {judgement.mark.value}"
        runs = f"  in {result.runs} runs" if result.runs > 1 else ""
        runs += f"  {result.examples} examples" if result.examples else ""
        if len(set(result.tries)) > 1:
            runs += f": {', '.join(verdict.value for verdict in result.tries)}"
        unclean = "" if judgement.clean else f"  {self._paint('UNCLEAN', 'second')}"
        verdict = self._paint(f"{judgement.verdict.value + mark:13}", _STYLES[judgement.verdict])
        seconds = f"{result.seconds:6.1f} s"
        self._lines.append(f"  {verdict} {case.id:{self._width}}  {case.level.name:6} {seconds}{runs}{unclean}")
        if judgement.verdict is Verdict.FAILED:
            story = tell(result)
            self._more("server did", story.server)
            self._more("client did", story.client)
            self._more("expected", story.expected)
            if self._again is not None:
                self._more("alone", self._again(result.decided))
        elif judgement.verdict is Verdict.NON_STRICT:
            self._more("client did", tell(result).client)
        elif judgement.verdict not in JUDGED:
            self._more("because", result.reason)
        if judgement.untidy:
            self._more("not clean", ", ".join(judgement.untidy))

    def _more(self, what: str, words: str) -> None:
        self._lines.append(f"{_MARGIN}{self._paint(f'{what:11}', 'faint')} {plain(words)}")


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"
