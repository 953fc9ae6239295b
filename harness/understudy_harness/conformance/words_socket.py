"""Words about WebSockets: what passed over them, and what a client of them reports."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.expectations import Kind, Part, Word
from understudy_harness.conformance.frame_log import CLIENT, SERVER, FrameLog, Seen
from understudy_harness.conformance.protocol import Progress
from understudy_harness.conformance.wire_log import Exchange
from understudy_harness.conformance.words_wire import at_path, canonical

_wire = partial(Word, part=Part.WIRE)
_report = partial(Word, part=Part.REPORT)


def _dialled(evidence: Evidence) -> list[Exchange]:
    """Upgrades that were asked for."""
    return [each for each in evidence.log.exchanges if (each.header("upgrade") or "").lower() == "websocket"]


def _connections(evidence: Evidence) -> list[FrameLog]:
    return [socket.frames for socket in evidence.log.sockets if socket.frames is not None]


def _seen(evidence: Evidence, side: str, kind: str) -> Iterator[Seen]:
    for frames in _connections(evidence):
        yield from frames.by(side, kind)


def _events(evidence: Evidence, side: str, type: str) -> list[Seen]:
    return [each for each in _seen(evidence, side, "text") if each.type == type]


def _sent(evidence: Evidence, type: str) -> int:
    return len(_events(evidence, CLIENT, type))


def _got(evidence: Evidence, type: str) -> int:
    return len(_events(evidence, SERVER, type))


def _field(evidence: Evidence, type: str, number: int, path: str) -> Any:
    events = _events(evidence, CLIENT, type)
    return at_path(events[number - 1].event, path) if number <= len(events) else None


def _text_field(evidence: Evidence, type: str, number: int, path: str) -> str | None:
    value = _field(evidence, type, number, path)
    return None if value is None else canonical(value)


def _most(evidence: Evidence, type: str, path: str) -> float | None:
    """The greatest number that stands at a path in any event of a type."""
    values = [at_path(each.event, path) for each in _events(evidence, CLIENT, type)]
    return max((each for each in values if isinstance(each, int | float)), default=None)


def _first(evidence: Evidence, dial: int) -> str | None:
    """Type of the client's first event on a connection."""
    connections = _connections(evidence)
    if dial > len(connections):
        return None
    return next((each.type for each in connections[dial - 1].by(CLIENT, "text")), None)


def _first_field(evidence: Evidence, dial: int, path: str) -> str | None:
    """What stands at a path in the client's first event on a connection."""
    connections = _connections(evidence)
    first = next(connections[dial - 1].by(CLIENT, "text"), None) if dial <= len(connections) else None
    value = None if first is None else at_path(first.event, path)
    return None if value is None else canonical(value)


def _pings(evidence: Evidence) -> int:
    return sum(1 for _ in _seen(evidence, SERVER, "ping"))


def _slowest_pong(evidence: Evidence) -> float | None:
    """Of all pings; None when one has no pong with the same payload."""
    waits = []
    for frames in _connections(evidence):
        for ping in frames.by(SERVER, "ping"):
            pong = next((each for each in frames.by(CLIENT, "pong") if each.data == ping.data), None)
            if pong is None:
                return None
            waits.append(pong.at - ping.at)
    return max(waits, default=None)


def _closed_with(evidence: Evidence, code: int) -> int:
    """Close frames of the client with a code."""
    return sum(each.close_code == code for each in _seen(evidence, CLIENT, "close"))


def _reused_ids(evidence: Evidence) -> int:
    """Items that the client adds on a later connection under an id that the server gave on an earlier one."""
    known: set[str] = set()
    reused = 0
    for frames in _connections(evidence):
        added = _item_ids(frames, SERVER, "conversation.item.added")
        given = _item_ids(frames, CLIENT, "conversation.item.create")
        reused += sum(id in known for id in given)
        known |= set(added) - set(given)
    return reused


def _item_ids(frames: FrameLog, side: str, type: str) -> list[str]:
    items = [each.event.get("item") for each in frames.by(side, "text") if each.type == type]
    return [item["id"] for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]


def _progress(evidence: Evidence, event: str) -> list[Progress]:
    return [line for _, line in evidence.call.progress if line.event == event]


def _told(evidence: Evidence, words: str) -> bool:
    """Whether words stand in an error that the application was told of, the last one or one on the way."""
    told = [f"{line.code} {line.text}" for line in _progress(evidence, "error")]
    failure = evidence.failure
    if failure is not None:
        told.append(f"{failure.kind} {failure.status} {failure.code} {failure.type} {failure.message}")
    return any(words.lower() in each.lower() for each in told)


def _close(evidence: Evidence) -> Seen | None:
    """The first close frame with which the server closed."""
    farewells = (frames.farewell for frames in _connections(evidence))
    return next((each for each in farewells if each is not None and each.by == SERVER), None)


def _code_told(evidence: Evidence) -> bool:
    close = _close(evidence)
    return close is not None and _told(evidence, str(close.close_code))


def _reason_told(evidence: Evidence) -> bool:
    close = _close(evidence)
    return close is not None and _told(evidence, close.close_reason)


def _heard(evidence: Evidence) -> int:
    return sum(line.size or 0 for line in _progress(evidence, "audio"))


def _heard_of(evidence: Evidence, name: str) -> int | None:
    """Bytes of sound of the response of a name; None where the client tells of no line what it is of."""
    lines = _progress(evidence, "audio")
    if not any(line.item for line in lines):
        return None
    return sum(line.size or 0 for line in lines if (line.item or "").endswith(f"_{name}"))


def _answered(evidence: Evidence, text: str) -> bool:
    return any(choice.text == text for choice in evidence.call.choices)


def _said_ok(evidence: Evidence) -> bool:
    """Whether one of the answers is the standard one, and not cut off."""
    return any(
        choice.text == evidence.canary.text and choice.finish in (None, "completed") for choice in evidence.call.choices
    )


def _passes_for_whole(evidence: Evidence, text: str) -> bool:
    """Whether an answer that begins with the text is reported as completed."""
    return any(
        choice.finish == "completed" and (choice.text or "").startswith(text) for choice in evidence.call.choices
    )


SOCKET_WORDS: dict[str, Word] = {
    "ws.dials": _wire(
        Kind.NUMBER, help="WebSocket upgrades asked for", read=lambda seen: len(_dialled(seen)), parameters=()
    ),
    "ws.sent": _wire(Kind.NUMBER, help="events of a type from the client", read=_sent, parameters=(Kind.TEXT,)),
    "ws.got": _wire(Kind.NUMBER, help="events of a type from the server", read=_got, parameters=(Kind.TEXT,)),
    "ws.field": _wire(
        Kind.TEXT, help="what stands at a path in the client's kth event of a type", read=_text_field,
        parameters=(Kind.TEXT, Kind.PLACE, Kind.TEXT),
    ),
    "ws.most": _wire(
        Kind.NUMBER, help="the greatest number at a path in the client's events of a type", read=_most,
        parameters=(Kind.TEXT, Kind.TEXT),
    ),
    "ws.first": _wire(
        Kind.TEXT, help="type of the client's first event on connection k", read=_first, parameters=(Kind.PLACE,)
    ),
    "ws.first_field": _wire(
        Kind.TEXT, help="what stands at a path in the client's first event on connection k", read=_first_field,
        parameters=(Kind.PLACE, Kind.TEXT),
    ),
    "ws.pings": _wire(Kind.NUMBER, help="pings of the server", read=_pings, parameters=()),
    "ws.slowest_pong": _wire(
        Kind.SECONDS, help="from a ping to the pong with its payload, of the slowest; no value when one is missing",
        read=_slowest_pong, parameters=(),
    ),
    "ws.closed_with": _wire(
        Kind.NUMBER, help="close frames of the client with a code", read=_closed_with, parameters=(Kind.NUMBER,)
    ),
    "ws.reused_ids": _wire(
        Kind.NUMBER, help="items added under an id that the server gave on an earlier connection", read=_reused_ids,
        parameters=(),
    ),
    "told": _report(
        Kind.TRUTH, help="an error that the application was told of has these words", read=_told,
        parameters=(Kind.TEXT,),
    ),
    # No parts of the report: who was told of the end, but not why, was not left in silence.
    "close_code_told": _wire(
        Kind.TRUTH, help="the code of the server's close frame stands in such an error", read=_code_told, parameters=()
    ),
    "close_reason_told": _wire(
        Kind.TRUTH, help="the reason in the server's close frame stands in such an error", read=_reason_told,
        parameters=(),
    ),
    # No part of the report: an error too many is nothing that was kept silent about.
    "errors_told": _wire(
        Kind.NUMBER, help="errors that did not end the run", read=lambda seen: len(_progress(seen, "error")),
        parameters=(),
    ),
    "heard": _report(Kind.NUMBER, help="bytes of sound that the application was given", read=_heard, parameters=()),
    "heard_of": _report(
        Kind.NUMBER, help="the same of the response of a name; no value where the client does not tell",
        read=_heard_of, parameters=(Kind.TEXT,),
    ),
    "has_answer": _report(
        Kind.TRUTH, help="one of the answers has exactly this text", read=_answered, parameters=(Kind.TEXT,)
    ),
    "has_ok_answer": _report(
        Kind.TRUTH, help="one of the answers is the standard one and not cut off", read=_said_ok, parameters=()
    ),
    "passes_for_whole": _report(
        Kind.TRUTH, help="an answer that begins so is reported as completed", read=_passes_for_whole,
        parameters=(Kind.TEXT,),
    ),
}  # fmt: skip
"""Each with what it reads."""
