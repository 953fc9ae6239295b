"""Real clients, real driver processes, real sockets; a few seconds."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy_harness.conformance.cli import conform
from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.driver import INTRODUCTION
from understudy_harness.conformance.reference.wrong_realtime import DialsAgain

UNTIMED = "11.1,11.4,11.6,12.1,12.2,12.3,12.8,12.9"


def verdicts(module: str, selected: str, directory: Path) -> dict[str, str]:
    """What a shipped driver's client earns."""
    command = shlex.join([sys.executable, "-m", f"understudy_harness.conformance.drivers.{module}"])
    report = directory / "report.json"
    given = CliRunner().invoke(
        conform, ["run", "--driver", command, "--select", selected, "--json", str(report)], catch_exceptions=False
    )
    told = {case["id"].partition("-")[0]: case for case in json.loads(report.read_bytes())["cases"]}
    assert all(case["clean"] for case in told.values()), given.output
    return {number: case["verdict"] for number, case in told.items()}


def test_the_official_sdk_stumbles_over_what_is_no_json_and_nothing_else(tmp_path: Path) -> None:
    """Its iteration raises, as everybody can see by hand; the rest is as it should be."""
    pytest.importorskip("openai")
    wanted = dict.fromkeys(UNTIMED.split(","), "OK") | {"11.6": "FAILED"}
    assert verdicts("openai_python", UNTIMED, tmp_path) == wanted


def test_bare_websockets_take_no_large_event(tmp_path: Path) -> None:
    """The library's limit is a mebibyte unless one says otherwise."""
    wanted = dict.fromkeys(UNTIMED.split(","), "OK") | {"11.5": "FAILED"}
    assert verdicts("websockets_bare", f"{UNTIMED},11.5", tmp_path) == wanted


def test_what_a_bare_socket_cannot_do_is_not_asked_of_it(tmp_path: Path) -> None:
    """To keep the conversation is the application's."""
    selected = "12.4,12.6,12.7,12.10"
    assert verdicts("websockets_bare", selected, tmp_path) == dict.fromkeys(selected.split(","), "UNSUPPORTED")


def test_a_client_that_dials_again_rightly_passes(run_suite) -> None:
    """As one that reports the end does: the cases ask for neither."""
    sound = type("Sound", (ReferenceClient,), {"conversation": DialsAgain})
    results = run_suite(sound, ["11", "12"]).results
    assert {result.judgement.verdict.value for result in results} == {"OK"}
    assert {result.judgement.clean for result in results} == {True}
    redialled = [result for result in results if result.measured.get("ws.dials") == 2]
    assert {result.case.id for result in redialled} >= {"11.8-dropped", "12.10-redial"}


def test_a_client_that_takes_wss_alone_is_judged_over_wss(run_suite) -> None:
    """With an authority to trust; pings, drops and refusals are the same there."""
    suite = run_suite(selectors=["11.1", "11.3", "11.5", "11.8"], introduction={**INTRODUCTION, "tls": ["realtime"]})
    assert {result.judgement.verdict.value for result in suite.results} == {"OK"}
    assert all(message.base_url.startswith("https://") for message in run_suite.driver.messages)
    assert all(message.options.ca_file for message in run_suite.driver.messages)
