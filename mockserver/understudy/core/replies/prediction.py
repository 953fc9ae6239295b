"""Predicted outputs: an answer that follows the prediction, and how much of the prediction it used.

A prediction is what the caller expects to get back, as a rule a text with a few words changed. So the answer is the
predicted text, changed as the message plainly asks ("replace `a` with `b`"); all of it is "our choice". What is
counted is the real overlap of tokens.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence

_LOOKED_AT = 10_000
"""Characters of a message in which changes are looked for."""
_MOST_CHANGES = 16
_AGREEING = 3
_CHANGE = re.compile(
    r"\b(?:replace|rename|change|swap|substitute)\s+(?:[^\W\d]\w*\s+){0,3}?[`'\"“‘]([^`'\"”’\n]{1,200})[`'\"”’]"
    r"(?:\s+[^\W\d]\w*){0,4}?\s+(?:with|to|into|by|for|as)\s+(?:[^\W\d]\w*\s+){0,3}?[`'\"“‘]([^`'\"”’\n]{0,200})[`'\"”’]",
    re.IGNORECASE,
)


def follow(prediction: str, message: str) -> str:
    """The predicted text with the changes that a message asks for."""
    for number, change in enumerate(_CHANGE.finditer(message[:_LOOKED_AT])):
        if number == _MOST_CHANGES:
            break
        prediction = prediction.replace(change[1], change[2])
    return prediction


def accepted(predicted: Sequence[int], said: Sequence[int]) -> int:
    """How many of the predicted tokens the answer used, in their order.

    After a difference the prediction is taken up again where three tokens in a row, or all up to both ends, agree.
    Linear in the length of both.
    """
    shorter = min(len(predicted), len(said))
    end = 0
    while end < shorter and predicted[-1 - end] == said[-1 - end]:
        end += 1
    left = predicted[: len(predicted) - end]
    right = said[: len(said) - end]
    places: dict[tuple[int, ...], list[int]] = {}
    for place in range(len(left) - _AGREEING + 1):
        places.setdefault(tuple(left[place : place + _AGREEING]), []).append(place)
    used = here = there = 0
    while here < len(left) and there < len(right):
        if left[here] == right[there]:
            used += 1
            here += 1
            there += 1
            continue
        found = places.get(tuple(right[there : there + _AGREEING]), ())
        next_one = bisect_left(found, here)
        if next_one < len(found):
            here = found[next_one]
        else:
            there += 1
    return used + end
