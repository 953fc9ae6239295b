"""Reports side by side: which cases there are, in which groups, and what became of each in each report."""

import re
from collections.abc import Sequence

from understudy_harness.reports.changes import pairs
from understudy_harness.reports.reading import Report, ReportedCase, labels


class Row:
    """One case in all reports.

    Attributes:
        id, title, level: of the case.
        cells: what became of it, a place for each report; None where it was not run.
        anchor: its name in links; `file` the same, for a page of its own.
    """

    def __init__(self, cells: Sequence[ReportedCase | None], taken: set[str]) -> None:
        self.cells = list(cells)
        self.case = next(cell for cell in reversed(self.cells) if cell is not None)
        self.id, self.title, self.level = self.case.id, self.case.title, self.case.level
        self.anchor = self.file = _unique(_plain(self.id), taken)

    @property
    def is_fine(self) -> bool:
        """Whether no reader needs to look: every cell is OK or a measurement, and clean."""
        return all(cell is not None and cell.verdict in ("OK", "INFO") and cell.clean for cell in self.cells)

    @property
    def is_same(self) -> bool:
        """Whether all clients have the same verdict."""
        return len({None if cell is None else cell.words for cell in self.cells}) == 1


class Group:
    """The cases of one group.

    Attributes:
        id, title: of the group.
        rows: its cases, in their order.
    """

    def __init__(self, id: str, title: str, rows: Sequence[Row]) -> None:
        self.id, self.title, self.rows = id, title, rows

    def passed(self, column: int) -> tuple[int, int]:
        """How many cases a client passed, of those that were judged and can be failed."""
        cells = [row.cells[column] for row in self.rows]
        judged = [cell for cell in cells if cell is not None and cell.verdict in ("OK", "NON-STRICT", "FAILED")]
        return sum(not cell.failed for cell in judged), len(judged)


class Table:
    """All of it.

    Args:
        reports: a column each.
        link: where the evidence of a cell is, with {anchor} and {file}.
        before: earlier reports, to show what changed since.

    Attributes:
        names: of the columns, no two alike.
        groups: of the rows.
        changes: since the earlier reports, each with its column.
        since: the days of those reports; empty without any.
    """

    def __init__(self, reports: Sequence[Report], link: str, before: Sequence[Report] = ()) -> None:
        self.reports = list(reports)
        self.names = labels(self.reports)
        self._link = link
        by_id = [{case.id: case for case in report.cases} for report in self.reports]
        ids = sorted(dict.fromkeys(id for cases in by_id for id in cases), key=_place)
        taken: set[str] = set()
        titles = {group: title for report in self.reports for group, title in report.groups.items()}
        found: dict[str, list[Row]] = {}
        for id in ids:
            row = Row([cases.get(id) for cases in by_id], taken)
            found.setdefault(row.case.group, []).append(row)
        found_pairs = pairs(before, self.reports)[0] if before else []
        self.changes = [(self.reports.index(pair.after), change) for pair in found_pairs for change in pair.changes()]
        self.since = sorted({pair.before.started_at[:10] for pair in found_pairs})
        self.groups = [Group(id, titles.get(id, ""), rows) for id, rows in found.items()]

    @property
    def title(self) -> str:
        """Of the document."""
        names = ", ".join(self.names) if len(self.names) <= 3 else f"{len(self.names)} clients"
        return f"OpenAI client conformance: {names}"

    def link(self, row: Row, column: int | None = None) -> str:
        """To the evidence of a case, or of one client in it."""
        anchor = row.anchor if column is None else cell_anchor(row, column)
        return self._link.format(anchor=anchor, file=row.file)


def cell_anchor(row: Row, column: int) -> str:
    """The name of a cell's evidence."""
    return f"{row.anchor}--{column + 1}"


def _place(id: str) -> tuple[tuple[int, int, str], ...]:
    """By numbers where there are some: 1.9 stands before 1.10."""
    return tuple(
        (0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in re.split("[.-]", id)
    )


def _plain(id: str) -> str:
    """An id as part of a link and as a file's name, whatever a report calls it."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", id).lstrip(".")[:80] or "case"


def _unique(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found.lower() in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found.lower())
    return found
