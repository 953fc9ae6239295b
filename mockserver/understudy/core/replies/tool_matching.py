"""Which tools a message plainly asks for, and how often: a score of shared words.

A real model decides by understanding; this decides by words, so that a test can foresee it ("our choice"):

    score = 10                    if the message has the tool's name itself ("get_weather", "get weather")
          + 4 · matched / all     of the words of the name, verbs such as "get" left out
          + matched               words of the description, at most 3
          + ½ · matched           names of parameters, at most 1

Words are compared without their endings ("raining", "rains"), and a few topics are known by other words
("umbrella" asks for the weather). A tool is asked for from a score of `ASKED` on; a description that consists
of few words asks by any of them.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from understudy.core.replies.findings import Found
from understudy.core.replies.hints import Hints, number
from understudy.core.replies.sample_values import finding_kinds, role_of, words_of
from understudy.core.replies.word_lists import word_set

ASKED = 2.0
"""The score from which on a message plainly asks for a tool."""

MAX_MATCHED = 2_000
"""Characters of a message that are compared, from its end."""

MAX_CALLS = 20
"""Calls in one answer."""

NAMED = 10.0
_NAME_WEIGHT = 4.0
_MAX_DESCRIPTION = 3.0
_SHORT_DESCRIPTION = 3

_WORDS = re.compile(r"[^\W_]+")
_CLAUSES = re.compile(r"[.?!;](?=\s|$)|[\n。？！]|,?\s+(?:and(?:\s+(?:then|also))?|then|also|plus)\s+", re.IGNORECASE)
_BETWEEN = re.compile(
    r"\s*(?:,|、|&|,?\s*\b(?:and|or|und|et|y|e|и)\b|と|和|及び)\s*(?:\b(?:in|at|for|of|en|à|für|para|в)\b\s*)?"
)
_LIST_MARK = re.compile(r",|&|、|と|和|及び|\b(?:and|or|und|et|y|e)\b|\bи\b", re.IGNORECASE)
_TIMES = re.compile(r"\b(\d{1,3}|two|three|four|five|six|seven|eight|nine|ten) times\b", re.IGNORECASE)
_ARITHMETIC = re.compile(r"\d\s*([-+*/×÷^])\s*\(*\s*-?\d")

_EMPTY_WORDS = word_set(
    "a about agent all also an and any api are as at be by call can current currently data do does each for from "
    "function get given handle handoff has have how i if in info information into is it its just let like me my new "
    "no not now of on one only or our please request retrieve return set should some tell than that the their them "
    "then there these they this to tool transfer use used user using value want was we were what when where which "
    "who will with would you your"
)


def stem(word: str) -> str:
    """Return a word without its ending: "raining", "rains" and "rain" are one, "prices" and "price" as well."""
    if word.endswith("ies") and len(word) > _SHORT:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith("ss") and len(word) >= _SHORT:
        word = word[:-2] if word.endswith(("xes", "ches", "shes", "sses")) else word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORT - 1:
            word = word[: -len(ending)]
            if word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    if word.endswith(("er", "or")) and len(word) > _SHORT + 2:
        word = word[:-2]
    return word[:-1] if word.endswith("e") and len(word) > _SHORT else word


_SHORT = 4


def _topic(triggers: str, names: str) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(map(stem, triggers.split())), frozenset(map(stem, names.split()))


_TOPICS = (
    _topic(
        "rain temperature forecast sunny snow hot cold umbrella wind humid degree 天気 気温 погода wetter météo meteo "
        "tiempo clima tempo 天气 날씨",
        "weather forecast temperature",
    ),
    _topic("compute sum multiply multiplied divide plus minus add subtract square 計算", "calculate calculator math"),
    _topic("execute run shell terminal bash script コマンド", "execute run shell command bash terminal code"),
    _topic("google lookup look search find browse 検索", "search lookup query web"),
    _topic("mail email メール", "email mail"),
    _topic("clock 何時 時間 時刻", "time clock"),
    _topic("stock share ticker price quote 株価", "stock price quote"),
    _topic("draw picture image paint photo 画像 絵", "image draw picture"),
    _topic("translate translation 翻訳", "translate translation"),
    _topic("horoscope zodiac aquarius leo scorpio 星座", "horoscope zodiac sign"),
    _topic("dice die サイコロ", "dice roll"),
    _topic("meeting appointment calendar schedule 予定", "calendar schedule event meeting"),
)
"""Words that stand for a topic, and the words that tools of that topic go by (both without endings)."""

_OPERATIONS = {
    operator: frozenset(map(stem, f"calculate calculator math compute {names}".split()))
    for operator, names in {
        "+": "add addition sum plus",
        "-": "subtract subtraction minus",
        "*": "multiply multiplication product",
        "×": "multiply multiplication product",
        "/": "divide division",
        "÷": "divide division",
        "^": "power exponent",
    }.items()
}
"""What a sign between two numbers asks for."""

_OTHER_SCRIPTS = tuple((trigger, adds) for triggers, adds in _TOPICS for trigger in triggers if not trigger.isascii())


class Tool(NamedTuple):
    """A tool of a request, whichever form it came in.

    Attributes:
        position: its place in the request.
        name: its name.
        description: "" if it has none.
        kind: "function" or "custom".
        schema: the JSON Schema of a function's parameters; None for none.
        grammar: (syntax, definition) of a custom tool's input; None for free text.
    """

    position: int
    name: str
    description: str
    kind: str
    schema: Mapping[str, object] | None
    grammar: tuple[str, str] | None

    @property
    def properties(self) -> Mapping[str, object]:
        """The schemas of its parameters by name."""
        found = self.schema.get("properties") if self.schema is not None else None
        return found if isinstance(found, Mapping) else {}


class _ToolWords(NamedTuple):
    name: frozenset[str]
    description: frozenset[str]
    parameters: frozenset[str]
    spoken: str


class Wish(NamedTuple):
    """One call that a message asks for: the tool, and the words that its arguments come from."""

    tool: Tool
    words: str


@lru_cache(maxsize=512)
def _tool_words(name: str, description: str, parameters: tuple[str, ...]) -> _ToolWords:
    words = words_of(name)
    content = frozenset(stem(word) for word in words if word not in _EMPTY_WORDS)
    described = frozenset(stem(word) for word in _WORDS.findall(description.lower()) if word not in _EMPTY_WORDS)
    named = frozenset(stem(word) for each in parameters for word in words_of(each) if word not in _EMPTY_WORDS)
    return _ToolWords(content, described - content, named - content, " ".join(words))


def message_words(lower: str) -> frozenset[str]:
    """Return the stems of a message's words, and those of the topics that they stand for.

    Args:
        lower: the message in lower case.
    """
    counted = _TIMES.sub("", lower) if " times" in lower else lower  # "3 times" asks for no clock
    words = {stem(word) for word in _WORDS.findall(counted) if word not in _EMPTY_WORDS}
    for triggers, adds in _TOPICS:
        if not words.isdisjoint(triggers):
            words |= adds
    if not lower.isascii():
        for trigger, adds in _OTHER_SCRIPTS:
            if trigger in lower:
                words |= adds
    for operator in _ARITHMETIC.findall(lower):
        words |= _OPERATIONS[operator]
    return frozenset(words)


def score(tool: Tool, lower: str, words: frozenset[str]) -> float:
    """Score how plainly a message asks for a tool; `words` are `message_words(lower)`.

    No part of a message scores higher than the whole.
    """
    own = _tool_words(tool.name, tool.description[:MAX_MATCHED], tuple(tool.properties))
    total = 0.0
    if len(tool.name) > _SHORT - 1 and (tool.name.lower() in lower or (" " in own.spoken and own.spoken in lower)):
        total += NAMED
    if own.name:
        total += _NAME_WEIGHT * len(own.name & words) / len(own.name)
    described = len(own.description & words)
    total += min(described, _MAX_DESCRIPTION)
    if described and len(own.description) <= _SHORT_DESCRIPTION:
        total += 1.0
    return total + min(len(own.parameters & words) / 2, 1.0)


def scored(tools: Sequence[Tool], message: str) -> list[tuple[float, Tool]]:
    """Return the tools with their scores, the highest first, equal ones in the order of the request."""
    lower = message[-MAX_MATCHED:].lower()
    words = message_words(lower)
    found = [(score(tool, lower, words), tool) for tool in tools]
    found.sort(key=lambda each: -each[0])
    return found


def wishes(tools: Sequence[Tool], message: str) -> list[Wish]:
    """Return the calls that a message plainly asks for, none if it asks for none.

    Several calls come of clauses that ask for different tools ("the weather in Paris and the time in Tokyo"), of
    lists ("the weather in Paris and Tokyo": one call each, unless a parameter takes a list) and of "3 times".
    """
    asking = [tool for points, tool in scored(tools, message) if points >= ASKED]
    if not asking:
        return []
    asked: list[Wish] = []
    recent = message[-MAX_MATCHED:].strip()
    if "```" not in message and _CLAUSES.search(recent.rstrip(".?!")):
        asked = _by_clause(asking, recent)
    if len(asked) < 2:
        asked = [Wish(asking[0], message)]
    return [each for wish in asked for each in _listed(wish)][:MAX_CALLS]


def _by_clause(tools: Sequence[Tool], message: str) -> list[Wish]:
    """Split a message where its clauses ask for tools of their own; other clauses belong to the one before."""
    found: list[Wish] = []
    opening = ""
    for clause in _CLAUSES.split(message):
        if not clause or not clause.strip():
            continue
        points, tool = scored(tools, clause)[0]
        if points >= ASKED and not (found and found[-1].tool is tool and _is_one(found[-1], clause)):
            found.append(Wish(tool, f"{opening}{clause}".strip()))
            opening = ""
        elif found:
            found[-1] = Wish(found[-1].tool, f"{found[-1].words} and {clause.strip()}")
        else:
            opening += f"{clause.strip()}. "
    return found


def _is_one(wish: Wish, clause: str) -> bool:
    """Whether a clause only adds to a wish for the same tool: one of the two says nothing to fill a parameter with."""
    kinds = {kind for name, each in wish.tool.properties.items() if (kind := _listed_kind(_role(name, each)))}
    kinds |= {"numbers", "quoted"}
    return any(not any(hints.all(kind) for kind in kinds) for hints in (Hints(wish.words), Hints(clause)))


def _listed(wish: Wish) -> list[Wish]:
    """Turn a wish for a list of things into one wish for each."""
    tool, message = wish
    if tool.kind != "function":
        return [wish]
    times = _TIMES.search(message)
    required = tool.schema.get("required") if tool.schema is not None else None
    if times is not None and not required and not any("times" in words_of(name) for name in tool.properties):
        return [wish] * min(int(number(times.group(1))), MAX_CALLS)
    if _LIST_MARK.search(message) is None:
        return [wish]
    roles = [_role(name, each) for name, each in tool.properties.items()]
    if "list" in roles:
        return [wish]
    kinds = {role: kind for role in roles if (kind := _listed_kind(role))}
    for role, kind in kinds.items():
        hints = Hints(message)
        items = _run(hints, kind)
        if len(items) > 1 and roles.count(role) == 1:
            before, after = hints.text[: items[0].start], hints.text[items[-1].end :]
            return [Wish(tool, f"{before}{item.text}{after}") for item in items]
    return [wish]


def _role(name: str, schema: object) -> str:
    """Return the role of a parameter, "list" for one that takes several values itself."""
    if not isinstance(schema, Mapping):
        return ""
    if schema.get("type") == "array":
        return "list"
    description = schema.get("description")
    return role_of(name, description if isinstance(description, str) else "")


def _listed_kind(role: str) -> str:
    """Return the findings of a message that can be a list for a role; "" if none can."""
    if role in ("latitude", "longitude"):
        return "places" if role == "latitude" else ""
    kinds = finding_kinds(role)
    return (
        kinds[0] if kinds and role not in ("text", "title", "code", "expression", "date", "time", "timestamp") else ""
    )


def _run(hints: Hints, kind: str) -> list[Found]:
    """Return the first findings of a kind that stand in one list, with nothing but commas and "and" between them."""
    items: list[Found] = []
    for found in hints.all(kind):
        if items and not _BETWEEN.fullmatch(hints.text[items[-1].end : found.start]):
            if len(items) > 1:
                break
            items = []
        items.append(found)
    return items
