"""Pauses within a phrase, which must not end a turn."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.media.pauses import LONGEST_MS, shortened, sounding_ms

RATE = 24_000


def tone(milliseconds: int, size: int = 5_000) -> bytes:
    places = numpy.arange(milliseconds * RATE // 1_000)
    return numpy.rint(numpy.sin(places * 0.1) * size).astype("<i2").tobytes()


def silence(milliseconds: int) -> bytes:
    return bytes(milliseconds * RATE // 1_000 * 2)


def length_ms(pcm: bytes) -> float:
    return len(pcm) * 500 / RATE


def test_long_pauses_are_shortened_and_the_last_one_stays() -> None:
    """To the length that is allowed; what sounds is kept."""
    made = shortened(silence(500) + tone(100) + silence(400) + tone(200) + silence(300), RATE)
    assert length_ms(made) == pytest.approx(100 + 200 + 300 + 2 * LONGEST_MS, abs=45)
    loud = numpy.abs(numpy.frombuffer(made, "<i2")) > 500
    assert loud.sum() == pytest.approx(0.93 * 300 * RATE / 1_000, rel=0.05)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(20, 150), st.integers(0, 400)), max_size=6), st.integers(0, 239))
def test_no_pause_is_long_enough_for_a_detector(parts: list[tuple[int, int]], offset: int) -> None:
    """However its frames lie; short pauses are left as they are."""
    pcm = b"".join(tone(loud) + silence(quiet) for loud, quiet in parts) + tone(50)
    made = shortened(pcm, RATE)
    if all(quiet <= LONGEST_MS - 30 for _, quiet in parts):
        assert made == pcm
    sound = numpy.frombuffer(made, "<i2")[offset:].astype(float)
    frames = sound[: len(sound) // 480 * 480].reshape(-1, 480)
    run = longest = 0
    for frame in frames:
        run = run + 20 if numpy.sqrt((frame**2).mean()) < 655 else 0
        longest = max(longest, run)
    assert longest < 200


def test_where_sound_ends() -> None:
    """Silence alone has none."""
    assert sounding_ms(tone(200) + silence(300), RATE) == pytest.approx(200, abs=20)
    assert sounding_ms(silence(300), RATE) == 0
    assert sounding_ms(b"", RATE) == 0
    assert shortened(b"", RATE) == b""
