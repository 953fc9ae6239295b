"""What several schemas ask of one value, taken together.

`Shape` folds schemas into one set of constraints: it follows `$ref`, merges `allOf`, tightens bounds and
intersects types and enumerations. What needs a decision (`anyOf`, `oneOf`, `if`) is kept as a choice that
`schema` makes; what cannot be kept by construction sets `checked`, and the finished value is validated.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.core.replies.json_values import key_of
from understudy.core.replies.schema_references import Schema, resolved
from understudy.core.replies.unsatisfiable import UnsatisfiableSchema

MAX_FOLDS = 500
"""Schemas folded into one shape ("our choice")."""

MAX_FOLD_DEPTH = 40
"""References and `allOf` within one another ("our choice"); a `$ref` that only leads to itself ends here."""

Keywords = Mapping[str, Any]
ALL_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")


@dataclass(slots=True)
class Shape:
    """Constraints on one value; None and empty tuples mean "anything"."""

    root: Schema
    types: tuple[str, ...] | None = None
    members: tuple[object, ...] | None = None
    low: float | None = None
    low_open: bool = False
    high: float | None = None
    high_open: bool = False
    steps: tuple[float, ...] = ()
    min_length: int = 0
    max_length: int | None = None
    patterns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    arrays: tuple[Keywords, ...] = ()
    min_items: int = 0
    max_items: int | None = None
    unique: bool = False
    contained: tuple[tuple[Schema, int], ...] = ()
    objects: tuple[Keywords, ...] = ()
    required: tuple[str, ...] = ()
    min_properties: int = 0
    max_properties: int | None = None
    property_names: tuple[Schema, ...] = ()
    dependents: tuple[tuple[str, list[str]], ...] = ()
    choices: tuple[tuple[Schema, ...], ...] = ()
    examples: tuple[object, ...] = ()
    description: str = ""
    references: tuple[str, ...] = ()
    checked: bool = False
    folds: int = 0
    depth: int = 0

    def fold(self, schema: Schema) -> None:
        """Add what `schema` asks.

        Raises:
            UnsatisfiableSchema: nothing can keep all of it, or a reference leads nowhere.
        """
        if isinstance(schema, bool):
            if not schema:
                raise UnsatisfiableSchema("a schema that is false allows nothing")
            return
        self.folds += 1
        self.depth += 1
        if self.folds > MAX_FOLDS or self.depth > MAX_FOLD_DEPTH:
            raise UnsatisfiableSchema("references or allOf without end")
        for keyword, value in schema.items():
            rule = _FOLDS.get(keyword)
            if rule is not None:
                rule(self, value, schema)
        self.depth -= 1

    def allow(self, types: tuple[str, ...]) -> None:
        """Keep only these types."""
        if self.types is None:
            self.types = types
        elif self.types != types:
            kept = [name for name in self.types if name in types or (name == "integer" and "number" in types)]
            if "number" in self.types and "integer" in types and "integer" not in kept:
                kept.append("integer")
            self.types = tuple(kept)
        if not self.types:
            raise UnsatisfiableSchema("no type is allowed")

    def admit(self, members: tuple[object, ...]) -> None:
        """Keep only these values."""
        if self.members is not None:
            keys = {key_of(member) for member in members}
            members = tuple(member for member in self.members if key_of(member) in keys)
        if not members:
            raise UnsatisfiableSchema("no value is allowed")
        self.members = members


def _type(shape: Shape, value: str | list[str], schema: Keywords) -> None:
    shape.allow((value,) if isinstance(value, str) else tuple(value))


def _enum(shape: Shape, value: list[object], schema: Keywords) -> None:
    shape.admit(tuple(value))


def _const(shape: Shape, value: object, schema: Keywords) -> None:
    shape.admit((value,))


def _reference(shape: Shape, value: str, schema: Keywords) -> None:
    shape.references += (value,)
    shape.fold(resolved(shape.root, value))


def _all_of(shape: Shape, value: list[Schema], schema: Keywords) -> None:
    for each in value:
        shape.fold(each)


def _any_of(shape: Shape, value: list[Schema], schema: Keywords) -> None:
    shape.choices += (tuple(value),)


def _one_of(shape: Shape, value: list[Schema], schema: Keywords) -> None:
    shape.choices += (tuple(value),)
    shape.checked = True


def _if(shape: Shape, value: Schema, schema: Keywords) -> None:
    fulfilled = {"allOf": [value, schema.get("then", True)]}
    failed = {"allOf": [{"not": value}, schema.get("else", True)]}
    shape.choices += ((fulfilled, failed),)
    shape.checked = True


def _not(shape: Shape, value: Schema, schema: Keywords) -> None:
    shape.checked = True
    if isinstance(value, Mapping) and set(value) == {"type"}:
        unwanted: Any = value["type"]
        named = (unwanted,) if isinstance(unwanted, str) else tuple(unwanted)
        without = {*named, *(("integer",) if "number" in named else ())}
        shape.allow(tuple(name for name in shape.types or ALL_TYPES if name not in without))


def _at_least(shape: Shape, value: float, schema: Keywords) -> None:
    if shape.low is None or value > shape.low:
        shape.low, shape.low_open = value, False


def _above(shape: Shape, value: float, schema: Keywords) -> None:
    if shape.low is None or value >= shape.low:
        shape.low, shape.low_open = value, True


def _at_most(shape: Shape, value: float, schema: Keywords) -> None:
    if shape.high is None or value < shape.high:
        shape.high, shape.high_open = value, False


def _below(shape: Shape, value: float, schema: Keywords) -> None:
    if shape.high is None or value <= shape.high:
        shape.high, shape.high_open = value, True


def _multiple_of(shape: Shape, value: float, schema: Keywords) -> None:
    shape.steps += (value,)


def _at_least_of(attribute: str) -> "Fold":
    def fold(shape: Shape, value: float, schema: Keywords) -> None:
        setattr(shape, attribute, max(getattr(shape, attribute), int(value)))

    return fold


def _at_most_of(attribute: str) -> "Fold":
    def fold(shape: Shape, value: float, schema: Keywords) -> None:
        before = getattr(shape, attribute)
        setattr(shape, attribute, int(value) if before is None else min(before, int(value)))

    return fold


def _pattern(shape: Shape, value: str, schema: Keywords) -> None:
    shape.patterns += (value,)


def _format(shape: Shape, value: str, schema: Keywords) -> None:
    shape.formats += (value,)


def _array(shape: Shape, value: object, schema: Keywords) -> None:
    if not shape.arrays or shape.arrays[-1] is not schema:
        shape.arrays += (schema,)


def _unique(shape: Shape, value: bool, schema: Keywords) -> None:
    shape.unique = shape.unique or value


def _contains(shape: Shape, value: Schema, schema: Keywords) -> None:
    shape.contained += ((value, int(schema.get("minContains", 1))),)
    shape.checked = True


def _object(shape: Shape, value: object, schema: Keywords) -> None:
    if not shape.objects or shape.objects[-1] is not schema:
        shape.objects += (schema,)


def _required(shape: Shape, value: list[str], schema: Keywords) -> None:
    shape.required += tuple(name for name in value if name not in shape.required)


def _property_names(shape: Shape, value: Schema, schema: Keywords) -> None:
    shape.property_names += (value,)


def _dependents(shape: Shape, value: Mapping[str, Schema | list[str]], schema: Keywords) -> None:
    """Note dependencies: one on names is kept while properties are chosen, one on a schema is a choice of two."""
    for name, then in value.items():
        if isinstance(then, list):
            shape.dependents += ((name, then),)
        else:
            shape.choices += ((then, {"not": {"required": [name]}}),)
            shape.checked = True


def _examples(shape: Shape, value: list[object], schema: Keywords) -> None:
    shape.examples += tuple(value)


def _example(shape: Shape, value: object, schema: Keywords) -> None:
    shape.examples += (value,)


def _description(shape: Shape, value: str, schema: Keywords) -> None:
    shape.description = shape.description or value


Fold = Callable[[Shape, Any, Keywords], None]
_FOLDS: dict[str, Fold] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "$ref": _reference,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "if": _if,
    "not": _not,
    "minimum": _at_least,
    "exclusiveMinimum": _above,
    "maximum": _at_most,
    "exclusiveMaximum": _below,
    "multipleOf": _multiple_of,
    "minLength": _at_least_of("min_length"),
    "maxLength": _at_most_of("max_length"),
    "pattern": _pattern,
    "format": _format,
    "items": _array,
    "prefixItems": _array,
    "minItems": _at_least_of("min_items"),
    "maxItems": _at_most_of("max_items"),
    "uniqueItems": _unique,
    "contains": _contains,
    "properties": _object,
    "patternProperties": _object,
    "additionalProperties": _object,
    "required": _required,
    "minProperties": _at_least_of("min_properties"),
    "maxProperties": _at_most_of("max_properties"),
    "propertyNames": _property_names,
    "dependentRequired": _dependents,
    "dependentSchemas": _dependents,
    "dependencies": _dependents,
    "examples": _examples,
    "example": _example,
    "default": _example,
    "description": _description,
}
