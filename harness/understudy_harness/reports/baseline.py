"""A baseline to start from: every failure of a report, each waiting for the link to its issue."""

import json
from collections.abc import Iterable, Sequence

from understudy_harness.reports.reading import JUDGED, Report, ReportedCase
from understudy_harness.reports.screen import plain

_WHY = 200


def starting_baseline(reports: Sequence[Report], *, tidy: bool) -> str:
    """A TOML file for `--baseline`. It is refused until each entry has its link: an unfiled failure is not known.

    Args:
        reports: whose failures are listed.
        tidy: list what is unclean, too.
    """
    lines = [
        "# Known failures, for `understudy conform run --baseline`. Give each its issue; remove what is mended.",
        "",
    ]
    for report in reports:
        for case in report.cases:
            if case.failed or (tidy and not case.clean and case.verdict in JUDGED):
                lines += _entry(report, case)
    return "\n".join(lines)


def _entry(report: Report, case: ReportedCase) -> Iterable[str]:
    why = case.story.expected or "; ".join([*case.unmet, *case.untidy])
    yield "[[known]]"
    yield f"client = {_text(report.client.name)}"
    yield f"version = {_text(report.client.version)}"
    yield f"case = {_text(case.id)}"
    yield 'issue = ""'
    yield f"why = {_text(why if len(why) <= _WHY else f'{why[:_WHY]}…')}"
    yield ""


def _text(words: str) -> str:
    """A basic string of TOML: it escapes as JSON does, once control characters are visible."""
    return json.dumps(plain(words.replace("\n", " ")), ensure_ascii=False)
