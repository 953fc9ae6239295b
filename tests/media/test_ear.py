from __future__ import annotations

import io
import subprocess
import sys
import time
from functools import cache

import numpy
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy import say
from understudy.core.media import Heard, Sound, UnreadableSound
from understudy.media import ear_mark
from understudy.media.codecs import FfmpegCodec, resampled
from understudy.media.ear import WatermarkEar
from understudy.media.ear_code import Code, coded_length, decode, encode
from understudy.media.espeak import espeak
from understudy.media.speech import EspeakSpeaker
from understudy_data import toml

CODEC = FfmpegCodec()
EAR = WatermarkEar(CODEC)
SPEAKER = EspeakSpeaker()
VOICES = sorted(toml("voices.toml")["voices"])
TEXTS = [
    "beep",
    "Hi.",
    "Hello there, how are you doing on this fine day? I hope that all is well.",
    "Book a table for four at 19:30 on 3 May; my e-mail is zoe@example.com!",
    "Guten Tag, wie geht es Ihnen? Ich heiße Müller.",
    "¿Cómo está usted?",
    "こんにちは、せかい。お元気ですか。",
    "Привет, мир. Как дела?",
    "你好，世界。",
    "안녕하세요, 반갑습니다.",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "The quick brown fox jumps over the lazy dog and then it runs away into the deep dark forest",
]


@cache
def spoken(text: str, voice: str = "alloy") -> bytes:
    return SPEAKER.speak(text, voice)


def heard(pcm: bytes, rate: int = 24_000) -> Heard:
    return EAR.hear(Sound(pcm, rate, "pcm16"))


def through_law(pcm: bytes, law: str) -> bytes:
    sound = CODEC.decode(CODEC.encode(resampled(pcm, 24_000, 8_000), law, 8_000), raw=law, raw_rate=8_000)
    assert isinstance(sound, Sound)
    return sound.samples


@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_is_heard_word_for_word(voice: str) -> None:
    """In twelve languages, from one second to many."""
    for text in TEXTS[:: 1 if voice == "alloy" else 4]:
        found = heard(spoken(text, voice))
        assert (found.text, found.understood) == (text, True)


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "opus", "aac"])
def test_speech_in_any_file_is_heard_word_for_word(format: str) -> None:
    """Lossless ones, and the lossy ones as we write them, all of them."""
    for number, text in enumerate(TEXTS):
        found = EAR.listen(CODEC.encode(spoken(text, VOICES[number]), format))
        assert isinstance(found, Heard)
        assert (found.text, found.understood) == (text, True)


@pytest.mark.parametrize("law", ["g711_ulaw", "g711_alaw"])
def test_speech_over_a_telephone_is_heard_word_for_word(law: str) -> None:
    """8 kHz and 8 bits."""
    for number, text in enumerate(TEXTS):
        assert heard(through_law(spoken(text, VOICES[number]), law)).text == text


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_speech_at_another_rate_is_heard_word_for_word(rate: int) -> None:
    """Resampled, or spoken so at once."""
    for text in TEXTS[::3]:
        assert heard(resampled(spoken(text), 24_000, rate), rate).text == text
        assert heard(SPEAKER.speak(text, "echo", rate), rate).text == text


def test_lossier_codecs_than_ours_leave_most_of_it() -> None:
    """Opus as another library writes it by default: at least half of the texts, and of the rest something."""
    understood = 0
    for text in TEXTS:
        file = io.BytesIO()
        sound = numpy.frombuffer(spoken(text), "<i2")
        soundfile.write(file, sound, 24_000, format="OGG", subtype="OPUS")
        found = EAR.listen(file.getvalue())
        assert isinstance(found, Heard)
        assert found.text
        understood += found.text == text
    assert understood >= len(TEXTS) // 2


@pytest.mark.parametrize("gain", [0.02, 0.3, 1.2])
def test_loudness_does_not_matter(gain: float) -> None:
    """Up to where it clips."""
    for text in TEXTS[::3]:
        louder = numpy.clip(numpy.rint(numpy.frombuffer(spoken(text), "<i2") * gain), -32_768, 32_767)
        assert heard(louder.astype("<i2").tobytes()).text == text


def test_silence_around_speech_and_speech_after_speech_are_heard() -> None:
    """Utterances are parted by a space; the length is that of all."""
    first, second = TEXTS[2], TEXTS[5]
    pcm = bytes(24_682) + spoken(first) + bytes(31_002) + spoken(second, "onyx") + bytes(9_998)
    found = heard(pcm)
    assert found.text == f"{first} {second}"
    assert found.understood
    assert found.milliseconds == len(pcm) // 48
    assert heard(spoken(first) + spoken(second, "onyx")).text == f"{first} {second}"


def test_words_said_in_one_process_are_heard_in_another() -> None:
    """Nothing but the sound goes from one to the other."""
    script = (
        "import sys; from understudy import say; sys.stdout.buffer.write(say('One two three, four.', 'sage', 'mp3'))"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60)
    found = EAR.listen(other.stdout)
    assert isinstance(found, Heard)
    assert found.text == "One two three, four."
    assert other.stdout == say("One two three, four.", "sage", "mp3")


def test_the_language_is_that_of_the_words() -> None:
    """As far as it is known."""
    languages = {text: heard(spoken(text)).language for text in (TEXTS[2], TEXTS[4], TEXTS[6])}
    assert list(languages.values()) == ["en", "de", "ja"]


def test_long_texts_are_heard_whole() -> None:
    """Also a breath of more words than one packet holds, and text that is not said between what is."""
    for text in (
        "one two three four five six seven eight nine ten " * 8 + "end",
        "Yes... 🙂 no!\n\n— Really? " + TEXTS[6],
    ):
        assert heard(SPEAKER.speak(text, "nova")).text == text


@pytest.mark.parametrize("kind", ["silence", "tone", "noise", "chord", "espeak", "short", "nothing"])
def test_other_sounds_are_told_by_their_length(kind: str) -> None:
    """A text that stands for them, never nothing, and never words that nobody said."""
    seconds = numpy.arange(24_000 * 6) / 24_000
    sounds = {
        "silence": numpy.zeros(24_000 * 6),
        "tone": numpy.sin(2 * numpy.pi * 3_150 * seconds) * 9_000,
        "noise": numpy.random.default_rng(0).normal(0, 5_000, 24_000 * 6),
        "chord": sum(numpy.sin(2 * numpy.pi * hertz * seconds) for hertz in (262, 330, 392, 3_000, 3_200)) * 4_000,
        "short": numpy.ones(100),
        "nothing": numpy.zeros(0),
    }
    if kind == "espeak":
        pcm = resampled(espeak().synthesise(TEXTS[2], "en-us+m3", 170, 50, 50), espeak().rate, 24_000)
    else:
        pcm = sounds[kind].astype("<i2").tobytes()
    found = heard(pcm)
    assert not found.understood
    assert found.language == "und"
    assert found.text == f"[audio of {len(pcm) // 48 / 1_000:.1f} seconds in an undetermined language]"


def test_words_that_were_cut_away_are_not_made_up() -> None:
    """What is left of a phrase without its end is inaudible; the others are heard."""
    text = "The first sentence is here. The second sentence is a good deal longer than that. And the third."
    parts = [pcm for _, pcm in SPEAKER.speak_phrases(text, "alloy")]
    found = heard(parts[0] + parts[1][:18_000] + parts[2])
    assert found.text == "The first sentence is here. [inaudible] And the third."
    assert not found.understood


def test_words_that_are_missing_between_others_are_missed() -> None:
    """A phrase that was cut out or drowned is told; what is missing at either end may have been another turn."""
    parts = [pcm for _, pcm in SPEAKER.speak_phrases("One is here. Two is here. Three is here. Four is here.", "alloy")]
    found = heard(parts[0] + bytes(4_800) + parts[2] + parts[3])
    assert (found.text, found.understood) == ("One is here. [inaudible] Three is here. Four is here.", False)
    found = heard(parts[0] + parts[1] + parts[2] + parts[3] + parts[2])
    assert found.text == "One is here. Two is here. Three is here. Four is here. [inaudible] Three is here. "
    for some in (parts[:2], parts[1:3], parts[2:]):
        assert heard(b"".join(some)).understood


def test_packets_are_numbered_beyond_the_last_number() -> None:
    """Utterances of many phrases."""
    text = " ".join(f"Phrase number {number}." for number in range(20))
    found = heard(SPEAKER.speak(text, "echo"))
    assert (found.text, found.understood) == (text, True)


def noisy(pcm: bytes, decibels: float, seed: int) -> bytes:
    """With white noise so far below it."""
    sound = numpy.frombuffer(pcm, "<i2").astype(float)
    size = numpy.sqrt((sound**2).mean()) * 10 ** (-decibels / 20)
    noise = numpy.random.default_rng(seed).normal(0, size, len(sound))
    return numpy.clip(numpy.rint(sound + noise), -32_768, 32_767).astype("<i2").tobytes()


def through_rates(pcm: bytes) -> bytes:
    """24 to 16 to 8 and back to 24 kHz."""
    for before, after in ((24_000, 16_000), (16_000, 8_000), (8_000, 24_000)):
        pcm = resampled(pcm, before, after)
    return pcm


SENTENCES = [
    "Yes.",
    "The total is 1,234.56 dollars, or 98% of 2026.",
    "Call me at +1 (555) 010-9999!",
    "Well... wait; what?! (Really) - yes: \"quoted\", 'single' & so on/off.",
    "Great 🎉 see you soon 👋🏽",
    "line one\nline two\n\nline three",
    "Buenos días, quisiera reservar una mesa para cuatro personas a las nueve.",
    "Größe, Straße, Übung – 3,5 Kilogramm.",
    "Bonjour, où est l'hôtel ? Ça coûte combien ?",
    "ラーメンをふたつ、おねがいします。",
    "東京駅までの切符を二枚ください。",
]
WAYS = {
    "whole": lambda pcm: pcm,
    "μ-law": lambda pcm: through_law(pcm, "g711_ulaw"),
    "A-law": lambda pcm: through_law(pcm, "g711_alaw"),
    "rates": through_rates,
    "noise": lambda pcm: noisy(pcm, 20, 0),
    "a noisy telephone": lambda pcm: noisy(through_law(pcm, "g711_ulaw"), 20, 1),
    "rates and noise": lambda pcm: noisy(through_rates(pcm), 20, 2),
}


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    text=st.sampled_from(SENTENCES),
    voice=st.sampled_from(VOICES),
    speed=st.sampled_from([0.25, 0.5, 0.8, 1.0, 1.2, 1.5]),
)
def test_speech_is_heard_word_for_word_whatever_it_went_through(way: str, text: str, voice: str, speed: float) -> None:
    """Languages, numbers, marks and pictures that are not spoken; voices, speeds, noise 20 dB below."""
    pcm = b"".join(part for _, part in SPEAKER.speak_phrases(text, voice, speed=speed))
    found = heard(WAYS[way](pcm))
    assert (found.text, found.understood) == (text, True)


def test_what_is_no_sound_is_not_heard() -> None:
    """The reason is that of the decoder; and a file is looked at once."""
    assert EAR.listen(b"hello") == UnreadableSound("unknown_format")
    assert EAR.listen(b"hello") is EAR.listen(b"hello")


def test_the_mark_is_far_below_the_speech() -> None:
    """22 dB, measured against the speech without its band, in every voice; and the band is a small part of the speech."""
    for voice in VOICES:
        settings_of = toml("voices.toml")["voices"][voice]
        raw = espeak().synthesise(
            TEXTS[2], f"en-us+{settings_of['variant']}", settings_of["rate"], settings_of["pitch"], settings_of["range"]
        )
        plain = resampled(raw, espeak().rate, 24_000)
        speech = numpy.frombuffer(plain, "<i2").astype(float)
        made = ear_mark.marked(plain, TEXTS[2], last=True, number=0, code=Code())
        marked = numpy.frombuffer(made, "<i2").astype(float)
        length = ear_mark._padded(len(speech) + 2_400)
        kept = numpy.fft.irfft(numpy.fft.rfft(speech, length) * ear_mark._without_band(length), length)[: len(speech)]
        assert 20 * numpy.log10((marked[: len(speech)] - kept).std() / speech.std()) < -22
        assert 20 * numpy.log10((kept - speech).std() / speech.std()) < -9


def test_listening_is_quick() -> None:
    """Ten milliseconds for a second of sound at most, of speech and of noise."""
    speech = spoken(TEXTS[2]) * 10
    noise = numpy.random.default_rng(1).normal(0, 5_000, 24_000 * 40).astype("<i2").tobytes()
    for pcm in (speech, noise):
        started = time.process_time()
        heard(pcm)
        assert (time.process_time() - started) / (len(pcm) / 48_000) < 0.010


CODE = Code()


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_any_text_becomes_bits_and_back(text: str) -> None:
    """In one packet or several, whose borders may cut a character."""
    read = [CODE.read(part) for part in CODE.parts(text)]
    assert b"".join(part or b"?" for part in read) == text.encode()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=120), st.randoms(use_true_random=False))
def test_the_code_bears_wrong_bits(bits: list[int], random: object) -> None:
    """One in twelve, apart from each other."""
    coded = encode(bits)
    assert len(coded) == coded_length(len(bits))
    soft = numpy.array([1.0 - 2 * bit for bit in coded])
    soft[random.randrange(12) :: 12] *= -1  # type: ignore[attr-defined]  # a Random
    assert decode(soft) == bits


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=20_000))
def test_no_sound_makes_the_ear_fail(pcm: bytes) -> None:
    """Any bytes are a sound of which it says something."""
    assert heard(pcm[: len(pcm) // 2 * 2]).text
