"""JSON values as JSON Schema sees them: their types, and when two are the same.

Python disagrees with JSON in one place: `True == 1`. JSON Schema adds another: `1.0` is an integer and the
same as `1`.
"""

from collections.abc import Hashable

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""A decoded JSON value."""


def has_type(value: object, name: str) -> bool:
    """Whether `value` is of a JSON Schema type."""
    match name:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "number":
            return is_number(value)
        case "integer":
            return not isinstance(value, bool) and (
                isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            )
    return False


def is_number(value: object) -> bool:
    """Whether `value` is a JSON number; booleans are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def key_of(value: object) -> Hashable:
    """Return a key that is equal for the same JSON values and only for them."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return ("array", tuple(key_of(item) for item in value))
    if isinstance(value, dict):
        return ("object", frozenset((name, key_of(item)) for name, item in value.items()))
    return value if isinstance(value, Hashable) else repr(value)


def exceeds(value: object, depth: int, count: int) -> bool:
    """Whether `value` nests more than `depth` lists and objects, or has more than `count` of them.

    Looks at one level after the other, so that neither a deep nor a wide value is followed beyond the limits.
    """
    level = [value]
    for _ in range(depth + 1):
        count -= len(level)
        if count < 0:
            return True
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
