"""Sensible texts and numbers for a property: what its name and description call for, and what the message says.

A name is read as words ("userEmail", "user_email") and given a *role* ("email"). A role knows which findings
of `hints` belong to it, and what a made-up value of it looks like. All of it is "our choice".
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from random import Random
from typing import NamedTuple

from understudy.core.replies import places
from understudy.core.replies.findings import Found
from understudy.core.replies.hints import Hints
from understudy.core.replies.word_lists import word_set

_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_EXAMPLE = re.compile(r"(?:e\.g\.?|such as|for example|for instance|examples?:),?:? +([^\n;)]{1,80})", re.IGNORECASE)
_QUOTED_EXAMPLE = re.compile(r"[\"'`“]([^\"'`”]{1,80})[\"'`”]")

# Role -> the words of a property name that call for it. Words further left in a row win over later rows.
_ROLE_WORDS = {
    "email": "email mail",
    "url": "url uri link website homepage href webpage",
    "latitude": "lat latitude",
    "longitude": "lon lng long longitude",
    "place": "city cities town location locations place places country countries destination origin region area "
    "locality where departure arrival airport capital",
    "date": "date dates day deadline birthday birthdate due since until when",
    "time": "time times hour",
    "timestamp": "timestamp datetime created updated",
    "phone": "phone telephone mobile fax",
    "command": "command commands cmd shell bash script cli terminal",
    "code": "snippet python javascript sql program source",
    "expression": "expression formula equation calculation math arithmetic",
    "query": "query queries q search keyword keywords term terms question prompt",
    "path": "path paths filename filepath directory folder file files",
    "person": "person people author customer participant participants attendee attendees "
    "assignee contact manager owner speaker guest guests patient student employee user users passenger friend",
    "party": "to from cc bcc recipient recipients sender",
    "text": "text message body content note notes comment comments sentence paragraph description summary answer "
    "explanation reasoning rationale output response reply details abstract caption review story feedback",
    "title": "title subject headline topic heading theme",
    "timezone": "timezone tz",
    "currency": "currency currencies",
    "symbol": "symbol ticker stock",
    "language": "language languages lang locale",
    "colour": "color colour colors colours",
    "address": "address street",
    "postcode": "zip zipcode postal postcode",
    "organisation": "company organization organisation employer brand business",
    "thing": "product products item items ingredient ingredients category categories tag tags genre animal food",
    "id": "id ids identifier uuid guid key token sku isbn reference",
    "username": "username handle nickname login",
    "version": "version",
    "gender": "gender sex",
    "name": "name names",
}
_ROLE_OF = {word: role for role, words in reversed(_ROLE_WORDS.items()) for word in words.split()}
# A name that ends in one of these is about the word before: "city_name", "order_text".
_WEAK_ENDS = word_set("name names value string input query")
_IN_DESCRIPTIONS = frozenset(
    ("email", "url", "place", "date", "command", "query", "path", "expression", "timezone", "currency", "language")
)

_KINDS: dict[str, tuple[str, ...]] = {
    "email": ("emails",),
    "url": ("urls",),
    "latitude": ("decimals",),
    "longitude": ("decimals",),
    "place": ("places",),
    "date": ("dates",),
    "time": ("times",),
    "timestamp": ("dates", "times"),
    "phone": ("numbers",),
    "command": ("commands",),
    "code": ("code", "quoted"),
    "expression": ("sums", "code", "quoted"),
    "query": ("queries",),
    "path": ("paths", "code", "quoted"),
    "person": ("people",),
    "party": ("emails", "people", "places"),
    "text": ("texts",),
    "title": ("quoted",),
    "symbol": ("symbols", "people"),
    "address": ("quoted", "places"),
    "organisation": ("quoted", "people"),
    "thing": ("quoted",),
    "name": ("quoted", "people", "phrases"),
    "id": ("identifiers",),
    "": ("quoted", "people"),
}
"""For each role, the findings of a message that belong to it, the surest first."""

COORDINATES = ("latitude", "longitude")
"""Roles of numbers that a known place has."""

PARTICULAR = frozenset(
    ("email", "url", "place", "date", "time", "timestamp", "command", "path", "person", "language", "currency",
     "colour", "expression", "party", "latitude", "longitude")
)  # fmt: skip
"""Roles whose findings cannot be meant for another property: reason enough to fill in an optional one."""

_MADE_UP: dict[str, tuple[str, ...]] = {
    "email": ("alex@example.com", "sam@example.org", "jo@example.net"),
    "url": ("https://example.com/", "https://example.org/about", "https://example.net/page"),
    "timezone": ("UTC", "Europe/Paris", "America/New_York", "Asia/Tokyo"),
    "place": ("Paris", "Tokyo", "London", "San Francisco", "Berlin"),
    "phone": ("+1 555 0100", "+1 555 0123", "+44 20 7946 0000"),
    "command": ("ls", "pwd", "date"),
    "code": ("print('hello')",),
    "expression": ("2 + 2", "6 * 7"),
    "path": ("README.md", "notes.txt", "data/report.csv"),
    "person": ("Alex Morgan", "Sam Rivera", "Jo Tanaka", "Maria Rossi"),
    "party": ("Alex Morgan", "Sam Rivera", "Jo Tanaka", "Maria Rossi"),
    "currency": ("USD", "EUR", "JPY", "GBP"),
    "symbol": ("ACME", "XMPL"),
    "language": ("en", "fr", "ja", "de"),
    "colour": ("blue", "green", "red", "yellow"),
    "address": ("12 Example Street", "5 Station Road"),
    "postcode": ("94103", "10115", "75001"),
    "organisation": ("Example Ltd", "Acme Inc.", "Sample GmbH"),
    "thing": ("notebook", "lamp", "teapot", "backpack"),
    "username": ("alex42", "sam_r", "jo-tanaka"),
    "version": ("1.0.0", "2.3.1"),
    "gender": ("female", "male"),
    "name": ("Alex Morgan", "Sam Rivera", "Jo Tanaka", "Maria Rossi"),
}
_LANGUAGES = sorted(
    word_set(
        "Arabic Chinese Dutch English French German Hindi Italian Japanese Korean Polish Portuguese Russian Spanish "
        "Swedish Turkish Ukrainian"
    )
)
_COLOURS = sorted(word_set("black blue brown gold green grey gray orange pink purple red silver violet white yellow"))
_CURRENCIES = sorted(word_set("USD EUR GBP JPY CNY INR CHF CAD AUD KRW BRL MXN"))
_VOCABULARIES: dict[str, dict[str, str]] = {
    "language": {word: word for word in _LANGUAGES},
    "colour": {word: word for word in _COLOURS},
    "currency": {code: code for code in _CURRENCIES}
    | {"dollars": "USD", "euros": "EUR", "yen": "JPY", "pounds": "GBP", "yuan": "CNY", "rupees": "INR"},
}
"""Words of a message that are a value of a role, and that value."""

_SWITCHES = word_set("is has have with use enable enabled include includes should can a the do does only get set")
_REFUSALS = word_set("no not without don't dont never off disable exclude skip omit hide stop")
_SENTENCES = (
    "Here is what there is to say about {topic}.",
    "{Topic}, in short.",
    "This is about {topic}.",
    "A few words on {topic}.",
)
_WORDS = sorted(
    word_set(
        "amber anchor basket bridge candle canyon cedar copper feather garden harbour island lantern maple meadow "
        "mirror orchard pebble ribbon river saddle thicket violet willow"
    )
)


class Range(NamedTuple):
    """Where a made-up number lies, and how many decimals it shows if it need not be an integer."""

    low: float
    high: float
    decimals: int = 0


_RANGES: dict[str, Range] = {
    word: bounds
    for words, bounds in (
        ("age", Range(18, 80)),
        ("year", Range(1990, 2026)),
        ("month", Range(1, 12)),
        ("day days", Range(1, 28)),
        ("hour hours", Range(0, 23)),
        ("minute minutes second seconds", Range(0, 59)),
        ("price cost amount total salary fee budget balance", Range(5, 500, 2)),
        ("rating stars", Range(1, 5, 1)),
        ("score percent percentage progress", Range(0, 100, 1)),
        ("confidence probability likelihood weight ratio", Range(0, 1, 2)),
        ("lat latitude", Range(-60, 70, 4)),
        ("lon lng longitude", Range(-180, 180, 4)),
        ("temperature", Range(-5, 35, 1)),
        ("humidity", Range(20, 95)),
        ("height width distance length size", Range(1, 200, 1)),
        ("id", Range(1000, 9999)),
    )
    for word in words.split()
}
_ANY_COUNT = Range(1, 10)


@lru_cache(maxsize=1024)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case: "get_currentWeather" gives get, current, weather."""
    return tuple(word.lower() for word in _CAMEL.findall(name[:200]))


@lru_cache(maxsize=1024)
def role_of(name: str, description: str = "") -> str:
    """Return the role of a property, "" if neither its name nor its description tells."""
    words = words_of(name)
    if words and words[-1] in _WEAK_ENDS:
        for word in reversed(words[:-1]):
            if word in _ROLE_OF:
                return _ROLE_OF[word]
        words = words[-1:]
    for word in reversed(words):
        if word in _ROLE_OF:
            return _ROLE_OF[word]
    for word in words_of(description):
        if _ROLE_OF.get(word) in _IN_DESCRIPTIONS:
            return _ROLE_OF[word]
    return ""


def from_message(role: str, words: tuple[str, ...], hints: Hints) -> Iterator[Found]:
    """Yield what the message says for a property, the surest first."""
    if not hints.text:
        return
    labelled = [*hints.labelled(words)] if words else []
    if role in PARTICULAR:
        # "email is john@x.com": what stands after the name counts as far as it is what the role calls for.
        starts = {found.start for found in labelled}
        yield from (found for kind in _KINDS.get(role, ()) for found in hints.free(kind) if found.start in starts)
    else:
        yield from labelled
    side = _side(words) if role in ("place", "party") else ""
    if side:
        yield from (found for kind in _KINDS[role] for found in hints.free(kind) if found.before == side)
    for kind in _kinds_for(role, words, hints):
        yield from hints.free(kind)
    if role in COORDINATES:
        place = coordinate_for(words or (role,), hints)
        if place is not None:
            yield _untaken(str(place))
    known = _VOCABULARIES.get(role, {})
    yield from (_untaken(value) for word, value in known.items() if hints.says(word))
    if role == "query":
        yield _untaken(hints.text.strip())
    if role == "text":  # a text may contain what another property took, such as its date
        yield from (_untaken(found.text) for found in hints.all("texts"))


ROLE_OF_FORMAT = {
    "email": "email",
    "idn-email": "email",
    "uri": "url",
    "iri": "url",
    "date": "date",
    "time": "time",
    "date-time": "timestamp",
}
"""What `format` tells of a property, whatever its name."""


def precedence(name: str) -> int:
    """Return when a property takes from the message: those first whose findings can be meant for no other."""
    role = role_of(name)
    return 0 if role in PARTICULAR else 1 if role == "text" else 2


def finding_kinds(role: str) -> tuple[str, ...]:
    """Return the kinds of findings that belong to a role, the surest first."""
    return _KINDS.get(role, ())


def mentioned(words: tuple[str, ...], hints: Hints) -> bool | None:
    """Tell whether the message wants what a yes-or-no property is about; None if it does not speak of it."""
    for word in words:
        if word in _SWITCHES or not hints.says(word):
            continue
        before = hints.lower[: hints.lower.find(word)].split()[-3:]
        return _REFUSALS.isdisjoint(before)
    return None


def _kinds_for(role: str, words: tuple[str, ...], hints: Hints) -> tuple[str, ...]:
    """Return the kinds of findings that one property takes, the surest first."""
    kinds = _KINDS.get(role, ())
    if role == "name" and not hints.all("people"):
        return kinds[:-1]  # "a person" is no name; but when the people have gone elsewhere, "a science fair" is
    if role == "" and words and words[-1].endswith("s"):
        return kinds[:1]  # a name alone makes no list of things
    return kinds


def _untaken(text: str) -> Found:
    """Return a finding that takes no stretch of the message: it may be used again."""
    return Found(text, 0, 0)


def _side(words: tuple[str, ...]) -> str:
    """Tell an origin from a destination: "from" or "to", "" for neither."""
    if not {"from", "origin", "departure", "sender"}.isdisjoint(words):
        return "from"
    return "to" if not {"to", "destination", "arrival", "recipient"}.isdisjoint(words) else ""


def example_in(description: str) -> str | None:
    """Return the example that a description gives ("The city and state, e.g. San Francisco, CA")."""
    match = _EXAMPLE.search(description)
    if match is None:
        return None
    text = match.group(1)
    quoted = _QUOTED_EXAMPLE.match(text)
    if quoted is not None:
        return quoted.group(1)
    text = text.split(" or ")[0].rstrip(" .,")
    return (text.split(",")[0] if text.count(",") > 1 else text) or None


def made_up(role: str, words: tuple[str, ...], hints: Hints, rng: Random) -> str:
    """Return a text for a property of which the message says nothing."""
    known = _MADE_UP.get(role)
    if known is not None:
        return known[int(rng.random() * len(known))]
    maker = _MAKERS.get(role)
    return maker(words, hints, rng) if maker is not None else _plain(words, hints, rng)


def _plain(words: tuple[str, ...], hints: Hints, rng: Random) -> str:
    return _WORDS[int(rng.random() * len(_WORDS))]


def _title(words: tuple[str, ...], hints: Hints, rng: Random) -> str:
    quoted = next((found.text for found in hints.all("quoted")), "")
    topic = quoted or hints.topic or _plain(words, hints, rng)
    return topic[:1].upper() + topic[1:]


def _sentence(words: tuple[str, ...], hints: Hints, rng: Random) -> str:
    topic = hints.topic or _plain(words, hints, rng)
    if hints.literal:
        return topic
    form = _SENTENCES[int(rng.random() * len(_SENTENCES))]
    return form.format(topic=topic, Topic=topic[:1].upper() + topic[1:])


def _query(words: tuple[str, ...], hints: Hints, rng: Random) -> str:
    return hints.topic or _plain(words, hints, rng)


def _id(words: tuple[str, ...], hints: Hints, rng: Random) -> str:
    if "uuid" in words or "guid" in words:
        return a_uuid(rng)
    stem = next((word for word in words if word not in ("id", "ids", "key", "reference")), "id")
    return f"{stem}_{rng.getrandbits(32):08x}"


def a_date(rng: Random) -> str:
    """Return a day of 2026."""
    return f"2026-{1 + int(rng.random() * 12):02}-{1 + int(rng.random() * 28):02}"


def a_time(rng: Random) -> str:
    """Return a time of day, on a quarter of an hour."""
    return f"{8 + int(rng.random() * 12):02}:{15 * int(rng.random() * 4):02}:00"


def a_uuid(rng: Random) -> str:
    """Return a version 4 UUID."""
    digits = f"{rng.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def coordinate_for(words: tuple[str, ...], hints: Hints) -> float | None:
    """Latitude or longitude of the place that the message names."""
    role = role_of(words[-1]) if words else ""
    if role not in COORDINATES:
        return None
    for found in hints.all("places"):
        place = places.coordinates(found.text)
        if place is not None:
            return place[role == "longitude"]
    return None


def range_for(words: tuple[str, ...]) -> Range:
    """Where a made-up number for a property lies."""
    for word in reversed(words):
        if word in _RANGES:
            return _RANGES[word]
    return _ANY_COUNT


Maker = Callable[[tuple[str, ...], Hints, Random], str]
_MAKERS: dict[str, Maker] = {
    "text": _sentence,
    "title": _title,
    "query": _query,
    "id": _id,
    "date": lambda words, hints, rng: a_date(rng),
    "time": lambda words, hints, rng: a_time(rng)[:5],
    "timestamp": lambda words, hints, rng: f"{a_date(rng)}T{a_time(rng)}Z",
    "latitude": lambda words, hints, rng: str(places.CITIES["Paris"][0]),
    "longitude": lambda words, hints, rng: str(places.CITIES["Paris"][1]),
}
