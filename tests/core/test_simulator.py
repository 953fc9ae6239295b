from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.core.clock import MINUTE
from understudy.core.pricing import DOLLAR

if TYPE_CHECKING:
    from tests.conftest import Api, Result

LIMIT_HEADERS = {
    f"x-ratelimit-{part}-{kind}" for part in ("limit", "remaining", "reset") for kind in ("requests", "tokens")
}


def limit_headers(result: Result) -> set[str]:
    return {name for name in result.headers if name.startswith("x-ratelimit-")}


def test_no_key_is_refused_before_anything_else(api: Api) -> None:
    """401 of the edge, without the engine's headers, and nothing is charged."""
    result = api.send("POST", "/v1/chat/completions", b"no json", key=None)
    assert result.status == 401
    assert result.error["code"] is None
    assert result.error["message"].startswith("You didn't provide an API key.")
    assert "openai-version" not in result.headers
    assert result.headers["vary"] == "Origin"


@pytest.mark.parametrize("authorization", ["Basic abc", "Bearer ", "sk-test", ""])
def test_other_ways_to_name_a_key_count_as_none(api: Api, authorization: str) -> None:
    """Only `Bearer KEY` is a key."""
    assert api.send("GET", "/v1/models", key=None, headers={"authorization": authorization}).status == 401


def test_an_unknown_key_is_shown_masked(make_api: Callable[..., Api]) -> None:
    """Where keys are strict, the 401 names the key as the real one does."""
    api = make_api(known_keys=frozenset({"sk-right"}))
    result = api.send("GET", "/v1/models", key="sk-wrong-api-key")
    assert result.status == 401
    assert result.error["code"] == "invalid_api_key"
    assert result.error["message"].startswith("Incorrect API key provided: sk-wrong****-key. ")
    assert api.send("GET", "/v1/models", key="sk-right").status == 200
    assert "sk-wrong-api-key" not in repr(list(api.simulator.journal))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000])
def test_a_body_that_is_no_json_object_costs_nothing(api: Api, body: bytes) -> None:
    """400 of the edge without rate-limit headers, however deep it is nested; the next call starts from a full bucket."""
    result = api.send("POST", "/v1/chat/completions", body)
    assert result.status == 400
    assert result.error["message"].startswith("We could not parse the JSON body of your request.")
    assert not limit_headers(result)
    assert api.chat().headers["x-ratelimit-remaining-requests"] == "499"


@pytest.mark.parametrize("model", [None, "", 5, ["gpt-4o"]])
def test_a_body_without_a_model_is_refused_by_the_edge(api: Api, model: object) -> None:
    """Absent, null and empty alike (measured 2026-08)."""
    result = api.chat({"model": model})
    assert result.status == 400
    assert result.error["message"] == "you must provide a model parameter"
    assert not limit_headers(result)


def test_an_unknown_model_is_a_404_whose_param_is_null(api: Api) -> None:
    """As recorded: of the edge, free, without rate-limit headers."""
    result = api.chat({"model": "gpt-nope", "messages": []})
    assert result.status == 404
    assert result.error["code"] == "model_not_found"
    assert result.error["param"] is None
    assert not limit_headers(result)


def test_a_model_that_the_tier_does_not_have_does_not_exist(make_api: Callable[..., Api]) -> None:
    """The free tier has no gpt-5."""
    assert make_api(tier=0).chat({"model": "gpt-5"}).error["code"] == "model_not_found"
    assert make_api(tier=1).chat({"model": "gpt-5"}).status == 200


def test_a_retired_model_answers_unless_it_is_rejected(make_api: Callable[..., Api]) -> None:
    """The refusal is the recorded one."""
    assert make_api().chat({"model": "o1-mini"}).status == 200
    refused = make_api(reject_retired=True).chat({"model": "o1-mini"})
    assert refused.status == 404
    assert refused.error["message"] == (
        "The model `o1-mini` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
    )


def test_a_model_of_the_future_does_not_exist_yet(make_api: Callable[..., Api]) -> None:
    """On 1 May 2024 there is no gpt-4o."""
    api = make_api(at=1_714_521_600_000_000)
    assert api.chat({"model": "gpt-4o"}).status == 404
    assert api.chat({"model": "gpt-4"}).status == 200


def test_a_validation_error_costs_a_request_and_shows_what_is_left(api: Api) -> None:
    """400 of the engine with both trios (recorded 2025-08: 499 left of 500, one token charged)."""
    result = api.chat({"model": "gpt-5-nano", "messages": []})
    assert result.status == 400
    assert limit_headers(result) == LIMIT_HEADERS
    assert result.headers["x-ratelimit-remaining-requests"] == "499"
    assert result.headers["x-ratelimit-remaining-tokens"] == "199999"
    assert result.headers["x-ratelimit-reset-tokens"] == "0s"


def test_an_unknown_path_names_itself(api: Api) -> None:
    """404 with the method and the path."""
    result = api.send("POST", "/v1/nope")
    assert result.status == 404
    assert result.error["message"] == "Invalid URL (POST /v1/nope)"


def test_a_wrong_method_is_told_the_right_one(api: Api) -> None:
    """405."""
    result = api.send("GET", "/v1/images/edits")
    assert result.status == 405
    assert result.error["code"] == "method_not_supported"
    assert result.error["message"] == "Only POST requests are accepted."


def test_a_drained_bucket_names_the_wait_and_keeps_its_word(make_api: Callable[..., Api]) -> None:
    """429 with `retry-after`; who waits as told is let in."""
    api = make_api(tier=0)
    for _ in range(3):
        assert api.chat({"model": "gpt-4o-mini"}).status == 200
    refused = api.chat({"model": "gpt-4o-mini"})
    assert refused.status == 429
    assert refused.error["type"] == "requests"
    assert refused.error["code"] == "rate_limit_exceeded"
    assert (
        "on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s." in refused.error["message"]
    )
    assert refused.error["message"].endswith("https://platform.openai.com/account/billing.")
    assert refused.headers["retry-after"] == "20"
    assert refused.headers["retry-after-ms"] == "20000"
    assert refused.headers["content-type"] == "application/json; charset=utf-8"
    api.clock.advance(20)
    assert api.chat({"model": "gpt-4o-mini"}).status == 200


def test_a_request_over_the_whole_bucket_is_too_large(api: Api) -> None:
    """It has no wait, and so no retry headers."""
    result = api.chat({"messages": [{"role": "user", "content": "x" * 200_000}]})
    assert result.status == 429
    assert result.error["type"] == "tokens"
    assert result.error["message"].startswith("Request too large for gpt-4o in organization org-")
    assert "retry-after" not in result.headers


def test_spent_credits_end_in_insufficient_quota_and_bought_ones_go_on(make_api: Callable[..., Api]) -> None:
    """The circle: spend, 429, buy, go on; the refusal carries neither limits nor a wait."""
    api = make_api(credits=1)
    assert api.chat().status == 200
    refused = api.chat()
    assert refused.status == 429
    assert refused.error["type"] == refused.error["code"] == "insufficient_quota"
    assert not limit_headers(refused)
    assert "retry-after" not in refused.headers
    ledger = api.simulator.account("sk-test-0123456789").organization.ledger
    assert ledger.balance < 0
    ledger.grant(5 * DOLLAR, "purchased", api.clock.now())
    assert api.chat().status == 200


def test_a_call_is_charged_by_its_usage_to_the_pico_dollar(api: Api) -> None:
    """gpt-4o: $2.50 in and $10 out for a million tokens."""
    result = api.chat()
    usage = result.json["usage"]
    expected = usage["prompt_tokens"] * 2_500_000 + usage["completion_tokens"] * 10_000_000
    assert api.simulator.journal[-1].charge == expected
    assert api.simulator.account("sk-test-0123456789").organization.ledger.balance == 10 * DOLLAR - expected


def test_a_stream_that_is_left_is_charged_for_what_was_sent(api: Api) -> None:
    """The rest was never made."""
    body = {"stream": True, "messages": [{"role": "user", "content": "Tell me in exactly 200 words about rain."}]}
    whole = api.chat(body)
    left = api.chat(body, stop_after=6)
    assert api.simulator.journal[0].complete
    entry = api.simulator.journal[1]
    assert not entry.complete
    assert entry.usage is not None
    assert entry.usage.text_out == 5
    assert len(left.parts) == 6 < len(whole.parts)


def test_keys_do_not_share_limits_or_money(api: Api) -> None:
    """Each is its own account."""
    api.chat(key="sk-first-0123456789")
    assert api.chat(key="sk-other-0123456789").headers["x-ratelimit-remaining-requests"] == "499"


def test_the_minute_refills_with_the_clock(api: Api) -> None:
    """61 seconds later the bucket is full."""
    api.chat()
    api.chat()
    api.clock.advance(61)
    assert api.chat().headers["x-ratelimit-remaining-requests"] == "499"


def strip_transport(result: Result) -> tuple[dict[str, str], bytes]:
    headers = {name: value for name, value in result.headers.items() if name not in ("x-request-id", "cf-ray")}
    return headers, result.body


def test_same_seed_and_same_calls_give_the_same_bytes(make_api: Callable[..., Api]) -> None:
    """In whatever order the calls of other accounts come between."""
    first, second = make_api(seed=7), make_api(seed=7)
    calls = [{"messages": [{"role": "user", "content": text}]} for text in ("Tell me about rain.", "And about snow?")]
    one = [strip_transport(first.chat(call)) for call in calls]
    two = []
    for call in calls:
        second.chat(call, key="sk-somebody-else")
        two.append(strip_transport(second.chat(call)))
    assert one == two


def test_other_seeds_repeats_and_accounts_give_other_words(make_api: Callable[..., Api]) -> None:
    """Sixteen answers to one question are not all alike."""
    question = {"messages": [{"role": "user", "content": "Tell me about rain."}]}
    api = make_api()
    repeats = {api.chat(question).json["choices"][0]["message"]["content"] for _ in range(16)}
    seeds = {make_api(seed=seed).chat(question).json["id"] for seed in range(16)}
    keys = {api.chat(question, key=f"sk-number-{number:012d}").json["id"] for number in range(16)}
    assert len(repeats) > 1
    assert len(seeds) == len(keys) == 16


def test_cross_origin_calls_are_answered_and_preflights_allowed(api: Api) -> None:
    """A browser may call the API."""
    preflight = api.send(
        "OPTIONS", "/v1/chat/completions", key=None, headers={"access-control-request-headers": "authorization"}
    )
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-headers"] == "authorization"
    assert api.chat(headers={"origin": "https://app.example"}).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in api.chat().headers


def test_an_inner_failure_is_a_500_with_the_request_id(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported to whoever logs, and is never an empty success."""

    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(api.simulator.store, "admit", fail)
    with pytest.raises(ZeroDivisionError):
        api.chat()
    entry = api.simulator.journal[-1]
    assert entry.status == 500
    assert entry.request_id.startswith("req_")


def test_a_body_over_the_limit_gets_a_413(api: Api) -> None:
    """And an entry in the journal that says how long it was."""
    from understudy.core.messages import Request

    answer = api.simulator.refuse_body(Request("POST", "/v1/chat/completions", {}), api.clock.now(), 500, 100)
    assert answer.status == 413
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body)["error"]["message"] == "Maximum content size limit (100) exceeded (500 bytes read)"
    assert api.simulator.journal[-1].body_size == 500


def test_ten_thousand_calls_at_one_moment_let_exactly_the_limit_through(make_api: Callable[..., Api]) -> None:
    """Never one more."""
    api = make_api(tier=1)
    results = [api.chat().status for _ in range(2_000)]
    assert results.count(200) == 500
    assert results.count(429) == 1_500


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
parameter_names = st.sampled_from(
    ["messages", "tools", "tool_choice", "n", "stop", "stream", "stream_options", "temperature", "response_format",
     "logit_bias", "metadata", "functions", "max_tokens", "prediction", "audio", "modalities", "seed", "x"]
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(parameter_names, json_values, max_size=5))
def test_any_json_gets_an_answer_in_the_envelope(api: Api, body: dict[str, Any]) -> None:
    """Never a failure of our own, whatever stands where."""
    result = api.chat(body)
    assert result.status in (200, 400, 429, 501)
    if result.status != 200:
        assert set(result.error) == {"message", "type", "param", "code"}
        assert result.error["message"]
    api.clock.advance(MINUTE / 1_000_000)
