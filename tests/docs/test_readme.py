"""Every snippet of the README is run: Python, Node, curl, pytest and shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.projects import without_plugins

from understudy import MockServer

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NODE_MODULES = ROOT / "tests" / "node" / "node_modules"


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


def run(command: list[str], cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pointed_at(server: MockServer, text: str) -> str:
    assert "http://127.0.0.1:8080/v1" in text
    return text.replace("http://127.0.0.1:8080/v1", server.base_url)


def test_the_python_snippet_answers(server: MockServer, tmp_path: Path) -> None:
    """As it stands, but for the port."""
    script = pointed_at(server, snippets("python")[0])
    assert run([sys.executable, "-c", script], tmp_path) == "This is a test\n"


def test_the_node_snippet_answers(server: MockServer, tmp_path: Path) -> None:
    """With the newest official SDK that this Node can run."""
    node = shutil.which("node")
    if node is None or not NODE_MODULES.exists():
        pytest.skip("needs node, and `npm ci` in tests/node")
    major = int(run([node, "-p", "process.versions.node.split('.')[0]"], tmp_path))
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "openai").symlink_to(NODE_MODULES / ("openai7" if major >= 22 else "openai6"))
    script = tmp_path / "snippet.mjs"
    script.write_text(pointed_at(server, snippets("js")[0]), encoding="utf-8")
    assert run([node, "--preserve-symlinks", str(script)], tmp_path) == "This is a test\n"


def test_the_curl_snippet_answers(server: MockServer, tmp_path: Path) -> None:
    """As it stands, but for the port."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    [snippet] = [text for text in snippets("sh") if text.startswith("curl ")]
    assert '"content": "This is a test"' in run(["sh", "-c", pointed_at(server, snippet)], tmp_path)


def test_the_exec_snippet_runs_the_command(tmp_path: Path) -> None:
    """With the variables set."""
    [snippet] = [text for text in snippets("sh") if text.startswith("understudy exec")]
    (tmp_path / "my_app.py").write_text("import os; print(os.environ['OPENAI_BASE_URL'])", encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    assert run(["sh", "-c", snippet], tmp_path, PATH=path).startswith("http://127.0.0.1:")


def test_the_pytest_snippets_pass(pytester: pytest.Pytester) -> None:
    """In a project without any conftest."""
    pytester.makepyfile(snippets("python")[1])
    pytester.runpytest_subprocess(*without_plugins()).assert_outcomes(passed=3)


def test_the_mock_server_snippet_runs(tmp_path: Path) -> None:
    """As it stands."""
    assert run([sys.executable, "-c", snippets("python")[2]], tmp_path) == "gpt-4o\n"


def test_the_conform_snippets_are_commands(tmp_path: Path) -> None:
    """`list` and `explain` as they stand; `run` on one quick case."""
    [snippet] = [text for text in snippets("sh") if text.startswith("understudy conform run")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = snippet.replace("conform run ", "conform run --select 1.11-retries-off ", 1)
    said = run(["sh", "-ec", command], tmp_path, PATH=path)
    assert "1.11-retries-off" in said
    assert "1.1-seconds" in said


def test_the_install_lines_are_there() -> None:
    """CI runs the second one as it stands; the first is its twin."""
    lines = [line for text in snippets("sh") for line in text.splitlines() if line.startswith("python3 -m venv")]
    assert lines == [
        'python3 -m venv .venv && . .venv/bin/activate && pip install ".[all]" && understudy serve',
        'python3 -m venv .venv && . .venv/bin/activate && pip install -e ".[dev]" && pytest',
    ]
