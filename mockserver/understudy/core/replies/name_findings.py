"""Names in a message: of places, of people, and of things that an article announces.

Heuristics of ours, without a dictionary: a capital inside a sentence makes a name, a word such as "in" makes it
a place, and `places` knows some cities in any spelling.
"""

import re
from collections.abc import Callable, Iterator

from understudy.core.replies.findings import Found, overlaps
from understudy.core.replies.places import BY_LOWER, FIRST_WORDS, IN_OTHER_SCRIPTS
from understudy.core.replies.word_lists import word_set

MAX_WORDS = 3
"""Words of a thing or place that no capitals set apart."""

OPENERS = word_set(
    "a about add all an and any are as ask at be book buy by calculate call can cancel check compare compute convert "
    "could create delete describe did do does draw email execute explain extract fetch find first for forecast from "
    "generate get give go had has have help here how if in is it just let list look make may me message my need next "
    "no not now of on open order our plan play please post print provide put query read remind remove reply report "
    "return review roll run save schedule search see sell send set should show so solve start stop suggest summarise "
    "summarize take tell thanks that the their then there these they this those to track translate turn update use "
    "view want was we weather were what what's when where where's which who who's whose why will with would write yes "
    "you your"
)
"""Words that open a sentence with a capital without being a name."""

_NO_NAMES = word_set(
    "i i'm i'd i'll i've monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december celsius fahrenheit kelvin mr mrs ms dr english french german "
    "spanish italian portuguese japanese chinese korean russian arabic dutch hindi ok hello hi hey"
)
_NOT_WHERE = OPENERS | _NO_NAMES | word_set("any each english every general one order other particular")
_AFTER_VERBS = word_set("a about an at for from in into me my of on some the this to up with")
_LINKS = word_set("de of la del van von der da do di du el al the")
_LISTS = word_set("and or & , und et y e и")
_TO_PLACES = word_set(
    "in at near to from around visit visiting between within toward towards via city town into "
    "en à em bei nach aus в на из dans a über"
)
_LONGEST_FIRST = sorted(IN_OTHER_SCRIPTS, key=len, reverse=True)
_OF_PLACE = re.compile(r"([一-龯ァ-ヶー々]{1,12})(?:の|で|市|的)")
_REGION = re.compile(r", ([A-Z]{2}\b|[A-Z][a-z]+\b(?!,| and| or| &))")
_MAX_ACRONYM = 5
_MAX_GAP = 6

Tokens = tuple[Found, ...]


def names(text: str, tokens: Tokens) -> Iterator[Found]:
    """Yield runs of capitalised words, with the small words inside them ("Rio de Janeiro")."""
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
        if before == "" and (run[0].text.lower() in OPENERS or (len(run) == 1 and following in _AFTER_VERBS)):
            before = run.pop(0).text.lower()
        while run and run[-1].text.lower() in _LINKS:
            run.pop()
        if run:
            yield _stretch(text, run[0], run[-1], before)


def _stretch(text: str, first: Found, last: Found, before: str) -> Found:
    return Found(text[first.start : last.end], first.start, last.end, before)


def _carries_a_name(tokens: Tokens, index: int, begin: int) -> bool:
    token = tokens[index]
    if index > begin and token.start != tokens[index - 1].end + 1:
        return False
    lower = token.text.lower()
    if index > begin and lower in _LINKS:
        return index + 1 < len(tokens) and tokens[index + 1].text[0].isupper()
    is_acronym = token.text.isupper() and len(token.text) <= _MAX_ACRONYM
    return token.text[0].isupper() and lower not in _NO_NAMES and not is_acronym


def places(text: str, tokens: Tokens, capitalised: Tokens, dates: Callable[[], Tokens]) -> list[Found]:
    """Find known cities anywhere, other names after words such as "in", and what follows "in" as a last resort.

    Args:
        text: the message.
        tokens: its words.
        capitalised: its names.
        dates: finds its dates, which are no places; asked only in the last resort.
    """
    found = [*_known_cities(text, tokens)]
    previous_end = -_MAX_GAP - 1
    for name in capitalised:
        known = overlaps(name, found)
        listed = name.before in _LISTS and name.start - previous_end <= _MAX_GAP
        if not known and (name.before in _TO_PLACES or listed):
            found.append(name)
            known = True
        if known:
            previous_end = name.end
    joined: list[Found] = []
    for place in sorted(found, key=lambda place: place.start):
        if not overlaps(place, joined):  # a region that was joined to its city is no place of its own
            joined.append(_with_region(text, place))
    found = joined
    if not found:
        found = [Found(match[1], match.start(1), match.end(1)) for match in _OF_PLACE.finditer(text)]
    if not found:
        found = [*_after_in(text, tokens, dates())]
    return sorted(found, key=lambda place: place.start)


def _known_cities(text: str, tokens: Tokens) -> Iterator[Found]:
    taken_to = 0
    for index, token in enumerate(tokens):
        if token.start < taken_to or token.text.lower() not in FIRST_WORDS:
            continue
        for last in tokens[index : index + MAX_WORDS][::-1]:
            if text[token.start : last.end].lower() in BY_LOWER:
                taken_to = last.end
                yield _stretch(text, token, last, token.before)
                break
    if not text.isascii():
        other: list[Found] = []
        for name in _LONGEST_FIRST:
            start = text.find(name)
            if start >= 0 and not overlaps(city := Found(name, start, start + len(name)), other):
                other.append(city)
        yield from other


def _with_region(text: str, place: Found) -> Found:
    """Join what belongs together: "San Francisco, CA" is one place, "Paris, Tokyo and Rome" are three."""
    match = _REGION.match(text, place.end)
    if match is None or match[1].lower() in BY_LOWER or match[1].lower() in _NO_NAMES:
        return place
    return Found(text[place.start : match.end()], place.start, match.end(), place.before)


def _after_in(text: str, tokens: Tokens, dates: Tokens) -> Iterator[Found]:
    for index, token in enumerate(tokens):
        if token.text.lower() in ("in", "near"):
            yield from _plain_words(text, tokens, index + 1, dates)


def _plain_words(text: str, tokens: Tokens, begin: int, apart: Tokens = ()) -> Iterator[Found]:
    """Yield the few words from `begin` on that can be a name, as one stretch."""
    end = begin
    while end < min(len(tokens), begin + MAX_WORDS):
        token = tokens[end]
        if not token.text.isalpha() or token.text.lower() in _NOT_WHERE or overlaps(token, apart):
            break
        end += 1
    if end > begin:
        yield _stretch(text, tokens[begin], tokens[end - 1], tokens[begin].before)


def people(capitalised: Tokens, where: Tokens) -> Iterator[Found]:
    """Yield the names that are no places."""
    return (name for name in capitalised if not overlaps(name, where))


def phrases(text: str, tokens: Tokens) -> Iterator[Found]:
    """Yield what follows an article: "a science fair", "the Eiffel tower"."""
    for index, token in enumerate(tokens):
        if token.text.lower() in ("a", "an", "the"):
            yield from _plain_words(text, tokens, index + 1)
