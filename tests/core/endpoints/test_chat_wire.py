"""Every answer against the OpenAPI document, the SDK's own types, and the same answer as a stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from tests.openapi.schemas import document, validator
from tests.sdk.recent import TYPES_ARE_RECENT

from understudy.core.endpoints.chat_parameters import PARAMETERS

if TYPE_CHECKING:
    from tests.conftest import Api

DOCUMENT = document("chat")
WHOLE = validator("chat", "CreateChatCompletionResponse")
CHUNK = validator("chat", "CreateChatCompletionStreamResponse")


def says(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


TOOL = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
            "required": ["location"],
        },
    },
}
OTHER = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
CUSTOM = {"type": "custom", "custom": {"name": "run"}}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "weather", "schema": SCHEMA, "strict": True}}
WEATHER = says("What is the weather like in Paris and in Rome?")

REQUESTS: dict[str, dict[str, Any]] = {
    "text": {},
    "script": {"messages": says("今日は何曜日ですか")},
    "several": {"n": 3},
    "cut": {"max_tokens": 3},
    "stopped": {"stop": ["the", "a"], "messages": says("Tell me about rain")},
    "chances": {"logprobs": True, "top_logprobs": 3, "n": 2, "messages": says("Say ᠮ 🧛‍♂️ hello")},
    "biased": {"logit_bias": {"1919": -100, "3337": 100}, "max_tokens": 9},
    "tool": {"tools": [TOOL], "tool_choice": "required"},
    "tools": {"tools": [TOOL, OTHER], "messages": WEATHER, "tool_choice": "required", "n": 2},
    "named": {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "get_current_weather"}}},
    "functions": {"functions": [TOOL["function"]], "function_call": {"name": "get_current_weather"}},
    "schema": {"response_format": FORMAT, "logprobs": True},
    "object": {"response_format": {"type": "json_object"}, "messages": says("Answer in JSON")},
    "predicted": {"prediction": {"type": "content", "content": "one two three"}, "messages": says("Give it back.")},
    "thinking": {"model": "gpt-5-nano", "reasoning_effort": "high", "service_tier": "flex"},
    "newest": {"model": "gpt-5.6", "messages": says("be kind " * 1_200)},
    "searching": {"model": "gpt-4o-search-preview", "messages": says("Tell me about rain in 60 words")},
    "listening": {
        "model": "gpt-audio",
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "pcm16"},
    },
    "early": {"model": "gpt-3.5-turbo"},
    "moderated": {
        "moderation": {"model": "omni-moderation-latest", "policy": {"input": {"mode": "block"}, "output": None}},
        "n": 2,
    },
    "fast": {"service_tier": "fast", "store": False, "user": "u", "safety_identifier": "s", "prompt_cache_key": "k"},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_answers_are_those_of_the_document(make_api: Callable[..., Api], name: str) -> None:
    """No field too many, none too few, each of its type; and the SDK's types hold strictly, with nothing left over."""
    result = make_api(tier=5).chat(REQUESTS[name])
    assert result.status == 200
    WHOLE.validate(result.json)
    if TYPES_ARE_RECENT:
        completion = ChatCompletion.model_validate_json(result.body, strict=True)
        assert not completion.model_extra


@pytest.mark.parametrize("name", REQUESTS)
def test_chunks_are_those_of_the_document(make_api: Callable[..., Api], name: str) -> None:
    """The same of every chunk; only `obfuscation`, a search model's sources and sound are unknown to the SDK."""
    body = {**REQUESTS[name], "stream": True, "stream_options": {"include_usage": True}}
    result = make_api(tier=5).chat(body)
    assert result.events[-1] == "[DONE]"
    for event in result.events[:-1]:
        CHUNK.validate(event)
        if TYPES_ARE_RECENT:
            chunk = ChatCompletionChunk.model_validate_json(json.dumps(event), strict=True)
            assert set(chunk.model_extra or ()) <= {"obfuscation"}
            for choice in chunk.choices:
                assert set(choice.delta.model_extra or ()) <= {"annotations", "audio"}


def test_the_schemas_tell_wrong_answers(api: Api) -> None:
    """A missing, a surplus and a mistyped field are found: the check is one."""
    good = api.chat().json
    surplus = {**good, "colour": "red"}
    missing = {name: value for name, value in good.items() if name != "id"}
    mistyped = {**good, "created": "now"}
    assert WHOLE.is_valid(good)
    assert not any(WHOLE.is_valid(wrong) for wrong in (surplus, missing, mistyped))


def rebuilt(events: list[Any]) -> dict[str, Any]:
    """The completion that a client puts together from a stream, without what is each answer's own."""
    choices: dict[int, dict[str, Any]] = {}
    usage = None
    for event in events[:-1]:
        usage = event["usage"]
        for part in event["choices"]:
            choice = choices.setdefault(
                part["index"], {"content": None, "calls": {}, "function": None, "chances": None}
            )
            delta = part["delta"]
            if delta.get("content") is not None:
                choice["content"] = (choice["content"] or "") + delta["content"]
            for call in delta.get("tool_calls", ()):
                kept = choice["calls"].setdefault(call["index"], ["", ""])
                kept[0] += call["function"].get("name", "")
                kept[1] += call["function"]["arguments"]
            if "function_call" in delta:
                kept = choice["function"] = choice["function"] or ["", ""]
                kept[0] += delta["function_call"].get("name", "")
                kept[1] += delta["function_call"]["arguments"]
            if part.get("logprobs") is not None:
                choice["chances"] = (choice["chances"] or []) + part["logprobs"]["content"]
            choice["finish"] = part["finish_reason"]
            choice["sources"] = delta.get("annotations", [])
    return {"choices": [choices[index] for index in sorted(choices)], "usage": usage}


def told(completion: dict[str, Any]) -> dict[str, Any]:
    """A whole completion in the same form."""
    choices = []
    for choice in completion["choices"]:
        message = choice["message"]
        function = message.get("function_call")
        calls = enumerate(message.get("tool_calls", ()))
        choices.append(
            {
                "content": message["content"],
                "calls": {place: [call["function"]["name"], call["function"]["arguments"]] for place, call in calls},
                "function": None if function is None else [function["name"], function["arguments"]],
                "chances": choice["logprobs"]["content"] if choice.get("logprobs") else None,
                "finish": choice["finish_reason"],
                "sources": message["annotations"],
            }
        )
    return {"choices": choices, "usage": completion["usage"]}


def same_both_ways(api: Api, body: dict[str, Any]) -> None:
    whole = api.chat(body)
    assert whole.status == 200
    streamed = api.chat({**body, "stream": True, "stream_options": {"include_usage": True}})
    expected = told(whole.json)
    found = rebuilt(streamed.events)
    # The second of two calls may find the first one's prompt.
    for usage in (expected["usage"], found["usage"]):
        usage["prompt_tokens_details"].pop("cached_tokens")
        usage["prompt_tokens_details"].pop("cache_write_tokens", None)
    assert found == expected


@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "searching"])
def test_a_stream_is_the_whole_answer(make_api: Callable[..., Api], name: str) -> None:
    """parse(stream) = parse(non-stream): under a seed, which fixes the words."""
    same_both_ways(make_api(tier=5), {**REQUESTS[name], "seed": 5})


NAMES = st.sampled_from(["location", "city", "when", "unit"])
LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 3},
        {"type": "boolean"},
        {"type": "string", "enum": ["a", "é", "世"]},
    ]
)
SCHEMAS = st.dictionaries(NAMES, LEAVES, min_size=1, max_size=3).map(
    lambda properties: {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
)
TEXTS = st.text(max_size=50) | st.sampled_from(
    ["What is the weather in Paris?", "Say ᠮ 🧛‍♂️", "Tell me about rain", "雨について"]
)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": draw(st.sampled_from(["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo"])),
        "messages": says(draw(TEXTS)),
        **draw(st.sampled_from([{"temperature": 0}, {"seed": 1}, {"seed": -7, "temperature": 1.5}])),
        "n": draw(st.integers(1, 3)),
        "max_tokens": draw(st.none() | st.integers(1, 40)),
        "stop": draw(st.none() | st.sampled_from(["the", ["a", " "], "\n"])),
    }
    if draw(st.booleans()):
        body["logprobs"] = True
        body["top_logprobs"] = draw(st.none() | st.integers(0, 4))
    if draw(st.booleans()):
        schemas = draw(st.lists(SCHEMAS, min_size=1, max_size=3))
        body["tools"] = [
            {"type": "function", "function": {"name": f"tool_{place}", "parameters": schema}}
            for place, schema in enumerate(schemas)
        ]
        body["tool_choice"] = draw(st.sampled_from(["auto", "required", "none"]))
    elif draw(st.booleans()):
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "x", "strict": True, "schema": draw(SCHEMAS)},
        }
    return body


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies())
def test_any_stream_is_the_whole_answer(make_api: Callable[..., Api], body: dict[str, Any]) -> None:
    """For requests with tools, schemas, choices, limits, stops and log probabilities of any kind."""
    same_both_ways(make_api(tier=5), body)


VALID: dict[str, Any] = {
    "messages": says("Answer in JSON"),
    "model": "gpt-4o",
    "frequency_penalty": 0.5,
    "function_call": "auto",
    "functions": [TOOL["function"]],
    "logit_bias": {"5": 1},
    "logprobs": True,
    "max_completion_tokens": 5,
    "max_tokens": 5,
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "n": 2,
    "parallel_tool_calls": True,
    "prediction": {"type": "content", "content": "x"},
    "presence_penalty": -0.5,
    "prompt_cache_key": "k",
    "prompt_cache_options": {"ttl": "30m", "mode": "implicit"},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "low",
    "response_format": {"type": "text"},
    "safety_identifier": "s",
    "seed": 3,
    "service_tier": "auto",
    "stop": ["x"],
    "store": False,
    "stream": False,
    "stream_options": {"include_usage": True},
    "temperature": 0.3,
    "tool_choice": "auto",
    "tools": [TOOL],
    "top_logprobs": 2,
    "top_p": 0.9,
    "user": "u",
    "verbosity": "low",
    "web_search_options": {"search_context_size": "low"},
}
"""A value of every parameter of the document that is answered."""
WITH: dict[str, dict[str, Any]] = {
    "function_call": {"functions": [TOOL["function"]]},
    "parallel_tool_calls": {"tools": [TOOL]},
    "tool_choice": {"tools": [TOOL]},
    "top_logprobs": {"logprobs": True},
    "stream_options": {"stream": True},
    "reasoning_effort": {"model": "gpt-5-nano"},
    "verbosity": {"model": "gpt-5-nano"},
    "web_search_options": {"model": "gpt-4o-search-preview"},
}
"""What a parameter needs beside it."""
ELSEWHERE = {"audio": "speech is checked where it is made", "moderation": "not simulated: 501 says so"}


def test_every_parameter_of_the_document_is_known() -> None:
    """And none besides: an unknown name is refused."""
    assert set(PARAMETERS) == set(DOCUMENT["parameters"])
    assert set(VALID) | set(ELSEWHERE) == set(DOCUMENT["parameters"])


@pytest.mark.parametrize("name", sorted(VALID))
def test_a_sound_value_of_every_parameter_is_taken(make_api: Callable[..., Api], name: str) -> None:
    """With what it needs beside it."""
    assert make_api(tier=5).chat({**WITH.get(name, {}), name: VALID[name]}).status == 200


@pytest.mark.parametrize("name", sorted(set(VALID) - {"model"}))
def test_a_value_of_another_type_is_refused_by_name(make_api: Callable[..., Api], name: str) -> None:
    """`invalid_type`, or what comes before it, always with the parameter's path."""
    for wrong in ({"colour": ["red"]}, 7.5, True, [[]]):
        if name in ("temperature", "top_p", "frequency_penalty", "presence_penalty") and wrong == 7.5:
            continue
        if type(wrong) is type(VALID[name]) and name not in ("stream_options", "prediction"):
            continue
        error = make_api(tier=5).chat({**WITH.get(name, {}), name: wrong})
        assert error.status == 400, wrong
        assert error.error["type"] == "invalid_request_error"
        assert (error.error["param"] or "").startswith(name)
