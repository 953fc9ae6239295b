"""What passes over a WebSocket, frame by frame, read from the same bytes that the client and the server see."""

import json
import re
from collections.abc import Callable, Generator, Iterator
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

CLIENT, SERVER = "client", "server"
CLIENT_KEPT, SERVER_KEPT = 256 * 1024, 4 * 1024
"""Bytes kept of one message; the sizes are counted on."""
MESSAGES_KEPT = 5000
"""Messages and control frames kept of one connection; further ones are counted alone."""
_TYPE = re.compile(rb'"type"\s*:\s*"([^"]+)"')


class Seen:
    """A message, or a control frame.

    Attributes:
        at: seconds since the run began: its last frame, handed to or taken from the operating system.
        by: `client` or `server`.
        kind: `text`, `binary`, `ping`, `pong` or `close`.
        data: its first bytes; `size` counts all.
        frames: in how many it came.
    """

    __slots__ = ("at", "by", "data", "frames", "kind", "size")

    def __init__(self, at: float, by: str, kind: str, data: bytes = b"", frames: int = 1) -> None:
        self.at = at
        self.by = by
        self.kind = kind
        self.size = len(data)
        self.data = data[: CLIENT_KEPT if by == CLIENT else SERVER_KEPT]
        self.frames = frames

    @property
    def event(self) -> dict[str, Any]:
        """The event that a message is; empty for anything else, and for one that was cut short."""
        if self.kind != "text":
            return {}
        try:
            value = json.loads(self.data)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def type(self) -> str:
        """The type of the event, read from the first bytes where there are no more; empty for none."""
        if self.kind != "text":
            return ""
        if self.size == len(self.data):
            told = self.event.get("type")
            return told if isinstance(told, str) else ""
        found = _TYPE.search(self.data)
        return "" if found is None else found[1].decode("utf-8", "replace")

    @property
    def close_code(self) -> int | None:
        """The code of a close frame; 1005, as RFC 6455 has it, for one without."""
        if self.kind != "close":
            return None
        return int.from_bytes(self.data[:2]) if len(self.data) >= 2 else 1005

    @property
    def close_reason(self) -> str:
        """The reason in a close frame."""
        return self.data[2:].decode("utf-8", "replace") if self.kind == "close" else ""


class FrameLog:
    """Both directions of one connection, oldest first.

    Args:
        now: seconds since the run began.

    Attributes:
        seen: messages and control frames.
        left_out: how many came beyond those that are kept.
        broken: what the client sent that is no WebSocket frame, in words; empty when all was well.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._sides = {CLIENT: _Side(mask=True), SERVER: _Side(mask=False)}
        self.seen: list[Seen] = []
        self.left_out = 0
        self.broken = ""

    def feed(self, by: str, data: bytes) -> None:
        """Take bytes of one side."""
        if self.broken and by == CLIENT:
            return
        try:
            for kind, content, frames in self._sides[by].read(data):
                if len(self.seen) < MESSAGES_KEPT:
                    self.seen.append(Seen(self._now(), by, kind, content, frames))
                else:
                    self.left_out += 1
        except WebSocketException as problem:
            self.broken = str(problem)

    @property
    def farewell(self) -> Seen | None:
        """The close frame of the side that closed, which is the first; None when none did."""
        return next((each for each in self.seen if each.kind == "close"), None)

    def by(self, side: str, kind: str = "") -> Iterator[Seen]:
        """What one side sent, of one kind or of all."""
        return (each for each in self.seen if each.by == side and kind in ("", each.kind))


_KINDS = {Opcode.TEXT: "text", Opcode.BINARY: "binary", Opcode.PING: "ping", Opcode.PONG: "pong", Opcode.CLOSE: "close"}


class _Side:
    def __init__(self, *, mask: bool) -> None:
        self._mask = mask
        self._reader = StreamReader()
        self._parsing: Generator[None, None, Frame] | None = None
        self._kind = ""
        self._pieces: list[bytes] = []

    def read(self, data: bytes) -> Iterator[tuple[str, bytes, int]]:
        self._reader.feed_data(data)
        while True:
            if self._parsing is None:
                self._parsing = Frame.parse(self._reader.read_exact, mask=self._mask)
            try:
                next(self._parsing)
            except StopIteration as parsed:
                self._parsing = None
                yield from self._take(parsed.value)
            else:
                return

    def _take(self, frame: Frame) -> Iterator[tuple[str, bytes, int]]:
        content = bytes(frame.data)
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            yield _KINDS[frame.opcode], content, 1
            return
        if frame.opcode is not Opcode.CONT:
            self._kind, self._pieces = _KINDS[frame.opcode], []
        self._pieces.append(content)
        if frame.fin:
            yield self._kind or "binary", b"".join(self._pieces), len(self._pieces)
            self._pieces = []
