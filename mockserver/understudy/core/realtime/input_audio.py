"""The input audio buffer, and who speaks in it: server voice activity detection by the energy of 20 ms frames.

Milliseconds count all audio written since the session began (recorded). `threshold` 0.5 stands for an RMS of 2 % of
full scale; that scale, and that one loud frame begins speech, is "our choice".
"""

import math
from array import array
from binascii import Error as Base64Error
from binascii import a2b_base64
from sys import byteorder
from typing import Any

from understudy.core import errors

RATE = 24_000
FRAME_MS = 20
_FRAME_BYTES = RATE * FRAME_MS // 1000 * 2
_APPEND_LIMIT = 15 * 1024 * 1024
"""Bytes of one append (OpenAPI document)."""
BUFFER_LIMIT = 64 * 1024 * 1024
"""Bytes that are kept uncommitted: 23 minutes ("our choice")."""
_BYTES_PER_MS = RATE * 2 // 1000


def milliseconds_of(samples: bytes) -> int:
    """How long samples last."""
    return round(len(samples) / _BYTES_PER_MS)


class Started:
    """Somebody began to speak, at a millisecond of all audio."""

    __slots__ = ("at_ms",)

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms


class Stopped:
    """Somebody stopped; `at_ms` includes the silence that told it."""

    __slots__ = ("at_ms",)

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms


class InputAudio:
    """Audio that was appended and not yet committed."""

    def __init__(self) -> None:
        self._audio = bytearray()
        self._written_before = 0  # bytes that were committed, cleared or dropped
        self._examined = 0  # bytes of the buffer that the detector has seen
        self._speaking = False
        self._silent_ms = 0

    @property
    def milliseconds(self) -> float:
        """Length of what is in the buffer."""
        return len(self._audio) / _BYTES_PER_MS

    def append(self, encoded: str) -> None:
        """Add base64 PCM.

        Raises:
            BadRequest: it is no base64, half a sample, or too long.
        """
        try:
            audio = a2b_base64(encoded, strict_mode=True)
        except (Base64Error, ValueError):
            raise errors.BadRequest(
                "Invalid 'audio'. Expected base64-encoded audio bytes (mono PCM16 at 24kHz) but got an invalid value.",
                code="invalid_value",
                param="audio",
            ) from None
        if len(audio) > _APPEND_LIMIT or len(self._audio) + len(audio) > BUFFER_LIMIT:
            raise errors.BadRequest(
                f"Invalid 'audio': at most {_APPEND_LIMIT} bytes may be appended at once.",
                code="string_above_max_length",
                param="audio",
            )
        if len(audio) % 2:
            raise errors.BadRequest(
                "Invalid 'audio'. Expected an even number of bytes of mono PCM16 audio.",
                code="invalid_value",
                param="audio",
            )
        self._audio += audio

    def clear(self) -> None:
        """Forget what is in the buffer."""
        self._written_before += len(self._audio)
        self._audio.clear()
        self._examined = 0
        self._speaking = False
        self._silent_ms = 0

    @property
    def samples(self) -> bytes:
        """What is in the buffer."""
        return bytes(self._audio)

    def commit(self) -> bytes:
        """Take what is in the buffer.

        Raises:
            BadRequest: less than 100 ms.
        """
        length = self.milliseconds
        if length < 100:
            raise errors.BadRequest(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer "
                f"only has {length:.2f}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        taken = bytes(self._audio)
        self.clear()
        return taken

    def take_turn(self) -> bytes:
        """Take what the detector has seen, when somebody stopped; later audio stays."""
        taken = bytes(self._audio[: self._examined])
        self._written_before += self._examined
        del self._audio[: self._examined]
        self._examined = 0
        return taken

    def detect(self, settings: dict[str, Any]) -> Started | Stopped | None:
        """The next change of who speaks in what was appended, None when there is none; ask until then."""
        least = settings["threshold"] * 0.04 * 32_768
        padding = settings["prefix_padding_ms"]
        while self._examined + _FRAME_BYTES <= len(self._audio):
            loud = _loudness(self._audio[self._examined : self._examined + _FRAME_BYTES]) >= least
            self._examined += _FRAME_BYTES
            here = (self._written_before + self._examined) // _BYTES_PER_MS
            if loud:
                self._silent_ms = 0
                if not self._speaking:
                    self._speaking = True
                    self._drop_silence(padding)
                    return Started(max(0, here - FRAME_MS - padding))
            elif self._speaking:
                self._silent_ms += FRAME_MS
                if self._silent_ms >= settings["silence_duration_ms"]:
                    self._speaking = False
                    self._silent_ms = 0
                    return Stopped(here)
        if not self._speaking:
            self._drop_silence(padding)
        return None

    def _drop_silence(self, padding: int) -> None:
        """Keep only the padding of silence before speech, so that a quiet microphone costs no memory."""
        keep = padding * _BYTES_PER_MS + _FRAME_BYTES
        surplus = self._examined - keep
        if surplus > 0:
            del self._audio[:surplus]
            self._examined -= surplus
            self._written_before += surplus


def _loudness(frame: bytearray) -> float:
    samples = array("h", bytes(frame))
    if byteorder == "big":
        samples.byteswap()
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))
