"""Words about the life of an account: which requests are retries of which, and whether they waited and were any use."""

from collections.abc import Iterator
from functools import partial

from understudy_harness.conformance.evidence import Evidence, gap_between
from understudy_harness.conformance.expectations import Kind, Part, Word
from understudy_harness.conformance.wire_log import Exchange

_wire = partial(Word, part=Part.WIRE, parameters=())


def _repeats(evidence: Evidence) -> Iterator[tuple[Exchange, Exchange]]:
    """Each request that says what an earlier one has said, with the last such one."""
    said: dict[tuple[str | None, bytes], Exchange] = {}
    for exchange in evidence.log.exchanges:
        content = exchange.header("authorization"), bytes(exchange.body)
        if content in said:
            yield said[content], exchange
        said[content] = exchange


def _wait(answer: Exchange) -> float | None:
    """The least wait that a refusal names, in seconds; None where it names none."""
    told = []
    for name, value in answer.answer_headers:
        unit = {"retry-after": 1.0, "retry-after-ms": 0.001}.get(name.lower())
        if unit is not None and value.replace(".", "", 1).isdigit():
            told.append(float(value) * unit)
    return min(told, default=None) if answer.status == 429 else None


def _patience(evidence: Evidence) -> float | None:
    """By how much the hastiest retry came later than it was told to."""
    kept = []
    for before, after in _repeats(evidence):
        wait, gap = _wait(before), gap_between(before, after)
        if wait is not None and gap is not None:
            kept.append(gap - wait)
    return min(kept, default=None)


def _told_waits(evidence: Evidence) -> int:
    return sum(_wait(before) is not None for before, _ in _repeats(evidence))


def _quota_retries(evidence: Evidence) -> int:
    return sum(_is_quota(before) for before, _ in _repeats(evidence))


def _is_quota(answer: Exchange) -> bool:
    # The log has the bytes of the whole answer, in which this text can be nothing else than type and code.
    return answer.status == 429 and b'"insufficient_quota"' in answer.answer


LIFE_WORDS: dict[str, Word] = {
    "told_waits": _wire(
        Kind.NUMBER, help="retries (requests that repeat another) after a 429 that named a wait", read=_told_waits
    ),
    "patience": _wire(
        Kind.SECONDS, help="by how much the hastiest of those came later than it was told to", read=_patience
    ),
    "quota_retries": _wire(
        Kind.NUMBER, help="retries after a 429 with the code insufficient_quota", read=_quota_retries
    ),
}
"""Each with what it reads."""
