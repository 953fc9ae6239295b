import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy_harness.conformance import stage
from understudy_harness.conformance.cli import conform
from understudy_harness.conformance.program import BLIND, says

ASK = """
import json, os, sys, urllib.error, urllib.request

body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}).encode()
headers = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"}
request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", body, headers)
"""
SOUND = (
    ASK
    + """
try:
    answer = json.load(urllib.request.urlopen(request))
    print(answer["choices"][0]["message"]["content"])
except Exception as error:
    sys.exit(str(error))
"""
)
SILENT = (
    ASK
    + """
try:
    print(json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"])
except Exception:
    pass
"""
)
TELLS = SOUND + "print(os.environ['OPENAI_API_KEY'])\n"
ELSEWHERE = ASK.replace('os.environ["OPENAI_BASE_URL"]', '"http://api.example/v1"') + SOUND[len(ASK) :]


def run(tmp_path: Path, source: str, selected: str, *options: str):
    program = tmp_path / "app.py"
    program.write_text(source)
    arguments = ["run", "--kind", "chat", "--select", selected, "--verbose", *options, "--", sys.executable]
    return CliRunner().invoke(conform, [*arguments, str(program)], catch_exceptions=False)


def test_a_program_is_judged_by_the_wire_its_exit_code_and_its_output(tmp_path: Path) -> None:
    """One that fails aloud at a 400 and a page is sound; nobody asks it for kinds of errors."""
    done = run(tmp_path, SOUND, "2.5,2.11")
    assert done.exit_code == 0, done.output
    assert "MUST 2/2" in done.output


def test_a_program_that_ends_well_with_nothing_said_fails_in_silence(tmp_path: Path) -> None:
    """Exit code 0, no text, no word: the worst there is."""
    done = run(tmp_path, SILENT, "2.11")
    assert done.exit_code == 1, done.output
    assert "1 failed in silence" in done.output


def test_a_program_that_prints_its_key_is_unclean(tmp_path: Path) -> None:
    """Standard output counts."""
    assert run(tmp_path, TELLS, "2.5", "--tidy").exit_code == 0  # it ends before it could
    done = run(tmp_path, TELLS.replace("sys.exit(str(error))", "print(error)"), "2.5", "--tidy")
    assert "no_secret" in done.output


def test_who_talks_to_somebody_else_is_caught_in_the_trap(tmp_path: Path) -> None:
    """The proxy that programs are given takes no request, and counts them."""
    done = run(tmp_path, ELSEWHERE, "2.11", "--json", "-")
    assert '"trapped": 1' in done.stdout


@pytest.mark.parametrize(
    ("source", "judged"),
    [
        (SOUND, "MUST 1/1"),
        (ELSEWHERE, "MUST 0/1"),
        (SOUND.replace("print(", "urllib.request.urlopen('http://stats.example/') or print(", 1), "MUST 0/1"),
        (SOUND.replace("Bearer ", "Token "), "MUST 0/1"),
    ],
    ids=["sound", "another server", "one server more", "another scheme"],
)
def test_the_environment_is_all_that_a_program_needs(source: str, judged: str, tmp_path: Path) -> None:
    """The server and the key that it names, and nobody else."""
    assert judged in run(tmp_path, source, "14.4").output


def test_cases_about_other_calls_are_left_out(tmp_path: Path) -> None:
    """A program makes one kind of call."""
    done = run(tmp_path, SOUND, "4", "--dry-run")
    assert done.output == "0 cases would be run.\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "Say who is judged, in one of three ways"),
        (["--driver", "x", "--gateway", "http://x"], "Say who is judged"),
        (["--kind", "chat"], "one of the two is missing"),
        (["--", "true"], "one of the two is missing"),
        (["--kind", "video", "--", "true"], "'video' is not one of"),
        (["--gateway", "localhost:80"], "is no URL of http or https"),
        (["--select", "2.11", "--kind", "chat", "--", "/no/such"], "the program '/no/such' cannot be started"),
    ],
)
def test_who_is_judged_must_be_clear(arguments: list[str], problem: str) -> None:
    """Wrong usage is exit code 2 and a sentence."""
    done = CliRunner().invoke(conform, ["run", *arguments])
    assert done.exit_code in (2, 3)
    assert problem in done.output


def test_texts_are_found_as_they_are_and_as_json_writes_them() -> None:
    """Programs print results in either way."""
    assert says("... Hello, 世界 ...".encode(), "Hello, 世界")
    assert says(b'{"text": "Hello, \\u4e16\\u754c"}', "Hello, 世界")
    assert not says(b"Hello, ??", "Hello, 世界")


def test_what_a_program_cannot_show_is_not_held_against_it() -> None:
    """Words about the report are unknown, words about the wire are not."""
    assert {"error.kind", "finish", "usage.input", "tool_calls"} <= BLIND
    assert not {"requests", "gap", "outcome", "text", "no_secret"} & BLIND


PICTURE = (
    ASK.replace("/chat/completions", "/images/generations")
    + """
sys.stderr.write("a warning, and no harm")
assert json.load(urllib.request.urlopen(request))["data"][0]["b64_json"]
"""
)


def test_a_program_whose_answer_has_no_text_prints_none(tmp_path: Path) -> None:
    """Its exit code tells how it went."""
    program = tmp_path / "app.py"
    program.write_text(PICTURE)
    arguments = ["run", "--kind", "image", "--select", "9.1,9.3", "--", sys.executable, str(program)]
    done = CliRunner().invoke(conform, arguments, catch_exceptions=False)
    assert "MUST 2/2" in done.output, done.output


STREAMS = (
    ASK.replace('"Hi"}]}', '"Hi"}], "stream": True}')
    + """
for line in urllib.request.urlopen(request):
    print(line.decode())
"""
)
DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + STREAMS
BREAKS = "import os, signal\nsignal.signal(signal.SIGINT, lambda *_: os.abort())\n" + STREAMS


@pytest.mark.parametrize(
    ("source", "judged"),
    [(STREAMS, "SHOULD 1/1"), (DEAF, "SHOULD 0/1"), (BREAKS, "SHOULD 0/1"), (SOUND, "SHOULD 0/1")],
    ids=["ends", "is deaf", "breaks", "has no stream"],
)
def test_a_program_ends_when_it_is_interrupted(source: str, judged: str, tmp_path: Path, monkeypatch) -> None:
    """By itself, not in a crash; one that has no stream open when the time comes was not tried."""
    monkeypatch.setattr(stage, "END_S", 0.3)
    program = tmp_path / "app.py"
    program.write_text(source)
    arguments = ["run", "--kind", "stream", "--select", "15.5", "--strict", "--", sys.executable, str(program)]
    assert judged in CliRunner().invoke(conform, arguments, catch_exceptions=False).output
