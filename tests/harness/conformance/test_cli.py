import json
import re
import shlex
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from understudy_harness.conformance.case import select
from understudy_harness.conformance.case_reader import load_cases
from understudy_harness.conformance.cli import conform

REFERENCE = f"{shlex.quote(sys.executable)} -m understudy_harness.conformance.reference"
QUICK = "1.11"


@pytest.fixture
def call():
    """Calls `understudy conform …` in this process."""

    def run(*arguments: str):
        return CliRunner().invoke(conform, arguments, catch_exceptions=False)

    return run


def test_a_sound_client_ends_in_zero(call, tmp_path: Path) -> None:
    """A real driver process, real time, and both files written."""
    given = call(
        "run", "--driver", REFERENCE, "--select", QUICK, "--strict", "--tidy",
        "--json", str(tmp_path / "r.json"), "--junit", str(tmp_path / "r.xml"),
    )  # fmt: skip
    assert given.exit_code == 0, given.output
    assert "MUST 1/1 · SHOULD 0/0" in given.output
    assert json.loads((tmp_path / "r.json").read_bytes())["cases"][0]["verdict"] == "OK"
    assert b'failures="0"' in (tmp_path / "r.xml").read_bytes()


def test_a_wrong_client_ends_in_one(call) -> None:
    """A MUST was failed; the line to see it again is there."""
    driver = f"{REFERENCE} --wrong swallows-errors"
    given = call("run", "--driver", driver, "--select", QUICK)
    assert given.exit_code == 1
    assert "FAILED silent 1.11-retries-off" in given.output
    alone = re.search("alone +understudy conform (.*)", given.output)
    assert alone is not None
    again = call(*shlex.split(alone[1]))
    assert "FAILED silent 1.11-retries-off" in again.output


def test_an_unclean_client_passes_unless_tidiness_counts(call) -> None:
    """It is shown in any case."""
    driver = f"{REFERENCE} --wrong tells-its-key"
    assert call("run", "--driver", driver, "--select", QUICK).exit_code == 0
    given = call("run", "--driver", driver, "--select", QUICK, "--tidy")
    assert given.exit_code == 1
    assert "UNCLEAN" in given.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["run"], "Say who is judged, in one of three ways"),
        (["run", "--driver", ""], "it is empty"),
        (["run", "--driver", "'open"], "is no command: No closing quotation"),
        (["run", "--driver", "no-such-program"], "the driver's program 'no-such-program' cannot be started"),
        (["run", "--driver", REFERENCE, "--select", "77"], "no case begins with '77'"),
        (["run", "--driver", REFERENCE, "--json", "/no/such/folder/x"], "its folder does not exist"),
        (["run", "--driver", REFERENCE, "--htlm", "x"], "No such option"),
        (["run", "--driver", REFERENCE, "--require", "may"], "'may' is not one of 'must', 'should', 'all'"),
        (["run", "--driver", REFERENCE, "--require", "must", "--strict"], "--strict is short for --require should"),
        (["run", "--driver", REFERENCE, "--quiet", "--verbose"], "say opposite things"),
        (["run", "--driver", REFERENCE, "--json", "-", "--junit", "-"], "One report alone can go to standard output"),
        (["run", "--driver", REFERENCE, "--baseline", "/no/such/file"], "cannot be read: No such file or directory"),
        (["explain", "77"], "no case begins with '77'"),
        (["explain"], "Missing argument 'ID"),
        (["serve", "1"], "'1' names "),
    ],
)
def test_wrong_usage_ends_in_two(arguments: list[str], problem: str, call) -> None:
    """With a sentence, before anything is run."""
    given = call(*arguments)
    assert given.exit_code == 2
    assert problem in given.output


@pytest.mark.parametrize("program", ["raise SystemExit(1)", "print('hello', flush=True)"])
def test_a_driver_that_does_not_speak_ends_in_three(program: str, call) -> None:
    """The client was not judged: that is no failure of its own."""
    given = call("run", "--driver", f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}", "--select", QUICK)
    assert given.exit_code == 3
    assert given.output.startswith("The suite could not judge: the ")


def test_a_failure_of_the_suite_itself_is_not_blamed_on_the_client(call, monkeypatch) -> None:
    """It ends in three, with the trace."""

    def broken(*arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("understudy_harness.conformance.runner.judge", broken)
    given = call("run", "--driver", REFERENCE, "--select", QUICK)
    assert given.exit_code == 3
    assert "it failed itself" in given.output


def test_a_report_to_standard_output_is_alone_there() -> None:
    """What people read goes to standard error then."""
    command = [
        sys.executable,
        "-m",
        "understudy",
        "conform",
        "run",
        "--driver",
        REFERENCE,
        "--select",
        QUICK,
        "--json",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert json.loads(done.stdout)["exit_code"] == 0
    assert b"MUST 1/1" in done.stderr


def test_a_dry_run_says_what_would_be_run_and_starts_nothing(call) -> None:
    """Not even a driver that does not exist."""
    given = call("run", "--driver", "no-such-program", "--select", "1.1,1.11", "--dry-run")
    assert given.exit_code == 0
    assert given.output.splitlines()[-1] == "2 cases would be run."


def test_a_baseline_decides_what_is_new(call, tmp_path: Path) -> None:
    """A known failure is fine; the same entry for a sound client has to go."""
    known = tmp_path / "known.toml"
    known.write_text('[[known]]\ncase = "1.11-retries-off"\nissue = "https://example.com/1"\n', encoding="utf-8")
    report = tmp_path / "r.json"
    wrong = call(
        "run", "--driver", f"{REFERENCE} --wrong swallows-errors", "--select", QUICK, "--baseline", str(known),
        "--json", str(report),
    )  # fmt: skip
    assert wrong.exit_code == 0, wrong.output
    assert json.loads(report.read_bytes())["cases"][0]["issue"] == "https://example.com/1"
    assert "known failure: 1.11-retries-off, https://example.com/1" in wrong.output
    sound = call("run", "--driver", REFERENCE, "--select", QUICK, "--baseline", str(known))
    assert sound.exit_code == 1
    assert "1.11-retries-off passes, though known.toml lists it: remove it there" in sound.output


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which nobody can write")
def test_a_report_that_cannot_be_written_is_not_blamed_on_the_client(call, tmp_path: Path) -> None:
    """The others are there, and the exit code is that of a wrong command line."""
    given = call(
        "run", "--driver", REFERENCE, "--select", QUICK, "--json", "/proc/no.json", "--html", "/proc/no.html",
        "--junit", str(tmp_path / "r.xml"),
    )  # fmt: skip
    assert given.exit_code == 2
    assert "/proc/no.json cannot be written: " in given.output
    assert "/proc/no.html cannot be written: " in given.output
    assert [file.name for file in tmp_path.iterdir()] == ["r.xml"]


def test_a_quiet_run_of_a_sound_client_is_one_line(call) -> None:
    """For a hook that runs before each commit."""
    given = call("run", "--driver", REFERENCE, "--select", QUICK, "--quiet")
    assert given.exit_code == 0
    assert re.fullmatch(r"MUST 1/1 · SHOULD 0/0 · 0 failed in silence · \d\.\d s\n", given.output)


def test_the_list_is_a_table(call) -> None:
    """One line a case; a selection is a shorter one."""
    lines = call("list").output.splitlines()
    assert len(lines) == len(load_cases())
    assert lines[0].split(maxsplit=4) == [
        "1.1-seconds",
        "MUST",
        "DPG",
        "chat",
        "Retry-After in seconds is a minimum wait",
    ]
    assert call("list", "--select", "1.2").output.startswith("1.2-ms-header ")


def test_explain_shows_all_of_a_case(call, cases) -> None:
    """And how to see it by hand, as a command that a shell understands."""
    case = cases["1.2"]
    text = call("explain", "1.2").output
    for part in (case.title, *case.references, *(each.written for each in case.must + case.non_strict + case.tidy)):
        assert part in text
    assert '"retry-after-ms": "700"' in text
    assert "request 2..: the standard answer" in text
    assert "(from 0.65 s counts)" in text
    assert "(up to 3 s counts)" in text
    (curl,) = [line for line in text.splitlines() if "curl" in line]
    words = shlex.split(curl.partition("    (")[0].removeprefix("  - "))
    assert json.loads(words[words.index("-d") + 1]) == case.input()
    assert "set up with retries = 0" in call("explain", "1.11").output
    assert call("explain", "1").output.count("\nWhy\n") == len(select(load_cases(), ["1"]))


def test_the_protocol_is_printed_as_json_schema(call) -> None:
    """One document."""
    document = json.loads(call("protocol").output)
    assert {"Hello", "Run", "Cancel", "Stop", "Introduction", "Progress", "Final"} <= document["$defs"].keys()


def test_the_server_of_a_case_can_be_had_by_hand() -> None:
    """It says where it listens, plays the script, and tells the time of each request."""
    command = [sys.executable, "-m", "understudy", "conform", "serve", "1.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        guard = threading.Timer(60, process.kill)
        guard.start()
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "1.5-negative: A negative wait is no reason to fail or to hurry\n"
            address = process.stdout.readline().strip()
            assert process.stdout.readline().startswith(f"curl -si {address}/chat/completions ")
            answers = [_post(address), _post(address)]
            assert answers[0].startswith(b"HTTP/1.1 429 ")
            assert b"retry-after: -1\r\n" in answers[0]
            assert answers[1].startswith(b"HTTP/1.1 200 ")
            assert process.stdout.readline() == "request 1: POST /v1/chat/completions -> 429\n"
            second = process.stdout.readline()
            assert re.fullmatch(r"request 2, \d\.\d{3} s after answer 1: POST /v1/chat/completions -> 200\n", second)
        finally:
            guard.cancel()
            process.kill()


def test_a_conversation_by_hand_is_told_message_by_message() -> None:
    """Of both sides, with the time since the connection was opened."""
    command = [sys.executable, "-m", "understudy", "conform", "serve", "11.7", "--part", "policy"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        guard = threading.Timer(60, process.kill)
        guard.start()
        try:
            assert process.stdout is not None
            process.stdout.readline()
            address = process.stdout.readline().strip().replace("http", "ws", 1)
            process.stdout.readline()
            with connect(f"{address}/realtime?model=x", additional_headers={"Authorization": "Bearer sk-a"}) as made:
                made.send('{"type": "response.create"}')
                with pytest.raises(ConnectionClosedError, match=re.escape("policy.violated")):
                    list(made)
            # The client's own close comes behind it, where the server still listens (uvicorn 0.35 does not).
            lines: list[str] = []
            while not lines or "server close" not in lines[-1]:
                line = process.stdout.readline()
                assert line, "the guard has ended the process"
                lines.append(line.strip())
        finally:
            guard.cancel()
            process.kill()
    assert lines[0] == "request 1: GET /v1/realtime?model=x -> 101"
    assert all(re.match(r"socket 1, \d\.\d{3} s: (client|server) ", line) for line in lines[1:])
    said = [line.partition("s: ")[2] for line in lines[1:]]
    assert "server session.created" in said
    assert said.index("client response.create") < said.index("server response.created")
    assert said[-1] == "server close 1008 policy.violated"


def _post(address: str) -> bytes:
    host, port = address.removeprefix("http://").removesuffix("/v1").split(":")
    body = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}'
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-a\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        answer = b""
        while data := connection.recv(65_536):
            answer += data
    return answer


def test_a_seed_makes_a_run_that_can_be_repeated(tmp_path: Path) -> None:
    """The same words in the same places; without one, new words each time."""

    def word(*options: str) -> str:
        file = tmp_path / "report.json"
        driver = f"{sys.executable} -m understudy_harness.conformance.reference"
        CliRunner().invoke(conform, ["run", "--driver", driver, "--select", "2.5", "--json", str(file), *options])
        return json.loads(file.read_bytes())["cases"][0]["evidence"]["answer_word"]

    assert word("--seed", "7") == word("--seed", "7") != word("--seed", "8")
    assert word() != word()
