"""The length that a message asks for: "in 300 words", "up to 5 words", "three bullet points", "a haiku"."""

import re
from collections.abc import Set
from functools import cache
from typing import NamedTuple

from understudy.core.replies.languages import LANGUAGES, Kind, Language
from understudy.core.replies.languages.language import Measures

MOST_WORDS = 20_000
"""Longer answers are asked for in vain ("our choice"; no model's output limit lies much above it)."""
_MOST = {
    "words": MOST_WORDS,
    "characters": 100_000,
    "sentences": 2_000,
    "paragraphs": 500,
    "bullets": 1_000,
    "lines": 1_000,
}
_FEW_BULLETS = 3
_ALL_BUT_A_FIFTH = 0.8


class Span(NamedTuple):
    """How many, from `least` to `most`."""

    least: int
    most: int

    def nearest(self, count: int) -> int:
        """The number within the span that is nearest to `count`."""
        return max(self.least, min(count, self.most))


class Wish(NamedTuple):
    """What a message says about the length of the answer; None where it says nothing.

    Attributes:
        words: of the whole answer.
        characters: of the whole answer.
        sentences: of the whole answer.
        paragraphs: of the whole answer.
        bullets: items of a list.
        numbered: whether the items carry numbers rather than bullets.
        lines: lines of a poem or list.
        verbosity: low or high, where the message asks for it without a number.
    """

    words: Span | None = None
    characters: Span | None = None
    sentences: Span | None = None
    paragraphs: Span | None = None
    bullets: Span | None = None
    numbered: bool = False
    lines: Span | None = None
    verbosity: str | None = None


_NOTHING = Wish()
_DIGITS = r"\d{1,3}(?:[.,]\d{3})+|\d{1,7}"
_SEPARATORS = re.compile(r"[.,]")
_BEFORE = 50
"""Characters before a unit ("words") in which its number stands, or before a number what bounds it."""


def wish_of(text: str, language: Language, kinds: Set[Kind]) -> Wish | None:
    """What a text asks for, None when it asks for no length.

    Args:
        text: the message.
        language: in which it is written.
        kinds: what it may hold, as `recognise` found.
    """
    grammar = _grammar(language.code)
    spans = grammar.spans(text) if "length" in kinds else {}
    numbered = False
    if "bullets" not in spans and "list" in kinds:
        bullets, numbered = grammar.bullets(text, any_spans=bool(spans))
        if bullets is not None:
            spans["bullets"] = bullets
    if "lines" not in spans and "form" in kinds:
        lines = grammar.lines(text)
        if lines is not None:
            spans["lines"] = lines
    verbosity = grammar.verbosity(text) if "verbosity" in kinds else None
    wish = Wish(numbered=numbered, verbosity=verbosity, **spans)
    return None if wish == _NOTHING else wish


@cache
def _grammar(code: str) -> "_Grammar":
    return _Grammar(LANGUAGES[code].measures)


class _Grammar:
    """The measures of one language, compiled."""

    def __init__(self, measures: Measures) -> None:
        self._numbers = {word.lower(): value for word, value in measures.numbers.items()}
        self._unless = measures.unless
        begin, end = (r"(?<![\w.,])", r"(?!\w)") if measures.word_ends else (r"(?<![\d.,])", "")
        adjective = r"(?:[^\W\d_]{2,}[\s-]+)?" if measures.word_ends else ""
        number = "|".join([_DIGITS, *sorted(map(re.escape, measures.numbers), key=len, reverse=True)])
        units = "|".join(f"(?P<{unit}>{getattr(measures, unit)})" for unit in _MOST)
        after = rf"\s*(?:(?P<at_most_after>{measures.at_most_after})|(?P<at_least_after>{measures.at_least_after}))"
        # Units are rare: first a unit is found, then a number before it, then what bounds the number.
        self._unit = re.compile(rf"(?:{units}){end}(?:{after})?", re.IGNORECASE)
        self._number = re.compile(rf"{begin}(?:{number})", re.IGNORECASE)
        self._between = re.compile(
            rf"(?:{measures.between}(?P<high>{number}))?(?P<fewer>\s*(?:{measures.at_most_after}))?[\s-]*{adjective}",
            re.IGNORECASE,
        )
        self._bound = re.compile(
            rf"(?:(?P<at_most>{measures.at_most})|(?P<at_least>{measures.at_least})|(?P<exactly>{measures.exactly}))\s*"
            rf"(?:(?:{measures.about})\s*)?\Z",
            re.IGNORECASE,
        )
        self._listing = re.compile(measures.listing, re.IGNORECASE)
        self._some_bullets = re.compile(measures.some_bullets, re.IGNORECASE)
        self._brief = re.compile(measures.brief, re.IGNORECASE)
        self._detailed = re.compile(measures.detailed, re.IGNORECASE)
        self._forms = tuple((re.compile(form, re.IGNORECASE), lines) for form, lines in measures.forms.items())

    def spans(self, text: str) -> dict[str, Span]:
        """The numbers that are asked for, by unit; of two for one unit the first."""
        spans: dict[str, Span] = {}
        for after in self._unit.finditer(text):
            unit = next(unit for unit in _MOST if after[unit] is not None)
            if unit in spans:
                continue
            for number in self._number.finditer(text, max(0, after.start() - _BEFORE), after.start()):
                between = self._between.fullmatch(text, number.end(), after.start())
                if between is not None:
                    if self._before(text, number.start()) not in self._unless:
                        spans[unit] = self._span(unit, text, number, between, after)
                    break
        return spans

    def bullets(self, text: str, *, any_spans: bool) -> tuple[Span | None, bool]:
        """How many items a list shall have, and whether they are numbered."""
        listing = None if any_spans else self._listing.search(text)
        if listing is not None:
            return _span("bullets", self._value(listing[listing.lastindex or 0])), True
        if self._some_bullets.search(text) is not None:
            return Span(_FEW_BULLETS, _FEW_BULLETS), False
        return None, False

    def lines(self, text: str) -> Span | None:
        """The lines of the poem that is asked for."""
        return next((Span(lines, lines) for form, lines in self._forms if form.search(text) is not None), None)

    def verbosity(self, text: str) -> str | None:
        """Low or high, where the text asks for it in words."""
        if self._brief.search(text) is not None:
            return "low"
        return "high" if self._detailed.search(text) is not None else None

    def _span(self, unit: str, text: str, number: re.Match[str], between: re.Match[str], after: re.Match[str]) -> Span:
        low = self._value(number[0])
        if between["high"] is not None:
            high = self._value(between["high"])
            return _span(unit, min(low, high), max(low, high))
        bound = self._bound.search(text, max(0, number.start() - _BEFORE), number.start())
        if (bound is not None and bound["at_most"]) or between["fewer"] or after["at_most_after"]:
            return _span(unit, 1, low)
        if (bound is not None and bound["at_least"]) or after["at_least_after"]:
            return _span(unit, low, _MOST[unit])
        if unit == "characters" and (bound is None or not bound["exactly"]):
            # Whole sentences seldom come to a given number of characters.
            return _span(unit, int(low * _ALL_BUT_A_FIFTH), low)
        return _span(unit, low)

    @staticmethod
    def _before(text: str, place: int) -> str:
        """The word before a place, in lower case."""
        words = text[max(0, place - _BEFORE) : place].split()
        return words[-1].lower() if words else ""

    def _value(self, number: str) -> int:
        known = self._numbers.get(number.lower())
        return int(_SEPARATORS.sub("", number)) if known is None else known


def _span(unit: str, least: int, most: int | None = None) -> Span:
    limit = _MOST[unit]
    least = max(1, min(least, limit))
    return Span(least, least if most is None else max(least, min(most, limit)))
