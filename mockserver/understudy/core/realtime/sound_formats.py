"""The formats of a session's audio: PCM at 24 kHz, and the two of telephony (ITU-T G.711) at 8 kHz.

Nothing is converted here but levels: what was said is decoded as a whole, by a library, when it is heard.
"""

import math
from array import array
from sys import byteorder
from typing import Any

import msgspec


class SoundFormat(msgspec.Struct, frozen=True):
    """One format.

    Attributes:
        type: as a session names it.
        name: as codecs name it.
        rate: samples a second.
        sample_bytes: of one sample.
        said: in the words of the errors.
    """

    type: str
    name: str
    rate: int
    sample_bytes: int
    said: str

    @property
    def bytes_per_ms(self) -> int:
        """Bytes of a millisecond."""
        return self.rate * self.sample_bytes // 1_000

    def milliseconds(self, size: int) -> float:
        """How long so many bytes last."""
        return size / self.bytes_per_ms

    def level(self, frame: bytes | bytearray) -> float:
        """Root mean square of a frame, of 32,768 at full scale."""
        if self.sample_bytes == 1:
            squares = _SQUARES[self.name]
            return math.sqrt(sum(squares[code] for code in frame) / len(frame))
        samples = array("h", bytes(frame))
        if byteorder == "big":
            samples.byteswap()
        return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


def _ulaw(code: int) -> int:
    """The size of a sample in μ-law (G.711, table 2a)."""
    code = ~code & 0x7F
    return (((code & 15) << 3) + 0x84 << (code >> 4)) - 0x84


def _alaw(code: int) -> int:
    """The size of a sample in A-law (G.711, table 1a)."""
    code = (code ^ 0x55) & 0x7F
    segment, step = code >> 4, (code & 15) << 4
    return step + 8 if segment == 0 else (step + 0x108) << (segment - 1)


_SQUARES = {
    "g711_ulaw": tuple(_ulaw(code) ** 2 for code in range(256)),
    "g711_alaw": tuple(_alaw(code) ** 2 for code in range(256)),
}

PCM = SoundFormat("audio/pcm", "pcm16", 24_000, 2, "mono PCM16 at 24kHz")
_FORMATS = {
    "audio/pcm": PCM,
    "audio/pcmu": SoundFormat("audio/pcmu", "g711_ulaw", 8_000, 1, "mono G.711 u-law at 8kHz"),
    "audio/pcma": SoundFormat("audio/pcma", "g711_alaw", 8_000, 1, "mono G.711 a-law at 8kHz"),
}
TYPES = tuple(_FORMATS)


def format_of(table: dict[str, Any] | None) -> SoundFormat:
    """The format that a session's field names."""
    return PCM if table is None else _FORMATS[table["type"]]
