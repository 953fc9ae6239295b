from collections.abc import Mapping
from typing import Any

import pytest

from understudy_harness.conformance.case import Case
from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.runner import Listener
from understudy_harness.conformance.verdict import Mark, Verdict

EXPECT = {"must": ["outcome is success"]}


class Counts(ReferenceClient):
    """Notes how many calls run at once."""

    running = most = 0

    async def chat(self, input: Mapping[str, Any]) -> dict[str, Any]:
        Counts.running += 1
        Counts.most = max(Counts.most, Counts.running)
        try:
            return await super().chat(input)
        finally:
            Counts.running -= 1


@pytest.mark.parametrize(("together", "most"), [(True, 4), (False, 1)])
def test_calls_are_made_at_once_or_one_after_another(together: bool, most: int, run_suite, make_case) -> None:
    """Each with a key, a script and a text of its own."""
    Counts.most = 0
    case = make_case(
        needs=["chat", "parallel"],
        calls={"count": 4, "together": together},
        serve=[{"on": 1, "status": 500, "error": {"message": "no"}}, {"on": "2..", "answer": "ok"}],
        expect={"must": ["successes == 4 and own_texts and requests == 8 and most_requests == 2"]},
    )
    (result,) = run_suite(Counts, chosen=[case]).results
    assert result.judgement.verdict is Verdict.OK, result.judgement.unmet
    assert Counts.most == most
    assert len({call.canary.key for call in result.evidence.calls}) == 4


def test_calls_with_one_key_meet_one_account(run_suite, make_case) -> None:
    """The mock server's own limiter counts them together; its words are the standard answer's."""
    case = make_case(
        needs=["chat", "parallel"],
        calls={"count": 5, "same_key": True},
        options={"retries": 0},
        serve=[],
        live={"limits": {"rpm": 60}, "used": 57},
        expect={"must": ["successes == 3 and failures_of('rate_limit') == 2 and own_texts"]},
    )
    (result,) = run_suite(chosen=[case]).results
    assert result.judgement.verdict is Verdict.OK, result.measured


def test_a_call_is_given_up_after_so_many_lines_or_seconds(run_suite, make_case) -> None:
    """It ends as cancelled with what had come; nothing hangs."""
    stalled = [{"answer": "ok", "stall": {"after_events": 3}}]
    made = {"needs": ["stream", "cancel"], "op": "stream", "serve": stalled}
    lines = make_case(
        **made,
        cancel={"after_progress": 2},
        expect={"must": ["error.kind == 'cancelled' and text == 'Hello, 世界' and settled_after_cancel <= 0.1"]},
    )
    seconds = make_case(
        **made, cancel={"after_s": 3.0}, expect={"must": ["error.kind == 'cancelled' and elapsed >= 3"]}
    )
    for case in (lines, seconds):
        (result,) = run_suite(chosen=[case]).results
        assert result.judgement.verdict is Verdict.OK, result.measured


def test_a_call_that_ended_is_not_given_up(run_suite, make_case) -> None:
    """The line would be about nothing."""
    case = make_case(needs=["chat", "cancel"], cancel={"after_s": 1.0}, expect=EXPECT)
    (result,) = run_suite(chosen=[case]).results
    assert result.judgement.verdict is Verdict.OK
    assert result.evidence.call.cancelled is None


def test_one_call_of_many_that_hangs_makes_the_run_hang(run_suite, make_case) -> None:
    """After the window of the case."""
    case = make_case(
        needs=["chat", "parallel"],
        calls={"count": 3, "together": True},
        window_s=2,
        serve=[{"silent": True, "end": "hold"}],
        expect=EXPECT,
    )
    (result,) = run_suite(chosen=[case]).results
    assert (result.judgement.verdict, result.judgement.mark) == (Verdict.FAILED, Mark.HANG)


class Fails(ReferenceClient):
    """Comes back too early in the runs that it is told."""

    early: tuple[int, ...] = ()
    run = 0

    async def chat(self, input: Mapping[str, Any]) -> dict[str, Any]:
        Fails.run += 1
        return await super().chat(input)

    def wait(self, named: float | None, attempt: int) -> float:
        return 0.0 if Fails.run in self.early else super().wait(named, attempt)


@pytest.mark.parametrize(
    ("early", "verdict", "runs"),
    [
        ((), Verdict.OK, 1),
        ((1, 2), Verdict.FAILED, 2),
        ((1,), Verdict.OK, 3),
        ((1, 3), Verdict.FAILED, 3),
    ],
)
def test_a_failure_in_time_is_tried_again_and_the_majority_stands(
    early: tuple[int, ...], verdict: Verdict, runs: int, run_suite, monkeypatch
) -> None:
    """All runs are told."""
    monkeypatch.setattr(Fails, "early", early)
    monkeypatch.setattr(Fails, "run", 0)
    (result,) = run_suite(Fails, ["1.1"]).results
    assert (result.judgement.verdict, result.runs) == (verdict, runs)
    failed = [each is Verdict.FAILED for each in result.tries]
    assert failed == [number in early for number in range(1, runs + 1)]


def test_a_run_during_which_the_suite_slipped_has_no_vote(run_suite, monkeypatch) -> None:
    """One failed, one was late, and two that passed decide."""
    monkeypatch.setattr(Fails, "early", (1,))
    monkeypatch.setattr(Fails, "run", 0)
    (result,) = run_suite(Fails, ["1.1"], lags=[0.0, 0.5, 0.0, 0.0]).results
    assert result.judgement.verdict is Verdict.OK
    assert result.tries == [Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.OK, Verdict.OK]


def test_cases_that_do_not_hang_on_time_run_at_once_and_the_others_alone(run_jobs) -> None:
    """Every job has a driver of its own; results come in the catalogue's order."""
    seen: list[str] = []

    class Watch(Listener):
        def case_started(self, case: Case) -> None:
            seen.append(f"+{case.id.partition('-')[0]}")

        def case_finished(self, result) -> None:
            seen.append(f"-{result.case.id.partition('-')[0]}")

    suite, drivers = run_jobs(["2.5", "2.6", "2.8", "1.1", "1.9"], jobs=2, listeners=[Watch()])
    assert [result.case.id for result in suite.results] == [
        "1.1-seconds", "1.9-on-503", "2.5-400-once", "2.6-401-once", "2.8-408-409-retried",
    ]  # fmt: skip
    assert {result.judgement.verdict for result in suite.results} == {Verdict.OK}
    assert drivers == 2
    assert seen[:2] in (["+2.5", "+2.6"], ["+2.6", "+2.5"])
    assert seen[-4:] == ["+1.1", "-1.1", "+1.9", "-1.9"]


def test_a_call_is_given_up_before_it_is_answered(run_suite, make_case) -> None:
    """So many seconds after its request, though no byte of an answer ever comes."""
    case = make_case(
        needs=["chat", "cancel"],
        cancel={"after_request_s": 0.5},
        serve=[{"answer": "ok", "delay": "1h"}],
        expect={"must": ["requests == 1", "settled_after_cancel <= 0.1", "elapsed >= 0.5", "elapsed <= 0.6"]},
    )
    (result,) = run_suite(chosen=[case]).results
    assert result.judgement.verdict is Verdict.OK, result.measured
