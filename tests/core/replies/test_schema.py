"""Values for JSON Schemas, held against the reference validator of the jsonschema package."""

import random
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from understudy.core.replies import strict
from understudy.core.replies.schema import as_text, instance
from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsatisfiableSchema, UnsupportedSyntax

FORMAT_CHECKER = Draft202012Validator.FORMAT_CHECKER
MANY = settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])

MESSAGES = (
    "",
    "What is the weather like in Paris, in celsius? I have 42 minutes.",
    'Alice said "hello world" on 2026-01-02',
    "東京の天気は?",
)


def assert_valid(value: object, schema: Any) -> None:
    Draft202012Validator(schema, format_checker=FORMAT_CHECKER).validate(value)


# -- strict schemas: what the API accepts always has a value ------------------------------------------------------

NAMES = ("city", "name", "count", "when", "email", "tags", "unit", "x-1", "説明")
PATTERNS = (
    r"^[A-Z]{2}\d{4}$",
    r"^@[a-zA-Z0-9_]+$",
    r"^\+?[1-9]\d{1,14}$",
    r"^(foo|bar)(-\d+)?$",
    r"^(?=.*[A-Z])(?=.*\d).{8,}$",
    r"^#(?:[0-9a-fA-F]{3}){1,2}$",
    r"[aeiou]",
)


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    """Numbers and integers whose bounds leave room for a multiple."""
    schema: dict[str, Any] = {"type": draw(st.sampled_from(("number", "integer")))}
    low = draw(st.integers(-1000, 1000))
    step = draw(st.sampled_from((1, 2, 3, 7, 0.5, 0.1)))
    schema |= draw(st.sampled_from(({}, {"minimum": low}, {"exclusiveMinimum": low})))
    schema |= draw(st.sampled_from(({}, {"maximum": low + 16}, {"exclusiveMaximum": low + 16})))
    return schema | draw(st.sampled_from(({}, {"multipleOf": step})))


SCALARS = st.one_of(
    st.just({"type": "string"}),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"type": ["string", "null"], "enum": ["celsius", "fahrenheit", None]}),
    st.sampled_from([{"type": "string", "format": name} for name in strict.FORMATS]),
    st.sampled_from([{"type": "string", "pattern": pattern} for pattern in PATTERNS]),
    st.just({"type": "string", "const": "circle"}),
    st.just({"$ref": "#/$defs/Leaf"}),
    numbers(),
)


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    lists = st.builds(
        lambda items, low, more: {"type": "array", "items": items, "minItems": low, "maxItems": low + more},
        inner,
        st.integers(0, 2),
        st.integers(0, 3),
    )
    unions = st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options})
    return st.one_of(objects(inner), lists, unions)


def objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(NAMES), inner, max_size=4).map(closed)


LEAVES = numbers()
# Made once: to build a strategy takes longer than to draw from it.
ROOTS = objects(st.recursive(SCALARS, nested, max_leaves=8))


@st.composite
def strict_schemas(draw: st.DrawFn) -> dict[str, Any]:
    """Schemas of the subset that structured outputs accept, recursive ones among them."""
    root: dict[str, Any] = draw(ROOTS)
    recursive = closed({"value": draw(SCALARS), "next": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]}})
    root["$defs"] = {"Leaf": draw(LEAVES), "Tree": recursive}
    if draw(st.booleans()):
        root["properties"]["tree"] = {"$ref": "#/$defs/Tree"}
        root["properties"]["trees"] = {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
        root["properties"]["self"] = {"anyOf": [{"type": "null"}, {"$ref": "#"}]}
        root["required"] = [*root["properties"]]
    return root


@MANY
@given(strict_schemas(), st.sampled_from(MESSAGES), st.booleans(), st.binary(max_size=4))
def test_every_schema_that_strict_mode_accepts_has_a_valid_value(
    schema: dict[str, Any], message: str, sparing: bool, seed: bytes
) -> None:
    """The check of strict mode and the maker of values agree on 1,000 schemas, formats included."""
    strict.check_strict(schema, name="response", path="response_format")
    assert_valid(instance(schema, seed, message, sparing=sparing), schema)


# -- ordinary schemas: made around a value, so that they are known to have one -------------------------------------


class Around:
    """Makes schemas of all keywords that accept a given value."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def _chance(self, share: float) -> bool:
        return self.rng.random() < share

    def value(self, depth: int = 0) -> Any:
        """Make any JSON value."""
        pick = self.rng.choice
        kind = pick(["text", "text", "integer", "number", "boolean", "null", *(["object", "array"] * (depth < 3))])
        if kind == "text":
            return pick(["", "a", "hello world", "Paris", "2026-01-02", "日本", "x" * 30])
        if kind == "integer":
            return pick([0, 1, -1, 7, 42, 1000, -500])
        if kind == "number":
            return pick([0.5, 1.5, -2.25, 3.0, 1e10])
        if kind == "boolean":
            return self._chance(0.5)
        if kind == "null":
            return None
        if kind == "array":
            return [self.value(depth + 1) for _ in range(self.rng.randint(0, 3))]
        return {pick(["a", "b", "city", "name", "x-1"]): self.value(depth + 1) for _ in range(self.rng.randint(0, 3))}

    def schema(self, value: Any, depth: int = 0) -> Any:
        """Make a schema that accepts `value`."""
        if self._chance(0.1):
            return self.rng.choice([True, {}])
        schema: dict[str, Any] = {}
        if self._chance(0.8):
            own = type_of(value)
            own = "number" if own == "integer" and self._chance(0.3) else own
            schema["type"] = own if self._chance(0.8) else [own, *({"null", "string"} - {own})][:2]
        if self._chance(0.08):
            schema["enum"] = [self.value(), self.value(), value]
        elif self._chance(0.05):
            schema["const"] = value
        if isinstance(value, str):
            self._text(schema, value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._number(schema, value)
        elif isinstance(value, list):
            self._list(schema, value, depth)
        elif isinstance(value, dict):
            self._object(schema, value, depth)
        if depth < 3:
            self._combined(schema, value, depth)
        return schema

    def _text(self, schema: dict[str, Any], value: str) -> None:
        if self._chance(0.3):
            schema["minLength"] = max(0, len(value) - self.rng.randint(0, 2))
        if self._chance(0.3):
            schema["maxLength"] = len(value) + self.rng.randint(0, 3)
        if self._chance(0.1) and value:
            schema["pattern"] = self.rng.choice(["^.*$", ".+", f"^.{{{len(value) - 1},}}$"])

    def _number(self, schema: dict[str, Any], value: float) -> None:
        if self._chance(0.3):
            schema["minimum"] = value - self.rng.choice([0, 1, 0.5, 10])
        elif self._chance(0.2):
            schema["exclusiveMinimum"] = value - self.rng.choice([1, 0.5, 10])
        if self._chance(0.3):
            schema["maximum"] = value + self.rng.choice([0, 1, 0.5, 10])
        elif self._chance(0.2):
            schema["exclusiveMaximum"] = value + self.rng.choice([1, 0.5, 10])
        if self._chance(0.2) and float(value).is_integer():
            schema["multipleOf"] = self.rng.choice([1, 0.5, abs(int(value)) or 3])

    def _list(self, schema: dict[str, Any], value: Any, depth: int) -> None:
        if self._chance(0.4):
            schema["minItems"] = max(0, len(value) - self.rng.randint(0, 1))
        if self._chance(0.3):
            schema["maxItems"] = len(value) + self.rng.randint(0, 2)
        first = self.rng.randint(0, len(value)) if self._chance(0.3) else 0
        if first:
            schema["prefixItems"] = [self.schema(item, depth + 1) for item in value[:first]]
        if value[first:] and self._chance(0.6):
            schema["items"] = {"anyOf": [self.schema(item, depth + 1) for item in value[first:]]}
        if value and self._chance(0.25):
            schema["contains"] = self.schema(self.rng.choice(value), depth + 1)
        if self._chance(0.3) and Draft202012Validator({"uniqueItems": True}).is_valid(value):
            schema["uniqueItems"] = True

    def _object(self, schema: dict[str, Any], value: dict[str, Any], depth: int) -> None:
        keys = [*value]
        if keys and self._chance(0.8):
            schema["properties"] = {key: self.schema(value[key], depth + 1) for key in keys if self._chance(0.8)}
        if self._chance(0.3):
            schema.setdefault("properties", {})["opt"] = self.schema(self.value(2), depth + 1)
        if self._chance(0.5):
            schema["required"] = [key for key in keys if self._chance(0.8)]
        if self._chance(0.2) and set(schema.get("properties", ())) >= set(keys):
            schema["additionalProperties"] = False
        elif self._chance(0.15) and keys:
            schema["additionalProperties"] = {"anyOf": [self.schema(item, depth + 1) for item in value.values()]}
        if self._chance(0.2):
            schema["minProperties"] = max(0, len(value) - self.rng.randint(0, 1))
        if self._chance(0.2):
            schema["maxProperties"] = len(value) + self.rng.randint(0, 2)
        if self._chance(0.1):
            schema["propertyNames"] = {"maxLength": 10}
        if self._chance(0.15) and keys and all(key == keys[0] or key[0] != keys[0][0] for key in keys):
            schema["patternProperties"] = {f"^{keys[0][0]}": self.schema(value[keys[0]], depth + 1)}
        if self._chance(0.15) and len(keys) > 1:
            schema["dependentRequired"] = {keys[0]: [keys[1]]}

    def _combined(self, schema: dict[str, Any], value: Any, depth: int) -> None:
        other = self.schema(self.value(2), depth + 1)
        accepts = Draft202012Validator(other).is_valid(value)
        own = self.schema(value, depth + 1)
        if self._chance(0.08):
            schema["allOf"] = [own, self.schema(value, depth + 1)]
        if self._chance(0.1):
            schema["anyOf"] = self.rng.sample([other, own], 2)
        if self._chance(0.08) and not accepts:
            schema["oneOf"] = self.rng.sample([other, own], 2)
        if self._chance(0.08) and not accepts:
            schema["not"] = other
        if self._chance(0.05):
            schema |= {"if": other, "then": own if accepts else False, "else": False if accepts else own}


def type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if float(value).is_integer() else "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def test_schemas_of_every_keyword_that_have_a_value_get_one() -> None:
    """Of 1,800 schemas, each made around a value that fits it, all but 1 in 500 get a valid value.

    The search is bounded, so that a pile of keywords that contradict one another may be refused.
    """
    refused = []
    for seed in range(6):
        around = Around(random.Random(seed))
        for index in range(300):
            value = around.value()
            schema = around.schema(value)
            assert Draft202012Validator(schema).is_valid(value), "the schema was to be made around the value"
            try:
                made = instance(schema, index.to_bytes(2), MESSAGES[index % len(MESSAGES)], sparing=bool(index % 3))
            except UnsatisfiableSchema:
                refused.append(schema)
            else:
                assert_valid(made, schema)
    assert len(refused) <= 3, refused


@settings(MANY, max_examples=300)
@given(st.randoms(use_true_random=False))
def test_a_value_is_valid_or_refused_never_wrong(rng: random.Random) -> None:
    """However the keywords of 300 schemas contradict one another, what comes back fits."""
    around = Around(rng)
    schema = {"allOf": [around.schema(around.value()), around.schema(around.value())]}
    try:
        value = instance(schema, b"seed")
    except UnsatisfiableSchema:
        return
    assert_valid(value, schema)


# -- single keywords -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "string", "minLength": 40},
        {"type": "string", "maxLength": 0},
        {"type": "string", "format": "uri", "minLength": 60},
        {"type": "string", "format": "email", "maxLength": 7},
        {"type": "string", "pattern": "^a+$", "minLength": 30, "maxLength": 30},
        {"type": "string", "pattern": "b", "minLength": 30},
        {"type": "string", "allOf": [{"pattern": "^[a-z]+$"}, {"pattern": "^.{12,14}$"}]},
        {"type": "integer", "minimum": 2**53, "maximum": 2**53 + 4},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
        {"type": "integer", "multipleOf": 7, "allOf": [{"multipleOf": 5}], "minimum": 100},
        {"type": "number", "multipleOf": 0.01, "minimum": 19.99, "maximum": 20.01},
        {"enum": [None, False, 0, ""], "type": ["boolean", "null"]},
        {"const": {"a": [1, {"b": None}]}},
        {"type": "array", "prefixItems": [{"const": 1}, {"type": "string"}], "items": False, "minItems": 2},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
        {"type": "array", "contains": {"const": 5}, "minContains": 2, "items": {"type": "integer"}, "maxItems": 4},
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
        {"type": "object", "patternProperties": {"^k_[a-z]{3}$": {"type": "null"}}, "minProperties": 2},
        {"type": "object", "patternProperties": {"^k": True}, "additionalProperties": False, "minProperties": 1},
        {"type": "object", "propertyNames": {"enum": ["a", "b"]}, "minProperties": 2},
        {"properties": {"a": True}, "required": ["a"], "dependentRequired": {"a": ["b"], "b": ["c"]}},
        {"required": ["a"], "dependentSchemas": {"a": {"required": ["z"]}}},
        {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 10}], "type": "number"},
        {"not": {"type": ["string", "number"]}},
        {"type": "string", "not": {"minLength": 3}},
        {"type": "object", "properties": {"a": {"const": 1}}, "if": {"required": ["a"]}, "then": {"required": ["b"]}},
        {"$ref": "#/definitions/A", "definitions": {"A": {"type": "integer", "minimum": 3}}},
        {"$defs": {"A~/b": {"type": "null"}}, "$ref": "#/$defs/A~0~1b"},
        {"$defs": {"A": {"$anchor": "here", "type": "boolean"}}, "$ref": "#here"},
    ],
    ids=str,
)
def test_a_keyword_is_kept(schema: Any) -> None:
    """Each keyword alone and in common company holds for several seeds."""
    for seed in range(8):
        assert_valid(instance(schema, bytes([seed])), schema)


@pytest.mark.parametrize("name", [*strict.FORMATS, "uri", "uri-reference", "iri", "json-pointer", "regex"])
def test_a_format_is_kept(name: str) -> None:
    """Texts of every format pass the checker of the reference validator."""
    schema = {"type": "string", "format": name}
    texts = {instance(schema, bytes([seed])) for seed in range(20)}
    assert len(texts) > 1
    for text in texts:
        assert_valid(text, schema)


def test_the_tuples_of_draft_7_are_read() -> None:
    """`items` as a list with `additionalItems` is understood where the schema names an old draft."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": [{"const": "a"}, {"type": "integer"}],
        "additionalItems": False,
    }
    value = instance(schema, b"")
    assert isinstance(value, list)
    assert value[0] == "a"
    assert len(value) <= 2


def test_properties_stand_in_the_order_of_the_schema() -> None:
    """Structured outputs keep the order of keys, whatever was filled in first."""
    properties = {name: {"type": "string"} for name in ("title", "email", "body", "city", "date")}
    schema = {"type": "object", "properties": properties, "required": ["city", "title"]}
    value = instance(schema, b"", "Write to bob@example.com from Paris on 2026-01-02")
    assert isinstance(value, dict)
    assert [*value] == [*properties]


def test_recursion_ends() -> None:
    """Trees, lists and expressions that contain themselves come to an end, also where only one branch ends."""
    node: dict[str, Any] = {
        "type": "object",
        "properties": {
            "left": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "integer"}]},
            "right": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "integer"}]},
        },
        "required": ["left", "right"],
    }
    schema = {"$defs": {"Node": node}, "$ref": "#/$defs/Node"}
    for seed in range(50):
        assert_valid(instance(schema, bytes([seed])), schema)


# -- what the message says -----------------------------------------------------------------------------------------

WEATHER = {
    "type": "object",
    "properties": {
        "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    },
    "required": ["location"],
}


def parameters(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties]}


TEXT = {"type": "string"}
INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    ("message", "schema", "expected"),
    [
        ("What is the weather like in San Francisco?", WEATHER, {"location": "San Francisco"}),
        ("Paris, in celsius", WEATHER, {"location": "Paris", "unit": "celsius"}),
        ("weather in tbilisi tomorrow", WEATHER, {"location": "tbilisi"}),
        ("How warm is it in Austin, TX?", WEATHER, {"location": "Austin, TX"}),
        ("東京の天気は?", WEATHER, {"location": "東京"}),
        ("札幌の天気を教えて", WEATHER, {"location": "札幌"}),
        ("Какая погода в Москве?", WEATHER, {"location": "Москве"}),
        ("Run `ls -la /tmp` now", parameters(command=TEXT), {"command": "ls -la /tmp"}),
        ("Please run the command echo hi.", parameters(cmd=TEXT), {"cmd": "echo hi"}),
        ("Run `git log -1`", parameters(command={"type": "array", "items": TEXT}), {"command": ["git", "log", "-1"]}),
        ("add 3 and 5", parameters(a=INTEGER, b=INTEGER), {"a": 3, "b": 5}),
        ("Book two tickets for 12 days", parameters(days=INTEGER, tickets=INTEGER), {"days": 12, "tickets": 2}),
        ("What is 12 * (3 + 4)?", parameters(expression=TEXT), {"expression": "12 * (3 + 4)"}),
        (
            "From New York to Rio de Janeiro on March 5, 2026",
            parameters(destination=TEXT, origin=TEXT, date={"type": "string", "format": "date"}),
            {"destination": "Rio de Janeiro", "origin": "New York", "date": "2026-03-05"},
        ),
        (
            'Send an email to bob@example.com saying "See you at 5"',
            parameters(to={"type": "string", "format": "email"}, body=TEXT),
            {"to": "bob@example.com", "body": "See you at 5"},
        ),
        ("Open https://example.com/a?b=c.", parameters(url=TEXT), {"url": "https://example.com/a?b=c"}),
        ("Where is order 12345?", parameters(order_id=TEXT), {"order_id": "12345"}),
        ("Search the web for blue whales", parameters(query=TEXT), {"query": "blue whales"}),
        (
            "Weather in Berlin? (52.5200, 13.4050)",
            parameters(latitude=TEXT, longitude=TEXT),
            {"latitude": "52.5200", "longitude": "13.4050"},
        ),
        (
            "Weather in Berlin for 3 days",
            parameters(latitude={"type": "number"}, longitude={"type": "number"}, days=INTEGER),
            {"latitude": 52.52, "longitude": 13.405, "days": 3},
        ),
        (
            "Alice and Bob are going to a science fair on Friday.",
            parameters(name=TEXT, date=TEXT, participants={"type": "array", "items": TEXT}),
            {"name": "science fair", "date": "Friday", "participants": ["Alice", "Bob"]},
        ),
        ("Compare Paris, Tokyo and Rome", parameters(cities={"type": "array", "items": TEXT}), {
            "cities": ["Paris", "Tokyo", "Rome"]
        }),
        ("Turn off the light", parameters(light={"type": "boolean"}), {"light": False}),
        ("Turn on the light", parameters(light={"type": "boolean"}), {"light": True}),
        ("Call me at noon", parameters(time={"type": "string", "format": "time"}), {"time": "12:00:00Z"}),
        ("Translate it into French", parameters(language=TEXT), {"language": "French"}),
        ("John Smith is 30 years old and his email is john@x.com", parameters(name=TEXT, age=INTEGER, email=TEXT), {
            "name": "John Smith", "age": 30, "email": "john@x.com"}),
        ("Read notes/today.txt", parameters(path=TEXT), {"path": "notes/today.txt"}),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)  # fmt: skip
def test_what_the_message_says_is_carried_word_for_word(message: str, schema: Any, expected: Any) -> None:
    """Cities, numbers, dates, commands and quotations go to the property that they are meant for, for any seed."""
    for seed in (b"", b"1", b"another"):
        assert instance(schema, seed, message, sparing=True) == expected


def test_optional_properties_are_left_out_of_calls_and_filled_into_answers() -> None:
    """A call says what the message says; an answer fills in all it can."""
    assert instance(WEATHER, b"", "weather in Rome", sparing=True) == {"location": "Rome"}
    assert instance(WEATHER, b"", "weather in Rome").keys() == {"location", "unit"}  # type: ignore[union-attr]


def test_null_stands_for_what_the_message_does_not_say() -> None:
    """Strict tools spell optional parameters as nullable ones; a call without them says null."""
    nullable = {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]}
    schema = parameters(city=TEXT, unit={"type": ["string", "null"], "enum": ["C", "F", None]}, email=nullable)
    assert instance(schema, b"", "weather in Rome", sparing=True) == {"city": "Rome", "unit": None, "email": None}
    mail = instance(schema, b"", "weather in Rome for bob@example.com", sparing=True)
    assert isinstance(mail, dict)
    assert mail["email"] == "bob@example.com"


def test_a_word_of_the_message_that_does_not_fit_is_not_forced() -> None:
    """A city too long, a number out of bounds: the schema comes first."""
    schema = parameters(city={"type": "string", "maxLength": 3}, count={"type": "integer", "maximum": 5})
    value = instance(schema, b"", "99 hotels in San Francisco", sparing=True)
    assert_valid(value, schema)


def test_the_branch_that_the_message_names_is_taken() -> None:
    """Of a union of shapes, the one whose tag stands in the message."""
    shapes = [closed({"kind": {"const": kind}, "size": INTEGER}) for kind in ("circle", "square", "triangle")]
    for kind in ("circle", "square", "triangle"):
        for seed in range(10):
            value = instance({"anyOf": shapes}, bytes([seed]), f"Draw a {kind} of size 4")
            assert value == {"kind": kind, "size": 4}


# -- chance --------------------------------------------------------------------------------------------------------


@given(strict_schemas(), st.binary(max_size=8))
def test_the_same_seed_gives_the_same_value(schema: dict[str, Any], seed: bytes) -> None:
    """Nothing but the arguments has a say."""
    message = "Alice is in Paris"
    assert instance(schema, seed, message) == instance(schema, random.Random(seed), message)


def test_different_seeds_differ() -> None:
    """Ten seeds do not give one answer."""
    schema = parameters(id=TEXT, rating={"type": "number"}, city=TEXT)
    assert len({as_text(instance(schema, bytes([seed]))) for seed in range(10)}) == 10


def test_text_is_compact_json_in_any_script() -> None:
    """Arguments are written as models write them: no spaces, no escapes that are not needed."""
    assert as_text(instance(WEATHER, b"", "東京の天気は?", sparing=True)) == '{"location":"東京"}'
    assert msgspec.json.decode(as_text({"n": 10**15, "f": 0.1})) == {"n": 10**15, "f": 0.1}


# -- hostile schemas -----------------------------------------------------------------------------------------------


def chain_of_references(length: int) -> dict[str, Any]:
    definitions: dict[str, Any] = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(length)}
    return {"$defs": {**definitions, f"d{length}": {"type": "string"}}, "$ref": "#/$defs/d0"}


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema, "minItems": 1}
    return schema


def doubling(levels: int) -> dict[str, Any]:
    """Return a schema whose smallest value has 2 to the `levels` parts."""
    definitions: dict[str, Any] = {
        f"d{i}": parameters(a={"$ref": f"#/$defs/d{i + 1}"}, b={"$ref": f"#/$defs/d{i + 1}"}) for i in range(levels)
    }
    return {"$defs": {**definitions, f"d{levels}": {"type": "string"}}, "$ref": "#/$defs/d0"}


def branches(depth: int, width: int) -> dict[str, Any]:
    """Return a union of unions that nothing fits, without repeating itself in memory."""
    schema: dict[str, Any] = {"type": "string", "not": {}}
    for _ in range(depth):
        schema = {"anyOf": [schema] * width}
    return {"type": "array", "items": schema, "minItems": 1} if depth < 4 else parameters(a=schema)


HOSTILE = {
    "a list of a billion": {"type": "array", "items": {}, "minItems": 10**9},
    "an object of a billion": {"type": "object", "minProperties": 10**9},
    "a text of a billion": {"type": "string", "minLength": 10**9},
    "a text of a billion by pattern": {"type": "string", "pattern": "^a{999999999}$"},
    "a pattern of many states": {"type": "string", "pattern": "^" + "(a{60}){60}" * 9 + "$"},
    "a pattern of many groups": {"type": "string", "pattern": "(" * 500 + ")" * 500},
    "a long pattern": {"type": "string", "pattern": "a" * 50_000},
    "many patterns": {"allOf": [{"type": "string", "pattern": f"^a{{{i},4000}}$"} for i in range(400)]},
    "a reference to itself": {"$ref": "#"},
    "references in a circle": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    "a chain of references": chain_of_references(5_000),
    "a reference out of the document": {"$ref": "https://example.com/schema.json"},
    "a reference to nowhere": {"$ref": "#/$defs/nothing"},
    "an object that holds itself": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    "a list that holds itself": {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
    "not of itself": {"not": {"$ref": "#"}},
    "any of itself": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
    "deeper than is read": deep(400),
    "deeper than is made": deep(45),
    "a doubling": doubling(24),
    "branches of branches": branches(4, 60),
    "more different items than there are": {
        "type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 3
    },
    "a contradiction": {"type": "integer", "minimum": 3, "maximum": 2},
    "a contradiction in every branch": {"oneOf": [{"type": "string"}] * 50, "type": "string"},
    "false": False,
    "a required property that may not be": {"required": ["a"], "additionalProperties": False, "type": "object"},
    "no pattern that we read": {"type": "string", "pattern": r"^(a)\1$"},
    "a type that is none": {"type": "strin"},
    "keywords of wrong types": {"type": "string", "minLength": "3"},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_is_refused_with_its_reason(name: str) -> None:
    """Neither time nor memory nor the stack of the interpreter runs out: an error says what cannot be."""
    limit = sys.getrecursionlimit()
    with pytest.raises(UnsatisfiableSchema) as caught:
        instance(HOSTILE[name], b"seed", "Give me 10 of Paris")
    assert caught.value.reason
    assert sys.getrecursionlimit() == limit


def test_the_errors_tell_apart_what_is_impossible_and_what_is_too_much() -> None:
    """A limit of ours is named as such, and so is a pattern that we do not read."""
    with pytest.raises(SchemaTooLarge) as too_large:
        instance(HOSTILE["a list of a billion"], b"")
    assert too_large.value.limit == 5_000
    with pytest.raises(UnsupportedSyntax) as unsupported:
        instance(HOSTILE["no pattern that we read"], b"")
    assert unsupported.value.source == r"^(a)\1$"


def test_a_hostile_message_is_searched_in_bounded_time() -> None:
    """Quotes that never close, brackets, digits and capitals by the thousand find nothing and end."""
    for piece in ('"', "`", "(1+", "A", "a@", "1,", "2026-", "$A ", "'x", "in ", "/a.", "A a "):
        value = instance(WEATHER, b"", piece * 5_000)
        assert_valid(value, WEATHER)


def test_a_large_schema_gets_its_value() -> None:
    """A thousand properties with enumerations, patterns and formats are no hostility."""
    properties: dict[str, Any] = {
        f"field_{index}": [TEXT, INTEGER, {"type": "string", "pattern": "^[a-z]{3}$"}, {"enum": [*range(50)]}][
            index % 4
        ]
        for index in range(1_000)
    }
    schema = closed(properties)
    assert_valid(instance(schema, b""), schema)
