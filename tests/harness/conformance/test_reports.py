import json
import re
from xml.etree import ElementTree as Xml

from understudy_harness.conformance.baseline import Baseline, Known
from understudy_harness.conformance.gate import REQUIRE, Gate
from understudy_harness.conformance.protocol import Choice, Client, Failure, Introduction, Progress, Result
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.conformance.results import CaseResult, SuiteResult
from understudy_harness.conformance.verdict import Judgement, Mark, Verdict
from understudy_harness.reports.console import Console
from understudy_harness.reports.json import write_json
from understudy_harness.reports.junit import write_junit
from understudy_harness.reports.story import tell


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
    for report in (write_json(suite, exit_code=0).decode(), write_junit(suite, Gate(tidy=True)).decode()):
        assert key not in report
        assert "sk-canar****" in report
    assert key not in "\n".join(written)


def test_expectations_are_reported_as_they_were_judged(make_case, make_evidence) -> None:
    """Not judged anew, when the evidence may have been changed; a second-best is judged where it counted."""
    expect = {"must": ["requests == 1", "outcome is error"], "non_strict": ["requests == 3"]}
    case = make_case(expect=expect)

    def reported(judgement: Judgement, evidence=None) -> dict[str, list[bool | None]]:
        result = CaseResult(case, judgement, evidence=evidence)
        suite = SuiteResult(Introduction(Client("made", "1"), []), [], [result], 0, 0.0)
        expected = json.loads(write_json(suite, exit_code=0))["cases"][0]["about"]["expected"]
        return {kind: [each["met"] for each in found] for kind, found in expected.items() if found}

    evidence = make_evidence([(0.1, 0.2)], failure=Failure("other"))
    unmet = Judgement(Verdict.FAILED, unmet=["outcome is error"], clean=False, untidy=["no_late_request"])
    assert reported(unmet, evidence) == {"must": [True, False], "non_strict": [False], "tidy": [False]}
    second = Judgement(Verdict.NON_STRICT, unmet=["requests == 1"])
    assert reported(second, evidence) == {"must": [False, True], "non_strict": [True], "tidy": [True]}
    assert reported(Judgement(Verdict.OK), evidence) == {"must": [True, True], "non_strict": [None], "tidy": [True]}
    assert reported(Judgement(Verdict.SKIPPED)) == {"must": [None, None], "non_strict": [None], "tidy": [None]}


def test_no_part_of_the_evidence_shows_the_key(make_case, make_evidence) -> None:
    """Not in pieces of text, not in lists, not in what is no text."""
    evidence = make_evidence([(0.1, 0.2)], complained=b"\xff Bearer sk-canary-0123456789abcdef")
    key = evidence.canary.key
    evidence.call.progress.append((0.1, Progress(1, "delta", f"my key is {key}")))
    result = CaseResult(make_case(), Judgement(Verdict.OK), evidence=evidence, measured={"ran": [{"arguments": key}]})
    suite = SuiteResult(Introduction(Client("made", "1"), []), [], [result], 0, 0.0)
    report = write_json(suite, exit_code=0)
    assert key.encode() not in report
    assert key.encode().hex().encode() not in report
    shown = json.loads(report)["cases"][0]
    assert shown["evidence"]["progress"][0]["text"].startswith("my key is sk-canar****")
    assert bytes.fromhex(shown["evidence"]["standard_error"]["hex"]).startswith(b"\xff Bearer sk-canar****")


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


def elements(suite: SuiteResult, gate: Gate) -> dict[str, tuple[str, str | None, str]]:
    """What JUnit readers see of each case: its element, its type and message."""
    root = Xml.fromstring(write_junit(suite, gate))  # noqa: S314 - our own
    seen = {}
    for case in root.iter("testcase"):
        (element,) = [child for child in case if child.tag != "system-out"] or [None]
        seen[case.get("name")] = (
            ("passed", None, "") if element is None else (element.tag, element.get("type"), element.get("message"))
        )
    return seen


def test_junit_shows_each_verdict_in_its_own_way(made) -> None:
    """Failures with their mark, errors, skips with their reason; what does not count does not turn red."""
    assert elements(made, Gate()) == {
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
    strict = elements(made, Gate(REQUIRE["should"], tidy=True))
    assert strict["9.2-made"] == ("failure", "unclean", "no_secret")
    assert strict["9.4-made"] == ("failure", "failed", "gap(1) >= 2")
    assert strict["9.6-made"][0] == "error"


def test_junit_shows_what_a_baseline_makes_of_a_case(made) -> None:
    """What is known is skipped with its issue; what passes nevertheless is a failure."""
    known = [Known(f"9.{number}-made", f"https://example.com/{number}") for number in (1, 3)]
    seen = elements(made, Gate(baseline=Baseline(known, "known.toml")))
    assert seen["9.3-made"] == ("skipped", None, "known failure, https://example.com/3: silent: requests == 1")
    assert seen["9.1-made"] == ("failure", "mended", "it passes, though known.toml lists it: remove it there")


def test_junit_counts_what_it_shows(made) -> None:
    """On every suite and on the whole."""
    root = Xml.fromstring(write_junit(made, Gate()))  # noqa: S314 - our own
    for element in (root, root[0]):
        counts = {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": "10", "failures": "1", "errors": "1", "skipped": "4"}
    assert root.get("name") == "made 1 <&>"
    assert root[0].get("timestamp") == "2025-08-14T01:10:35"


def test_headlines_count_what_was_judged(made) -> None:
    """Of MUST and of SHOULD; silent failures apart."""
    from understudy_harness.conformance.case import Level

    assert (made.totals(Level.MUST).passed, made.totals(Level.MUST).judged) == (3, 4)
    assert (made.totals(Level.SHOULD).passed, made.totals(Level.SHOULD).judged) == (0, 1)
    assert made.silent == 1


def test_a_conversation_is_told_by_its_messages(run_suite) -> None:
    """Both sides with their times, long ones cut; the story counts them and says how it ended."""
    suite = run_suite(WRONG["hides-close-reasons"], ["11.5", "11.7"])
    large, closed = (tell(result) for result in suite.results)
    assert large.server == "101 and 20 events"
    assert closed.server == (
        "in the part 'going away' 101 and 10 events, "
        "closed with 1001 Your session hit the maximum duration of 60 minutes."
    )
    assert closed.client.startswith("1 request and 3 events; error connection")
    report = json.loads(write_json(suite, exit_code=1))
    sizes = [
        message["size"] for message in report["cases"][0]["evidence"]["sockets"][0]["messages"] if "size" in message
    ]
    assert max(sizes) > 4_000_000
    assert len(json.dumps(report)) < 200_000
    (socket,) = report["cases"][1]["evidence"]["sockets"]
    assert socket["messages_left_out"] == 0
    assert [message["kind"] for message in socket["messages"] if message["by"] == "client"] == [*["text"] * 3, "close"]
    (close,) = [message for message in socket["messages"] if message["by"] == "server" and message["kind"] == "close"]
    assert (close["code"], close["reason"]) == (1001, "Your session hit the maximum duration of 60 minutes.")
    assert json.loads(socket["messages"][0]["data"])["type"] == "session.created"


def test_a_key_in_a_message_is_masked(run_suite) -> None:
    """Wherever the message is cut."""
    suite = run_suite(selectors=["12.1"])
    key = suite.results[0].evidence.canary.key
    frames = suite.results[0].evidence.log.sockets[0].frames
    frames.seen[0].data = b"x" * 1990 + key.encode()
    report = write_json(suite, exit_code=0).decode()
    assert key[:12] not in report
