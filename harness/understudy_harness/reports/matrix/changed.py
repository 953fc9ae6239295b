"""What changed since earlier reports, on the first page."""

from understudy_harness.reports.changes import Change, Way
from understudy_harness.reports.markup import Markup, element, joined
from understudy_harness.reports.matrix.columns import Row, Table
from understudy_harness.reports.matrix.icons import chip
from understudy_harness.reports.reading import ReportedCase


def changed_since(table: Table) -> Markup:
    """A section with a list for each way in which cases changed, the worst first."""
    rows = {row.id: row for group in table.groups for row in group.rows}
    parts = []
    for way in Way:
        found = [(column, change) for column, change in table.changes if change.way is way]
        if found:
            items = [_item(table, rows.get(change.case.id), column, change) for column, change in found]
            title = element("summary", f"{way.value}: {len(found)}")
            parts.append(element("details", title, element("ul", items), open=any(each.is_worse for _, each in found)))
    days = table.since[0] if len(table.since) == 1 else f"{table.since[0]} to {table.since[-1]}"
    heading = element("h2", f"Changed since {days}")
    return element("section", heading, parts or element("p", "Nothing.", class_="below"), class_="changed")


def _item(table: Table, row: Row | None, column: int, change: Change) -> Markup:
    case_id = change.case.id
    linked = row is not None and row.cells[column] is not None
    name = element("a", case_id, href=table.link(row, column)) if row is not None and linked else case_id
    whose = f" {table.names[column]} " if len(table.names) > 1 else " "
    return element("li", name, whose, _side(change.before), " → ", _side(change.after))


def _side(case: ReportedCase | None) -> Markup:
    return element("span", "not run", class_="below") if case is None else joined(chip(case))
