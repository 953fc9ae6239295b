import json

import pytest

from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.evidence import Call, Evidence, writable
from understudy_harness.conformance.expectation_reader import parse_expectation
from understudy_harness.conformance.expectations import Slack
from understudy_harness.conformance.protocol import Choice, Failure, Partial, Result, Usage
from understudy_harness.conformance.words import WORDS

CANARY = Canary("sk-canary-1", "canary-1234")


def met(written: str, evidence) -> bool:
    """Whether evidence meets an expectation as written, to the letter."""
    return parse_expectation(written, WORDS).met(evidence, Slack())


def test_a_gap_runs_from_the_end_of_an_answer_to_the_next_request(make_evidence) -> None:
    """It is not known where there is no next request, or no end yet."""
    evidence = make_evidence([(0.1, 0.3), (1.0, None), (2.0, 2.1)])
    assert evidence.gap(1) == pytest.approx(0.7)
    assert [evidence.gap(number) for number in (0, 2, 3, 9)] == [None] * 4


def test_headers_are_read_whatever_their_spelling(make_evidence) -> None:
    """Repeated ones are joined; what was not sent is not seen."""
    evidence = make_evidence([(0.1, 0.2)])
    evidence.log.exchanges[0].headers = [("Idempotency-Key", "a"), ("X-A", "1"), ("x-a", "2")]
    assert met("header(1, 'idempotency-key') == 'a'", evidence)
    assert met("header(1, 'X-a') == '1, 2'", evidence)
    assert not met("header(1, 'absent') == ''", evidence)
    assert not met("header(2, 'x-a') == '1, 2'", evidence)


def test_the_text_of_a_failure_is_what_had_come(make_evidence) -> None:
    """A partial answer counts as reported; without one there is no text."""
    failure = Failure("connection", partial=Partial([Choice(text="Hel")]))
    assert met("text == 'Hel' and outcome is error", make_evidence(failure=failure))
    assert not met("text == 'Hel'", make_evidence(failure=Failure("connection")))
    assert not met("text == ''", make_evidence(result=Result()))


def test_a_key_is_looked_for_in_everything_the_driver_wrote(make_evidence) -> None:
    """On standard error and in its lines."""
    key = b"sk-canary-0123456789abcdef"
    assert met("no_secret", make_evidence(said=b"sk-other", complained=b"canary"))
    assert not met("no_secret", make_evidence(said=b'{"error": "Bearer ' + key + b'"}'))
    assert not met("no_secret", make_evidence(complained=b"debug: " + key))


def test_the_key_is_a_bearer_token_once_in_each_request(make_evidence) -> None:
    """Not twice, not otherwise, not another one; without a request nothing was seen."""
    key = "sk-canary-0123456789abcdef"

    def sent(*headers: tuple[str, str]) -> Evidence:
        evidence = make_evidence([(0.1, 0.2)])
        evidence.log.exchanges[0].headers = list(headers)
        return evidence

    assert met("bearer_once", sent(("authorization", f"Bearer {key}")))
    assert not met("bearer_once", sent(("authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")))
    assert not met("bearer_once", sent(("authorization", f"Basic {key}")))
    assert not met("bearer_once", sent(("authorization", "Bearer sk-other")))
    assert not met("bearer_once", sent())
    assert not met("bearer_once", make_evidence())


def test_how_soon_a_socket_is_let_go_of_counts_from_giving_up(make_evidence) -> None:
    """Of the request that is named, by the client; an open one, and a call that was not given up, have no such time."""
    evidence = make_evidence([(0.1, 0.2), (0.3, 0.4)], closed=1.5)
    evidence.call.cancelled = 1.0
    assert met("0.4 < let_go_after_cancel(2) < 0.6", evidence)
    assert not met("let_go_after_cancel(3) >= 0", evidence)
    evidence.log.sockets[1].closed_by = "suite"
    assert not met("let_go_after_cancel(2) >= 0", evidence)
    assert met("0.4 < let_go_after_cancel(1) < 0.6", evidence)
    evidence.call.cancelled = None
    assert not met("let_go_after_cancel(1) >= 0", evidence)


def test_an_end_is_judged_by_what_the_play_has_measured(make_evidence) -> None:
    """Without a measurement there was no end."""
    assert met("gone <= 5 and ended_by_itself", make_evidence(values={"gone_s": 0.2, "ended_by_itself": 1.0}))
    assert not met("ended_by_itself", make_evidence(values={"gone_s": 8.0, "ended_by_itself": 0.0}))
    assert not met("gone <= 5 or ended_by_itself", make_evidence())


def test_sockets_are_to_be_closed_by_the_client_in_time(make_evidence) -> None:
    """Not later, not by the suite's own clearing up; a run that hangs is not judged."""
    within = "sockets_closed_within(2)"
    assert met(within, make_evidence([(0.1, 0.2)], settled=1.0, closed=2.5))
    assert not met(within, make_evidence([(0.1, 0.2)], settled=1.0, closed=3.5))
    assert not met(within, make_evidence([(0.1, 0.2)], settled=1.0, closed=None))
    assert met(within, make_evidence([(0.1, 0.2)], settled=None, closed=None))
    cut = make_evidence([(0.1, 0.2)], settled=1.0, closed=1.5)
    cut.log.sockets[0].closed_by = "suite"
    assert not met(within, cut)


def test_who_declares_that_it_keeps_idle_sockets_may_keep_them(make_evidence) -> None:
    """Not one whose answer was cut off: that one is of no more use."""
    for answer, kept in ((b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", True), (b"HTTP/1.1 200 OK\r\n", False)):
        evidence = make_evidence([(0.1, 0.2)], settled=1.0, closed=None)
        exchange = evidence.log.exchanges[0]
        exchange.answer, exchange.answer_size = bytearray(answer), len(answer)
        assert not met("sockets_closed_within(2)", evidence)
        evidence.keeps_idle_sockets = True
        assert met("sockets_closed_within(2)", evidence) is kept


def test_no_request_may_begin_after_the_final_line(make_evidence) -> None:
    """One that begins before it may."""
    assert met("no_late_request", make_evidence([(0.1, 0.2), (0.9, 1.1)], settled=1.0))
    assert not met("no_late_request", make_evidence([(0.1, 0.2), (1.1, 1.2)], settled=1.0))


@pytest.mark.parametrize(
    ("complaint", "quiet"),
    [
        (b"", True),
        (b"INFO: Retrying request in 0.4 seconds", True),
        (b"ResourceWarning: unclosed <socket.socket fd=8>", False),
        (b"Unclosed client session\nclient_session: <...>", False),
        (b"RuntimeWarning: coroutine 'x' was never awaited", False),
        (b"MaxListenersExceededWarning: Possible EventEmitter memory leak", False),
    ],
)
def test_warnings_about_unclosed_things_are_noticed(complaint: bytes, quiet: bool, make_evidence) -> None:
    """Python's and Node's; other output is nobody's business."""
    assert met("no_unclosed_warning", make_evidence(complained=complaint)) is quiet


def test_measured_values_are_those_that_are_asked_for_and_every_gap(make_evidence) -> None:
    """Times to the microsecond; the standard answer is no measurement."""
    evidence = make_evidence([(0.1, 0.2), (0.70000049, 0.8), (2.0, 2.1)], result=Result([Choice(text="x")]))
    expectations = [parse_expectation(written, WORDS) for written in ("text == ok.text", "gap(9) > 1")]
    assert evidence.measured(expectations) == {
        "requests": 3,
        "gap(1)": 0.5,
        "gap(2)": 1.2,
        "text": "x",
        "gap(9)": None,
    }


def test_half_a_character_is_seen_and_then_replaced(make_evidence) -> None:
    """It is judged as it came; reports get what can be written, and show each half, also where two stand side by side."""
    evidence = make_evidence(result=Result(choices=[Choice(text="a \ud83c")]))
    assert not met("valid_text", evidence)
    evidence.make_writable()
    assert met("valid_text", evidence)
    assert evidence.result.choices[0].text == "a \ufffd"
    assert writable({"halves": ["\ud83c\udf0d", 7]}) == {"halves": ["\ufffd\ufffd", 7]}


def test_why_an_answer_ended_is_read_from_finish_reason_kind_or_words(make_evidence) -> None:
    """A client that never tells one is not told apart from one that stopped, but does not tell of a cut either."""
    stopped, unknown, cut = (
        make_evidence(result=Result(choices=[Choice(finish=end)])) for end in ("stop", None, "length")
    )
    assert met("stopped and not told_length", stopped)
    assert met("stopped and not told_length and not told_filter", unknown)
    assert met("told_length and not stopped and not told_filter", cut)
    assert not met("stopped", make_evidence(result=Result()))
    assert met("told_length", make_evidence(failure=Failure("length")))
    assert met("told_length", make_evidence(failure=Failure("other", message="Model token limit exceeded")))
    assert met("told_filter", make_evidence(failure=Failure("other", message="blocked by the content filter")))
    assert not met("told_length", make_evidence(failure=Failure("protocol", message="Unexpected token < in JSON")))


def test_answers_of_several_calls_are_compared(make_evidence) -> None:
    """Field by field; no text and an empty one are the same."""
    usage = Usage(9, 5)
    calls = [
        Call(CANARY, result=Result(choices=[Choice(text=text, finish="stop")], usage=told))
        for text, told in ((None, usage), ("", None))
    ]
    evidence = Evidence(CANARY, make_evidence().log, calls=calls)
    assert met('same("text") and same("finish") and same("tool calls")', evidence)
    assert not met('same("usage")', evidence)
    assert not met('same("nothing that there is")', evidence)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_what_a_tool_loop_sends_back_is_read_in_either_api(api: str, make_evidence) -> None:
    """Calls with their ids, names and arguments; results by the id of their call."""
    function = {"name": "get_time", "arguments": '{"b":1, "a":2}'}
    call = {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    sent = {"messages": [call, {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}]}
    if api == "responses":
        item = {"type": "function_call", "call_id": "call_1", **function}
        sent = {"input": [item, {"type": "function_call_output", "call_id": "call_1", "output": "12:00"}]}
    evidence = make_evidence([(0.0, 0.1)])
    evidence.log.exchanges[0].body = json.dumps(sent).encode()
    assert met('echo.calls(1) == 1 and echo.id(1, 1) == "call_1" and echo.name(1, 1) == "get_time"', evidence)
    assert met("""echo.arguments(1, 1) == '{"a": 2, "b": 1}'""", evidence)
    assert met(
        'echo.results(1) == 1 and echo.results_for(1, "call_1") == 1 and echo.results_for(1, "x") == 0', evidence
    )
    assert not met('echo.calls(2) == 0 or echo.id(1, 2) != ""', evidence)


def test_arguments_that_are_no_text_are_not_seen(make_evidence) -> None:
    """They are told apart from an empty text and from one that is no JSON."""
    evidence = make_evidence([(0.0, 0.1)])
    calls = [{"id": "call_1", "function": {"arguments": given}} for given in ({}, "", "{")]
    evidence.log.exchanges[0].body = json.dumps({"messages": [{"tool_calls": calls}, "odd"]}).encode()
    assert not met('echo.arguments(1, 1) != ""', evidence)
    assert met('echo.arguments(1, 2) == "" and echo.arguments(1, 3) == "{"', evidence)
    evidence.log.exchanges[0].body = b"[]"
    assert not met("echo.calls(1) == 0", evidence)


def test_every_word_is_explained() -> None:
    """`explain` shows the words of a case; each takes what it says it takes."""
    for name, word in WORDS.items():
        assert word.help, name
