"""What the model says when no rule decides: neutral, pleasant prose that refers to the last user message.

It never pretends to know facts. Same conversation and seed, same text; other seeds, other words. The language is the
message's own, found by its script or by the commonest words of Latin-script languages.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from understudy.core.replies.direct_requests import direct_answer
from understudy.core.replies.languages import LANGUAGES, Phrases, language_of
from understudy.core.replies.lengths import fit_to_request

_CLEAN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff`*_#<>\"“”„«»]+")
_SPACE = re.compile(r"\s+")
_LOOKED_AT = 2_000
"""Characters of the last message that are looked at."""
_QUOTED = 60
"""Characters of it that are quoted."""


class Turn(NamedTuple):
    """One message of the conversation.

    Attributes:
        role: system, developer, user, assistant, tool or function.
        text: all of its text.
    """

    role: str
    text: str


class Style(NamedTuple):
    """How the answer shall sound.

    Attributes:
        verbosity: low, medium or high.
        spoken: one or two short sentences without markup, to be read aloud.
    """

    verbosity: str = "medium"
    spoken: bool = False


DEFAULT = Style()
_SENTENCES = {"low": (1, 1), "medium": (2, 3), "high": (4, 6)}


def compose(conversation: Sequence[Turn], seed: bytes, *, style: Style = DEFAULT) -> str:
    """The model's answer.

    Args:
        conversation: in order; only the last user message and what came after it matter.
        seed: decides everything by chance; at least 8 bytes.
        style: how it shall sound.
    """
    message, tool_result = _last_message(conversation)
    looked_at = message[:_LOOKED_AT]
    direct, phrases, topic = _read(looked_at)
    if tool_result:
        topic = _topic(tool_result)
    elif direct is not None:
        return direct
    fewest, most = (1, 2) if style.spoken else _SENTENCES[style.verbosity]
    count = fewest + seed[0] % (most - fewest + 1)
    sentences = _sentences(phrases, topic, count, seed, used_tool=bool(tool_result))
    return fit_to_request(looked_at, phrases.joiner.join(sentences), lambda number: _more(phrases, topic, seed, number))


@lru_cache(maxsize=1_024)
def _read(message: str) -> tuple[str | None, Phrases, str]:
    """What a message asks for word for word, its language, and its beginning; tests say the same thing often."""
    return direct_answer(message), LANGUAGES[language_of(message)], _topic(message)


def _last_message(conversation: Sequence[Turn]) -> tuple[str, str]:
    """The last user message, and the tool's result when one came after it."""
    result = ""
    for turn in reversed(conversation):
        if turn.role == "user":
            return turn.text, result
        if turn.role in ("tool", "function") and not result:
            result = turn.text
    # Nobody has asked: an instruction alone is answered as if it were the message.
    return (conversation[-1].text if conversation else ""), result


def _topic(text: str) -> str:
    """The message's beginning as it can be quoted."""
    clean = _SPACE.sub(" ", _CLEAN.sub(" ", text[: 4 * _QUOTED])).strip()
    if len(clean) <= _QUOTED:
        return clean.rstrip(" .!?。！？")
    cut = clean[:_QUOTED]
    if " " in cut[_QUOTED // 2 :]:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,;:.!?。、！？") + "…"


def _sentences(phrases: Phrases, topic: str, count: int, seed: bytes, *, used_tool: bool) -> list[str]:
    openings = phrases.tool_openings if used_tool else phrases.openings
    opening = openings[seed[1] % len(openings)]
    sentences = [opening.replace("{topic}", topic) if topic else phrases.empty[seed[1] % len(phrases.empty)]]
    sentences += [_more(phrases, topic, seed, number) for number in range(count - 1)]
    return sentences


def _more(phrases: Phrases, topic: str, seed: bytes, number: int) -> str:
    """A further sentence: each seed has its own order, in which none repeats before all were used."""
    bodies = phrases.bodies
    return bodies[(seed[2] + number * phrases.stride) % len(bodies)].replace("{topic}", topic)
