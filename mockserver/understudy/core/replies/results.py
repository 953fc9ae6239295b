"""A tool's result in words: what the model makes of it in its next sentence."""

from collections.abc import Iterator

from msgspec import DecodeError, json

from understudy.core.replies.quotations import without_unfit

LONGEST_RESULT = 200
"""Characters of a result that are said."""
_LONGEST_JSON = 100_000
_MOST_VALUES = 8
_DEEPEST = 4


def result_in_words(text: str) -> str:
    """The result as part of a sentence, without a full stop.

    `{"city": "Oslo", "degrees": 4}` becomes "city: Oslo, degrees: 4"; what is no JSON stays as it is.
    """
    said = _from_json(text) if text[:1] in ("{", "[", '"') and len(text) <= _LONGEST_JSON else text
    said = " ".join(without_unfit(said[: 4 * LONGEST_RESULT]).split()).rstrip(" .。")
    if len(said) > LONGEST_RESULT:
        cut = said[: LONGEST_RESULT - 1]
        return cut[: cut.rfind(" ")].rstrip(" ,;:.") + "…" if " " in cut else cut + "…"
    return said


def _from_json(text: str) -> str:
    try:
        value = json.decode(text)
    except (DecodeError, UnicodeError, RecursionError):
        return text
    values = []
    for said in _values(value, "", 0):
        values.append(said)
        if len(values) == _MOST_VALUES:
            break
    return ", ".join(values)


def _values(value: object, name: str, depth: int) -> Iterator[str]:
    """The values within a value, each with the name that it goes by."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, member in value.items():
            yield from _values(member, key, depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for member in value:
            yield from _values(member, name, depth + 1)
    else:
        said = value if isinstance(value, str) else json.encode(value).decode()
        yield f"{name}: {said}" if name else said
