"""The command line: `understudy serve`, `understudy exec`, and the commands that other packages bring.

Bad input ends in one sentence on standard error, never in a traceback. Exit codes:

    0    it did what it was asked. That includes a server which stops on Ctrl-C, SIGTERM or SIGHUP: that is how it is
         asked to stop (`python -m http.server` and uvicorn see it so too)
    1    it could not: a port in use, an output that cannot be written
    2    a wrong setting or a wrong command line
    ...  of `exec`: the command's own; 127 when there is none of that name, 126 when it cannot be run, 128 + N when
         signal N ended it (as shells have it)
"""

import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy import __version__, announcing
from understudy.config import CONFIG, TABLE, Setting, SettingError, Settings, load_settings

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from understudy.address import Address
    from understudy.server import MockServer

COMMANDS_GROUP = "understudy.commands"
"""Entry points of this group are commands; each is loaded when it is asked for."""


class Commands(click.Group):
    """Our commands, and those that installed packages bring."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return sorted({*super().list_commands(ctx), *_brought()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command; the packages that bring some are not looked at for ours."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        entry = _brought().get(cmd_name)
        return None if entry is None else _load(entry)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, "--version", prog_name="understudy", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Understudy, a local stand-in for the OpenAI API.

    Settings are taken from arguments, else from the environment (UNDERSTUDY_TIER for --tier), else from understudy.toml
    in the current folder (tier = 1), else they have their defaults.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one option for each row of the table of settings, and `--config`."""
    help_of_config = "TOML file with settings, instead of understudy.toml in the current folder."
    command = click.option(f"--{CONFIG}", metavar="PATH", help=help_of_config)(command)
    for setting in reversed(TABLE):
        command = _option(setting)(command)
    return command


def _option(setting: Setting) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    help_text = f"{setting.help} Accepted: {setting.accepted}. Default: {setting.default}."
    if setting.is_switch:
        declaration = f"--{setting.name}/--no-{setting.name}"
        return click.option(declaration, setting.keyword, default=None, help=f"{setting.help} Default: no.")
    # Every value stays a text here: the table reads it, and says what is wrong with it.
    metavar = "PATH" if setting.is_path else setting.keyword.upper()
    return click.option(f"--{setting.name}", setting.keyword, metavar=metavar, help=help_text)


@cli.command(short_help="Serve until Ctrl-C.")
@_setting_options
@click.option("--ready-file", metavar="PATH", help="File that appears when the server listens, holding the line below.")
@click.option(
    "--ready-fd",
    metavar="N",
    type=click.IntRange(min=1),
    help="Open file descriptor that the line below is written to when the server listens; it is then closed.",
)
@click.option(
    "--ready-json",
    is_flag=True,
    help="Print one line of JSON instead of the banner: base_url, control_url, host, port, pid, ca_file.",
)
@click.option("--listen-fd", type=click.IntRange(min=1), hidden=True, help="What the parent of several workers opened.")
@click.option("--began", type=int, hidden=True, help="When it did, in microseconds since the epoch.")
def serve(
    ready_file: str | None,
    ready_fd: int | None,
    *,
    ready_json: bool,
    listen_fd: int | None,
    began: int | None,
    **given: Any,
) -> None:
    """Serve until Ctrl-C; the exit code is then 0 (1 for a port in use, 2 for a wrong setting)."""
    settings = load_settings(given)
    with ExitStack() as opened:
        # Until the server takes its signals itself, this one too unwinds what has been opened.
        opened.callback(signal.signal, signal.SIGTERM, signal.getsignal(signal.SIGTERM))
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        tell: list[Callable[[str], None]] = []
        if ready_file is not None:
            with _naming("--ready-file"):
                tell.append(opened.enter_context(closing(announcing.ReadyFile(Path(ready_file)))).write)
        if ready_fd is not None:
            with _naming("--ready-fd"):
                tell.append(announcing.ReadyPipe(ready_fd).write)
        if ready_json:
            tell.append(click.echo)
        if listen_fd is not None:
            _serve(settings, tell, with_banner=False, listener=socket.socket(fileno=listen_fd), began=began)
        elif settings.workers > 1:
            _serve_together(settings, tell, given, with_banner=not ready_json)
        else:
            _serve(settings, tell, with_banner=not ready_json)


class _Together:
    """Where several workers answer, for the announcement."""

    def __init__(self, address: "Address") -> None:
        self.address = address
        self.ca_file: str | None = None
        self.trust_variables: Mapping[str, str] = {}


def _serve_together(
    settings: Settings, tell: Sequence[Callable[[str], None]], given: dict[str, Any], *, with_banner: bool
) -> None:
    """Serve with several processes on one socket."""
    from understudy.adapters.serving import MockServerError, listen, log_to_stderr
    from understudy.adapters.wallclock import wall_now
    from understudy.address import Address
    from understudy.workers import Workers, WorkersError

    if os.name == "nt":
        raise click.ClickException("Several workers need POSIX: on Windows --workers is 1.")
    if settings.tls:
        raise click.ClickException("Several workers speak plain http only: leave out --tls, or use one worker.")
    if settings.state is not None:
        raise click.ClickException("Several workers share a Redis, which outlives them: leave out --state.")
    log_to_stderr()
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value not in (None, False)]
    # Workers start one after the other; their clocks all start now.
    arguments.append(f"--began={wall_now()}")
    try:
        with closing(listen(settings.host, settings.port)) as listener:
            together = _Together(Address(settings.host, listener.getsockname()[1], tls=False))

            def announce() -> None:
                for each in tell:
                    each(announcing.facts(together.address, None))
                if with_banner:
                    now = settings.date if settings.date is not None else wall_now()
                    click.echo(announcing.banner(settings, together, now))

            Workers(arguments, settings.workers, listener).run(announce)
    except (MockServerError, WorkersError) as error:
        raise click.ClickException(str(error)) from None


def _serve(
    settings: Settings,
    tell: Sequence[Callable[[str], None]],
    *,
    with_banner: bool,
    listener: socket.socket | None = None,
    began: int | None = None,
) -> None:
    # Whoever asks for help or mistypes a setting need not wait for the server's libraries.
    from understudy.adapters.serving import MockServerError, log_to_stderr
    from understudy.assembly import build_simulator
    from understudy.server import Service

    log_to_stderr()
    simulator = build_simulator(settings, began)

    def announce() -> None:
        try:
            for each in tell:
                each(announcing.facts(service.address, service.ca_file))
            if with_banner:
                click.echo(announcing.banner(settings, service, simulator.clock.now()))
        except OSError as error:
            raise click.ClickException(f"The address cannot be announced: {error.strerror}.") from None

    try:
        with Service(settings, simulator, listener) as service:
            service.run(announce)
    except MockServerError as error:
        raise click.ClickException(str(error)) from None


@cli.command("exec", short_help="Serve while a command runs.", context_settings={"allow_interspersed_args": False})
@_setting_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(command: tuple[str, ...], **given: Any) -> int:
    """Serve on a free port while COMMAND runs, and return its exit code.

    COMMAND finds OPENAI_BASE_URL and OPENAI_API_KEY in its environment, and under --tls also what makes it trust the
    server: SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and NODE_EXTRA_CA_CERTS. Example:

        understudy exec --tier 1 -- python app.py --verbose
    """
    settings = load_settings(given, free_port=True)
    from understudy.adapters.serving import log_to_stderr
    from understudy.child import Child
    from understudy.server import MockServer, MockServerError

    log_to_stderr()
    try:
        with MockServer.with_settings(settings) as server:
            return Child(command, environment_for(server)).run()
    except MockServerError as error:
        raise click.ClickException(str(error)) from None
    except FileNotFoundError:
        raise _NotFoundError(f"There is no command {command[0]!r}.") from None
    except OSError as error:
        raise _NotRunnableError(f"The command {command[0]!r} cannot be run: {error.strerror}.") from None


@cli.command("keys", short_help="What a key may spell.")
def show_keys() -> None:
    """Print what a key may spell, so that a client picks its situation without set-up."""
    from understudy import tables

    click.echo(tables.key_words())


_DATE = click.option("--date", metavar="DAY", help="Day whose figures are shown, such as 2024-10-02. Default: today.")


@cli.command("tiers", short_help="Usage tiers, and the limits of a model.")
@click.argument("model", required=False)
@_DATE
def show_tiers(model: str | None, date: str | None) -> None:
    """Print what qualifies for the usage tiers or, with a MODEL, its limits on each tier."""
    from understudy import tables

    era = _era(date)
    with _unknown_model():
        click.echo(tables.usage_tiers(era) if model is None else tables.limits(model, era))


@cli.command("prices", short_help="Prices of all models, or of one.")
@click.argument("model", required=False)
@_DATE
def show_prices(model: str | None, date: str | None) -> None:
    """Print what all models cost or, with a MODEL, what that costs at each service tier."""
    from understudy import tables

    with _unknown_model():
        click.echo(tables.prices(model, _era(date)))


@cli.command("say", short_help="Make speech for a test.")
@click.argument("text")
@click.option("-o", "--output", metavar="PATH", required=True, help="File to write; - for standard output.")
@click.option("--voice", metavar="NAME", default="alloy", show_default=True, help="One of the API's voices.")
@click.option(
    "--format",
    "format_",
    metavar="NAME",
    help="wav, mp3, flac, opus or aac; pcm16, g711_ulaw or g711_alaw for bare samples. Default: the ending, or wav.",
)
@click.option("--rate", type=int, default=24_000, show_default=True, help="Samples a second, 8000 to 48000.")
def say_text(text: str, output: str, voice: str, format_: str | None, rate: int) -> None:
    """Say TEXT aloud into a file, by a voice that the server's own ear hears word for word.

    Example: understudy say "What is the weather like?" -o question.wav
    """
    from understudy.core.media import MediaUnavailable
    from understudy.media.speech import say

    ending = Path(output).suffix.lstrip(".").lower()
    try:
        sound = say(text, voice, format_ or ending or "wav", rate)
    except ValueError as problem:
        raise click.UsageError(f"Nothing can be said: {problem}.") from None
    except MediaUnavailable as missing:
        raise click.ClickException(str(missing)) from None
    with _naming("--output"), click.open_file(output, "wb") as file:
        file.write(sound)


def _era(date: str | None) -> int:
    """The moment whose figures hold, by the table of settings."""
    from understudy.adapters.wallclock import wall_now

    found = load_settings({"date": date}).date
    return wall_now() if found is None else found


@contextmanager
def _unknown_model() -> Iterator[None]:
    from understudy.tables import UnknownModelError

    try:
        yield
    except UnknownModelError as unknown:
        raise click.BadParameter(str(unknown), param_hint="MODEL") from None


class _NotRunnableError(click.ClickException):
    """The command of `exec` cannot be run; the code is the shells'."""

    exit_code = 126


class _NotFoundError(click.ClickException):
    """There is no such command for `exec`; the code is the shells'."""

    exit_code = 127


def environment_for(server: "MockServer") -> dict[str, str]:
    """Variables for a program that is to talk to a server: this process's own, with those by which it is found."""
    environment = {
        **os.environ,
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": server.account.key,
        **server.trust_variables,
    }
    if any(environment.get(name) for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY")):
        # A proxy knows nothing of this machine's loopback.
        beside = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
        environment["NO_PROXY"] = environment["no_proxy"] = ",".join(
            filter(None, (beside, server.address.reachable_host))
        )
    return environment


@contextmanager
def _naming(option: str) -> Iterator[None]:
    """Say of a failure which option it comes from."""
    try:
        yield
    except OSError as error:
        raise click.BadParameter(f"{error.strerror or error}.", param_hint=option) from None


class _Missing(click.Command):
    """A command that cannot be loaded: it is listed with the reason, and gives it as its failure."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, short_help=problem, context_settings={"ignore_unknown_options": True})
        self._problem = problem

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse whatever was asked of it."""
        raise click.ClickException(self._problem)


def _brought() -> dict[str, "EntryPoint"]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=COMMANDS_GROUP)}


def _load(entry: "EntryPoint") -> click.Command:
    try:
        command = entry.load()
    except ImportError as error:
        problem = f"The command {entry.name!r} needs a package that is missing: {error}."
        return _Missing(entry.name, problem)
    if not isinstance(command, click.Command):
        raise TypeError(f"the entry point {entry.value!r} of {COMMANDS_GROUP} is no click command")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (that of the process when None) and return its exit code."""
    try:
        code = cli.main(
            args=None if arguments is None else list(arguments), prog_name="understudy", standalone_mode=False
        )
    except SettingError as error:
        return _fail(str(error), 2)
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return 130
    return code if isinstance(code, int) else 0


def _fail(sentence: str, code: int) -> int:
    click.echo(f"understudy: {sentence}", err=True)
    return code
