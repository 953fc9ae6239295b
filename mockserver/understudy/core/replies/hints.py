"""What a message itself says: names, numbers, dates, quotations, commands, each word for word.

A model that fills in arguments copies them out of the conversation. `Hints` finds what can be copied, in the
order in which it stands, and remembers what was taken, so that two numbers go to two properties.
All of it is heuristic and "our choice"; nothing here is a fact of the API.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from understudy.core.replies import name_findings
from understudy.core.replies.findings import Found, overlaps, words

MAX_HINT = 2_000
"""Characters of a message that are searched, from its end: an instruction follows what it is about."""

MAX_TOPIC = 60
"""Characters of a topic."""

MAX_TOPIC_WORDS = 8
"""Words of a topic."""

MAX_CAPTURE = 500
"""Characters of one quotation."""

_QUOTED = tuple(
    re.compile(pattern.replace("{n}", f"{{1,{MAX_CAPTURE}}}"))
    for pattern in (
        r"(?<!`)`([^`\n]{n})`(?!`)",
        r'"([^"\n]{n})"',
        r"“([^”\n]{n})”",
        r"«([^»\n]{n})»",
        r"「([^」\n]{n})」",
        r"『([^』\n]{n})』",
        r"(?<!\w)'([^'\n]{n})'(?!\w)",
        r"(?<!\w)‘([^’\n]{n})’(?!\w)",
    )
)
_CODE = _QUOTED[0]
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_URL = re.compile(r"https?://[^\s<>\"'`)\]}、。]+")
_NUMBER = re.compile(r"(?<![\w.@])(?<!\w-)[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE = re.compile(
    r"\b\d{4}-\d{2}-\d{2}\b"
    r"|\b\d{1,2}/\d{1,2}/\d{2,4}\b"
    rf"|\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}}\b)?"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}\b(?:,? \d{{4}}\b)?"
    r"|\b(?:day after tomorrow|today|tonight|tomorrow|yesterday)\b"
    r"|\b(?:(?:next|this|last) )?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
    r"|\b(?:next|this|last) (?:week(?:end)?|month|year)\b"
    r"|\d{1,4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月\d{1,2}日|今日|明日|昨日|明後日",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\b\d{1,2} ?[ap]\.?m\b\.?|\b(?:noon|midnight)\b", re.IGNORECASE
)
_PATH = re.compile(
    r"(?<![\w/:])(?:~|\.{1,2})?/[\w.~-][\w./~-]{0,200}"
    r"|(?<![\w/:@.])[\w-]{1,80}(?:[/.][\w-]{1,80}){0,8}\.[a-z]\w{1,4}\b"
)
_SUM = re.compile(r"\(*-?\d[\d\s.,]{0,20}(?:\s?[-+*/^×÷%]{1,2}\s?\(*-?\d[\d.,]{0,20}\)*){1,20}")
_AFTER_RUN = re.compile(
    r"\b(?:run|execute|type)(?: (?:the|this))?(?: (?:shell|bash|terminal))?(?: command)?:? +([^\n]{1,500})",
    re.IGNORECASE,
)
_AFTER_SEARCH = re.compile(
    r"\b(?:search(?: the web| online| the internet)?(?: for)?|look up|google|find(?: me)?|information (?:on|about))"
    r" +([^\n]{1,500})",
    re.IGNORECASE,
)
_AFTER_TEXT = re.compile(
    r"\btranslate ([^\n]{1,500}?) (?:to|into|from)\b"
    r"|\b(?:saying|says|remind me to|reminder to|note that) ([^\n]{1,500})",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[A-Za-z]{1,20}[_-][\w-]{0,60}?\d[\w-]{0,60}\b|(?<=#)\d{1,30}\b"
)
_SYMBOL = re.compile(r"(?<![\w$])\$?[A-Z]{1,5}(?![\w.])")
_SENTENCE_END = re.compile(r"[.?!](?=\s|$)|[\n。？！]")

_NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
}
_NO_TOPIC = name_findings.OPENERS | {"i", "i'd", "i'm", "hi", "hello"}
_TELLING = (":", "=", "is", "#", "number")
_LABELS = ("id", "number", "code", "key", "no")


class Hints:
    """Finds, in one message, what arguments can be made of.

    Attributes:
        text: the message, or its end.
        lower: the same in lower case.
        literal: whether the values are arguments of a call, for which nothing is composed that can be copied.
    """

    def __init__(self, text: str, *, literal: bool = False) -> None:
        self.text = text[-MAX_HINT:]
        self.literal = literal
        self.lower = self.text.lower()
        self._cache: dict[str, tuple[Found, ...]] = {}
        self._taken: list[Found] = []
        self._topic: str | None = None

    @property
    def topic(self) -> str:
        """What the message is about: its first sentence, without the words that open it; "" for an empty one."""
        if self._topic is None:
            sentence = _SENTENCE_END.split(self.text.strip(), maxsplit=1)[0].strip()
            spoken = sentence.split()
            while spoken and spoken[0].lower().strip(",'’") in _NO_TOPIC:
                spoken.pop(0)
            topic = " ".join(spoken[:MAX_TOPIC_WORDS]) or sentence
            self._topic = topic[:MAX_TOPIC].strip(" ,;:")
        return self._topic

    def all(self, kind: str) -> tuple[Found, ...]:
        """Return everything of one kind, in the order of the message; `FINDERS` names the kinds."""
        known = self._cache.get(kind)
        if known is None:
            known = self._cache[kind] = tuple(FINDERS[kind](self)) if self.text else ()
        return known

    def free(self, kind: str) -> Iterator[Found]:
        """Yield what of one kind nothing was made of yet."""
        if not self._taken:
            return iter(self.all(kind))
        return (found for found in self.all(kind) if not overlaps(found, self._taken))

    def take(self, found: Found) -> None:
        """Remember that a value was made of this stretch."""
        self._taken.append(found)

    def mark(self) -> int:
        """Return a place to go back to with `rewind`."""
        return len(self._taken)

    def rewind(self, mark: int) -> None:
        """Give back what was taken since `mark`: the value that was made of it came to nothing."""
        del self._taken[mark:]

    def says(self, phrase: str) -> bool:
        """Whether the message has these words, as words, in any case."""
        phrase = phrase.lower()
        start = self.lower.find(phrase) if phrase else -1
        while start >= 0:
            end = start + len(phrase)
            open_before = start == 0 or not self.lower[start - 1].isalnum() or not phrase[0].isascii()
            open_after = end == len(self.lower) or not self.lower[end].isalnum() or not phrase[-1].isascii()
            if open_before and open_after:
                return True
            start = self.lower.find(phrase, start + 1)
        return False

    def labelled(self, name: tuple[str, ...]) -> Iterator[Found]:
        """Yield what follows a property's own name: `order_id: 17`, "user id is 42", "title = Home", "order 12345".

        A bare neighbour counts only if it holds a digit.
        """
        # "order 12345" is an `order_id`.
        labels = name[-2:] if name[1:] and name[-1] in _LABELS else name[-1:]
        tokens = self.all("words") if any(label in self.lower for label in labels) else ()
        for index, token in enumerate(tokens[:-1]):
            named = token.text.lower().replace("-", "_").split("_")
            if named[-1] not in labels or not (len(name) == 1 or set(name) >= set(named)):
                continue
            after = index + 1
            while after < len(tokens) and tokens[after].text.lower() in _TELLING:
                after += 1
            if after == len(tokens):
                return
            told = after > index + 1
            following = tokens[after]
            if following.text[0].isalnum() and (told or any(char.isdigit() for char in following.text)):
                yield following


def _matches(pattern: re.Pattern[str], hints: Hints, *, strip: str = "") -> Iterator[Found]:
    for match in pattern.finditer(hints.text):
        text = match.group().rstrip(strip) if strip else match.group()
        yield Found(text, match.start(), match.start() + len(text))


def _captures(pattern: re.Pattern[str], hints: Hints) -> Iterator[Found]:
    for match in pattern.finditer(hints.text):
        text = match.group(1).strip()
        if text:
            yield Found(text, match.start(1), match.end(1))


def _blocks(hints: Hints) -> Iterator[Found]:
    """Yield code between fences, without the line that names its language."""
    pieces = hints.text.split("```")
    at = len(pieces[0]) + 3
    for index, piece in enumerate(pieces[1:], 1):
        if index % 2 and index < len(pieces) - 1:
            _, newline, code = piece.partition("\n")
            code = code.strip("\n") if newline else piece
            if code:
                yield Found(code, at, at + len(piece))
        at += len(piece) + 3


def _code(hints: Hints) -> Iterator[Found]:
    yield from _blocks(hints)
    yield from _captures(_CODE, hints)


def _quoted(hints: Hints) -> list[Found]:
    return sorted((found for each in _QUOTED for found in _captures(each, hints)), key=lambda found: found.start)


def _numbers(hints: Hints) -> list[Found]:
    """Find numbers and number words; those inside addresses, dates and times are parts of these."""
    apart = [found for kind in ("emails", "urls", "dates", "times") for found in hints.all(kind)]
    found = [each for each in _matches(_NUMBER, hints) if not overlaps(each, apart)]
    found += [token for token in hints.all("words") if token.text.lower() in _NUMBER_WORDS]
    return sorted(found, key=lambda each: each.start)


def number(text: str) -> int | float:
    """Return the value of a number or number word as it stands in a message."""
    word = _NUMBER_WORDS.get(text.lower())
    if word is not None:
        return word
    plain = text.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def _commands(hints: Hints) -> Iterator[Found]:
    yield from _code(hints)
    for found in (*_quoted(hints), *_captures(_AFTER_RUN, hints)):
        text = found.text.rstrip("?!")
        # A full stop ends the sentence, but `cd ..` ends in two.
        text = text[:-1] if text.endswith(".") and not text.endswith("..") else text
        if text:
            yield Found(text, found.start, found.start + len(text))


def _texts(hints: Hints) -> Iterator[Found]:
    yield from _quoted(hints)
    for match in _AFTER_TEXT.finditer(hints.text):
        group = 1 if match[1] else 2
        text = match[group].rstrip(".?!")
        if text:
            yield Found(text, match.start(group), match.start(group) + len(text))


def _queries(hints: Hints) -> Iterator[Found]:
    yield from _quoted(hints)
    for found in _captures(_AFTER_SEARCH, hints):
        text = found.text.rstrip(".?!")
        yield Found(text, found.start, found.start + len(text))


FINDERS: dict[str, Callable[[Hints], Iterable[Found]]] = {
    "words": lambda hints: words(hints.text),
    "code": _code,
    "quoted": _quoted,
    "emails": lambda hints: _matches(_EMAIL, hints, strip=".-"),
    "urls": lambda hints: _matches(_URL, hints, strip=".,;:!?"),
    "dates": lambda hints: _matches(_DATE, hints),
    "times": lambda hints: _matches(_TIME, hints),
    "numbers": _numbers,
    "decimals": lambda hints: (found for found in hints.all("numbers") if "." in found.text),
    "names": lambda hints: name_findings.names(hints.text, hints.all("words")),
    "places": lambda hints: name_findings.places(
        hints.text, hints.all("words"), hints.all("names"), lambda: hints.all("dates")
    ),
    "people": lambda hints: name_findings.people(hints.all("names"), hints.all("places")),
    "phrases": lambda hints: name_findings.phrases(hints.text, hints.all("words")),
    "paths": lambda hints: _matches(_PATH, hints),
    "commands": _commands,
    "queries": _queries,
    "texts": _texts,
    "sums": lambda hints: (
        found for found in _matches(_SUM, hints, strip=" .,") if not overlaps(found, hints.all("dates"))
    ),
    "identifiers": lambda hints: _matches(_IDENTIFIER, hints),
    "symbols": lambda hints: _matches(_SYMBOL, hints),
}
"""What can be found, by name."""


def iso_date(text: str) -> str | None:
    """Return `2026-03-05` for a date that names its year, month and day; None for others ("Friday", "3/4/26")."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        year, month, day = text.split("-")
    else:
        parts = re.findall(r"[a-z]+|\d+", text.lower())
        named = [part for part in parts if part.isalpha() and len(part) > 2]
        digits = [part for part in parts if part.isdecimal()]
        index = next((i for i, name in enumerate(_MONTHS, 1) if named and name.startswith(named[0])), 0)
        if not index or len(digits) != 2 or len(digits[1]) != 4:
            return None
        year, month, day = digits[1], str(index), digits[0]
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= _days_in(int(year), int(month))):
        return None
    return f"{year}-{int(month):02}-{int(day):02}"


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def iso_time(text: str) -> str | None:
    """Return `15:30:00` for a time of day as people write it, None for anything else."""
    if _TIME.fullmatch(text) is None:
        return None
    lower = text.lower().replace(".", "")
    if lower in ("noon", "midnight"):
        return "12:00:00" if lower == "noon" else "00:00:00"
    parts = [int(part) for part in re.findall(r"\d+", lower)]
    hour, minute, second = (*parts, 0, 0)[:3]
    if lower.endswith("m"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if "p" in lower else 0)
    return f"{hour:02}:{minute:02}:{second:02}" if hour < 24 and minute < 60 and second < 60 else None
