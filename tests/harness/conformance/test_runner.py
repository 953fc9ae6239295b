import asyncio
from typing import Any

import pytest

from understudy_harness.conformance.gate import Gate
from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.driver import INTRODUCTION
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.conformance.runner import RUNS, Listener
from understudy_harness.conformance.verdict import Mark, Verdict

LATE = 0.5
ONCE = ["1.11"]


class Recorder(Listener):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def suite_started(self, introduction, cases, command) -> None:
        self.told.append(f"{introduction.client.name}: {len(cases)}")

    def case_started(self, case) -> None:
        self.told.append(f"start {case.id}")

    def case_finished(self, result) -> None:
        self.told.append(f"finish {result.case.id} {result.judgement.verdict.value}")

    def suite_finished(self, suite) -> None:
        self.told.append(f"{len(suite.results)} done")


def test_listeners_hear_of_everything_in_order(run_suite) -> None:
    """Reports need no more than this."""
    recorder = Recorder()
    run_suite(selectors=["1.10", "1.11"], listeners=[recorder])
    assert recorder.told == [
        "reference: 2",
        "start 1.10-budget",
        "finish 1.10-budget OK",
        "start 1.11-retries-off",
        "finish 1.11-retries-off OK",
        "2 done",
    ]


def test_what_the_driver_lacks_is_unsupported(run_suite) -> None:
    """The reason names it; nothing is run, and nothing judged is no success."""
    suite = run_suite(selectors=ONCE, introduction={**INTRODUCTION, "can": []})
    (result,) = suite.results
    assert (result.judgement.verdict, result.reason) == (Verdict.UNSUPPORTED, "the driver has no retries")
    assert result.evidence is None
    assert Gate().exit_code(suite) == 3


def test_parts_that_the_driver_cannot_do_are_left_out_by_name(run_suite) -> None:
    """The others are judged."""
    (result,) = run_suite(selectors=["5.7"], introduction={**INTRODUCTION, "ops": ["stream"]}).results
    assert (result.judgement.verdict, result.part, result.left_out) == (Verdict.OK, "as a stream", ["whole"])


def test_a_run_during_which_the_suite_was_late_is_made_again(run_suite) -> None:
    """A steady one counts."""
    (result,) = run_suite(selectors=["1.1"], lags=[LATE, LATE, 0.0]).results
    assert (result.judgement.verdict, result.runs) == (Verdict.OK, 3)


def test_a_suite_that_is_late_each_time_does_not_judge(run_suite) -> None:
    """INCONCLUSIVE stands after three runs, even where the client looks bad."""
    suite = run_suite(WRONG["ignores-retry-after"], selectors=["1.1"], lags=[LATE] * RUNS)
    (result,) = suite.results
    assert (result.judgement.verdict, result.runs) == (Verdict.INCONCLUSIVE, RUNS)
    assert result.reason == "the suite itself was 500 ms late"
    assert Gate().exit_code(suite) == 3


SLIGHTLY = 0.06


def test_a_suite_that_was_a_little_late_judges_what_its_lateness_cannot_have_changed(run_suite) -> None:
    """Half a second instead of two is half a second on any clock."""
    (result,) = run_suite(WRONG["ignores-retry-after"], selectors=["1.1"], lags=[SLIGHTLY] * 2).results
    assert (result.judgement.verdict, result.runs) == (Verdict.FAILED, 2)


def test_a_failure_that_could_be_judged_once_is_no_proof(run_suite) -> None:
    """Most of the runs that there may be must show it; three that were late are enough."""
    (result,) = run_suite(WRONG["ignores-retry-after"], selectors=["1.1"], lags=[0.0] + [LATE] * RUNS).results
    assert (result.judgement.verdict, result.runs) == (Verdict.INCONCLUSIVE, 1 + RUNS)
    assert result.reason == "it was failed in the only run of 4 that could be judged"


def test_a_failure_stands_when_two_runs_show_it_whatever_lies_between(run_suite) -> None:
    """Runs that were late do not count."""
    lags = [LATE, 0.0, LATE, 0.0]
    (result,) = run_suite(WRONG["ignores-retry-after"], selectors=["1.1"], lags=lags).results
    assert (result.judgement.verdict, result.runs) == (Verdict.FAILED, 4)


def test_lateness_does_not_matter_where_time_does_not(run_suite) -> None:
    """How many requests there were is the same on a slow machine."""
    (result,) = run_suite(selectors=["1.10"], lags=[LATE]).results
    assert (result.judgement.verdict, result.runs) == (Verdict.OK, 1)


class Hangs(ReferenceClient):
    """Never comes back."""

    async def chat(self, input):
        await asyncio.sleep(10_000)


def test_a_run_that_hangs_is_cancelled(run_suite, cases) -> None:
    """It is failed after its window, and the driver lives on."""
    suite = run_suite(Hangs, selectors=ONCE)
    (result,) = suite.results
    assert (result.judgement.verdict, result.judgement.mark) == (Verdict.FAILED, Mark.HANG)
    assert result.seconds == pytest.approx(cases["1.11"].window_s, abs=0.01)
    assert result.evidence.settled is None


def test_a_driver_that_cannot_cancel_is_ended_with_the_run(run_suite) -> None:
    """The next case gets a fresh one."""
    suite = run_suite(Hangs, selectors=["1.10", "1.11"], introduction=_without("cancel"))
    assert [result.judgement.mark for result in suite.results] == [Mark.HANG, Mark.HANG]
    assert (run_suite.driver.starts, run_suite.driver.killed) == (2, 3)  # the last time at the end of the suite


def _without(ability: str) -> dict[str, Any]:
    return {**INTRODUCTION, "can": [each for each in INTRODUCTION["can"] if each != ability]}


class Deaf(ReferenceClient):
    """Does not hear of its cancellation for a long time."""

    async def chat(self, input):
        for _ in range(2):
            try:
                await asyncio.sleep(1_000)
            except asyncio.CancelledError:
                continue
        raise AssertionError


def test_a_driver_that_does_not_cancel_when_asked_is_ended(run_suite) -> None:
    """A second after it was asked."""
    (result,) = run_suite(Deaf, selectors=ONCE).results
    assert result.judgement.mark is Mark.HANG
    assert result.seconds == pytest.approx(11.0, abs=0.01)
    assert run_suite.driver.killed == 2


def test_a_crash_is_an_error_of_the_driver_and_the_suite_goes_on(run_suite) -> None:
    """It is no verdict about the client; the driver is started anew."""
    suite = run_suite(selectors=["1.10", "1.11"], crashes=[1])
    first, second = suite.results
    assert first.judgement.verdict is Verdict.ERROR
    words = "the driver ended with exit code 7; standard error ends with: Segmentation fault with sk-canar****"
    assert first.reason.startswith(words)
    assert run_suite.driver.messages[0].api_key not in first.reason
    assert second.judgement.verdict is Verdict.OK
    assert run_suite.driver.starts == 2
    assert Gate().exit_code(suite) == 3


def test_a_driver_that_does_not_start_again_is_not_tried_for_each_case(run_suite) -> None:
    """Each start may take half a minute to fail."""
    suite = run_suite(crashes=[1], starts_allowed=1)
    assert {result.judgement.verdict for result in suite.results} == {Verdict.ERROR}
    assert run_suite.driver.starts == 2
    assert suite.results[-1].reason == "it does not start"


def test_a_driver_may_decline(run_suite) -> None:
    """With a reason and a link."""
    (result,) = run_suite(selectors=ONCE, skips="known to hang").results
    assert result.judgement.verdict is Verdict.SKIPPED
    assert result.reason == "known to hang https://example.com/1"


def test_the_driver_is_told_what_to_do_and_not_what_is_expected(run_suite) -> None:
    """A key and a port of its own in every run."""
    run_suite(selectors=["1.10", "1.11"])
    first, second = run_suite.driver.messages
    assert (first.seq, first.case, first.op, first.options.retries) == (1, "1.10-budget", "chat", 2)
    assert first.input["messages"][0]["role"] == "user"
    assert first.base_url.startswith("http://127.0.0.1:")
    assert first.base_url != second.base_url
    assert first.api_key != second.api_key


def test_complaints_of_a_run_are_its_evidence(run_suite) -> None:
    """What was there before it is not."""
    complaint = b"ResourceWarning: unclosed <socket>"
    first, second = run_suite(selectors=["1.10", "1.11"], complains=complaint).results
    assert first.judgement.untidy == ["no_unclosed_warning"]
    assert second.judgement.clean
