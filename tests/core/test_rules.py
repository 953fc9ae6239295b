"""Rules: when they are meant, what is said then, and that it goes the ordinary way."""

from __future__ import annotations

import json
import re
import struct
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.messages import Request
from understudy.core.pacing import Pacing
from understudy.core.rule_answers import Template
from understudy.core.rules import RULE_BYTES, RULES_KEPT, RuleError, Rules

if TYPE_CHECKING:
    from tests.conftest import Api, Result

WEATHER = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


def message(result: Result) -> Any:
    return result.json["choices"][0]["message"]


def ask(api: Api, text: str = "Hello!", **more: Any) -> Result:
    options = {name: more.pop(name) for name in ("key", "stop_after") if name in more}
    return api.chat({"messages": [{"role": "user", "content": text}], **more}, **options)


def post(api: Api, path: str, body: dict[str, Any]) -> Result:
    return api.send("POST", path, json.dumps(body).encode())


def says(api: Api, text: str = "Hello!", **more: Any) -> str | None:
    content: str | None = message(ask(api, text, **more))["content"]
    return content


def test_the_first_rule_that_is_meant_answers(api: Api) -> None:
    """Words of the last message decide; without a rule the model does."""
    usual = says(api, "What is the capital of Spain?", temperature=0)
    api.simulator.rules.when(last_message="capital of France").reply("Paris.")
    api.simulator.rules.when(last_message="capital").reply("I only know Paris.")
    assert says(api, "What is the capital of France?") == "Paris."
    assert says(api, "What is the capital of Spain?") == "I only know Paris."
    api.simulator.rules.clear()
    assert says(api, "What is the capital of Spain?", temperature=0) == usual


CONDITIONS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"endpoint": "chat"}, True),
    ({"endpoint": "images"}, False),
    ({"model": "gpt-4o*"}, True),
    ({"model": "gpt-4o"}, False),
    ({"path": "/v1/chat/*"}, True),
    ({"path": "/v1/images/*"}, False),
    ({"key": "sk-test-*"}, True),
    ({"key": "sk-other"}, False),
    ({"last_message": "sunny"}, True),
    ({"last_message": "weather"}, False),
    ({"any_message": "weather"}, True),
    ({"any_message": {"regex": "(?i)WEATHER in (\\w+)"}}, True),
    ({"any_message": re.compile("^in Paris")}, False),
    ({"tool": "get_*"}, True),
    ({"tool": "get_time"}, False),
    ({"where": lambda request: len(request.messages) == 2}, True),
    ({"where": lambda request: request.body.get("stream")}, False),
    ({"last_message": "sunny", "tool": "get_time"}, False),
]


@pytest.mark.parametrize(("conditions", "meant"), CONDITIONS)
def test_all_conditions_must_hold(api: Api, conditions: dict[str, Any], meant: bool) -> None:
    """By endpoint, model, path, key, words, expressions, tools, functions."""
    rule = api.simulator.rules.when(**conditions)
    # At images there is nobody who could say it.
    rule.fail(418, "meant") if conditions.get("endpoint") == "images" else rule.reply("meant")
    result = api.chat(
        {
            "model": "gpt-4o-mini",
            "messages": [
                {"role": "user", "content": "How is the weather in Paris?"},
                {"role": "user", "content": [{"type": "text", "text": "Is it sunny?"}]},
            ],
            "tools": WEATHER,
        }
    )
    assert (message(result)["content"] == "meant") is meant


def test_an_account_is_meant_by_its_id(api: Api) -> None:
    """As journals show it."""
    other = api.simulator.account("sk-other-0123456789")
    api.simulator.rules.when(key=other.id).reply("You are the other one.")
    assert says(api) != "You are the other one."
    assert says(api, key="sk-other-0123456789") == "You are the other one."


def test_on_counts_the_calls_that_match_otherwise(api: Api) -> None:
    """Also those that an earlier rule answers."""
    rules = api.simulator.rules
    rules.when(last_message="again", on=1).reply("one")
    rules.when(last_message="again", on="2-3").reply("two or three")
    rules.when(last_message="again", on="4..").reply("more: {call}")
    assert says(api, "something else") not in ("one", "two or three")
    assert [says(api, "again") for _ in range(5)] == ["one", "two or three", "two or three", "more: 4", "more: 5"]


def test_answers_are_given_in_turn(api: Api) -> None:
    """429, 429, then well for ever."""
    rule = api.simulator.rules.when(model="gpt-4o").fail(429, times=2).reply("All is well.")
    assert [ask(api).status for _ in range(4)] == [429, 429, 200, 200]
    assert says(api) == "All is well."
    assert (rule.seen, rule.answered) == (5, 5)


def test_a_rule_whose_answers_are_used_up_is_not_meant_any_more(api: Api) -> None:
    """The next one is, or the model itself."""
    api.simulator.rules.when().reply("first", times=1)
    api.simulator.rules.when().fail(503).reply("second", times=1)
    usual = {"first", "second"}
    assert says(api) == "first"
    assert ask(api).status == 503
    assert says(api) == "second"
    assert says(api) not in usual


def test_texts_quote_the_request(api: Api) -> None:
    """Groups by name and number, the last message, the model; other braces are text."""
    rules = api.simulator.rules
    rules.when(last_message={"regex": r"I am (?P<name>\w+) from (\w+)"}).reply(
        "{name} of {2} asks {model}: {last_message}"
    )
    rules.when(last_message="braces").reply('{{model}} is {"a": {"b": 1}}')
    assert says(api, "I am Ada from London") == "Ada of London asks gpt-4o: I am Ada from London"
    assert says(api, "braces") == '{model} is {"a": {"b": 1}}'


@given(st.text())
def test_a_text_without_quotations_stays_as_it_is(text: str) -> None:
    """Whatever is in it."""
    if re.search(r"\{\w+\}", text) is None:
        assert Template(text, frozenset()).fill({}) == text


def test_json_and_tool_calls_quote_too(api: Api) -> None:
    """In every text within them."""
    rules = api.simulator.rules
    rules.when(last_message={"regex": r"weather in (\w+)"}, tool="get_weather").call("get_weather", {"city": "{1}"})
    rules.when(last_message="JSON").reply(json={"of": ["{model}", 1, None]})
    called = ask(api, "How is the weather in Oslo?", tools=WEATHER)
    assert message(called)["content"] is None
    [call] = message(called)["tool_calls"]
    assert call["function"] == {"name": "get_weather", "arguments": '{"city":"Oslo"}'}
    assert call["id"].startswith("call_")
    assert called.json["choices"][0]["finish_reason"] == "tool_calls"
    assert says(api, "JSON, please") == '{"of":["gpt-4o",1,null]}'


def test_several_tools_and_broken_arguments(api: Api) -> None:
    """Arguments that are a text are sent as they are; nobody need have offered the tool."""
    api.simulator.rules.when().calls(("get_weather", {"city": "Rome"}), ("invented", '{"half": '))
    calls = message(ask(api, tools=WEATHER))["tool_calls"]
    assert [(call["function"]["name"], call["function"]["arguments"]) for call in calls] == [
        ("get_weather", '{"city":"Rome"}'),
        ("invented", '{"half": '),
    ]
    assert message(ask(api))["tool_calls"][1]["function"]["name"] == "invented"


def test_a_custom_tool_gets_its_input(api: Api) -> None:
    """As the request offers it."""
    api.simulator.rules.when().call("run", "print(1)")
    tools = [{"type": "custom", "custom": {"name": "run"}}]
    [call] = message(ask(api, tools=tools))["tool_calls"]
    assert call["custom"] == {"name": "run", "input": "print(1)"}


def test_a_refusal_stands_in_its_own_field(api: Api) -> None:
    """Whole and streamed."""
    api.simulator.rules.when().refuse("I can't help with that.")
    assert message(ask(api)) == {
        "role": "assistant",
        "content": None,
        "refusal": "I can't help with that.",
        "annotations": [],
    }
    events = [event for event in ask(api, stream=True).events if event != "[DONE]"]
    deltas = [event["choices"][0]["delta"] for event in events]
    assert deltas[0] == {"role": "assistant", "content": None, "refusal": ""}
    assert "".join(delta.get("refusal") or "" for delta in deltas) == "I can't help with that."
    assert events[-1]["choices"][0]["finish_reason"] == "stop"


def test_scripted_words_are_streamed_counted_and_charged_like_any_other(api: Api) -> None:
    """The same counts whole and streamed, in the answer and in the journal."""
    api.simulator.rules.when().reply("Rain, twelve degrees, and wind from the west.")
    whole = ask(api).json
    streamed = ask(api, stream=True, stream_options={"include_usage": True}).events
    texts = [event["choices"][0]["delta"].get("content", "") for event in streamed[:-2]]
    assert "".join(texts) == "Rain, twelve degrees, and wind from the west."
    assert len(texts) > 8
    assert streamed[-2]["usage"] == whole["usage"]
    first, second = api.simulator.journal
    assert first.charge == second.charge > 0
    assert first.usage is not None
    assert first.usage.text_out == whole["usage"]["completion_tokens"] == 11
    assert first.rule == "rule-1"


def test_limits_and_stops_cut_scripted_words(api: Api) -> None:
    """As they cut any others."""
    api.simulator.rules.when().reply("one two three four five")
    cut = ask(api, max_tokens=2).json["choices"][0]
    assert (cut["message"]["content"], cut["finish_reason"]) == ("one two", "length")
    assert says(api, stop=[" three"]) == "one two"


def test_logprobs_are_of_the_scripted_words(api: Api) -> None:
    """Token by token; a bias does not touch what a rule says."""
    api.simulator.rules.when().reply("Yes.")
    choice = ask(api, logprobs=True, logit_bias={"9642": -100}).json["choices"][0]
    assert "".join(entry["token"] for entry in choice["logprobs"]["content"]) == "Yes."


def test_a_stream_that_was_left_is_charged_for_what_was_sent(make_api: Callable[..., Api]) -> None:
    """Scripted or not."""
    api = make_api(pacing=Pacing(ttft=1000, itl=1000))
    api.simulator.rules.when().reply("one two three four five six seven eight nine ten")
    ask(api, stream=True, stop_after=4)
    [entry] = api.simulator.journal
    assert entry.usage is not None
    assert 0 < entry.usage.text_out < 10
    assert not entry.complete


def test_finish_reason_and_usage_can_be_set(api: Api) -> None:
    """Shown and charged; also of what the model says by itself."""
    usage = {"prompt_tokens": 1000, "cached_tokens": 200, "completion_tokens": 500, "reasoning_tokens": 100}
    rules = api.simulator.rules
    rules.when(last_message="filter").reply("", finish_reason="content_filter")
    rules.when().as_usual(usage=usage)
    assert ask(api, "filter").json["choices"][0]["finish_reason"] == "content_filter"
    result = ask(api)
    assert message(result)["content"]
    shown = result.json["usage"]
    assert (shown["prompt_tokens"], shown["completion_tokens"], shown["total_tokens"]) == (1000, 500, 1500)
    assert shown["prompt_tokens_details"]["cached_tokens"] == 200
    assert shown["completion_tokens_details"]["reasoning_tokens"] == 100
    # gpt-4o: $2.50, $1.25 and $10 for a million tokens.
    assert api.simulator.journal[-1].charge == 800 * 2_500_000 + 200 * 1_250_000 + 500 * 10_000_000


def test_an_error_comes_after_the_limits_and_has_its_headers(api: Api) -> None:
    """It has cost a request; its own headers take the place of ordinary ones."""
    api.simulator.rules.when().fail(429, "Slow down, {model}", retry_after=1.5, headers={"x-request-id": "req_mine"})
    refused = ask(api)
    assert refused.error == {
        "message": "Slow down, gpt-4o",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    assert (refused.headers["retry-after"], refused.headers["retry-after-ms"]) == ("2", "1500")
    assert refused.headers["x-ratelimit-remaining-requests"] == "499"
    assert refused.headers["x-request-id"] == "req_mine"
    [entry] = api.simulator.journal
    assert (entry.rule, entry.error, entry.charge) == ("rule-1", "rate_limit_exceeded", 0)


@pytest.mark.parametrize(
    ("error", "type", "code"),
    [
        (429, "requests", "rate_limit_exceeded"),
        ({"code": "insufficient_quota"}, "insufficient_quota", "insufficient_quota"),
        (500, "server_error", None),
        (503, "server_error", None),
        (
            {"status": 400, "message": "No", "code": "content_policy_violation"},
            "invalid_request_error",
            "content_policy_violation",
        ),
    ],
)
def test_an_error_needs_only_what_it_cannot_have_by_itself(api: Api, error: Any, type: str, code: str | None) -> None:
    """Type, code and words follow from the status where they are known."""
    api.simulator.rules.add({"error": error})
    told = ask(api).error
    assert (told["type"], told["code"]) == (type, code)
    assert told["message"]


def test_errors_can_be_scripted_at_every_metered_endpoint(api: Api) -> None:
    """Words only where they can be said; a rule for all leaves the others as they are."""
    rules = api.simulator.rules
    rules.when().reply("words")
    rules.when(endpoint="images").fail(400, "Not this picture.", code="moderation_blocked")
    refused = api.send("POST", "/v1/images/generations", b'{"model": "gpt-image-1", "prompt": "a cat"}')
    assert refused.error["code"] == "moderation_blocked"
    with pytest.raises(RuleError, match="'images', but such an answer is given by chat, completions, realtime,"):
        rules.when(endpoint="images").reply("words")
    with pytest.raises(RuleError, match="'chat', but such an answer is given by embeddings"):
        rules.when(endpoint="chat").embed([1.0])


def test_embeddings_can_be_scripted(api: Api) -> None:
    """Each text its own vector, the last for all that follow; in both encodings, and whatever length it has."""
    rules = api.simulator.rules
    rules.when(last_message="king").embed([1, 0], [0.5, -0.5])
    body = {"model": "text-embedding-3-small", "input": ["queen", "knight", "king"]}
    given = post(api, "/v1/embeddings", body).json
    assert [each["embedding"] for each in given["data"]] == [[1, 0], [0.5, -0.5], [0.5, -0.5]]
    packed = post(api, "/v1/embeddings", {**body, "input": "king", "encoding_format": "base64"}).json
    assert b64decode(packed["data"][0]["embedding"]) == struct.pack("<2f", 1, 0)
    assert given["usage"]["prompt_tokens"] > 0
    usual = post(api, "/v1/embeddings", {**body, "input": "pawn"}).json
    assert len(usual["data"][0]["embedding"]) == 1536


def test_pictures_can_be_scripted_by_another_prompt(api: Api) -> None:
    """It is painted as if it had been asked for; quoted words stand in it."""
    pytest.importorskip("PIL")
    from PIL import Image

    rules = api.simulator.rules
    rules.when(last_message={"regex": "a (blue|red) thing"}).draw("three {1} apples")
    body = {"model": "gpt-image-1-mini", "prompt": "a red thing", "quality": "low", "size": "1024x1024"}
    scripted = post(api, "/v1/images/generations", body).json
    rules.clear()
    usual = post(api, "/v1/images/generations", body).json
    pictures = [Image.open(BytesIO(b64decode(each["data"][0]["b64_json"]))) for each in (scripted, usual)]
    assert [picture.size for picture in pictures] == [(1024, 1024)] * 2
    assert pictures[0].tobytes() != pictures[1].tobytes()
    assert scripted["usage"] == usual["usage"]


def test_a_picture_can_be_handed_out_as_it_is(api: Api, tmp_path: Path) -> None:
    """Whole, streamed and as a link; what is told of its format is true."""
    pytest.importorskip("PIL")
    from PIL import Image

    path = tmp_path / "red.webp"
    Image.new("RGB", (64, 64), "red").save(path, "WEBP")
    file = path.read_bytes()
    api.simulator.rules.when(endpoint="images").draw(file=file)
    body = {"model": "gpt-image-1-mini", "prompt": "a cat", "quality": "low", "size": "1024x1024"}
    whole = post(api, "/v1/images/generations", body).json
    assert b64decode(whole["data"][0]["b64_json"]) == file
    assert whole["output_format"] == "webp"
    streamed = post(api, "/v1/images/generations", {**body, "stream": True, "partial_images": 1})
    events = [json.loads(line[6:]) for line in streamed.body.decode().splitlines() if line.startswith("data: ")]
    assert [(event["output_format"], b64decode(event["b64_json"])) for event in events] == [("webp", file)] * 2
    linked = post(api, "/v1/images/generations", {"model": "dall-e-3", "prompt": "a cat"}).json
    assert linked["data"][0]["revised_prompt"]
    address = urlsplit(linked["data"][0]["url"])
    fetched = api.ask(Request("GET", address.path, {}, query=address.query.encode()))
    assert (fetched.body, fetched.headers["content-type"]) == (file, "image/webp")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"image": 1}, "'image' must be a prompt, or a table of base64"),
        ({"image": {"base64": "bm8="}}, "'image.base64' must be a PNG, JPEG or WebP in base64"),
        ({"image": {"path": "x"}}, "'image.path' is not known"),
        ({"image": "a cat", "finish_reason": "stop"}, "'finish_reason' cannot stand beside 'image'"),
        ({"image": "{nobody}"}, "quotes {nobody}"),
        ({"embedding": []}, "'embedding' must be lists of 1 to 8192 numbers"),
        ({"embedding": [[1], ["x"]]}, "'embedding' must be made of finite numbers"),
        ({"embedding": [float("nan")]}, "'embedding' must be made of finite numbers"),
        ({"embedding": [True]}, "'embedding' must be made of finite numbers"),
    ],
)
def test_pictures_and_vectors_are_checked_at_once(api: Api, answer: dict[str, Any], words: str) -> None:
    with pytest.raises(RuleError) as refused:
        api.simulator.rules.add(answer)
    assert words in str(refused.value)
    assert not api.simulator.rules


def test_spoken_answers_say_the_scripted_words(api: Api) -> None:
    """The transcript is the rule's."""
    pytest.importorskip("espeakng_loader")
    api.simulator.rules.when().reply("Good morning, Paris.")
    said = ask(api, model="gpt-audio", modalities=["text", "audio"], audio={"voice": "alloy", "format": "wav"})
    assert message(said)["audio"]["transcript"] == "Good morning, Paris."
    assert message(said)["content"] is None


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"reply": 5}, "Rule 1: 'reply' must be a text, not 5; other values go into 'json'."),
        ({"when": {}}, "Rule 1: 'reply' is missing: an answer is one of"),
        ({"name": "x", "reply": "a", "json": 1}, "Rule 'x': 'json' cannot stand beside 'reply'"),
        ({"when": {"modle": "a"}, "reply": "a"}, "Rule 1: 'when.modle' is not known; a condition is endpoint, model"),
        (
            {"when": {"last_message": {"regex": "("}}, "reply": "a"},
            "'when.last_message.regex' is no regular expression",
        ),
        ({"when": {"on": 0}, "reply": "a"}, "'when.on' must be a number from 1 on"),
        ({"when": {"endpoint": "chats"}, "reply": "a"}, "'when.endpoint' must be one of chat, completions"),
        ({"reply": "Hi {name}"}, "'reply' quotes {name}, but there are {call}, {last_message}, {model}"),
        (
            {"answers": [{"reply": "a"}, {"error": 200}]},
            "'answers[1].error.status' must be a whole number from 400 to 599",
        ),
        ({"error": 404}, "'error.message' is missing: only 429, 500, 503 have one of their own"),
        ({"error": {"headers": {"content-length": 1}}}, "'error.headers.content-length' belongs to the framing"),
        ({"reply": "a", "times": 0}, "'times' must be a whole number from 1 on, not 0"),
        ({"reply": "a", "usage": {"reasoning_tokens": 5}}, "'usage.reasoning_tokens' is a part of completion_tokens"),
        ({"reply": "a", "finish_reason": "done"}, "'finish_reason' must be one of stop, length"),
        ({"tool_calls": [{"arguments": {}}]}, "'tool_calls[0].name' is missing"),
        ({"reply": "a" * RULE_BYTES}, "'answers' are larger than"),
        ({"as_usual": False}, "'as_usual' can only be true"),
        ({"rely": "a"}, "Rule 1: 'rely' is not known; a rule has name, when, answers, reply"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_sentence(table: Any, sentence: str) -> None:
    """With the rule, the key and what is accepted."""
    with pytest.raises(RuleError) as refused:
        Rules().add(table)
    assert sentence in str(refused.value)
    assert str(refused.value).endswith(".")


def test_all_or_none_are_added_and_names_are_unique() -> None:
    """An error changes nothing."""
    rules = Rules([{"name": "standing", "reply": "I stay."}])
    with pytest.raises(RuleError) as refused:
        rules.add({"name": "good", "reply": "a"}, {"name": "standing", "reply": "b"})
    assert refused.value.position == 1
    assert [rule.name for rule in rules] == ["standing"]
    rules.add({"name": "good", "reply": "a"})
    rules["good"].remove()
    assert [rule.name for rule in rules] == ["standing"]
    rules.clear()
    rules.reset()
    assert rules["standing"].table["answers"] == [{"reply": "I stay."}]
    with pytest.raises(KeyError):
        rules.remove("good")


def test_there_is_a_bound_to_how_many() -> None:
    """And a sentence about it."""
    rules = Rules()
    rules.add(*({"reply": "a"} for _ in range(RULES_KEPT)))
    with pytest.raises(RuleError, match="one more than the 1000 rules"):
        rules.when().reply("b")


def test_lists_show_rules_without_secrets(api: Api) -> None:
    """Keys are masked, functions and expressions are named."""
    rule = api.simulator.rules.when(key="sk-secret-0123456789", last_message=re.compile("a+"), where=len).reply("x")
    assert rule.table["when"] == {
        "key": "sk-secre********6789",
        "last_message": {"regex": "a+"},
        "where": "a function",
    }


def test_without_rules_nothing_is_asked(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One truth test, as with faults; a thousand rules are looked through in well under a second."""
    asked: list[object] = []
    monkeypatch.setattr(Rules, "script", lambda *given: asked.append(given))
    ask(api)
    assert not asked
    monkeypatch.undo()
    api.simulator.rules.add(*({"when": {"last_message": f"word{n}"}, "reply": "x"} for n in range(RULES_KEPT)))
    began = perf_counter()
    ask(api)
    assert perf_counter() - began < 0.5


def test_responses_say_the_same_words(api: Api) -> None:
    """Texts, calls, refusals, counts and ends, as items; whole and streamed."""
    rules = api.simulator.rules
    rules.when(endpoint="responses", last_message="hello").reply("Hi from {model}.", usage={"completion_tokens": 50})
    rules.when(tool="get_weather").call("get_weather", {"city": "Oslo"})
    rules.when(last_message="bad").refuse("No.")
    rules.when(last_message="cut").reply("Half", finish_reason="length")

    def respond(text: str, **more: Any) -> Result:
        body = {"model": "gpt-4o", "input": [{"role": "user", "content": text}], **more}
        return api.send("POST", "/v1/responses", json.dumps(body).encode())

    said = respond("hello").json
    assert said["output"][0]["content"][0]["text"] == "Hi from gpt-4o."
    assert said["usage"]["output_tokens"] == 50
    tools = [
        {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}, "strict": False}
    ]
    [called] = respond("weather", tools=tools).json["output"]
    assert (called["type"], called["name"], called["arguments"]) == ("function_call", "get_weather", '{"city":"Oslo"}')
    assert respond("bad").json["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]
    assert respond("cut").json["incomplete_details"] == {"reason": "max_output_tokens"}
    streamed = respond("bad", stream=True).body.decode()
    assert "event: response.refusal.done" in streamed
    assert api.simulator.journal[-1].rule == "rule-3"
