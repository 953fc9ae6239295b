"""Parameters that change an answer without changing what is asked: predictions, sources, tiers, effort, caching."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from understudy.core import prompt_cache
from understudy.core.pricing import PriceList, charge
from understudy.media.vocabulary import BundledVocabulary
from understudy_data import toml

if TYPE_CHECKING:
    from tests.conftest import Api

vocabulary = BundledVocabulary()
CODE = "class User {\n  firstName: string = '';\n  lastName: string = '';\n  username: string = '';\n}\n"


def says(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_a_prediction_is_followed_and_its_overlap_counted(api: Api) -> None:
    """The changed text comes back; accepted and rejected tokens are those of the two texts."""
    body = {
        "model": "gpt-4.1",
        "messages": says("Replace the `username` property with an `email` property. Answer with code only."),
        "prediction": {"type": "content", "content": CODE},
    }
    completion = api.chat(body).json
    said = completion["choices"][0]["message"]["content"]
    assert said == CODE.replace("username", "email")
    details = completion["usage"]["completion_tokens_details"]
    predicted = vocabulary.count(CODE, "o200k_base")
    assert details["accepted_prediction_tokens"] + details["rejected_prediction_tokens"] == predicted
    assert details["rejected_prediction_tokens"] == 1
    assert completion["usage"]["completion_tokens"] == vocabulary.count(said, "o200k_base") + 1


def test_a_prediction_that_is_met_is_accepted_whole(api: Api) -> None:
    """In parts or as one text, and in a stream's usage as well."""
    parts = [{"type": "text", "text": "One two "}, {"type": "text", "text": "three four"}]
    body = {"messages": says("Give it back."), "prediction": {"type": "content", "content": parts}}
    completion = api.chat(body).json
    assert completion["choices"][0]["message"]["content"] == "One two three four"
    streamed = api.chat({**body, "stream": True, "stream_options": {"include_usage": True}}).events[-2]["usage"]
    for usage in (completion["usage"], streamed):
        assert usage["completion_tokens_details"]["accepted_prediction_tokens"] == 4
        assert usage["completion_tokens_details"]["rejected_prediction_tokens"] == 0
        assert usage["completion_tokens"] == 4


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "gpt-5-mini"}, "prediction"),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"max_completion_tokens": 5}, "max_completion_tokens"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
    ],
)
def test_what_does_not_go_with_a_prediction_is_refused(api: Api, body: dict[str, Any], param: str) -> None:
    """As the guide to predicted outputs lists it."""
    error = api.chat({"prediction": {"type": "content", "content": "x"}, **body}).error
    assert (error["param"], error["code"]) == (param, "unsupported_parameter")


SEARCH = {"model": "gpt-4o-mini-search-preview"}


def test_a_search_model_cites_its_sources(make_api: Callable[..., Api]) -> None:
    """Indices cut the bracket out of the text; hosts are examples; fields, order and id are as recorded."""
    api = make_api(tier=2)
    for number in range(10):
        body = {**SEARCH, "messages": says(f"What is the latest stable version of Ruby {number}? Cite your sources.")}
        completion = api.chat({**body, "web_search_options": {}}).json
        assert re.fullmatch(
            r"chatcmpl-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", completion["id"]
        )
        message = completion["choices"][0]["message"]
        assert message["annotations"]
        for annotation in message["annotations"]:
            assert list(annotation) == ["type", "url_citation"]
            citation = annotation["url_citation"]
            assert list(citation) == ["end_index", "start_index", "title", "url"]
            bracket = message["content"][citation["start_index"] : citation["end_index"]]
            host = re.fullmatch(
                r"https://www\.(example\.(?:com|org|net))/[a-z0-9-]+\?utm_source=openai", citation["url"]
            )
            assert host is not None
            assert bracket == f"([{host[1]}]({citation['url']}))"
        assert completion["usage"]["completion_tokens"] == vocabulary.count(message["content"], "o200k_base")


def test_a_search_models_stream_ends_with_its_sources(make_api: Callable[..., Api]) -> None:
    """They come in the chunk with the finish reason (a chunk reported in 2025-05)."""
    body = {**SEARCH, "messages": says("What is the latest stable version of Ruby?"), "stream": True}
    events = make_api(tier=2).chat(body).events[:-1]
    text = "".join(event["choices"][0]["delta"].get("content", "") for event in events)
    last = events[-1]["choices"][0]
    assert last["finish_reason"] == "stop"
    for annotation in last["delta"]["annotations"]:
        citation = annotation["url_citation"]
        assert citation["url"] in text[citation["start_index"] : citation["end_index"]]


def test_searching_is_refused_where_it_cannot_be(make_api: Callable[..., Api]) -> None:
    """In the recorded words; and a search model takes no temperature."""
    api = make_api(tier=2)
    error = api.chat({"web_search_options": {}}).error
    assert (error["message"], error["param"]) == (
        "Web search options not supported with this model.",
        "web_search_options",
    )
    error = api.chat({**SEARCH, "temperature": 1}).error
    assert (error["message"], error["param"]) == ("Model incompatible request argument supplied: temperature", None)
    error = api.chat({**SEARCH, "web_search_options": {"search_context_size": "huge"}}).error
    assert error["param"] == "web_search_options.search_context_size"


def test_tiers_are_for_models_that_have_them(api: Api) -> None:
    """In the reported words."""
    flex = api.chat({"service_tier": "flex"}).error
    assert (flex["message"], flex["param"]) == ("Flex is not available for this model.", "service_tier")
    priority = api.chat({"model": "gpt-5-nano", "service_tier": "priority"}).error
    assert (priority["message"], priority["param"]) == ("Invalid service_tier argument", "service_tier")


@pytest.mark.parametrize("tier", ["default", "flex", "priority"])
def test_a_tier_has_its_price(api: Api, tier: str) -> None:
    """The ledger is charged at the tier that the answer names."""
    result = api.chat({"model": "gpt-5-mini", "service_tier": tier})
    entry = api.simulator.journal[-1]
    prices = PriceList(toml("prices.toml"), api.clock.now())
    assert result.json["service_tier"] == tier
    assert entry.charge == charge(entry.usage, prices.find("gpt-5-mini", tier)) > 0


@pytest.mark.parametrize(
    ("model", "effort", "accepted"),
    [
        ("o4-mini", "minimal", "'low', 'medium', and 'high'"),
        ("gpt-5", "none", "'minimal', 'low', 'medium', and 'high'"),
        ("gpt-5.2", "minimal", "'none', 'low', 'medium', 'high', and 'xhigh'"),
    ],
)
def test_efforts_that_a_model_does_not_know_are_refused(
    make_api: Callable[..., Api], model: str, effort: str, accepted: str
) -> None:
    """With the list of those it knows."""
    error = make_api(tier=5).chat({"model": model, "reasoning_effort": effort}).error
    assert error == {
        "message": f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. "
        f"Supported values are: {accepted}.",
        "type": "invalid_request_error",
        "param": "reasoning_effort",
        "code": "unsupported_value",
    }


def test_more_effort_thinks_more(make_api: Callable[..., Api]) -> None:
    """On average; none and minimal not at all."""
    api = make_api(tier=5)

    def thought(effort: str) -> int:
        total = 0
        for number in range(30):
            body = {"model": "gpt-5.6-sol", "reasoning_effort": effort, "messages": says(f"Think of {number}")}
            total += api.chat(body).json["usage"]["completion_tokens_details"]["reasoning_tokens"]
        return total

    totals = [thought(effort) for effort in ("none", "low", "medium", "high", "xhigh", "max")]
    assert totals[0] == 0
    assert totals == sorted(totals)


def test_a_model_that_does_not_think_takes_what_it_refuses_while_thinking(make_api: Callable[..., Api]) -> None:
    """Temperature, penalties and log probabilities (measured 2026-08)."""
    api = make_api(tier=5)
    asked = {"temperature": 0.5, "logprobs": True, "presence_penalty": 1, "top_p": 0.5}
    choice = api.chat({"model": "gpt-5.4", **asked}).json["choices"][0]
    assert choice["logprobs"]["content"]
    refused = {
        name: api.chat({"model": "gpt-5.4", "reasoning_effort": "low", name: value}).error["code"]
        for name, value in asked.items()
    }
    assert refused == {
        "temperature": "unsupported_value",
        "logprobs": None,
        "presence_penalty": "unsupported_parameter",
        "top_p": "unsupported_value",
    }


def test_the_newest_models_have_lower_bounds(make_api: Callable[..., Api]) -> None:
    """N to 8 and top_logprobs to 5 (measured 2026-08)."""
    api = make_api(tier=5)
    assert api.chat({"model": "gpt-5.6-terra", "n": 9}).error["code"] == "integer_above_max_value"
    body = {"model": "gpt-5.6-terra", "reasoning_effort": "none", "logprobs": True, "top_logprobs": 6}
    assert api.chat(body).error["code"] == "integer_above_max_value"


LONG = " ".join(f"Rule {number}: be kind to number {number}." for number in range(200))


def cached(api: Api, prompt: str = LONG, **body: Any) -> int:
    messages = [{"role": "system", "content": prompt}, *says("Hello")]
    usage = api.chat({"messages": messages, **body}).json["usage"]
    tokens: int = usage["prompt_tokens_details"]["cached_tokens"]
    assert tokens < usage["prompt_tokens"]
    return tokens


def test_a_repeated_beginning_is_cached(make_api: Callable[..., Api]) -> None:
    """In steps of 128 from 1,024 on, up to where the prompts differ."""
    api = make_api(tier=5)
    assert cached(api) == 0
    whole = cached(api)
    assert whole > 1_024
    assert whole % 128 == 0
    part = cached(api, LONG[: len(LONG) * 3 // 4] + " And now for something else. " * 200)
    assert 1_024 <= part < whole
    assert part % 128 == 0
    assert cached(api, "x" + LONG) == 0


def test_short_prompts_are_never_cached(api: Api) -> None:
    """And leave nothing behind."""
    assert [cached(api, "Be kind. " * 300) for _ in range(2)] == [0, 0]
    assert len(api.simulator.prompts) == 0


@pytest.mark.parametrize(
    "change",
    [{"model": "gpt-4.1"}, {"prompt_cache_key": "b"}, {"tools": [{"type": "function", "function": {"name": "f"}}]}],
)
def test_another_model_route_or_tool_list_finds_nothing(make_api: Callable[..., Api], change: dict[str, Any]) -> None:
    """Only the same beginning on the same route is known."""
    api = make_api(tier=5)
    cached(api, model="gpt-4o", prompt_cache_key="a")
    assert cached(api, **{"model": "gpt-4o", "prompt_cache_key": "a", **change}) == 0
    assert cached(api, model="gpt-4o", prompt_cache_key="a") > 0


def test_models_without_a_cache_have_none(make_api: Callable[..., Api]) -> None:
    """Those before gpt-4o."""
    api = make_api(tier=5)
    assert [cached(api, model="gpt-4-turbo") for _ in range(2)] == [0, 0]


def test_another_organization_finds_nothing(make_api: Callable[..., Api]) -> None:
    """Prompts are never shared between organizations."""
    api = make_api(tier=5)
    body = json.dumps({"model": "gpt-4o", "messages": says(LONG)}).encode()
    results = [
        api.send("POST", "/v1/chat/completions", body, key=key).json["usage"]["prompt_tokens_details"]["cached_tokens"]
        for key in ("sk-one-0123456789", "sk-two-0123456789", "sk-one-0123456789")
    ]
    assert results[:2] == [0, 0]
    assert results[2] > 0


def test_a_beginning_is_forgotten_without_use(make_api: Callable[..., Api]) -> None:
    """Never within five minutes, always after ten; use keeps it; a day where that is asked for."""
    api = make_api(tier=5)
    cached(api)
    for _ in range(5):
        api.clock.advance(299)
        assert cached(api) > 0
    api.clock.advance(601)
    assert cached(api) == 0
    cached(api, prompt_cache_retention="24h")
    api.clock.advance(86_399)
    assert cached(api) > 0


def test_what_is_cached_costs_less(make_api: Callable[..., Api]) -> None:
    """The cached tokens at their own price, the others at the full one."""
    api = make_api(tier=5)
    charges = []
    for _ in range(2):
        tokens = cached(api, temperature=0)
        charges.append((tokens, api.simulator.journal[-1].charge))
    price = PriceList(toml("prices.toml"), api.clock.now()).find("gpt-4o").text
    (_, first), (tokens, second) = charges
    assert first - second == tokens * (price.given - price.cached)


def test_keeping_a_prompt_costs_a_quarter_more_and_a_search_has_its_price(make_api: Callable[..., Api]) -> None:
    """Where the pages say so: gpt-5.6's cache writes, and each call of a search model."""
    api = make_api(tier=5)
    usage = api.chat({"model": "gpt-5.6", "reasoning_effort": "none", "messages": says(LONG)}).json["usage"]
    price = PriceList(toml("prices.toml"), api.clock.now()).find("gpt-5.6-sol").text
    kept = usage["prompt_tokens_details"]["cache_write_tokens"]
    whole = usage["prompt_tokens"] * price.given + kept * price.given // 4 + usage["completion_tokens"] * price.made
    assert api.simulator.journal[-1].charge == whole
    usage = api.chat({**SEARCH, "messages": says("Tell me about rain")}).json["usage"]
    tokens = usage["prompt_tokens"] * 150_000 + usage["completion_tokens"] * 600_000
    assert api.simulator.journal[-1].charge == tokens + 25_000_000_000


def test_memory_for_beginnings_is_bounded(make_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first, and a reset forgets all."""
    monkeypatch.setattr(prompt_cache, "BEGINNINGS_KEPT", 40)
    api = make_api(tier=5)
    for number in range(20):
        cached(api, f"{number} {LONG}")
        assert len(api.simulator.prompts) <= 40
    assert cached(api, f"0 {LONG}") == 0
    assert cached(api, f"19 {LONG}") > 0
    api.simulator.reset()
    assert len(api.simulator.prompts) == 0


def test_the_newest_models_say_what_they_keep(make_api: Callable[..., Api]) -> None:
    """`cache_write_tokens`: what was not known and now is."""
    api = make_api(tier=5)
    details = [
        api.chat({"model": "gpt-5.6", "messages": says(LONG)}).json["usage"]["prompt_tokens_details"] for _ in range(2)
    ]
    assert details[0]["cached_tokens"] == 0
    assert details[0]["cache_write_tokens"] == details[1]["cached_tokens"] > 1_024
    assert details[1]["cache_write_tokens"] == 0


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (
            {"max_tokens": 5},
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "unsupported_parameter",
        ),
        ({"stop": "x"}, "Unsupported parameter: 'stop' is not supported with this model.", "unsupported_parameter"),
        (
            {"logit_bias": {"5": 1}},
            "Unsupported parameter: 'logit_bias' is not supported with this model.",
            "unsupported_parameter",
        ),
        (
            {"presence_penalty": 1},
            "Unsupported parameter: 'presence_penalty' is not supported with this model.",
            "unsupported_parameter",
        ),
        (
            {"temperature": 0.2},
            "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
            "unsupported_value",
        ),
    ],
)
@pytest.mark.parametrize("model", ["gpt-5-nano", "o3", "o4-mini"])
def test_reasoning_models_refuse_what_they_refuse(
    make_api: Callable[..., Api], model: str, body: dict[str, Any], message: str, code: str
) -> None:
    """In the recorded and measured words; the neutral values of penalties and temperature are borne."""
    api = make_api(tier=5)
    error = api.chat({"model": model, **body}).error
    assert (error["message"], error["param"], error["code"]) == (message, next(iter(body)), code)
    assert api.chat({"model": model, "presence_penalty": 0, "temperature": 1, "top_p": 1}).status == 200


@pytest.mark.parametrize("role", ["system", "developer"])
def test_the_first_small_reasoning_model_takes_no_instructions(make_api: Callable[..., Api], role: str) -> None:
    """Recorded of both roles."""
    messages = [{"role": role, "content": "Be kind."}, *says("Hello")]
    assert make_api(tier=5).chat({"model": "o1-mini", "messages": messages}).error == {
        "message": f"Unsupported value: 'messages[0].role' does not support '{role}' with this model.",
        "type": "invalid_request_error",
        "param": "messages[0].role",
        "code": "unsupported_value",
    }


def test_a_request_may_say_how_long_and_whether_its_prompt_is_kept(make_api: Callable[..., Api]) -> None:
    """Thirty minutes; or only where a breakpoint says so."""
    api = make_api(tier=5)
    cached(api, prompt_cache_options={"ttl": "30m"})
    api.clock.advance(29 * 60)
    assert cached(api) > 0
    api = make_api(tier=5)
    explicit = {"prompt_cache_options": {"mode": "explicit"}}
    assert [cached(api, **explicit) for _ in range(2)] == [0, 0]
    assert cached(api) == 0
    part = {"type": "text", "text": LONG, "prompt_cache_breakpoint": {"type": "ephemeral"}}
    for known in (False, True):
        usage = api.chat({**explicit, "messages": [{"role": "user", "content": [part]}]}).json["usage"]
        assert (usage["prompt_tokens_details"]["cached_tokens"] > 0) is known


def test_an_object_has_the_schema_that_the_messages_spell(api: Api) -> None:
    """Libraries that ask for JSON by words alone; a broken schema is no schema."""
    form = {"type": "object", "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}}}
    form["required"] = ["city", "degrees"]
    for spelled, wanted in ((form, {"city", "degrees"}), ({"type": "object", "properties": {"a": 3}}, {"answer"})):
        messages = [
            {"role": "system", "content": f"Answer in JSON that fits this schema: {json.dumps(spelled)}"},
            {"role": "user", "content": "The weather in Rome: 21 degrees"},
        ]
        body = {"model": "gpt-4o", "messages": messages, "response_format": {"type": "json_object"}}
        answer = api.send("POST", "/v1/chat/completions", json.dumps(body).encode())
        said = json.loads(answer.json["choices"][0]["message"]["content"])
        assert set(said) == wanted
        if wanted != {"answer"}:
            assert said["city"] == "Rome"
