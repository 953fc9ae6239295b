"""The pages of the conformance suite and its GitHub Action: what they say is so, and their steps run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from understudy_harness.conformance.baseline import read_baseline
from understudy_harness.conformance.case_reader import load_cases
from understudy_harness.conformance.cli import conform

yaml = pytest.importorskip("yaml", reason="needs the newest extra `dev`")
ROOT = Path(__file__).parent.parent.parent
REFERENCE = (ROOT / "docs/reference/conformance.md").read_text(encoding="utf-8")
IN_CI = (ROOT / "docs/how-to/conformance-in-ci.md").read_text(encoding="utf-8")
ACTION = ROOT / ".github/actions/conformance/action.yml"
DRIVER = f"{shlex.quote(sys.executable)} -m understudy_harness.conformance.reference"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def bash(
    script: str, folder: Path, *, first: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub runs one; commands are looked for in `first`, then in this environment."""
    path = os.pathsep.join(map(str, filter(None, (first, Path(sys.executable).parent, os.environ["PATH"]))))
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_reference_has_every_command_and_every_option() -> None:
    """Neither more nor fewer; all of them, but those that a table of its own explains."""
    table = REFERENCE.partition("## Commands")[2].partition("## ")[0]
    commands = {
        name
        for row in re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
        for name in [" ".join(re.findall(r"^[a-z]+(?: [a-z]+)?", row))]
    }
    known = {name for name in conform.commands if name != "report"}
    known |= {f"report {name}" for name in conform.commands["report"].commands}
    assert commands == known
    table = REFERENCE.partition("## Options of `run`")[2].partition("## ")[0]
    options = {
        option
        for cells in re.findall(r"^\| (`-.+?) \|", table, re.MULTILINE)
        for option in re.findall(r"`(-[\w-]+)", cells)
    }
    known = {option for each in conform.commands["run"].params for option in (*each.opts, *each.secondary_opts)}
    assert options == {option for option in known if option.startswith("-")}


def test_the_baseline_of_the_page_can_be_used(tmp_path: Path) -> None:
    """Its keys are known, and its case exists."""
    (block,) = blocks(IN_CI, "toml")
    (tmp_path / "known.toml").write_text(block, encoding="utf-8")
    (known,) = read_baseline(tmp_path / "known.toml", [case.id for case in load_cases()]).known
    assert known.is_about("openai-python", "3.57.0")
    assert set(tomllib.loads(block)["known"][0]) == set(known.__struct_fields__)


def test_the_shell_commands_of_the_page_run(tmp_path: Path) -> None:
    """Run, compare, merge, draw: as they stand, but for the installation and with one quick case."""
    run, program, diff, several = blocks(IN_CI, "sh")
    (tmp_path / "driver.py").write_text(
        "import asyncio\nfrom understudy_harness.conformance.reference.client import ReferenceClient\n"
        "from understudy_harness.conformance.reference.driver import serve\nasyncio.run(serve(ReferenceClient))\n",
        encoding="utf-8",
    )
    (tmp_path / "known.toml").write_text("known = []\n", encoding="utf-8")
    assert run.startswith("pip install understudy\n")
    done = bash(run.partition("\n")[2].replace("conform run", "conform run --select 1.11"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {file.name for file in tmp_path.iterdir()} == {
        "driver.py", "known.toml", "report.json", "junit.xml", "matrix", "badge.svg",
    }  # fmt: skip
    (tmp_path / "app.py").write_text(
        "import json, os, urllib.request\n"
        "url, key = os.environ['OPENAI_BASE_URL'], os.environ['OPENAI_API_KEY']\n"
        "body = json.dumps({'model': 'gpt-4o-mini', 'messages': [{'role': 'user', 'content': 'Hi'}]}).encode()\n"
        "head = {'authorization': f'Bearer {key}', 'content-type': 'application/json'}\n"
        "with urllib.request.urlopen(urllib.request.Request(f'{url}/chat/completions', body, head)) as answer:\n"
        "    print(json.load(answer)['choices'][0]['message']['content'])\n",
        encoding="utf-8",
    )
    done = bash(program.replace("conform run", "conform run --select 2.5"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    report = (tmp_path / "report.json").read_text(encoding="utf-8")
    (tmp_path / "last.json").write_text(report, encoding="utf-8")
    (tmp_path / "python.json").write_text(report, encoding="utf-8")
    (tmp_path / "node.json").write_text(report.replace('"reference"', '"another"'), encoding="utf-8")
    done = bash(diff, tmp_path)
    assert (done.returncode, "nothing changed" in done.stdout) == (0, True), done.stderr
    done = bash(several, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "| another 1 | 1/1 | 0/0 |" in done.stdout
    assert "another 1" in (tmp_path / "matrix/index.html").read_text(encoding="utf-8")


def test_the_jobs_of_the_page_are_yaml_that_runs(tmp_path: Path) -> None:
    """The workflow gives the action inputs that it has; GitLab's script and the hook are commands that work."""
    workflow, gitlab, hooks = (yaml.safe_load(block) for block in blocks(IN_CI, "yaml"))
    (step,) = [step for step in workflow["jobs"]["conformance"]["steps"] if "understudy" in step.get("uses", "")]
    folder = re.fullmatch(r"OWNER/understudy/(.+)@v[\d.]+", step["uses"])[1]
    assert (ROOT / folder / "action.yml") == ACTION
    assert step["with"].keys() <= yaml.safe_load(ACTION.read_text(encoding="utf-8"))["inputs"].keys()
    (tmp_path / "known.toml").write_text("known = []\n", encoding="utf-8")
    assert gitlab["conformance"]["script"][0].startswith("pip install ")
    assert gitlab["conformance"]["artifacts"]["reports"]["junit"] == "junit.xml"
    for command in (gitlab["conformance"]["script"][1], hooks["repos"][0]["hooks"][0]["entry"]):
        quick = re.sub(r"--select \S+", "", command).replace("python driver.py", DRIVER.replace("'", ""))
        done = bash(f"{quick} --select 1.11", tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_is_well_formed() -> None:
    """Each step has its shell, and no input is pasted into a script, where it could become a command."""
    action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    assert action["runs"]["using"] == "composite"
    assert all("default" in given for given in action["inputs"].values())
    for step in action["runs"]["steps"]:
        assert ("uses" in step) != ("run" in step)
        if "run" in step:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"]
    used = set(re.findall(r"inputs\.([\w-]+)", ACTION.read_text(encoding="utf-8")))
    assert used == action["inputs"].keys()


class Job:
    """Runs steps of the action as a job would, with the given inputs."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
        self.folder = folder
        self.steps = {step["name"]: step for step in action["runs"]["steps"]}
        given = {name: each.get("default", "") for name, each in action["inputs"].items()} | inputs
        self.values = {f"inputs.{name}": value for name, value in given.items()}
        self.values["github.action_path"] = str(ACTION.parent)

    def run(self, name: str, *, first: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        step = self.steps[name]
        environment = {
            key: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self.values[found[1]], str(value))
            for key, value in step["env"].items()
        }
        files = {key: str(self.folder / key) for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        return bash(step["run"], self.folder, first=first, RUNNER_TEMP=str(self.folder), **files, **environment, **more)

    def read(self, name: str) -> str:
        file = self.folder / name
        return file.read_text(encoding="utf-8") if file.exists() else ""


def test_the_action_judges_a_client_and_keeps_the_reports(tmp_path: Path) -> None:
    """A failure fails the step, after the reports and the summary were written."""
    job = Job(tmp_path, driver=f"{DRIVER} --wrong swallows-errors", select="1.11", arguments="--quiet\n\n--jobs=1")
    done = job.run("Judge the client")
    assert done.returncode == 1, done.stdout + done.stderr
    assert job.read("GITHUB_OUTPUT") == f"exit-code=1\nreports={tmp_path}/understudy-conformance\n"
    assert "| reference 1 | 0/1 | 0/0 | 1 |" in job.read("GITHUB_STEP_SUMMARY")
    assert {file.name for file in (tmp_path / "understudy-conformance").iterdir()} == {
        "report.json", "junit.xml", "matrix", "badge.svg",
    }  # fmt: skip


def test_the_action_passes_its_inputs_on(tmp_path: Path) -> None:
    """Each as one argument, whatever is in it: none becomes a command."""
    programs = tmp_path / "programs"
    programs.mkdir()
    recorder = programs / "understudy"
    recorder.write_text(
        f'#!/bin/sh\nfor each in "$@"; do echo "$each"; done > {tmp_path}/seen\nexit 3\n', encoding="utf-8"
    )
    recorder.chmod(0o755)
    hostile = '"; touch owned; echo "$(touch owned)'
    job = Job(
        tmp_path,
        driver=hostile,
        select="1,4.9",
        require="all",
        tidy="true",
        baseline="a b.toml",
        arguments="--slow\n\n-v",
    )
    done = job.run("Judge the client", first=programs)
    assert done.returncode == 3
    assert job.read("GITHUB_OUTPUT").startswith("exit-code=3\n")
    assert job.read("GITHUB_STEP_SUMMARY") == ""
    assert not (tmp_path / "owned").exists()
    given = job.read("seen").splitlines()
    reports = f"{tmp_path}/understudy-conformance"
    written = [
        f"--json={reports}/report.json",
        f"--junit={reports}/junit.xml",
        f"--html={reports}/matrix",
        f"--badge={reports}/badge.svg",
    ]
    written = [word for each in written for word in each.split("=")]
    assert given == [
        "conform", "run", "--select", "1,4.9", "--require", "all", "--driver", hostile, "--tidy", "--baseline", "a b.toml",
        *written, "--slow", "-v",
    ]  # fmt: skip
    program = Job(tmp_path, arguments="--kind\nchat\n--\npython\napp.py")
    program.run("Judge the client", first=programs)
    given = program.read("seen").splitlines()
    assert given == [
        "conform", "run", "--select", "", "--require", "must", *written, "--kind", "chat", "--", "python", "app.py",
    ]  # fmt: skip


def test_the_action_installs_its_own_version(tmp_path: Path) -> None:
    """From the checkout that it is part of."""
    if find_spec("pip") is None or find_spec("hatchling") is None:
        pytest.skip("needs pip and hatchling")
    target = tmp_path / "installed"
    settings = {"PIP_TARGET": str(target), "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"}
    done = Job(tmp_path, driver="x").run("Install Understudy", **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (target / "understudy_harness/reports/matrix/style.css").exists()
