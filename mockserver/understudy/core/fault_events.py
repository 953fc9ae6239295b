"""Faults in what an answer says and in how its events are written: changed JSON, lost and doubled events, odd framing.

A stream is taken apart into its events, which are changed one by one and written anew; a whole body is one event
without any framing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from understudy.core.serialise import decode_object, encode, pretty

DONE = b"[DONE]"
EVENT_LIMIT = 64 * 1024 * 1024
"""Bytes of one event that are kept while it is not whole ("our choice")."""

Place = int | str
"""Which events a change is about: a number from 1, `every`, `finish` (those with a finish reason), `done`, or those of
a type such as `response.done`; `end` is after the last one."""
PADDING = "x_padding"
"""The field that makes an event large."""


class Event:
    """One event of a stream, or a whole body.

    Attributes:
        name: of its `event:` line, empty for none.
        data: its payload.
        raw: exact bytes that are sent in place of a well-made event, or None.
        whole: it is a body, not an event.
    """

    __slots__ = ("data", "name", "raw", "whole")

    def __init__(self, data: bytes, name: bytes = b"", raw: bytes | None = None, *, whole: bool = False) -> None:
        self.data = data
        self.name = name
        self.raw = raw
        self.whole = whole

    @property
    def is_done(self) -> bool:
        """Whether it is the last event of a chat stream."""
        return self.data == DONE

    @property
    def type(self) -> str:
        """What it calls itself, empty where it does not."""
        if self.name:
            return self.name.decode("utf-8", "replace")
        value = decode_object(self.data)
        kind = None if value is None else value.get("type")
        return kind if isinstance(kind, str) else ""

    def finishes(self) -> bool:
        """Whether a choice ends in it."""
        value = decode_object(self.data)
        choices = None if value is None else value.get("choices")
        return isinstance(choices, list) and any(
            isinstance(choice, dict) and choice.get("finish_reason") is not None for choice in choices
        )


def read_event(block: bytes) -> Event:
    """An event from its lines, as this server writes them."""
    name = b""
    data = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value
        elif field == b"data":
            data.append(value)
    return Event(b"\n".join(data), name)


class Change(msgspec.Struct, frozen=True):
    """One change of the events.

    Attributes:
        verb: drop, duplicate, swap, insert, set, remove, text, half or pad.
        at: which events; of `swap` the first of both.
        other: of `swap`, the second; of `pad`, how many characters.
        values: of `set`: what stands at each path; of `remove`: the paths alone.
        events: of `insert`: what comes before the event; of `text`: what comes in its place.
    """

    verb: str
    at: Place = "every"
    other: int = 0
    values: Mapping[str, Any] = {}
    events: tuple[Event, ...] = ()

    def concerns(self, event: Event, number: int) -> bool:
        """Whether an event is one of those.

        Args:
            event: as it came.
            number: its place in the stream, from 1.
        """
        at = self.at
        if isinstance(at, int):
            return number == at
        if at == "done":
            return event.is_done
        if at == "finish":
            return event.finishes()
        return at == "every" or event.type == at


class Changes:
    """The changes of one stream while it goes by.

    Args:
        changes: in the order in which they are made to each event.
    """

    def __init__(self, changes: tuple[Change, ...]) -> None:
        self._changes = changes
        self._number = 0
        self._held: dict[int, list[Event]] = {}

    def made(self, event: Event) -> list[Event]:
        """What becomes of the next event."""
        self._number += 1
        events = [event]
        for index, change in enumerate(self._changes):
            if change.verb == "swap":
                events = self._swapped(index, change, events)
            elif change.concerns(event, self._number):
                events = _changed(change, events)
        return events

    def left(self) -> list[Event]:
        """What was held back for an event that never came, and what comes after the last."""
        held = [event for events in self._held.values() for event in events]
        self._held.clear()
        last = [event for change in self._changes if change.at == "end" for event in change.events]
        return held + last

    def _swapped(self, index: int, change: Change, events: list[Event]) -> list[Event]:
        if self._number == change.at:
            self._held[index] = events
            return []
        if self._number == change.other:
            return events + self._held.pop(index, [])
        return events


def _changed(change: Change, events: list[Event]) -> list[Event]:
    if change.verb == "drop":
        return []
    if change.verb == "duplicate":
        return [again for event in events for again in (event, event)]
    if change.verb == "insert":
        return [*change.events, *events]
    if change.verb == "text":
        return [*change.events]
    if change.verb == "half":
        return [Event(event.data[: len(event.data) // 2], event.name, whole=event.whole) for event in events]
    return [_edited(change, event) for event in events]


def _edited(change: Change, event: Event) -> Event:
    value = decode_object(event.data)
    if value is None or event.raw is not None:
        return event
    if change.verb == "pad":
        value[PADDING] = "x" * change.other
    for path, wanted in change.values.items():
        _put(value, path.split("."), wanted, remove=change.verb == "remove")
    data = pretty(value) + b"\n" if event.whole else encode(value)
    return Event(data, event.name, whole=event.whole)


def _put(value: Any, path: list[str], wanted: Any, *, remove: bool) -> None:
    """Set or remove what a path leads to; a path that leads nowhere changes nothing, but `set` makes missing keys."""
    for step in path[:-1]:
        if isinstance(value, list):
            if not step.isdigit() or int(step) >= len(value):
                return
            value = value[int(step)]
        elif isinstance(value, dict):
            if step not in value:
                if remove:
                    return
                value[step] = {}
            value = value[step]
        else:
            return
    last = path[-1]
    if isinstance(value, dict):
        if remove:
            value.pop(last, None)
        else:
            value[last] = wanted
    elif isinstance(value, list) and last.isdigit() and int(last) < len(value):
        if remove:
            del value[int(last)]
        else:
            value[int(last)] = wanted


class Framing(msgspec.Struct, frozen=True):
    """How events are written.

    Attributes:
        newline: what ends a line.
        space: whether one follows the colon of `data:`.
        bom: whether the stream begins with a byte order mark.
        between: written between any two events, in turn.
        fields: lines that each event has beside its data.
        several_lines: whether the JSON of an event is spread over as many `data:` lines as it has lines when indented.
        done: how `[DONE]` is spelled after the colon, with its space; empty for as always.
        final: what ends the last event: `blank line`, `newline` or `nothing`.
    """

    newline: bytes = b"\n"
    space: bool = True
    bom: bool = False
    between: tuple[bytes, ...] = ()
    fields: tuple[bytes, ...] = ()
    several_lines: bool = False
    done: bytes = b""
    final: str = "blank line"

    def written(self, event: Event, number: int, *, last: bool) -> bytes:
        """An event as bytes.

        Args:
            event: what it says.
            number: its place among those that are written, from 1.
            last: whether none follows.
        """
        newline = self.newline
        before = b"\xef\xbb\xbf" if self.bom and number == 1 else b""
        if self.between and number > 1:
            before += self.between[(number - 2) % len(self.between)].replace(b"\n", newline)
        if event.raw is not None:
            return before + event.raw
        lines = [*self.fields]
        if event.name:
            lines.append(b"event: " + event.name)
        colon = b"data: " if self.space else b"data:"
        if event.is_done and self.done:
            lines.append(b"data:" + self.done)
        else:
            lines += [colon + line for line in self._data(event).split(b"\n")]
        end = newline if not last or self.final == "blank line" else b""
        text = newline.join(lines)
        return before + text + (b"" if last and self.final == "nothing" else newline) + end

    def _data(self, event: Event) -> bytes:
        if not self.several_lines or event.is_done:
            return event.data
        value = decode_object(event.data)
        return event.data if value is None else pretty(value, 1)


def events_of(parts: Iterable[tuple[int, bytes]], *, stream: bool) -> Iterator[tuple[int, Event]]:
    """The events of a body with the moment each is due: that of the part that ends it."""
    if not stream:
        due, whole = 0, []
        for moment, data in parts:
            due = max(due, moment)
            whole.append(data)
        yield due, Event(b"".join(whole), whole=True)
        return
    held = bytearray()
    due = 0
    for moment, data in parts:
        due = moment
        held += data
        while (end := held.find(b"\n\n")) >= 0:
            block = bytes(held[:end])
            del held[: end + 2]
            yield due, read_event(block)
        if len(held) > EVENT_LIMIT:
            break
    if held:
        yield due, Event(b"", raw=bytes(held))


def written(events: Iterable[tuple[int, Event]], changes: Changes, framing: Framing) -> Iterator[tuple[int, bytes]]:
    """Events with their changes, as bytes; each is written when the next one is known, so that the last is told."""
    waiting: tuple[int, Event] | None = None
    number = 0
    for due, event in _with_changes(events, changes):
        if waiting is not None:
            number += 1
            yield waiting[0], _bytes_of(waiting[1], framing, number, last=False)
        waiting = due, event
        if framing.final == "blank line":
            number += 1
            yield due, _bytes_of(event, framing, number, last=False)
            waiting = None
    if waiting is not None:
        yield waiting[0], _bytes_of(waiting[1], framing, number + 1, last=True)


def _with_changes(events: Iterable[tuple[int, Event]], changes: Changes) -> Iterator[tuple[int, Event]]:
    due = 0
    for due, event in events:
        for each in changes.made(event):
            yield due, each
    for each in changes.left():
        yield due, each


def _bytes_of(event: Event, framing: Framing, number: int, *, last: bool) -> bytes:
    if event.whole:
        return event.data if event.raw is None else event.raw
    return framing.written(event, number, last=last)
