import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from http.client import HTTPConnection
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import click
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from understudy import __version__, cli
from understudy.adapters.serving import listen
from understudy.config import TABLE

GUARD = 60
"""Seconds after which a test that hangs is ended; nothing waits for them."""
UNDERSTUDY = (sys.executable, "-m", "understudy")
CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}
ASK = (
    "import json, os, urllib.request as u\n"
    "request = u.Request(os.environ['OPENAI_BASE_URL'] + '/models')\n"
    "request.add_header('authorization', 'Bearer ' + os.environ['OPENAI_API_KEY'])\n"
    "print(len(json.load(u.urlopen(request))['data']) > 10)\n"
)
"""A program that knows of Understudy only by its environment."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no variables of ours."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("UNDERSTUDY_")]:
        monkeypatch.delenv(name)
    return tmp_path


class Serving:
    """`understudy serve` in a process of its own, listening."""

    def __init__(self, process: subprocess.Popen[str], facts: dict[str, Any]) -> None:
        self.process = process
        self.facts = facts

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Send a signal; exit code, output and errors."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=GUARD)
        return self.process.returncode, output, errors

    def health(self) -> dict[str, Any]:
        """Ask the control API."""
        connection = HTTPConnection(self.facts["host"], self.facts["port"], timeout=GUARD)
        connection.request("GET", "/_understudy/health", headers={"connection": "close"})
        with connection.getresponse() as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def stream(self) -> socket.socket:
        """Begin a streamed answer."""
        body = json.dumps({**CHAT, "stream": True}).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a\r\ncontent-length: {len(body)}"
        )
        connection = socket.create_connection((self.facts["host"], self.facts["port"]), GUARD)
        connection.sendall(f"{head}\r\n\r\n".encode() + body)
        return connection


@pytest.fixture(autouse=True)
def hang_ups_are_heard() -> Iterator[None]:
    """Also where the tests themselves run under nohup, which programs inherit."""
    if os.name == "nt":
        yield
        return
    previous = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, previous)


@pytest.fixture
def serve() -> Iterator[Callable[..., Serving]]:
    """Starts servers on free ports, and ends those that a test leaves."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> Serving:
        reader, writer = os.pipe()
        command = [*UNDERSTUDY, "serve", "--port=0", f"--ready-fd={writer}", *arguments]
        process = subprocess.Popen(
            command, pass_fds=[writer], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as pipe:
            assert select.select([pipe], [], [], GUARD)[0]
            line = pipe.read()
        assert line, process.communicate(timeout=GUARD)
        return Serving(process, json.loads(line))

    yield start
    for process in started:
        with process:
            process.kill()


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command line that ends by itself."""
    return subprocess.run([*UNDERSTUDY, *arguments], capture_output=True, text=True, timeout=GUARD, **options)


def main(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """A command line within this process: code, output and errors."""
    code = cli.main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_serve_tells_people_and_programs_where_it_listens(serve: Callable[..., Serving], folder: Path) -> None:
    """When it does, on a descriptor, in a file and in words; the file is gone with the server."""
    server = serve("--ready-file=ready.json", "--tier=1", "--credits=5", "--seed=7", "--date=2024-10-02")
    facts = server.facts
    assert json.loads((folder / "ready.json").read_text(encoding="utf-8")) == facts
    assert facts["pid"] == server.process.pid
    assert facts["base_url"] == f"http://127.0.0.1:{facts['port']}/v1"
    assert server.health()["status"] == "ok"
    code, output, errors = server.end()
    assert (code, errors) == (0, "")
    for words in (
        f"export OPENAI_BASE_URL={facts['base_url']}\n",
        "export OPENAI_API_KEY=sk-understudy\n",
        f"control URL  {facts['control_url']}, ",
        "tier         1\n",
        "credits      $5.00 for each account\n",
        "seed         7\n",
        "date         2024-10-02\n",
    ):
        assert words in output
    assert not (folder / "ready.json").exists()


def test_serve_can_speak_to_programs_only(serve: Callable[..., Serving]) -> None:
    """Under --ready-json there is one line on standard output and nothing else."""
    server = serve("--ready-json")
    code, output, _ = server.end()
    assert code == 0
    assert json.loads(output) == server.facts
    assert output.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serve_ends_in_good_order_when_it_is_asked_to(serve: Callable[..., Serving], number: int) -> None:
    """Whatever its clients are doing: the stream is cut, the socket told 1001, and the code is 0."""
    server = serve("--latency=itl=1000s")
    with closing(server.stream()) as stream:
        begun = stream.recv(65_536)
        url = server.facts["base_url"].replace("http", "ws") + "/realtime?model=gpt-realtime"
        with connect(url, additional_headers={"authorization": "Bearer a"}) as client:
            assert json.loads(client.recv(GUARD))["type"] == "session.created"
            code, _, errors = server.end(number)
            with pytest.raises(ConnectionClosed) as caught:
                client.recv(GUARD)
        while part := stream.recv(65_536):
            begun += part
    assert (code, errors) == (0, "")
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001
    assert begun.startswith(b"HTTP/1.1 200 OK")
    assert not begun.endswith(b"0\r\n\r\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_under_nohup_a_hang_up_changes_nothing(serve: Callable[..., Serving]) -> None:
    """What was told to outlive its terminal does."""
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        server = serve()
    finally:
        signal.signal(signal.SIGHUP, previous)
    server.process.send_signal(signal.SIGHUP)
    assert server.health()["status"] == "ok"
    assert server.end()[0] == 0


def test_serve_speaks_tls_with_a_certificate_that_programs_can_trust(serve: Callable[..., Serving]) -> None:
    """Its file is named to people and programs, and gone when the server is."""
    server = serve("--tls")
    ca_file = Path(server.facts["ca_file"])
    done = subprocess.run(
        ["curl", "-sS", "--cacert", str(ca_file), "-H", "authorization: Bearer a", f"{server.facts['base_url']}/models"],
        capture_output=True, text=True, timeout=GUARD, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["object"] == "list"
    code, output, errors = server.end()
    assert (code, errors) == (0, "")
    assert f"certificate  {ca_file}\n" in output
    assert f"export NODE_EXTRA_CA_CERTS={ca_file}\n" in output
    assert not ca_file.exists()


def test_a_port_in_use_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """And exit code 1."""
    with closing(listen("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        outcome = main(capsys, "serve", f"--port={port}")
        outcome_of_exec = main(capsys, "exec", f"--port={port}", "--", "true")
    sentence = f"understudy: Cannot listen on 127.0.0.1 port {port}: the port is in use; choose another, or 0 for a free one.\n"
    assert outcome == outcome_of_exec == (1, "", sentence)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serve", "--tier=gold"], "Setting tier (argument --tier) cannot be 'gold'; accepted: free, 1, 2, 3, 4 or 5."),
        (["exec", "--seed=x", "true"], "Setting seed (argument --seed) cannot be 'x'; accepted: a whole number of at most 64 bits."),
        (["serve", "--config=none.toml"], "Setting config (argument --config): file 'none.toml': there is no such file."),
        (["serve", "--ready-fd=99"], "Invalid value for --ready-fd: Bad file descriptor."),
        (["serve", "--ready-file=none/x"], "Invalid value for --ready-file: there is no folder 'none'."),
        (["exec"], "Missing argument 'COMMAND...'."),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: Sequence[str], sentence: str
) -> None:
    """And exit code 2."""
    assert main(capsys, *arguments) == (2, "", f"understudy: {sentence}\n")


@pytest.mark.parametrize("arguments", [["serve", "--teir=1"], ["serv"], ["--tier=1"], ["serve", "extra"]])
def test_an_unknown_word_is_one_line(capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> None:
    """In the words of the library that reads the command line."""
    code, output, errors = main(capsys, *arguments)
    assert (code, output) == (2, "")
    assert errors.startswith("understudy: ")
    assert errors.count("\n") == 1


def test_the_environment_is_a_source(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same sentence about another source."""
    monkeypatch.setenv("UNDERSTUDY_TIER", "gold")
    code, _, errors = main(capsys, "serve")
    assert (code, errors) == (
        2,
        "understudy: Setting tier (environment UNDERSTUDY_TIER) cannot be 'gold'; accepted: free, 1, 2, 3, 4 or 5.\n",
    )


def test_a_switch_can_be_taken_back(serve: Callable[..., Serving], folder: Path) -> None:
    """An argument is stronger than a file also when it says no."""
    (folder / "understudy.toml").write_text("tls = true\n", encoding="utf-8")
    assert serve("--no-tls").facts["base_url"].startswith("http://")
    assert serve().facts["base_url"].startswith("https://")


def test_help_shows_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """With what is accepted and what holds otherwise."""
    for command in ("serve", "exec"):
        code, output, _ = main(capsys, command, "--help")
        words = " ".join(output.split())
        assert code == 0
        for setting in TABLE:
            assert f"--{setting.name} " in words
            assert setting.help in words
            assert setting.is_switch or f"Default: {setting.default}." in words


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """As other programs tell it."""
    assert main(capsys, "--version") == (0, f"understudy {__version__}\n", "")


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    """For who types the name only."""
    code, output, _ = main(capsys)
    assert code == 0
    assert "serve  " in output
    assert "exec  " in output


def test_exec_gives_a_program_its_server(capfd: pytest.CaptureFixture[str]) -> None:
    """It needs to know nothing of Understudy, and its output is the only one."""
    assert main(capfd, "exec", "--", sys.executable, "-c", ASK) == (0, "True\n", "")


def test_exec_gives_a_program_what_it_needs_for_tls(capfd: pytest.CaptureFixture[str]) -> None:
    """Python's own client trusts the server by the variables alone."""
    assert main(capfd, "exec", "--tls", "--", sys.executable, "-c", ASK) == (0, "True\n", "")


def test_exec_gives_one_of_the_strict_keys(capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    """Another would be refused."""
    (folder / "keys.toml").write_text("[keys.sk-listed]\n", encoding="utf-8")
    assert main(capfd, "exec", "--keys=keys.toml", "--", sys.executable, "-c", ASK) == (0, "True\n", "")


def test_exec_takes_a_free_port_whatever_a_file_says(capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    """So that tests run beside the server of the same project."""
    with closing(listen("127.0.0.1", 0)) as other:
        (folder / "understudy.toml").write_text(f"port = {other.getsockname()[1]}\n", encoding="utf-8")
        assert main(capfd, "exec", "--", sys.executable, "-c", ASK) == (0, "True\n", "")


def test_exec_lets_no_proxy_come_between(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy knows nothing of this machine's loopback; what was kept from it before stays so."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.test")
    script = ASK + "print(os.environ['no_proxy'])\n"
    assert main(capfd, "exec", "--", sys.executable, "-c", script) == (0, "True\nexample.test,127.0.0.1\n", "")


def test_exec_passes_input_and_descriptors_on() -> None:
    """The program runs as if it had been started without us."""
    reader, writer = os.pipe()
    os.write(writer, b"by descriptor")
    os.close(writer)
    script = f"import os, sys; print(sys.stdin.read(), os.read({reader}, 100).decode())"
    done = run("exec", "--", sys.executable, "-c", script, input="by pipe", pass_fds=[reader])
    os.close(reader)
    assert (done.returncode, done.stdout, done.stderr) == (0, "by pipe by descriptor\n", "")


@pytest.mark.parametrize(
    ("script", "code"),
    [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 15)", 143)],
)
def test_exec_returns_the_exit_code(capfd: pytest.CaptureFixture[str], script: str, code: int) -> None:
    """The program's own, or as shells have it when a signal ended it."""
    assert main(capfd, "exec", "--", sys.executable, "-c", script) == (code, "", "")


def test_exec_says_when_there_is_no_such_command(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """127 for what is not there, 126 for what cannot be run."""
    missing = (127, "", "understudy: There is no command 'understudy-none'.\n")
    assert main(capsys, "exec", "--", "understudy-none") == missing
    (folder / "script").write_text("#!/bin/sh\n", encoding="utf-8")
    refused = (126, "", "understudy: The command './script' cannot be run: Permission denied.\n")
    assert main(capsys, "exec", "--", "./script") == refused


def bring(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Install a package that brings the command `extra`."""
    found = EntryPoints([EntryPoint("extra", value, cli.COMMANDS_GROUP)])
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: found.select(group=group))


@click.command()
@click.argument("name")
def extra(name: str) -> int:
    """Greet."""
    click.echo(f"Hello, {name}!")
    return 3


def test_other_packages_bring_commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed with ours, loaded when they are asked for, with an exit code of their own."""
    monkeypatch.setitem(sys.modules, "brought", sys.modules[__name__])
    bring(monkeypatch, "brought:extra")
    assert main(capsys, "extra", "world") == (3, "Hello, world!\n", "")
    assert "extra Greet." in " ".join(main(capsys, "--help")[1].split())


def test_a_command_whose_package_is_missing_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps nobody from help, nor from the other commands."""
    bring(monkeypatch, "understudy_none:extra")
    sentence = "The command 'extra' needs a package that is missing: No module named 'understudy_none'."
    assert main(capsys, "extra", "--anything", "at all") == (1, "", f"understudy: {sentence}\n")
    code, output, _ = main(capsys, "--help")
    assert code == 0
    assert "serve  " in output


def test_running_a_command_line_leaves_the_process_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    """Signals included: it may be one of several that a program runs."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with closing(listen("127.0.0.1", 0)) as other:
        main(capsys, "serve", f"--port={other.getsockname()[1]}")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_the_log_level_says_how_much_is_logged(serve: Callable[..., Serving]) -> None:
    """Nothing by default; at info, coming and going."""
    assert serve().end()[2] == ""
    server = serve("--log-level=info")
    port = server.facts["port"]
    assert server.end()[2].splitlines() == [
        f"INFO understudy: listening on 127.0.0.1 port {port}",
        "INFO understudy: stopping, with 0 connections open",
    ]


def test_ctrl_c_before_the_server_listens_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code is then the shells' for an interrupted command."""

    def interrupted(*arguments: Any, **named: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "load_settings", interrupted)
    code, output, errors = main(capsys, "serve")
    assert (code, output, errors.strip()) == (130, "", "")


def test_what_keys_spell_is_printed() -> None:
    """Every word of the table, with a key that has it."""
    done = run("keys")
    assert done.returncode == 0
    for word in ("invalid", "revoked", "noaccess", "sk-tier3-1", "sk-credits-5.00-1", "sk-plus-1"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tiers"], ["tier2", "$50.00", "$500.00"]),
        (["tiers", "--date", "2025-01-01"], ["days since first payment", "tier4", "14"]),
        (["tiers", "gpt-4o"], ["limit group gpt-4o", "30,000,000"]),
        (["prices"], ["gpt-4o-mini", "$0.15", "a picture, 1024x1024"]),
        (["prices", "gpt-4o"], ["gpt-4o (flex)", "$1.25"]),
    ],
)  # fmt: skip
def test_tables_are_printed(arguments: list[str], words: list[str]) -> None:
    """Of the day that is asked for."""
    done = run(*arguments)
    assert done.returncode == 0
    for word in words:
        assert word in done.stdout


@pytest.mark.parametrize("arguments", [["tiers", "gpt-nope"], ["prices", "gpt-nope"], ["prices", "--date", "soon"]])
def test_a_table_of_nothing_is_refused_in_a_sentence(arguments: list[str]) -> None:
    """Exit code 2."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
