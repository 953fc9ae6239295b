"""Filters by the attributes of files, for searches and the tool `file_search` (OpenAPI document 2026-08-21)."""

from typing import Any

from understudy.core import errors
from understudy.core.parameters import Check, anything, array, fields, string, word
from understudy.core.vector_stores import COMPARISONS, LISTED, ORDERED

_DEEPEST = 16
"""Filters within filters ("our choice")."""


def check_filter(path: str, value: Any, depth: int = 0) -> None:
    """A comparison, or several put together."""
    if type(value) is not dict:
        raise errors.wrong_type(path, "an object", value)
    kind = value.get("type")
    if kind in ("and", "or"):
        if depth >= _DEEPEST:
            raise errors.BadRequest(
                f"Invalid '{path}': filters are nested at most {_DEEPEST} deep.", code="invalid_value", param=path
            )

        def inner(path: str, value: Any) -> None:
            check_filter(path, value, depth + 1)

        fields({"type": anything, "filters": array(inner, minimum=1)}, ("filters",))(path, value)
        return
    word(*COMPARISONS, "and", "or")(f"{path}.type", kind)
    fields({"type": anything, "key": string(), "value": _compared(str(kind))}, ("key", "value"))(path, value)


def _compared(kind: str) -> Check:
    def check(path: str, value: Any) -> None:
        if kind in LISTED:
            array(_plain)(path, value)
            return
        _plain(path, value)
        if kind in ORDERED and type(value) is bool:
            raise errors.wrong_type(path, "one of a string or number", value)

    return check


def _plain(path: str, value: Any) -> None:
    if type(value) not in (str, int, float, bool):
        raise errors.wrong_type(path, "one of a string, number or boolean", value)
