import json
from pathlib import Path

import pytest
from tests.harness.conformance.report_files import a_case, a_report, written

from understudy_harness.conformance.gate import Gate
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.reports.json import write_json
from understudy_harness.reports.merging import merge
from understudy_harness.reports.reading import ReportError, as_report, labels, read_reports


def test_a_report_is_read_as_it_was_written(run_suite, tmp_path: Path) -> None:
    """Verdicts, story, expectations, evidence, and the command that runs a case alone."""
    suite = run_suite(WRONG["ignores-retry-after"], ["1.1", "1.11"])
    file = tmp_path / "r.json"
    file.write_bytes(write_json(suite, exit_code=Gate().exit_code(suite)))
    (reading,) = read_reports([file])
    report = reading.report
    assert report == as_report(suite, exit_code=1)
    assert (report.client.title, report.totals("must"), report.silent) == ("reference 1", (1, 2), 0)
    assert report.groups == {"1": "Retry pacing"}
    first = report.cases[0]
    assert first.words == "FAILED"
    assert first.again == "understudy conform run --driver reference --select 1.1-seconds"
    met = {each.written: each.met for each in first.about.expected["must"]}
    assert met == {"requests == 2": True, "gap(1) >= 2.0": False, "outcome is success and text == ok.text": True}
    assert first.about.server[1] == "request 2..: the standard answer"
    assert first.about.by_hand[0] == "understudy conform explain 1.1-seconds"
    assert first.about.by_hand[1].startswith("understudy conform serve 1.1-seconds")
    assert first.story.server == "429 (retry-after: 2), then 200"
    assert [each["status"] for each in first.evidence["requests"]] == [429, 200]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "ends in the middle of a report: it was not written to its end"),
        (json.dumps(a_report(a_case()))[:-9], "ends in the middle of a report: it was not written to its end"),
        ("<html>", "is no JSON report: JSON is malformed"),
        ("[]", "is no report of `understudy conform run --json`"),
        ('{"cases": []}', "is no report of `understudy conform run --json`"),
        (json.dumps(a_report(layout=2)), "has layout 2 of the report; this version reads layout 1"),
        (json.dumps(a_report(a_case(verdict="FINE"))), "this version reads: Invalid enum value 'FINE' - at `$.cases[0].verdict`"),
        (json.dumps(a_report(a_case(), a_case())), "has the case 9.1-made twice for made 1"),
        ('{"layout": 1, "reports": []}', "holds no reports"),
        ('{"layout": 1, "reports": [{"layout": 1}]}', "missing required field `driver`"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_said_in_a_sentence(content, problem, tmp_path: Path) -> None:
    """It names the file and the place."""
    file = tmp_path / "r.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ReportError) as refused:
        read_reports([file])
    assert str(refused.value).startswith(f"{file} ")
    assert problem in str(refused.value)


def test_merged_reports_are_read_as_several_and_merge_again(tmp_path: Path) -> None:
    """In order, with all that this version does not know."""
    one = written(tmp_path, "a.json", a_report(a_case(), name="a", future=[1, 2]))
    two = written(tmp_path, "b.json", a_report(a_case(), name="b"))
    three = written(tmp_path, "c.json", a_report(a_case(), name="c"))
    (tmp_path / "ab.json").write_bytes(merge(read_reports([one, two])))
    (tmp_path / "abc.json").write_bytes(merge(read_reports([tmp_path / "ab.json", three])))
    readings = read_reports([tmp_path / "abc.json"])
    assert [reading.report.client.name for reading in readings] == ["a", "b", "c"]
    assert readings[0].plain == json.loads(one.read_text(encoding="utf-8"))


def test_the_same_client_twice_is_not_merged(tmp_path: Path) -> None:
    """The sentence names both files and their days; another command of the driver is another client."""
    one = written(tmp_path, "a.json", a_report(a_case()))
    two = written(tmp_path, "b.json", a_report(a_case(), started_at="2026-12-01T04:00:00Z"))
    with pytest.raises(
        ReportError, match=r"made 1 is in .*a\.json \(of 2026-11-30T.*b\.json \(of 2026-12-01T.*leave one"
    ):
        merge(read_reports([one, two]))
    other = written(tmp_path, "c.json", a_report(a_case(), command=["driver", "--sync"]))
    assert len(json.loads(merge(read_reports([one, other])))["reports"]) == 2


def test_labels_tell_clients_apart(tmp_path: Path) -> None:
    """Name and version where that is enough; else what differs."""
    plain = a_report(name="a")
    same = a_report(name="b")
    sync = a_report(name="b", command=["driver", "--sync"])
    node = a_report(name="b")
    node["driver"]["client"]["runtime"] = "node 22"
    files = [written(tmp_path, f"{number}.json", report) for number, report in enumerate((plain, same, sync, node))]
    named = labels([reading.report for reading in read_reports(files)])
    twice = labels([reading.report for reading in read_reports(files[:1] * 2)])
    assert twice == ["a 1 (2026-11-30T04:00:00Z)"] * 2
    assert named == ["a 1", "b 1", "b 1 (--sync)", "b 1 (node 22)"]
