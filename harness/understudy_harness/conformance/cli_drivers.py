"""`understudy conform drivers`: the drivers that are shipped, what is missing here, and how they are installed."""

from collections.abc import Sequence

import click

from understudy_harness.conformance.shipped.catalogue import Shipped, UnknownDriver, shipped_driver, shipped_drivers
from understudy_harness.conformance.shipped.installing import Installation, InstallError


@click.group(invoke_without_command=True)
@click.pass_context
def drivers(context: click.Context) -> None:
    """List the drivers that are shipped, and what is missing here; install them.

    `understudy conform run --driver NAME` runs the suite with an installed one. To judge the versions that your own
    project uses, start its program there: `understudy conform drivers where NAME` says where it is.
    """
    if context.invoked_subcommand is not None:
        return
    known = shipped_drivers()
    width = max(map(len, known))
    for driver in known.values():
        click.echo(f"{driver.name.ljust(width)}  {_state(driver)}")


@drivers.command()
@click.argument("names", metavar="NAME", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that can be installed here.")
@click.pass_context
def install(context: click.Context, names: Sequence[str], every: bool) -> None:
    """Install drivers, each into an environment of its own in the user's cache.

    What they need is fetched by pip, npm, go, cargo and Maven. Exit code 1: one of them could not be installed.
    """
    if bool(names) == every:
        raise click.UsageError("Name drivers, or say --all.")
    chosen = [driver for driver in shipped_drivers().values() if driver.lacking() is None] if every else _named(names)
    failed = False
    for driver in chosen:
        try:
            Installation(driver, tell=click.echo).install()
        except InstallError as problem:
            failed = True
            click.echo(f"{problem}.", err=True)
        else:
            click.echo(f"{driver.name} is ready.")
    context.exit(1 if failed else 0)


@drivers.command()
@click.argument("name", metavar="NAME")
def where(name: str) -> None:
    """Print where a driver's program is: a file, or the folder of what is compiled."""
    click.echo(str(_named([name])[0].source))


def command_of(words: Sequence[str], option: str) -> list[str]:
    """The command that starts a driver: that of a shipped one when its name alone is given, else the words themselves.

    Raises:
        click.BadParameter: it is not installed.
    """
    known = shipped_drivers()
    if len(words) != 1 or words[0] not in known:
        return list(words)
    driver = known[words[0]]
    installation = Installation(driver)
    lacking = driver.lacking()
    if lacking is not None:
        raise click.BadParameter(f"{driver.name} cannot be started: {lacking}", param_hint=option)
    if installation.outdated and driver.kind == "python":
        installation.install()  # some files are copied
    if not installation.ready:
        fix = f"`understudy conform drivers install {driver.name}` does that"
        raise click.BadParameter(
            f"{driver.name} is not installed, or not as it is shipped now: {fix}", param_hint=option
        )
    return installation.command


def _named(names: Sequence[str]) -> list[Shipped]:
    try:
        return [shipped_driver(name) for name in names]
    except UnknownDriver as problem:
        raise click.UsageError(f"{problem}.") from None


def _state(driver: Shipped) -> str:
    """What there is to know of a driver here, in one sentence."""
    lacking = driver.lacking()
    if lacking is not None:
        return f"cannot run here: {lacking} ({driver.about})."
    if Installation(driver).ready:
        return f"is ready: {driver.about}."
    if Installation(driver).outdated:
        return f"is to be installed anew, as its program is newer: {driver.about}."
    packages = f", with {', '.join(driver.packages)}" if driver.packages else ""
    return f"is not installed: {driver.about}{packages}."
