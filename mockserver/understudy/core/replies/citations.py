"""What a search model found: sources that do not exist, cited as the real ones are (recorded 2026-08).

Sources stand behind the sentence they support, as a link in brackets; the citation's indices are those of the whole
bracket. The hosts are those reserved for examples (RFC 2606), so that nobody follows a made-up link to a real site.
"""

import re
from typing import Any

import msgspec

from understudy.core.replies.dice import Dice

_HOSTS = (("example.com", "Example"), ("example.org", "Example Org"), ("example.net", "Example Net"))
_SENTENCE_END = re.compile(r"[.!?](?=\s|\Z)|[。！？]")
_WORD = re.compile(r"[a-z0-9]+")
_SHORTEST = 8
"""Words: shorter answers cite nothing (recorded: a reply "in up to 5 words" has no citation)."""
_MOST = 3
_LOOKED_AT = 400


class Citation(msgspec.Struct, frozen=True):
    """One source.

    Attributes:
        start, end: places of its bracket in the text, in characters; `end` is the first after it.
        title: of the page.
        url: of the page.
    """

    start: int
    end: int
    title: str
    url: str

    def on_the_wire(self) -> dict[str, Any]:
        """The annotation, its fields in the recorded order."""
        return {
            "type": "url_citation",
            "url_citation": {
                "end_index": self.end,
                "start_index": self.start,
                "title": self.title,
                "url": self.url,
            },
        }


def cite(said: str, asked: str, seed: bytes) -> tuple[str, list[Citation]]:
    """The text with sources behind some of its sentences.

    Args:
        said: the answer.
        asked: the message it answers, whose words the made-up pages are called after.
        seed: decides where and which.
    """
    ends = [match.end() for match in _SENTENCE_END.finditer(said)]
    # Scripts without spaces have some two characters to a word.
    if not ends or max(len(said.split()), sum(not letter.isascii() for letter in said) // 2) < _SHORTEST:
        return said, []
    dice = Dice(seed, b"citations")
    places = sorted({dice.pick(ends) for _ in range(1 + dice.below(_MOST))})
    words = list(dict.fromkeys(word for word in _WORD.findall(asked[:_LOOKED_AT].lower()) if len(word) > 3))[:4]
    parts: list[str] = []
    citations: list[Citation] = []
    length = copied = 0
    for number, place in enumerate(places):
        host, owner = _HOSTS[(seed[0] + number) % len(_HOSTS)]
        url = f"https://www.{host}/{'-'.join(words) or 'article'}?utm_source=openai"
        before = said[copied:place] + " "
        bracket = f"([{host}]({url}))"
        start = length + len(before)
        parts += (before, bracket)
        length = start + len(bracket)
        copied = place
        citations.append(Citation(start, length, f"{' '.join(words).capitalize() or 'Article'} | {owner}", url))
    parts.append(said[copied:])
    return "".join(parts), citations
