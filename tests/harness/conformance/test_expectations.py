import pytest

from understudy_harness.conformance.expectation_reader import parse_expectation
from understudy_harness.conformance.expectations import ExpectationError, Slack
from understudy_harness.conformance.protocol import Choice, Failure, Result, Usage
from understudy_harness.conformance.words import WORDS

NO_SLACK = Slack()
SLACK = Slack(early_s=0.05, late_share=0.5, late_s=2.0)


def met(written: str, evidence, slack: Slack = NO_SLACK) -> bool:
    """Whether evidence meets an expectation as written."""
    return parse_expectation(written, WORDS).met(evidence, slack)


@pytest.fixture
def good(make_evidence):
    """Two requests 2.5 s apart, then a success."""
    choice = Choice(text="Hello, 世界 🌍 canary-1234", finish="stop")
    return make_evidence([(0.1, 0.2), (2.7, 2.8)], result=Result([choice], Usage(9, 5)), settled=2.9)


@pytest.fixture
def refused(make_evidence):
    """One request, then an error."""
    failure = Failure("rate_limit", "Slow down", status=429, code="rate_limit_exceeded", retry_after_s=2.0)
    return make_evidence([(0.1, 0.2)], failure=failure, settled=0.3)


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("requests == 2", True),
        ("2 == requests", True),
        ("requests != 2", False),
        ("requests in (1, 2)", True),
        ("requests not in [1, 2]", False),
        ("1 <= requests < 2", False),
        ("gap(1) >= 2.5", True),
        ("gap(1) > 2.6", False),
        ("2.4 <= gap(1)", True),
        ("start(2) > start(1)", True),
        ("elapsed <= 2.9", True),
        ("sockets == 2", True),
        ("outcome is success", True),
        ("outcome is not success", False),
        ("not outcome is error", True),
        ("text == ok.text and finish == 'stop'", True),
        ("text == 'other' or usage.input == 9", True),
        ("usage.output > -1", True),
        ("path(2) == '/v1/chat/completions'", True),
        ("body(1) == body(2)", True),
        ("no_late_request", True),
        ("not no_late_request", False),
    ],
)
def test_expectations_are_about_what_was_seen(written: str, holds: bool, good) -> None:
    """Comparisons, chains, lists, and, or, not: as in Python."""
    assert met(written, good) is holds


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("outcome is error and error.kind == 'rate_limit' and requests == 1", True),
        ("error.kind in ('quota', 'rate_limit')", True),
        ("error.status == 429", True),
        ("error.retry_after_s >= 2", True),
        ("error.message != 'Slow down'", False),
        ("outcome is none", False),
    ],
)
def test_expectations_are_about_errors_too(written: str, holds: bool, refused) -> None:
    """By the words of the driver protocol."""
    assert met(written, refused) is holds


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
def test_what_was_not_seen_meets_no_comparison(operator: str, refused) -> None:
    """Neither a time nor its contrary."""
    number = f"usage.input {operator} 1"
    assert not met(number, refused)
    if operator not in ("==", "!="):
        assert not met(f"gap(1) {operator} 1", refused)
    assert not met("text in ('a', 'b')", refused)
    assert not met("text not in ('a', 'b')", refused)


def test_slack_is_given_to_times_alone(good) -> None:
    """A lower bound is lowered, an upper one raised by the larger of share and seconds; numbers stay exact."""
    assert not met("gap(1) >= 2.54", good)
    assert met("gap(1) >= 2.54", good, SLACK)
    assert not met("gap(1) >= 2.56", good, SLACK)
    assert met("gap(1) <= 0.5", good, SLACK)
    assert not met("gap(1) <= 0.4", good, SLACK)
    assert met("0.5 >= gap(1)", good, SLACK)
    assert Slack(late_share=0.5, late_s=2.0).highest(10.0) == 15.0
    assert not met("requests <= 1", good, SLACK)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "it is no expression"),
        ("requests ==", "it is no expression"),
        ("requests", "requests is a number: compare it with something"),
        ("1 == 1", "1 == 1 is about nothing that was seen"),
        ("requests == 'two'", "requests is a number, 'two' is a text"),
        ("requests + 1 == 2", "requests + 1 is no word of the language"),
        ("request == 1", "request is no word of the language; there are requests,"),
        ("gap >= 1", "gap takes a place, counted from 1 in parentheses"),
        ("gap('1') >= 1", "gap takes a place"),
        ("gap(0) >= 1", "gap takes a place"),
        ("gap(1.5) >= 1", "gap takes a place"),
        ("gap(requests) >= 1", "gap takes a place"),
        ("sockets_closed_within('2')", "sockets_closed_within takes a number in parentheses"),
        ("requests(1) == 1", "requests takes no arguments"),
        ("gap(1) == 2.0", "gap(1) is a time, which is never exactly anything"),
        ("text < 'b'", "text is a text: only == and != compare those"),
        ("requests is 2", "'is' asks for the outcome, and requests is a number"),
        ("outcome is good", "the outcome is success, error or none"),
        ("outcome == text", "outcome is an outcome, text is a text"),
        ("no_secret == 1", "no_secret is true or false, 1 is a number"),
        ("requests == True", "True is no word of the language"),
        ("text in [requests]", "requests is no constant that can be compared with text"),
        ("3 in text", "'in' asks whether a text is in another that was seen, or anything in a list of constants"),
        ("requests in (1, text)", "text is no constant that can be compared with requests"),
        ("__import__('os').system('true')", "__import__('os').system is no word of the language"),
        ("gap(1).real > 1", "gap(1).real is no word of the language"),
        ("[text for text in ()]", "[text for text in ()] is neither a comparison nor a word"),
        ("(lambda: 1)() == 1", "lambda: 1 is no word of the language"),
        ("gap(1, 2) > 1", "gap takes a place"),
        ("gap(k=1) > 1", "gap(k=1) is no word of the language"),
        ("f'{requests}' == '2'", "is no word of the language"),
        ("(requests := 2) == 2", "is no word of the language"),
        ("not 1", "1 is neither a comparison nor a word"),
        ("not " * 240 + "requests", "requests is a number: compare it with something"),
        ("requests == " + "(" * 300 + "1" + ")" * 300, "it is no expression"),
    ],
)
def test_what_the_language_does_not_have_is_refused(written: str, problem: str) -> None:
    """When it is read, with the expression in the message; nothing is run."""
    with pytest.raises(ExpectationError) as refused:
        parse_expectation(written, WORDS)
    assert problem in str(refused.value)
    assert repr(written) in str(refused.value)


def test_an_expectation_is_a_sentence_not_a_book() -> None:
    """Its length is bounded, and the error does not repeat it."""
    with pytest.raises(ExpectationError, match="longer than 1000 characters") as refused:
        parse_expectation("requests == 1 or " * 100 + "requests == 2", WORDS)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("written", "most"),
    [
        ("requests == 2", 2),
        ("requests <= 3", 3),
        ("requests < 3", 2),
        ("requests >= 3", None),
        ("requests in (1, 3)", 3),
        ("outcome is success and requests == 2 and requests <= 5", 2),
        ("requests == 1 or requests == 4", 4),
        ("requests == 1 or outcome is error", None),
        ("outcome is success", None),
    ],
)
def test_an_expectation_knows_the_most_requests_it_allows(written: str, most: int | None) -> None:
    """What is more is a storm."""
    assert parse_expectation(written, WORDS).most_requests == most


@pytest.mark.parametrize(
    ("written", "demands"),
    [
        ("outcome is success", True),
        ("requests == 1 and outcome is success", True),
        ("outcome is success or outcome is error", False),
        ("outcome is error", False),
        ("requests == 1", False),
    ],
)
def test_an_expectation_knows_whether_only_a_success_will_do(written: str, demands: bool) -> None:
    """An error in its place is then a loud failure."""
    assert parse_expectation(written, WORDS).demands_success is demands


def test_an_expectation_knows_its_words_and_whether_time_decides() -> None:
    """Each word once, in order, without the constants."""
    expectation = parse_expectation("requests == 2 and (gap(1) >= 1 or gap(1) < 9)", WORDS)
    assert [operand.spelled for operand in expectation.operands] == ["requests", "gap(1)"]
    assert [comparison.operator for comparison in expectation.comparisons] == ["==", ">=", "<"]
    assert expectation.timed
    assert not parse_expectation("not requests == 2", WORDS).timed
