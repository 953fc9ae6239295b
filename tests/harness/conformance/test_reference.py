import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from understudy_harness.conformance.case import Level, in_seat
from understudy_harness.conformance.gate import REQUIRE, Gate
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.conformance.verdict import Verdict

TABLES = [
    (name, verdicts)
    for file in sorted(Path(__file__).with_name("earned").glob("*.toml"))
    for name, verdicts in tomllib.loads(file.read_text()).items()
]
EARNED: dict[str, dict[str, str]] = dict(TABLES)
"""What each wrong client earns, apart from OK and clean."""


def earned(suite) -> dict[str, str]:
    """Everything in a result that is not OK and clean."""
    told = {}
    for result in suite.results:
        judgement = result.judgement
        words = judgement.verdict.value + (f" {judgement.mark.value}" if judgement.mark else "")
        words += "" if judgement.clean else ", unclean"
        if words != "OK":
            told[result.case.id] = words
    return told


def test_the_reference_client_passes_every_case(run_suite) -> None:
    """It is OK and clean throughout, and each case was judged."""
    suite = run_suite()
    assert earned(suite) == {}
    assert {result.judgement.verdict for result in suite.results} == {Verdict.OK}
    assert Gate(REQUIRE["all"], tidy=True).exit_code(suite) == 0


def test_every_wrong_client_has_its_expected_failures() -> None:
    """None is forgotten, and each is caught by something."""
    assert EARNED.keys() == WRONG.keys()
    assert len(EARNED) == len(TABLES), "two wrong clients have one name, and one of them is never run"
    assert all(EARNED.values())


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_client_earns_its_failures_and_no_others(name: str, run_suite) -> None:
    """A suite that misses a planted mistake, or accuses the innocent, is worth nothing."""
    groups = {id.partition(".")[0] for id in EARNED[name]}
    assert earned(run_suite(WRONG[name], groups)) == EARNED[name]


def test_every_case_catches_somebody(cases) -> None:
    """A case that no wrong client fails might as well not be there."""
    caught = {id for failures in EARNED.values() for id, words in failures.items() if words.startswith("FAILED")}
    # A measurement is never failed, but somebody must come off second-best.
    caught |= {
        id
        for failures in EARNED.values()
        for id, words in failures.items()
        if cases[id.partition("-")[0]].level is Level.INFO
    }
    assert caught == {case.id for case in in_seat(cases.values(), "D", slow=False)}


def test_the_reference_driver_speaks_the_protocol_over_its_pipes() -> None:
    """Lines in, lines out, and an end at `stop`; a wrong client is chosen by name."""
    lines = b'{"cmd": "hello", "protocol": 1, "unknown": true}\n{"cmd": "stop"}\n{"cmd": "hello"}\n'
    command = [sys.executable, "-m", "understudy_harness.conformance.reference", "--wrong", "has-no-budget"]
    done = subprocess.run(command, input=lines, capture_output=True, timeout=60, check=True)
    assert [json.loads(line)["client"]["name"] for line in done.stdout.splitlines()] == ["reference"]
    assert done.stderr == b""
