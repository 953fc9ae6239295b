"""Speech that a person understands, the same bytes for the same text and voice in every process."""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from understudy.core.replies.languages import language_of
from understudy.media.codecs import FfmpegCodec, check_format, resampled, stretched
from understudy.media.ear_code import Code
from understudy.media.ear_mark import NUMBERS, marked, shortest_ms
from understudy.media.ear_mark import RATE as MARKED_RATE
from understudy.media.espeak import espeak
from understudy.media.japanese import in_kana
from understudy.media.pauses import shortened, sounding_ms
from understudy_data import toml

LONGEST = 4_096
"""Characters that are spoken at once, as the API's speech endpoint takes them."""
SLOWEST, FASTEST = 80, 450
"""Words a minute that the synthesiser speaks by itself; beyond them its speech is stretched."""
MARK_OVERHANG_MS = 140
"""How long a mark may go on after its words: less than the silence after which a turn is over."""
SLOWEST_STRETCH = 0.5
"""Tempo to which short words are slowed down at most, for their mark's sake ("our choice")."""
CACHE_BYTES = 32 * 1024 * 1024
"""Finished phrases that are kept ("our choice")."""

_PHRASE = re.compile(
    r"(?:[^.!?;:。！？\n]|[.!?;:](?![.!?;:。！？\"'»”’)\]]*(?:\s|$)))*"  # the stop in 3.5 or 10:30 ends nothing
    r"[.!?;:。！？\n]*[\"'»”’)\]]*\s*"
)
_LANGUAGES = {
    "en": "en-us", "de": "de", "es": "es", "fr": "fr-fr", "ja": "ja", "it": "it", "pt": "pt-br", "ru": "ru",
    "zh": "cmn", "ko": "ko", "ar": "ar", "hi": "hi",
}  # fmt: skip


class Phrase(msgspec.Struct, frozen=True):
    """One breath of speech.

    Attributes:
        words: what is said.
        spelled: what an ear shall hear: the words with unspeakable text before them.
        voice, espeak_voice: the API's name, the synthesiser's.
        rate: samples a second.
        speed: as a multiple of the voice's own.
        last: whether the utterance ends with it.
        number: of the mark's packets before it in the utterance.
    """

    words: str
    spelled: str
    voice: str
    espeak_voice: str
    rate: int
    speed: float
    last: bool
    number: int


class EspeakSpeaker:
    """The voices of `voices.toml`, spoken by espeak-ng (extra `speech`).

    Each phrase carries a quiet mark that spells its words, by which `WatermarkEar` hears them; see `ear_mark`.
    """

    def __init__(self) -> None:
        self._code = Code()
        self._finished: OrderedDict[Phrase, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def speak(self, text: str, voice: str, rate: int = 24_000) -> bytes:
        """Speech as PCM, 16 bit little-endian, mono, `rate` samples a second.

        Raises:
            MediaUnavailable: the extra is not installed.
            ValueError: an unknown voice, or a text that is too long.
        """
        return b"".join(audio for _, audio in self.speak_phrases(text, voice, rate))

    def speak_phrases(
        self, text: str, voice: str, rate: int = 24_000, *, speed: float = 1.0
    ) -> Iterator[tuple[str, bytes]]:
        """The same phrase by phrase, each with its words; together they are the whole text and speech.

        Pauses that a phrase's mark needs are as long at every speed.
        """
        settings = voice_settings(voice)
        if len(text) > LONGEST:
            raise ValueError(f"a text of at most {LONGEST} characters is spoken at once, not of {len(text)}")
        language = _LANGUAGES[language_of(text)]
        spelled = ""
        number = 0
        parts = phrases(text)
        last = max((place for place, part in enumerate(parts) if _can_be_said(part)), default=-1)
        for place, phrase in enumerate(parts):
            spelled += phrase
            if not _can_be_said(phrase):
                yield phrase, b""
                continue
            name = f"{language}+{settings['variant']}"
            spoken = Phrase(phrase, spelled, voice, name, rate, speed, place == last, number % NUMBERS)
            number += len(self._code.parts(spelled))
            yield phrase, self._said(spoken, settings)
            spelled = ""

    def _said(self, phrase: Phrase, settings: dict[str, Any]) -> bytes:
        with self._lock:
            if phrase in self._finished:
                self._finished.move_to_end(phrase)
                return self._finished[phrase]
        synthesiser = espeak()
        wanted = settings["rate"] * phrase.speed
        words_a_minute = min(max(round(wanted), SLOWEST), FASTEST)
        words = in_kana(phrase.words) if phrase.espeak_voice.startswith("ja") else phrase.words
        samples = synthesiser.synthesise(
            words, phrase.espeak_voice, words_a_minute, settings["pitch"], settings["range"]
        )
        if not SLOWEST <= wanted <= FASTEST:
            samples = stretched(samples, synthesiser.rate, wanted / words_a_minute)
        plain = self._roomy(shortened(resampled(samples, synthesiser.rate, MARKED_RATE), MARKED_RATE), phrase.spelled)
        audio = marked(plain, phrase.spelled, last=phrase.last, number=phrase.number, code=self._code)
        audio = resampled(audio, MARKED_RATE, phrase.rate)
        with self._lock:
            self._finished[phrase] = audio
            self._size += len(audio)
            while self._size > CACHE_BYTES:
                self._size -= len(self._finished.popitem(last=False)[1])
        return audio

    def _roomy(self, pcm: bytes, spelled: str) -> bytes:
        """Speech that is long enough for its mark to be over soon after it; a short word is said a little slower."""
        wanted = shortest_ms(spelled, self._code) - MARK_OVERHANG_MS
        sounding = sounding_ms(pcm, MARKED_RATE)
        if not 0 < sounding < wanted:
            return pcm
        return stretched(pcm, MARKED_RATE, max(sounding / wanted, SLOWEST_STRETCH))


def _can_be_said(phrase: str) -> bool:
    return any(letter.isalnum() for letter in phrase)


def phrases(text: str) -> list[str]:
    """The text cut behind the marks at which a speaker breathes; joined again it is the same text."""
    return [phrase for phrase in _PHRASE.findall(text) if phrase]


@cache
def _voices() -> dict[str, dict[str, Any]]:
    voices: dict[str, dict[str, Any]] = toml("voices.toml")["voices"]
    return voices


def voice_settings(voice: str) -> dict[str, Any]:
    """How a voice is made.

    Raises:
        ValueError: there is no such voice.
    """
    settings = _voices().get(voice)
    if settings is None:
        raise ValueError(f"there is no voice {voice!r}; there are {', '.join(_voices())}")
    return settings


def say(text: str, voice: str = "alloy", format: str = "wav", rate: int = 24_000) -> bytes:
    """Speech for a test: a file's bytes.

    Args:
        text: at most 4,096 characters.
        voice: one of the API's names.
        format: wav, mp3, flac, opus or aac; pcm16, g711_ulaw or g711_alaw for bare samples.
        rate: samples a second, 8,000 to 48,000; of opus and MPEG only those they know.

    Raises:
        MediaUnavailable: the extra `speech` is not installed.
        ValueError: an unknown voice, format or rate, or a text that is too long or has nothing that can be said.
    """
    check_format(format, rate)
    if not _can_be_said(text):
        raise ValueError(f"a text needs a letter or a digit to be spoken, and {text[:40]!r} has none")
    return _codec().encode(_speaker().speak(text, voice, rate), format, rate)


@cache
def _speaker() -> EspeakSpeaker:
    return EspeakSpeaker()


@cache
def _codec() -> FfmpegCodec:
    return FfmpegCodec()
