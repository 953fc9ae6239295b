"""What is said about a text by those who watch over it: a list of words, by category and strength."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """What a text was found to hold.

    Attributes:
        category: `violence`, `self-harm` and so on.
        word: as the list has it.
        strong: refused at every level of moderation.
    """

    category: str
    word: str
    strong: bool


class Moderation:
    """The list.

    Args:
        data: parsed `moderation.toml`.

    Attributes:
        categories: all there are, in the data's order.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        table: Mapping[str, Mapping[str, list[str]]] = data["categories"]
        self.categories = tuple(table)
        self._words: dict[str, Finding] = {}
        for category, words in table.items():
            for strength in ("strong", "mild"):
                for word in words[strength]:
                    self._words[word.casefold()] = Finding(category, word, strength == "strong")
        longest_first = sorted(self._words, key=len, reverse=True)
        # Languages that write no spaces have no word borders to look for.
        spelled = (rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in longest_first)
        self._pattern = re.compile("|".join(spelled))

    def findings(self, text: str) -> list[Finding]:
        """What stands in a text, each word once, in the order of their first places."""
        found = dict.fromkeys(self._pattern.findall(text.casefold()))
        return [self._words[word] for word in found]
