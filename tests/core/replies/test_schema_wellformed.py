"""What is wrong with a schema as such, in the words of the jsonschema library."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator, SchemaError

from understudy.core.replies.schema_wellformed import problem
from understudy.core.replies.unsatisfiable import SchemaTooLarge

MALFORMED: list[Any] = [
    {"type": "str"},
    {"type": ["string", "foo"]},
    {"type": ["string", "string"]},
    {"type": []},
    {"type": None},
    {"type": "object", "properties": []},
    {"type": "object", "required": None},
    {"properties": {"a": None}},
    {"properties": {"a": {"type": "strin"}}},
    {"properties": {"a": "string"}},
    {"minLength": "3"},
    {"minLength": -1},
    {"minItems": 1.5},
    {"minimum": "1"},
    {"pattern": "("},
    {"pattern": r"\p{L}"},
    {"pattern": 3},
    {"patternProperties": {"(": {}}},
    {"enum": None},
    {"required": ["a", "a"]},
    {"required": [1]},
    {"anyOf": []},
    {"anyOf": {}},
    {"anyOf": [3]},
    {"multipleOf": 0},
    {"multipleOf": "x"},
    {"items": [{}]},
    {"description": 3},
    {"title": None},
    {"additionalProperties": "false"},
    {"$ref": 3},
    {"$defs": []},
    {"$defs": {"a": 3}},
    {"uniqueItems": "y"},
    {"examples": 3},
    {"dependentRequired": {"a": [1]}},
    {"not": []},
    {"if": 1},
    [],
    "schema",
    None,
]


@pytest.mark.parametrize("schema", MALFORMED, ids=str)
def test_the_words_are_those_of_the_reference_validator(schema: Any) -> None:
    """The API answers with the message of jsonschema, so ours must be the same."""
    with pytest.raises(SchemaError) as expected:
        Draft202012Validator.check_schema(schema)
    assert problem(schema) == expected.value.message


@pytest.mark.parametrize(
    "schema",
    [True, {}, {"enum": []}, {"default": 3, "const": None, "x-vendor": []}, {"type": ["null"], "minLength": 2.0}],
    ids=str,
)
def test_what_the_reference_validator_accepts_passes(schema: Any) -> None:
    """Booleans, unknown words and integral floats are fine."""
    Draft202012Validator.check_schema(schema)
    assert problem(schema) is None


def test_old_drafts_may_write_tuples_as_items() -> None:
    """`items` is a list only where `$schema` names a draft that allows it."""
    assert problem({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}]}) is None
    assert problem({"items": [{}]}) is not None


def test_documents_beyond_the_limits_are_not_read() -> None:
    """Depth, width and the patterns of a document are limited."""
    deep: Any = {}
    for _ in range(60):
        deep = {"items": deep}
    assert problem(deep) is None
    for hostile in (
        {"items": {"items": deep}, "anyOf": [deep] * 25_000},
        {"allOf": [{"pattern": "a" * 1_000}] * 41},
    ):
        with pytest.raises(SchemaTooLarge):
            problem(hostile)
    for _ in range(60):
        deep = {"items": deep}
    with pytest.raises(SchemaTooLarge):
        problem(deep)
