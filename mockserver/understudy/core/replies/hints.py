"""What a message itself says: names, numbers, dates, quotations, commands, each word for word.

A model that fills in arguments copies them out of the conversation. `Hints` finds what can be copied, in the
order in which it stands, and remembers what was taken, so that two numbers go to two properties.
All of it is heuristic and "our choice"; nothing here is a fact of the API.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from understudy.core.replies.places import BY_LOWER, IN_OTHER_SCRIPTS

MAX_HINT = 4_000
"""Characters of a message that are searched, from its end: an instruction follows what it is about."""

MAX_TOPIC = 60
"""Characters of a topic."""

MAX_TOPIC_WORDS = 8
"""Words of a topic."""

MAX_CAPTURE = 500
"""Characters of one quotation."""


class Found(NamedTuple):
    """A stretch of the message.

    Attributes:
        text: the words as they stand.
        start: index of the first character.
        end: index after the last.
        before: the word before it, in lower case; "" at the start of a sentence.
    """

    text: str
    start: int
    end: int
    before: str = ""


_WORD = re.compile(r"[^\W_](?:[\w'’.\-]*\w)?|[^\w\s]")
_QUOTED = tuple(
    re.compile(pattern.replace("{n}", f"{{1,{MAX_CAPTURE}}}"))
    for pattern in (
        r"`([^`\n]{n})`",
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
_NUMBER = re.compile(r"(?<![\w.@])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_MONTHS = ("january february march april may june july august september october november december").split()
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
_PATH = re.compile(r"(?<![\w/:])(?:~|\.{1,2})?/[\w.~-][\w./~-]{0,200}|(?<![\w/:@.])[\w-]{1,80}(?:[/.][\w-]{1,80}){0,8}\.[a-z]\w{0,4}\b")
_SUM = re.compile(r"\(*-?\d[\d\s.,]{0,20}(?:\s?[-+*/^×÷%]{1,2}\s?\(*-?\d[\d.,]{0,20}\)*){1,20}")
_AFTER_RUN = re.compile(
    r"\b(?:run|execute|type)(?: (?:the|this))?(?: (?:shell|bash|terminal))?(?: command)?:? +([^\n]{1,500})", re.IGNORECASE
)
_AFTER_SEARCH = re.compile(
    r"\b(?:search(?: the web| online| the internet)?(?: for)?|look up|google|find(?: me)?|information (?:on|about))"
    r" +([^\n]{1,500})",
    re.IGNORECASE,
)
_OF_PLACE = re.compile(r"([一-龯ァ-ヶー々]{1,12})(?:の|で|市|的)")
_CODE_WORD = re.compile(r"(?<![\w$])\$?[A-Z]{1,5}(?![\w.])")

_NUMBER_WORDS = {
    word: value
    for value, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
_BREAKS = frozenset(".?!:;。？！\"“”`「」")
_AFTER_VERBS = frozenset("a about an at for from in into me my of on some the this to up with".split())
_LINKS = frozenset("de of la del van von der da do di du el al the".split())
_TO_PLACES = frozenset(
    "in at near to from around visit visiting between within toward towards via city town into "
    "en à em bei nach aus в на из dans a über".split()
)
_LISTS = frozenset(("and", "or", "&", ",", "und", "et", "y", "e", "и"))
_NO_NAMES = frozenset(
    "i i'm i'd i'll i've monday tuesday wednesday thursday friday saturday sunday celsius fahrenheit kelvin "
    "mr mrs ms dr english french german spanish italian portuguese japanese chinese korean russian arabic dutch "
    "hindi ok hello hi hey".split() + _MONTHS
)
# Words that open a sentence with a capital without being a name.
_OPENERS = frozenset(
    "a about add all an and any are as ask at be book buy by calculate call can cancel check compare compute convert "
    "could create delete describe did do does draw email execute explain extract fetch find first for forecast from "
    "generate get give go had has have help here how if in is it just let list look make may me message my need next "
    "no not now of on open order our plan play please post print provide put query read remind remove reply report "
    "return review roll run save schedule search see sell send set should show so solve start stop suggest summarise "
    "summarize take tell thanks that the their then there these they this those to track translate turn update use "
    "view want was we weather were what what's when where where's which who who's whose why will with would write yes "
    "you your".split()
)
_NOT_WHERE = _OPENERS | _NO_NAMES | frozenset("any each english every general one order other particular".split())


class Hints:
    """Finds, in one message, what arguments can be made of."""

    def __init__(self, text: str) -> None:
        self.text = text[-MAX_HINT:]
        self.lower = self.text.lower()
        self._cache: dict[str, tuple[Found, ...]] = {}
        self._taken: list[tuple[int, int]] = []
        self._topic: str | None = None

    @property
    def topic(self) -> str:
        """What the message is about: its first sentence, without the words that open it; "" for an empty one."""
        if self._topic is None:
            sentence = re.split(r"[.?!\n。？！]", self.text.strip(), maxsplit=1)[0].strip()
            words = sentence.split()
            while words and words[0].lower().strip(",'’") in _OPENERS:
                words.pop(0)
            topic = " ".join(words[:MAX_TOPIC_WORDS]) or sentence
            self._topic = topic[:MAX_TOPIC].strip(" ,;:")
        return self._topic

    # -- taking ----------------------------------------------------------------------------------------------

    def all(self, kind: str) -> tuple[Found, ...]:
        """Everything of one kind, in the order of the message; `FINDERS` names the kinds."""
        known = self._cache.get(kind)
        if known is None:
            known = self._cache[kind] = tuple(FINDERS[kind](self)) if self.text else ()
        return known

    def free(self, kind: str) -> Iterator[Found]:
        """What of one kind nothing was made of yet."""
        for found in self.all(kind):
            if not any(found.start < end and start < found.end for start, end in self._taken):
                yield found

    def take(self, found: Found) -> None:
        """Remember that a value was made of this stretch."""
        self._taken.append((found.start, found.end))

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

    def labelled(self, words: tuple[str, ...]) -> Iterator[Found]:
        """What follows a property's own name: `order_id: 17`, "user id is 42", "title = Home", "order 12345".

        A bare neighbour counts only if it holds a digit.
        """
        tokens = self.all("words") if words else ()
        for index, token in enumerate(tokens[:-1]):
            named = token.text.lower().replace("-", "_").split("_")
            if named[-1] != words[-1] or not (len(words) == 1 or set(words) >= set(named)):
                continue
            following = tokens[index + 1]
            told = following.text.lower() in (":", "=", "is", "#")
            if told and index + 2 < len(tokens):
                following = tokens[index + 2]
            if not following.text[0].isalnum():
                continue
            if told or any(char.isdigit() for char in following.text):
                yield following


def _words(hints: Hints) -> Iterator[Found]:
    before = ""
    for match in _WORD.finditer(hints.text):
        word = match.group()
        yield Found(word, match.start(), match.end(), before)
        before = "" if word in _BREAKS else word.lower()


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
    """Code between fences, without the line that names its language."""
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
    """Numbers and number words; those inside addresses, dates and times are parts of these."""
    apart = [(found.start, found.end) for kind in ("emails", "urls", "dates", "times") for found in hints.all(kind)]
    found = [
        each
        for each in _matches(_NUMBER, hints)
        if not any(start <= each.start < end for start, end in apart)
    ]
    found += [token for token in hints.all("words") if token.text.lower() in _NUMBER_WORDS]
    return sorted(found, key=lambda each: each.start)


def number(text: str) -> int | float:
    """The value of a number or number word as it stands in a message."""
    word = _NUMBER_WORDS.get(text.lower())
    if word is not None:
        return word
    plain = text.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def _names(hints: Hints) -> Iterator[Found]:
    """Runs of capitalised words, with the small words inside them ("Rio de Janeiro")."""
    tokens = hints.all("words")
    index = 0
    while index < len(tokens):
        begin = index
        while index < len(tokens) and _carries_a_name(tokens, index, begin):
            index += 1
        if index == begin:
            index += 1
            continue
        run = list(tokens[begin:index])
        before = run[0].before
        following = tokens[index].text.lower() if index < len(tokens) else ""
        if before == "" and (run[0].text.lower() in _OPENERS or (len(run) == 1 and following in _AFTER_VERBS)):
            before = run.pop(0).text.lower()
        while run and run[-1].text.lower() in _LINKS:
            run.pop()
        if run:
            yield Found(hints.text[run[0].start : run[-1].end], run[0].start, run[-1].end, before)


def _carries_a_name(tokens: tuple[Found, ...], index: int, begin: int) -> bool:
    token = tokens[index]
    if index > begin and token.start != tokens[index - 1].end + 1:
        return False
    lower = token.text.lower()
    if index > begin and lower in _LINKS:
        return index + 1 < len(tokens) and tokens[index + 1].text[0].isupper()
    return token.text[0].isupper() and lower not in _NO_NAMES and not (token.text.isupper() and len(token.text) <= 5)


def _places(hints: Hints) -> list[Found]:
    """Known cities anywhere, other names after words such as "in", and whatever follows "in" as a last resort."""
    tokens = hints.all("words")
    found: dict[int, Found] = {}
    for size in (3, 2, 1):
        for index in range(len(tokens) - size + 1):
            start, end = tokens[index].start, tokens[index + size - 1].end
            if hints.lower[start:end] in BY_LOWER and not any(
                each.start <= start < each.end for each in found.values()
            ):
                found[start] = Found(hints.text[start:end], start, end, tokens[index].before)
    for name in sorted(IN_OTHER_SCRIPTS, key=len, reverse=True):
        start = hints.text.find(name)
        if start >= 0 and not any(each.start <= start < each.end for each in found.values()):
            found[start] = Found(name, start, start + len(name))
    previous_end = -9
    for run in hints.all("names"):
        known = any(each.start < run.end and run.start < each.end for each in found.values())
        listed = run.before in _LISTS and run.start - previous_end <= 6
        if not known and (run.before in _TO_PLACES or listed):
            found[run.start] = run
            known = True
        if known:
            previous_end = run.end
    for each in found.values():
        longer = _with_region(hints, each)
        found[each.start] = longer
    if not found:
        found |= {each.start: each for each in _captures(_OF_PLACE, hints)}
    if not found:
        found |= {each.start: each for each in _after_in(hints)}
    return sorted(found.values(), key=lambda each: each.start)


def _with_region(hints: Hints, place: Found) -> Found:
    """ "San Francisco, CA" and "Paris, France" are one place; "Paris, Tokyo and Rome" are three."""
    match = re.compile(r", ([A-Z]{2}|[A-Z][a-z]+)\b(?!,| and| or| &)").match(hints.text, place.end)
    if match is None or match.group(1).lower() in BY_LOWER or match.group(1).lower() in _NO_NAMES:
        return place
    return Found(hints.text[place.start : match.end()], place.start, match.end(), place.before)


def _after_in(hints: Hints) -> Iterator[Found]:
    tokens = hints.all("words")
    dates = {date.start for date in hints.all("dates")}
    for index, token in enumerate(tokens[:-1]):
        if token.text.lower() not in ("in", "near"):
            continue
        end = index + 1
        while end < len(tokens) and end - index <= 3 and tokens[end].text.isalpha() and (
            tokens[end].text.lower() not in _NOT_WHERE and tokens[end].start not in dates
        ):
            end += 1
        if end > index + 1:
            yield Found(
                hints.text[tokens[index + 1].start : tokens[end - 1].end],
                tokens[index + 1].start,
                tokens[end - 1].end,
                token.text.lower(),
            )


def _people(hints: Hints) -> Iterator[Found]:
    """Names that are no places."""
    places = hints.all("places")
    for name in hints.all("names"):
        if not any(place.start < name.end and name.start < place.end for place in places):
            yield name


def _phrases(hints: Hints) -> Iterator[Found]:
    """What follows an article: "a science fair", "the Eiffel tower"."""
    tokens = hints.all("words")
    for index, token in enumerate(tokens[:-1]):
        if token.text.lower() not in ("a", "an", "the"):
            continue
        end = index + 1
        while end < len(tokens) and end - index <= 3 and tokens[end].text.isalpha() and (
            tokens[end].text.lower() not in _NOT_WHERE
        ):
            end += 1
        if end > index + 1:
            start, stop = tokens[index + 1].start, tokens[end - 1].end
            yield Found(hints.text[start:stop], start, stop, token.text.lower())


def _commands(hints: Hints) -> Iterator[Found]:
    yield from _code(hints)
    for found in (*_quoted(hints), *_captures(_AFTER_RUN, hints)):
        text = found.text.rstrip("?!")
        # A full stop ends the sentence, but `cd ..` ends in two.
        text = text[:-1] if text.endswith(".") and not text.endswith("..") else text
        if text:
            yield Found(text, found.start, found.start + len(text))


def _queries(hints: Hints) -> Iterator[Found]:
    yield from _quoted(hints)
    for found in _captures(_AFTER_SEARCH, hints):
        text = found.text.rstrip(".?!")
        yield Found(text, found.start, found.start + len(text))


def _sums(hints: Hints) -> Iterator[Found]:
    dates = hints.all("dates")
    for found in _matches(_SUM, hints, strip=" .,"):
        if not any(date.start <= found.start < date.end for date in dates):
            yield found


FINDERS: dict[str, Callable[[Hints], "list[Found] | Iterator[Found]"]] = {
    "words": _words,
    "code": _code,
    "quoted": _quoted,
    "emails": lambda hints: _matches(_EMAIL, hints, strip=".-"),
    "urls": lambda hints: _matches(_URL, hints, strip=".,;:!?"),
    "dates": lambda hints: _matches(_DATE, hints),
    "times": lambda hints: _matches(_TIME, hints),
    "numbers": _numbers,
    "decimals": lambda hints: (found for found in hints.all("numbers") if "." in found.text),
    "names": _names,
    "places": _places,
    "people": _people,
    "phrases": _phrases,
    "paths": lambda hints: _matches(_PATH, hints),
    "commands": _commands,
    "queries": _queries,
    "sums": _sums,
    "symbols": lambda hints: _matches(_CODE_WORD, hints),
}
"""What can be found, by name."""


def iso_date(text: str) -> str | None:
    """`2026-03-05` for a date that names its year, month and day; None for others ("Friday", "3/4/26")."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        year, month, day = text.split("-")
    else:
        words = re.findall(r"[a-z]+|\d+", text.lower())
        named = [word for word in words if word.isalpha() and len(word) >= 3]
        digits = [word for word in words if word.isdecimal()]
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
    """`15:30:00` for a time of day as people write it, None for anything else."""
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
