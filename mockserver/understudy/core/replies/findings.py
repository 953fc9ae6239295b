"""A stretch of a message, and a message as a row of words."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_WORD = re.compile(r"[^\W_](?:[\w'’.\-]*\w)?|[^\w\s]")
_BREAKS = frozenset('.?!:;。？！"“”`「」')


class Found(NamedTuple):
    """A stretch of a message.

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


def words(text: str) -> Iterator[Found]:
    """Yield the words and the marks of a text."""
    before = ""
    for match in _WORD.finditer(text):
        word = match.group()
        yield Found(word, match.start(), match.end(), before)
        before = "" if word in _BREAKS else word.lower()


def overlaps(found: Found, others: "tuple[Found, ...] | list[Found]") -> bool:
    """Tell whether a stretch shares a character with one of others."""
    return any(other.start < found.end and found.start < other.end for other in others)
