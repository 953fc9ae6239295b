"""Words about several calls, about what was sent, and about giving up; the others stand in test_evidence."""

import pytest

from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.evidence import Call, Evidence
from understudy_harness.conformance.expectation_reader import parse_expectation
from understudy_harness.conformance.expectations import Slack
from understudy_harness.conformance.protocol import (
    Choice,
    Declares,
    Failure,
    Partial,
    Progress,
    Ran,
    Result,
    ToolCall,
)
from understudy_harness.conformance.wire_log import WireLog
from understudy_harness.conformance.words import SEEN_IN_PROGRAMS, WORDS

ONE, OTHER = Canary("sk-one", "canary-1"), Canary("sk-other", "canary-2")


def met(written: str, evidence: Evidence) -> bool:
    """Whether evidence meets an expectation as written, to the letter."""
    return parse_expectation(written, WORDS).met(evidence, Slack())


def two_calls(*requests: tuple[Canary, float, float], **more) -> Evidence:
    """Two calls that succeeded, whose requests are (whose, begin, end of the answer)."""
    log = WireLog(lambda: 0.0)
    for canary, started, answered in requests:
        exchange = log.begin_exchange(log.open_socket(), started)
        exchange.headers = [("authorization", f"Bearer {canary.key}")]
        exchange.answered = answered
    calls = [Call(canary, result=Result([Choice(text=canary.text)]), began=0.0, settled=9.0) for canary in (ONE, OTHER)]
    return Evidence(ONE, log, calls=calls, **more)


def test_gaps_of_several_calls_are_those_of_each_calls_own_requests() -> None:
    """However they lie between each other; the least of all counts."""
    evidence = two_calls((ONE, 0.0, 1.0), (OTHER, 0.1, 1.0), (ONE, 3.0, 3.1), (OTHER, 4.0, 4.1), (ONE, 7.0, 7.1))
    assert met("least_gap(1) >= 2", evidence)
    assert not met("least_gap(1) > 2", evidence)
    assert met("most_requests == 3 and requests == 5", evidence)


def test_jitter_is_how_far_apart_waits_are_and_not_requests() -> None:
    """Two calls that begin at different times and wait alike have none; one that did not try again does not count."""
    alike = two_calls((ONE, 0.0, 1.0), (OTHER, 0.9, 1.75), (ONE, 3.0, 3.1), (OTHER, 3.75, 3.8))
    assert met("jitter(1) <= 0", alike)
    apart = two_calls((ONE, 0.0, 1.0), (OTHER, 0.1, 1.0), (ONE, 3.0, 3.1), (OTHER, 4.0, 4.1))
    assert met("jitter(1) >= 1 and jitter(1) <= 1", apart)
    assert not met("jitter(2) >= 0", apart)


def test_a_tenth_at_each_end_is_no_jitter() -> None:
    """Of ten equal waits one that a loaded machine drew out, and one that it cut short, say nothing."""
    canaries = [Canary(f"sk-canary-{number:016}", f"canary-{number}") for number in range(10)]
    log = WireLog(lambda: 0.0)
    for canary, wait in zip(canaries, [2.0] * 8 + [0.5, 9.0], strict=True):
        for started in (0.0, 1.0 + wait):
            exchange = log.begin_exchange(log.open_socket(), started)
            exchange.headers = [("authorization", f"Bearer {canary.key}")]
            exchange.answered = started + 1.0
    evidence = Evidence(canaries[0], log, calls=[Call(canary) for canary in canaries])
    assert met("jitter(1) <= 0", evidence)
    assert met("least_gap(1) <= 0.5", evidence)


def test_waits_grow_when_the_sum_of_the_second_is_larger() -> None:
    """One call may be unlucky; a call without a third request leaves nothing to compare."""
    growing = two_calls(
        (ONE, 0, 0), (ONE, 1, 1), (ONE, 1.5, 1.5), (OTHER, 0, 0), (OTHER, 1, 1), (OTHER, 3.5, 3.5)
    )  # gaps 1, 0.5 and 1, 2.5
    assert met("growth == 1.5", growing)
    assert not met("growth >= 0", two_calls((ONE, 0, 0), (ONE, 1, 1)))


@pytest.mark.parametrize(
    ("keys", "kept"),
    [
        ((None, None, None, None), True),
        (("a", "a", "b", "b"), True),
        (("a", "b", "c", "c"), False),
        (("a", "a", "a", "a"), False),
        (("a", None, "b", "b"), False),
    ],
)
def test_an_idempotency_key_is_one_for_each_call(keys: tuple[str | None, ...], kept: bool) -> None:
    """The same for its attempts, another for another call; none at all is fine."""
    evidence = two_calls((ONE, 0, 0), (ONE, 1, 1), (OTHER, 2, 2), (OTHER, 3, 3))
    for exchange, key in zip(evidence.log.exchanges, keys, strict=True):
        exchange.headers += [] if key is None else [("Idempotency-Key", key)]
    assert met("idempotency_kept", evidence) is kept


def test_each_call_is_to_get_its_own_text() -> None:
    """And is counted by what became of it; the whole run comes to the worst."""
    evidence = two_calls((ONE, 0, 0))
    assert met("own_texts and successes == 2 and failures == 0 and outcome is success", evidence)
    evidence.calls[1].result = Result([Choice(text=ONE.text)])
    assert not met("own_texts", evidence)
    evidence.calls[1].result, evidence.calls[1].failure = None, Failure("quota", code="insufficient_quota")
    assert met("own_texts and outcome is error and failures_of('quota') == 1", evidence)
    assert met("failures_of('insufficient_quota') == 1 and failures_of('rate_limit') == 0", evidence)
    evidence.calls[0].result = evidence.calls[0].settled = None
    assert met("outcome is none", evidence)
    assert not met("longest >= 0 or elapsed >= 0", evidence)


def test_sockets_are_counted_at_the_same_time() -> None:
    """One that closes as another opens makes room."""
    log = WireLog(lambda: 0.0)
    for opened, closed in ((0.0, 1.0), (0.5, 2.0), (1.0, None)):
        socket = log.open_socket()
        socket.opened, socket.closed = opened, closed
    assert met("most_open == 2 and sockets == 3", Evidence(ONE, log))


def test_what_was_sent_is_read_by_its_path() -> None:
    """Values other than texts as JSON with sorted keys; null is told from nothing."""
    log = WireLog(lambda: 0.0)
    exchange = log.begin_exchange(log.open_socket(), 0.0)
    exchange.method, exchange.target = "POST", "/v1/chat/completions?api-version=x"
    exchange.body = bytearray(b'{"messages": [{"role": "user"}, {"b": 1, "a": null}], "n": 2}')
    evidence = Evidence(ONE, log)
    assert met("sent(1, 'messages.0.role') == 'user' and sent(1, 'n') == '2'", evidence)
    assert met("""sent(1, 'messages.1') == '{"a": null, "b": 1}' and sent(1, 'messages.-1.a') == 'null'""", evidence)
    assert met("sent_count(1, 'messages') == 2", evidence)
    assert not met("sent(1, 'messages.0.name') != ''", evidence)
    assert not met("sent(2, 'n') == '2' or sent_count(1, 'n') == 1", evidence)
    assert met("method(1) == 'POST' and query(1) == 'api-version=x' and path(1) == '/v1/chat/completions'", evidence)


def test_a_key_is_to_be_sent_in_one_place_alone() -> None:
    """In the Authorization header; not in the URL, the body or another header, and to nobody else."""
    evidence, second = two_calls((ONE, 0, 0)), WireLog(lambda: 0.0)
    assert not met("key_sent_elsewhere", evidence)
    evidence.log.exchanges[0].target = "/v1?key=sk-one"
    assert met("key_sent_elsewhere", evidence)
    evidence.second = second
    assert not met("second.saw_key", evidence)
    assert met("second.requests == 0", evidence)
    second.begin_exchange(second.open_socket(), 0.0).headers = [("Cookie", "a=b")]
    assert met("second.saw_key and second.requests == 1", evidence)


def test_what_was_handed_out_is_to_be_a_beginning_and_said_once() -> None:
    """Of a program the output is looked at."""
    evidence = two_calls()
    evidence.calls[0].result = None

    def said(*pieces: str) -> bool:
        evidence.calls[0].progress = [(0.0, Progress(1, "delta", text=piece)) for piece in pieces]
        return met("told_once", evidence)

    assert said("Hello", ", 世界")
    assert not said("Hello", ", 世界", "Hello, 世界 🌍 canary-1")
    evidence.stdout = "Hello, 世界 Hello, 世界 🌍 canary-1".encode()
    assert not met("told_once", evidence)


def test_what_was_handed_out_is_a_beginning_of_a_text() -> None:
    """In lines while it ran, in the answer, and in what was left of one that failed."""
    evidence = two_calls()
    call = evidence.calls[0]
    call.result = None
    assert met("beginning_of('Hello')", evidence)
    call.progress = [(0.0, Progress(1, "delta", text="Hel")), (0.1, Progress(1, "delta", text="lo"))]
    assert met("beginning_of('Hello') and beginning_of('Hello, you')", evidence)
    assert not met("beginning_of('Hell')", evidence)
    call.failure = Failure("connection", partial=Partial([Choice("lo")]))
    assert not met("beginning_of('Hello')", evidence)


def test_calls_are_told_the_same_of_every_choice() -> None:
    """No text and an empty one are the same; a tool call of the second choice is not overlooked."""
    evidence = two_calls()
    first, second = evidence.calls
    first.result = Result([Choice(None, "stop"), Choice("b", "stop")])
    second.result = Result([Choice("", "stop"), Choice("b", "stop")])
    assert met("same('choices')", evidence)
    second.result.choices[1].tool_calls.append(ToolCall("call_1", "get_time", "{}"))
    assert met("same('text')", evidence)
    assert not met("same('choices')", evidence)


def test_giving_up_is_timed_from_the_line_that_asks_for_it() -> None:
    """To the final line, and to the last socket that the client lets go of; one that stays open has no time."""
    evidence = two_calls((ONE, 0.0, 0.1))
    call = evidence.calls[0]
    call.cancelled, call.settled = 1.0, 1.5
    assert met("settled_after_cancel >= 0.5 and settled_after_cancel <= 0.5", evidence)
    assert not met("closed_after_cancel >= 0", evidence)
    socket = evidence.log.sockets[0]
    socket.closed, socket.closed_by = 1.2, "client"
    assert met("closed_after_cancel <= 0.21 and late_close <= 0", evidence)
    socket.closed_by = "suite"
    assert not met("closed_after_cancel <= 10", evidence)


def test_tool_calls_and_tools_that_ran_are_read_one_by_one() -> None:
    """Arguments as JSON, whatever their spaces; what ran is known by the lines, too."""
    evidence = two_calls()
    call = ToolCall("call_1", "get_time", '{ "b":1,"a": 2}')
    evidence.calls[0].result = Result([Choice(tool_calls=[call])], ran=[Ran("get_time", {"city": "Oslo"})])
    assert met("tool_calls == 1 and tool_call.id(1) == 'call_1' and tool_call.name(1) == 'get_time'", evidence)
    assert met("""tool_call.arguments(1) == '{"a": 2, "b": 1}' and ran.arguments(1) == '{"city": "Oslo"}'""", evidence)
    assert not met("tool_call.name(2) != ''", evidence)
    evidence.calls[0].result = None
    evidence.calls[0].failure = Failure("other", partial=Partial())
    evidence.calls[0].progress = [(0.0, Progress(1, "tool", name="get_time", arguments='{"city":"Oslo"}'))]
    assert met("""ran == 1 and ran.name(1) == 'get_time' and ran.arguments(1) == '{"city": "Oslo"}'""", evidence)


def test_what_a_client_declares_can_be_asked_for() -> None:
    """Nothing declared is known as such."""
    assert met("declares_attempts and declared_attempts == 3", two_calls(declares=Declares(max_attempts=3)))
    assert met("declares_total_timeout", two_calls(declares=Declares(total_timeout=True)))
    assert not met("declares_attempts or declared_attempts == 3 or declares_total_timeout", two_calls())


def test_what_a_play_measured_is_a_value() -> None:
    """One that it did not measure was not seen."""
    assert met("value('x') == 2", two_calls(values={"x": 2}))
    assert not met("value('y') != 2", two_calls(values={"x": 2}))


def test_what_cannot_be_seen_is_held_against_nobody() -> None:
    """A condition that hangs on it is unknown; a part that is known to be false still counts."""
    evidence = two_calls((ONE, 0, 0), blind=frozenset({"finish", "error.kind"}))
    assert met("finish == 'stop'", evidence)
    assert met("not finish == 'stop'", evidence)
    assert met("requests == 1 and finish == 'stop'", evidence)
    assert not met("requests == 2 and finish == 'stop'", evidence)
    assert met("requests == 2 or finish == 'stop'", evidence)


def test_every_word_says_what_it_means() -> None:
    """In a few words that `explain` shows; what programs show are words of the language."""
    assert all(word.help and len(word.help) < 120 for word in WORDS.values())
    assert set(WORDS) >= SEEN_IN_PROGRAMS
