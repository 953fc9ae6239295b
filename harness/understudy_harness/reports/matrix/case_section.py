"""The page of a case: what it is about, and below it the evidence of each client."""

from understudy_harness.conformance.case import SEATS
from understudy_harness.reports.links import with_links
from understudy_harness.reports.markup import Markup, element, joined
from understudy_harness.reports.matrix.columns import Row, Table, cell_anchor
from understudy_harness.reports.matrix.evidence import evidence
from understudy_harness.reports.matrix.icons import chip
from understudy_harness.reports.reading import About, Expected, ReportedCase


def case_section(table: Table, row: Row, *, alone: bool = False) -> Markup:
    """Everything about a case.

    Args:
        table: that it is in.
        row: the case in all reports.
        alone: on a page of its own.
    """
    case, about = row.case, row.case.about
    level = element("span", case.level.upper(), class_=f"level level-{case.level}")
    back = None if alone else element("a", "to the matrix", href=f"#{row.anchor}-row", class_="back")
    head = element("header", element("h1" if alone else "h4", element("span", row.id, class_="id"), " ", level), back)
    columns = range(len(table.names))
    return element(
        "section",
        head,
        element("p", row.title, class_="title"),
        element("p", about.rationale, class_="why") if about.rationale else None,
        _facts(about),
        [_run(table, row, column, alone=alone) for column in columns if row.cells[column] is not None],
        class_="case-section",
        id=row.anchor,
    )


def _facts(about: About) -> Markup:
    references = (
        element("ul", [element("li", with_links(each)) for each in about.references]) if about.references else None
    )
    by_hand = [line.partition("    (")[0] for line in about.by_hand]
    facts: list[tuple[str, Markup | str | None]] = [
        ("Where it comes from", references),
        ("Seats", ", ".join(SEATS.get(seat, seat) for seat in about.seat)),
        ("Needs", ", ".join(about.needs)),
        ("See it by hand", joined([element("code", line, class_="line") for line in by_hand]) if by_hand else None),
    ]
    return element(
        "dl", [joined(element("dt", name), element("dd", value)) for name, value in facts if value], class_="facts"
    )


def _run(table: Table, row: Row, column: int, *, alone: bool) -> Markup | None:
    """What one client did."""
    case = row.cells[column]
    if case is None:
        return None
    part = f"decided in its part {case.part!r}" if case.part else ""
    runs = f"{case.runs} runs" if case.runs > 1 else ""
    examples = f"{case.examples} examples" if case.examples else ""
    if len(set(case.tries)) > 1:
        runs += f": {', '.join(case.tries)}"
    took = f"{case.seconds:.1f} s" if case.runs else ""
    note = element("span", " · ".join(filter(None, (part, examples, runs, took))), class_="below")
    heading = "h2" if alone else "h5"
    return element(
        "article",
        element("header", element(heading, table.names[column]), chip(case), note),
        _story(case),
        _expectations(case),
        _measured(case),
        _server(case),
        evidence(case),
        _again(case),
        class_=f"run {'fine' if case.verdict in ('OK', 'INFO') and case.clean else 'finding'}",
        id=cell_anchor(row, column),
    )


def _story(case: ReportedCase) -> Markup | None:
    story = case.story
    told = [("server did", story.server), ("client did", story.client)]
    told += [("expected", story.expected or "; ".join(case.unmet))]
    told += [("not clean", ", ".join(case.untidy))]
    if case.reason:
        told = [("because", case.reason)]
    told += [("known as", case.issue or "")]
    # What a server or a client said gets no links.
    linked = ("because", "known as")
    items = [
        joined(element("dt", name), element("dd", with_links(words) if name in linked else words))
        for name, words in told
        if words
    ]
    return element("dl", items, class_="story") if items else None


_KINDS = {
    "must": "OK when all of this holds",
    "should": "and this, too",
    "non_strict": "NON-STRICT when, instead, one of these does",
    "tidy": "CLEAN when, besides, all of this holds",
}


def _expectations(case: ReportedCase) -> Markup | None:
    expected = case.about.expected
    lists = [
        joined(element("p", words), element("ul", [_expectation(each, kind) for each in found], class_="expectations"))
        for kind, words in _KINDS.items()
        if (found := expected.get(kind))
    ]
    if not lists:
        return None
    given = [each for kind in ("must", "should") for each in expected.get(kind, [])]
    met = sum(bool(each.met) for each in given)
    title = (
        f"Expectations: {met} of {len(given)} met" if any(each.met is not None for each in given) else "Expectations"
    )
    return element("details", element("summary", title), lists, open=case.failed)


def _expectation(each: Expected, kind: str) -> Markup:
    style, mark = {True: ("met", "met"), False: ("unmet", "not met"), None: ("unknown", "not judged")}[each.met]
    if kind == "non_strict" and not each.met:
        style = "unknown"  # nobody had to meet it
    return element("li", element("span", mark, class_="mark"), " ", element("code", each.written), class_=style)


def _measured(case: ReportedCase) -> Markup | None:
    if not case.measured:
        return None
    rows = [
        element("tr", element("th", name, scope="row"), element("td", _value(value)))
        for name, value in case.measured.items()
    ]
    return element("details", element("summary", "Measured values"), element("table", rows, class_="measured"))


def _value(value: object) -> str:
    if value is None:
        return "not seen"
    words = value if isinstance(value, str) else f"{value:.3f}" if isinstance(value, float) else repr(value)
    return words if len(words) <= 500 else f"{words[:500]}… ({len(words):,} characters)"


def _server(case: ReportedCase) -> Markup | None:
    if not case.about.server:
        return None
    title = f"The server's script{f', part {case.part!r}' if case.part else ''}"
    lines = [line if len(line) <= 2000 else f"{line[:2000]}… ({len(line):,} characters)" for line in case.about.server]
    return element(
        "details",
        element("summary", title),
        element("ol", [element("li", element("code", line)) for line in lines], class_="script"),
    )


def _again(case: ReportedCase) -> Markup | None:
    if not case.again:
        return None
    return element("p", "Run it alone: ", element("code", case.again, class_="line"), class_="again")
