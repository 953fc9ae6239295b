"""The driver of the official Node SDK: its verdicts in a few quick cases, each for its own reason."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy_harness.conformance.cli import conform
from understudy_harness.conformance.shipped.catalogue import installed_version, shipped_driver

FOLDER = Path(__file__).parents[2] / "node"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (FOLDER / "node_modules").exists(),
    reason="needs node, and `npm ci` in tests/node",
)


@pytest.mark.parametrize("major", ["6", "7"])
def test_the_official_sdk_earns_its_verdicts(major: str, tmp_path: Path) -> None:
    """Errors by their kind, also those that are events, streams, a realtime session; what it leaves behind is idle."""
    if major == "7" and int((installed_version("node") or "0").partition(".")[0]) < 22:
        pytest.skip("openai-node 7 needs Node 22")
    driver = ["node", str(shipped_driver("openai-node-7").source), str(FOLDER), f"openai{major}"]
    report = tmp_path / "r.json"
    chosen = "1.11,2.5,2.6,2.7,4.1,4.2,4.6,4.13,7.4,7.7,12.1"
    arguments = ["run", "--driver", shlex.join(driver), "--select", chosen, "--json", str(report), "--tidy", "--strict"]
    given = CliRunner().invoke(conform, arguments, catch_exceptions=False)
    assert given.exit_code == 0, given.output
    told = json.loads(report.read_bytes())
    assert [case["id"].partition("-")[0] for case in told["cases"]] == chosen.split(",")
    assert {case["verdict"] for case in told["cases"]} == {"OK"}
    client = told["driver"]["client"]
    assert (client["name"], client["version"].partition(".")[0]) == ("openai-node", major)
