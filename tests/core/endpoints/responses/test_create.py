"""A response in one body: layout, shapes, refusals and counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Api, Result

Recorded = Callable[[str], dict[str, Any]]

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather in a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


def ask(api: Api, body: dict[str, Any], **options: Any) -> Result:
    whole = {"model": "gpt-4o-mini", "input": "Say this is a test", **body}
    return api.send("POST", "/v1/responses", json.dumps(whole).encode(), **options)


def shape(value: Any) -> Any:
    """Keys in their order and kinds of values; ids by their form."""
    if isinstance(value, dict):
        return [(name, shape(entry)) for name, entry in value.items()]
    if isinstance(value, list):
        return [shape(entry) for entry in value[:1]]
    if isinstance(value, str):
        return re.sub(r"_[0-9a-f]{50}$", "_50", value) if re.search(r"_[0-9a-f]{50}$", value) else "text"
    return type(value).__name__


SHAPES = [f"ruby_llm/post-responses-{number}" for number in (2, 5, 6, 8, 10)]


@pytest.mark.parametrize("name", SHAPES)
def test_answers_have_the_recorded_shape(make_api: Callable[..., Api], recorded: Recorded, name: str) -> None:
    """Every key in its place, every value of its kind; only what the model does differs."""
    real = recorded(name)
    result = make_api(tier=2).send("POST", "/v1/responses", json.dumps(real["request"]["json"]).encode())
    assert result.status == 200
    ours, theirs = result.json, real["response"]["json"]
    assert list(ours) == list(theirs)
    for key in theirs:
        if key not in ("output", "id"):
            assert shape(ours[key]) == shape(theirs[key]), key
    for key in ("model", "temperature", "top_p", "prompt_cache_retention", "reasoning", "text", "tools", "truncation"):
        assert ours[key] == theirs[key], key
    kinds = {item["type"]: item for item in theirs["output"]}
    for item in ours["output"]:
        if item["type"] in kinds:
            assert shape(item) == shape(kinds[item["type"]])


def test_the_body_is_indented_and_ends_without_a_newline(api: Api) -> None:
    """By two spaces (recorded)."""
    body = ask(api, {}).body
    assert body == json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode()


def test_items_share_eighteen_digits_with_their_response(api: Api) -> None:
    """1,121 of 1,122 recordings; the next eight are the second of its creation."""
    response = ask(api, {"model": "gpt-5", "reasoning": {"effort": "high"}}).json
    start = response["id"].removeprefix("resp_")
    assert re.fullmatch(r"[0-9a-f]{16}01[0-9a-f]{8}[0-9a-f]{4}81[0-9a-f]{18}", start)
    assert int(start[18:26], 16) == response["created_at"]
    assert all(item["id"].split("_")[1][:18] == start[:18] for item in response["output"])
    assert len({item["id"] for item in response["output"]}) == len(response["output"])


def test_headers_are_the_engines(api: Api) -> None:
    """Rate limits on a 200, no `x-openai-proxy-wasm`, and no rate limits on a 400."""
    good = ask(api, {}).headers
    assert good["x-ratelimit-limit-tokens"] == "200000"
    assert good["access-control-expose-headers"] == "CF-Ray, CF-Ray, X-Request-ID"
    assert "x-openai-proxy-wasm" not in good
    bad = ask(api, {"temperature": -1})
    assert bad.status == 400
    assert not [name for name in bad.headers if name.startswith("x-ratelimit")]


@pytest.mark.parametrize(
    "name",
    ["ruby_llm/post-responses-401-invalid-api-key-2", "ruby_llm/post-responses-401-invalid-api-key-1"],
)
def test_a_wrong_key_is_refused_by_the_engine(make_api: Callable[..., Api], recorded: Recorded, name: str) -> None:
    """Indented by two, no charset, with a challenge (17 of 17 recordings)."""
    real = recorded(name)["response"]
    result = ask(make_api(known_keys=frozenset()), {}, key="test-control-key")
    assert result.status == 401
    masked = {"date", "cf-ray", "x-request-id", "connection", "content-length", "openai-processing-ms"}
    assert {header: value for header, value in result.headers.items() if header not in masked} == {
        header: value for header, value in real["headers"].items() if header not in masked
    }
    assert result.body.startswith(b'{\n  "error": {\n    "message"')
    assert list(result.error) == list(real["json"]["error"])


def test_the_limiter_takes_a_quarter_of_the_characters_and_35(make_api: Callable[..., Api], recorded: Recorded) -> None:
    """Exactly as of a plain question that was recorded, and of a picture."""
    real = recorded("ruby_llm/post-responses-2")
    result = make_api(tier=2).send("POST", "/v1/responses", json.dumps(real["request"]["json"]).encode())
    taken = int(result.headers["x-ratelimit-limit-tokens"]) - int(result.headers["x-ratelimit-remaining-tokens"])
    headers = real["response"]["headers"]
    assert taken == int(headers["x-ratelimit-limit-tokens"]) - int(headers["x-ratelimit-remaining-tokens"])
    assert result.json["usage"]["input_tokens"] == real["response"]["json"]["usage"]["input_tokens"]


REFUSALS: list[tuple[dict[str, Any], str, str | None, str | None]] = [
    ({"model": "nope"}, "The requested model 'nope' does not exist.", "model_not_found", "model"),
    ({"model": None}, "Missing required parameter: 'model'.", "missing_required_parameter", "model"),
    (
        {"temperature": -1},
        "Invalid 'temperature': decimal below minimum value. Expected a value >= 0, but got -1 instead.",
        "decimal_below_min_value",
        "temperature",
    ),
    (
        {"max_output_tokens": 1},
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.",
        "integer_below_min_value",
        "max_output_tokens",
    ),
    (
        {"model": "o4-mini", "reasoning": {"effort": "minimal"}},
        "Unsupported value: 'minimal' is not supported with the 'o4-mini' model. Supported values are: 'low', "
        "'medium', and 'high'.",
        "unsupported_value",
        "reasoning.effort",
    ),
    (
        {"model": "gpt-5", "temperature": 0.5},
        "Unsupported parameter: 'temperature' is not supported with this model.",
        None,
        "temperature",
    ),
    (
        {"reasoning": {"effort": "low"}},
        "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        "unsupported_parameter",
        "reasoning.effort",
    ),
    (
        {"input": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
        "Invalid value: 'text'. Supported values are: 'input_text', 'input_image', 'input_audio', 'output_text', "
        "'refusal', 'input_file', 'computer_screenshot', 'summary_text', and 'encrypted_content'.",
        "invalid_value",
        "input[0].content[0].type",
    ),
    (
        {"input": [{"type": "function_call_output", "call_id": "call_1", "output": "21"}]},
        "No tool call found for function call output with call_id call_1.",
        None,
        "input",
    ),
    (
        {"input": [{"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}]},
        "No tool output found for function call call_1.",
        None,
        "input",
    ),
    (
        {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]},
        "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        None,
        "input",
    ),
    (
        {"tools": [{"type": "function", "name": "f", "strict": True, "parameters": {"type": "object"}}]},
        "Invalid schema for function 'f': In context=(), object schema missing properties.",
        "invalid_function_parameters",
        "tools[0].parameters",
    ),
    (
        {"text": {"format": {"type": "json_schema", "name": "a", "strict": True, "schema": {"type": "object"}}}},
        "Invalid schema for response_format 'a': In context=(), 'additionalProperties' is required to be supplied and "
        "to be false.",
        "invalid_json_schema",
        "text.format.schema",
    ),
    (
        {"text": {"format": {"type": "json_object"}}},
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
        None,
        "input",
    ),
    ({"colour": "red"}, "Unknown parameter: 'colour'.", "unknown_parameter", "colour"),
    (
        {"tool_choice": {"type": "web_search_preview"}, "tools": [WEATHER]},
        "Tool choice 'web_search_preview' not found in 'tools' parameter.",
        None,
        "tool_choice",
    ),
]


@pytest.mark.parametrize(("body", "message", "code", "param"), REFUSALS)
def test_what_is_refused(api: Api, body: dict[str, Any], message: str, code: str | None, param: str | None) -> None:
    """In the API's own words: recorded, probed or reported; unlike elsewhere an unknown model is a 400."""
    result = ask(api, body)
    assert result.status == 400
    assert result.error == {"message": message, "type": "invalid_request_error", "param": param, "code": code}


def test_a_prompt_longer_than_the_window_is_refused_or_cut(make_api: Callable[..., Api], recorded: Recorded) -> None:
    """Refused in the recorded words, and under `truncation: auto` answered without its beginning."""
    real = recorded("ruby_llm/post-responses-400-context-length-exceeded-1")["response"]["json"]
    api = make_api(tier=5)
    items = [{"role": "user", "content": "word " * 2_000} for _ in range(9)]
    body = {"model": "gpt-3.5-turbo", "input": [*items, {"role": "user", "content": "Say yes"}]}
    assert ask(api, body).json == real
    cut = ask(api, {**body, "truncation": "auto"}).json
    assert cut["output"][0]["content"][0]["text"] == "Yes"
    assert cut["usage"]["input_tokens"] <= 16_385


def test_a_tool_is_called_as_by_chat(api: Api) -> None:
    """One model, two wires: the same call, here as items; the result is then talked about."""
    question = "What is the weather like in San Francisco?"
    first = ask(api, {"input": question, "tools": [WEATHER]}).json
    (call,) = first["output"]
    assert list(call) == ["id", "type", "status", "arguments", "call_id", "name"]
    chat = api.chat(
        {
            "messages": [{"role": "user", "content": question}],
            "tools": [{"type": "function", "function": {k: v for k, v in WEATHER.items() if k != "type"}}],
        }
    ).json["choices"][0]["message"]["tool_calls"][0]["function"]
    assert (call["name"], call["arguments"]) == (chat["name"], chat["arguments"])
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny, 21 degrees"}
    last = ask(api, {"input": [{"role": "user", "content": question}, call, output], "tools": [WEATHER]}).json
    assert "sunny, 21 degrees" in last["output"][0]["content"][0]["text"]


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", []),
        ("auto", []),
        ("required", ["get_weather"]),
        ({"type": "function", "name": "get_weather"}, ["get_weather"]),
        ({"type": "custom", "name": "run"}, ["run"]),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "get_weather"}]},
            ["get_weather"],
        ),
    ],
)
def test_every_form_of_tool_choice(api: Api, choice: Any, called: list[str]) -> None:
    """Nothing is asked for, so only the choice decides."""
    custom = {"type": "custom", "name": "run", "description": "Runs code", "format": {"type": "text"}}
    answer = ask(api, {"input": "Hello", "tools": [WEATHER, custom], "tool_choice": choice}).json
    assert [item["name"] for item in answer["output"] if "call_id" in item] == called
    assert answer["tool_choice"] == choice


def test_a_schema_is_answered_with_an_instance(api: Api) -> None:
    """The format stands flat in `text`; a limit cuts it and says so."""
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
        "required": ["city", "degrees"],
        "additionalProperties": False,
    }
    text = {"format": {"type": "json_schema", "name": "weather", "schema": schema, "strict": True}}
    answer = ask(api, {"text": text}).json
    value = json.loads(answer["output"][0]["content"][0]["text"])
    assert set(value) == {"city", "degrees"}
    assert list(answer["text"]["format"]) == ["type", "description", "name", "schema", "strict"]


def test_a_limit_makes_the_response_incomplete(api: Api) -> None:
    """With its reason, in response and item; the limit is met exactly."""
    answer = ask(api, {"input": "Tell me about rain in 80 words", "max_output_tokens": 16}).json
    assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert answer["output"][0]["status"] == "incomplete"
    assert answer["completed_at"] is None
    assert answer["usage"]["output_tokens"] == 16


def test_a_budget_spent_on_thinking_leaves_only_thoughts(api: Api) -> None:
    """Recorded as one reasoning item and `incomplete`."""
    for number in range(40):
        body = {"model": "gpt-5-nano", "input": f"Think about {number}", "max_output_tokens": 64}
        answer = ask(api, body).json
        if answer["usage"]["output_tokens_details"]["reasoning_tokens"] == 64:
            assert [item["type"] for item in answer["output"]] == ["reasoning"]
            assert answer["status"] == "incomplete"
            return
    raise AssertionError("no answer in forty thought that long")


def test_log_probabilities_are_included_on_request(api: Api) -> None:
    """One for each token, with as many others as asked for."""
    body = {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
    answer = ask(api, body).json
    part = answer["output"][0]["content"][0]
    assert b"".join(bytes(entry["bytes"]) for entry in part["logprobs"]).decode() == part["text"]
    assert len(part["logprobs"]) == answer["usage"]["output_tokens"]
    assert all(len(entry["top_logprobs"]) == 2 for entry in part["logprobs"])


def test_thoughts_are_summed_up_and_sealed_on_request(api: Api) -> None:
    """And what was sealed may be sent back."""
    body = {"model": "gpt-5", "reasoning": {"effort": "high", "summary": "auto"}, "store": False}
    for number in range(20):
        question = f"Think about {number}"
        answer = ask(api, {**body, "input": question, "include": ["reasoning.encrypted_content"]}).json
        if answer["output"][0]["type"] == "reasoning":
            thoughts = answer["output"][0]
            assert thoughts["encrypted_content"].startswith("gAAAAAB")
            assert thoughts["summary"][0]["text"].startswith("**")
            again = [{"role": "user", "content": question}, *answer["output"], {"role": "user", "content": "Go on"}]
            assert ask(api, {**body, "input": again}).status == 200
            return
    raise AssertionError("no answer in twenty was thought about")


def test_a_call_is_charged_by_its_tokens(api: Api) -> None:
    """Input and output at the model's price, and counted under completions."""
    answer = ask(api, {"model": "gpt-4o"}).json["usage"]
    entry = api.simulator.journal[-1]
    assert entry.charge == answer["input_tokens"] * 2_500_000 + answer["output_tokens"] * 10_000_000


def test_a_search_is_cited(api: Api) -> None:
    """The call comes first, its sources stand in the text where the annotations say."""
    body = {
        "model": "gpt-5.2",
        "input": "Search the web for the latest stable Ruby version and tell me about it in 60 words",
        "tools": [{"type": "web_search"}],
    }
    answer = ask(api, body).json
    call, message = answer["output"][0], answer["output"][-1]
    assert list(call) == ["id", "type", "status", "action"]
    assert list(call["action"]) == ["type", "queries", "query"]
    part = message["content"][0]
    assert part["annotations"]
    for annotation in part["annotations"]:
        assert list(annotation) == ["type", "end_index", "start_index", "title", "url"]
        assert annotation["url"] in part["text"][annotation["start_index"] : annotation["end_index"]]
    assert answer["tool_usage"]["web_search"] == {"num_requests": 1}


def test_a_shell_call_waits_for_its_output(api: Api) -> None:
    """Nothing is said before the client ran it; then the model talks about what came out."""
    message = {"role": "user", "content": "Run `ls -la` in the shell"}
    first = ask(api, {"input": [message], "tools": [{"type": "shell"}]}).json
    (call,) = first["output"]
    assert call["action"]["commands"] == ["ls -la"]
    outcome = {"type": "exit", "exit_code": 0}
    output = {
        "type": "shell_call_output",
        "call_id": call["call_id"],
        "output": [{"stdout": "README.md", "stderr": "", "outcome": outcome}],
    }
    last = ask(api, {"input": [message, call, output], "tools": [{"type": "shell"}]}).json
    assert "README.md" in last["output"][0]["content"][0]["text"]


def test_tools_are_used_as_often_as_is_allowed(api: Api) -> None:
    """`max_tool_calls` counts the uses of all tools of the API's own."""
    tools = [{"type": "web_search"}, {"type": "code_interpreter", "container": {"type": "auto"}}]
    body = {"input": "Search the web and compute with Python", "tools": tools}
    assert [item["type"] for item in ask(api, body).json["output"]] == [
        "web_search_call",
        "code_interpreter_call",
        "message",
    ]
    once = ask(api, {**body, "max_tool_calls": 1}).json["output"]
    assert [item["type"] for item in once] == ["web_search_call", "message"]


def test_a_vector_store_that_does_not_exist(api: Api) -> None:
    """404 that names it."""
    result = ask(api, {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]})
    assert result.status == 404
    assert result.error["message"] == "Vector store with id ['vs_1'] not found."


def test_tools_are_charged_beside_the_tokens(api: Api) -> None:
    """A search costs a cent, a container three, a picture its tokens at its own model's price."""
    asked = {
        "searching": ("Search the web for rain", {"type": "web_search"}, 10**10),
        "computing": ("Compute with Python", {"type": "code_interpreter", "container": {"type": "auto"}}, 3 * 10**10),
        "painting": (
            "Draw a red kite",
            {"type": "image_generation", "model": "gpt-image-1-mini", "quality": "low"},
            4 * 2_000_000 + 272 * 8_000_000,
        ),
    }
    for question, tool, price in asked.values():
        answer = ask(api, {"model": "gpt-4o", "input": question, "tools": [tool]}).json
        usage = answer["usage"]
        tokens = usage["input_tokens"] * 2_500_000 + usage["output_tokens"] * 10_000_000
        assert api.simulator.journal[-1].charge == tokens + price
    assert answer["tool_usage"]["image_gen"]["output_tokens"] == 272


PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


@pytest.mark.parametrize(
    ("part", "status", "message"),
    [
        ({"type": "input_image", "image_url": PIXEL, "detail": "low"}, 200, ""),
        ({"type": "input_image"}, 400, "Missing required parameter: 'input[0].content[0].image_url'."),
        ({"type": "input_image", "file_id": "file-1"}, 404, "No such File object: file-1"),
        ({"type": "input_file", "file_id": "file-1"}, 404, "No such File object: file-1"),
        (
            {"type": "input_file", "filename": "a.mp3", "file_data": "data:audio/mpeg;base64,SGk="},
            400,
            "Invalid file data: 'input[0].content[0].file_data'. Expected a base64-encoded data URL with a valid file MIME "
            "type (e.g. 'data:text/plain;base64,SGVsbG8sIFdvcmxkIQ=='), but got unsupported MIME type 'audio/mpeg'. Please "
            "see https://platform.openai.com/docs/assistants/tools/file-search#supported-files for supported file types.",
        ),
    ],
)
def test_pictures_and_files(api: Api, part: dict[str, Any], status: int, message: str) -> None:
    """The one of a file's type as recorded; what is refused is named by its path."""
    result = ask(api, {"input": [{"role": "user", "content": [part]}]})
    assert result.status == status
    if status == 200:
        assert result.json["usage"]["input_tokens"] > 2_833
    else:
        assert result.error["message"] == message
