"""Words about the wire: requests, their times, what is in them, and sockets."""

import json
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from understudy_harness.conformance.evidence import Evidence, gap_between
from understudy_harness.conformance.expectations import Kind, Part, Word
from understudy_harness.conformance.wire_log import Socket

_wire = partial(Word, part=Part.WIRE)


def canonical(value: Any) -> str:
    """A JSON value as one text, whatever the order of keys and the spaces; a text is itself."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def at_path(value: Any, path: str) -> Any:
    """What stands at `messages.1.role` in a JSON value; None when there is nothing."""
    for step in path.split("."):
        if isinstance(value, list) and step.lstrip("-").isdigit():
            place = int(step)
            value = value[place] if -len(value) <= place < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def _start(evidence: Evidence, number: int) -> float | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else exchange.started


def _body(evidence: Evidence, number: int) -> bytes | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else bytes(exchange.body)


def _header(evidence: Evidence, number: int, name: str) -> str | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else exchange.header(name)


def _headers_named(evidence: Evidence, number: int, name: str) -> int | None:
    """How often a header was sent."""
    exchange = evidence.exchange(number)
    if exchange is None:
        return None
    return sum(spelled.lower() == name.lower() for spelled, _ in exchange.headers)


def _path(evidence: Evidence, number: int) -> str | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else exchange.path


def _query(evidence: Evidence, number: int) -> str | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else urlsplit(exchange.target).query


def _method(evidence: Evidence, number: int) -> str | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else exchange.method


def _sent(evidence: Evidence, number: int, path: str) -> str | None:
    """What stands in the JSON of a request; None when it is not there, "null" when it is null."""
    exchange = evidence.exchange(number)
    if exchange is None:
        return None
    try:
        value = json.loads(bytes(exchange.body))
    except ValueError:
        return None
    parent, _, last = path.rpartition(".")
    owner = at_path(value, parent) if parent else value
    if isinstance(owner, dict) and last in owner and owner[last] is None:
        return "null"
    found = at_path(value, path)
    return None if found is None else canonical(found)


def _sent_count(evidence: Evidence, number: int, path: str) -> int | None:
    """How many members a list in the JSON of a request has."""
    exchange = evidence.exchange(number)
    if exchange is None:
        return None
    try:
        value = at_path(json.loads(bytes(exchange.body)), path)
    except ValueError:
        return None
    return len(value) if isinstance(value, list) else None


def _most_open(evidence: Evidence) -> int:
    """The most sockets that were open at the same time."""
    moments = [(socket.opened, 1) for socket in evidence.log.sockets]
    moments += [(socket.closed, -1) for socket in evidence.log.sockets if socket.closed is not None]
    most = open_ = 0
    # One that is closed at the very moment another is opened makes room for it.
    for _, change in sorted(moments):
        open_ += change
        most = max(most, open_)
    return most


def _socket_of(evidence: Evidence, number: int) -> Socket | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else evidence.log.sockets[exchange.socket - 1]


def _socket_closed(evidence: Evidence, number: int) -> float | None:
    """When the client let go of the socket of a request; None when it did not."""
    socket = _socket_of(evidence, number)
    return None if socket is None or socket.closed_by != "client" else socket.closed


def _closed_after_cancel(evidence: Evidence) -> float | None:
    """From the line `cancel` to the last socket that the client let go of; None while one is open."""
    cancelled = evidence.call.cancelled
    closed = [socket.closed if socket.closed_by == "client" else None for socket in evidence.log.sockets]
    if cancelled is None or not closed or None in closed:
        return None
    return max(0.0, max(moment for moment in closed if moment is not None) - cancelled)


def _least_gap(evidence: Evidence, number: int) -> float | None:
    """Of all calls."""
    gaps = []
    for call in evidence.calls:
        exchanges = evidence.exchanges_of(call)
        if len(exchanges) > number:
            gaps.append(gap_between(exchanges[number - 1], exchanges[number]))
    known = [gap for gap in gaps if gap is not None]
    return min(known, default=None)


def _jitter(evidence: Evidence, number: int) -> float | None:
    """How far apart the calls' gaps are, without the tenth that is least and the tenth that is most.

    Not how far apart the requests are: a client that is slow to make twenty calls is as slow when it makes them again,
    and its waits are all the same. What a machine under load does to one or two of them is in the tenths.
    """
    gaps = []
    for call in evidence.calls:
        exchanges = evidence.exchanges_of(call)
        gap = gap_between(*exchanges[number - 1 : number + 1]) if len(exchanges) > number else None
        if gap is not None:
            gaps.append(gap)
    cut = len(gaps) // 10
    inner = sorted(gaps)[cut : len(gaps) - cut]
    return inner[-1] - inner[0] if len(inner) > 1 else None


def _most_requests(evidence: Evidence) -> int:
    """Requests of the call that made the most."""
    return max(len(evidence.exchanges_of(call)) for call in evidence.calls)


def _second_requests(evidence: Evidence) -> int | None:
    return None if evidence.second is None else len(evidence.second.exchanges)


def _second_saw_key(evidence: Evidence) -> bool:
    """Whether the key, or a header that carries keys, arrived at the other origin."""
    if evidence.second is None:
        return False
    keys = [call.canary.key for call in evidence.calls]
    for exchange in evidence.second.exchanges:
        names = {name.lower() for name, _ in exchange.headers}
        if names & {"authorization", "api-key", "x-api-key", "cookie"}:
            return True
        seen = (
            exchange.target + "".join(value for _, value in exchange.headers) + bytes(exchange.body).decode("latin-1")
        )
        if any(key in seen for key in keys):
            return True
    return False


def _key_sent_elsewhere(evidence: Evidence) -> bool:
    """Whether the key stands anywhere in a request but in its Authorization header."""
    for call in evidence.calls:
        key = call.canary.key
        for exchange in evidence.log.exchanges:
            others = "".join(value for name, value in exchange.headers if name.lower() != "authorization")
            if key in exchange.target or key in others or key.encode() in exchange.body:
                return True
    return False


def _empty_headers(evidence: Evidence) -> int:
    return sum(not value for exchange in evidence.log.exchanges for _, value in exchange.headers)


def _answered(evidence: Evidence, number: int) -> float | None:
    exchange = evidence.exchange(number)
    return None if exchange is None else exchange.answered


def _growth(evidence: Evidence) -> float | None:
    """How much longer the calls waited before their third request than before their second, all added up."""
    sums = [0.0, 0.0]
    for call in evidence.calls:
        exchanges = evidence.exchanges_of(call)
        for place in (0, 1):
            gap = gap_between(*exchanges[place : place + 2]) if len(exchanges) > place + 1 else None
            if gap is None:
                return None
            sums[place] += gap
    return sums[1] / sums[0] if sums[0] > 0 else None


def _idempotency_kept(evidence: Evidence) -> bool:
    """Whether an idempotency key, where one is sent, is the same in all requests of a call and in no other call's."""
    kept: set[str] = set()
    for call in evidence.calls:
        keys = {exchange.header("idempotency-key") for exchange in evidence.exchanges_of(call)}
        if len(keys) > 1:
            return False
        known = keys - {None}
        if known & kept:
            return False
        kept |= {key for key in known if key is not None}
    return True


def _late_close(evidence: Evidence) -> float | None:
    """From the last final line to the last socket that the client let go of; None while one is open."""
    settled = evidence.settled
    closed = [socket.closed if socket.closed_by == "client" else None for socket in evidence.log.sockets]
    if settled is None or not closed or None in closed:
        return None
    return max(0.0, max(moment for moment in closed if moment is not None) - settled)


def _declared_attempts(evidence: Evidence) -> int | None:
    return evidence.declares.max_attempts


def _declares_attempts(evidence: Evidence) -> bool:
    return evidence.declares.max_attempts is not None


def _declares_total_timeout(evidence: Evidence) -> bool:
    return evidence.declares.total_timeout is True


def _value(evidence: Evidence, name: str) -> float | None:
    return evidence.values.get(name)


WIRE_WORDS: dict[str, Word] = {
    "requests": _wire(Kind.NUMBER, help="requests seen", read=lambda seen: len(seen.log.exchanges), parameters=()),
    "sockets": _wire(Kind.NUMBER, help="connections opened", read=lambda seen: len(seen.log.sockets), parameters=()),
    "most_open": _wire(Kind.NUMBER, help="connections open at the same time", read=_most_open, parameters=()),
    "most_requests": _wire(Kind.NUMBER, help="requests of the call with the most", read=_most_requests, parameters=()),
    "gap": _wire(
        Kind.SECONDS, help="end of answer k to begin of request k+1", read=Evidence.gap, parameters=(Kind.PLACE,)
    ),
    "least_gap": _wire(
        Kind.SECONDS, help="the least gap k of all calls, each by its own requests", read=_least_gap,
        parameters=(Kind.PLACE,),
    ),
    "jitter": _wire(
        Kind.SECONDS, help="least to most of all calls' gaps k, each by its own requests, without a tenth at each end",
        read=_jitter, parameters=(Kind.PLACE,),
    ),
    "start": _wire(
        Kind.SECONDS, help="begin of the run to begin of request k", read=_start, parameters=(Kind.PLACE,)
    ),
    "body": _wire(Kind.BYTES, help="body of request k", read=_body, parameters=(Kind.PLACE,)),
    "sent": _wire(
        Kind.TEXT, help="what stands at a path (`messages.1.role`) in the JSON of request k", read=_sent,
        parameters=(Kind.PLACE, Kind.TEXT),
    ),
    "sent_count": _wire(
        Kind.NUMBER, help="members of the list at a path in the JSON of request k", read=_sent_count,
        parameters=(Kind.PLACE, Kind.TEXT),
    ),
    "header": _wire(Kind.TEXT, help="a header of request k", read=_header, parameters=(Kind.PLACE, Kind.TEXT)),
    "headers_named": _wire(
        Kind.NUMBER, help="how often request k has a header", read=_headers_named, parameters=(Kind.PLACE, Kind.TEXT)
    ),
    "empty_headers": _wire(Kind.NUMBER, help="headers without a value", read=_empty_headers, parameters=()),
    "path": _wire(Kind.TEXT, help="path of request k", read=_path, parameters=(Kind.PLACE,)),
    "query": _wire(Kind.TEXT, help="query of request k, empty for none", read=_query, parameters=(Kind.PLACE,)),
    "method": _wire(Kind.TEXT, help="method of request k", read=_method, parameters=(Kind.PLACE,)),
    "closed": _wire(
        Kind.SECONDS, help="begin of the run to the client's closing of the socket of request k", read=_socket_closed,
        parameters=(Kind.PLACE,),
    ),
    "closed_after_cancel": _wire(
        Kind.SECONDS, help="from giving up to the client's closing of its last socket", read=_closed_after_cancel,
        parameters=(),
    ),
    "key_sent_elsewhere": _wire(
        Kind.TRUTH, help="the key stands in a request outside its Authorization header", read=_key_sent_elsewhere,
        parameters=(),
    ),
    "second.requests": _wire(Kind.NUMBER, help="requests at the second server", read=_second_requests, parameters=()),
    "second.saw_key": _wire(
        Kind.TRUTH, help="the key, or a header for keys, came to the second server", read=_second_saw_key, parameters=()
    ),
    "answered": _wire(
        Kind.SECONDS, help="begin of the run to the last byte of answer k", read=_answered, parameters=(Kind.PLACE,)
    ),
    "growth": _wire(
        Kind.NUMBER, help="all calls' gap 2 by their gap 1", read=_growth, parameters=()
    ),
    "late_close": _wire(
        Kind.SECONDS, help="from the final line to the client's closing of its last socket", read=_late_close,
        parameters=(),
    ),
    "idempotency_kept": _wire(
        Kind.TRUTH, help="an Idempotency-Key, where sent, is one for each call", read=_idempotency_kept, parameters=()
    ),
    "declares_attempts": _wire(
        Kind.TRUTH, help="the driver has declared max_attempts", read=_declares_attempts, parameters=()
    ),
    "declared_attempts": _wire(
        Kind.NUMBER, help="max_attempts as the driver has declared them", read=_declared_attempts, parameters=()
    ),
    "declares_total_timeout": _wire(
        Kind.TRUTH, help="the driver has declared a limit on the whole call", read=_declares_total_timeout,
        parameters=(),
    ),
    "value": _wire(Kind.NUMBER, help="what the play has measured", read=_value, parameters=(Kind.TEXT,)),
}  # fmt: skip
"""Each with what it reads."""
