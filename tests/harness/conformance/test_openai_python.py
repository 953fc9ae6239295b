"""The one test here that takes its time (about five seconds): a real SDK, a real driver process, real waits."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy import MockServer
from understudy_harness.conformance.cli import conform
from understudy_harness.conformance.protocol import decode_line

openai = pytest.importorskip("openai")
DRIVER = [sys.executable, "-m", "understudy_harness.conformance.drivers.openai_python"]


def test_the_official_sdk_earns_its_verdicts(tmp_path: Path) -> None:
    """It waits as it is told, in each of the three spellings, and keeps its budget; it leaves nothing behind.

    A machine under load may keep the suite from judging a wait, which it then says; it must never blame the client.
    """
    waits = {"1.1-seconds": 2.0, "1.2-ms-header": 0.7, "1.3-http-date": 2.0}
    arguments = [
        "run",
        "--driver",
        shlex.join(DRIVER),
        "--select",
        "1.1,1.2,1.3,1.11",
        "--json",
        str(tmp_path / "r.json"),
    ]
    given = CliRunner().invoke(conform, [*arguments, "--strict", "--tidy"], catch_exceptions=False)
    report = json.loads((tmp_path / "r.json").read_bytes())
    verdicts = {case["id"]: case["verdict"] for case in report["cases"]}
    assert verdicts.pop("1.11-retries-off") == "OK", given.output
    assert verdicts.keys() == waits.keys()
    assert set(verdicts.values()) <= {"OK", "INCONCLUSIVE"}, given.output
    assert given.exit_code == (3 if "INCONCLUSIVE" in verdicts.values() else 0)
    for case in report["cases"]:
        assert case["clean"], given.output
        if case["id"] in waits:
            assert case["measured"]["gap(1)"] >= waits[case["id"]] - 0.05
    client = report["driver"]["client"]
    assert (client["name"], client["version"]) == ("openai-python", openai.__version__)


@pytest.mark.skipif(openai.__version__ < "3", reason="earlier SDKs put pieces together otherwise")
@pytest.mark.parametrize("arguments", [[], ["--sync"]])
def test_the_driver_has_the_sdk_put_together_what_comes_in_pieces(arguments: list[str]) -> None:
    """Choices, refusals, objects, usage and tool calls, whole and streamed: cases that only true reports can pass."""
    command = ["run", "--driver", shlex.join([*DRIVER, *arguments]), "--select", "5.2,5.6,5.9,5.10,5.12,6.1"]
    given = CliRunner().invoke(conform, [*command, "--strict", "--tidy"], catch_exceptions=False)
    assert given.exit_code == 0, given.output
    assert "MUST 6/6" in given.output


@pytest.mark.parametrize("arguments", [[], ["--sync"]])
def test_a_failure_that_the_sdk_hands_over_as_an_event_is_reported(arguments: list[str]) -> None:
    """`response.failed` and `error` are both events there, and no application would take either for an answer."""
    command = ["run", "--driver", shlex.join([*DRIVER, *arguments]), "--select", "7.4,7.7"]
    given = CliRunner().invoke(conform, [*command, "--strict", "--tidy"], catch_exceptions=False)
    assert given.exit_code == 0, given.output


@pytest.mark.parametrize("arguments", [[], ["--sync"]])
def test_the_driver_reports_what_an_application_would_see(arguments: list[str]) -> None:
    """Whole and streamed answers, their pieces as they come, and errors by their kind."""
    import subprocess

    with MockServer() as server:
        runs = [_run(server, seq, op) for seq, op in ((1, "chat"), (2, "stream"))]
        runs.append({**_run(server, 3, "chat"), "input": {"model": "gpt-nope", "messages": []}})
        runs.append({**_run(server, 4, "stream"), "base_url": "http://127.0.0.1:1/v1", "options": {"retries": 0}})
        with subprocess.Popen([*DRIVER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            # Lines of several runs may come in any order: one run at a time.
            lines: dict[int, list[dict]] = {}
            for run in runs:
                process.stdin.write(json.dumps(run).encode() + b"\n")
                process.stdin.flush()
                lines[run["seq"]] = list(_until_final(process.stdout))
            process.stdin.write(b'{"cmd": "stop"}\n')
            process.stdin.flush()
            assert process.wait(timeout=30) == 0
    whole, streamed = lines[1][-1]["result"], lines[2][-1]["result"]
    assert whole["choices"][0]["text"]
    assert whole["choices"][0]["finish"] == "stop"
    assert whole["usage"]["in"] > 0
    assert whole["request_id"].startswith("req_")
    pieces = [line["text"] for line in lines[2][:-1]]
    assert len(pieces) > 1
    assert "".join(pieces) == streamed["choices"][0]["text"]
    assert streamed["choices"][0]["finish"] == "stop"
    refused = lines[3][-1]["error"]
    assert (refused["kind"], refused["status"], refused["code"]) == ("not_found", 404, "model_not_found")
    assert lines[4][-1]["error"]["kind"] == "connection"


def _run(server: MockServer, seq: int, op: str) -> dict:
    conversation = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say a few words."}]}
    told = {"cmd": "run", "seq": seq, "case": "none", "op": op, "input": conversation, "options": {"timeout_s": 30}}
    return {**told, "base_url": server.base_url, "api_key": "sk-driver-test"}


def _until_final(lines):
    for line in lines:
        decode_line(line)
        told = json.loads(line)
        yield told
        if "event" not in told:
            return
