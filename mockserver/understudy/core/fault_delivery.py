"""Faults in how an answer is handed over: late, in crumbs, cut off, with a wrong length, packed badly, hung up on.

A delivery takes an answer, ordinary or scripted, and gives one whose body comes in other parts and which tells the
door, by a `Wire`, what to do with the socket. What is cut off is not charged, as when a client had gone.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator

import msgspec

from understudy.core.fault_events import Change, Changes, Event, Framing, events_of, written
from understudy.core.headers import PLAIN_EVENT_STREAM
from understudy.core.messages import Answer
from understudy.core.wire import Ending, SocketWire, Wire


class Cut(msgspec.Struct, frozen=True):
    """Where a body ends too early.

    Attributes:
        after_events: events that are sent whole, or None.
        after_bytes: bytes that are sent beyond those events (or at all).
        inside: `character` or `escape`: after the first byte of the first such thing from there on; empty for neither.
    """

    after_events: int | None = None
    after_bytes: int = 0
    inside: str = ""


class Stall(msgspec.Struct, frozen=True):
    """Where a body stands still.

    Attributes:
        after_events: events that come before it.
        microseconds: how long, None for ever.
    """

    after_events: int
    microseconds: int | None


class Delivery(msgspec.Struct, frozen=True):
    """How an answer is handed over.

    Attributes:
        delay: microseconds before its first byte.
        changes: of what it says.
        framing: of its events, None for as they come.
        events: that are sent in place of its body, or None.
        cut: where it ends too early, or None.
        stall: where it stands still, or None.
        packed: `gzip`, `broken gzip` or empty.
        chunks: sizes of the chunks, over and over; empty for as they come.
        segments: sizes of the writes, over and over; empty for one a chunk.
        pause: microseconds between chunks, or between writes where they are cut.
        length: the content-length that is announced; None for the right one, or none.
        length_shift: bytes that the right length is announced wrong by.
        last_chunk: whether the body in chunks is ended; None for: when it was not cut.
        silent: nothing at all is answered.
        ending: what becomes of the socket; None for: closed when the body was cut, else kept.
        websocket: what is done with the messages of a WebSocket; None for nothing else.
    """

    delay: int = 0
    changes: tuple[Change, ...] = ()
    framing: Framing | None = None
    events: tuple[Event, ...] | None = None
    cut: Cut | None = None
    stall: Stall | None = None
    packed: str = ""
    chunks: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    pause: int = 0
    length: int | None = None
    length_shift: int = 0
    last_chunk: bool | None = None
    silent: bool = False
    ending: Ending | None = None
    websocket: SocketWire | None = None

    def of(self, answer: Answer, now: int) -> Answer:
        """The answer as it is handed over.

        Args:
            answer: the ordinary or scripted one; it is used up.
            now: microseconds since the epoch.
        """
        headers = answer.headers
        if self.packed:
            headers = [*headers, (b"content-encoding", b"gzip")]
        stream = any(name == b"content-type" and value.startswith(PLAIN_EVENT_STREAM) for name, value in headers)
        due = max(answer.due, now + self.delay if self.delay else 0)
        body = _Delivered(self, answer, due or now, stream=stream or self.events is not None)
        ends_early = self.cut is not None or (self.stall is not None and self.stall.microseconds is None)
        ending = self.ending or (Ending.FIN if ends_early else Ending.KEEP)
        if self.stall is not None and self.stall.microseconds is None and self.ending is None:
            ending = Ending.HOLD
        wire = Wire(
            headless=self.silent,
            length=self._announced(answer, body),
            last_chunk=not ends_early if self.last_chunk is None else self.last_chunk,
            segments=self.segments,
            pause=self.pause if self.segments else 0,
            ending=ending,
        )
        return Answer(answer.status, headers, body, due=due, sized=answer.sized, wire=wire)

    def _announced(self, answer: Answer, body: "_Delivered") -> int | None:
        """The length of a sized answer is that of its whole body, whatever of it comes."""
        if self.length is not None:
            return self.length
        if self.length_shift or (answer.sized and not self.chunks and self.last_chunk is None):
            return max(0, body.whole_length() + self.length_shift)
        return None


class _Delivered:
    """The body: a `core.messages.Stream`."""

    def __init__(self, delivery: Delivery, answer: Answer, start: int, *, stream: bool) -> None:
        self._made: list[tuple[int, bytes]] | None = None
        self._delivery = delivery
        self._body = answer.body
        self._start = start
        self._stream = stream
        self._was_cut = False

    def whole_length(self) -> int:
        """Bytes of the body before it is cut; a stream is made whole for it."""
        if self._made is None and not isinstance(self._body, bytes):
            self._made = list(self._body.parts())
        return sum(len(data) for _, data in self._packed(self._said()))

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """(due, data), cut, packed and spread as the delivery says."""
        delivery = self._delivery
        if delivery.silent:
            self._was_cut = True
            return iter(())
        parts = self._said()
        if delivery.cut is not None:
            parts = self._cut(parts, delivery.cut)
        if delivery.stall is not None:
            parts = self._stalled(parts, delivery.stall)
        parts = self._packed(parts)
        if delivery.chunks:
            parts = _in_sizes(parts, delivery.chunks)
        if delivery.pause and not delivery.segments:
            parts = _spread(parts, self._start, delivery.pause)
        return parts

    def finish(self, now: int, *, complete: bool) -> None:
        """Settle; what was cut off was not sent."""
        if not isinstance(self._body, bytes):
            self._body.finish(now, complete=complete and not self._was_cut)

    def _said(self) -> Iterator[tuple[int, bytes]]:
        """The body as it would be sent by a server that is well but for what it says."""
        delivery = self._delivery
        body = self._body
        source: Iterable[tuple[int, bytes]]
        source = ((0, body),) if isinstance(body, bytes) else body.parts() if self._made is None else self._made
        if delivery.events is not None:
            events: Iterable[tuple[int, Event]] = ((0, event) for event in delivery.events)
        elif self._by_events:
            events = events_of(source, stream=self._stream)
        else:
            return iter(source)
        return written(events, Changes(delivery.changes), delivery.framing or Framing())

    @property
    def _by_events(self) -> bool:
        delivery = self._delivery
        return bool(delivery.changes or delivery.framing or delivery.stall) or (
            delivery.cut is not None and delivery.cut.after_events is not None
        )

    def _cut(self, parts: Iterator[tuple[int, bytes]], cut: Cut) -> Iterator[tuple[int, bytes]]:
        """Where parts are events, each part is one."""
        events = cut.after_events or 0
        left = cut.after_bytes
        find = _FINDERS.get(cut.inside)
        for due, data in parts:
            if events:
                events -= 1
                yield due, data
                continue
            if find is not None:
                end = find(data, max(left, 0))
                left -= len(data)
                if end is None:
                    yield due, data
                    continue
            else:
                end = left
                left -= len(data)
                if left >= 0 and end > 0:
                    yield due, data
                    continue
            self._was_cut = True
            if end:
                yield due, data[:end]
            return

    def _stalled(self, parts: Iterator[tuple[int, bytes]], stall: Stall) -> Iterator[tuple[int, bytes]]:
        for number, (due, data) in enumerate(parts):
            if number < stall.after_events:
                yield due, data
            elif stall.microseconds is None:
                self._was_cut = True
                return
            else:
                yield max(due, self._start) + stall.microseconds, data

    def _packed(self, parts: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        if not self._delivery.packed:
            return parts
        return _gzipped(parts, broken=self._delivery.packed == "broken gzip")


def _gzipped(parts: Iterable[tuple[int, bytes]], *, broken: bool) -> Iterator[tuple[int, bytes]]:
    """Each part can be unpacked as soon as it has come; a broken one has wrong bytes after its head."""
    packer = zlib.compressobj(wbits=31)
    due = 0
    for number, (due, data) in enumerate(parts):
        packed = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
        if broken and number == 0:
            packed = packed[:10] + bytes(byte ^ 0xFF for byte in packed[10:])
        yield due, packed
    yield due, packer.flush()


def _in_sizes(parts: Iterable[tuple[int, bytes]], sizes: tuple[int, ...]) -> Iterator[tuple[int, bytes]]:
    """The same bytes in parts of these sizes, over and over; what has come waits for no more than its part is long."""
    held = bytearray()
    index = due = 0
    for due, data in parts:
        held += data
        while len(held) >= sizes[index % len(sizes)]:
            size = sizes[index % len(sizes)]
            index += 1
            yield due, bytes(held[:size])
            del held[:size]
    if held:
        yield due, bytes(held)


def _spread(parts: Iterable[tuple[int, bytes]], start: int, pause: int) -> Iterator[tuple[int, bytes]]:
    for number, (due, data) in enumerate(parts):
        yield max(due, start + number * pause), data


def _character(data: bytes, start: int) -> int | None:
    """After the first byte of the first character of several bytes."""
    for index in range(min(start, len(data)), len(data)):
        if data[index] >= 0xC0:
            return index + 1
    return None


def _escape(data: bytes, start: int) -> int | None:
    """After the backslash of the first escape."""
    found = data.find(b"\\", start)
    return None if found < 0 else found + 1


_FINDERS: dict[str, Callable[[bytes, int], int | None]] = {"character": _character, "escape": _escape}
