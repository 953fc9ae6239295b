"""What a run left behind, and the words by which expectations ask for it."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from understudy_harness.conformance.expectations import Expectation, Kind, Part, Word
from understudy_harness.conformance.protocol import Choice, Failure, Progress, Result
from understudy_harness.conformance.standard import Canary
from understudy_harness.conformance.wire_log import Exchange, WireLog

_UNCLOSED = re.compile(
    rb"ResourceWarning|[Uu]nclosed (?:client|socket|connection|transport|event loop|resource)|was never awaited"
    rb"|[Cc]onnection leak|leaked (?:socket|connection)|MaxListenersExceededWarning"
)


class Evidence:
    """One run of one case.

    Attributes:
        canary: what the run is recognised by.
        log: the wire log.
        result: what the client reported as a success, or None.
        failure: what it reported as an error, or None.
        settled: seconds from the run line to the final line, None when there was none within the case's window.
        progress: lines while it ran, with their times.
        said: everything the driver wrote about the run on standard output.
        complained: everything it wrote on standard error meanwhile.
        lag: the most seconds that the suite itself was late meanwhile.
    """

    def __init__(
        self,
        canary: Canary,
        log: WireLog,
        *,
        result: Result | None = None,
        failure: Failure | None = None,
        settled: float | None = None,
        progress: Iterable[tuple[float, Progress]] = (),
        said: bytes = b"",
        complained: bytes = b"",
        lag: float = 0.0,
    ) -> None:
        self.canary = canary
        self.log = log
        self.result = result
        self.failure = failure
        self.settled = settled
        self.progress = list(progress)
        self.said = said
        self.complained = complained
        self.lag = lag

    @property
    def outcome(self) -> str:
        """`success`, `error` or `none`."""
        if self.result is not None:
            return "success"
        return "none" if self.failure is None else "error"

    @property
    def choice(self) -> Choice | None:
        """The first answer, also a partial one."""
        choices = self.result.choices if self.result is not None else []
        if self.failure is not None and self.failure.partial is not None:
            choices = self.failure.partial.choices
        return choices[0] if choices else None

    def exchange(self, number: int) -> Exchange | None:
        """A request with its answer, by the request's number."""
        exchanges = self.log.exchanges
        return exchanges[number - 1] if 0 < number <= len(exchanges) else None

    def gap(self, number: int) -> float | None:
        """Seconds from the last byte of an answer to the first byte of the next request."""
        before, after = self.exchange(number), self.exchange(number + 1)
        if before is None or after is None or before.answered is None:
            return None
        return after.started - before.answered

    def measured(self, expectations: Iterable[Expectation]) -> dict[str, Any]:
        """The values that expectations ask for, as they were seen, and every gap."""
        values: dict[str, Any] = {"requests": len(self.log.exchanges)}
        for number in range(1, min(len(self.log.exchanges), _GAPS_SHOWN + 1)):
            values[f"gap({number})"] = self.gap(number)
        for expectation in expectations:
            for operand in expectation.operands:
                if operand.word is not None and operand.word.part is not Part.STANDARD:
                    values[operand.spelled] = operand.value(self)
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}


_GAPS_SHOWN = 50


def _start(evidence: Evidence, number: int) -> float | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else exchange.started


def _body(evidence: Evidence, number: int) -> bytes | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else bytes(exchange.body)


def _header(evidence: Evidence, number: int, name: str) -> str | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else exchange.header(name)


def _path(evidence: Evidence, number: int) -> str | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else exchange.path


def _choice(evidence: Evidence, field: str) -> Any:
    return getattr(evidence.choice, field, None)


def _usage(evidence: Evidence, field: str) -> Any:
    return getattr(None if evidence.result is None else evidence.result.usage, field, None)


def _keeps_secret(evidence: Evidence) -> bool:
    key = evidence.canary.key.encode()
    return key not in evidence.complained and key not in evidence.said


def _sockets_closed_within(evidence: Evidence, seconds: float) -> bool:
    if evidence.settled is None:
        return True  # a run that hangs was cut off by the suite, sockets and all
    latest = evidence.settled + seconds
    return all(
        socket.closed is not None and socket.closed_by != "suite" and socket.closed <= latest
        for socket in evidence.log.sockets
    )


def _no_late_request(evidence: Evidence) -> bool:
    settled = evidence.settled
    return settled is None or all(exchange.started <= settled for exchange in evidence.log.exchanges)


def _keeps_quiet(evidence: Evidence) -> bool:
    return _UNCLOSED.search(evidence.complained) is None


def _failure(field: str) -> Callable[[Evidence], Any]:
    return lambda evidence: getattr(evidence.failure, field, None)


def _word(kind: Kind, part: Part, help: str, read: Callable[..., Any], *parameters: Kind) -> Word:
    return Word(kind, part, parameters, help, read)


WORDS: dict[str, Word] = {
    "requests": _word(Kind.NUMBER, Part.WIRE, "requests seen", lambda seen: len(seen.log.exchanges)),
    "sockets": _word(Kind.NUMBER, Part.WIRE, "connections opened", lambda seen: len(seen.log.sockets)),
    "gap": _word(Kind.SECONDS, Part.WIRE, "end of answer k to begin of request k+1", Evidence.gap, Kind.PLACE),
    "start": _word(Kind.SECONDS, Part.WIRE, "begin of the run to begin of request k", _start, Kind.PLACE),
    "body": _word(Kind.BYTES, Part.WIRE, "body of request k", _body, Kind.PLACE),
    "header": _word(Kind.TEXT, Part.WIRE, "a header of request k", _header, Kind.PLACE, Kind.TEXT),
    "path": _word(Kind.TEXT, Part.WIRE, "path of request k", _path, Kind.PLACE),
    "elapsed": _word(Kind.SECONDS, Part.WIRE, "begin of the run to its final line", lambda seen: seen.settled),
    "outcome": _word(Kind.OUTCOME, Part.REPORT, "what the run came to", lambda seen: seen.outcome),
    "text": _word(Kind.TEXT, Part.REPORT, "text of the first choice", lambda seen: _choice(seen, "text")),
    "finish": _word(Kind.TEXT, Part.REPORT, "its finish reason", lambda seen: _choice(seen, "finish")),
    "usage.input": _word(Kind.NUMBER, Part.REPORT, "prompt tokens", lambda seen: _usage(seen, "tokens_in")),
    "usage.output": _word(Kind.NUMBER, Part.REPORT, "completion tokens", lambda seen: _usage(seen, "tokens_out")),
    "error.kind": _word(Kind.TEXT, Part.REPORT, "the driver's word for the error", _failure("kind")),
    "error.status": _word(Kind.NUMBER, Part.REPORT, "its HTTP status", _failure("status")),
    "error.code": _word(Kind.TEXT, Part.REPORT, "its code", _failure("code")),
    "error.message": _word(Kind.TEXT, Part.REPORT, "the client's own words", _failure("message")),
    "error.type": _word(Kind.TEXT, Part.REPORT, "the client's name for it", _failure("type")),
    "error.request_id": _word(Kind.TEXT, Part.REPORT, "the request id in it", _failure("request_id")),
    "error.retry_after_s": _word(
        Kind.NUMBER, Part.REPORT, "the wait that can be read from it", _failure("retry_after_s")
    ),
    "ok.text": _word(Kind.TEXT, Part.STANDARD, "text of the standard answer", lambda seen: seen.canary.text),
    "no_secret": _word(Kind.TRUTH, Part.TIDY, "the key shows up nowhere but on the wire", _keeps_secret),
    "no_late_request": _word(Kind.TRUTH, Part.TIDY, "no request begins after the final line", _no_late_request),
    "no_unclosed_warning": _word(Kind.TRUTH, Part.TIDY, "nothing is printed about unclosed things", _keeps_quiet),
    "sockets_closed_within": _word(
        Kind.TRUTH,
        Part.TIDY,
        "sockets are closed so many seconds after the final line",
        _sockets_closed_within,
        Kind.NUMBER,
    ),
}
"""Every word of the language of expectations."""
