"""What a run left behind: the wire log, and what the client reported about each of its calls."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.expectations import Expectation, Part
from understudy_harness.conformance.protocol import Choice, Declares, Failure, Progress, Result
from understudy_harness.conformance.wire_log import Exchange, WireLog

_GAPS_SHOWN = 50
_HALF = re.compile("[\ud800-\udfff]")


class Call:
    """One call of a run, and what the client reported of it.

    Attributes:
        canary: what it is recognised by.
        op: what was called.
        result: what the client reported as a success, or None.
        failure: what it reported as an error, or None.
        began: seconds from the begin of the run.
        settled: the same of its final line, None when there was none within the case's window.
        cancelled: the same of the line `cancel`, None when it was not given up.
        progress: lines while it ran, with their times.
        said: everything the driver wrote about it on standard output.
    """

    def __init__(
        self,
        canary: Canary,
        op: str = "chat",
        *,
        result: Result | None = None,
        failure: Failure | None = None,
        began: float = 0.0,
        settled: float | None = None,
        progress: Iterable[tuple[float, Progress]] = (),
        said: bytes = b"",
    ) -> None:
        self.canary = canary
        self.op = op
        self.result = result
        self.failure = failure
        self.began = began
        self.settled = settled
        self.cancelled: float | None = None
        self.progress = list(progress)
        self.said = said

    @property
    def outcome(self) -> str:
        """`success`, `error` or `none`."""
        if self.result is not None:
            return "success"
        return "none" if self.failure is None else "error"

    @property
    def choices(self) -> list[Choice]:
        """The answers, also partial ones."""
        if self.result is not None:
            return self.result.choices
        if self.failure is not None and self.failure.partial is not None:
            return self.failure.partial.choices
        return []


class Evidence:
    """One run of one case.

    Attributes:
        calls: what was asked of the client, at least one.
        log: the wire log.
        second: that of the case's second server; None where it has none.
        blind: names of words that cannot be seen from the seat; what hangs on them is not held against the client.
        complained: everything the client wrote on standard error meanwhile.
        keeps_idle_sockets: whether the client declares that it keeps idle connections for a while.
        lag: the most seconds that the suite itself was late meanwhile.
        doubt: the same, at the moments that are evidence.
        values: what a play has measured, by name.
        declares: what the client has said about itself.
        exit_code, stdout: of the program, in the program's seat.

    Without `calls`, the other arguments are those of the only one.
    """

    def __init__(
        self,
        canary: Canary,
        log: WireLog,
        *,
        calls: Iterable[Call] = (),
        second: WireLog | None = None,
        blind: frozenset[str] = frozenset(),
        result: Result | None = None,
        failure: Failure | None = None,
        settled: float | None = None,
        progress: Iterable[tuple[float, Progress]] = (),
        said: bytes = b"",
        complained: bytes = b"",
        keeps_idle_sockets: bool = False,
        lag: float = 0.0,
        values: dict[str, float] | None = None,
        declares: Declares | None = None,
        exit_code: int | None = None,
        stdout: bytes | None = None,
    ) -> None:
        self.calls = list(calls) or [
            Call(canary, result=result, failure=failure, settled=settled, progress=progress, said=said)
        ]
        self.log = log
        self.second = second
        self.blind = blind
        self.complained = complained
        self.keeps_idle_sockets = keeps_idle_sockets
        self.lag = lag
        self.doubt = 0.0
        self.values = values or {}
        self.declares = declares or Declares()
        self.exit_code = exit_code
        self.stdout = stdout

    @property
    def call(self) -> Call:
        """The first one."""
        return self.calls[0]

    @property
    def canary(self) -> Canary:
        """Of the first call."""
        return self.call.canary

    @property
    def result(self) -> Result | None:
        """Of the first call."""
        return self.call.result

    @property
    def failure(self) -> Failure | None:
        """Of the first call."""
        return self.call.failure

    @property
    def progress(self) -> list[tuple[float, Progress]]:
        """Of all calls, in the order it came."""
        return sorted((line for call in self.calls for line in call.progress), key=lambda line: line[0])

    @property
    def said(self) -> bytes:
        """Of all calls."""
        return b"".join(call.said for call in self.calls)

    @property
    def settled(self) -> float | None:
        """When the last call came to its final line; None when one of them did not."""
        settled = [call.settled for call in self.calls]
        return None if None in settled else max(moment for moment in settled if moment is not None)

    @property
    def outcome(self) -> str:
        """Of the first call that did not succeed, or of all: `success`, `error` or `none`."""
        outcomes = [call.outcome for call in self.calls]
        return next((each for each in ("none", "error") if each in outcomes), "success")

    @property
    def choice(self) -> Choice | None:
        """The first answer of the first call, also a partial one."""
        return self.call.choices[0] if self.call.choices else None

    def masked(self, text: str) -> str:
        """A text without the keys of the run."""
        for call in self.calls:
            text = call.canary.masked(text)
        return text

    def moments(self) -> list[float]:
        """Every time that was taken, in seconds from the begin of the run."""
        taken: list[float | None] = [call.began for call in self.calls]
        for call in self.calls:
            taken += [call.settled, call.cancelled, *(moment for moment, _ in call.progress)]
        for log in filter(None, (self.log, self.second)):
            for exchange in log.exchanges:
                taken += [exchange.started, exchange.read, exchange.answer_started, exchange.answered]
            for socket in log.sockets:
                taken += [socket.opened, socket.closed]
                if socket.frames is not None:
                    taken += [message.at for message in socket.frames.seen]
        return [moment for moment in taken if moment is not None]

    def make_writable(self) -> None:
        """Put U+FFFD for every half of a character in what the client reported, so that reports can be written."""
        for call in self.calls:
            call.result, call.failure = writable(call.result), writable(call.failure)
            call.progress = [(moment, writable(line)) for moment, line in call.progress]

    def exchange(self, number: int) -> Exchange | None:
        """A request with its answer, by the request's number."""
        exchanges = self.log.exchanges
        return exchanges[number - 1] if 0 < number <= len(exchanges) else None

    def exchanges_of(self, call: Call) -> list[Exchange]:
        """The requests that carry the key of a call."""
        return [
            exchange for exchange in self.log.exchanges if call.canary.key in (exchange.header("authorization") or "")
        ]

    def gap(self, number: int) -> float | None:
        """Seconds from the last byte of an answer to the first byte of the next request."""
        return gap_between(self.exchange(number), self.exchange(number + 1))

    def measured(self, expectations: Iterable[Expectation]) -> dict[str, Any]:
        """The values that expectations ask for, as they were seen, every gap, and what a play has measured."""
        values: dict[str, Any] = {"requests": len(self.log.exchanges), **self.values}
        if len(self.calls) == 1:
            for number in range(1, min(len(self.log.exchanges), _GAPS_SHOWN + 1)):
                values[f"gap({number})"] = self.gap(number)
        for expectation in expectations:
            for operand in expectation.operands:
                if operand.word is not None and operand.word.part is not Part.STANDARD:
                    values[operand.spelled] = operand.value(self)
        return {name: self._told(value) for name, value in values.items()}

    def _told(self, value: Any) -> Any:
        """A value as reports may show it: times to the microsecond, texts without the keys."""
        if isinstance(value, float):
            return round(value, 6)
        return self.masked(value) if isinstance(value, str) else value


def writable(value: Any) -> Any:
    """A value whose texts can be written as UTF-8: itself, unless one of them has half of a character in it."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: writable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [writable(each) for each in value]
    if isinstance(value, msgspec.Struct):
        fields = {name: writable(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    return value


def gap_between(before: Exchange | None, after: Exchange | None) -> float | None:
    """Seconds from the last byte of one answer to the first byte of a later request; None without such a pair."""
    if before is None or after is None or before.answered is None:
        return None
    return after.started - before.answered
