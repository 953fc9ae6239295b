"""A summary in Markdown, as pages of CI jobs show it."""

import re
from collections.abc import Iterable, Sequence

from understudy_harness.reports.reading import Report, ReportedCase, labels

_TOLD = 50
_LENGTH = 300
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#|~<>&@!])")


def summary(reports: Sequence[Report]) -> str:
    """A table of the clients, and below it what each of them failed; no single grade."""
    lines = [
        "## OpenAI client conformance",
        "",
        "| client | MUST | SHOULD | failed in silence | unclean | unsupported | not judged |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    names = labels(reports)
    for name, report in zip(names, reports, strict=True):
        (must, musts), (should, shoulds) = report.totals("must"), report.totals("should")
        unable = report.count("ERROR") + report.count("INCONCLUSIVE") + report.count("SKIPPED")
        cells = [f"{must}/{musts}", f"{should}/{shoulds}", report.silent, report.unclean]
        cells += [report.count("UNSUPPORTED"), unable]
        lines.append(f"| {_escaped(name)} | {' | '.join(map(str, cells))} |")
    for name, report in zip(names, reports, strict=True):
        lines += _failures(name, report)
    return "\n".join(lines) + "\n"


def _failures(name: str, report: Report) -> Iterable[str]:
    told = [case for case in report.cases if case.verdict in ("FAILED", "ERROR", "INCONCLUSIVE") or not case.clean]
    if not told:
        return
    yield from ("", f"<details><summary>{_escaped(name)}: {len(told)} to look at</summary>", "")
    yield from ("| case | level | verdict | what happened |", "| --- | --- | --- | --- |")
    for case in told[:_TOLD]:
        yield f"| `{_code(case.id)}` | {case.level.upper()} | {_escaped(case.words)} | {_what(case)} |"
    if len(told) > _TOLD:
        yield f"\nand {len(told) - _TOLD} more; the JSON report has all of them."
    yield from ("", "</details>")


def _what(case: ReportedCase) -> str:
    if case.verdict in ("ERROR", "INCONCLUSIVE"):
        return _escaped(case.reason)
    told = []
    if case.failed:
        story = case.story
        lines = {"server": story.server, "client": story.client, "expected": story.expected or "; ".join(case.unmet)}
        told = [f"{who}: {words}" for who, words in lines.items() if words]
    if case.untidy:
        told.append(f"not clean: {', '.join(case.untidy)}")
    if case.issue:
        told.append(f"known as: {case.issue}")
    return "<br>".join(_escaped(line) for line in told)


def _escaped(text: str) -> str:
    """Without any meaning to Markdown or HTML, on one line, not too long."""
    line = " ".join(text.split())
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line if len(line) <= _LENGTH else f"{line[:_LENGTH]}…")


def _code(text: str) -> str:
    return re.sub(r"[^\w.-]", "", text)
