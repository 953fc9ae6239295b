"""The first page: who was tried, what it came to, and the matrix."""

from collections.abc import Iterable

from understudy_harness.conformance.case import SEATS
from understudy_harness.reports.links import link_to
from understudy_harness.reports.markup import Markup, element, joined
from understudy_harness.reports.matrix.changed import changed_since
from understudy_harness.reports.matrix.columns import Group, Row, Table
from understudy_harness.reports.matrix.icons import LOOKS, icon, look
from understudy_harness.reports.reading import LevelWord, Report, ReportedCase, VerdictWord

_LEVELS = {"must": "MUST", "should": "SHOULD", "info": "INFO"}
_NOT_JUDGED: dict[VerdictWord, str] = {"SKIPPED": "skipped", "ERROR": "errors", "INCONCLUSIVE": "inconclusive"}


def overview(table: Table) -> Markup:
    """Heading, clients, matrix, legend."""
    cards = [_card(table, column) for column in range(len(table.reports))]
    return joined(
        element("header", element("h1", "OpenAI client conformance"), element("p", _subtitle(table), class_="lead")),
        element("section", element("h2", "Clients", class_="unseen"), cards, class_="cards"),
        changed_since(table) if table.since else None,
        _matrix(table),
    )


def _subtitle(table: Table) -> str:
    rows = sum(len(group.rows) for group in table.groups)
    days = sorted({report.started_at[:10] for report in table.reports})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    versions = ", ".join(sorted({report.suite.version for report in table.reports} - {""}))
    clients = _count(len(table.reports), "client")
    groups = _count(len(table.groups), "group")
    return f"{clients} · {_count(rows, 'case')} in {groups} · {when} · Understudy {versions}".rstrip()


def _card(table: Table, column: int) -> Markup:
    """One client: its headline, with no single grade."""
    report, client = table.reports[column], table.reports[column].client
    below = ", ".join(filter(None, (client.language, client.runtime, client.http)))
    facts = [
        _fact(report.silent, "failed in silence", "bad"),
        _fact(report.unclean, "UNCLEAN", "odd"),
        *(
            _fact(report.count(verdict), word, "faint")
            for verdict, word in _NOT_JUDGED.items()
            if report.count(verdict)
        ),
    ]
    return element(
        "article",
        element("h3", table.names[column]),
        element("p", below, class_="below") if below else None,
        [_bar(report, level) for level in ("must", "should")],
        element("p", facts, class_="facts"),
        _unsupported(table, column),
        element("details", element("summary", "How it was run"), _how(report)),
        class_="card",
        id=f"client-{column + 1}",
    )


def _bar(report: Report, level: LevelWord) -> Markup:
    passed, judged = report.totals(level)
    share = 100 * passed / judged if judged else 0
    words = element("span", element("b", _LEVELS[level]), f" {passed}/{judged}")
    track = element("span", element("span", style=f"width:{share:.1f}%"), class_="track", aria_hidden="true")
    return element("p", words, track, class_=f"bar {'whole' if passed == judged else 'part'}")


def _fact(count: int, what: str, style: str) -> Markup:
    return element("span", element("b", str(count)), f" {what}", class_=f"fact {style if count else 'zero'}")


def _unsupported(table: Table, column: int) -> Markup | None:
    rows = [row for group in table.groups for row in group.rows if _verdict(row.cells[column]) == "UNSUPPORTED"]
    if not rows:
        return None
    reasons = sorted({cell.reason for row in rows if (cell := row.cells[column]) is not None and cell.reason})
    names = [joined(element("a", row.id, href=table.link(row, column)), " ") for row in rows]
    why = element("p", "; ".join(reasons), class_="below") if reasons else None
    return element("details", element("summary", f"{len(rows)} unsupported"), why, element("p", names, class_="ids"))


def _how(report: Report) -> Markup:
    client = report.client
    facts: list[tuple[str, Markup | str]] = [
        ("Seat", SEATS.get(report.seat, report.seat)),
        ("Command", element("code", " ".join(report.command))),
        ("Begun", report.started_at),
        ("Took", f"{report.seconds:.1f} s"),
        ("Suite", report.suite.version),
        ("Can call", ", ".join(report.driver.ops)),
        ("Can", ", ".join(report.driver.can)),
        ("Homepage", link_to(client.homepage)),
        ("Problems", link_to(client.issues)),
    ]
    return element("dl", [joined(element("dt", name), element("dd", value)) for name, value in facts if value])


def _matrix(table: Table) -> Markup:
    clients = [
        element("th", element("a", name, href=f"#client-{number}"), scope="col")
        for number, name in enumerate(table.names, start=1)
    ]
    head = element("thead", element("tr", element("th", "Case", scope="col", class_="corner"), clients))
    bodies = [_group(table, group) for group in table.groups]
    caption = element("caption", "Verdicts: a row for each case, a column for each client", class_="unseen")
    grid = element("table", caption, head, bodies, class_="wide" if len(table.names) > 4 else None)
    scroller = element("div", grid, class_="scroller", tabindex="0", role="region", aria_label="Matrix, scrolls")
    heading = element("h2", "Matrix", id="matrix")
    return element(
        "section", element("div", heading, _filters(table), class_="bar-of-matrix"), scroller, _legend(table)
    )


def _filters(table: Table) -> Markup:
    choices = [("all", "All"), ("findings", "Not all OK")]
    if len(table.names) > 1:
        choices.append(("differing", "Where clients differ"))
    buttons = [
        element("label", element("input", type="radio", name="show", id=f"show-{name}", checked=name == "all"), words)
        for name, words in choices
    ]
    return element("fieldset", element("legend", "Show", class_="unseen"), buttons, class_="filters")


def _group(table: Table, group: Group) -> Markup:
    counts = []
    for column in range(len(table.names)):
        passed, judged = group.passed(column)
        counts.append(element("td", f"{passed}/{judged}" if judged else "–"))
    head = element("tr", element("th", f"{group.id} {group.title}", scope="rowgroup"), counts, class_="group")
    return element("tbody", head, [_row(table, row) for row in group.rows])


def _row(table: Table, row: Row) -> Markup:
    name = element("a", element("span", row.id, class_="id"), href=table.link(row))
    level = element("span", _LEVELS[row.level], class_=f"level level-{row.level}")
    head = element("th", name, " ", level, element("span", row.title, class_="title"), scope="row")
    styles = ["case", "fine" if row.is_fine else None, "same" if row.is_same else None]
    cells = [_cell(table, row, column) for column in range(len(table.names))]
    return element("tr", head, cells, class_=" ".join(filter(None, styles)), id=f"{row.anchor}-row")


def _cell(table: Table, row: Row, column: int) -> Markup:
    case = row.cells[column]
    if case is None:
        return element("td", element("span", "–", class_="unrun", title="not run"))
    seen = look(case)
    label = f"{row.id}, {table.names[column]}: {case.words}"
    unclean = None if case.clean else element("span", "unclean", class_="dirt")
    words = element("span", seen.word, unclean, class_="words")
    link = element(
        "a",
        icon(seen),
        words,
        class_=f"cell {seen.name}",
        href=table.link(row, column),
        aria_label=label,
        title=case.words,
    )
    return element("td", link)


def _legend(table: Table) -> Markup:
    cells = [cell for group in table.groups for row in group.rows for cell in row.cells if cell is not None]
    used = {look(cell).word for cell in cells}
    items: Iterable[Markup] = [
        element("li", element("span", icon(each), each.word, class_=f"chip {each.name}"), f" {each.meaning}")
        for each in LOOKS.values()
        if each.word in used
    ]
    dirt = element(
        "li",
        element("span", "unclean", class_="chip unclean"),
        " left something behind: a socket, the key, a warning, a late request",
    )
    return element(
        "ul", items, dirt if any(not cell.clean for cell in cells) else None, class_="legend", aria_label="Legend"
    )


def _verdict(case: ReportedCase | None) -> str:
    return "" if case is None else case.verdict


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
