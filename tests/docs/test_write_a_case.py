"""How to write a conformance case: the whole one on the page runs, and its tables are those of the code."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from pathlib import Path

from click.testing import CliRunner

from understudy_harness.conformance import case_reader
from understudy_harness.conformance.cli import conform
from understudy_harness.conformance.truth import CallTruth, ChoiceTruth, Truth

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "how-to/write-a-case.md").read_text(encoding="utf-8")
REFERENCE = f"{shlex.quote(sys.executable)} -m understudy_harness.conformance.reference"


def keys(title: str) -> set[str]:
    """What the first column of a table names."""
    table = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return {key for cell in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", cell)}


def test_the_whole_case_is_explained_and_run(tmp_path: Path, monkeypatch) -> None:
    """By the commands of the page; a sound client passes, one that ignores the wait fails."""
    monkeypatch.chdir(tmp_path)
    (written,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    Path("ours.toml").write_text(written, encoding="utf-8")
    (shell,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    explain, run, serve = (shlex.split(line)[2:] for line in shell.splitlines())
    told = CliRunner().invoke(conform, explain)
    assert (told.exit_code, "A refusal without a body is waited out" in told.output) == (0, True), told.output
    run[run.index("--driver") + 1] = REFERENCE
    given = CliRunner().invoke(conform, run)
    assert (given.exit_code, "MUST 1/1" in given.output) == (0, True), given.output
    run[run.index("--driver") + 1] = f"{REFERENCE} --wrong ignores-retry-after"
    given = CliRunner().invoke(conform, run)
    assert (given.exit_code, "MUST 0/1" in given.output) == (1, True), given.output
    assert serve == ["serve", "Ours.1", "--cases", "ours.toml"]


def test_the_tables_have_every_key() -> None:
    """Neither more nor fewer than the reader of files takes."""
    assert keys("Keys of a group") == set(case_reader._GroupTable.__struct_fields__)
    assert keys("Keys of a case") == set(case_reader._CaseTable.__struct_fields__)
    named = {key for row in keys_of_rows("Answers") for key in row}
    known = {*Truth.__struct_fields__, *ChoiceTruth.__struct_fields__, *CallTruth.__struct_fields__}
    assert named == known


def keys_of_rows(title: str) -> list[list[str]]:
    """All names in code of each row of a table."""
    table = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+) \|$", table, re.MULTILINE)
    return [[name for name in re.findall(r"`(\w+)`", row) if name != "stop"] for row in rows]


def test_the_page_of_words_is_that_of_the_code() -> None:
    """`python docs/make_conformance_words.py` writes it anew."""
    spec = importlib.util.spec_from_file_location("make_conformance_words", DOCS / "make_conformance_words.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text(encoding="utf-8") == script.page()
