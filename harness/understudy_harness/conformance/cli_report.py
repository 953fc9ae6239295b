"""`understudy conform report`: what is made of JSON reports, without running anything."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from understudy_harness.conformance.cli_reports import STANDARD_OUTPUT, matrix_path, writable, write
from understudy_harness.conformance.gate import COULD_NOT_JUDGE, FAILURES, FINE, WRONG_USAGE

if TYPE_CHECKING:
    from understudy_harness.reports.changes import Change
    from understudy_harness.reports.reading import Reading

_reports = click.argument("files", metavar="REPORT.json...", nargs=-1, required=True, type=Path)
_output = click.option(
    "--output", "-o", metavar="FILE", default=STANDARD_OUTPUT, callback=writable, help="Write it here; - as without."
)


@click.group()
def report() -> None:
    """Make matrices, badges, summaries and comparisons of JSON reports (`run --json`)."""


@report.command()
@_reports
@_output
def merge(files: Sequence[Path], output: str) -> None:
    """Put the reports about several clients into one file, in order; the same client twice is refused."""
    from understudy_harness.reports.merging import merge as merged
    from understudy_harness.reports.reading import ReportError

    try:
        write(output, merged(_read(files)))
    except ReportError as problem:
        _refuse(problem)


@report.command()
@click.argument("before", metavar="BEFORE.json", type=Path)
@click.argument("after", metavar="AFTER.json", type=Path)
def diff(before: Path, after: Path) -> None:
    """Say what changed between two reports.

    Exit codes: 0 nothing got worse, 1 something did, 2 wrong usage, 3 a case that was passed could not be judged.
    """
    from understudy_harness.reports.changes import pairs
    from understudy_harness.reports.reading import ReportError

    old, new = ([reading.report for reading in _read([file])] for file in (before, after))
    try:
        found, alone = pairs(old, new)
    except ReportError as problem:
        _refuse(problem)
    changes: list[Change] = []
    for pair in found:
        mine = list(pair.changes())
        changes += mine
        click.echo(
            f"{pair.before.client.title} of {pair.before.started_at} -> "
            f"{pair.after.client.title} of {pair.after.started_at}"
        )
        if not pair.same_cases:
            click.echo("  The cases themselves were changed in between; see `cases_sha256` of both.")
        for line in _told(mine):
            click.echo(line)
        click.echo()
    for sentence in alone:
        click.echo(f"{sentence}.")
    if any(change.is_worse for change in changes):
        sys.exit(FAILURES)
    sys.exit(COULD_NOT_JUDGE if any(change.is_unclear for change in changes) else FINE)


@report.command()
@_reports
@click.option(
    "--output",
    "-o",
    metavar="PATH",
    required=True,
    callback=matrix_path,
    help="A file when it ends in .html, with everything in it; else a folder with a page for each case.",
)
@click.option("--since", metavar="REPORT.json", type=Path, help="Show what changed since this report, too.")
def html(files: Sequence[Path], output: str, since: Path | None) -> None:
    """Make the HTML matrix: groups down, clients across, the evidence behind each cell."""
    from understudy_harness.reports.matrix import write_matrix
    from understudy_harness.reports.reading import ReportError

    reports = [reading.report for reading in _read(files)]
    before = [] if since is None else [reading.report for reading in _read([since])]
    try:
        click.echo(write_matrix(reports, Path(output), before))
    except ReportError as problem:
        _refuse(problem)
    except OSError as problem:
        raise click.UsageError(f"{output} cannot be written: {problem.strerror}.") from None


@report.command()
@_reports
@_output
def badge(files: Sequence[Path], output: str) -> None:
    """Make the SVG badge of one report."""
    from understudy_harness.reports.badge import badge as drawn

    readings = _read(files)
    if len(readings) > 1:
        names = ", ".join(reading.report.client.title for reading in readings)
        raise click.UsageError(f"A badge is about one client; here are {len(readings)}: {names}.")
    write(output, drawn(readings[0].report))


@report.command()
@_reports
@_output
def summary(files: Sequence[Path], output: str) -> None:
    """Sum reports up in Markdown, as the page of a CI job shows it."""
    from understudy_harness.reports.markdown import summary as told

    write(output, told([reading.report for reading in _read(files)]).encode())


@report.command()
@_reports
@_output
@click.option("--tidy", is_flag=True, help="List what is unclean, too.")
def baseline(files: Sequence[Path], output: str, tidy: bool) -> None:
    """List every failure as known, for `run --baseline`; each waits for the link to its issue."""
    from understudy_harness.reports.baseline import starting_baseline

    write(output, starting_baseline([reading.report for reading in _read(files)], tidy=tidy).encode())


def _read(files: Iterable[Path]) -> list[Reading]:
    from understudy_harness.reports.reading import ReportError, read_reports

    try:
        return read_reports(files)
    except ReportError as problem:
        _refuse(problem)


def _refuse(problem: Exception) -> NoReturn:
    click.echo(f"Error: {problem}.", err=True)
    sys.exit(WRONG_USAGE)


def _told(changes: Sequence[Change]) -> Iterable[str]:
    """Lines about the changes of one client, by how it changed."""
    from understudy_harness.reports.changes import Way
    from understudy_harness.reports.screen import plain

    if not changes:
        yield "  nothing changed"
        return
    width = max(len(change.case.id) for change in changes)
    for way in Way:
        found = [change for change in changes if change.way is way]
        if found:
            yield f"  {way.value}: {len(found)}"
        for change in found:
            case, before, after = change.case, change.before, change.after
            words = " -> ".join("not run" if side is None else side.words for side in (before, after))
            yield plain(f"    {case.id:{width}}  {case.level.upper():6}  {words}")
            if change.is_worse and after is not None:
                told = {"client did": after.story.client, "expected": after.story.expected, "because": after.reason}
                yield from (plain(f"      {what:11} {line}") for what, line in told.items() if line)
                if after.again:
                    yield plain(f"      alone       {after.again}")
