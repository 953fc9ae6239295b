"""The options of `understudy conform run` that are about its outcome: what counts, and which reports are written."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy_harness.conformance.baseline import Baseline, BaselineError, read_baseline
from understudy_harness.conformance.gate import REQUIRE, Gate
from understudy_harness.conformance.results import SuiteResult
from understudy_harness.reports.screen import Screen

if TYPE_CHECKING:
    from understudy_harness.conformance.runner import Listener
    from understudy_harness.reports.again import Again
    from understudy_harness.reports.console import Detail
    from understudy_harness.reports.progress import Progress

STANDARD_OUTPUT = "-"
_LOGGED_EACH_S = 30.0
"""A log that says nothing for long looks like one of a job that hangs."""


class Outcome:
    """What is made of a run, by its options.

    Attributes:
        gate: what counts.
        files: of the reports, by their kind; `-` is standard output.
        html: where the matrix is written, if it is.
        quiet: only what counts is told.
        verbose: a line for each case.
    """

    def __init__(
        self, gate: Gate, files: dict[str, str], *, html: str | None = None, quiet: bool = False, verbose: bool = False
    ) -> None:
        self.gate = gate
        self.files = files
        self.html = html
        self.quiet = quiet
        self.verbose = verbose

        # A report that goes to standard output must be alone there: people then read standard error.
        self._screen = Screen(sys.stderr if STANDARD_OUTPUT in files.values() else sys.stdout)
        self._progress: Progress | None = None
        self._again: Again | None = None

    def listeners(self, again: Again) -> list[Listener]:
        """Those that tell people what happens while the suite runs.

        Args:
            again: the command that runs a case alone.
        """
        from understudy_harness.reports.console import Console
        from understudy_harness.reports.progress import Progress, now_and_then

        self._again = again
        detail: Detail = "quiet" if self.quiet else "verbose" if self.verbose else "folded"
        told: list[Listener] = [
            Console(self._screen.line, gate=self.gate, detail=detail, again=again, paint=self._screen.paint),
        ]
        if not self.quiet:
            show = (
                self._screen.status
                if self._screen.live
                else now_and_then(self._screen.line, time.monotonic, _LOGGED_EACH_S)
            )
            self._progress = Progress(show, time.monotonic, self._earlier())
            told.append(self._progress)
        return told

    def broken_off(self) -> None:
        """Leave the terminal as it was."""
        if self._progress is not None:
            self._progress.stop()

    def _earlier(self) -> dict[str, float]:
        """How long cases took according to the report that is about to be replaced; it need not be one."""
        file = self.files.get("json", STANDARD_OUTPUT)
        try:
            cases = json.loads(Path(file).read_bytes())["cases"]
            return {case["id"]: float(case["seconds"]) for case in cases if case["runs"]}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}

    def finish(self, suite: SuiteResult) -> int:
        """Write every report that was asked for, and tell the exit code."""
        from understudy_harness.reports.badge import badge
        from understudy_harness.reports.json import write_json
        from understudy_harness.reports.junit import write_junit
        from understudy_harness.reports.reading import as_report

        code = self.gate.exit_code(suite)
        for sentence in self.gate.sentences(suite):
            self._screen.line(sentence)
        told: dict[str, Any] = {"exit_code": code, "again": self._again, "baseline": self.gate.baseline}
        writers: dict[str, Callable[[], bytes]] = {
            "json": lambda: write_json(suite, **told),
            "junit": lambda: write_junit(suite, self.gate),
            "badge": lambda: badge(as_report(suite, **told)),
        }
        problems = [problem for kind, file in self.files.items() if (problem := _attempt(file, writers[kind]()))]
        if self.html is not None:
            from understudy_harness.reports.matrix import write_matrix

            try:
                write_matrix([as_report(suite, **told)], Path(self.html))
            except OSError as problem:
                problems.append(_unwritable(self.html, problem))
        if problems:
            # Exit code 1 would blame the client.
            raise click.UsageError("\n".join(problems))
        return code


def write(file: str, report: bytes) -> None:
    """Write a report to a file or to standard output.

    Raises:
        click.UsageError: it cannot be written.
    """
    problem = _attempt(file, report)
    if problem:
        raise click.UsageError(problem)


def _attempt(file: str, report: bytes) -> str:
    """What went wrong; empty when nothing did. A file is whole, or as it was before."""
    if file == STANDARD_OUTPUT:
        sys.stdout.buffer.write(report)
        return ""
    path = Path(file)
    part = path.with_name(f".{path.name}.part")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(report)  # a pipe or a device
        else:
            part.write_bytes(report)
            part.replace(path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        return _unwritable(file, problem)
    return ""


def _unwritable(file: str, problem: OSError) -> str:
    return f"{file} cannot be written: {problem.strerror}."


def writable(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """Refuse a file that could not be written before the suite runs, not after."""
    if given not in (None, STANDARD_OUTPUT) and (Path(given).is_dir() or not Path(given).absolute().parent.is_dir()):
        raise click.BadParameter(f"{given!r} cannot be written: it is a folder, or its folder does not exist")
    return given


def matrix_path(context: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """Refuse a place where no matrix can be written: a file that stands where a folder must, or a missing parent."""
    from understudy_harness.reports.matrix import is_one_file

    if given is None:
        return None
    path = Path(given)
    if is_one_file(path):
        return writable(context, parameter, given)
    if path.is_file() or not path.absolute().parent.is_dir():
        raise click.BadParameter(f"{given!r} cannot be made: a file stands there, or its parent folder does not exist")
    return given


_FILES = {
    "json": "Write everything that was seen here.",
    "junit": "Write JUnit XML here.",
    "badge": "Draw an SVG badge here.",
}
_OPTIONS = (
    click.option(
        "--require",
        type=click.Choice(list(REQUIRE)),
        help="Levels that decide the exit code: must (as without this), should (MUST and SHOULD), all (and INFO).",
    ),
    click.option("--strict", is_flag=True, help="Short for --require should."),
    click.option("--tidy", is_flag=True, help="A run that is not clean counts as failed."),
    click.option("--baseline", metavar="FILE", help="Known failures: a new one counts, and one that passes, too."),
    *(
        click.option(f"--{kind}", f"{kind}_file", metavar="FILE", callback=writable, help=help)
        for kind, help in _FILES.items()
    ),
    click.option(
        "--html",
        "html_path",
        metavar="PATH",
        callback=matrix_path,
        help="Write the matrix here: one file when it ends in .html, else a folder.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Tell what counts as failed, and nothing else."),
    click.option("--verbose", "-v", is_flag=True, help="A line for each case, also for those that went well."),
)


def outcome_options(case_ids: Callable[[], Iterable[str]]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command these options; it gets them as one argument, `outcome`.

    Args:
        case_ids: tells the ids that there are.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def gathered(
            *arguments: Any,
            require: str | None,
            strict: bool,
            tidy: bool,
            baseline: str | None,
            html_path: str | None,
            quiet: bool,
            verbose: bool,
            **more: Any,
        ) -> Any:
            if strict and require == "must":
                raise click.UsageError("--strict is short for --require should, and --require must says otherwise.")
            if quiet and verbose:
                raise click.UsageError("--quiet and --verbose say opposite things.")
            levels = REQUIRE[require or ("should" if strict else "must")]
            gate = Gate(levels, tidy, _baseline(baseline, case_ids))
            files = {kind: file for kind in _FILES if (file := more.pop(f"{kind}_file")) is not None}
            if list(files.values()).count(STANDARD_OUTPUT) > 1:
                raise click.UsageError("One report alone can go to standard output.")
            return command(
                *arguments, outcome=Outcome(gate, files, html=html_path, quiet=quiet, verbose=verbose), **more
            )

        for option in reversed(_OPTIONS):
            gathered = option(gathered)
        return gathered

    return decorate


def _baseline(file: str | None, case_ids: Callable[[], Iterable[str]]) -> Baseline:
    if file is None:
        return Baseline()
    try:
        return read_baseline(Path(file), set(case_ids()))
    except BaselineError as problem:
        raise click.BadParameter(str(problem), param_hint="--baseline") from None
