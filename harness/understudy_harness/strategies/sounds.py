"""Sounds in every format: speech that the server hears word for word, tones, silence, noise (extra `speech`)."""

from __future__ import annotations

import array
import sys
from math import pi, sin
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

FORMATS = ("wav", "mp3", "flac", "opus", "aac", "pcm16", "g711_ulaw", "g711_alaw")
SENTENCES = (
    "Hello.",
    "What is the weather like in Lisbon?",
    "Please book a table for two.",
    "The number is forty two.",
)


class Sound(NamedTuple):
    """One sound.

    Attributes:
        kind: speech, tone, silence or noise.
        format: of `data`.
        rate: samples a second.
        words: that are said, empty of what is no speech.
        data: a file, or bare samples.
    """

    kind: str
    format: str
    rate: int
    words: str
    data: bytes


@st.composite
def sounds(draw: st.DrawFn, formats: tuple[str, ...] = FORMATS, *, kinds: tuple[str, ...] = ()) -> Sound:
    """Sounds of at most a few seconds; `kinds` as `Sound` has them, all when empty."""
    format = draw(st.sampled_from(formats))
    rate = 8_000 if format.startswith("g711") else draw(st.sampled_from((16_000, 24_000)))
    kind = draw(st.sampled_from(kinds or ("speech", "tone", "silence", "noise")))
    if kind == "speech":
        import understudy

        words = draw(st.sampled_from(SENTENCES))
        voice = draw(st.sampled_from(("alloy", "coral", "echo")))
        return Sound(kind, format, rate, words, understudy.say(words, voice, format, rate))
    from understudy.media.codecs import FfmpegCodec

    samples = _samples(kind, rate, draw(st.integers(100, 2_000)), draw(st.integers(80, 3_000)))
    return Sound(kind, format, rate, "", FfmpegCodec().encode(samples, format, rate))


def _samples(kind: str, rate: int, milliseconds: int, number: int) -> bytes:
    count = rate * milliseconds // 1_000
    if kind == "silence":
        return bytes(2 * count)
    if kind == "tone":
        values = [round(8_000 * sin(2 * pi * number * place / rate)) for place in range(count)]
    else:
        chance = Random(number)
        values = [chance.randint(-3_000, 3_000) for _ in range(count)]
    made = array.array("h", values)
    if sys.byteorder == "big":
        made.byteswap()
    return made.tobytes()
