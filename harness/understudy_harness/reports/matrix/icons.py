"""Verdicts as shapes and words, so that no reader depends on their colours."""

from typing import NamedTuple

from understudy_harness.reports.markup import Markup, element, joined
from understudy_harness.reports.reading import ReportedCase


class Look(NamedTuple):
    """How a verdict looks.

    Attributes:
        name: of its style.
        word: in a cell.
        meaning: in the legend.
        path: of its icon, in a square of 16.
    """

    name: str
    word: str
    meaning: str
    path: str


_CHECK = "M2.5 8.5l3.5 3.5 7.5-8"
_CROSS = "M3.5 3.5l9 9M12.5 3.5l-9 9"
_WAVES = "M2.5 6.5q2.75-3 5.5 0t5.5 0M2.5 11q2.75-3 5.5 0t5.5 0"
_WARNING = "M8 1.5l6.7 12.5h-13.4zM8 6v4M8 11.6v.8"
_HOURGLASS = "M4 2h8M4 14h8M5 2q0 4 3 6q3-2 3-6M5 14q0-4 3-6q3 2 3 6"
_LIGHTNING = "M9 1.5l-5 7.5h4l-1.5 5.5 5.5-8h-4z"
_QUESTION = "M5 5.5q0-3 3-3t3 2.8q0 1.7-3 3.2v1.5M8 12.5v1"
LOOKS = {
    "OK": Look("ok", "OK", "all that is expected", _CHECK),
    "NON-STRICT": Look("second", "non-strict", "a second-best that the case accepts", _WAVES),
    "silent": Look("silent", "silent", "FAILED: the application was told of a success that is none", _WARNING),
    "loud": Look("failed", "loud", "FAILED: an error was reported where success was due", _CROSS),
    "hang": Look("failed", "hang", "FAILED: nothing was reported in time", _HOURGLASS),
    "storm": Look("failed", "storm", "FAILED: more requests than any accepted outcome has", _LIGHTNING),
    "FAILED": Look("failed", "failed", "FAILED in another way", _CROSS),
    "INFO": Look("info", "info", "a measurement; it cannot be failed", "M8 7v5.5M8 3.5v1"),
    "UNSUPPORTED": Look("none", "n/a", "UNSUPPORTED: the driver lacks what the case needs", "M3 8h10"),
    "SKIPPED": Look("none", "skipped", "SKIPPED: the driver declined", "M3.5 3l5 5-5 5M8.5 3l5 5-5 5"),
    "ERROR": Look("unable", "error", "ERROR: the driver crashed or broke the protocol", "M8 2.5v7M8 12v1.5"),
    "INCONCLUSIVE": Look("unable", "unclear", "INCONCLUSIVE: the suite's own clock slipped", _QUESTION),
}  # fmt: skip
"""By verdict, and by mark for those of FAILED that have one."""


def look(case: ReportedCase) -> Look:
    """How the verdict of a case looks."""
    return LOOKS[case.mark if case.failed and case.mark else case.verdict]


def icon(of: Look) -> Markup:
    """Its icon; hidden from screen readers, which hear the word."""
    use = element("use", href=f"#i-{of.word.replace('/', '')}")
    return element("svg", use, class_="icon", aria_hidden="true", focusable="false")


def chip(case: ReportedCase) -> Markup:
    """The verdict in full, on both axes."""
    verdict = element(
        "span", icon(look(case)), " ".join(filter(None, (case.verdict, case.mark))), class_=f"chip {look(case).name}"
    )
    return joined(verdict, None if case.clean else joined(" ", element("span", "UNCLEAN", class_="chip unclean")))


SYMBOLS = element(
    "svg",
    [
        element("symbol", element("path", d=each.path), id=f"i-{each.word.replace('/', '')}", viewBox="0 0 16 16")
        for each in LOOKS.values()
    ],
    class_="symbols",
    aria_hidden="true",
)
