from __future__ import annotations

import io
import subprocess
import sys
import wave
from itertools import pairwise

import numpy
import pytest

from understudy import say
from understudy.media.speech import EspeakSpeaker, phrases
from understudy_data import toml

VOICES = sorted(toml("voices.toml")["voices"])
SENTENCE = "Hello there, how are you doing on this fine day? I hope that all is well."


def samples(pcm: bytes) -> numpy.ndarray:
    return numpy.frombuffer(pcm, "<i2").astype(float)


def pitch(pcm: bytes) -> float:
    """The middle fundamental frequency of the voiced parts, by autocorrelation."""
    found = []
    sound = samples(pcm)
    for start in range(0, len(sound) - 1_200, 1_200):
        frame = sound[start : start + 1_200]
        if numpy.sqrt((frame**2).mean()) < 800:
            continue
        frame = frame - frame.mean()
        same = numpy.correlate(frame, frame, "full")[1_199:]
        lag = 60 + same[60:400].argmax()
        if same[lag] > 0.4 * same[0]:
            found.append(24_000 / lag)
    return float(numpy.median(found))


def test_say_gives_a_wave_file_that_plays_as_long_as_its_words_take() -> None:
    """24 kHz, mono, 16 bit; some 10 to 20 characters a second."""
    with wave.open(io.BytesIO(say(SENTENCE))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert len(SENTENCE) / 22 < file.getnframes() / 24_000 < len(SENTENCE) / 8


@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_speaks_loud_and_clear(voice: str) -> None:
    """Neither silent nor clipped, with most of its energy where speech has it."""
    sound = samples(say(SENTENCE, voice=voice, format="pcm16"))
    assert 1_000 < numpy.sqrt((sound**2).mean()) < 12_000
    assert numpy.abs(sound).max() < 32_700
    power = numpy.abs(numpy.fft.rfft(sound)) ** 2
    frequencies = numpy.fft.rfftfreq(len(sound), 1 / 24_000)
    speech = power[(frequencies > 80) & (frequencies < 4_000)].sum()
    assert speech / power.sum() > 0.9


def test_voices_are_audibly_different() -> None:
    """By the middle of the fundamental a semitone and a half from every other; in all nearly two octaves."""
    pitches = sorted(pitch(say(SENTENCE, voice=voice, format="pcm16")) for voice in VOICES)
    steps = [12 * numpy.log2(higher / lower) for lower, higher in pairwise(pitches)]
    assert min(steps) > 1.5
    assert pitches[-1] / pitches[0] > 3.5


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        (SENTENCE, 10, 22),
        ("Buenos días, quisiera reservar una mesa para cuatro personas a las nueve.", 10, 22),
        ("Guten Tag, ich möchte gern einen Termin für übermorgen um halb zehn.", 10, 22),
        ("Bonjour, je voudrais réserver une chambre pour deux nuits, s'il vous plaît.", 10, 22),
        ("こんにちは。きょうは とても いい てんきですね。", 5, 12),
    ],
)
def test_speech_takes_as_long_as_its_words(text: str, least: float, most: float) -> None:
    """Characters a second, in every voice; no sound is cut off, none clips."""
    for voice in VOICES:
        sound = samples(say(text, voice=voice, format="pcm16"))
        assert least < len(text) / (len(sound) / 24_000) < most, voice
        assert numpy.abs(sound).max() < 32_000, voice
        assert -26 < 20 * numpy.log10(numpy.sqrt((sound**2).mean()) / 32_768) < -15, voice


def test_speech_is_the_same_in_every_process() -> None:
    """Same text and voice, same bytes."""
    script = "import sys; from understudy import say; sys.stdout.buffer.write(say('One two three.', 'echo'))"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60)
    assert other.stdout == say("One two three.", "echo")


def test_another_rate_changes_neither_length_nor_pitch() -> None:
    """8 kHz has a third of the samples."""
    wide, narrow = say(SENTENCE, format="pcm16"), say(SENTENCE, format="pcm16", rate=8_000)
    assert abs(len(wide) - 3 * len(narrow)) < 200


@pytest.mark.parametrize(
    "text", ["こんにちは、せかい。", "Guten Tag, wie geht es Ihnen?", "¿Cómo está usted?", "Привет, мир."]
)
def test_other_languages_are_spoken(text: str) -> None:
    """At least a second of sound."""
    assert len(say(text, format="pcm16")) > 24_000


@pytest.mark.parametrize("text", ["", "   ", "...", "🌍"])
def test_nothing_to_say_is_silence_or_short(text: str) -> None:
    """And no error."""
    assert len(EspeakSpeaker().speak(text, "alloy")) < 48_000 * 3


def test_phrases_are_the_text() -> None:
    """Joined again, nothing is lost."""
    for text in (SENTENCE, "One. Two? Three! four", "  leading", "日本。語", "\n\n", "a;b:c", "?!", "a.", '"No." '):
        assert "".join(phrases(text)) == text


def test_a_stop_between_digits_or_letters_ends_no_phrase() -> None:
    """It is spoken as one, so that 3.5 is no two numbers; closing marks belong to what they close."""
    assert phrases("Pay 3.5 or 1,234.56 by 10:30. Yes?") == ["Pay 3.5 or 1,234.56 by 10:30. ", "Yes?"]
    assert phrases('He said "no." (Really?!) Then: go') == ['He said "no." ', "(Really?!) ", "Then: ", "go"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"voice": "nobody"}, "there is no voice 'nobody'; there are alloy"),
        ({"format": "mp2"}, "the format is wav, mp3, flac, opus, aac, pcm16, g711_ulaw or g711_alaw, not 'mp2'"),
        ({"rate": 1}, "the rate is 8000 to 48000"),
        ({"text": "x" * 5_000}, "at most 4096 characters"),
        ({"text": ""}, "a text needs a letter or a digit to be spoken, and '' has none"),
        ({"text": "... 🌍"}, "a text needs a letter or a digit"),
    ],
)
def test_what_cannot_be_said_is_refused_in_one_sentence(arguments: dict[str, object], words: str) -> None:
    """With what is accepted."""
    with pytest.raises(ValueError, match=words):
        say(**{"text": "hello", **arguments})  # type: ignore[arg-type]  # wrong values are the point
