import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from click.testing import CliRunner
from tests.harness.conformance.report_files import a_case, a_report, written

from understudy_harness.conformance.baseline import BaselineError, read_baseline
from understudy_harness.conformance.cli import conform


@pytest.fixture
def call():
    """Calls `understudy conform report …` in this process."""

    def run(*arguments: object):
        return CliRunner().invoke(conform, ["report", *map(str, arguments)], catch_exceptions=False)

    return run


@pytest.fixture
def two(tmp_path: Path):
    """Files with one case each, before and after."""

    def make(before: dict | None, after: dict | None) -> tuple[Path, Path]:
        sides = [a_report(*([] if side is None else [a_case(**side)])) for side in (before, after)]
        return written(tmp_path, "before.json", sides[0]), written(tmp_path, "after.json", sides[1])

    return make


OK, INFO, SECOND = {"verdict": "OK"}, {"verdict": "INFO"}, {"verdict": "NON-STRICT"}
LOUD, SILENT = {"verdict": "FAILED", "mark": "loud"}, {"verdict": "FAILED", "mark": "silent"}
UNSUPPORTED, CRASHED, UNCLEAR = {"verdict": "UNSUPPORTED"}, {"verdict": "ERROR"}, {"verdict": "INCONCLUSIVE"}
UNCLEAN = {"verdict": "OK", "clean": False}


@pytest.mark.parametrize(
    ("before", "after", "way", "code"),
    [
        (OK, OK, "nothing changed", 0),
        (OK, LOUD, "newly failed: 1", 1),
        (INFO, SILENT, "newly failed: 1", 1),
        (UNCLEAR, LOUD, "newly failed: 1", 1),
        (LOUD, OK, "newly passed: 1", 0),
        (SILENT, SECOND, "newly passed: 1", 0),
        (OK, SECOND, "worse: 1", 1),
        (OK, UNCLEAN, "worse: 1", 1),
        (LOUD, SILENT, "worse: 1", 1),
        (OK, CRASHED, "worse: 1", 1),
        (OK, UNSUPPORTED, "worse: 1", 1),
        (SECOND, OK, "better: 1", 0),
        (UNCLEAN, OK, "better: 1", 0),
        (SILENT, LOUD, "better: 1", 0),
        (UNSUPPORTED, OK, "better: 1", 0),
        (UNSUPPORTED, LOUD, "changed: 1", 0),
        (SILENT, UNSUPPORTED, "changed: 1", 0),
        (UNCLEAR, OK, "changed: 1", 0),
        (OK, UNCLEAR, "changed: 1", 3),
        (None, LOUD, "not run before: 1", 0),
        (OK, None, "not run any more: 1", 0),
    ],
)
def test_a_difference_is_called_by_its_name(before, after, way, code, two, call) -> None:
    """It ends in one when something got worse, in three when that cannot be said, else in zero."""
    given = call("diff", *two(before, after))
    assert way in given.output
    assert given.exit_code == code


def test_what_got_worse_is_told_with_its_story(tmp_path: Path, call) -> None:
    """What the client did, what was expected, and how to run it alone; nothing in it can move the cursor."""
    story = {"server": "200", "client": "1 request; \x1b[2J", "expected": "outcome is error"}
    failed = a_case(
        verdict="FAILED", mark="silent", story=story, again="understudy conform run --driver d --select 9.1-made"
    )
    before = written(tmp_path, "a.json", a_report(a_case(), a_case("9.2-made")))
    changed = {"version": "0.1.0", "cases_sha256": {"09-made.toml": "ff"}}
    after = written(tmp_path, "b.json", a_report(failed, a_case("9.2-made"), version="2", suite=changed))
    lines = call("diff", before, after).output.splitlines()
    assert lines == [
        "made 1 of 2026-11-30T04:00:00Z -> made 2 of 2026-11-30T04:00:00Z",
        "  The cases themselves were changed in between; see `cases_sha256` of both.",
        "  newly failed: 1",
        "    9.1-made  MUST    OK -> FAILED silent",
        "      client did  1 request; \\x1b[2J",
        "      expected    outcome is error",
        "      alone       understudy conform run --driver d --select 9.1-made",
        "",
    ]


def test_merged_reports_are_compared_client_by_client(tmp_path: Path, call) -> None:
    """By name where that is enough; who is on one side alone is named."""
    old = [a_report(a_case(), name=name) for name in ("a", "b")]
    new = [a_report(a_case(verdict="FAILED"), name="b", version="2"), a_report(a_case(), name="c")]
    files = [
        written(tmp_path, f"{side}.json", {"layout": 1, "reports": reports})
        for side, reports in (("old", old), ("new", new))
    ]
    given = call("diff", *files)
    assert given.exit_code == 1
    assert "b 1 of 2026-11-30T04:00:00Z -> b 2 of 2026-11-30T04:00:00Z" in given.output
    assert given.output.splitlines()[-2:] == ["c 1 is in the second alone.", "a 1 is in the first alone."]
    strangers = written(tmp_path, "x.json", {"layout": 1, "reports": [a_report(name="x"), a_report(name="y")]})
    refused = call("diff", files[0], strangers)
    assert (refused.exit_code, refused.output) == (2, "Error: no client is in both: there is nothing to compare.\n")


@pytest.mark.parametrize(
    ("must", "should", "colour"),
    [
        (["OK", "OK"], ["FAILED"], "#2b7a3f"),
        (["OK", "FAILED"], ["OK"], "#c22f2f"),
        (["OK", "UNSUPPORTED"], ["OK"], "#6b6f76"),
        (["FAILED", "UNSUPPORTED"], ["OK"], "#c22f2f"),
        (["OK", "ERROR"], ["OK"], "#6b6f76"),
        (["OK"], ["UNSUPPORTED"], "#6b6f76"),
        ([], [], "#6b6f76"),
    ],
)
def test_the_badge_says_how_many_were_passed(must, should, colour, tmp_path: Path, call) -> None:
    """Red when a MUST was failed, grey when something is not known, else green; wide enough for its words."""
    cases = [a_case(f"9.{number}-made", verdict) for number, verdict in enumerate(must)]
    cases += [a_case(f"9.{number}-made", verdict, level="should") for number, verdict in enumerate(should, start=50)]
    file = written(tmp_path, "r.json", a_report(*cases, name="<&>"))
    assert call("badge", file, "-o", tmp_path / "b.svg").exit_code == 0
    picture = Xml.fromstring((tmp_path / "b.svg").read_bytes())  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    left, right = picture.findall(f".//{space}rect")
    assert right.get("fill") == colour
    label, words = picture.findall(f".//{space}text")
    judged = [[verdict for verdict in level if verdict in ("OK", "FAILED")] for level in (must, should)]
    counts = [f"{level.count('OK')}/{len(level)}" for level in judged]
    assert (label.text, words.text) == ("OpenAI client conformance", f"MUST {counts[0]} · SHOULD {counts[1]}")
    assert int(label.get("textLength")) + 14 == int(left.get("width"))
    assert int(words.get("textLength")) + 14 == int(right.get("width"))
    assert int(left.get("width")) + int(right.get("width")) == int(picture.get("width"))
    assert picture.find(f"{space}title").text.startswith("OpenAI client conformance of <&> 1, 2026-11-30: ")


def test_a_badge_is_about_one_client(tmp_path: Path, call) -> None:
    """Of several, none is picked."""
    files = [written(tmp_path, f"{name}.json", a_report(a_case(), name=name)) for name in "ab"]
    given = call("badge", *files)
    assert given.exit_code == 2
    assert "A badge is about one client; here are 2: a 1, b 1." in given.output


def test_the_summary_is_markdown_that_reports_cannot_break(tmp_path: Path, call) -> None:
    """A table of clients, and of what each failed; a long one is cut with the count."""
    story = {"server": "200", "client": "success with '</details> | `x` <script>\n# no'", "expected": ""}
    cases = [a_case(f"9.{number}-made", "FAILED", mark="silent", story=story) for number in range(60)]
    file = written(tmp_path, "r.json", a_report(*cases, name="a|b"))
    text = call("summary", file).output
    assert "| a&#124;b 1 | 0/60 | 0/0 | 60 | 0 | 0 | 0 |" in text
    assert "and 10 more; the JSON report has all of them." in text
    assert text.count("</details>") == 1
    assert "<script>" not in text
    rows = [line for line in text.splitlines() if line.startswith("| `9.")]
    assert len(rows) == 50
    assert {row.count(" | ") for row in rows} == {3}


def test_a_baseline_to_start_from_lists_what_failed(tmp_path: Path, call) -> None:
    """It is refused until each entry has its link, and then it bears these failures."""
    story = {"server": "200", "client": "", "expected": 'outcome is error, but outcome was "\x7f\n"'}
    cases = [a_case(), a_case("9.2-made", "FAILED", story=story), a_case("9.3-made", clean=False, untidy=["no_secret"])]
    file = written(tmp_path, "r.json", a_report(*cases, name='a "b"'))
    known = tmp_path / "known.toml"
    ids = [case["id"] for case in cases]
    assert call("baseline", file, "-o", known).exit_code == 0
    with pytest.raises(BaselineError, match=r"issue must be a link to where 9\.2-made is dealt with, not ''"):
        read_baseline(known, ids)
    text = call("baseline", "--tidy", file).output
    known.write_text(text.replace('issue = ""', 'issue = "https://example.com/1"'), encoding="utf-8")
    read = read_baseline(known, ids)
    assert [each.case for each in read.known] == ["9.2-made", "9.3-made"]
    assert read.find('a "b"', "1", "9.2-made").why == 'outcome is error, but outcome was "\\x7f "'


@pytest.mark.parametrize("command", ["merge", "badge", "summary", "baseline", "diff"])
def test_a_file_that_is_no_report_is_wrong_usage(command: str, tmp_path: Path, call) -> None:
    """One sentence, and nothing is written."""
    good = written(tmp_path, "good.json", a_report(a_case()))
    bad = written(tmp_path, "bad.json", {"layout": 9, "cases": []})
    output = [] if command == "diff" else ["-o", tmp_path / "out"]
    given = call(command, good, bad, *output)
    assert given.exit_code == 2
    assert given.output == f"Error: {bad} has layout 9 of the report; this version reads layout 1.\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which nobody can write")
@pytest.mark.parametrize("command", ["merge", "badge", "summary", "baseline", "html"])
def test_what_cannot_be_written_is_said_in_a_sentence(command: str, tmp_path: Path, call) -> None:
    """And nothing else happens."""
    given = call(command, written(tmp_path, "r.json", a_report(a_case())), "-o", "/proc/no.html")
    assert given.exit_code == 2
    assert "/proc/no.html cannot be written: " in given.output


def test_a_report_is_whole_or_as_it_was(tmp_path: Path, call) -> None:
    """A file is replaced at once; a pipe is written to."""
    report = written(tmp_path, "r.json", a_report(a_case()))
    assert call("summary", report, "-o", tmp_path / "s.md").exit_code == 0
    assert call("summary", report, "-o", tmp_path / "s.md").exit_code == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["r.json", "s.md"]
    assert call("summary", report, "-o", "/dev/null").exit_code == 0
    assert not Path("/dev/null").is_file()


def test_merge_writes_what_the_other_commands_read(tmp_path: Path, call) -> None:
    """To a file, or to standard output."""
    files = [written(tmp_path, f"{name}.json", a_report(a_case(), name=name)) for name in "ab"]
    assert call("merge", *files, "-o", tmp_path / "all.json").exit_code == 0
    assert call("merge", *files).output == (tmp_path / "all.json").read_text(encoding="utf-8")
    assert len(json.loads((tmp_path / "all.json").read_bytes())["reports"]) == 2
    assert "| b 1 | 1/1 |" in call("summary", tmp_path / "all.json").output
