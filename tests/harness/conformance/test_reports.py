import json
import re
from xml.etree import ElementTree as Xml

import pytest

from understudy_harness.conformance.protocol import Choice, Client, Failure, Introduction, Result
from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.conformance.results import CaseResult, SuiteResult
from understudy_harness.conformance.verdict import Judgement, Mark, Verdict
from understudy_harness.reports.console import Console
from understudy_harness.reports.json import write_json
from understudy_harness.reports.junit import write_junit
from understudy_harness.reports.story import tell


@pytest.fixture
def console_of(run_suite):
    """The lines of the console for a run."""

    def lines(client_class=ReferenceClient, *selectors: str, **more) -> list[str]:
        written: list[str] = []
        run_suite(client_class, selectors, listeners=[Console(written.append)], **more)
        return "\n".join(written).split("\n")

    return lines


@pytest.fixture
def made(make_case):
    """A suite with one result of every kind."""

    def result(number: int, judgement: Judgement, reason: str = "", level: str = "must") -> CaseResult:
        return CaseResult(make_case(id=f"9.{number}-made", level=level), judgement, reason)

    results = [
        result(1, Judgement(Verdict.OK)),
        result(2, Judgement(Verdict.OK, clean=False, untidy=["no_secret"])),
        result(3, Judgement(Verdict.FAILED, Mark.SILENT, unmet=["requests == 1"])),
        result(4, Judgement(Verdict.FAILED, unmet=["gap(1) >= 2"]), level="should"),
        result(5, Judgement(Verdict.ERROR), "the driver ended with \x1b[31mcolour\x00"),
        result(6, Judgement(Verdict.INCONCLUSIVE), "the suite itself was 30 ms late", level="should"),
        result(7, Judgement(Verdict.UNSUPPORTED), "the driver has no stream"),
        result(8, Judgement(Verdict.NON_STRICT)),
        result(9, Judgement(Verdict.INFO), level="info"),
        result(10, Judgement(Verdict.SKIPPED), "known to hang https://example.com/1"),
    ]
    return SuiteResult(Introduction(Client("made", "1 <&>"), ["chat"]), ["driver"], results, 1_755_133_835_250_000, 1.5)


def test_the_console_has_a_line_for_each_case_and_a_headline(console_of) -> None:
    """Good cases need no more than that; there is no single grade."""
    lines = console_of(ReferenceClient, "1.10", "1.11")
    assert lines[0] == "reference 1 (Python, httptools): 2 cases"
    assert lines[2] == "1 Retry pacing"
    assert re.fullmatch(r"  OK            1\.10-budget       MUST      \d\.\d s", lines[3])
    assert re.fullmatch(r"  OK            1\.11-retries-off  MUST      0\.1 s", lines[4])
    assert re.fullmatch(r"MUST 2/2 · SHOULD 0/0 · 0 failed in silence · \d\.\d s", lines[6])
    assert len(lines) == 7


def test_the_console_tells_the_story_of_a_failure(console_of) -> None:
    """What the server did, what the client did, what was expected, and how to see it again."""
    lines = [line.strip() for line in console_of(WRONG["ignores-retry-after"], "1.1")]
    assert lines[3].startswith("FAILED        1.1-seconds")
    assert lines[4] == "server did  429 (retry-after: 2), then 200"
    assert re.fullmatch(
        r"client did  2 requests, 0\.2\d\d s later; success with 'Hello, 世界 🌍 canary-[0-9a-f]{8}'", lines[5]
    )
    assert re.fullmatch(r"expected    gap\(1\) >= 2\.0, but gap\(1\) was 0\.2\d\d", lines[6])
    assert lines[7] == "alone       understudy conform run --driver reference --select 1.1-seconds"


def test_the_console_says_what_else_there_is_to_say(console_of) -> None:
    """Why there is no verdict, what is not clean, and the second-best of a client that does not retry."""
    assert any("UNCLEAN" in line for line in console_of(WRONG["tells-its-key"], "1.11"))
    assert "not clean   no_secret" in "\n".join(console_of(WRONG["tells-its-key"], "1.11"))
    late = "\n".join(console_of(ReferenceClient, "1.1", lags=[0.5] * 3))
    assert "INCONCLUSIVE  1.1-seconds" in late
    assert "in 3 runs" in late
    assert "because     the suite itself was 500 ms late" in late

    class NeverRetries(ReferenceClient):
        def may_retry(self, status: int, attempt: int) -> bool:
            return False

    once = "\n".join(console_of(NeverRetries, "1.1"))
    assert "NON-STRICT    1.1-seconds" in once
    assert "client did  1 request; error rate_limit ('Rate limit reached')" in once


def test_the_story_of_many_requests_is_short(make_case, make_evidence) -> None:
    """Repeated answers are counted, and the waits are not told for ever."""
    evidence = make_evidence(
        [(float(number), number + 0.5) for number in range(40)], failure=Failure("other", "x" * 900)
    )
    for exchange in evidence.log.exchanges:
        exchange.answer += b"HTTP/1.1 500 Oops\r\n\r\n"
    story = tell(CaseResult(make_case(), Judgement(Verdict.FAILED, Mark.STORM), evidence=evidence))
    assert story.server == "40 times 500"
    assert len(story.client) < 250
    assert "and so on" in story.client


def test_the_json_report_holds_the_evidence(run_suite) -> None:
    """Requests with their times, what the driver said, and what it all came to."""
    suite = run_suite(WRONG["ignores-retry-after"], ["1.1", "1.11"])
    report = json.loads(write_json(suite, exit_code=1))
    assert (report["layout"], report["exit_code"]) == (1, 1)
    assert report["totals"]["must"] == {"passed": 1, "judged": 2}
    assert report["totals"]["verdicts"]["FAILED"] == 1
    assert report["driver"]["client"]["name"] == "reference"
    assert set(report["suite"]["cases_sha256"]) == {"01-retry-pacing.toml"}
    assert re.fullmatch("[0-9a-f]{64}", report["suite"]["server_sha256"])
    case = report["cases"][0]
    assert (case["verdict"], case["mark"], case["clean"], case["unmet"]) == ("FAILED", None, True, ["gap(1) >= 2.0"])
    assert case["measured"]["requests"] == 2
    first, second = case["evidence"]["requests"]
    assert first["started"] <= first["answered"] < second["started"]
    assert (first["status"], second["status"]) == (429, 200)
    assert "retry-after: 2\r\n" in first["answer"]
    assert case["evidence"]["answer_word"] in second["answer"]
    assert json.loads(first["body"])["messages"]
    assert [socket["number"] for socket in case["evidence"]["sockets"]] == [1, 2]


def test_no_report_shows_the_key(run_suite) -> None:
    """Not even when the client did."""
    written: list[str] = []
    suite = run_suite(WRONG["tells-its-key"], ["1.11"], listeners=[Console(written.append)])
    key = suite.results[0].evidence.canary.key
    assert key in suite.results[0].evidence.said.decode()
    for report in (write_json(suite, exit_code=0).decode(), write_junit(suite, strict=False, tidy=True).decode()):
        assert key not in report
        assert "sk-canar****" in report
    assert key not in "\n".join(written)


def test_what_is_no_text_is_reported_in_hexadecimal(make_case, make_evidence) -> None:
    """So that nothing is lost and the report stays JSON."""
    evidence = make_evidence([(0.1, 0.2)], result=Result([Choice(text="x")]), complained=b"\xff\xfe")
    evidence.log.exchanges[0].body += b"\x00\xff"
    suite = SuiteResult(
        Introduction(Client("made", "1"), []),
        [],
        [CaseResult(make_case(), Judgement(Verdict.OK), evidence=evidence)],
        0,
        0.0,
    )
    shown = json.loads(write_json(suite, exit_code=0))["cases"][0]["evidence"]
    assert shown["requests"][0]["body"] == {"hex": "00ff"}
    assert shown["standard_error"] == {"hex": "fffe"}


def elements(suite: SuiteResult, **options: bool) -> dict[str, tuple[str, str | None, str]]:
    """What JUnit readers see of each case: its element, its type and message."""
    root = Xml.fromstring(write_junit(suite, **options))  # noqa: S314 - our own
    seen = {}
    for case in root.iter("testcase"):
        (element,) = [child for child in case if child.tag != "system-out"] or [None]
        seen[case.get("name")] = (
            ("passed", None, "") if element is None else (element.tag, element.get("type"), element.get("message"))
        )
    return seen


def test_junit_shows_each_verdict_in_its_own_way(made) -> None:
    """Failures with their mark, errors, skips with their reason; what does not count does not turn red."""
    assert elements(made, strict=False, tidy=False) == {
        "9.1-made": ("passed", None, ""),
        "9.2-made": ("passed", None, ""),
        "9.3-made": ("failure", "silent", "requests == 1"),
        "9.4-made": ("skipped", None, "SHOULD does not count: failed: gap(1) >= 2"),
        "9.5-made": ("error", "ERROR", "the driver ended with \ufffd[31mcolour\ufffd"),
        "9.6-made": ("skipped", None, "SHOULD does not count: INCONCLUSIVE: the suite itself was 30 ms late"),
        "9.7-made": ("skipped", None, "UNSUPPORTED: the driver has no stream"),
        "9.8-made": ("passed", None, ""),
        "9.9-made": ("passed", None, ""),
        "9.10-made": ("skipped", None, "SKIPPED: known to hang https://example.com/1"),
    }
    strict = elements(made, strict=True, tidy=True)
    assert strict["9.2-made"] == ("failure", "unclean", "no_secret")
    assert strict["9.4-made"] == ("failure", "failed", "gap(1) >= 2")
    assert strict["9.6-made"][0] == "error"


def test_junit_counts_what_it_shows(made) -> None:
    """On every suite and on the whole."""
    root = Xml.fromstring(write_junit(made, strict=False, tidy=False))  # noqa: S314 - our own
    for element in (root, root[0]):
        counts = {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": "10", "failures": "1", "errors": "1", "skipped": "4"}
    assert root.get("name") == "made 1 <&>"
    assert root[0].get("timestamp") == "2025-08-14T01:10:35"


@pytest.mark.parametrize(
    ("keep", "strict", "tidy", "code"),
    [
        ((1, 8), False, False, 0),
        ((1, 2), False, False, 0),
        ((1, 2), False, True, 1),
        ((1, 3), False, False, 1),
        ((1, 4), False, False, 0),
        ((1, 4), True, False, 1),
        ((1, 5), False, False, 3),
        ((3, 5), False, False, 1),
        ((1, 6), False, False, 0),
        ((1, 6), True, False, 3),
        ((1, 7, 9, 10), True, True, 0),
        ((7, 10), False, False, 3),
        ((9,), True, True, 0),
    ],
)
def test_the_exit_code_says_what_it_came_to(keep, strict, tidy, code, made) -> None:
    """0 fine, 1 failures, 3 could not judge; a run of nothing is not fine."""
    made.results = [made.results[number - 1] for number in keep]
    assert made.exit_code(strict=strict, tidy=tidy) == code


def test_headlines_count_what_was_judged(made) -> None:
    """Of MUST and of SHOULD; silent failures apart."""
    from understudy_harness.conformance.case import Level

    assert (made.totals(Level.MUST).passed, made.totals(Level.MUST).judged) == (3, 4)
    assert (made.totals(Level.SHOULD).passed, made.totals(Level.SHOULD).judged) == (0, 1)
    assert made.silent == 1
