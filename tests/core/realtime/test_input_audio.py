"""Voice activity: the right milliseconds for tones, for speech, and for tones in noise, however the audio is cut."""

from __future__ import annotations

import math
from array import array
from base64 import b64encode
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import understudy
from understudy.core.realtime.input_audio import FRAME_MS, InputAudio, Started, Stopped, detector_of
from understudy.core.realtime.sound_formats import PCM, SoundFormat, format_of
from understudy.media.library import default_media

FULL = 32_767
DETECTION = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200}
Change = tuple[str, int]


def level(decibels: float) -> float:
    """The RMS of so many decibels below (-) a sine of full scale."""
    return FULL / math.sqrt(2) * 10 ** (decibels / 20)


@cache
def sound(before: int, loud: int, after: int, decibels: float, noise: float | None) -> bytes:
    """A tone of 440 Hz between silences (milliseconds), in white noise of a level, or in none."""
    dice = Random(7)
    deviation = 0 if noise is None else level(noise)
    amplitude = level(decibels) * math.sqrt(2)
    samples = array("h")
    for index in range(24 * (before + loud + after)):
        value = dice.gauss(0, deviation) if deviation else 0.0
        if 24 * before <= index < 24 * (before + loud):
            value += amplitude * math.sin(index * 2 * math.pi * 440 / 24_000)
        samples.append(max(-FULL, min(FULL, round(value))))
    return samples.tobytes()


def changes(
    pcm: bytes, sizes: list[int], *, sound_format: SoundFormat = PCM, detection: dict[str, object] | None = None
) -> list[Change]:
    """Who began and stopped, of audio that comes in pieces of some sizes (in samples)."""
    audio = InputAudio(sound_format)
    detector = detector_of({**DETECTION, **(detection or {})})
    found: list[Change] = []
    start, turn, speaking = 0, 0, False
    while start < len(pcm):
        size = sound_format.sample_bytes * sizes[turn % len(sizes)]
        audio.append(b64encode(pcm[start : start + size]).decode())
        start += size
        turn += 1
        while (change := audio.detect(detector, lambda _: True, speaking=speaking)) is not None:
            speaking = isinstance(change, Started)
            found.append(("started" if speaking else "stopped", change.at_ms))
            if isinstance(change, Stopped):
                audio.take_turn()
    return found


chunkings = st.lists(st.integers(1, 30_000), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(
    sizes=chunkings, place=st.sampled_from([(400, 500), (613, 307), (1_009, 251)]), noise=st.sampled_from([None, -40.0])
)
def test_a_tone_is_found_within_a_frame(sizes: list[int], place: tuple[int, int], noise: float | None) -> None:
    """At -20 dBFS, alone or in noise 20 dB below; 300 ms of padding before, 200 ms of silence after."""
    before, loud = place
    (first, began), (second, ended) = changes(sound(before, loud, 700, -20.0, noise), sizes)
    assert (first, second) == ("started", "stopped")
    assert abs(began - (before - 300)) <= FRAME_MS
    assert abs(ended - (before + loud + 200)) <= FRAME_MS


@settings(max_examples=20, deadline=None)
@given(sizes=chunkings, threshold=st.sampled_from([0.3, 0.5, 0.9]))
def test_noise_alone_never_begins_speech(sizes: list[int], threshold: float) -> None:
    """At -40 dBFS for two seconds."""
    assert changes(sound(2_000, 0, 0, -20.0, -40.0), sizes, detection={"threshold": threshold}) == []


@pytest.mark.parametrize("threshold", [0.1, 0.5, 1.0])
@pytest.mark.parametrize(("above", "found"), [(1.0, 2), (-1.0, 0)])
def test_the_threshold_is_a_level(threshold: float, above: float, found: int) -> None:
    """A decibel above it a tone is speech, a decibel below it is not."""
    decibels = 20 * math.log10(threshold * 0.04 * 32_768 / (FULL / math.sqrt(2))) + above
    pcm = sound(400, 500, 400, decibels, None)
    assert len(changes(pcm, [960], detection={"threshold": threshold})) == found


@settings(max_examples=10, deadline=None)
@given(sizes=chunkings, padding=st.sampled_from([0, 150, 300]), silence=st.sampled_from([100, 350]))
def test_padding_and_silence_are_as_set(sizes: list[int], padding: int, silence: int) -> None:
    detection = {"prefix_padding_ms": padding, "silence_duration_ms": silence}
    (_, began), (_, ended) = changes(sound(400, 500, 700, -20.0, None), sizes, detection=detection)
    assert abs(began - (400 - padding)) <= FRAME_MS
    assert abs(ended - (900 + silence)) <= FRAME_MS


@cache
def speech() -> tuple[bytes, int, int]:
    """Something said between silences, and the milliseconds from the first loud sample to the last."""
    pytest.importorskip("espeakng_loader")
    said = understudy.say("Where is my parcel", format="pcm16", rate=24_000)
    pcm = bytes(48 * 511) + said + bytes(48 * 1_000)
    samples = array("h", pcm)
    # Where the running level of 5 ms reaches the threshold, found sample by sample and not by the detector's frames.
    least = 0.5 * 0.04 * 32_768
    width = 120
    squares = sum(sample * sample for sample in samples[:width])
    loud = []
    for index in range(width, len(samples)):
        squares += samples[index] ** 2 - samples[index - width] ** 2
        if squares >= least * least * width:
            loud.append(index)
    return pcm, loud[0] // 24, loud[-1] // 24


@settings(max_examples=10, deadline=None)
@given(sizes=chunkings)
def test_speech_is_found_within_a_frame(sizes: list[int]) -> None:
    """One turn, from its first sound to its last."""
    pcm, first, last = speech()
    (_, began), (_, ended) = changes(pcm, sizes, detection={"silence_duration_ms": 600})
    assert abs(began - (first - 300)) <= FRAME_MS
    assert abs(ended - (last + 600)) <= FRAME_MS


@settings(max_examples=8, deadline=None)
@given(sizes=chunkings, form=st.sampled_from(["audio/pcmu", "audio/pcma"]))
def test_a_tone_on_the_telephone_is_found_within_a_frame(sizes: list[int], form: str) -> None:
    """Eight bits of G.711 at 8 kHz, in noise."""
    sound_format = format_of({"type": form})
    telephone = telephoned(form)
    (_, began), (_, ended) = changes(telephone, sizes, sound_format=sound_format)
    assert abs(began - (613 - 300)) <= FRAME_MS
    assert abs(ended - (613 + 307 + 200)) <= FRAME_MS


@cache
def telephoned(form: str) -> bytes:
    sound_format = format_of({"type": form})
    samples = array("h", sound(613, 307, 700, -20.0, -40.0))
    return default_media().codec.encode(samples[::3].tobytes(), sound_format.name, 8_000)
