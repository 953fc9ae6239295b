"""Lengths that the user asks for: "in 300 words", "in one sentence", "five bullet points"."""

import re
from collections.abc import Callable

_NUMBERS = {
    "one": 1, "a": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twenty": 20,
}  # fmt: skip
_NUMBER = r"(?P<number>\d{1,5}|" + "|".join(_NUMBERS) + r")"
_WORDS = re.compile(
    r"(?P<bound>up to |at most |no more than |under |fewer than |less than |maximum |max )?"
    r"(?:in |exactly |about |around )?" + _NUMBER + r"[ -]words?\b(?P<after> or less| or fewer| max| maximum)?",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"\b" + _NUMBER + r"[ -](?:short )?sentences?\b", re.IGNORECASE)
_BULLETS = re.compile(
    r"\b(?:list (?:of )?)?" + _NUMBER + r" (?:bullet points?|bullets|items|points|things|ideas)\b", re.IGNORECASE
)
_HINTS = ("word", "sentence", "bullet", "point", "items", "things", "ideas")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
MOST_WORDS = 20_000


def fit_to_request(message: str, answer: str, more: Callable[[int], str]) -> str:
    """The answer at the length that the message asks for, or as it is.

    Args:
        message: what the user says.
        answer: the answer at its natural length.
        more: makes a further sentence, by number.
    """
    # One cheap look first: nearly no message asks for a length.
    lowered = message.lower()
    if not any(hint in lowered for hint in _HINTS):
        return answer
    wanted = _WORDS.search(message)
    if wanted is not None:
        number = _number(wanted["number"])
        if wanted["bound"] or wanted["after"]:
            return _words(answer, number, more) if len(answer.split()) > number else answer
        return _words(answer, number, more)
    wanted = _BULLETS.search(message)
    if wanted is not None:
        return "\n".join(f"- {more(index)}" for index in range(min(_number(wanted["number"]), 200)))
    wanted = _SENTENCES.search(message)
    if wanted is not None:
        number = min(_number(wanted["number"]), 500)
        sentences = _SENTENCE_END.split(answer)
        sentences += [more(index) for index in range(number - len(sentences))]
        return " ".join(sentences[:number])
    return answer


def _number(text: str) -> int:
    return max(1, min(int(text) if text.isdecimal() else _NUMBERS[text.lower()], MOST_WORDS))


def _words(answer: str, number: int, more: Callable[[int], str]) -> str:
    words = answer.split()
    index = 0
    while len(words) < number:
        words += more(index).split()
        index += 1
    text = " ".join(words[:number]).rstrip(",;:—-")
    return text if text.endswith((".", "!", "?", "…")) else text + "."
