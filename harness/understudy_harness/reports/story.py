"""The three lines that matter about a case: what the server did, what the client did, and what was expected."""

from collections import Counter
from typing import NamedTuple

from understudy_harness.conformance.case import Case
from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.frame_log import CLIENT, SERVER
from understudy_harness.conformance.results import CaseResult
from understudy_harness.conformance.wire_log import Exchange, Socket

_REQUESTS_TOLD = 6
_TEXT_TOLD = 60
_TEXTS_TOLD = 3


class Story(NamedTuple):
    """What happened, in words.

    Attributes:
        server: what it answered, in order.
        client: its requests with the waits before them, and what it reported.
        expected: each expectation that was not met, with what was seen in its place.
    """

    server: str
    client: str
    expected: str


def tell(result: CaseResult) -> Story:
    """The story of a case that was run; of one that was not, its reason stands for the client."""
    evidence = result.evidence
    if evidence is None:
        return Story("nothing", result.reason, "")
    case = result.decided
    way = f"in the part {case.part!r} " if case.part else ""
    return Story(way + _server(case, evidence), _client(case, evidence), _expected(result))


def _server(case: Case, evidence: Evidence) -> str:
    scripted = {name.lower() for step in case.serve for name in step.get("headers", ())}
    scripted |= {name.lower() for step in case.socket for name in (step.get("refuse") or {}).get("headers", ())}
    sockets = evidence.log.sockets
    answers = [_answer(exchange, scripted) + _talk(sockets[exchange.socket - 1]) for exchange in evidence.log.exchanges]
    if not answers:
        return "was never asked"
    told: list[tuple[str, int]] = []
    for answer in answers:
        if told and told[-1][0] == answer:
            told[-1] = (answer, told[-1][1] + 1)
        else:
            told.append((answer, 1))
    return ", then ".join(answer if times == 1 else f"{times} times {answer}" for answer, times in told)


def _answer(exchange: Exchange, scripted: set[str]) -> str:
    if exchange.status is None:
        return "nothing"
    shown = [f"{name}: {value}" for name, value in exchange.answer_headers if name.lower() in scripted]
    return f"{exchange.status} ({', '.join(shown)})" if shown else str(exchange.status)


def _talk(socket: Socket) -> str:
    """How much was said over a WebSocket, and how it ended when it was the server that ended it."""
    if socket.frames is None:
        return ""
    events = [seen for seen in socket.frames.by(SERVER) if seen.kind in ("text", "binary")]
    said = f" and {len(events)} event{'' if len(events) == 1 else 's'}"
    first = socket.frames.farewell
    if first is not None and first.by == SERVER:
        return said + f", closed with {first.close_code} {first.close_reason}".rstrip()
    return said + (", dropped" if first is None and socket.closed_by == "server" else "")


def _client(case: Case, evidence: Evidence) -> str:
    count = len(evidence.log.exchanges)
    parts = ["no request" if count == 0 else "1 request" if count == 1 else f"{count} requests"]
    frames = [socket.frames for socket in evidence.log.sockets if socket.frames is not None]
    if frames:
        sent = sum(1 for each in frames for _ in each.by(CLIENT, "text"))
        parts[0] += f" and {sent} event{'' if sent == 1 else 's'}"
    for number in range(1, min(count, _REQUESTS_TOLD)):
        gap = evidence.gap(number)
        parts.append("at the same time" if gap is None else f"{gap:.3f} s later")
    if count > _REQUESTS_TOLD:
        parts.append("and so on")
    return f"{', '.join(parts)}; {_outcome(case, evidence)}"


def _outcome(case: Case, evidence: Evidence) -> str:
    if len(evidence.calls) > 1:
        outcomes = Counter(
            call.outcome if call.failure is None else f"error {call.failure.kind}" for call in evidence.calls
        )
        told = f"of {len(evidence.calls)} calls {', '.join(f'{count} {what}' for what, count in outcomes.items())}"
        return told + _texts(evidence)
    choice = evidence.choice
    text = "" if choice is None or choice.text is None else _shortened(evidence.masked(choice.text))
    if evidence.result is not None:
        return f"success with {text!r}" if choice is not None else "success with nothing in it"
    if evidence.failure is not None:
        message = _shortened(evidence.masked(evidence.failure.message))
        return f"error {evidence.failure.kind} ({message!r})"
    return f"nothing reported within {case.window_s:g} s"


def _texts(evidence: Evidence) -> str:
    """The texts of calls that were to be told the same and were not; empty where they were, or need not be."""
    alike = len({call.canary.key for call in evidence.calls}) == 1 and len(evidence.calls) <= _TEXTS_TOLD
    if not alike or evidence.outcome != "success":
        return ""
    texts = [(call.choices[0].text or "" if call.choices else "") for call in evidence.calls]
    return f", with {', then '.join(repr(_shortened(text)) for text in texts)}" if len(set(texts)) > 1 else ""


def _expected(result: CaseResult) -> str:
    case, measured = result.decided, result.measured
    told = []
    for expectation in case.must + case.should:
        if expectation.written in result.judgement.unmet:
            words = [operand.spelled for operand in expectation.operands if operand.spelled in measured]
            told.append(f"{expectation.written}, but {', '.join(f'{word} {_value(measured[word])}' for word in words)}")
    return "; ".join(told)


def _value(value: object) -> str:
    if value is None:
        return "was not seen"
    if isinstance(value, float):
        return f"was {value:.3f}"
    return f"was {_shortened(value)!r}" if isinstance(value, str) else f"was {value!r}"


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT_TOLD else f"{text[: _TEXT_TOLD - 1]}…"
