"""A text laid over the time in which it was said: words, segments, subtitles.

When a word was said is not known: the time is shared out by characters ("our choice"), within the sound's length.
"""

import re

import msgspec

_SENTENCE = re.compile(r"[^.!?。！？\n]*[.!?。！？\n]*\s*")
_WORD = re.compile(r"[\w'’-]+(?:[.,:]\d+)*", re.UNICODE)
MOST_WORDS = 100_000
"""Words of one text that are timed ("our choice", to bound memory)."""


class Timed(msgspec.Struct, frozen=True):
    """Some of a text.

    Attributes:
        text: as it stands there; of a segment with a space before it (recorded 2026-08).
        start, end: seconds.
    """

    text: str
    start: float
    end: float


def spoken_segments(text: str, milliseconds: int) -> list[Timed]:
    """Its sentences."""
    return [
        Timed(" " + text[first:last].strip(), *_times(first, last, len(text), milliseconds))
        for first, last in (match.span() for match in _SENTENCE.finditer(text))
        if text[first:last].strip()
    ]


def words_of(text: str, milliseconds: int) -> list[Timed]:
    """Its words, without the marks around them."""
    words = []
    for match in _WORD.finditer(text):
        words.append(Timed(match.group(), *_times(*match.span(), len(text), milliseconds)))
        if len(words) == MOST_WORDS:
            break
    return words


def subtitles(segments: list[Timed], form: str) -> str:
    """As SubRip (`srt`) or WebVTT (`vtt`)."""
    mark = "," if form == "srt" else "."
    lines = [] if form == "srt" else ["WEBVTT", ""]
    for number, segment in enumerate(segments, 1):
        if form == "srt":
            lines.append(str(number))
        lines += [f"{_clock(segment.start, mark)} --> {_clock(segment.end, mark)}", segment.text.strip(), ""]
    return "\n".join(lines) + "\n"


def _clock(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1_000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, milliseconds = divmod(milliseconds, 1_000)
    return f"{hours:02}:{minutes:02}:{whole:02}{mark}{milliseconds:03}"


def _times(first: int, last: int, length: int, milliseconds: int) -> tuple[float, float]:
    return round(milliseconds * first / length) / 1_000, round(milliseconds * last / length) / 1_000
