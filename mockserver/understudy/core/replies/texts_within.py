"""A text for a property: from the message if it says one, else made up, within length, pattern and format."""

from collections.abc import Iterator
from random import Random

from understudy.core.replies import text_formats
from understudy.core.replies.effort import Effort
from understudy.core.replies.hints import Hints
from understudy.core.replies.regex_automaton import compiled
from understudy.core.replies.sample_values import ROLE_OF_FORMAT, example_in, from_message, made_up, role_of, words_of
from understudy.core.replies.schema_shape import Shape
from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsatisfiableSchema

MAX_TEXT = 20_000
"""Characters of one text ("our choice")."""

LONG = 100
"""Characters that make a text long where nothing says how long it may be."""

MAX_SAMPLES = 12
"""Texts drawn from one pattern before another that must hold as well is given up ("our choice")."""


def text_within(shape: Shape, name: str, hints: Hints, rng: Random, effort: Effort, variation: int) -> str:
    """Make a text that keeps the constraints of a shape.

    Args:
        shape: what is asked.
        name: the property's name, "" where there is none.
        hints: the message; a stretch that becomes the text is marked as taken.
        rng: where chance comes from.
        effort: what patterns cost is taken from it.
        variation: how many texts were already tried for this place.

    Raises:
        UnsatisfiableSchema: no such text was found.
        SchemaTooLarge: the text would be longer than `MAX_TEXT`.
    """
    if shape.min_length > MAX_TEXT:
        raise SchemaTooLarge("characters in a text", MAX_TEXT)
    if shape.max_length is not None and shape.max_length < shape.min_length:
        raise UnsatisfiableSchema(f"no text has {shape.min_length} to {shape.max_length} characters")
    words = words_of(name)
    role = role_for(shape, name)
    for found in from_message(role, words, hints):
        text = spelled_for(found.text, shape)
        if text is not None and _fits(text, shape, effort):
            variation -= 1
            if variation < 0:
                hints.take(found)
                return text
    candidates = [*_examples(shape), *_given(shape, role, words, hints, rng)]
    if variation:
        candidates += _edges(shape)
    for candidate in candidates:
        if _fits(candidate, shape, effort):
            variation -= 1
            if variation < 0:
                return candidate
    return _forced(shape, made_up(role, words, hints, rng), rng, effort, variation)


def role_for(shape: Shape, name: str) -> str:
    """Return the role of a text: its format tells it, else its name and description."""
    for each in shape.formats:
        if each in ROLE_OF_FORMAT:
            return ROLE_OF_FORMAT[each]
    return role_of(name, shape.description)


def _edges(shape: Shape) -> Iterator[str]:
    """Yield the shortest and the longest text, for where another keyword excludes what comes to mind first."""
    if not (shape.patterns or shape.formats):
        high = shape.min_length + LONG if shape.max_length is None else shape.max_length
        for length in (shape.min_length, shape.min_length + 1, high):
            yield _stretched("a", length, min(length, MAX_TEXT))


def _examples(shape: Shape) -> Iterator[str]:
    """Texts that the schema itself gives: `examples`, `default`, "e.g. …" in the description."""
    yield from (example for example in shape.examples if isinstance(example, str))
    example = example_in(shape.description) if shape.description else None
    if example is not None:
        yield example


def _given(shape: Shape, role: str, words: tuple[str, ...], hints: Hints, rng: Random) -> Iterator[str]:
    """Yield a text of the format, or one that suits the name."""
    for name in shape.formats:
        maker = text_formats.MAKERS.get(name)
        if maker is not None:
            yield maker(rng)
            return
    if not shape.patterns:
        yield made_up(role, words, hints, rng)


def spelled_for(text: str, shape: Shape) -> str | None:
    """Return a text of the message as the formats of a shape spell it, or None if it is no such thing."""
    spelled: str | None = text
    for name in shape.formats:
        spelled = text_formats.kept(spelled, name) if spelled is not None else None
    return spelled


def _fits(text: str, shape: Shape, effort: Effort) -> bool:
    if not shape.min_length <= len(text) <= (MAX_TEXT if shape.max_length is None else shape.max_length):
        return False
    return all(compiled(pattern, effort).matches(text, effort) for pattern in shape.patterns)


def _forced(shape: Shape, suggestion: str, rng: Random, effort: Effort, variation: int) -> str:
    """Return a text that the constraints alone decide."""
    if shape.patterns:
        return _matching(shape, rng, effort, variation)
    for name in shape.formats:
        maker = text_formats.MAKERS.get(name)
        if maker is not None:
            return _of_format(shape, maker(rng), name, effort)
    return _stretched(suggestion, shape.min_length, shape.max_length)


def _matching(shape: Shape, rng: Random, effort: Effort, variation: int) -> str:
    """Draw from one pattern until the others hold as well; which one, each variation decides anew."""
    patterns = [compiled(source, effort) for source in shape.patterns]
    drawn = patterns.pop(variation % len(patterns))
    low = max([shape.min_length, *(other.shortest for other in patterns)])
    for _ in range(MAX_SAMPLES if patterns else 1):
        text = drawn.sample(rng, low, shape.max_length, effort)
        if all(other.matches(text, effort) for other in patterns):
            return text
    raise UnsatisfiableSchema(f"no text was found that matches all of {list(shape.patterns)}")


def _of_format(shape: Shape, text: str, name: str, effort: Effort) -> str:
    """Lengthen or shorten a text of a format where that is possible."""
    if _fits(text, shape, effort):
        return text
    missing = shape.min_length - len(text)
    longer: dict[str, str] = {
        "email": "a" * missing + text,
        "uri": text + "a" * missing,
        "iri": text + "a" * missing,
        "uri-reference": text + "a" * missing,
    }
    shorter: dict[str, str] = {"email": "a@b.co", "uri": "a:b", "hostname": "a.b", "ipv4": "1.1.1.1", "ipv6": "::1"}
    for candidate in (longer.get(name, ""), shorter.get(name, "")):
        if candidate and _fits(candidate, shape, effort):
            return candidate
    raise UnsatisfiableSchema(f"no {name} has {shape.min_length} to {shape.max_length} characters")


def _stretched(text: str, low: int, high: int | None) -> str:
    """Repeat or cut a text to a length; a space that the cut would leave at its end becomes a full stop."""
    if len(text) < low:
        text = ((text or "a") + " ") * (low // max(len(text), 1) + 1)
        text = text[:low]
    if high is not None:
        text = text[:high]
    return text[:-1] + "." if text.endswith(" ") else text
