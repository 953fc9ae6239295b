"""Events as they stand on the wire: compact JSON, `type` first, then `event_id` (recorded 2025-12 to 2026-09)."""

from random import Random
from typing import Any

from understudy.core.errors import ApiError
from understudy.core.serialise import encode

_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BYTE_TO_LETTER = bytes(_LETTERS[byte % len(_LETTERS)] for byte in range(256))
"""Ten times as quick as drawing letter by letter, and each event needs one; that the first eight letters are somewhat
commoner hurts nobody."""


class WireIds:
    """Ids of one session, by its seed: a prefix and 21 letters and digits, calls have 16."""

    __slots__ = ("_random",)

    def __init__(self, seed: bytes) -> None:
        self._random = Random(seed)

    def make(self, prefix: str, length: int = 21) -> str:
        """A new id."""
        return prefix + self._random.randbytes(length).translate(_BYTE_TO_LETTER).decode("ascii")

    def seed(self) -> bytes:
        """Chance for one answer."""
        return self._random.randbytes(32)


class EventWriter:
    """Writes server events.

    Attributes:
        ids: the session's.
    """

    __slots__ = ("ids",)

    def __init__(self, ids: WireIds) -> None:
        self.ids = ids

    def write(self, kind: str, **fields: Any) -> bytes:
        """One event."""
        return encode({"type": kind, "event_id": self.ids.make("event_"), **fields})

    def delta(self, kind: str, item: dict[str, Any], name: str, text: str, **more: Any) -> bytes:
        """A delta of text, padded so that text and padding come to whole steps of 16 characters (recorded)."""
        padding = self.ids.make("", -len(text) % 16)
        return self.write(kind, **item, **{name: text}, **more, obfuscation=padding)

    def error(self, error: ApiError, event_id: str | None) -> bytes:
        """The `error` event; `event_id` names the client's event that was wrong."""
        return self.write(
            "error",
            error={
                "type": error.type,
                "code": error.code,
                "message": error.message,
                "param": error.param,
                "event_id": event_id,
            },
        )
