"""Checks of request parameters: small functions that raise the real API's error, put together into tables.

A check takes the path of the parameter (as the error names it) and its decoded JSON value, and returns
nothing or raises `BadRequest`. An operation's parameters are a dict from name to check, in the order in which
the real API looks at them (measured with bodies that hold two defects, 2026-08).
"""

from collections.abc import Callable, Mapping
from typing import Any

from understudy.core import errors

Check = Callable[[str, Any], None]


def anything(path: str, value: Any) -> None:
    """Accept every value."""


def optional(check: Check) -> Check:
    """Take null for "not given", as nearly all parameters do."""

    def checked(path: str, value: Any) -> None:
        if value is not None:
            check(path, value)

    return checked


def boolean(path: str, value: Any) -> None:
    """True or false."""
    if value is not True and value is not False:
        raise errors.wrong_type(path, "a boolean", value)


def integer(minimum: int | None = None, maximum: int | None = None) -> Check:
    """A whole number within bounds."""

    def check(path: str, value: Any) -> None:
        if type(value) is not int:
            raise errors.wrong_type(path, "an integer", value)
        if minimum is not None and value < minimum:
            raise errors.below_minimum(path, value, minimum)
        if maximum is not None and value > maximum:
            raise errors.above_maximum(path, value, maximum)

    return check


def number(minimum: float | None = None, maximum: float | None = None) -> Check:
    """A number within bounds, whole or not."""

    def check(path: str, value: Any) -> None:
        if type(value) is not int and type(value) is not float:
            raise errors.wrong_type(path, "a decimal", value)
        if minimum is not None and value < minimum:
            raise errors.below_minimum(path, float(value), minimum)
        if maximum is not None and value > maximum:
            raise errors.above_maximum(path, float(value), maximum)

    return check


def string(maximum: int | None = None, minimum: int = 0) -> Check:
    """Text within a length in characters."""

    def check(path: str, value: Any) -> None:
        if type(value) is not str:
            raise errors.wrong_type(path, "a string", value)
        if len(value) < minimum:
            raise errors.empty_string(path)
        if maximum is not None and len(value) > maximum:
            raise errors.string_too_long(path, maximum, len(value))

    return check


def word(*accepted: str) -> Check:
    """One of a few strings."""
    known = frozenset(accepted)

    def check(path: str, value: Any) -> None:
        if type(value) is not str:
            raise errors.wrong_type(path, f"one of {errors.quoted_list(accepted).replace(', and ', ', or ')}", value)
        if value not in known:
            raise errors.invalid_value(path, value, accepted)

    return check


def array(of: Check, *, maximum: int | None = None, minimum: int = 0, expected: str = "an array") -> Check:
    """A list whose elements pass `of`."""

    def check(path: str, value: Any) -> None:
        if type(value) is not list:
            raise errors.wrong_type(path, expected, value)
        if len(value) < minimum:
            raise errors.empty_array(path)
        if maximum is not None and len(value) > maximum:
            raise errors.array_too_long(path, maximum, len(value))
        for index, element in enumerate(value):
            of(f"{path}[{index}]", element)

    return check


def fields(known: Mapping[str, Check], required: tuple[str, ...] = ()) -> Check:
    """An object with known fields."""

    def check(path: str, value: Any) -> None:
        if type(value) is not dict:
            raise errors.wrong_type(path, "an object", value)
        for name in required:
            if name not in value:
                raise errors.missing(f"{path}.{name}")
        for name in value:
            if name not in known:
                raise errors.unknown_parameter(f"{path}.{name}")
        for name, field in known.items():
            if name in value:
                field(f"{path}.{name}", value[name])

    return check


def tagged(kinds: Mapping[str, Check], accepted: tuple[str, ...]) -> Check:
    """An object whose `type` says which fields it has."""

    def check(path: str, value: Any) -> None:
        if type(value) is not dict:
            raise errors.wrong_type(path, "an object", value)
        kind = value.get("type")
        if kind is None:
            raise errors.missing(f"{path}.type")
        if type(kind) is not str:
            raise errors.wrong_type(f"{path}.type", "a string", kind)
        if kind not in kinds:
            raise errors.invalid_value(f"{path}.type", kind, accepted)
        kinds[kind](path, value)

    return check


def pairs(path: str, value: Any) -> None:
    """An object of up to 16 properties."""
    if type(value) is not dict:
        raise errors.wrong_type(path, "an object", value)
    if len(value) > 16:
        raise errors.BadRequest(
            f"Invalid '{path}': too many properties. Expected an object with at most 16 properties, but got an object "
            f"with {len(value)} properties instead.",
            code="object_above_max_properties",
            param=path,
        )


def metadata(path: str, value: Any) -> None:
    """Up to 16 pairs of strings: keys of 64 characters, values of 512."""
    pairs(path, value)
    for name, entry in value.items():
        if len(name) > 64:
            short = f"{name[:3]}...{name[-3:]}"
            raise errors.BadRequest(
                f"Invalid '{path}': property name too long. Expected a property name with maximum length 64, but "
                f"'{short}' has length {len(name)} instead.",
                code="property_name_above_max_length",
                param=path,
            )
        if type(entry) is not str:
            raise errors.wrong_type(f"{path}.{name}", "a string", entry)
        if len(entry) > 512:
            raise errors.string_too_long(f"{path}.{name}", 512, len(entry))


def check_all(body: Mapping[str, Any], known: Mapping[str, Check]) -> None:
    """Check a whole body: unknown names first, then each parameter in the table's order."""
    for name in body:
        if name not in known:
            raise errors.unknown_parameter(name)
    try:
        for name in body:
            known[name](name, body[name])
    except errors.BadRequest:
        # Something is wrong: the first defect in the table's order is the one that is reported.
        for name, check in known.items():
            if name in body:
                check(name, body[name])
        raise
