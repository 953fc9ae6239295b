import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from understudy_harness.conformance.case import CaseError
from understudy_harness.conformance.case_files import cases_from
from understudy_harness.conformance.case_reader import load_cases
from understudy_harness.conformance.cli import conform

REFERENCE = f"{shlex.quote(sys.executable)} -m understudy_harness.conformance.reference"
OURS = """
[group]
id = "Ours"
title = "Ours"
about = "What our gateway does."

[[case]]
id = "Ours.1-hello"
title = "A greeting arrives"
rationale = "It must."
level = "must"
seat = ["D"]
needs = ["chat"]
serve = [{ answer = "ok" }]
references = ["our choice"]
[case.expect]
must = ["outcome is success and text == ok.text"]
"""


@pytest.fixture
def call():
    """Calls `understudy conform …` in this process."""

    def run(*arguments: str):
        return CliRunner().invoke(conform, arguments, catch_exceptions=False)

    return run


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A file with a case of the user's own."""
    file = tmp_path / "ours.toml"
    file.write_text(OURS, encoding="utf-8")
    return file


def test_cases_of_a_file_or_a_folder_take_the_place_of_the_catalogue(ours: Path) -> None:
    """Beside it they stand where the user says so, in the order of the places."""
    alone = cases_from([str(ours)])
    assert [case.id for case in alone] == ["Ours.1-hello"]
    assert [case.id for case in cases_from([str(ours.parent)])] == ["Ours.1-hello"]
    both = cases_from(["catalogue", str(ours)])
    assert [case.id for case in both] == [*(case.id for case in load_cases()), "Ours.1-hello"]
    assert cases_from([]) == load_cases()


def test_a_case_of_ones_own_is_listed_explained_and_run(call, ours: Path) -> None:
    """The commands that are shown find it again."""
    assert "Ours.1-hello" in call("list", "--cases", str(ours)).output
    told = call("explain", "Ours.1", "--cases", str(ours)).output
    assert f"understudy conform run --cases {ours} --select Ours.1-hello --driver COMMAND" in told
    assert f"understudy conform serve Ours.1-hello --cases {ours} --port 8081" in told
    given = call("run", "--driver", REFERENCE, "--cases", str(ours))
    assert given.exit_code == 0, given.output
    assert "MUST 1/1" in given.output
    given = call("run", "--driver", f"{REFERENCE} --wrong mangles-text", "--cases", str(ours))
    assert given.exit_code == 1
    assert f"--cases {ours} --select Ours.1-hello" in given.output


def test_a_baseline_may_name_a_case_of_ones_own(call, ours: Path) -> None:
    """Its ids are those of all places."""
    known = ours.with_name("known.toml.txt")
    known.write_text('[[known]]\ncase = "Ours.1-hello"\nissue = "https://example.com/1"\n', encoding="utf-8")
    driver = f"{REFERENCE} --wrong mangles-text"
    given = call("run", "--driver", driver, "--cases", str(ours), "--baseline", str(known))
    assert given.exit_code == 0, given.output


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (OURS.replace('"Ours"', '"4"', 1).replace('"Ours.1', '"4.1'), "id is '4'; numbers are the catalogue's"),
        (OURS.replace('"Ours"', '"M"', 1).replace('"Ours.1', '"M.1'), "id is 'M'"),
        (OURS.replace("rationale", "reason"), "reason"),
        ("[group", "it is no TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(ours: Path, call, text: str, problem: str) -> None:
    """One sentence that names it, and exit code 2: the suite is not at fault."""
    ours.write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match=problem.replace("[", r"\[")) as refused:
        cases_from([str(ours)])
    assert refused.value.place.startswith(str(ours))
    given = call("list", "--cases", str(ours))
    assert (given.exit_code, problem in given.output, "Traceback" in given.output) == (2, True, False)


def test_a_place_that_holds_nothing_is_refused(call, tmp_path: Path) -> None:
    """A file that is missing, a folder without cases, a case twice."""
    assert "cannot be read: No such file or directory" in call("list", "--cases", f"{tmp_path}/no.toml").output
    assert "the folder holds no file that ends in .toml" in call("list", "--cases", str(tmp_path)).output
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(OURS, encoding="utf-8")
    given = call("list", "--cases", str(tmp_path))
    assert (given.exit_code, "is taken by Ours.1-hello" in given.output) == (2, True)
