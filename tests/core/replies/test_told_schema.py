"""Schemas that stand in a prompt."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.told_schema import LONGEST, MOST_TRIES, told_schema

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(SCHEMA),
        f"Answer in JSON that fits this schema:\n```json\n{json.dumps(SCHEMA, indent=2)}\n```\nNothing else.",
        f'Do not write {{x}} or {{"a": 1}}; write {json.dumps(SCHEMA)} {{',
    ],
)
def test_a_schema_is_found_among_words(text: str) -> None:
    """Whole, fenced, behind braces that are none."""
    assert told_schema(["Be kind.", text]) == SCHEMA


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["Say hello in JSON"],
        ['{"properties": 3}'],
        ['{"properties": {"a": '],
        ["{" * (MOST_TRIES + 1) + json.dumps(SCHEMA)],
        [" " * LONGEST + json.dumps(SCHEMA)],
    ],
)
def test_what_is_no_schema_or_too_far_in_is_none(texts: list[str]) -> None:
    """Within bounds of time."""
    assert told_schema(texts) is None


@given(st.text(alphabet='{}[]":,properties \n', max_size=200))
def test_no_text_raises(text: str) -> None:
    """Whatever it holds."""
    found = told_schema([text, '"properties"' + text])
    assert found is None or isinstance(found["properties"], dict)
