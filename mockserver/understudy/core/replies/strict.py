"""What the API accepts as a schema, and how it refuses the rest.

Three checks, each as the API makes it, in this order:

1. The schema is a JSON Schema at all (`schema_wellformed`), for every tool and response format.
2. Its root is an object; an array says what its items are. Also without `strict`.
3. With `strict: true`, it keeps to the subset of structured outputs.

Sources of the texts:

* "recorded": traffic of 2026-01 ('additionalProperties' is required …; 'required' is required … Missing …).
* "reported": the body of a 400 that users of the API quoted in public, with the year of the newest report.
* Limits and the list of supported keywords: OpenAI's guide to structured outputs (2026-07).
* What none of these says is marked "our choice".

The API words a place as a Python tuple of keys: `In context=('properties', 'location', 'anyOf', '0')`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.core.errors import BadRequest
from understudy.core.replies.json_values import has_type
from understudy.core.replies.schema_references import resolved
from understudy.core.replies.schema_wellformed import problem
from understudy.core.replies.unsatisfiable import UnsatisfiableSchema

MAX_NESTING = 10
"""Objects and lists within one another, the root included (guide 2026-07)."""

MAX_PROPERTIES = 5_000
"""Properties of all objects of a schema together (guide 2026-07)."""

MAX_NAMES_LENGTH = 120_000
"""Characters of all property names, definition names, enum and const values together (guide 2026-07)."""

MAX_ENUM_VALUES = 1_000
"""Enum values of a schema together (guide 2026-07; the refusal was reported in 2025)."""

LARGE_ENUM = 250
"""With more values than this, one enum of texts is limited in its length (guide 2026-07)."""

MAX_LARGE_ENUM_LENGTH = 15_000
"""Characters of the values of such an enum (guide 2026-07)."""

MAX_STEPS = 200
"""Schemas and references from the root inwards that are followed ("our choice")."""

FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
"""Values of `format` that structured outputs know (guide 2026-07)."""

NOT_PERMITTED = frozenset(
    (
        # "'…' is not permitted." was reported for these up to 2026:
        "allOf", "oneOf", "if", "contains", "propertyNames", "uniqueItems", "minProperties", "default", "minLength",
        "maxLength",
        # The guide (2026-07) names these as unsupported; that they are refused in the same words is "our choice":
        "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "patternProperties",
        "maxProperties", "unevaluatedProperties", "unevaluatedItems", "minContains", "maxContains", "prefixItems",
        "additionalItems",
    )
)  # fmt: skip
"""Keywords of JSON Schema that strict mode refuses; words that are no keywords of it are ignored ("our choice")."""

Path = tuple[str, ...]
Keywords = Mapping[str, Any]


def check_strict(schema: object, *, name: str, path: str) -> None:
    """Refuse a schema that `strict: true` does not allow.

    Args:
        schema: the decoded schema.
        name: name of the function or of the response format.
        path: the parameter that holds the schema; it also tells a function from a response format:
            `tools[0].function.parameters`, `tools[0].parameters`, `functions[0].parameters`, or
            `response_format`, `text.format.schema`.

    Raises:
        BadRequest: with the API's text, `invalid_function_parameters` or `invalid_json_schema` as code.
    """
    root = _checked_root(schema, name, path)
    _StrictCheck(root, name, path).run()


def check_function_parameters(schema: object, *, name: str, path: str) -> None:
    """Refuse parameters of a function that is not strict.

    Raises:
        BadRequest: as `check_strict`.
    """
    root = _checked_root(schema, name, path)
    _check_arrays(root, name, path)


def check_response_schema(schema: object, *, name: str, path: str) -> None:
    """Refuse the schema of a response format that is not strict; that the root must be an object is "our choice".

    Raises:
        BadRequest: as `check_strict`.
    """
    _checked_root(schema, name, path)


def invalid_schema(name: str, path: str, detail: str) -> BadRequest:
    """Return the refusal of a schema, with what is wrong as `detail`."""
    subject, code = _subject(name, path)
    return BadRequest(f"Invalid schema for {subject}: {detail}", code=code, param=path)


def unusable_schema(name: str, path: str) -> BadRequest:
    """Return the refusal of a schema that no value can be made for (reported 2026 for schemas that are too large)."""
    subject, code = _subject(name, path)
    return BadRequest(f"Invalid schema for {subject}. Please ensure it is a valid JSON Schema.", code=code, param=path)


def _subject(name: str, path: str) -> tuple[str, str]:
    """Return what the message calls the schema, and the code of the error."""
    if "tools" in path or "functions" in path:
        return f"function '{name}'", "invalid_function_parameters"
    return f"response_format '{name}'", "invalid_json_schema"


def _in_context(where: Path, detail: str) -> str:
    return f"In context={where!r}, {detail}"


_BARRED_AT_THE_ROOT = ("oneOf", "anyOf", "allOf", "enum", "const", "not")


def _checked_root(schema: object, name: str, path: str) -> Keywords:
    """Make the checks that need no `strict`, but for lists, and return the root."""
    try:
        wrong = problem(schema)
    except UnsatisfiableSchema as error:  # more levels or sub-schemas than we read
        raise unusable_schema(name, path) from error
    if wrong is not None:
        raise invalid_schema(name, path, f"{wrong}.")
    # `true` and `false` are schemas, but no objects; what the API calls their type is "our choice".
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if not isinstance(schema, Mapping) or kind != "object":
        # Reported 2024-2026; a missing type is the word None.
        detail = f"""schema must be a JSON Schema of 'type: "object"', got 'type: "{kind}"'."""
        raise invalid_schema(name, path, detail)
    is_function = _subject(name, path)[0].startswith("function")
    barred = _BARRED_AT_THE_ROOT if is_function else ("anyOf", "enum", "const", "not")
    if any(keyword in schema for keyword in barred):
        # Reported 2026-08 for functions; for response formats the guide says the same, the words are "our choice".
        detail = (
            "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'const'/'not' at the top level."
        )
        raise invalid_schema(name, path, detail)
    if is_function and "properties" not in schema:
        # Reported 2025-12: a function without parameters says `"properties": {}`.
        raise invalid_schema(name, path, _in_context((), "object schema missing properties."))
    return schema


def _check_arrays(root: Keywords, name: str, path: str) -> None:
    """Refuse lists that do not say what they hold, at any depth (reported 2024-2026)."""
    waiting: list[tuple[Path, Keywords]] = [((), root)]
    for where, schema in waiting:
        if schema.get("type") == "array" and "items" not in schema and "prefixItems" not in schema:
            raise invalid_schema(name, path, _in_context(where, "array schema missing items."))
        waiting += _children(where, schema)


def _children(where: Path, schema: Keywords) -> Iterator[tuple[Path, Keywords]]:
    """Return the sub-schemas of a schema, in the order in which the API looks at them ("our choice")."""
    for keyword in ("properties", "patternProperties", "$defs", "definitions"):
        named = schema.get(keyword)
        if named is not None:
            yield from (((*where, keyword, key), each) for key, each in named.items() if isinstance(each, Mapping))
    for keyword in ("items", "additionalProperties", "not"):
        each = schema.get(keyword)
        if isinstance(each, Mapping):
            yield (*where, keyword), each
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for index, each in enumerate(schema.get(keyword, ())):
            if isinstance(each, Mapping):
                yield (*where, keyword, str(index)), each


@dataclass
class _StrictCheck:
    """Walks a strict schema, outer schemas before inner ones, and counts what is limited."""

    root: Keywords
    name: str
    path: str
    properties: int = 0
    enum_values: int = 0
    names_length: int = 0
    depths: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        waiting: list[tuple[Path, Keywords]] = [((), self.root)]
        while waiting:
            where, schema = waiting.pop()
            self.check(where, schema)
            waiting += reversed([*_children(where, schema)])
        self.check_limits()

    def refuse(self, where: Path, detail: str, *, plain: bool = False) -> BadRequest:
        """Build the refusal; two of the API's messages are without the word "In" (reported 2024-2026)."""
        text = _in_context(where, detail)
        return invalid_schema(self.name, self.path, text.removeprefix("In ") if plain else text)

    def check(self, where: Path, schema: Keywords) -> None:
        """Check one schema, not what is in it."""
        if "$ref" in schema:
            self.check_reference(where, schema)
            return
        for keyword in schema:
            if keyword in NOT_PERMITTED:
                raise self.refuse(where, f"'{keyword}' is not permitted.")
        if "not" in schema:
            # The words were reported in 2026, the frame around them is "our choice".
            raise self.refuse(where, "Unsupported keywords ('not',).")
        if "type" not in schema and "anyOf" not in schema:
            raise self.refuse(where, "schema must have a 'type' key.")  # reported 2026
        types = schema.get("type", ())
        for index, kind in enumerate([types] if isinstance(types, str) else types):
            # Reported 2026: a list of types is walked into like a list of schemas.
            place = where if isinstance(types, str) else (*where, "type", str(index))
            if kind == "object":
                self.check_object(place, schema)
            elif kind == "array" and "items" not in schema:
                raise self.refuse(place, "array schema missing items.")
        if "format" in schema and schema["format"] not in FORMATS:
            raise self.refuse(where, f"'{schema['format']}' is not a valid format.")  # reported 2025-2026
        self.check_members(where, schema)

    def check_reference(self, where: Path, schema: Keywords) -> None:
        """Refuse a reference that has company or leads elsewhere than to a top-level definition (reported 2026)."""
        beside = sorted(set(schema) - {"$ref"} - ({"$defs", "definitions"} if not where else set()))
        if beside:
            # The API prints a set of Python's; which member comes first there is chance.
            listed = ", ".join(map(repr, beside))
            raise self.refuse(where, f"$ref cannot have keywords {{{listed}}}.", plain=True)
        target = schema["$ref"]
        steps = target.split("/")
        if target != "#" and not (len(steps) == 3 and steps[0] == "#" and steps[1] in ("$defs", "definitions")):
            raise self.refuse(where, _ONLY_TOP_LEVEL)
        try:
            resolved(self.root, target)
        except UnsatisfiableSchema as error:
            raise self.refuse(where, _ONLY_TOP_LEVEL) from error  # for a name that is not defined: "our choice"

    def check_object(self, where: Path, schema: Keywords) -> None:
        """Check that an object is closed and requires all it has (recorded 2026-01).

        Which of the two comes first was reported in 2025: `additionalProperties`.
        """
        if schema.get("additionalProperties") is not False:
            raise self.refuse(where, "'additionalProperties' is required to be supplied and to be false.")
        properties = schema.get("properties", {})
        required = schema.get("required")
        detail = "'required' is required to be supplied and to be an array including every key in properties."
        for key in properties:
            if required is None or key not in required:
                raise self.refuse(where, f"{detail} Missing '{key}'.")
        for key in required or ():
            if key not in properties:
                raise self.refuse(where, f"{detail} Extra required key '{key}' supplied.")  # reported 2026-03
        self.properties += len(properties)
        self.names_length += sum(map(len, properties))

    def check_members(self, where: Path, schema: Keywords) -> None:
        """Enum and const values have the type that the schema names (reported 2025)."""
        members = schema.get("enum", ())
        types = schema.get("type")
        if types is not None:
            for member in (*members, *([schema["const"]] if "const" in schema else ())):
                if not any(has_type(member, kind) for kind in ([types] if isinstance(types, str) else types)):
                    detail = f"enum value {member} does not validate against {{'type': {types!r}}}."
                    raise self.refuse(where, detail, plain=True)
        self.enum_values += len(members)
        length = sum(len(member) for member in members if isinstance(member, str))
        constant = schema.get("const")
        self.names_length += length + (len(constant) if isinstance(constant, str) else 0)
        if len(members) > LARGE_ENUM and length > MAX_LARGE_ENUM_LENGTH:
            raise invalid_schema(
                self.name,
                self.path,
                f"Expected at most {MAX_LARGE_ENUM_LENGTH} total characters across enum values when there are more "
                f"than {LARGE_ENUM} enum values, but received {length}. {_FEWER_ENUMS}",
            )

    def check_limits(self) -> None:
        """Check what is limited for the schema as a whole."""
        depth = self.depth_of(self.root, 0)
        detail = ""
        if depth > MAX_NESTING:
            detail = f"{depth} levels of nesting exceeds limit of {MAX_NESTING}."  # reported 2026
        elif self.properties > MAX_PROPERTIES:
            detail = f"{self.properties} parameters exceeds limit of {MAX_PROPERTIES}."  # reported 2026
        elif self.enum_values > MAX_ENUM_VALUES:  # reported 2025
            detail = (
                f"Expected at most {MAX_ENUM_VALUES} enum values in total within a single schema when using structured "
                f"outputs, but received {self.enum_values}. {_FEWER_ENUMS}"
            )
        else:
            for group in ("$defs", "definitions"):
                self.names_length += sum(map(len, self.root.get(group, ())))
            if self.names_length > MAX_NAMES_LENGTH:  # the limit is the guide's, the words are "our choice"
                detail = (
                    f"Expected at most {MAX_NAMES_LENGTH} total characters across property names, definition names, "
                    f"enum values and const values, but received {self.names_length}."
                )
        if detail:
            raise invalid_schema(self.name, self.path, detail)

    def depth_of(self, schema: object, steps: int) -> int:
        """Count the levels of objects and lists; one that contains itself counts once ("our choice").

        `steps` is the way from the root, references included.
        """
        if not isinstance(schema, Mapping):
            return 0
        if steps > MAX_STEPS:
            raise unusable_schema(self.name, self.path)
        known = self.depths.get(id(schema))
        if known is not None:
            return known
        self.depths[id(schema)] = 0  # what a recursive reference finds while the depth is being counted
        reference = schema.get("$ref")
        inner = [each for where, each in _children((), schema) if where[0] not in ("$defs", "definitions")]
        if reference is not None:
            inner.append(resolved(self.root, reference))  # type: ignore[arg-type]  # refused above if it is no schema
        types = schema.get("type", ())
        own = types in ("object", "array") or (isinstance(types, list) and {"object", "array"} & {*types})
        self.depths[id(schema)] = bool(own) + max((self.depth_of(each, steps + 1) for each in inner), default=0)
        return self.depths[id(schema)]


_ONLY_TOP_LEVEL = "reference can only point to definitions defined at the top level of the schema."
_FEWER_ENUMS = "Consider reducing the number of enums, or use 'strict: false' to opt out of structured outputs."
