"""A number for a property: from the message if it says one, else made up, within bounds and multiples."""

import math
from collections.abc import Iterator
from random import Random

from understudy.core.replies.findings import Found
from understudy.core.replies.hints import Hints, number
from understudy.core.replies.sample_values import COORDINATES, coordinate_for, range_for, role_of, words_of
from understudy.core.replies.schema_shape import Shape
from understudy.core.replies.schema_validation import is_multiple
from understudy.core.replies.unsatisfiable import UnsatisfiableSchema

MAX_STEPS = 200
"""Multiples tried around each candidate when several must hold ("our choice")."""

_COUNTING = frozenset(("num", "number", "count", "max", "min", "n", "total", "amount", "limit", "of"))


def number_within(shape: Shape, name: str, integral: bool, hints: Hints, rng: Random, variation: int) -> int | float:
    """Make a number that keeps the constraints of a shape.

    Args:
        shape: what is asked.
        name: the property's name, "" where there is none.
        integral: whether it must be an integer.
        hints: the message; a stretch that becomes the number is marked as taken.
        rng: where chance comes from.
        variation: how many numbers were already tried for this place.

    Raises:
        UnsatisfiableSchema: no such number was found.
    """
    words = words_of(name)
    if hints.text:
        for found in _said(words, hints):
            value = number(found.text)
            if _fits(value, shape, integral):
                variation -= 1
                if variation < 0:
                    hints.take(found)
                    return value
    seen: set[float] = set()
    for candidate in _candidates(shape, words, integral, hints, rng):
        for value in _on_a_step(candidate, shape, integral):
            if value not in seen and _fits(value, shape, integral):
                seen.add(value)
                variation -= 1
                if variation < 0:
                    return value
    if seen:
        return next(iter(seen))
    raise UnsatisfiableSchema("no number was found within the bounds")


def beside(words: tuple[str, ...], hints: Hints) -> Iterator[Found]:
    """Numbers that stand beside a word of the name: "5 days" for `days`, "top 5" for `top_k`."""
    wanted = {word.rstrip("s") for word in words} - _COUNTING
    tokens = hints.all("words")
    for found in hints.free("numbers"):
        after = next((token for token in tokens if token.start >= found.end), None)
        before = next((token for token in reversed(tokens) if token.end <= found.start), None)
        if any(token is not None and token.text.lower().rstrip("s") in wanted for token in (after, before)):
            yield found


def _said(words: tuple[str, ...], hints: Hints) -> Iterator[Found]:
    """Numbers of the message: the property's own first, then any other, in order."""
    numbers = {(found.start, found.text) for found in hints.all("numbers")}
    if words:
        yield from (found for found in hints.labelled(words) if (found.start, found.text) in numbers)
        yield from beside(words, hints)
    # "Berlin for 3 days" says no latitude.
    yield from hints.free("decimals" if role_of(words[-1] if words else "") in COORDINATES else "numbers")


def _candidates(
    shape: Shape, words: tuple[str, ...], integral: bool, hints: Hints, rng: Random
) -> Iterator[int | float]:
    place = coordinate_for(words, hints)
    if place is not None:
        yield place
    yield from (value for value in shape.examples if isinstance(value, int | float) and not isinstance(value, bool))
    usual = range_for(words)
    low, high = _bounds(shape)
    start = usual.low if low is None else max(low, usual.low) if high is None or usual.low <= high else low
    end = usual.high if high is None else min(high, usual.high) if low is None or usual.high >= low else high
    if end < start:
        start, end = (low if low is not None else end), (high if high is not None else start)
    if end < start:
        start = end
    decimals = 0 if integral else usual.decimals
    for _ in range(3):
        value = start + rng.random() * (end - start)
        yield round(value) if not decimals and (integral or end - start >= 1) else round(value, decimals or 6)
    for bound, direction in ((low, 1), (high, -1)):
        if bound is not None:
            yield bound
            yield bound + direction
    if low is not None and high is not None:
        yield (low + high) / 2
    yield from (0, 1, -1, 0.5, -0.5)
    for _ in range(16):
        reach = 10 ** int(rng.random() * 10)
        yield int((rng.random() - 0.5) * 2 * reach)


def _bounds(shape: Shape) -> tuple[float | None, float | None]:
    low = shape.low if shape.low is not None and abs(shape.low) < 1e300 else None
    high = shape.high if shape.high is not None and abs(shape.high) < 1e300 else None
    return low, high


def _on_a_step(candidate: int | float, shape: Shape, integral: bool) -> Iterator[int | float]:
    """Yield the candidate itself, then multiples near it, as integers where they are integers."""
    if not shape.steps:
        yield _plain(candidate)
        if integral and _plain(candidate) != int(candidate):
            yield from (math.floor(candidate), math.ceil(candidate))
        return
    whole = [step for step in shape.steps if isinstance(step, int)]
    step: float = math.lcm(*whole) if len(whole) == len(shape.steps) else max(shape.steps)
    nearest = round(candidate / step) if abs(candidate / step) < 1e15 else 0
    reach = MAX_STEPS if len(shape.steps) > 1 or integral else 3
    for offset in range(reach):
        for count in {nearest + offset, nearest - offset}:
            yield _plain(count * step)
            if not isinstance(step, int):
                yield _plain(round(count * step, 9))


def _plain(value: int | float) -> int | float:
    """Return an integer where the value is one and JSON would show needless digits."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _fits(value: int | float, shape: Shape, integral: bool) -> bool:
    if integral and not (isinstance(value, int) or value.is_integer()):
        return False
    if shape.low is not None and (value <= shape.low if shape.low_open else value < shape.low):
        return False
    if shape.high is not None and (value >= shape.high if shape.high_open else value > shape.high):
        return False
    return all(is_multiple(value, step) for step in shape.steps)
