"""The pages under docs/: their Python runs from top to bottom, their tables are those of the code, their links lead on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import urllib.request
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import openai
import pytest
from tests.projects import without_plugins

from understudy import MockServer
from understudy.config import TABLE
from understudy.core.fault_reader import STEP_KEYS
from understudy.core.key_words import WORDS
from understudy.keys_file import read_keys_file
from understudy.rules_file import read_rules_file
from understudy_data import toml

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(ROOT.glob("docs/**/*.md"))
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


_GIVEN_SOCKETS = int(version("websockets").partition(".")[0]) >= 14 and int(version("openai").partition(".")[0]) >= 3
"""From then on `websockets` takes any connected socket, and the SDK's realtime client one that speaks no TLS."""


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


@pytest.mark.parametrize("page", names([page for page in PAGES if blocks(page, "python")]))
def test_the_python_of_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    """As one script, in a process of its own; a page of tests is run by pytest."""
    script = "\n".join(
        block for block in blocks(ROOT / page, "python") if _GIVEN_SOCKETS or ".connection()" not in block
    )
    if "client.admin" in script and not hasattr(openai.OpenAI, "admin"):
        pytest.skip("this SDK has no admin client")
    if "realtime.calls" in script and find_spec("openai.resources.realtime.calls") is None:
        pytest.skip("this SDK has no calls")
    file = tmp_path / "test_page.py"
    file.write_text(script, encoding="utf-8")
    command = [sys.executable, str(file)]
    if re.search(r"^(async )?def test_", script, re.MULTILINE):
        used = [plugin for plugin in ("hypothesispytest", "respx") if plugin.removesuffix("pytest") in script]
        command = [sys.executable, "-m", "pytest", "-q", *without_plugins(*used), str(file)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", names([page for page in PAGES if blocks(page, "toml")]))
def test_the_toml_of_a_page_can_be_read(page: str, tmp_path: Path) -> None:
    """A table of keys is a keys file, one of rules a rules file."""
    for text in blocks(ROOT / page, "toml"):
        file = tmp_path / "keys.toml"
        file.write_text(text, encoding="utf-8")
        if "keys" in tomllib.loads(text):
            assert read_keys_file(file, tier=5, credits=0)
        if "rules" in tomllib.loads(text):
            assert read_rules_file(file)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *names(PAGES)])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    """Every relative link is a file."""
    file = ROOT / page
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text(encoding="utf-8")):
        assert (file.parent / link).exists(), link


def test_the_words_of_keys_are_those_of_the_code() -> None:
    """Row by row."""
    page = (ROOT / "docs/reference/keys.md").read_text(encoding="utf-8")
    for word, example, meaning in WORDS:
        assert f"| {word} | `{example}` | {meaning} |" in page


def test_the_settings_are_those_of_the_code() -> None:
    """Name, default, what is accepted, help."""
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    rows = [f"| `{row.name}` | {row.help} | {row.accepted} | {row.default} |" for row in TABLE]
    assert [row for row in rows if row not in page] == []
    assert page.count("\n| `") == len(rows)


def test_the_paths_of_the_control_api_are_those_of_the_server() -> None:
    """All of them, and no other."""
    page = (ROOT / "docs/reference/control-api.md").read_text(encoding="utf-8")
    with MockServer() as server, urllib.request.urlopen(f"{server.control_url}/openapi.json", timeout=20) as answer:
        document = json.load(answer)
    served = {
        f"{method.upper()} {path.replace('{name}', '{model}')}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert set(re.findall(r"^\| `([A-Z]+ [^`]+)`", page, re.MULTILINE)) == served


def test_the_page_of_faults_has_every_key_and_every_ready_fault() -> None:
    """Neither more nor fewer."""
    page = (ROOT / "docs/reference/faults.md").read_text(encoding="utf-8")
    tables, _, ready = page.partition("## Ready faults")
    keys = [key for cell in re.findall(r"^\| (`.+?) \|", tables, re.MULTILINE) for key in re.findall(r"`(\w+)`", cell)]
    assert sorted(keys) == sorted(set(STEP_KEYS) - {"answer"})
    assert re.findall(r"^\| `([\w-]+)`", ready, re.MULTILINE) == list(toml("faults.toml")["faults"])


def test_the_page_of_clients_has_a_row_for_each_that_is_tried() -> None:
    """In their order, each with what worked; every program is there."""
    page = (ROOT / "docs/reference/clients.md").read_text(encoding="utf-8")
    known = tomllib.loads((ROOT / "tests/clients/clients.toml").read_text(encoding="utf-8"))
    table = page.partition("## How to point")[0]
    rows = re.findall(r"^\| ([\w-]+) \| (.+?) \| (.+?) \| all of it \|$", table, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(known)
    assert all((ROOT / "tests/clients" / row["program"]).exists() for row in known.values())
