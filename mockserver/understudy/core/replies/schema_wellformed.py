"""Whether a JSON Schema is one: each keyword has a value of its kind.

The API runs a schema through the meta-schema of draft 2020-12 before anything else and answers in the words
of Python's jsonschema library ("None is not of type 'array'", "'(' is not a 'regex'": error messages of
function tools reported 2024-2026). The same words are made here, without the library.
"""

import re
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from understudy.core.replies.json_values import exceeds, has_type, is_number, key_of
from understudy.core.replies.unsatisfiable import SchemaTooLarge
from understudy.core.replies.word_lists import word_set

MAX_SCHEMA_NODES = 20_000
"""Schemas within one schema ("our choice"; the API allows 5,000 properties)."""

MAX_SCHEMA_PARTS = 100_000
"""Lists and objects in a schema document, those of examples and enumerations included ("our choice")."""

MAX_SCHEMA_DEPTH = 100
"""Lists and objects within one another in a schema document ("our choice"; the API allows 10 levels of objects)."""

MAX_PATTERNS_LENGTH = 40_000
"""Characters of all patterns of a schema together ("our choice")."""

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_OLD_DRAFTS = ("draft-03", "draft-04", "draft-06", "draft-07", "2019-09")

Finding = str | None


def problem(schema: object) -> str | None:
    """Return what the meta-schema finds wrong first, or None.

    Raises:
        SchemaTooLarge: the document exceeds a limit above.
    """
    if exceeds(schema, MAX_SCHEMA_DEPTH, MAX_SCHEMA_PARTS):
        raise SchemaTooLarge("levels in a schema", MAX_SCHEMA_DEPTH)
    draft = schema.get("$schema") if isinstance(schema, Mapping) else None
    old = isinstance(draft, str) and any(name in draft for name in _OLD_DRAFTS)
    waiting: list[object] = [schema]
    patterns = 0
    for each in waiting:  # grows while it is read: outer schemas are looked at before inner ones
        if len(waiting) > MAX_SCHEMA_NODES:
            raise SchemaTooLarge("schemas within a schema", MAX_SCHEMA_NODES)
        if isinstance(each, bool):
            continue
        if not isinstance(each, Mapping):
            return f"{each!r} is not of type 'object', 'boolean'"
        patterns += _length_of_patterns(each)
        if patterns > MAX_PATTERNS_LENGTH:
            raise SchemaTooLarge("characters in the patterns of a schema", MAX_PATTERNS_LENGTH)
        found = _node_problem(each, waiting, old=old)
        if found is not None:
            return found
    return None


def _length_of_patterns(schema: Mapping[str, Any]) -> int:
    length = 0
    if "pattern" in schema and isinstance(schema["pattern"], str):
        length += len(schema["pattern"])
    if "patternProperties" in schema and isinstance(schema["patternProperties"], Mapping):
        length += sum(map(len, schema["patternProperties"]))
    return length


def _node_problem(schema: Mapping[str, Any], waiting: list[object], *, old: bool) -> Finding:
    """Check the keywords of one schema and put its sub-schemas on the list."""
    for keyword, value in schema.items():
        if keyword in _ONE_SCHEMA:
            if keyword == "items" and isinstance(value, list) and old:
                waiting += value
            else:
                waiting.append(value)
        elif keyword in _MANY_SCHEMAS:
            if not isinstance(value, list):
                return _not_of(value, "array")
            if not value:
                return "[] should be non-empty"
            waiting += value
        elif keyword in _NAMED_SCHEMAS:
            if not isinstance(value, Mapping):
                return _not_of(value, "object")
            if keyword == "patternProperties":
                for name in value:
                    if (found := _regex(name)) is not None:
                        return found
            waiting += value.values()
        elif keyword == "dependencies" and isinstance(value, Mapping):
            waiting += [each for each in value.values() if not isinstance(each, list)]
        else:
            check = _CHECKS.get(keyword)
            if check is not None and (found := check(value)) is not None:
                return found
    return None


def _not_of(value: object, *names: str) -> str:
    return f"{value!r} is not of type {', '.join(map(repr, names))}"


def _of(name: str) -> Callable[[object], Finding]:
    def check(value: object) -> Finding:
        return None if has_type(value, name) else _not_of(value, name)

    return check


def _length(value: object) -> Finding:
    if not has_type(value, "integer"):
        return _not_of(value, "integer")
    return f"{value!r} is less than the minimum of 0" if isinstance(value, int | float) and value < 0 else None


def _positive(value: object) -> Finding:
    if not isinstance(value, int | float) or not is_number(value):
        return _not_of(value, "number")
    return f"{value!r} is less than or equal to the minimum of 0" if value <= 0 else None


def _names(value: object) -> Finding:
    """Check a list of distinct texts."""
    if not isinstance(value, list):
        return _not_of(value, "array")
    for name in value:
        if not isinstance(name, str):
            return _not_of(name, "string")
    return f"{value!r} has non-unique elements" if len(set(value)) < len(value) else None


def _names_by_name(value: object) -> Finding:
    if not isinstance(value, Mapping):
        return _not_of(value, "object")
    return next((found for names in value.values() if (found := _names(names)) is not None), None)


def _type(value: object) -> Finding:
    names = value if isinstance(value, list) and value else [value]
    if all(isinstance(name, str) and name in _TYPES for name in names) and len({*map(key_of, names)}) == len(names):
        return None
    return f"{value!r} is not valid under any of the given schemas"


def _regex(value: object) -> Finding:
    if not isinstance(value, str):
        return _not_of(value, "string")
    return None if _compiles(value) else f"{value!r} is not a 'regex'"


@lru_cache(maxsize=256)
def _compiles(pattern: str) -> bool:
    """Whether Python reads the pattern; it warns about some that it reads, which is nobody's concern here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError):
            return False
    return True


_ONE_SCHEMA = word_set(
    "additionalProperties additionalItems contains contentSchema else if items not propertyNames then "
    "unevaluatedItems unevaluatedProperties"
)
_MANY_SCHEMAS = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_NAMED_SCHEMAS = frozenset(("$defs", "definitions", "dependentSchemas", "patternProperties", "properties"))
_CHECKS: dict[str, Callable[[object], Finding]] = {
    "type": _type,
    "enum": _of("array"),
    "required": _names,
    "dependentRequired": _names_by_name,
    "pattern": _regex,
    "multipleOf": _positive,
    "examples": _of("array"),
} | {
    name: check
    for names, check in (
        ("$ref $id $anchor $comment $schema title description format", _of("string")),
        ("minimum maximum exclusiveMinimum exclusiveMaximum", _of("number")),
        ("uniqueItems deprecated readOnly writeOnly", _of("boolean")),
        ("minLength maxLength minItems maxItems minContains maxContains minProperties maxProperties", _length),
    )
    for name in names.split()
}
