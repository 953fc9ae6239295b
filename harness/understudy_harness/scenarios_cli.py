"""`understudy scenarios`: the ready stories, and stories of your own, at the command line."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from understudy.scenarios import Scenario, ScenarioError, find_scenario, library

if TYPE_CHECKING:
    from understudy_harness.expect import ExpectationFailed


@click.group()
def scenarios() -> None:
    """Whole stories: an account, what goes wrong, what happens meanwhile, and what must come of it."""


@scenarios.command("list")
def list_all() -> None:
    """Print the names of the ready ones, each with what it is about."""
    ready = library()
    width = max(map(len, ready))
    for name, scenario in ready.items():
        click.echo(f"{name:<{width}}  {scenario.title}")


@scenarios.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a scenario: its story, then its TOML, to be copied and changed."""
    scenario = _find(name)
    click.echo(f"{scenario.title}\n\n{textwrap.fill(scenario.about, 100)}\n")
    click.echo(scenario.text.rstrip())


@scenarios.command(context_settings={"allow_interspersed_args": False})
@click.option("--all", "everything", is_flag=True, help="Every ready scenario, with the client that we bring.")
@click.argument("name", required=False)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(context: click.Context, name: str | None, command: tuple[str, ...], *, everything: bool) -> None:
    """Play a scenario, and say whether what must come of it came.

    NAME is that of a ready one, or the path of a TOML file. Without a COMMAND the client that we bring plays its part;
    with one, your program does: it finds OPENAI_BASE_URL and OPENAI_API_KEY in its environment.

        understudy scenarios run tier1-burst
        understudy scenarios run tier1-burst -- python app.py

    The exit code is 0 when all is as it must be, 1 when it is not, and 2 for a scenario that cannot be used.
    """
    from understudy_harness.scenario_check import play

    if everything:
        if name is not None:
            raise click.UsageError("Either a NAME or --all, not both.")
        failed = [each for each in library().values() if not _report(each, *play(each))]
        context.exit(1 if failed else 0)
    if name is None:
        raise click.UsageError("Say which: a NAME of `understudy scenarios list`, the path of a TOML file, or --all.")
    scenario = _find(name)
    if command[:1] == ("--",):
        command = command[1:]
    try:
        if command:
            context.exit(_run_command(scenario, command))
        context.exit(0 if _report(scenario, *play(scenario)) else 1)
    except ScenarioError as wrong:
        raise click.UsageError(f"{str(wrong)[:1].upper()}{str(wrong)[1:]}.") from None


def _run_command(scenario: Scenario, command: tuple[str, ...]) -> int:
    from understudy import MockServer
    from understudy.adapters.serving import log_to_stderr
    from understudy.child import Child
    from understudy.cli import environment_for
    from understudy_harness.expect import story
    from understudy_harness.scenario_check import check_words, failures

    check_words(scenario)
    log_to_stderr()
    try:
        with MockServer(scenario=scenario) as server:
            code = Child(command, environment_for(server)).run()
            found = failures(scenario, server.journal, of_client=False)
            good = _report(scenario, found, story(tuple(server.journal)))
    except FileNotFoundError:
        raise click.ClickException(f"There is no command {command[0]!r}.") from None
    except OSError as error:
        raise click.ClickException(f"The command {command[0]!r} cannot be run: {error.strerror}.") from None
    if code:
        click.echo(f"The command ended with exit code {code}.", err=True)
    return 0 if good else 1


def _report(scenario: Scenario, failed: Sequence[ExpectationFailed], story: str) -> bool:
    if not failed:
        count = len(scenario.expect) + len(scenario.client_expect)
        click.echo(f"ok      {scenario.name}: {scenario.title} ({count} expectations)")
        return True
    click.echo(f"FAILED  {scenario.name}: {scenario.title}")
    for each in failed:
        click.echo(textwrap.indent(each.sentence, "        "))
    click.echo(f"\n{textwrap.indent(story, '        ')}\n")
    return False


def _find(name: str) -> Scenario:
    try:
        return find_scenario(name)
    except ScenarioError as wrong:
        raise click.UsageError(f"{str(wrong)[:1].upper()}{str(wrong)[1:]}.") from None
