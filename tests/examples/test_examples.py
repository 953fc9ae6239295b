"""The projects under examples/ pass their own tests, as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.projects import without_plugins

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir() and folder.name[0] not in "._")


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A command in a folder, without our own variables."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize("name", [name for name in PROJECTS if name != "unittest_project"])
def test_a_project_passes(name: str, tmp_path: Path) -> None:
    """By pytest, with nothing but its own folder; what it needs and lacks it says."""
    done = run(
        ["pytest", "-q", "-rs", *without_plugins(), "--rootdir", str(tmp_path), "-c", os.devnull, "."],
        EXAMPLES / name,
    )
    if done.returncode == 5 and "SKIPPED" in done.stdout:
        pytest.skip(f"{name}: {done.stdout.rpartition('SKIPPED')[2].strip()[:200]}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_project_of_unittest_passes() -> None:
    """By unittest."""
    done = run(["unittest", "-v"], EXAMPLES / "unittest_project")
    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_tells_what_it_is_and_needs(name: str) -> None:
    """In a README, in its requirements, and in the table of all."""
    assert (EXAMPLES / name / "README.md").read_text(encoding="utf-8").startswith("# ")
    assert "understudy" in (EXAMPLES / name / "requirements.txt").read_text(encoding="utf-8")
    assert f"[{name}]({name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
