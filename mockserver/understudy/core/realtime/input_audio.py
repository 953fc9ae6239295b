"""The input audio buffer, and who speaks in it: voice activity detection by the energy of 20 ms frames.

Milliseconds count all audio written since the session began (recorded). `threshold` 0.5 stands for an RMS of 2 % of
full scale; that scale, and that one loud frame begins speech, is "our choice". Audio is kept as it came, so that how it
was cut makes no difference.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.realtime.sound_formats import PCM, SoundFormat

FRAME_MS = 20
_APPEND_LIMIT = 15 * 1024 * 1024
"""Bytes of one append (OpenAPI document)."""
BUFFER_LIMIT = 64 * 1024 * 1024
"""Bytes that are kept uncommitted: 23 minutes of PCM ("our choice")."""
_SHORTEST_MS = 100


class Started(msgspec.Struct, frozen=True):
    """Somebody began to speak, at a millisecond of all audio."""

    at_ms: int


class Stopped(msgspec.Struct, frozen=True):
    """Somebody stopped; `at_ms` includes the silence that told it."""

    at_ms: int


class Detector(msgspec.Struct, frozen=True):
    """When speech begins and when it has ended.

    Attributes:
        threshold: 0 to 1.
        padding_ms: kept before speech.
        silence_ms: after which it has ended, if what was said is finished.
        longest_ms: after which it has ended anyhow.
    """

    threshold: float
    padding_ms: int
    silence_ms: int
    longest_ms: int


_EAGERNESS = {"low": (800, 8_000), "medium": (500, 4_000), "auto": (500, 4_000), "high": (300, 2_000)}
"""Milliseconds of silence after a finished sentence ("our choice"), and the most (OpenAPI document)."""


def detector_of(settings: dict[str, Any]) -> Detector:
    """What a session's `turn_detection` comes to."""
    if settings["type"] == "semantic_vad":
        silence, longest = _EAGERNESS[settings.get("eagerness") or "auto"]
        return Detector(0.5, 300, silence, longest)
    silence = settings["silence_duration_ms"]
    return Detector(settings["threshold"], settings["prefix_padding_ms"], silence, silence)


class InputAudio:
    """Audio that was appended and not yet committed.

    Attributes:
        format: of it.
    """

    def __init__(self, sound_format: SoundFormat = PCM) -> None:
        self.format = sound_format
        self._audio = bytearray()
        self._ms_before = 0.0  # that were committed, cleared or dropped
        self._examined = 0  # bytes of the buffer that the detector has seen
        self._silent_ms = 0

    @property
    def milliseconds(self) -> float:
        """Length of what is in the buffer."""
        return self.format.milliseconds(len(self._audio))

    @property
    def written_ms(self) -> int:
        """All audio that was ever appended."""
        return round(self._ms_before + self.milliseconds)

    def append(self, encoded: str) -> None:
        """Add base64 of the format.

        Raises:
            BadRequest: it is no base64, half a sample, or too long.
        """
        try:
            audio = a2b_base64(encoded, strict_mode=True)
        except (Base64Error, ValueError):
            raise errors.BadRequest(
                f"Invalid 'audio'. Expected base64-encoded audio bytes ({self.format.said}) but got an invalid value.",
                code="invalid_value",
                param="audio",
            ) from None
        if len(audio) > _APPEND_LIMIT or len(self._audio) + len(audio) > BUFFER_LIMIT:
            raise errors.BadRequest(
                f"Invalid 'audio': at most {_APPEND_LIMIT} bytes may be appended at once.",
                code="string_above_max_length",
                param="audio",
            )
        if len(audio) % self.format.sample_bytes:
            raise errors.BadRequest(
                "Invalid 'audio'. Expected an even number of bytes of mono PCM16 audio.",
                code="invalid_value",
                param="audio",
            )
        self._audio += audio

    def use(self, sound_format: SoundFormat) -> bool:
        """Take another format from now on; what is in the buffer is dropped ("our choice"); whether it is another."""
        if sound_format == self.format:
            return False
        self.clear()
        self.format = sound_format
        return True

    def clear(self) -> None:
        """Forget what is in the buffer."""
        self._ms_before += self.milliseconds
        self._audio.clear()
        self._examined = 0
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
        if length < _SHORTEST_MS:
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
        self._drop(self._examined)
        return taken

    def detect(
        self, detector: Detector, is_finished: Callable[[bytes], bool], *, speaking: bool
    ) -> Started | Stopped | None:
        """The next change of who speaks in what was appended, None when there is none; ask until then.

        Args:
            detector: when speech begins and ends.
            is_finished: whether what was said so far is a whole sentence; asked once in a silence, if at all.
            speaking: whether somebody speaks.
        """
        least = detector.threshold * 0.04 * 32_768
        size = FRAME_MS * self.format.bytes_per_ms
        while self._examined + size <= len(self._audio):
            loud = self.format.level(self._audio[self._examined : self._examined + size]) >= least
            self._examined += size
            here = round(self._ms_before + self.format.milliseconds(self._examined))
            if loud:
                self._silent_ms = 0
                if not speaking:
                    self._drop_silence(detector.padding_ms)
                    return Started(max(0, here - FRAME_MS - detector.padding_ms))
            elif speaking:
                before, self._silent_ms = self._silent_ms, self._silent_ms + FRAME_MS
                if self._has_ended(before, detector, is_finished):
                    self._silent_ms = 0
                    return Stopped(here)
        if not speaking:
            self._drop_silence(detector.padding_ms)
        return None

    def _has_ended(self, before: int, detector: Detector, is_finished: Callable[[bytes], bool]) -> bool:
        if self._silent_ms >= detector.longest_ms:
            return True
        # The words are looked at in the frame in which the silence is long enough, and not again in the same silence.
        return before < detector.silence_ms <= self._silent_ms and is_finished(bytes(self._audio[: self._examined]))

    def _drop_silence(self, padding: int) -> None:
        """Keep only the padding of silence before speech, so that a quiet microphone costs no memory."""
        surplus = self._examined - (padding + FRAME_MS) * self.format.bytes_per_ms
        if surplus > 0:
            self._drop(surplus)

    def _drop(self, size: int) -> None:
        del self._audio[:size]
        self._examined -= size
        self._ms_before += self.format.milliseconds(size)
