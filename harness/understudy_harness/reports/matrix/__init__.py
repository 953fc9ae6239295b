"""The HTML matrix: groups down, clients across, a cell for each case, and the evidence behind each cell.

It opens from disk, in one file or in a folder with a page for each case. There is no script in it, and nothing in it is
loaded from anywhere: a policy in each page forbids both, whatever a report may hold.
"""

from collections.abc import Sequence
from pathlib import Path

from understudy_harness.reports.markup import element, joined
from understudy_harness.reports.matrix.case_section import case_section
from understudy_harness.reports.matrix.columns import Table
from understudy_harness.reports.matrix.overview import overview
from understudy_harness.reports.matrix.page import page
from understudy_harness.reports.reading import Report

INDEX = "index.html"
_FILE_ENDINGS = (".html", ".htm")


def is_one_file(output: Path) -> bool:
    """Whether a path means one file with everything in it; else it is a folder."""
    return output.suffix.lower() in _FILE_ENDINGS


def write_matrix(reports: Sequence[Report], output: Path, before: Sequence[Report] = ()) -> Path:
    """Write the matrix, and say which file to open.

    Args:
        reports: one for each column.
        output: a file when it ends in .html, else a folder, which is made; other files in it are left alone.
        before: earlier reports about the same clients, to show what changed since.

    Raises:
        OSError: it cannot be written.
        ReportError: no client is in the earlier reports.
    """
    if is_one_file(output):
        output.write_bytes(one_page(reports, before))
        return output
    pages = folder(reports, before)
    (output / "cases").mkdir(parents=True, exist_ok=True)
    for name, content in pages.items():
        (output / name).write_bytes(content)
    return output / INDEX


def one_page(reports: Sequence[Report], before: Sequence[Report] = ()) -> bytes:
    """Everything in one document."""
    table = Table(reports, "#{anchor}", before)
    sections = [
        joined(
            element("h3", f"{group.id} {group.title}"),
            [case_section(table, row) for row in group.rows],
        )
        for group in table.groups
    ]
    evidence = element("section", element("h2", "Evidence", id="evidence"), sections, class_="evidence")
    return page(table.title, joined(overview(table), evidence))


def folder(reports: Sequence[Report], before: Sequence[Report] = ()) -> dict[str, bytes]:
    """A document for the matrix and one for each case, by their paths in a folder."""
    table = Table(reports, "cases/{file}.html#{anchor}", before)
    pages = {}
    rows = [row for group in table.groups for row in group.rows]
    for number, row in enumerate(rows):
        neighbours = (rows[number - 1] if number else None, rows[number + 1] if number + 1 < len(rows) else None)
        links = [element("a", "Matrix", href=f"../{INDEX}#{row.anchor}-row")]
        for way, neighbour in zip(("Before", "After"), neighbours, strict=True):
            if neighbour is not None:
                links.append(element("a", f"{way}: {neighbour.id}", href=f"{neighbour.file}.html"))
        body = joined(element("nav", links, class_="trail", aria_label="Pages"), case_section(table, row, alone=True))
        pages[f"cases/{row.file}.html"] = page(f"{row.id}: {row.title}", body)
    return {**pages, INDEX: page(table.title, overview(table))}
