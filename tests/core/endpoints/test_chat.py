from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from understudy.core.pacing import Pacing

if TYPE_CHECKING:
    from tests.conftest import Api

Recorded = Callable[[str], dict[str, Any]]


def test_a_completion_has_the_recorded_layout(api: Api) -> None:
    """Two spaces, keys in their order, a final newline, text as it is."""
    result = api.chat({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say 世界 🌍"}]})
    body = re.sub(r'"chatcmpl-[0-9A-Za-z]{29}"', '"ID"', result.body.decode())
    body = re.sub(r'"fp_[0-9a-f]{10}"', '"FP"', body)
    assert body == (
        "{\n"
        '  "id": "ID",\n'
        '  "object": "chat.completion",\n'
        '  "created": 1795471200,\n'
        '  "model": "gpt-4o-mini-2024-07-18",\n'
        '  "choices": [\n'
        "    {\n"
        '      "index": 0,\n'
        '      "message": {\n'
        '        "role": "assistant",\n'
        '        "content": "世界 🌍",\n'
        '        "refusal": null,\n'
        '        "annotations": []\n'
        "      },\n"
        '      "logprobs": null,\n'
        '      "finish_reason": "stop"\n'
        "    }\n"
        "  ],\n"
        '  "usage": {\n'
        '    "prompt_tokens": 11,\n'
        '    "completion_tokens": 3,\n'
        '    "total_tokens": 14,\n'
        '    "prompt_tokens_details": {\n'
        '      "cached_tokens": 0,\n'
        '      "audio_tokens": 0\n'
        "    },\n"
        '    "completion_tokens_details": {\n'
        '      "reasoning_tokens": 0,\n'
        '      "audio_tokens": 0,\n'
        '      "accepted_prediction_tokens": 0,\n'
        '      "rejected_prediction_tokens": 0\n'
        "    }\n"
        "  },\n"
        '  "service_tier": "default",\n'
        '  "system_fingerprint": "FP"\n'
        "}\n"
    )


def test_both_ways_to_lay_out_a_completion_give_the_same_bytes(api: Api) -> None:
    """The prepared layout of one text, and the general one of several choices, differ in nothing else."""
    single = api.chat({"messages": [{"role": "user", "content": "Say 100% 'yes' @text@ @json@"}]}).json
    several = api.chat({"messages": [{"role": "user", "content": "Say 100% 'yes' @text@ @json@"}], "n": 2}).json
    assert list(single) == list(several)
    assert [list(choice["message"]) for choice in several["choices"]] == [list(single["choices"][0]["message"])] * 2
    assert list(single["usage"]) == list(several["usage"])
    assert [choice["index"] for choice in several["choices"]] == [0, 1]
    assert several["usage"]["completion_tokens"] == 2 * single["usage"]["completion_tokens"]


SHAPES = [
    "ai-gateway/post-chat-completions-2",
    "ai-gateway/post-chat-completions-3",
    "ai-gateway/post-chat-completions-4",
    "ai-gateway/post-chat-completions-6",
    "ai-gateway/post-chat-completions-400-empty-array-1",
    "ai-gateway/post-chat-completions-400-unsupported-parameter-1",
    "ai-gateway/post-chat-completions-404-model-not-found-1",
]
STREAMS = [
    "ai-gateway/post-chat-completions-sse-1",
    "ai-gateway/post-chat-completions-sse-2",
    "ai-gateway/post-chat-completions-sse-3",
]
RECORDER = {"openai-organization"}
"""Dropped by the recorder."""
ERA = {"x-openai-proxy-wasm", "x-envoy-upstream-service-time"}
"""One came a month after these recordings, the other has gone since."""
COUNTED = re.compile(
    r"x-ratelimit-|content-type\Z|openai-version\Z|vary\Z|server\Z|alt-svc\Z|strict-|x-content|access-"
)


def key_shape(value: Any) -> Any:
    """Keys and types, without values; of a list its first element."""
    if isinstance(value, dict):
        return {key: key_shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [key_shape(value[0])] if value else []
    return type(value).__name__


@pytest.mark.parametrize("name", SHAPES)
def test_answers_have_the_shape_of_recorded_ones(api: Api, recorded: Recorded, name: str) -> None:
    """Status, every header's name and every counted header's value, and every key with its type."""
    real = recorded(name)
    ours = api.send("POST", real["request"]["path"], json.dumps(real["request"]["json"]).encode())
    headers = real["response"]["headers"]
    assert ours.status == real["response"]["status"]
    assert set(ours.headers) - RECORDER - ERA == set(headers) - ERA - {"content-length"}
    for header, value in headers.items():
        if COUNTED.match(header):
            assert (header, ours.headers[header]) == (header, value)
    shape, real_shape = key_shape(ours.json), key_shape(real["response"]["json"])
    assert shape == real_shape
    if ours.status >= 400:
        assert ours.json == real["response"]["json"]


@pytest.mark.parametrize("name", STREAMS)
def test_streams_have_the_shape_of_recorded_ones(api: Api, recorded: Recorded, name: str) -> None:
    """Headers, the order of chunks, every key in its order, and the length of every payload."""
    real = recorded(name)
    ours = api.send("POST", real["request"]["path"], json.dumps(real["request"]["json"]).encode())
    headers = real["response"]["headers"]
    assert set(ours.headers) - RECORDER - ERA == set(headers) - ERA
    for header, value in headers.items():
        if COUNTED.match(header):
            assert (header, ours.headers[header]) == (header, value)
    events = [
        line.removeprefix("data: ") for line in real["response"]["text"].split("\n") if line.startswith("data: {")
    ]
    first, real_first = ours.events[0], json.loads(events[0])
    assert list(first) == list(real_first)
    assert first["choices"] == real_first["choices"]
    assert [list(choice) for choice in first["choices"]] == [list(choice) for choice in real_first["choices"]]
    assert ours.events[-1] == "[DONE]"
    for text in [*events, *(line.removeprefix("data: ") for line in ours.body.decode().split("\n\n") if "{" in line)]:
        assert len(text) % 16 == 1


@pytest.mark.parametrize(
    "name",
    [
        "ai-gateway/post-chat-completions-2",
        "ai-gateway/post-chat-completions-3",
        "ai-gateway/post-chat-completions-6",
        "ruby_llm/post-chat-completions-2",
    ],
)
def test_prompt_tokens_are_those_reported(make_api: Callable[..., Api], recorded: Recorded, name: str) -> None:
    """Exactly, for plain text."""
    real = recorded(name)
    ours = make_api(tier=2).send("POST", real["request"]["path"], json.dumps(real["request"]["json"]).encode())
    assert ours.json["usage"]["prompt_tokens"] == real["response"]["json"]["usage"]["prompt_tokens"]


def test_a_budget_spent_on_thinking_leaves_nothing_to_say(api: Api) -> None:
    """Recorded: 100 of 100 tokens are reasoning, the content is empty, the reason is length."""
    for number in range(40):
        body = {
            "model": "gpt-5-nano",
            "max_completion_tokens": 64,
            "messages": [{"role": "user", "content": f"Think about {number}"}],
        }
        completion = api.chat(body).json
        usage = completion["usage"]
        assert usage["completion_tokens"] <= 64
        if usage["completion_tokens_details"]["reasoning_tokens"] == 64:
            assert completion["choices"][0]["message"]["content"] == ""
            assert completion["choices"][0]["finish_reason"] == "length"
            return
    raise AssertionError("no answer in forty thought that long")


def test_max_tokens_cuts_exactly(api: Api) -> None:
    """The count is met and the reason is length."""
    result = api.chat({"max_tokens": 7, "messages": [{"role": "user", "content": "Tell me about rain in 50 words"}]})
    assert result.json["usage"]["completion_tokens"] == 7
    assert result.json["choices"][0]["finish_reason"] == "length"


def test_stop_cuts_before_its_word(api: Api) -> None:
    """And the word is not shown."""
    result = api.chat({"stop": ["three"], "messages": [{"role": "user", "content": "Say one two three four"}]})
    assert result.json["choices"][0]["message"]["content"] == "One two "
    assert result.json["choices"][0]["finish_reason"] == "stop"


TOOL = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string", "description": "The city"}},
            "required": ["location"],
        },
    },
}


def test_a_tool_is_called_with_what_the_message_says(api: Api) -> None:
    """The city arrives word for word, and the wire is the recorded one."""
    message = {"role": "user", "content": "What is the weather like in San Francisco?"}
    choice = api.chat({"messages": [message], "tools": [TOOL]}).json["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert list(choice["message"]) == ["role", "content", "tool_calls", "refusal", "annotations"]
    call = choice["message"]["tool_calls"][0]
    assert re.fullmatch(r"call_[0-9A-Za-z]{24}", call["id"])
    assert "San Francisco" in json.loads(call["function"]["arguments"])["location"]
    events = api.chat({"messages": [message], "tools": [TOOL], "stream": True}).events
    assert events[0]["choices"][0]["delta"]["tool_calls"][0]["function"] == {
        "name": "get_current_weather",
        "arguments": "",
    }
    assert events[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_after_the_tools_result_the_model_uses_it_and_stops(api: Api) -> None:
    """No second call."""
    messages = [
        {"role": "user", "content": "What is the weather like in Paris?"},
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "get_current_weather", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny, 21 degrees"},
    ]
    choice = api.chat({"messages": messages, "tools": [TOOL]}).json["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert "sunny, 21 degrees" in choice["message"]["content"]


def test_a_json_schema_is_answered_with_an_instance(api: Api) -> None:
    """Strict structured output."""
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
        "required": ["city", "degrees"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "weather", "schema": schema, "strict": True}}
    content = api.chat({"response_format": wanted}).json["choices"][0]["message"]["content"]
    value = json.loads(content)
    assert set(value) == {"city", "degrees"}
    assert isinstance(value["degrees"], int)


def test_paced_streams_have_absolute_moments(make_api: Callable[..., Api]) -> None:
    """The first token at TTFT, each further one an ITL later."""
    api = make_api(pacing=Pacing(ttft=300_000, itl=20_000))
    result = api.chat({"stream": True, "messages": [{"role": "user", "content": "Say one two three"}]})
    start = api.clock.now()
    assert result.answer.due == start + 300_000
    moments = [(due - start) // 1000 for due, _ in result.parts]
    assert moments == [300, 300, 320, 340, 360, 360]


def test_service_tiers_are_echoed_resolved(api: Api) -> None:
    """`fast` is priority, `auto` is default (measured 2026-08)."""
    asked = ("auto", "default", "scale", "fast", "priority", "flex")
    echoed = {tier: api.chat({"model": "gpt-5-mini", "service_tier": tier}).json["service_tier"] for tier in asked}
    assert echoed == {
        "auto": "default",
        "default": "default",
        "scale": "default",
        "fast": "priority",
        "priority": "priority",
        "flex": "flex",
    }


@pytest.mark.parametrize("role", ["user", "system", "assistant"])
def test_null_is_no_content(api: Api, role: str) -> None:
    """It is refused in the reported words, while content may be left out, and calls of tools need none."""
    refused = api.chat({"messages": [{"role": "user", "content": "Hi"}, {"role": role, "content": None}]})
    assert refused.status == 400
    assert refused.error["message"] == "Invalid value for 'content': expected a string, got null."
    assert (refused.error["param"], refused.error["code"]) == ("messages.[1].content", None)
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]
    assert api.chat({"messages": turns}).status == 200
