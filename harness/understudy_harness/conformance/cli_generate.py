"""`understudy conform generate` and `promote`: relations that are tried with generated cases, and what they found."""

from __future__ import annotations

import asyncio
import shlex
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from understudy.adapters.wallclock import wall_now
from understudy_harness.conformance.case import Case, selected
from understudy_harness.conformance.cli_drivers import command_of
from understudy_harness.conformance.cli_reports import STANDARD_OUTPUT, Outcome, outcome_options, writable, write
from understudy_harness.conformance.cli_seats import could_not_judge, words_of

if TYPE_CHECKING:
    from understudy_harness.conformance.generate.relations import Relation
    from understudy_harness.conformance.results import SuiteResult

INTERRUPTED = 130
EXAMPLES = 200


P = ParamSpec("P")
T = TypeVar("T")


def _needs_hypothesis(make: Callable[P, T]) -> Callable[P, T]:
    """Say in one sentence what is missing."""

    def made(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return make(*arguments, **named)
        except ModuleNotFoundError as missing:
            if missing.name != "hypothesis":
                raise
            raise click.UsageError("Generated cases need Hypothesis: pip install 'understudy[test]'.") from None

    return made


@_needs_hypothesis
def _relations(selectors: str = "") -> tuple[Relation, ...]:
    """Those whose ids begin with one of the selectors; all without any."""
    from understudy_harness.conformance.generate.relations import RELATIONS

    wanted = [word.strip() for word in selectors.split(",") if word.strip()]
    for word in wanted:
        if not any(selected(relation.id, word) for relation in RELATIONS):
            known = ", ".join(relation.id for relation in RELATIONS)
            raise click.UsageError(f"No relation begins with {word!r}; there are {known}.")
    return tuple(each for each in RELATIONS if not wanted or any(selected(each.id, word) for word in wanted))


def _folder(context: click.Context, parameter: click.Parameter, given: str | None) -> Path | None:
    """Refuse a place where no folder can be made before the search, not after."""
    if given is None:
        return None
    folder = Path(given)
    if folder.is_file() or not folder.absolute().parent.is_dir():
        raise click.BadParameter(f"{given!r} cannot be made: a file stands there, or its parent folder does not exist")
    return folder


@click.command()
@click.option("--driver", "command", required=True, help='Command that starts the driver, as in "node driver.mjs".')
@click.option(
    "--select", metavar="IDS", default="", help="Only these relations, by the beginnings of their ids: M1,M3."
)
@click.option(
    "--examples",
    type=click.IntRange(1, 1_000_000),
    default=EXAMPLES,
    show_default=True,
    help="Examples of all relations together; those that wait (M7, M9, M10) get a quarter of what others do.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed draws the same examples.")
@click.option(
    "--write", "folder", metavar="DIR", callback=_folder, help="Write each finding here, as a file of one case."
)
@outcome_options(lambda: (relation.id for relation in _relations()))
@click.pass_context
def generate(
    context: click.Context,
    command: str,
    select: str,
    examples: int,
    seed: int,
    folder: Path | None,
    outcome: Outcome,
) -> None:
    """Try a client with random answers that take random but legal ways, judged by relations M1 to M10.

    What breaks a relation is made as small as possible and reported; --write, or `promote` of a JSON report, makes an
    ordinary case of it, for `run --cases`. Exit codes as of `run`.
    """
    relations = _relations(select)
    words = words_of(command, "--driver")
    suite = _searched(context, words, relations, examples, seed, folder, outcome)
    if folder is not None:
        _write_findings(folder, suite)
    context.exit(outcome.finish(suite))


def _searched(
    context: click.Context,
    words: Sequence[str],
    relations: Sequence[Relation],
    examples: int,
    seed: int,
    folder: Path | None,
    outcome: Outcome,
) -> SuiteResult:
    """Try relations; whatever keeps the suite from judging ends the command."""
    from understudy_harness.conformance.driver import DriverError, DriverNotFound, DriverProcess
    from understudy_harness.conformance.generate.search import Search
    from understudy_harness.conformance.protocol import ProtocolError
    from understudy_harness.conformance.runner import Runner

    def again(case: Case) -> str:
        told = ["understudy", "conform", "generate", "--driver", shlex.join(words), "--select", case.id]
        return shlex.join([*told, "--examples", str(examples), "--seed", str(seed)])

    def source(relation: Relation) -> str:
        name = f"P-{relation.id.lower()}.toml"
        return name if folder is None else str(folder / name)

    started = command_of(words, "--driver")
    try:
        with asyncio.Runner() as loop:
            search = Search(
                Runner(lambda: DriverProcess(started), words, now=wall_now, seed=seed),
                words,
                execute=loop.run,
                now=wall_now,
                listeners=outcome.listeners(again),
                examples=examples,
                seed=seed,
                source=source,
            )
            return search.run(relations)
    except DriverNotFound as problem:
        raise click.UsageError(f"{problem}.") from None
    except (DriverError, ProtocolError) as problem:
        could_not_judge(str(problem))
    except KeyboardInterrupt:
        click.echo("\nInterrupted.", err=True)
        context.exit(INTERRUPTED)
    except Exception:
        # Exit code 1 would blame the client.
        traceback.print_exc()
        could_not_judge("it failed itself")
    finally:
        outcome.broken_off()


def _write_findings(folder: Path, suite: SuiteResult) -> None:
    from understudy_harness.conformance.generate.promoted import written

    findings = [result for result in suite.results if result.example is not None]
    try:
        folder.mkdir(exist_ok=True)
        for result in findings:
            if result.example is not None:
                Path(result.case.group.source).write_text(written([result.example]), encoding="utf-8")
    except OSError as problem:
        raise click.ClickException(f"{folder} cannot be written: {problem.strerror}") from None
    for result in findings:
        click.echo(f"{result.case.id} fell with a case that is now in {result.case.group.source}.", err=True)


@click.command()
@click.argument("report", metavar="REPORT.json", type=Path)
@click.option("--select", metavar="IDS", default="", help="Only these relations, by the beginnings of their ids.")
@click.option(
    "--output", "-o", metavar="FILE", default=STANDARD_OUTPUT, callback=writable, help="Write it here; - as without."
)
def promote(report: Path, select: str, output: str) -> None:
    """Make ordinary cases of what a JSON report of `generate` has found, for `run --cases`."""
    from understudy_harness.reports.reading import ReportError, read_reports

    wanted = tuple(word.strip() for word in select.split(",") if word.strip())
    try:
        found = [
            case.example
            for reading in read_reports([report])
            for case in reading.report.cases
            if case.example is not None and (not wanted or any(selected(case.id, word) for word in wanted))
        ]
    except ReportError as problem:
        raise click.UsageError(f"{problem}.") from None
    if not found:
        raise click.UsageError(
            f"{report} has no example of a relation that fell{' and is selected' if wanted else ''}: "
            "`understudy conform generate --json` writes some."
        )
    write(output, _cases(found).encode())


@_needs_hypothesis
def _cases(tables: Iterable[dict[str, Any]]) -> str:
    from understudy_harness.conformance.generate.promoted import written

    return written({str(table["id"]): table for table in tables}.values())
