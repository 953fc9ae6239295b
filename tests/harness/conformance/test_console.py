import re

import pytest

from understudy_harness.conformance.baseline import Baseline, Known
from understudy_harness.conformance.gate import Gate
from understudy_harness.conformance.protocol import Client, Introduction
from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.conformance.results import CaseResult, SuiteResult
from understudy_harness.conformance.verdict import Judgement, Verdict
from understudy_harness.reports.console import Console


@pytest.fixture
def console_of(run_suite):
    """The lines of the console for a run."""

    def lines(client_class=ReferenceClient, *selectors: str, detail="folded", **more) -> list[str]:
        written: list[str] = []
        run_suite(client_class, selectors, listeners=[Console(written.append, detail=detail)], **more)
        return "\n".join(written).split("\n")

    return lines


def told(suite: SuiteResult, results: list[CaseResult], **options) -> list[str]:
    """The lines of the console when cases end in the given order."""
    written: list[str] = []
    console = Console(written.append, **options)
    console.suite_started(suite.introduction, [each.case for each in suite.results], suite.command)
    for result in results:
        console.case_started(result.case)
    for result in results:
        console.case_finished(result)
    console.suite_finished(suite)
    return "\n".join(written).split("\n")


def test_the_console_has_a_line_for_each_case_and_a_headline(console_of) -> None:
    """Good cases need no more than that; there is no single grade."""
    lines = console_of(ReferenceClient, "1.10", "1.11", detail="verbose")
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


def test_the_console_folds_a_group_in_which_all_is_well(console_of) -> None:
    """One line for it, with what it came to."""
    lines = console_of(ReferenceClient, "1.10", "1.11", "2.5")
    assert re.fullmatch(r"1 Retry pacing: 2 OK, \d\.\d s", lines[2])
    assert re.fullmatch(r"2 Errors.*: 1 OK, \d\.\d s", lines[4])
    assert len(lines) == 7


def test_the_console_does_not_care_in_which_order_cases_end(made) -> None:
    """A group is told once, when its last case is done, in the order of the catalogue."""
    in_order, backwards = told(made, made.results), told(made, made.results[::-1])
    assert sorted(in_order) == sorted(backwards)
    ids = re.findall(r"(9\.\d+)-made  ", "\n".join(backwards))
    assert ids == ["9.2", "9.3", "9.4", "9.5", "9.6", "9.8", "9.10"]
    assert "  UNSUPPORTED   9.7-made" in backwards
    assert sum("9.7-made" in line for line in backwards) == 1
    head = "9 Tests: 2 OK, 2 FAILED, 1 ERROR, 1 INCONCLUSIVE, 1 UNSUPPORTED, 1 NON-STRICT, 1 INFO, 1 SKIPPED, 0.0 s"
    assert backwards[2] == head


def test_a_quiet_console_tells_what_breaks_the_build_alone(made) -> None:
    """Not what is known, nor what does not count; and one line at the end."""
    gate = Gate(baseline=Baseline([Known("9.1-made", "https://example.com/1")], "known.toml"))
    lines = told(made, made.results, detail="quiet", gate=gate)
    assert re.findall(r"(9\.\d+)-made  ", "\n".join(lines)) == ["9.1", "9.3", "9.5"]
    assert lines[-1].startswith("MUST 3/4 · SHOULD 0/1 · 1 failed in silence")


def test_what_a_driver_says_cannot_move_the_cursor(make_case) -> None:
    """Control characters are shown, not sent."""
    reason = "the driver ended with \x1b[2Jnothing\x07"
    suite = SuiteResult(
        Introduction(Client("made\x1b]0;title\x07", "1"), []),
        ["driver"],
        [CaseResult(make_case(), Judgement(Verdict.ERROR), reason)],
        0,
        0.1,
    )
    text = "\n".join(told(suite, suite.results))
    assert "\x1b" not in text
    assert "\\x1b[2Jnothing\\x07" in text
