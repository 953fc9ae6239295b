import pytest

from understudy_harness.conformance.protocol import Choice, Failure, Result
from understudy_harness.conformance.verdict import Mark, Verdict, hangs_on, judge

OK_TEXT = "Hello, 世界 🌍 canary-1234"
PACED = {
    "must": ["requests == 2", "gap(1) >= 2.0", "outcome is success and text == ok.text"],
    "non_strict": ["outcome is error and requests == 1"],
}
GOOD = [(0.0, 0.1), (2.1, 2.2)]
SUCCESS = Result([Choice(text=OK_TEXT)])
REFUSAL = Failure("rate_limit")


@pytest.mark.parametrize(
    ("requests", "report", "verdict", "mark"),
    [
        (GOOD, {"result": SUCCESS}, Verdict.OK, None),
        ([(0.0, 0.1), (2.06, 2.2)], {"result": SUCCESS}, Verdict.OK, None),
        (GOOD[:1], {"failure": REFUSAL}, Verdict.NON_STRICT, None),
        ([(0.0, 0.1), (1.0, 1.1)], {"result": SUCCESS}, Verdict.FAILED, None),
        (GOOD, {"result": Result()}, Verdict.FAILED, Mark.SILENT),
        (GOOD, {"result": Result([Choice(text="Hello")])}, Verdict.FAILED, Mark.SILENT),
        (GOOD, {"failure": REFUSAL}, Verdict.FAILED, Mark.LOUD),
        (GOOD[:1], {"settled": None}, Verdict.FAILED, Mark.HANG),
        ([*GOOD, (2.3, 2.4)], {"result": SUCCESS}, Verdict.FAILED, Mark.STORM),
        ([*GOOD, (2.3, 2.4)], {"settled": None}, Verdict.FAILED, Mark.STORM),
        (GOOD[:1], {"result": SUCCESS}, Verdict.FAILED, None),
    ],
)
def test_what_a_client_that_should_wait_can_earn(requests, report, verdict, mark, make_case, make_evidence) -> None:
    """OK by all that is expected, NON-STRICT by a listed second-best, FAILED with a mark where it has a name."""
    judgement = judge(make_case(expect=PACED), make_evidence(requests, **report))
    assert (judgement.verdict, judgement.mark) == (verdict, mark)


@pytest.mark.parametrize(
    ("gap", "seconds", "hangs"),
    [(2.0, 0.1, True), (2.1, 0.1, False), (1.9, 0.1, True), (0.5, 0.1, False), (0.5, 2.0, True)],
)
def test_a_judgement_hangs_on_a_time_that_is_near_its_bound(gap, seconds, hangs, make_case, make_evidence) -> None:
    """The bound is 1.95 s; what is far from it on either side is judged alike by a clock that is off."""
    case = make_case(expect={"must": ["gap(1) >= 2.0"]})
    assert hangs_on(case, make_evidence([(0.0, 0.1), (0.1 + gap, 0.2 + gap)]), seconds) is hangs


def test_which_of_two_times_is_first_hangs_on_the_clock_when_they_are_near(make_case, make_evidence) -> None:
    """Where there is no bound that could be moved, it is their order."""
    case = make_case(expect={"must": ["start(2) < answered(1)"]})
    assert hangs_on(case, make_evidence([(0.0, 1.0), (0.95, 2.0)]), 0.1)
    assert not hangs_on(case, make_evidence([(0.0, 1.0), (0.5, 2.0)]), 0.1)
    assert not hangs_on(case, make_evidence([(0.0, 1.0), (1.5, 2.0)]), 0.1)


def test_a_wrong_error_where_one_was_due_has_no_mark(make_case, make_evidence) -> None:
    """It is neither silent nor an error in place of a success."""
    case = make_case(expect={"must": ["outcome is error and error.kind == 'quota'"]})
    judgement = judge(case, make_evidence([(0.0, 0.1)], failure=REFUSAL))
    assert (judgement.verdict, judgement.mark) == (Verdict.FAILED, None)
    silent = judge(case, make_evidence([(0.0, 0.1)], result=SUCCESS))
    assert (silent.verdict, silent.mark) == (Verdict.FAILED, Mark.SILENT)


def test_should_expectations_decide_as_must_does(make_case, make_evidence) -> None:
    """OK needs both; what is unmet is named."""
    case = make_case(expect={"must": ["requests == 1"], "should": ["sockets == 2"]})
    judgement = judge(case, make_evidence([(0.0, 0.1)]))
    assert judgement.verdict is Verdict.FAILED
    assert judgement.unmet == ["sockets == 2"]


def test_a_measurement_is_never_failed(make_case, make_evidence) -> None:
    """At level INFO an unmet expectation is a finding; without expectations there is nothing else to find."""
    case = make_case(level="info", expect={"must": ["requests == 2"], "non_strict": ["requests == 1"]})
    assert judge(case, make_evidence([(0.0, 0.1), (1.0, 1.1)])).verdict is Verdict.OK
    assert judge(case, make_evidence([(0.0, 0.1)])).verdict is Verdict.NON_STRICT
    assert judge(case, make_evidence([])).verdict is Verdict.INFO
    assert judge(make_case(level="info", expect={}), make_evidence([])).verdict is Verdict.INFO


def test_no_bound_means_no_storm(make_case, make_evidence) -> None:
    """If one accepted outcome allows any number of requests, no number is too many."""
    case = make_case(expect={"must": ["requests == 1"], "non_strict": ["outcome is success"]})
    judgement = judge(case, make_evidence([(0.0, 0.1)] * 9, failure=REFUSAL))
    assert (judgement.verdict, judgement.mark) == (Verdict.FAILED, None)


def test_tidiness_is_an_axis_of_its_own(make_case, make_evidence) -> None:
    """A run can be OK and not clean, or failed and clean."""
    case = make_case(expect={"must": ["outcome is success"]}, tidy=["no_late_request", "no_secret"])
    late = judge(case, make_evidence([(0.0, 0.1), (1.5, 1.6)], result=SUCCESS, settled=1.0))
    assert (late.verdict, late.clean, late.untidy) == (Verdict.OK, False, ["no_late_request"])
    failed = judge(case, make_evidence([(0.0, 0.1)], failure=REFUSAL))
    assert (failed.verdict, failed.clean, failed.untidy) == (Verdict.FAILED, True, [])
