from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.evidence import Call, Evidence
from understudy_harness.conformance.expectation_reader import parse_expectation
from understudy_harness.conformance.expectations import Slack
from understudy_harness.conformance.wire_log import WireLog
from understudy_harness.conformance.words import WORDS

CANARY = Canary("sk-one", "canary-1")


def met(expression: str, evidence: Evidence) -> bool:
    return parse_expectation(expression, WORDS).met(evidence, Slack())


def evidence(*requests: tuple[float, bytes, dict[str, str], bytes]) -> Evidence:
    """Requests as (start, body, headers of the answer, body of the answer), each refused a tenth of a second later."""
    log = WireLog(lambda: 0.0)
    for started, body, headers, answer in requests:
        exchange = log.begin_exchange(log.open_socket(), started)
        exchange.headers, exchange.body = [("Authorization", "Bearer sk-one")], bytearray(body)
        exchange.answer_started = exchange.answered = started + 0.1
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        exchange.answer = bytearray(f"HTTP/1.1 429 Too Many Requests\r\n{lines}\r\n".encode() + answer)
    return Evidence(CANARY, log, calls=[Call(CANARY)])


def test_a_retry_is_a_request_that_says_the_same_again() -> None:
    """Another call of the same key is none; the hastiest counts, and the least of the waits that were named."""
    seen = evidence(
        (0.0, b"a", {"Retry-After": "1"}, b""),
        (0.2, b"b", {"Retry-After": "2", "retry-after-ms": "1500"}, b""),
        (1.5, b"a", {}, b""),
        (1.6, b"b", {}, b""),
        (2.0, b"a", {}, b""),
    )
    assert met("told_waits == 2 and patience <= -0.19 and patience >= -0.21", seen)


def test_without_a_named_wait_there_is_nothing_to_keep() -> None:
    """And no patience was seen; a date is no number of seconds."""
    seen = evidence((0.0, b"a", {"Retry-After": "Mon, 30 Nov 2026 05:35:23 GMT"}, b""), (0.2, b"a", {}, b""))
    assert met("told_waits == 0", seen)
    assert not met("patience >= -100", seen)


def test_a_retry_after_a_quota_is_used_up_is_known() -> None:
    """By the answer to the request that it repeats."""
    gone = b'{"error": {"code": "insufficient_quota"}}'
    seen = evidence((0.0, b"a", {}, gone), (0.2, b"b", {}, gone), (0.3, b"a", {}, b""), (0.4, b"a", {}, b""))
    assert met("quota_retries == 1", seen)
