"""What the API refuses of a schema, in its own words."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.errors import BadRequest
from understudy.core.replies import strict

TEXT = {"type": "string"}
CHAT_TOOL = "tools[0].function.parameters"
RESPONSES_TOOL = "tools[0].parameters"


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def refusal(
    schema: Any,
    *,
    name: str = "response",
    path: str = "response_format",
    check: Callable[..., None] = strict.check_strict,
) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        check(schema, name=name, path=path)
    return caught.value


# -- recorded ------------------------------------------------------------------------------------------------------


def test_an_open_object_is_refused_as_recorded() -> None:
    """The body of a 400 that was recorded in 2026-01 for a response format."""
    for path in ("response_format", "text.format.schema"):
        error = refusal({"type": "object", "properties": {"a": TEXT}, "required": ["a"]}, path=path)
        assert error.message == (
            "Invalid schema for response_format 'response': In context=(), 'additionalProperties' is required to be "
            "supplied and to be false."
        )
        assert (error.status, error.type, error.code, error.param) == (
            400,
            "invalid_request_error",
            "invalid_json_schema",
            path,
        )


def test_an_optional_parameter_is_refused_as_recorded() -> None:
    """The body of a 400 that was recorded in 2026-01 for a function."""
    schema = closed(location=TEXT, unit=TEXT) | {"required": ["location"]}
    for path in (CHAT_TOOL, RESPONSES_TOOL, "functions[0].parameters"):
        error = refusal(schema, name="get_current_weather", path=path)
        assert error.message == (
            "Invalid schema for function 'get_current_weather': In context=(), 'required' is required to be supplied "
            "and to be an array including every key in properties. Missing 'unit'."
        )
        assert (error.code, error.param) == ("invalid_function_parameters", path)


def test_what_is_missing_is_named_in_the_order_in_which_the_api_looks() -> None:
    """Where both are missing, `additionalProperties` is named first, and then the first key that is not required."""
    schema: dict[str, Any] = {"type": "object", "properties": {"a": TEXT, "b": TEXT}}
    assert "'additionalProperties'" in refusal(schema).message
    assert refusal(schema | {"additionalProperties": False}).message.endswith("Missing 'a'.")


# -- reported ------------------------------------------------------------------------------------------------------


OPEN = "'additionalProperties' is required to be supplied and to be false."
REQUIRED = "'required' is required to be supplied and to be an array including every key in properties."
ELSEWHERE = "reference can only point to definitions defined at the top level of the schema."
X = "In context=('properties', 'x'), "


@pytest.mark.parametrize(
    ("inner", "detail"),
    [
        ({"type": "object", "properties": {}}, X + OPEN),
        ({"type": "array", "items": {"type": "object"}}, f"In context=('properties', 'x', 'items'), {OPEN}"),
        ({"type": ["object", "null"]}, f"In context=('properties', 'x', 'type', '0'), {OPEN}"),
        ({"anyOf": [TEXT, {"type": "object"}]}, f"In context=('properties', 'x', 'anyOf', '1'), {OPEN}"),
        (closed() | {"required": ["z"]}, f"{X}{REQUIRED} Extra required key 'z' supplied."),
        ({"oneOf": [TEXT]}, X + "'oneOf' is not permitted."),
        ({"allOf": [TEXT]}, X + "'allOf' is not permitted."),
        (TEXT | {"default": "a"}, X + "'default' is not permitted."),
        (TEXT | {"minLength": 1}, X + "'minLength' is not permitted."),
        ({"type": "array", "items": TEXT, "uniqueItems": True}, X + "'uniqueItems' is not permitted."),
        (closed() | {"propertyNames": TEXT}, X + "'propertyNames' is not permitted."),
        (TEXT | {"not": {"const": "a"}}, X + "Unsupported keywords ('not',)."),
        ({"description": "anything"}, X + "schema must have a 'type' key."),
        ({"type": "array"}, X + "array schema missing items."),
        (TEXT | {"format": "uri"}, X + "'uri' is not a valid format."),
        ({"$ref": "#/$defs/Unit", "title": "t"}, X.removeprefix("In ") + "$ref cannot have keywords {'title'}."),
        ({"$ref": "#/properties/x"}, X + ELSEWHERE),
        ({"$ref": "#/$defs/Nothing"}, X + ELSEWHERE),
        (
            {"type": ["integer", "null"], "enum": ["js"]},
            X.removeprefix("In ") + "enum value js does not validate against {'type': ['integer', 'null']}.",
        ),
        ({"type": "strin"}, "'strin' is not valid under any of the given schemas."),
        (None, "None is not of type 'object', 'boolean'."),
        (TEXT | {"pattern": r"^[^\p{Cc}]$"}, r"'^[^\\p{Cc}]$' is not a 'regex'."),
    ],
    ids=str,
)
def test_a_strict_schema_is_refused_in_the_words_that_users_reported(inner: Any, detail: str) -> None:
    """Texts of 400s that users of the API quoted in public, 2024-2026, with the place in the schema."""
    schema = closed(x=inner) | {"$defs": {"Unit": TEXT}}
    assert refusal(schema).message == f"Invalid schema for response_format 'response': {detail}"


NO_OBJECT = """schema must be a JSON Schema of 'type: "object"', got 'type: "{}"'."""
TOP_LEVEL = "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'const'/'not' at the top level."
LIST = {"type": "array"}


def with_a(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}}


@pytest.mark.parametrize(
    ("schema", "detail"),
    [
        (LIST | {"items": TEXT}, NO_OBJECT.format("array")),
        ({"properties": {}}, NO_OBJECT.format("None")),
        ({"type": "object"}, "In context=(), object schema missing properties."),
        (with_a(LIST), "In context=('properties', 'a'), array schema missing items."),
        (with_a(LIST | {"items": LIST}), "In context=('properties', 'a', 'items'), array schema missing items."),
        (with_a(TEXT) | {"anyOf": [{"required": ["a"]}]}, TOP_LEVEL),
        (with_a(TEXT) | {"required": None}, "None is not of type 'array'."),
        (with_a({"type": "str"}), "'str' is not valid under any of the given schemas."),
    ],
    ids=str,
)
def test_parameters_of_any_function_are_checked(schema: Any, detail: str) -> None:
    """Without `strict`, the root and the lists are checked, in the words that users reported; with it as well."""
    for check in (strict.check_function_parameters, strict.check_strict):
        if check is strict.check_strict and "array schema" in detail:
            continue  # strict mode refuses the open object around the list first
        error = refusal(schema, name="f", path=CHAT_TOOL, check=check)
        assert error.message == f"Invalid schema for function 'f': {detail}"
        assert (error.code, error.param) == ("invalid_function_parameters", CHAT_TOOL)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"a": {}, "b": {"type": "object"}, "c": {"oneOf": [TEXT, {"type": "null"}]}}},
        {
            "type": "object",
            "properties": {"a": TEXT | {"default": "x", "minLength": 1, "format": "uri"}},
            "required": [],
        },
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/definitions/A", "description": "d"}},
            "definitions": {"A": TEXT},
        },
        {"type": "object", "properties": {}, "additionalProperties": False, "strict": True},
    ],
    ids=str,
)
def test_ordinary_parameters_pass_where_they_are_not_strict(schema: Any) -> None:
    """What strict mode refuses is fine without it."""
    strict.check_function_parameters(schema, name="f", path=CHAT_TOOL)


def test_a_response_format_that_is_not_strict_must_still_be_an_object() -> None:
    """The root is checked, the rest is not."""
    strict.check_response_schema({"type": "object", "properties": {"a": {}}}, name="r", path="response_format")
    error = refusal(TEXT, name="r", check=strict.check_response_schema)
    assert error.message.endswith("""got 'type: "string"'.""")


# -- the subset ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inner",
    [
        TEXT | {"pattern": "^a", "title": "T", "description": "d"},
        {"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 3},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 2},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "const": "a"},
        {"type": ["string", "null"], "enum": ["a", None]},
        {"anyOf": [TEXT, {"type": "null"}, closed(kind={"type": "string", "const": "x"})]},
        {"$ref": "#"},
        {"$ref": "#/$defs/Unit"},
        {"anyOf": [{"$ref": "#/$defs/Unit"}, {"type": "null"}]},
        *(TEXT | {"format": name} for name in strict.FORMATS),
    ],
    ids=str,
)
def test_what_structured_outputs_support_passes(inner: dict[str, Any]) -> None:
    """Types, keywords and formats of the guide (2026-07), definitions and recursion among them."""
    schema = closed(x=inner) | {"$defs": {"Unit": {"type": "string", "enum": ["C", "F"]}}, "$schema": "x", "title": "T"}
    strict.check_strict(schema, name="response", path="response_format")


# -- limits --------------------------------------------------------------------------------------------------------


def nested(levels: int, *, lists: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = TEXT
    for level in range(levels):
        inner: dict[str, Any] = {"type": "array", "items": schema}
        schema = inner if lists and level % 2 == 0 and level < levels - 1 else closed(a=schema)
    return schema


@pytest.mark.parametrize("lists", [False, True])
def test_nesting_is_counted_over_objects_and_lists(lists: bool) -> None:
    """Ten levels pass; the refusal of eleven says so (reported 2026)."""
    strict.check_strict(nested(10, lists=lists), name="r", path="response_format")
    error = refusal(nested(11, lists=lists), name="r")
    assert error.message == "Invalid schema for response_format 'r': 11 levels of nesting exceeds limit of 10."


def test_nesting_is_counted_through_references() -> None:
    """A definition is as deep where it is used as if it stood there; one that holds itself counts once."""
    schema = nested(5)
    innermost = schema
    for _ in range(4):
        innermost = innermost["properties"]["a"]
    innermost["properties"]["a"] = {"$ref": "#/$defs/Deep"}
    strict.check_strict(schema | {"$defs": {"Deep": nested(5)}}, name="r", path="response_format")
    assert "11 levels" in refusal(schema | {"$defs": {"Deep": nested(6)}}).message
    tree = closed(children={"type": "array", "items": {"$ref": "#"}})
    strict.check_strict(tree, name="r", path="response_format")


def test_properties_are_limited() -> None:
    """5,000 properties pass (reported 2026 for 6,000)."""
    strict.check_strict(closed(**{f"p{i}": TEXT for i in range(5_000)}), name="r", path="response_format")
    error = refusal(closed(**{f"p{i}": TEXT for i in range(6_000)}))
    assert error.message.endswith(": 6000 parameters exceeds limit of 5000.")


def enums(*sizes: int, length: int = 1) -> dict[str, Any]:
    return closed(
        **{f"e{n}": {"type": "string", "enum": [f"{i:0{length}}" for i in range(size)]} for n, size in enumerate(sizes)}
    )


def test_enum_values_are_limited_in_total() -> None:
    """The refusal of 1,008 values was reported in 2025."""
    strict.check_strict(enums(500, 500), name="r", path="response_format")
    assert refusal(enums(500, 508), name="r").message == (
        "Invalid schema for response_format 'r': Expected at most 1000 enum values in total within a single schema "
        "when using structured outputs, but received 1008. Consider reducing the number of enums, or use "
        "'strict: false' to opt out of structured outputs."
    )


def test_a_large_enum_is_limited_in_length() -> None:
    """15,000 characters from 251 values on; 250 values may be longer."""
    strict.check_strict(enums(250, length=100), name="r", path="response_format")
    strict.check_strict(enums(251, length=59), name="r", path="response_format")
    assert "at most 15000 total characters" in refusal(enums(251, length=60)).message


def test_names_are_limited_in_length() -> None:
    """120,000 characters of property names, definitions, enum and const values."""
    long = {"n" * 60_000: TEXT}
    strict.check_strict(closed(**long, **{"m" * 60_000: TEXT}), name="r", path="response_format")
    error = refusal(closed(**long, **{"m" * 59_990: TEXT}, kind={"type": "string", "const": "c" * 20}))
    assert "120000 total characters" in error.message


def chain(length: int) -> dict[str, Any]:
    links: dict[str, Any] = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(length)}
    return closed(a={"$ref": "#/$defs/d0"}) | {"$defs": {**links, f"d{length}": TEXT}}


@pytest.mark.parametrize(
    "schema",
    [chain(3_000), nested(300), closed(a={"anyOf": [TEXT] * 30_000})],
    ids=["a chain of references", "deep", "wide"],
)
def test_a_schema_beyond_what_is_read_is_refused(schema: dict[str, Any]) -> None:
    """The API's words for a schema that it cannot use (reported 2026)."""
    message = refusal(schema, name="r").message
    assert message == "Invalid schema for response_format 'r'. Please ensure it is a valid JSON Schema."


# -- anything ------------------------------------------------------------------------------------------------------

KEYWORDS = (
    *("type", "properties", "required", "items", "anyOf", "enum", "const", "$ref", "$defs", "pattern", "format"),
    *("not", "if", "additionalProperties", "minLength", "prefixItems", "dependentRequired", "x"),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4)),
    max_leaves=12,
)


def answer(check: Callable[..., None], schema: Any, path: str) -> BadRequest | None:
    try:
        check(schema, name="n", path=path)
    except BadRequest as error:
        return error
    return None


@given(JSON)
def test_anything_is_accepted_or_refused_with_a_400(schema: Any) -> None:
    """Whatever stands where a schema should be, the answer is no failure of the server's own."""
    for check in (strict.check_strict, strict.check_function_parameters, strict.check_response_schema):
        for path in ("response_format", CHAT_TOOL):
            error = answer(check, schema, path)
            if error is not None:
                assert error.param == path
                assert error.message.startswith("Invalid schema for ")
