"""Reading how a fault has an answer handed over, from plain tables; `faults` explains the language.

Whatever is wrong is raised as `ValueError(key, problem)`.
"""

import re
from collections.abc import Mapping
from typing import Any

from understudy.core.clock import DAY, HOUR, MINUTE, SECOND
from understudy.core.fault_delivery import Cut, Delivery, Stall
from understudy.core.fault_events import Change, Event, Framing, Place
from understudy.core.serialise import encode
from understudy.core.wire import Ending, SocketWire

DELIVERY_KEYS = (
    "sse", "events", "framing", "cut", "stall", "gzip", "chunks", "segments", "delay", "pause", "length", "last_chunk",
    "silent", "end", "websocket",
)  # fmt: skip
"""The keys of a step that say how."""
MOST_SIZES = 10_000
"""Sizes of chunks or segments in one list; events and changes, too."""

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)")
_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_SHIFT = re.compile(r"[+-]\d{1,9}")
_NEWLINES = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
_FRAMING_KEYS = ("newline", "space", "bom", "between", "fields", "several_lines", "done", "final")
_PLACES = ("every", "finish", "done")
_EVENT_TYPE = re.compile(r"error|[a-z0-9_]+(?:\.[a-z0-9_]+)+")
_CLOSE_CODES = (*range(1000, 1004), *range(1007, 1015), *range(3000, 5000))
_CLOSE_WORDS = "1000 to 1003, 1007 to 1014 or 3000 to 4999"
"""RFC 6455, section 7.4: 1005, 1006 and 1015 are never sent, 1004 means nothing."""
_REASON_MOST = 123
"""Bytes: a close frame has 125, two of them for the code (RFC 6455, section 5.5)."""
_PADDING_MOST = 256 * 1024 * 1024
_VERBS = ("drop", "duplicate", "half", "swap", "insert", "set", "remove", "text", "pad")


def read_delivery(table: Mapping[str, Any]) -> Delivery | None:
    """What a step says about how; None when it says nothing.

    Raises:
        ValueError: key and problem.
    """
    given = {key: table[key] for key in DELIVERY_KEYS if key in table}
    if not given:
        return None
    length, shift = _length(given.get("length"))
    gzip = given.get("gzip", False)
    if gzip not in (True, False, "broken"):
        raise ValueError("gzip", f'must be true, false or "broken", not {gzip!r:.80}')
    ending = given.get("end")
    if ending is not None and ending not in [each.value for each in Ending]:
        raise ValueError("end", f"must be {', '.join(each.value for each in Ending)}, not {ending!r:.80}")
    last_chunk = None if "last_chunk" not in given else _truth(given, "last_chunk")
    return Delivery(
        delay=read_duration("delay", given["delay"]) if "delay" in given else 0,
        changes=tuple(_change(each) for each in _list(given, "events")),
        framing=_framing(given["framing"]) if "framing" in given else None,
        events=tuple(_event(each, "sse") for each in _list(given, "sse")) if "sse" in given else None,
        cut=_cut(given["cut"]) if "cut" in given else None,
        stall=_stall(given["stall"]) if "stall" in given else None,
        packed="" if gzip is False else "gzip" if gzip is True else "broken gzip",
        chunks=_sizes(given, "chunks"),
        segments=_sizes(given, "segments"),
        pause=read_duration("pause", given["pause"]) if "pause" in given else 0,
        length=length,
        length_shift=shift,
        last_chunk=last_chunk,
        silent=_truth(given, "silent"),
        ending=None if ending is None else Ending(ending),
        websocket=_websocket(given["websocket"]) if "websocket" in given else None,
    )


def read_duration(key: str, given: object) -> int:
    """Microseconds of `30ms`, `1.5s`, `2m`.

    Raises:
        ValueError: key and problem.
    """
    match = _DURATION.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise ValueError(key, f'must be a time such as "30ms", "1.5s" or "2m", not {given!r:.80}')
    return int(float(match[1]) * _UNITS[match[2]])


def _truth(given: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
    value = given.get(key, default)
    if not isinstance(value, bool):
        raise ValueError(key, f"must be true or false, not {value!r:.80}")
    return value


def _list(given: Mapping[str, Any], key: str) -> list[Any]:
    value = given.get(key, [])
    if not isinstance(value, list | tuple) or len(value) > MOST_SIZES:
        raise ValueError(key, f"must be a list of at most {MOST_SIZES}, not {value!r:.80}")
    return list(value)


def _table(given: object, key: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(key, f"must be a table, not {given!r:.80}")
    for name in given:
        if name not in known:
            raise ValueError(f"{key}.{name}", f"is not known; there are {', '.join(known)}")
    return given


def _count(value: object, key: str, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**31:
        raise ValueError(key, f"must be a whole number of at least {least}, not {value!r:.80}")
    return value


def _sizes(given: Mapping[str, Any], key: str) -> tuple[int, ...]:
    value = given.get(key, [])
    sizes = [value] if isinstance(value, int) else _list(given, key)
    return tuple(_count(size, key, 1) for size in sizes)


def _length(given: object) -> tuple[int | None, int]:
    if given is None:
        return None, 0
    if isinstance(given, str) and _SHIFT.fullmatch(given):
        return None, int(given)
    if isinstance(given, str):
        raise ValueError("length", f'must be a number of bytes, or "+10" or "-10", not {given!r:.80}')
    return _count(given, "length"), 0


def _cut(given: object) -> Cut:
    table = _table(given, "cut", ("after_events", "after_bytes", "inside"))
    inside = table.get("inside", "")
    if inside not in ("", "character", "escape"):
        raise ValueError("cut.inside", f"must be character or escape, not {inside!r:.80}")
    if not table:
        raise ValueError("cut", "says nowhere: after_events, after_bytes or inside")
    events = table.get("after_events")
    return Cut(
        None if events is None else _count(events, "cut.after_events"),
        _count(table.get("after_bytes", 0), "cut.after_bytes"),
        inside,
    )


def _stall(given: object) -> Stall:
    table = _table(given, "stall", ("after_events", "for"))
    wait = read_duration("stall.for", table["for"]) if "for" in table else None
    return Stall(_count(table.get("after_events", 0), "stall.after_events"), wait)


def _websocket(given: object) -> SocketWire:
    key = "websocket"
    table = _table(given, key, ("close", "reason", "pings", "fragments", "read_pause"))
    if not table:
        raise ValueError(key, "says nothing: close, reason, pings, fragments or read_pause")
    code = table.get("close")
    if code is not None and (isinstance(code, bool) or code not in _CLOSE_CODES):
        raise ValueError(f"{key}.close", f"must be a close code that may be sent, {_CLOSE_WORDS}, not {code!r:.80}")
    reason = _text(table.get("reason", ""), f"{key}.reason")
    if len(reason) > _REASON_MOST or (reason and code is None):
        raise ValueError(f"{key}.reason", f"must be at most {_REASON_MOST} bytes beside a 'close'")
    pings = _count(table.get("pings", 0), f"{key}.pings")
    if pings > MOST_SIZES:
        raise ValueError(f"{key}.pings", f"must be at most {MOST_SIZES}, not {pings}")
    return SocketWire(
        close=code,
        reason=reason.decode(),
        pings=pings,
        fragments=_sizes(table, "fragments"),
        read_pause=read_duration(f"{key}.read_pause", table["read_pause"]) if "read_pause" in table else 0,
    )


def _framing(given: object) -> Framing:
    table = _table(given, "framing", _FRAMING_KEYS)
    newline = table.get("newline", "lf")
    if newline not in _NEWLINES:
        raise ValueError("framing.newline", f"must be {', '.join(_NEWLINES)}, not {newline!r:.80}")
    final = table.get("final", "blank line")
    if final not in ("blank line", "newline", "nothing"):
        raise ValueError("framing.final", f"must be blank line, newline or nothing, not {final!r:.80}")
    return Framing(
        newline=_NEWLINES[newline],
        space=_truth(table, "space", default=True),
        bom=_truth(table, "bom"),
        between=tuple(_text(each, "framing.between") for each in _list(table, "between")),
        fields=tuple(_text(each, "framing.fields") for each in _list(table, "fields")),
        several_lines=_truth(table, "several_lines"),
        done=_text(table.get("done", ""), "framing.done"),
        final=final,
    )


def _change(given: object) -> Change:
    table = _table(given, "events", (*_VERBS, "at"))
    verbs = [verb for verb in _VERBS if verb in table]
    if len(verbs) != 1:
        raise ValueError("events", f"must each do one thing out of {', '.join(_VERBS)}, not {given!r:.80}")
    verb = verbs[0]
    value = table[verb]
    if verb in ("drop", "duplicate", "half"):
        if "at" in table:
            raise ValueError(f"events.{verb}", "says itself where; there is no 'at' beside it")
        return Change(verb, _place(value, f"events.{verb}"))
    if verb == "swap":
        pair = value if isinstance(value, list) and len(value) == 2 else [0, 0]
        first, second = (_count(each, "events.swap", 1) for each in pair)
        if first >= second:
            raise ValueError("events.swap", f"must name two events in their order, not {value!r:.80}")
        return Change(verb, first, other=second)
    at = _place(table.get("at", "every"), "events.at", end=verb == "insert")
    if verb in ("insert", "text"):
        several = value if isinstance(value, list) else [value]
        return Change(verb, at, events=tuple(_event(each, f"events.{verb}") for each in several))
    if verb == "pad":
        size = _count(value, "events.pad", 1)
        if size > _PADDING_MOST:
            raise ValueError("events.pad", f"must be at most {_PADDING_MOST} bytes, not {size}")
        return Change(verb, at, other=size)
    if verb == "remove":
        paths = value if isinstance(value, list) else [value]
        if not all(isinstance(path, str) and path for path in paths):
            raise ValueError(
                "events.remove", f"must be a path like choices.0.delta, or a list of them, not {value!r:.80}"
            )
        return Change(verb, at, values=dict.fromkeys(paths))
    if not isinstance(value, Mapping):
        raise ValueError("events.set", f"must be a table from paths to values, not {value!r:.80}")
    return Change(verb, at, values=_with_nulls(value))


def _place(value: object, key: str, *, end: bool = False) -> Place:
    words = (*_PLACES, "end") if end else _PLACES
    if isinstance(value, str) and (value in words or _EVENT_TYPE.fullmatch(value)):
        return value
    if isinstance(value, str | bool) or not isinstance(value, int) or value < 1:
        raise ValueError(
            key,
            f"must be the number of an event from 1 on, {', '.join(words)} or the type of events, not {value!r:.80}",
        )
    return value


def _event(given: object, key: str) -> Event:
    """A text is data as it stands; a table has `json` or `text`, perhaps an `event`, or `raw` bytes as UTF-8."""
    if isinstance(given, str):
        return Event(_text(given, key))
    table = _table(given, key, ("json", "text", "event", "raw"))
    bodies = [name for name in ("json", "text", "raw") if name in table]
    if len(bodies) != 1:
        raise ValueError(key, f"must each have one of json, text and raw, not {given!r:.80}")
    name = _text(table.get("event", ""), f"{key}.event")
    if "raw" in table:
        return Event(b"", raw=_text(table["raw"], f"{key}.raw"))
    if "text" in table:
        return Event(_text(table["text"], f"{key}.text"), name)
    try:
        return Event(encode(_with_nulls(table["json"])), name)
    except (TypeError, ValueError, OverflowError, RecursionError) as problem:
        raise ValueError(f"{key}.json", f"cannot be written as JSON: {problem}") from None


def _with_nulls(value: Any) -> Any:
    """TOML has no null: the text `@null` stands for it."""
    if isinstance(value, Mapping):
        return {key: _with_nulls(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_with_nulls(each) for each in value]
    return None if value == "@null" else value


def _text(given: object, key: str) -> bytes:
    if not isinstance(given, str):
        raise ValueError(key, f"must be a text, not {given!r:.80}")
    try:
        return given.encode()
    except UnicodeEncodeError:
        raise ValueError(key, "must be a text that UTF-8 can say") from None
