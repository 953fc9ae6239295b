"""What was measured, and how it is shown: tables, goals, JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any

from tabulate import tabulate


@dataclass
class Goal:
    """A figure that is wanted.

    Attributes:
        what: is measured.
        wanted: in words.
        measured: in words.
        met: whether it is.
    """

    what: str
    wanted: str
    measured: str
    met: bool


@dataclass
class Section:
    """One measurement.

    Attributes:
        title: over the table.
        rows: figures by the name of their column; the first column names the row.
        goals: that these figures meet or miss.
        notes: what a reader must know, and who was left out, a sentence each.
        failed: whether something of ours could not be measured.
    """

    title: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: bool = False


def shown(value: object) -> str:
    """A figure with as many digits as it is good for."""
    if value is None:
        return ""
    if not isinstance(value, int | float):
        return str(value)
    if value != value:
        return "not known"
    size = abs(value)
    if size >= 1_000 or isinstance(value, int):
        return f"{value:,.0f}"
    if 0 < size < 0.01:
        return f"{value:.4f}"
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def rendered(section: Section, *, markdown: bool) -> str:
    """The section as text: title, table, notes."""
    parts = [f"### {section.title}" if markdown else section.title]
    if section.rows:
        columns = list(dict.fromkeys(name for row in section.rows for name in row))
        cells = [[shown(row.get(name)) for name in columns] for row in section.rows]
        parts.append(_table(columns, cells, markdown=markdown))
    parts += section.notes
    return ("\n\n" if markdown else "\n").join(parts)


def goals_rendered(sections: list[Section], *, markdown: bool) -> str:
    """All goals of all sections, as one table; empty when there are none."""
    goals = [goal for section in sections for goal in section.goals]
    if not goals:
        return ""
    cells = [[goal.what, goal.wanted, goal.measured, "yes" if goal.met else "no"] for goal in goals]
    table = _table(["goal", "wanted", "measured", "met"], cells, markdown=markdown, words=True)
    return f"### Goals\n\n{table}" if markdown else f"Goals\n{table}"


def as_json(sections: dict[str, Section]) -> dict[str, Any]:
    """Everything, as values of JSON."""
    return {name: asdict(section) for name, section in sections.items()}


def _table(columns: list[str], cells: list[list[str]], *, markdown: bool, words: bool = False) -> str:
    places = ["left"] + ["left" if words else "right"] * (len(columns) - 1)
    style = "pipe" if markdown else "simple"
    return tabulate(cells, columns, tablefmt=style, colalign=places, disable_numparse=True)
