"""What a picture shows, read from its prompt: things that it counts, their colours, the scene, and words in quotes.

No model looks at a prompt here, a reader of phrases does ("our choice"): "three red apples and a blue cup on a table"
gives three apples and a cup, each with a label. What it does not know it draws as a plain thing with its name.
"""

import re
from collections.abc import Iterator
from random import Random

import msgspec

from understudy.core.replies.picture_words import Backdrop, Colour, Kind, PictureWords, mixed

MAXIMUM_THINGS = 20
"""Things that are drawn; a prompt may name more ("our choice")."""
MAXIMUM_QUOTES = 4
MAXIMUM_QUOTE = 120
"""Characters of a quotation that are drawn."""
READ_CHARACTERS = 4_000
"""Of a prompt; what follows is not looked at for things."""

_QUOTES = re.compile(
    r'"([^"\n]{1,400})"|“([^”\n]{1,400})”|「([^」\n]{1,400})」|『([^』\n]{1,400})』|«([^»\n]{1,400})»'
    r"|(?<!\w)'([^'\n]{2,400})'(?!\w)|(?<!\w)‘([^’\n]{1,400})’(?!\w)"
)
_TOKENS = re.compile(r"[a-z]+(?:['’-][a-z]+)*|\d+|[^\sa-z\d]", re.IGNORECASE)
_DETERMINERS = frozenset(["the", "his", "her", "its", "their", "our", "your", "my", "this", "each", "every", "another"])
_BOUNDARIES = frozenset(
    [
        "and",
        "or",
        "of",
        "on",
        "in",
        "at",
        "with",
        "under",
        "over",
        "near",
        "by",
        "from",
        "to",
        "for",
        "into",
        "onto",
        "upon",
        "above",
        "below",
        "behind",
        "beside",
        "between",
        "around",
        "next",
        "inside",
        "outside",
        "through",
        "across",
        "along",
        "against",
        "among",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "being",
        "has",
        "have",
        "having",
        "that",
        "which",
        "who",
        "while",
        "where",
        "when",
        "wearing",
        "holding",
        "made",
        "plus",
        "but",
        "not",
        "no",
        "without",
        "it",
        "he",
        "she",
        "they",
        "you",
        "i",
        "we",
        "can",
        "will",
        "must",
        "should",
        "very",
    ]
)
_ON = frozenset({"on", "upon", "onto", "in", "at", "inside"})
_SHADES = frozenset({"dark", "light", "bright", "deep", "pale", "warm"})
_BACKDROP_WORDS = frozenset({"background", "backdrop", "sky", "wall"})
_COUNTERS = "つ個匹本羽枚台人頭杯冊軒輪隻艘機棟"
_COUNTED = rf"([0-9０-９]{{1,3}}|[一二三四五六七八九十]{{1,3}})[{_COUNTERS}]"
_COUNT_AFTER = re.compile(rf"[がをはもの]?{_COUNTED}")
_COUNT_BEFORE = re.compile(rf"{_COUNTED}の[^、。,.]{{0,10}}\Z")
_DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九", start=1)}
_JAPANESE_BREAK = "、。と,.\n"


class Thing(msgspec.Struct, frozen=True):
    """One thing to draw.

    Attributes:
        label: its words.
        shape: of the table of shapes.
        colour: red, green, blue.
        floats: whether it belongs in the sky.
    """

    label: str
    shape: str
    colour: Colour
    floats: bool


class Scene(msgspec.Struct, frozen=True):
    """What a picture shows.

    Attributes:
        things: at most 20, in the order in which the prompt names them.
        quotes: words to draw as they are.
        backdrop: sky and ground.
    """

    things: tuple[Thing, ...]
    quotes: tuple[str, ...]
    backdrop: Backdrop


def read_scene(prompt: str, words: PictureWords, chance: Random) -> Scene:
    """The scene of a prompt; what it leaves open is decided by `chance`."""
    quotes = tuple(
        " ".join(next(filter(None, match.groups())).split())[:MAXIMUM_QUOTE] for match in _QUOTES.finditer(prompt)
    )
    text = _QUOTES.sub(" , ", prompt[:READ_CHARACTERS])
    phrases = _Phrases(words, chance)
    phrases.read(text.lower())
    things = [*phrases.things, *_japanese_things(text, words)]
    backdrop = _backdrop(text.lower(), phrases, words, chance)
    return Scene(tuple(things[:MAXIMUM_THINGS]), tuple(quote for quote in quotes if quote)[:MAXIMUM_QUOTES], backdrop)


class _Phrases:
    """Reads English noun phrases: number or article, adjectives, noun."""

    def __init__(self, words: PictureWords, chance: Random) -> None:
        self._words = words
        self._chance = chance
        self._begin(None, "")
        self.things: list[Thing] = []
        self.used: set[str] = set()
        self.backdrop_colour: Colour | None = None
        self._announced: str | None = None

    def _begin(self, count: int | None, before: str) -> None:
        """A phrase that may lead to a thing; None when no word has counted it."""
        self._count = count
        self._colour: str | None = None
        self._noun: tuple[str, Kind] | None = None
        self._last: str | None = None
        self._before = before

    def read(self, text: str) -> None:
        """Find the things of a text in lower case."""
        said = _TOKENS.findall(text)
        before = ""
        at = 0
        while at < len(said):
            word, following = said[at], said[at + 1] if at + 1 < len(said) else ""
            at += 1
            if word in self._words.colours and following in _BACKDROP_WORDS:
                self._close()
                self.backdrop_colour = self._words.colours[word]
                at += 1
            elif (number := self._number(word)) is not None:
                if self._is_open():
                    self._close()
                if number > 0:
                    self._begin(number, before)
            elif word in _DETERMINERS:
                self._close()
                self._begin(1, before)
            elif word in _BOUNDARIES or not _is_word(word):
                self._end_at(word)
                before = self._before = word
            elif (joined := f"{word}-{following}") in self._words.things:
                self._noun, self._last = (joined, self._words.things[joined]), following
                at += 1
            else:
                self._take(word, following)
        self._close()

    def _is_open(self) -> bool:
        return self._noun is not None or self._last is not None

    def _number(self, word: str) -> int | None:
        if word.isascii() and word.isdecimal() and len(word) < 4:
            return int(word)
        return self._words.numbers.get(word)

    def _end_at(self, boundary: str) -> None:
        """A phrase ends, unless it has no noun yet: "red and white", "a couple of"."""
        goes_on = (boundary == "and" and self._colour) or (boundary == "of" and self._count)
        if self._is_open() or not goes_on:
            self._close()
        if boundary == ":" and self.things:
            self._announced = self.things[-1].shape

    def _take(self, word: str, following: str) -> None:
        tables = self._words
        noun = tables.singular(word)
        is_colour = word in tables.colours
        if is_colour and (noun not in tables.things or _may_be_noun(following, tables)):
            self._colour = self._colour or word
        elif noun in tables.things:
            if self._count is None and noun != word:
                # A plural that nobody counted.
                self._count = 3
            self._noun = (noun, tables.things[noun])
            self._last = word
        elif word.endswith("ing") and word not in tables.not_things and self._is_open():
            self._close()
        else:
            self._last = word

    def _close(self) -> None:
        """The end of a phrase: its thing, if it has one."""
        words, count = self._words, self._count
        if self._noun is not None:
            noun, kind = self._noun
            backdrop = words.scenes.get(noun)
            lies_under = backdrop is not None and self._before in _ON and not self._colour
            # "a cup of coffee": what it holds looks like what holds it.
            is_held = self._before == "of" and count is None and self.things and self.things[-1].shape == kind.shape
            if not lies_under and not is_held:
                colour = words.colours[self._colour] if self._colour else kind.colour
                self._add(noun.replace("-", " "), kind.shape, colour, kind.floats, count or 1)
                self.used.add(noun)
        elif self._last is not None and count is not None and self._is_thing(self._last):
            colour = words.colours[self._colour] if self._colour else self._chance.choice(words.palette)
            self._add(words.singular(self._last), "thing", colour, False, count)
        self._begin(None, "")

    def _is_thing(self, word: str) -> bool:
        words = self._words
        single = words.singular(word)
        known = words.not_things | words.scenes.keys() | words.colours.keys() | _SHADES
        return len(word) > 2 and not {word, single} & known

    def _add(self, label: str, shape: str, colour: Colour, floats: bool, count: int) -> None:
        if self._announced == shape:
            # "three cats: a black cat, a white cat and …" counts the same ones again.
            self.things = [thing for thing in self.things if thing.shape != shape]
        self._announced = None
        label = f"{self._colour} {label}" if self._colour else label
        room = MAXIMUM_THINGS - len(self.things)
        self.things.extend([Thing(label, shape, colour, floats)] * min(count, room))


def _may_be_noun(token: str, words: PictureWords) -> bool:
    """Whether a colour before it is an adjective: "an orange cat", but "an orange on a plate"."""
    return _is_word(token) and token not in _BOUNDARIES and token not in words.numbers


def _is_word(token: str) -> bool:
    return token[:1].isalpha() and token.isascii()


def _japanese_things(text: str, words: PictureWords) -> Iterator[Thing]:
    """Things that Japanese words name, with the colour before and the number before or after."""
    count_of_things = 0
    start = 0
    for match in _japanese_pattern(words).finditer(text):
        word = match[0]
        kind = words.things.get(word)
        is_counter = word in _COUNTERS and text[max(0, match.start() - 1) : match.start()] in _NUMERALS
        lies_under = word in words.scenes and text.startswith(("の上", "の中"), match.end())
        if kind is None or is_counter or lies_under:
            continue
        segment = text[max(start, match.start() - 24) : match.start()]
        counted = _COUNT_AFTER.match(text, match.end()) or _COUNT_BEFORE.search(segment)
        for boundary in _JAPANESE_BREAK:
            segment = segment[segment.rfind(boundary) + 1 :]
        found = [(segment.rfind(name), name) for name in words.colours if not name.isascii() and name in segment]
        colour = words.colours[max(found)[1]] if found else kind.colour
        label = f"{segment[max(found)[0] :]}{word}" if found else word
        count = min(_japanese_number(counted[1]) if counted else 1, MAXIMUM_THINGS - count_of_things)
        count_of_things += count
        start = match.end()
        for _ in range(count):
            yield Thing(label, kind.shape, colour, kind.floats)


_NUMERALS = frozenset("0123456789０１２３４５６７８９一二三四五六七八九十")


def _japanese_pattern(words: PictureWords) -> re.Pattern[str]:
    """Things, and longer words that only look like some (日本, 星空)."""
    every = {word for word in (*words.things, *words.scenes, *words.not_things) if not word.isascii()}
    return re.compile("|".join(sorted(every, key=lambda word: (-len(word), word))))


def _japanese_number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGITS[text[0]]
    return 10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0)


def _backdrop(text: str, phrases: _Phrases, words: PictureWords, chance: Random) -> Backdrop:
    """Of the scenes that the prompt has words of which are not drawn as things themselves; the first one rules."""
    said = set(_TOKENS.findall(text)) - phrases.used
    shaded = {shade for shade in _SHADES for colour in words.colours if f"{shade} {colour}" in text}
    matched = [
        scene for word, scene in words.scenes.items() if ((word in said - shaded) if word.isascii() else (word in text))
    ]
    chosen = chance.choice(words.otherwise)
    if matched:
        chosen = matched[0]
        # "the sea at night" is dark, and has waves too.
        for scene in matched[1:]:
            ground = mixed(chosen.ground, scene.ground, 0.5) if scene.features - chosen.features else chosen.ground
            chosen = Backdrop(chosen.sky, ground, chosen.features | scene.features)
    if (colour := phrases.backdrop_colour) is not None:
        return Backdrop((colour, colour, mixed(colour, (255, 255, 255), 0.35)), mixed(colour, (0, 0, 0), 0.18))
    return chosen
