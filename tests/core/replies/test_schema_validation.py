"""Our validator, held against the jsonschema package."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from understudy.core.replies.schema_validation import Validator
from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsatisfiableSchema

VALUES: list[Any] = [
    *(None, True, False, 0, 1, 1.0, -1, 2.5, 7, 10, 1e300, 0.3, "", "a", "abc", "1", "2026-01-02", "é"),
    *([], [1], [1, 1.0], [1, True], [True, 1], [[1], [1.0]], ["a", "b", "c"], [{"a": 1}, {"a": 1.0}], [None, "a"]),
    *({}, {"a": 1}, {"a": "x", "b": 2}, {"b": None}, {"aa": 1, "ab": "x"}, {"a": {"a": {"a": 1}}}, {"c": [1, 2]}),
]

SCHEMAS: list[Any] = [
    *(True, False, {}),
    *({"type": name} for name in ("null", "boolean", "integer", "number", "string", "array", "object")),
    *({"type": ["string", "null"]}, {"enum": [1, "a", None, [1]]}, {"const": True}, {"const": {"a": 1}}),
    *({"minimum": 1}, {"maximum": 1}, {"exclusiveMinimum": 1}, {"exclusiveMaximum": 1}),
    *({"multipleOf": 2}, {"multipleOf": 0.1}, {"multipleOf": 0.5}, {"multipleOf": 1e-9}),
    *({"minLength": 1}, {"maxLength": 1}, {"pattern": "^[a-z]+$"}, {"pattern": "1"}),
    *({"minItems": 1}, {"maxItems": 1}, {"uniqueItems": True}, {"uniqueItems": False}),
    *({"items": {"type": "integer"}}, {"prefixItems": [{"const": 1}], "items": False}, {"items": False}),
    *({"contains": {"const": 1}}, {"contains": {"const": 1}, "minContains": 0}),
    *({"contains": {"type": "string"}, "maxContains": 1}, {"contains": {"const": 1}, "minContains": 2}),
    *({"required": ["a"]}, {"minProperties": 1}, {"maxProperties": 1}, {"propertyNames": {"maxLength": 1}}),
    {"properties": {"a": {"type": "integer"}}, "additionalProperties": False},
    {"patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": {"type": "null"}},
    {"dependentRequired": {"a": ["b"]}},
    {"dependentSchemas": {"a": {"required": ["b"]}}},
    *({"allOf": [{"minimum": 1}, {"maximum": 5}]}, {"anyOf": [{"type": "null"}, {"minimum": 5}]}),
    *({"oneOf": [{"minimum": 1}, {"maximum": 5}]}, {"not": {"type": "string"}}),
    {"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"type": "array"}},
    {"if": {"required": ["a"]}, "then": {"required": ["b"]}},
    {"$defs": {"A": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/A"}}},
    {"properties": {"a": {"anyOf": [{"$ref": "#"}, {"type": "integer"}]}}, "type": "object"},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_every_keyword_is_judged_as_the_reference_validator_judges_it(schema: Any) -> None:
    """Each keyword over values of every type, the pitfalls of Python's equality among them."""
    reference = Draft202012Validator(schema)
    for value in VALUES:
        assert Validator(schema).fits(value, schema) == reference.is_valid(value), value


def test_references_that_lead_nowhere_or_round_in_circles_are_refused() -> None:
    """Neither is an answer."""
    for reference in ("#/$defs/nothing", "https://example.com/"):
        with pytest.raises(UnsatisfiableSchema):
            Validator({"$ref": reference}).fits(1, {"$ref": reference})
    with pytest.raises(SchemaTooLarge):
        Validator({"$ref": "#"}).fits(1, {"$ref": "#"})
