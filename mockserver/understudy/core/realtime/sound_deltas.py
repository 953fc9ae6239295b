"""Events that carry sound: thousands a second, so that what all of one part have in common is written once.

Base64 of a phrase is made as a whole and kept for whoever says the same again: a delta is a slice of it.
"""

from binascii import b2a_base64
from functools import lru_cache
from typing import Any

from understudy.core.realtime.wire import EventWriter

PHRASES_KEPT = 32
"""Whose base64 is kept: of some three seconds and 200 kB each ("our choice")."""


@lru_cache(PHRASES_KEPT)
def in_base64(sound: bytes) -> bytes:
    """A phrase's sound in base64, without a line's end."""
    return b2a_base64(sound, newline=False)


def cut_base64(encoded: bytes, sound: bytes, start: int, end: int) -> bytes:
    """Base64 of a slice of a sound.

    Args:
        encoded: base64 of the whole.
        sound: the whole.
        start: of the slice.
        end: of the slice.
    """
    if start % 3 or (end % 3 and end != len(sound)):
        return b2a_base64(sound[start:end], newline=False)
    return encoded[start // 3 * 4 : -(-end // 3) * 4]


class SoundDeltas:
    """Writes the deltas of one part.

    Args:
        writer: of the session's events.
        part: the fields that name the part.
    """

    __slots__ = ("_after", "_before", "_ids")

    def __init__(self, writer: EventWriter, part: dict[str, Any]) -> None:
        whole = writer.write("response.output_audio.delta", **part, delta="")
        before, name, rest = whole.partition(b'"event_id":"event_')
        self._before = before + name[: -len("event_")]
        self._after = rest[rest.index(b'"') : -len('"}')]
        self._ids = writer.ids

    def write(self, encoded: bytes) -> bytes:
        """One event.

        Args:
            encoded: its sound, in base64.
        """
        return b"".join((self._before, self._ids.make("event_").encode("ascii"), self._after, encoded, b'"}'))
