"""`understudy conform`: the conformance suite at the command line."""

import asyncio
import json
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from understudy.adapters.wallclock import wall_now
from understudy_harness.conformance.case import Case, CaseError, select
from understudy_harness.conformance.case_files import CATALOGUE, cases_from
from understudy_harness.conformance.cli_drivers import command_of, drivers
from understudy_harness.conformance.cli_generate import generate, promote
from understudy_harness.conformance.cli_report import report
from understudy_harness.conformance.cli_reports import Outcome, outcome_options
from understudy_harness.conformance.cli_seats import Seat, could_not_judge, seat_options, words_of
from understudy_harness.conformance.results import SuiteResult

INTERRUPTED = 130


@click.group()
def conform() -> None:
    """Judge any client of the OpenAI API: a verdict for each case."""


_selection = click.option(
    "--select", metavar="IDS", default="", help="Only these, by the beginnings of their ids: 1, 1.1, 1.1-seconds, ..."
)
_cases = click.option(
    "--cases",
    "places",
    metavar="PATH",
    multiple=True,
    help="Cases of this file or folder, in place of those that come with Understudy; may be given several times, and "
    f"{CATALOGUE} stands for those.",
)


@conform.command()
@seat_options
@_selection
@_cases
@click.option(
    "--slow", is_flag=True, help="Run the cases, or parts of cases, that take minutes or many megabytes, too."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="Cases that run at once, as far as they do not hang on time; each job starts a driver.",
)
@click.option(
    "--seed", type=int, help="Make the keys and words of the runs from this number, so that they can be repeated."
)
@outcome_options(lambda: (case.id for case in _chosen("", click.get_current_context().params["places"])))
@click.option("--dry-run", "--list", "dry_run", is_flag=True, help="Say which cases would be run, and run none.")
@click.pass_context
def run(
    context: click.Context,
    seat: Seat,
    select: str,
    places: Sequence[str],
    outcome: Outcome,
    slow: bool,
    jobs: int,
    seed: int | None,
    dry_run: bool,
) -> None:
    """Run cases against a client, in one of three seats.

    --driver "CMD": by way of a driver, a small program that makes calls with one client; `understudy conform protocol`
    describes it. The one for the official Python SDK is "python -m
    understudy_harness.conformance.drivers.openai_python"; `understudy conform drivers` lists all that are shipped.

    --kind OP -- PROGRAM ...: any program that makes one such call and prints the answer's text; it is started for each
    case with OPENAI_BASE_URL and OPENAI_API_KEY set.

    --gateway URL: what passes calls on to the port of --upstream-port.

    Exit codes: 0 fine, 1 failures, 2 wrong usage, 3 the suite could not judge.
    """
    cases = seat.cases(_chosen(select, places), slow=slow)
    if dry_run:
        _write_list(cases)
        click.echo("1 case would be run." if len(cases) == 1 else f"{len(cases)} cases would be run.")
        return
    suite = _judged(context, seat, cases, outcome, jobs=jobs, seed=seed)
    context.exit(outcome.finish(suite))


def _judged(
    context: click.Context, seat: Seat, cases: Sequence[Case], outcome: Outcome, *, jobs: int, seed: int | None
) -> SuiteResult:
    """Run cases; whatever keeps the suite from judging ends the command."""
    from understudy_harness.conformance.driver import DriverError, DriverNotFound
    from understudy_harness.conformance.protocol import ProtocolError

    try:
        runner = seat.runner(now=wall_now, listeners=outcome.listeners(seat.again), jobs=jobs, seed=seed)
        return asyncio.run(runner.run(cases))
    except click.ClickException:
        raise
    except DriverNotFound as problem:
        raise click.UsageError(f"{problem}.") from None
    except (DriverError, ProtocolError) as problem:
        could_not_judge(str(problem))
    except OSError as problem:
        could_not_judge(f"port {seat.port} cannot be listened on: {problem.strerror}" if seat.port else str(problem))
    except KeyboardInterrupt:
        click.echo("\nInterrupted.", err=True)
        context.exit(INTERRUPTED)
    except Exception:
        # Exit code 1 would blame the client.
        traceback.print_exc()
        could_not_judge("it failed itself")
    finally:
        outcome.broken_off()


@conform.command()
@click.option("--driver", "command", required=True, help='Command that starts the driver, as in "node driver.mjs".')
@click.pass_context
def smoke(context: click.Context, command: str) -> None:
    """Try a driver, not its client: ten easy cases, an unknown field, and an end at `stop`.

    What fails here is the driver's: the kinds of errors, the text of answers, progress lines, giving up.
    """
    from understudy_harness.conformance.driver import DriverError, DriverNotFound
    from understudy_harness.conformance.protocol import ProtocolError
    from understudy_harness.conformance.smoke import try_driver

    try:
        fine = asyncio.run(try_driver(command_of(words_of(command, "--driver"), "--driver"), wall_now, click.echo))
    except DriverNotFound as problem:
        raise click.UsageError(f"{problem}.") from None
    except (DriverError, ProtocolError) as problem:
        could_not_judge(str(problem))
    except KeyboardInterrupt:
        context.exit(INTERRUPTED)
    context.exit(0 if fine else 1)


@conform.command(name="list")
@_selection
@_cases
def list_cases(select: str, places: Sequence[str]) -> None:
    """List the cases: id, level, seats (driver, program, gateway), what the driver needs, title."""
    _write_list(_chosen(select, places))


@conform.command()
@click.argument("ids", metavar="ID", nargs=-1, required=True)
@_cases
def explain(ids: Sequence[str], places: Sequence[str]) -> None:
    """Show all of a case: why, what the server does, what is expected, and how to see it by hand."""
    from understudy_harness.conformance.explain import explain as explained

    for number, case in enumerate(_chosen(",".join(ids), places)):
        click.echo(("\n" if number else "") + explained(case), nl=False)


conform.add_command(drivers)
conform.add_command(report)
conform.add_command(generate)
conform.add_command(promote)


@conform.command()
@click.argument("id", metavar="ID")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port to listen on; 0 picks a free one.")
@click.option("--part", help="Which of a case's parts; the first when left out.")
@_cases
def serve(id: str, port: int, part: str | None, places: Sequence[str]) -> None:
    """Play the server of one case, and tell the time of each request, until Ctrl-C."""
    from understudy_harness.conformance.by_hand import play

    found = _chosen(id, places)
    if len(found) > 1:
        raise click.BadParameter(f"{id!r} names {len(found)} cases: {', '.join(case.id for case in found)}")
    parts = {variant.part: variant for variant in found[0].variants}
    if part is not None and part not in parts:
        raise click.BadParameter(f"{found[0].id} has the parts {', '.join(map(repr, parts))}, not {part!r}")
    try:
        asyncio.run(play(next(iter(parts.values())) if part is None else parts[part], port, click.echo))
    except OSError as problem:
        raise click.ClickException(f"cannot listen on port {port}: {problem.strerror}") from None
    except KeyboardInterrupt:
        click.echo()


@conform.command()
def protocol() -> None:
    """Print the JSON Schemas of the driver protocol."""
    from understudy_harness.conformance.protocol import schemas

    click.echo(json.dumps(schemas(), indent=2))


def _chosen(selectors: str, places: Sequence[str]) -> tuple[Case, ...]:
    try:
        cases = cases_from(places)
    except CaseError as problem:
        if any(problem.place.startswith(str(Path(place))) for place in places):
            raise click.BadParameter(f"{problem}.", param_hint="--cases") from None
        could_not_judge(f"the cases cannot be used: {problem}")
    wanted = [word.strip() for word in selectors.split(",") if word.strip()]
    try:
        return select(cases, wanted) if wanted else cases
    except ValueError as problem:
        raise click.UsageError(f"{problem}.") from None


def _write_list(cases: Sequence[Case]) -> None:
    rows = [[case.id, case.level.name, "".join(case.seat), ",".join(case.needs), case.title] for case in cases]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
