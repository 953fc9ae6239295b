"""Predicted outputs: an answer that follows the prediction, and how much of the prediction it used.

A prediction is what the caller expects to get back, as a rule a text with a few words changed. So the answer is the
predicted text, changed as the message plainly asks ("replace `a` with `b`"); all of it is "our choice". What is
counted is the real overlap of tokens.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

_LOOKED_AT = 10_000
"""Characters of a message in which changes are looked for."""
_MOST_CHANGES = 16
_COMPARED = 1_000_000
"""Most pairs of tokens that are compared where a text and its prediction differ; beyond that none is taken as used."""
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
    """How many of the predicted tokens the answer used, in their order."""
    shorter = min(len(predicted), len(said))
    start = 0
    while start < shorter and predicted[start] == said[start]:
        start += 1
    end = 0
    while end < shorter - start and predicted[-1 - end] == said[-1 - end]:
        end += 1
    left = predicted[start : len(predicted) - end]
    right = said[start : len(said) - end]
    if not left or not right or len(left) * len(right) > _COMPARED:
        return start + end
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    return start + end + sum(block.size for block in blocks)
