"""The options of `understudy conform run` that say who is judged: a driver's client, a program, or a gateway."""

import functools
import shlex
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

import click

from understudy_harness.conformance.case import GATEWAY, PROGRAM, Case, in_seat
from understudy_harness.conformance.cli_drivers import command_of
from understudy_harness.conformance.gate import COULD_NOT_JUDGE
from understudy_harness.conformance.protocol import OPERATIONS

if TYPE_CHECKING:
    from understudy_harness.conformance.runner import Listener, Runner

DRIVER = "D"
UPSTREAM_PORT = 8081


class Seat:
    """Who is judged, and from where.

    Attributes:
        letter: of `case.SEATS`.
        command: what is started, for the reports; of a gateway its URL.
        kind: the operation that a program makes.
        expect_stdout: whether a program must print the text of the answer.
        key: that a gateway takes, None for the run's own.
        port: that a gateway passes calls on to; 0 in other seats.
    """

    def __init__(
        self,
        letter: str,
        command: list[str],
        *,
        kind: str = "",
        expect_stdout: bool = True,
        key: str | None = None,
        port: int = 0,
    ) -> None:
        self.letter = letter
        self.command = command
        self.kind = kind
        self.expect_stdout = expect_stdout
        self.key = key
        self.port = port

    def cases(self, chosen: Iterable[Case], *, slow: bool) -> tuple[Case, ...]:
        """Those of the chosen cases that can be run in the seat; of a program, those about the call that it makes."""
        cases = in_seat(chosen, self.letter, slow=slow)
        if self.letter != PROGRAM:
            return cases
        return tuple(case for case in cases if any(variant.op == self.kind for variant in case.variants))

    def again(self, case: Case) -> str:
        """The command that runs one case alone; a gateway's key is left to the environment."""
        from understudy_harness.reports.again import line

        if self.letter == DRIVER:
            return line(["--driver", shlex.join(self.command)], case)
        if self.letter == PROGRAM:
            options = ["--kind", self.kind, *([] if self.expect_stdout else ["--no-expect-stdout"])]
            return line(options, case, self.command)
        port = [] if self.port == UPSTREAM_PORT else ["--upstream-port", str(self.port)]
        return line(["--gateway", *self.command, *port], case)

    def runner(
        self, *, now: Callable[[], int], listeners: Iterable["Listener"], jobs: int, seed: int | None = None
    ) -> "Runner":
        """What runs cases in the seat."""
        from understudy_harness.conformance.runner import Runner

        if self.letter == DRIVER:
            from understudy_harness.conformance.driver import DriverProcess

            started = command_of(self.command, "--driver")
            return Runner(
                lambda: DriverProcess(started), self.command, now=now, listeners=listeners, jobs=jobs, seed=seed
            )
        if self.letter == PROGRAM:
            from understudy_harness.conformance import program

            return Runner(
                lambda: program.ProgramDriver(self.command, self.kind, expect_stdout=self.expect_stdout),
                self.command,
                now=now,
                listeners=listeners,
                jobs=jobs,
                seed=seed,
                seat=PROGRAM,
                blind=program.BLIND,
            )
        from understudy_harness.conformance import gateway

        (url,) = self.command
        return Runner(
            lambda: gateway.GatewayDriver(url, self.key),
            self.command,
            now=now,
            listeners=listeners,
            seed=seed,
            seat=GATEWAY,
            blind=gateway.BLIND,
            port=self.port,
        )


def words_of(command: str, option: str) -> list[str]:
    """The words of a command line.

    Raises:
        click.BadParameter: it is none.
    """
    try:
        words = shlex.split(command)
    except ValueError as problem:
        raise click.BadParameter(f"{command!r} is no command: {problem}", param_hint=option) from None
    if not words:
        raise click.BadParameter("it is empty", param_hint=option)
    return words


def could_not_judge(problem: str) -> NoReturn:
    """End with exit code 3 and one sentence."""
    click.echo(f"The suite could not judge: {problem}.", err=True)
    sys.exit(COULD_NOT_JUDGE)


_OPTIONS = (
    click.option("--driver", help='Command that starts a driver, as in "node driver.mjs", or the name of one.'),
    click.option("--kind", type=click.Choice(OPERATIONS), help="The call that PROGRAM makes."),
    click.option("--gateway", metavar="URL", help="Base URL of a gateway, with /v1."),
    click.option(
        "--upstream-port",
        type=click.IntRange(1, 65_535),
        default=UPSTREAM_PORT,
        show_default=True,
        help="Port on this machine that the gateway passes calls on to.",
    ),
    click.option(
        "--gateway-key", envvar="UNDERSTUDY_GATEWAY_KEY", help="Key that the gateway takes, if it has its own."
    ),
    click.option(
        "--expect-stdout/--no-expect-stdout",
        default=True,
        help="Whether PROGRAM must print the answer's text; without, its exit code is believed.",
    ),
    click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="[-- PROGRAM ...]"),
)


def seat_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which is given a `Seat` as `seat`."""

    @functools.wraps(command)
    def given(
        driver: str | None,
        kind: str | None,
        gateway: str | None,
        upstream_port: int,
        gateway_key: str | None,
        expect_stdout: bool,
        program: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        named = [bool(driver is not None), bool(program or kind), bool(gateway)]
        if named.count(True) != 1:
            raise click.UsageError(
                "Say who is judged, in one of three ways: --driver CMD, --kind OP -- PROGRAM ..., or --gateway URL."
            )
        if driver is not None:
            seat = Seat(DRIVER, words_of(driver, "--driver"))
        elif gateway:
            if not gateway.startswith(("http://", "https://")):
                raise click.BadParameter(f"{gateway!r} is no URL of http or https", param_hint="--gateway")
            seat = Seat(GATEWAY, [gateway], key=gateway_key, port=upstream_port)
        elif kind is None or not program:
            raise click.UsageError("A program is judged by --kind OP -- PROGRAM ...: one of the two is missing.")
        else:
            seat = Seat(PROGRAM, list(program), kind=kind, expect_stdout=expect_stdout)
        return command(seat=seat, **rest)

    for option in reversed(_OPTIONS):
        given = option(given)
    return given
