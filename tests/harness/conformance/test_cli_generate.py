import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy_harness.conformance.cli import conform

REFERENCE = f"{shlex.quote(sys.executable)} -m understudy_harness.conformance.reference"
WRONG = f"{REFERENCE} --wrong needs-a-space"


@pytest.fixture
def call():
    """Calls `understudy conform …` in this process."""

    def run(*arguments: str):
        return CliRunner().invoke(conform, arguments, catch_exceptions=False)

    return run


def test_what_a_search_finds_is_reported_written_and_run_again(call, tmp_path: Path) -> None:
    """With a real driver process: found, in every report, in a file, failed again as a case, passed by another."""
    given = call(
        "generate", "--driver", WRONG, "--select", "M3", "--examples", "20", "--write", str(tmp_path / "found"),
        "--json", str(tmp_path / "r.json"), "--junit", str(tmp_path / "r.xml"), "--html", str(tmp_path / "r.html"),
    )  # fmt: skip
    assert given.exit_code == 1, given.output
    assert "FAILED" in given.output
    assert "--select M3-framing --examples 20 --seed 0" in given.output
    (file,) = (tmp_path / "found").iterdir()
    assert f"M3-framing fell with a case that is now in {file}." in given.output
    (case,) = json.loads((tmp_path / "r.json").read_bytes())["cases"]
    assert (case["id"], case["group"], case["examples"] > 1) == ("M3-framing", "M", True)
    assert case["example"]["serve"][1]["framing"] == {"space": False}
    assert f"understudy conform serve P --cases {file} --port 8081" in case["about"]["by_hand"][1]
    assert b'name="M3-framing"' in (tmp_path / "r.xml").read_bytes()
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert f"{case['examples']} examples" in page
    assert f"understudy conform promote REPORT.json --select M3-framing -o {file}" in page
    assert "conform explain M3" not in page
    again = call("run", "--driver", WRONG, "--cases", str(tmp_path / "found"))
    assert (again.exit_code, case["example"]["id"] in again.output) == (1, True)
    assert call("run", "--driver", REFERENCE, "--cases", str(file)).exit_code == 0
    promoted = call("promote", str(tmp_path / "r.json"), "--select", "M3")
    assert promoted.output == file.read_text(encoding="utf-8")
    known = tmp_path / "known.toml"
    known.write_text('[[known]]\ncase = "M3-framing"\nissue = "https://example.com/1"\n', encoding="utf-8")
    given = call(
        "generate", "--driver", WRONG, "--select", "M3", "--examples", "20", "--baseline", str(known), "--quiet"
    )
    assert given.exit_code == 0, given.output


def test_a_sound_client_ends_in_zero(call) -> None:
    """And is told how many examples there were."""
    given = call("generate", "--driver", REFERENCE, "--select", "M4,M5", "--examples", "6", "--verbose")
    assert given.exit_code == 0, given.output
    assert "M Generated" in given.output
    assert " examples" in given.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["generate"], "Missing option '--driver'"),
        (
            ["generate", "--driver", REFERENCE, "--select", "M77"],
            "No relation begins with 'M77'; there are M1-streamed,",
        ),
        (["generate", "--driver", REFERENCE, "--examples", "0"], "0 is not in the range"),
        (["generate", "--driver", REFERENCE, "--write", "/no/such/folder"], "its parent folder does not exist"),
        (["generate", "--driver", "no-such-program"], "'no-such-program' cannot be started"),
        (["promote", "/no/such/file"], "/no/such/file cannot be read: No such file or directory."),
    ],
)
def test_wrong_usage_ends_in_two(call, arguments: list[str], problem: str) -> None:
    """With a sentence."""
    given = call(*arguments)
    assert (given.exit_code, problem in given.output) == (2, True), given.output


def test_a_report_without_findings_promotes_nothing(call, tmp_path: Path) -> None:
    """Said in a sentence; no empty file is written."""
    report = tmp_path / "r.json"
    assert call("run", "--driver", REFERENCE, "--select", "1.11", "--json", str(report)).exit_code == 0
    given = call("promote", str(report), "-o", str(tmp_path / "P.toml"))
    assert (given.exit_code, "has no example of a relation that fell" in given.output) == (2, True)
    assert not (tmp_path / "P.toml").exists()


def test_without_hypothesis_there_is_a_sentence_and_all_else_works() -> None:
    """It is an extra, and imported by nothing but a search."""
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from understudy_harness.conformance.cli import conform\n"
        "conform(sys.argv[1:])"
    )
    for arguments, status, words in (
        (["generate", "--driver", "x"], 2, "Generated cases need Hypothesis: pip install 'understudy[test]'."),
        (["list", "--select", "1.1"], 0, "1.1-seconds"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, words in done.stdout + done.stderr) == (status, True), done.stderr
