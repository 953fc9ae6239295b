"""Whether a value fits a JSON Schema (draft 2020-12, and the forms of draft 7 that it replaced).

Values are made to fit; this is how `schema` makes sure where keywords work against each other (`oneOf`,
`not`, `if`, `contains` …). `format` is an annotation here, as in the specification's default; the texts that
`schema` makes keep it by construction.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from understudy.core.replies.effort import Effort
from understudy.core.replies.json_values import has_type, is_number, key_of
from understudy.core.replies.regex_automaton import compiled
from understudy.core.replies.schema_references import Schema, resolved
from understudy.core.replies.unsatisfiable import SchemaTooLarge

EFFORT_OF_A_CHECK = 4

MAX_CHECK_DEPTH = 100
"""Schemas within schemas while checking ("our choice"); a `$ref` that only leads to itself ends here."""

Keywords = Mapping[str, Any]


class Validator:
    """Holds values against the schemas of one document."""

    def __init__(self, root: Schema, effort: Effort | None = None) -> None:
        self.root = root
        self.effort = effort or Effort()
        self.depth = 0

    def fits(self, value: object, schema: Schema) -> bool:
        """Whether `value` fits `schema`.

        Raises:
            UnsatisfiableSchema: a reference leads nowhere, or a pattern cannot be read.
            SchemaTooLarge: a limit above was reached.
        """
        if isinstance(schema, bool):
            return schema
        self.effort.spend(EFFORT_OF_A_CHECK)
        self.depth += 1
        if self.depth > MAX_CHECK_DEPTH:
            raise SchemaTooLarge("schemas within schemas", MAX_CHECK_DEPTH)
        try:
            for keyword, wanted in schema.items():
                rule = _RULES.get(keyword)
                if rule is not None and not rule(self, wanted, value, schema):
                    return False
        finally:
            self.depth -= 1
        return True

    def count(self, value: object, schemas: Sequence[Schema], enough: int) -> int:
        """How many of `schemas` fit, counting no further than `enough`."""
        fitting = 0
        for schema in schemas:
            fitting += self.fits(value, schema)
            if fitting == enough:
                break
        return fitting


Rule = Callable[[Validator, Any, Any, Keywords], bool]


def _reference(validator: Validator, wanted: str, value: Any, schema: Keywords) -> bool:
    return validator.fits(value, resolved(validator.root, wanted))


def _type(validator: Validator, wanted: str | list[str], value: Any, schema: Keywords) -> bool:
    return has_type(value, wanted) if isinstance(wanted, str) else any(has_type(value, name) for name in wanted)


def _enum(validator: Validator, wanted: list[object], value: Any, schema: Keywords) -> bool:
    validator.effort.spend(len(wanted))
    key = key_of(value)
    return any(key_of(member) == key for member in wanted)


def _const(validator: Validator, wanted: object, value: Any, schema: Keywords) -> bool:
    return key_of(wanted) == key_of(value)


def _all_of(validator: Validator, wanted: list[Schema], value: Any, schema: Keywords) -> bool:
    return all(validator.fits(value, each) for each in wanted)


def _any_of(validator: Validator, wanted: list[Schema], value: Any, schema: Keywords) -> bool:
    return validator.count(value, wanted, 1) == 1


def _one_of(validator: Validator, wanted: list[Schema], value: Any, schema: Keywords) -> bool:
    return validator.count(value, wanted, 2) == 1


def _not(validator: Validator, wanted: Schema, value: Any, schema: Keywords) -> bool:
    return not validator.fits(value, wanted)


def _if(validator: Validator, wanted: Schema, value: Any, schema: Keywords) -> bool:
    branch = "then" if validator.fits(value, wanted) else "else"
    return validator.fits(value, schema.get(branch, True))


def is_multiple(value: float, of: float) -> bool:
    """Whether `value` is a multiple of `of`, with the arithmetic that validators use for floats."""
    if isinstance(of, int):
        return value % of == 0
    try:
        quotient = value / of
        return quotient == int(quotient)
    except (OverflowError, ValueError):  # beyond or below what a float holds: no validator agrees on these
        return False


def _multiple_of(validator: Validator, wanted: float, value: Any, schema: Keywords) -> bool:
    return not is_number(value) or is_multiple(value, wanted)


def _minimum(validator: Validator, wanted: float, value: Any, schema: Keywords) -> bool:
    return not is_number(value) or value >= wanted


def _maximum(validator: Validator, wanted: float, value: Any, schema: Keywords) -> bool:
    return not is_number(value) or value <= wanted


def _above(validator: Validator, wanted: float, value: Any, schema: Keywords) -> bool:
    return not is_number(value) or value > wanted


def _below(validator: Validator, wanted: float, value: Any, schema: Keywords) -> bool:
    return not is_number(value) or value < wanted


def _min_length(validator: Validator, wanted: int, value: Any, schema: Keywords) -> bool:
    return not isinstance(value, str) or len(value) >= wanted


def _max_length(validator: Validator, wanted: int, value: Any, schema: Keywords) -> bool:
    return not isinstance(value, str) or len(value) <= wanted


def _pattern(validator: Validator, wanted: str, value: Any, schema: Keywords) -> bool:
    return not isinstance(value, str) or compiled(wanted, validator.effort).matches(value, validator.effort)


def _min_items(validator: Validator, wanted: int, value: Any, schema: Keywords) -> bool:
    return not isinstance(value, list) or len(value) >= wanted


def _max_items(validator: Validator, wanted: int, value: Any, schema: Keywords) -> bool:
    return not isinstance(value, list) or len(value) <= wanted


def _unique(validator: Validator, wanted: bool, value: Any, schema: Keywords) -> bool:
    if isinstance(value, list):
        validator.effort.spend(len(value))
    return not wanted or not isinstance(value, list) or len({key_of(item) for item in value}) == len(value)


def tuple_and_rest(schema: Keywords) -> tuple[list[Schema], Schema]:
    """Return the schemas of the first items and of those after: draft 2020-12 (`prefixItems`) or 7 (`items: […]`)."""
    items = schema.get("items", True)
    if isinstance(items, list):
        return items, schema.get("additionalItems", True)
    return schema.get("prefixItems", []), items


def _items(validator: Validator, wanted: Any, value: Any, schema: Keywords) -> bool:
    if not isinstance(value, list):
        return True
    first, rest = tuple_and_rest(schema)
    return all(validator.fits(item, first[index] if index < len(first) else rest) for index, item in enumerate(value))


def _items_without_prefix(validator: Validator, wanted: Any, value: Any, schema: Keywords) -> bool:
    return "prefixItems" in schema or _items(validator, wanted, value, schema)


def _contains(validator: Validator, wanted: Schema, value: Any, schema: Keywords) -> bool:
    if not isinstance(value, list):
        return True
    fitting = sum(validator.fits(item, wanted) for item in value)
    return bool(schema.get("minContains", 1) <= fitting <= schema.get("maxContains", len(value)))


def _properties(validator: Validator, wanted: Any, value: Any, schema: Keywords) -> bool:
    """`properties`, `patternProperties` and `additionalProperties` belong together."""
    if not isinstance(value, dict):
        return True
    return all(
        validator.fits(item, each)
        for name, item in value.items()
        for each in property_schemas(schema, name, validator.effort)
    )


def _other_properties(validator: Validator, wanted: Any, value: Any, schema: Keywords) -> bool:
    """Check the same where `properties` is absent: a group of keywords that is applied twice doubles at each level."""
    return "properties" in schema or _properties(validator, wanted, value, schema)


def _additional(validator: Validator, wanted: Any, value: Any, schema: Keywords) -> bool:
    return "patternProperties" in schema or _other_properties(validator, wanted, value, schema)


def property_schemas(schema: Keywords, name: str, effort: Effort) -> list[Schema]:
    """Return what one schema asks of the property `name`; nothing if it does not speak of it."""
    found: list[Schema] = []
    properties = schema.get("properties")
    if properties and name in properties:
        found.append(properties[name])
    patterns = schema.get("patternProperties")
    if patterns:
        found += [each for pattern, each in patterns.items() if compiled(pattern, effort).matches(name, effort)]
    if not found and "additionalProperties" in schema:
        found.append(schema["additionalProperties"])
    return found


def _required(validator: Validator, wanted: list[str], value: Any, schema: Keywords) -> bool:
    return not isinstance(value, dict) or all(name in value for name in wanted)


def _min_properties(validator: Validator, wanted: int, value: Any, schema: Keywords) -> bool:
    return not isinstance(value, dict) or len(value) >= wanted


def _max_properties(validator: Validator, wanted: int, value: Any, schema: Keywords) -> bool:
    return not isinstance(value, dict) or len(value) <= wanted


def _property_names(validator: Validator, wanted: Schema, value: Any, schema: Keywords) -> bool:
    return not isinstance(value, dict) or all(validator.fits(name, wanted) for name in value)


def _dependent(validator: Validator, wanted: Mapping[str, Schema | list[str]], value: Any, schema: Keywords) -> bool:
    """`dependentRequired`, `dependentSchemas`, and draft 7's `dependencies`, which is both."""
    if not isinstance(value, dict):
        return True
    return all(
        all(other in value for other in then) if isinstance(then, list) else validator.fits(value, then)
        for name, then in wanted.items()
        if name in value
    )


_RULES: dict[str, Rule] = {
    "$ref": _reference,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
    "multipleOf": _multiple_of,
    "minimum": _minimum,
    "maximum": _maximum,
    "exclusiveMinimum": _above,
    "exclusiveMaximum": _below,
    "minLength": _min_length,
    "maxLength": _max_length,
    "pattern": _pattern,
    "minItems": _min_items,
    "maxItems": _max_items,
    "uniqueItems": _unique,
    "items": _items_without_prefix,
    "prefixItems": _items,
    "contains": _contains,
    "properties": _properties,
    "patternProperties": _other_properties,
    "additionalProperties": _additional,
    "required": _required,
    "minProperties": _min_properties,
    "maxProperties": _max_properties,
    "propertyNames": _property_names,
    "dependentRequired": _dependent,
    "dependentSchemas": _dependent,
    "dependencies": _dependent,
}
