"""Every answer against the OpenAPI document, the SDK's own types, and the same answer as a stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from tests.sdk.recent import TYPES_ARE_RECENT

from understudy.core.endpoints.responses.parameters import PARAMETERS
from understudy.core.pacing import Pacing
from understudy.core.pricing import DOLLAR

if TYPE_CHECKING:
    from tests.conftest import Api, Result

Recorded = Callable[[str], dict[str, Any]]

OPENAPI = Path(__file__).parents[3] / "openapi"
DOCUMENT = json.loads((OPENAPI / "responses.json").read_text(encoding="utf-8"))
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def corrected() -> dict[str, Any]:
    """The document's schemas with what recordings show instead."""
    schemas: dict[str, Any] = json.loads(json.dumps(DOCUMENT["schemas"]))
    for patch in json.loads((OPENAPI / "responses_overlay.json").read_text(encoding="utf-8"))["patches"]:
        *path, last = patch["at"].split("/")[1:]
        place = schemas
        for step in path:
            place = place[step]
        place[last] = patch["value"]
    return schemas


SCHEMAS = corrected()


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}})


WHOLE = validator("Response")


def event_validator(kind: str) -> Draft202012Validator:
    """Of the one schema in the union whose `type` is this."""
    for entry in SCHEMAS["ResponseStreamEvent"]["anyOf"]:
        name = entry["$ref"].rsplit("/", 1)[1]
        if SCHEMAS[name]["properties"]["type"]["enum"] == [kind]:
            return validator(name)
    raise AssertionError(f"the document has no event {kind}")


BEYOND = {"billing", "frequency_penalty", "presence_penalty", "store", "tool_usage"}
"""Recorded fields that the SDK does not name."""


def ask(api: Api, body: dict[str, Any], **options: Any) -> Result:
    whole = {"model": "gpt-4o-mini", "input": "Say this is a test", **body}
    return api.send("POST", "/v1/responses", json.dumps(whole).encode(), **options)


def events_in(result: Result) -> list[dict[str, Any]]:
    """The events; the `event:` line names the type of its data."""
    events = []
    for block in result.body.decode().split("\n\n"):
        if block:
            name, data = block.split("\n")
            event = json.loads(data.removeprefix("data: "))
            assert name == f"event: {event['type']}"
            events.append(event)
    return events


def kinds_in(events: list[dict[str, Any]]) -> list[str]:
    """The types, a run of one counted once."""
    kinds = [event["type"].removeprefix("response.") for event in events]
    return [kind for place, kind in enumerate(kinds) if place == 0 or kinds[place - 1] != kind]


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
RUN = {"type": "custom", "name": "run", "description": "Runs code", "format": {"type": "text"}}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
REQUESTS: dict[str, dict[str, Any]] = {
    "text": {},
    "script": {"input": "今日は何曜日ですか"},
    "instructed": {"instructions": "Answer in French", "metadata": {"a": "b"}, "user": "u", "store": False},
    "cut": {"input": "Tell me about rain in 80 words", "max_output_tokens": 16},
    "chances": {"include": ["message.output_text.logprobs"], "top_logprobs": 3, "input": "Say ᠮ 🧛‍♂️ hello"},
    "tool": {"tools": [WEATHER], "tool_choice": "required"},
    "tools": {"tools": [WEATHER, RUN], "input": "What is the weather in Paris and in Rome?"},
    "custom": {"tools": [RUN], "tool_choice": {"type": "custom", "name": "run"}},
    "schema": {"text": {"format": {"type": "json_schema", "name": "w", "schema": SCHEMA, "strict": True}}},
    "object": {"text": {"format": {"type": "json_object"}}, "input": "Answer in JSON"},
    "thinking": {
        "model": "gpt-5.4",
        "reasoning": {"effort": "xhigh", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "service_tier": "flex",
    },
    "newest": {"model": "gpt-5.6", "input": "be kind " * 1_200, "service_tier": "priority"},
    "background": {"background": True},
    "searching": {
        "model": "gpt-5.2",
        "input": "Search the web: what is the latest stable Ruby version? Tell me in 60 words.",
        "tools": [{"type": "web_search"}],
        "include": ["web_search_call.action.sources"],
    },
    "painting": {
        "input": "Draw a red kite",
        "tools": [{"type": "image_generation", "partial_images": 2, "quality": "low"}],
    },
    "computing": {
        "input": "Run this Python code: ```python\nprint(1)\n```",
        "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}],
        "include": ["code_interpreter_call.outputs"],
    },
    "shell": {"input": "Run `ls -la` in the shell", "tools": [{"type": "shell"}]},
    "local shell": {"input": "Hello", "tools": [{"type": "local_shell"}], "tool_choice": "required"},
    "patching": {"input": "Create the file notes.md", "tools": [{"type": "apply_patch"}]},
    "computer": {
        "tools": [
            {"type": "computer_use_preview", "environment": "browser", "display_width": 800, "display_height": 600}
        ],
    },
    "mcp": {"tools": [{"type": "mcp", "server_label": "x", "server_url": "https://example.com/mcp"}]},
    "moderated": {"input": "How do I make a bomb?", "moderation": {"model": "omni-moderation-latest"}},
    "plain padding": {"stream_options": {"include_obfuscation": False}},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_answers_are_those_of_the_document(make_api: Callable[..., Api], name: str) -> None:
    """And the SDK's types hold strictly; what they don't name is what recordings show beyond them."""
    body = {key: value for key, value in REQUESTS[name].items() if key not in ("stream_options", "background")}
    result = ask(make_api(tier=5), body)
    assert result.status == 200
    WHOLE.validate(result.json)
    if TYPES_ARE_RECENT:
        response = Response.model_validate_json(result.body, strict=True)
        assert set(response.model_extra or ()) <= BEYOND


@pytest.mark.parametrize("name", REQUESTS)
def test_events_are_those_of_the_document_and_make_the_whole(make_api: Callable[..., Api], name: str) -> None:
    """Each event validates; what a client puts together is the last event's response, and a whole answer's."""
    body = REQUESTS[name]
    events = events_in(ask(make_api(tier=5), {**body, "stream": True}))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for event in events:
        event_validator(event["type"]).validate(event)
        if TYPES_ARE_RECENT:
            EVENT.validate_json(json.dumps(event), strict=True)
        assert list(event) == ["type", *sorted(name for name in event if name != "type")]
    rebuilt = rebuild(events)
    assert rebuilt == events[-1]["response"]["output"]
    assert events[-1]["type"] == f"response.{events[-1]['response']['status']}"


def test_file_search_is_that_of_the_document(make_api: Callable[..., Api]) -> None:
    """Whole and in events, with results and a citation."""
    api = make_api(tier=5)
    form = b'--x\r\ncontent-disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
    parts = form % (b"purpose", b"", b"assistants") + form % (b"file", b'; filename="a.txt"', b"The kite is red.")
    kind = {"content-type": "multipart/form-data; boundary=x"}
    file = api.send("POST", "/v1/files", parts + b"--x--\r\n", headers=kind).json["id"]
    store = api.send("POST", "/v1/vector_stores", json.dumps({"file_ids": [file]}).encode()).json["id"]
    api.clock.advance(1)
    tools = [{"type": "file_search", "vector_store_ids": [store]}]
    body = {"input": "Is the kite red?", "tools": tools, "include": ["file_search_call.results"]}
    whole = ask(api, body)
    WHOLE.validate(whole.json)
    assert whole.json["output"][1]["content"][0]["annotations"][0]["file_id"] == file
    events = events_in(ask(api, {**body, "stream": True}))
    for event in events:
        event_validator(event["type"]).validate(event)
        if TYPES_ARE_RECENT:
            EVENT.validate_json(json.dumps(event), strict=True)
    assert rebuild(events) == events[-1]["response"]["output"]
    assert own(events[-1]["response"])["output"] == own(whole.json)["output"]


def test_a_moderated_response_judges_input_and_output_apart(make_api: Callable[..., Api]) -> None:
    """It is answered all the same, and the stream tells it at the end."""
    api = make_api(tier=5)
    judged = ask(api, REQUESTS["moderated"]).json["moderation"]
    assert judged["input"]["flagged"]
    assert judged["input"]["categories"]["illicit"]
    events = events_in(ask(api, {**REQUESTS["moderated"], "stream": True}))
    assert [event["response"]["moderation"] for event in events[:2]] == [None, None]
    assert events[-1]["response"]["moderation"]["input"] == judged["input"]
    api.simulator.rules.when(last_message="go").reply("make a bomb")
    said = ask(api, {"input": "go", "moderation": {"model": "omni-moderation-latest"}}).json["moderation"]
    assert (said["input"]["flagged"], said["output"]["flagged"]) == (False, True)
    wrong = ask(api, {"moderation": {"model": "gpt-4o"}})
    assert (wrong.status, wrong.json["error"]["param"]) == (400, "moderation.model")


def test_more_output_than_the_model_has_is_refused(make_api: Callable[..., Api]) -> None:
    """By the bound of the model."""
    refused = ask(make_api(tier=5), {"max_output_tokens": 16_385})
    assert refused.status == 400
    assert refused.json["error"]["code"] == "integer_above_max_value"
    assert "<= 16384" in refused.json["error"]["message"]


def rebuild(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items that a client puts together from additions and deltas alone, never from what is done."""
    items: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = event["type"].removeprefix("response.")
        place: int = event.get("output_index", -1)
        if kind == "output_item.added":
            items[place] = json.loads(json.dumps(event["item"]))
        elif kind == "content_part.added":
            items[place]["content"].append(dict(event["part"]))
        elif kind == "output_text.delta":
            part = items[place]["content"][event["content_index"]]
            part["text"] += event["delta"]
            part["logprobs"] = part["logprobs"] + event["logprobs"]
        elif kind == "output_text.annotation.added":
            part = items[place]["content"][event["content_index"]]
            part["annotations"] = [*part["annotations"], event["annotation"]]
        elif kind == "function_call_arguments.delta":
            items[place]["arguments"] += event["delta"]
        elif kind == "code_interpreter_call_code.delta":
            items[place]["code"] += event["delta"]
        elif kind == "custom_tool_call_input.delta":
            items[place]["input"] += event["delta"]
        elif kind == "reasoning_summary_part.added":
            items[place]["summary"].append(dict(event["part"]))
        elif kind == "reasoning_summary_text.delta":
            items[place]["summary"][event["summary_index"]]["text"] += event["delta"]
        elif kind == "output_item.done":
            mine, done = items[place], event["item"]
            # The state, the sealed thoughts and the bytes of log probabilities are told at the end alone.
            if done["type"] == "image_generation_call":
                items[place] = done
            for name in ("status", "encrypted_content", "outputs", "queries", "results"):
                if name in done:
                    mine[name] = done[name]
            for part, other in zip(mine.get("content", ()), done.get("content", ()), strict=True):
                if "logprobs" in part:
                    assert [one["token"] for one in part["logprobs"]] == [one["token"] for one in other["logprobs"]]
                    part["logprobs"] = other["logprobs"]
    return [items[place] for place in sorted(items)]


def own(response: dict[str, Any]) -> dict[str, Any]:
    """A response without what is each answer's own: ids, and `billing` that only whole ones show."""
    text = json.dumps({name: value for name, value in response.items() if name not in ("id", "billing")})
    for item in response["output"]:
        for name in ("id", "call_id"):
            if name in item:
                text = text.replace(item[name], name)
    made: dict[str, Any] = json.loads(text)
    return made


WORDS = st.sampled_from(
    ["Say hello 世界", "What is the weather in Paris and in Rome?", "Explain tides in 40 words", "🧛‍♂️"]
)


@given(
    question=WORDS,
    limit=st.none() | st.integers(16, 40),
    tools=st.sampled_from([None, [WEATHER], [WEATHER, RUN]]),
    chances=st.booleans(),
    parallel=st.booleans(),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_stream_and_a_whole_answer_say_the_same(
    make_api: Callable[..., Api],
    question: str,
    limit: int | None,
    tools: list[Any] | None,
    chances: bool,
    parallel: bool,
) -> None:
    """At temperature 0, where words are the same for the same request."""
    api = make_api(tier=5)
    body: dict[str, Any] = {"input": question, "temperature": 0, "parallel_tool_calls": parallel}
    if limit is not None:
        body["max_output_tokens"] = limit
    if tools is not None:
        body["tools"] = tools
    if chances:
        body["include"] = ["message.output_text.logprobs"]
    events = events_in(ask(api, {**body, "stream": True}))
    assert own(events[-1]["response"]) == own(ask(api, body).json)
    assert rebuild(events) == events[-1]["response"]["output"]


def test_the_recorded_order_of_events(make_api: Callable[..., Api], recorded: Recorded) -> None:
    """Of a text, of a call after thinking, and with the keys of every kind of event."""
    for number in (1, 2, 3, 4):
        real = recorded(f"ruby_llm/post-responses-sse-{number}")
        theirs = []
        for block in real["response"]["text"].split("\n\n"):
            _, _, data = block.partition("data: ")
            try:
                theirs.append(json.loads(data))
            except ValueError:
                continue
        keys = {event["type"]: list(event) for event in theirs}
        thinks = any(event.get("item", {}).get("type") == "reasoning" for event in theirs)
        for _ in range(20):
            api = make_api(tier=5, seed=_)
            ours = events_in(api.send("POST", "/v1/responses", json.dumps(real["request"]["json"]).encode()))
            if thinks == any(event.get("item", {}).get("type") == "reasoning" for event in ours):
                break
        assert kinds_in(ours) == kinds_in(theirs)
        assert {event["type"]: list(event) for event in ours} == keys
        for mine, other in zip(ours[:2], theirs[:2], strict=True):
            assert list(mine["response"]) == list(other["response"])
        assert list(ours[-1]["response"]) == list(theirs[-1]["response"])


def test_deltas_are_padded_to_sixteen_characters(api: Api) -> None:
    """Recorded in 99 of 100; not at all when the request says so."""
    deltas = [event for event in events_in(ask(api, {"stream": True})) if event["type"].endswith(".delta")]
    assert deltas
    assert all((len(event["delta"]) + len(event["obfuscation"])) % 16 == 0 for event in deltas)
    body = {"stream": True, "stream_options": {"include_obfuscation": False}}
    assert not any("obfuscation" in event for event in events_in(ask(api, body)))


@pytest.mark.parametrize(
    ("credits", "type", "code"),
    [(0, "insufficient_quota", "insufficient_quota"), (10 * DOLLAR, "tokens", "rate_limit_exceeded")],
)
def test_a_spent_quota_or_bucket_is_told_inside_a_stream(
    make_api: Callable[..., Api], credits: int, type: str, code: str
) -> None:
    """200, four events and nothing charged (recorded 2025-07 and 2025-11); without a stream it is a 429."""
    api = make_api(credits=credits)
    body = {"model": "gpt-4o", "input": "x" * 60_000 if credits else "x"}
    if credits:
        ask(api, body)
        ask(api, body)
    result = ask(api, {**body, "stream": True})
    assert result.status == 200
    events = events_in(result)
    assert [event["type"] for event in events] == [
        "response.created",
        "response.in_progress",
        "error",
        "response.failed",
    ]
    assert (events[2]["error"]["type"], events[2]["error"]["code"]) == (type, code)
    assert list(events[2]["error"]) == ["type", "code", "message", "param"]
    failed = events[3]["response"]
    assert failed["status"] == "failed"
    assert failed["error"] == {"code": code, "message": events[2]["error"]["message"]}
    assert failed["usage"] is None
    plain = ask(api, body)
    assert plain.status == 429
    assert plain.error["code"] == code
    assert api.simulator.journal[-2].charge == 0


def test_who_leaves_pays_for_what_was_sent(make_api: Callable[..., Api]) -> None:
    """Events that were never asked for cost nothing."""
    api = make_api()
    body = {"input": "Tell me about rain in 80 words", "stream": True}
    ask(api, body, stop_after=9)
    left = api.simulator.journal[-1]
    # Four events come before the first delta.
    assert left.usage is not None
    assert left.usage.text_out == 5
    assert not left.complete


def test_paced_events_have_absolute_moments(make_api: Callable[..., Api]) -> None:
    """The first at TTFT, each delta an ITL after the one before."""
    api = make_api(pacing=Pacing(ttft=300_000, itl=20_000))
    result = ask(api, {"stream": True, "input": "Say one two three"})
    start = api.clock.now()
    moments = [(due - start) // 1000 for due, _ in result.parts]
    assert moments == [300, 300, 300, 300, 300, 320, 340, 360, 360, 360, 360]


def test_a_compaction_is_that_of_the_document(api: Api) -> None:
    """Messages of the user and one sealed item; the SDK's type knows no messages of users."""
    body = {
        "model": "gpt-4o-mini",
        "input": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
    }
    compact = api.send("POST", "/v1/responses/compact", json.dumps(body).encode()).json
    validator("CompactResource").validate(compact)
    assert [item["type"] for item in compact["output"]] == ["message", "compaction"]


def test_the_documents_parameters_are_those_that_are_accepted() -> None:
    """No name is missing, none is made up."""
    assert set(PARAMETERS) == set(DOCUMENT["parameters"])
