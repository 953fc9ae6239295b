"""A picture of when requests came and were answered: waits are seen at a glance."""

from collections.abc import Sequence
from typing import NamedTuple

from understudy_harness.reports.markup import Markup, element

_MOST = 12


class Span(NamedTuple):
    """One request.

    Attributes:
        begun: its first byte, in seconds since the run began.
        ended: the last byte of its answer, None where that never came.
        words: beside it.
    """

    begun: float
    ended: float | None
    words: str


def timeline(spans: Sequence[Span], settled: float | None) -> Markup | None:
    """The picture; None where there is nothing to compare, or too much to see.

    Args:
        spans: requests in their order.
        settled: when the client reported, None when it did not.
    """
    last = max((settled or 0.0, *(span.ended or span.begun for span in spans)))
    if not 2 <= len(spans) <= _MOST or last <= 0:
        return None
    rows = []
    for number, span in enumerate(spans, start=1):
        begun, ended = 100 * span.begun / last, 100 * (last if span.ended is None else span.ended) / last
        place = f"margin-left:{begun:.2f}%;width:{max(ended - begun, 0):.2f}%"
        bar = element("span", style=place, class_="unanswered" if span.ended is None else None)
        words = element("span", f"{number}: {span.begun:.3f} s, {span.words}")
        rows.append(element("li", words, element("span", bar, class_="lane", aria_hidden="true")))
    return element("ol", rows, class_="timeline", aria_label=f"Requests within {last:.3f} s")
