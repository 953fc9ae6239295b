"""Log probabilities: how sure the model was of each token, and what it might have said instead.

The figures are made up ("our choice"), but they hold together: probabilities fall and sum below one, the token that
was said is in the list, and every token's bytes are its own. Field order and the spelling of tokens that are no text
by themselves (a backslash, `x` and two digits for each byte) are those of OpenAI's cookbook, "Using logprobs".
"""

from collections.abc import Iterator, Sequence
from math import log
from typing import Any

from understudy.core.media import Vocabulary
from understudy.core.replies.dice import Dice

MAX_ENTRIES = 262_144
"""Tokens that all lists of one answer may name together; a longer answer is cut ("our choice", to bound memory)."""

_USUAL = (
    " the a of to and in is that it for on with as at by this be are from or have an was not The I In It This A One"
    ", . : ; ! ? - but all you we they can will if"
)
"""What might always have been said; far more than the 20 tokens of the longest list."""
_PLACES = 7
"""Decimal places, as the API's single precision shows; also more than any two platforms' logarithms share."""


def longest_answer(choices: int, top: int) -> int:
    """How many tokens each of several choices may have, so that `MAX_ENTRIES` holds."""
    return max(MAX_ENTRIES // (choices * (1 + top)), 1)


def entries(
    said: Sequence[int],
    vocabulary: Vocabulary,
    encoding: str,
    seed: bytes,
    *,
    top: int = 0,
    sure: bool = False,
    banned: frozenset[int] = frozenset(),
) -> Iterator[dict[str, Any]]:
    """One entry for each token, in order.

    Args:
        said: the tokens of the answer.
        vocabulary: has their bytes.
        encoding: of the tokens.
        seed: decides the figures.
        top: how many tokens each place lists, 0 to 20.
        sure: whether what is said is always the likeliest (temperature 0).
        banned: tokens that are never listed.
    """
    dice = Dice(seed, b"logprobs")
    pool: list[int] = []
    if top:
        usual = vocabulary.encode(_USUAL, encoding)
        pool = [token for token in dict.fromkeys((*said, *usual)) if token not in banned]
    for token in said:
        # What is left for all other tokens: from a half down to one in 8,192.
        left = (64 + dice.below(64)) / 256 / (1 << dice.below(12))
        listed = [(1 - left, token)]
        share = left * 0.45
        place = dice.below(len(pool)) if pool else 0
        for other in _around(pool, place, token, top - 1):
            listed.append((share, other))
            share /= 2
        if len(listed) > 1 and not sure and dice.below(8) == 0:
            # Now and then the second best is said.
            (most, _), (less, other) = listed[:2]
            listed[:2] = [(most, other), (less, token)]
        own = next(chance for chance, each in listed if each == token)
        shown = _entry(own, token, vocabulary, encoding)
        shown["top_logprobs"] = [_entry(*each, vocabulary, encoding) for each in listed] if top else []
        yield shown


def _around(pool: Sequence[int], place: int, skipped: int, most: int) -> Iterator[int]:
    """Up to so many tokens of the pool from a place on, without one of them."""
    for step in range(len(pool)):
        if most <= 0:
            return
        token = pool[(place + step) % len(pool)]
        if token != skipped:
            most -= 1
            yield token


def _entry(chance: float, token: int, vocabulary: Vocabulary, encoding: str) -> dict[str, Any]:
    spelled = vocabulary.token_bytes(token, encoding)
    return {
        "token": spelled.decode("utf-8", "backslashreplace"),
        "logprob": round(log(chance), _PLACES),
        "bytes": list(spelled),
    }
