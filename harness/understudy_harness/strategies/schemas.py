"""JSON Schemas that the API takes as strict: closed objects, all of whose properties are required."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]

names = st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True)
"""Of properties, functions and schemas."""
_words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)


def json_schemas(max_depth: int = 2) -> st.SearchStrategy[Schema]:
    """Schemas of objects, nested at most so deep."""
    return _objects(max_depth)


def _objects(depth: int) -> st.SearchStrategy[Schema]:
    return st.dictionaries(names, _values(depth), min_size=1, max_size=4).map(_closed)


def _closed(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _values(depth: int) -> st.SearchStrategy[Schema]:
    plain: list[st.SearchStrategy[Schema]] = [
        st.just({"type": "string"}),
        st.just({"type": "boolean"}),
        st.just({"type": "number"}),
        st.just({"type": ["string", "null"]}),
        st.integers(-100, 100).flatmap(
            lambda least: st.integers(least, least + 100).map(
                lambda most: {"type": "integer", "minimum": least, "maximum": most}
            )
        ),
        st.lists(_words, min_size=1, max_size=4, unique=True).map(lambda words: {"type": "string", "enum": words}),
    ]
    if depth > 0:
        plain += [
            _objects(depth - 1),
            _values(depth - 1).map(lambda items: {"type": "array", "items": items}),
            _objects(depth - 1).map(lambda one: {"anyOf": [one, {"type": "null"}]}),
        ]
    return st.one_of(plain)
