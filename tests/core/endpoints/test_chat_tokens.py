"""What requests ask about single tokens: log probabilities, biases, and answers that repeat."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.core import logprobs
from understudy.media.vocabulary import BundledVocabulary

if TYPE_CHECKING:
    from tests.conftest import Api

vocabulary = BundledVocabulary()


def says(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("text", ["Say hello to the world", "Say 🧛‍♂️ 世界 ᠮ", "Tell me about rain"])
@pytest.mark.parametrize("top", [None, 0, 1, 2, 20])
def test_log_probabilities_hold_together(api: Api, text: str, top: int | None) -> None:
    """One entry a token; bytes make the text; lists fall, sum below one, and hold what was said."""
    choice = api.chat({"logprobs": True, "top_logprobs": top, "messages": says(text)}).json["choices"][0]
    assert list(choice) == ["index", "message", "logprobs", "finish_reason"]
    shown = choice["logprobs"]
    assert shown["refusal"] is None
    spelled = bytes(chain.from_iterable(entry["bytes"] for entry in shown["content"]))
    assert spelled.decode() == choice["message"]["content"]
    assert len(shown["content"]) == vocabulary.count(choice["message"]["content"], "o200k_base")
    for entry in shown["content"]:
        assert list(entry) == ["token", "logprob", "bytes", "top_logprobs"]
        assert entry["token"] == bytes(entry["bytes"]).decode("utf-8", "backslashreplace")
        listed = entry["top_logprobs"]
        assert len(listed) == (top or 0)
        if top:
            assert (entry["token"], entry["logprob"]) in [(each["token"], each["logprob"]) for each in listed]
            assert len({tuple(each["bytes"]) for each in listed}) == top
        chances = [each["logprob"] for each in listed]
        assert chances == sorted(chances, reverse=True)
        assert sum(math.exp(chance) for chance in chances) < 1
        assert entry["logprob"] < 0


def test_tokens_that_are_no_text_are_spelled_in_bytes(api: Api) -> None:
    """As OpenAI's cookbook shows them; the bytes of all of them make the character."""
    content = api.chat({"logprobs": True, "messages": says("Say ᠮ")}).json["choices"][0]["logprobs"]["content"]
    assert [entry["token"] for entry in content] == ["\\xe1", "\\xa0", "\\xae"]
    assert [entry["bytes"] for entry in content] == [[0xE1], [0xA0], [0xAE]]


def test_a_stream_carries_the_entries_of_its_tokens(api: Api) -> None:
    """Empty at the role, with every piece its own, null at the end; tokens of one character come together."""
    body = {"logprobs": True, "top_logprobs": 2, "temperature": 0, "messages": says("Say hello ᠮ")}
    whole = api.chat(body).json["choices"][0]
    choices = [event["choices"][0] for event in api.chat({**body, "stream": True}).events[:-1]]
    assert choices[0]["logprobs"] == {"content": [], "refusal": None}
    assert choices[-1]["logprobs"] is None
    streamed = [entry for choice in choices[1:-1] for entry in choice["logprobs"]["content"]]
    assert streamed == whole["logprobs"]["content"]
    for choice in choices[1:-1]:
        spelled = bytes(chain.from_iterable(entry["bytes"] for entry in choice["logprobs"]["content"]))
        assert spelled.decode() == choice["delta"]["content"]


def test_a_cut_answer_has_an_entry_for_every_token_it_is_charged_for(api: Api) -> None:
    """Also for those that only begin a character; a stream shows them without text."""
    body = {"logprobs": True, "max_tokens": 2, "temperature": 0, "messages": says("Say ᠮ")}
    whole = api.chat(body).json
    assert whole["choices"][0]["message"]["content"] == ""
    assert [entry["bytes"] for entry in whole["choices"][0]["logprobs"]["content"]] == [[0xE1], [0xA0]]
    assert whole["usage"]["completion_tokens"] == 2
    events = api.chat({**body, "stream": True}).events
    assert [choice["choices"][0]["delta"] for choice in events[1:-2]] == [{"content": ""}]
    assert len(events[1]["choices"][0]["logprobs"]["content"]) == 2


def test_memory_for_log_probabilities_is_bounded(make_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer answer is cut as if by a limit."""
    monkeypatch.setattr(logprobs, "MAX_ENTRIES", 60)
    body = {"logprobs": True, "top_logprobs": 2, "n": 4, "messages": says("Tell me about rain in 90 words")}
    completion = make_api(tier=5).chat(body).json
    assert [choice["finish_reason"] for choice in completion["choices"]] == ["length"] * 4
    assert {len(choice["logprobs"]["content"]) for choice in completion["choices"]} == {5}


@pytest.mark.parametrize("model", ["gpt-5-chat-latest", "o4-mini", "gpt-5-nano"])
def test_models_without_log_probabilities_refuse(make_api: Callable[..., Api], model: str) -> None:
    """403, with the reported words."""
    result = make_api(tier=5).chat({"model": model, "logprobs": True})
    assert result.status == 403
    assert result.error["message"] == "You are not allowed to request logprobs from this model"


def test_choices_of_a_stream_take_turns(api: Api) -> None:
    """Every index has its own role and finish chunk, and each round goes by index."""
    events = api.chat({"n": 3, "temperature": 0, "stream": True, "messages": says("Say one two")}).events[:-1]
    order = [event["choices"][0]["index"] for event in events]
    assert order == [0, 1, 2] * (len(order) // 3)
    assert [event["choices"][0]["finish_reason"] for event in events[-3:]] == ["stop"] * 3


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(min_size=1, max_size=40),
    picks=st.lists(st.integers(0, 400), max_size=40),
    limit=st.none() | st.integers(1, 20),
)
def test_a_banned_token_never_appears(
    make_api: Callable[..., Api], text: str, picks: list[int], limit: int | None
) -> None:
    """Whichever tokens of the usual answer are banned, in text and in the lists of what might have been said."""
    api = make_api(tier=5)
    body = {"messages": says(text), "temperature": 0, "max_tokens": limit}
    usual = vocabulary.encode(api.chat(body).json["choices"][0]["message"]["content"], "o200k_base")
    banned = {usual[pick % len(usual)] for pick in picks if usual}
    answer = api.chat(
        {**body, "logit_bias": {str(token): -100 for token in banned}, "logprobs": True, "top_logprobs": 5}
    )
    choice = answer.json["choices"][0]
    assert banned.isdisjoint(vocabulary.encode(choice["message"]["content"], "o200k_base"))
    spelled = {vocabulary.token_bytes(token, "o200k_base") for token in banned}
    for entry in choice["logprobs"]["content"]:
        assert spelled.isdisjoint(bytes(each["bytes"]) for each in entry["top_logprobs"])


def test_a_forced_token_fills_the_answer(api: Api) -> None:
    """100 leaves nothing else to say, the end neither; several forced tokens are drawn from."""
    [token] = vocabulary.encode(" yes", "o200k_base")
    [other] = vocabulary.encode(" no", "o200k_base")
    result = api.chat({"logit_bias": {str(token): 100}, "max_tokens": 4}).json
    assert result["choices"][0]["message"]["content"] == " yes yes yes yes"
    assert result["choices"][0]["finish_reason"] == "length"
    assert result["usage"]["completion_tokens"] == 4
    body = {"logit_bias": {str(token): 100, str(other): 100}, "max_tokens": 1, "n": 20}
    said = {choice["message"]["content"] for choice in api.chat(body).json["choices"]}
    assert said == {" yes", " no"}


@pytest.mark.parametrize(
    ("biases", "message"),
    [
        ({"red": -100}, "Invalid key in 'logit_bias': red. You should only be submitting non-negative integers."),
        ({"200000": 1}, "Invalid key in 'logit_bias': 200000. Maximum value is 199999."),
    ],
)
def test_keys_that_are_no_tokens_are_refused(api: Api, biases: dict[str, int], message: str) -> None:
    """In the reported words."""
    error = api.chat({"logit_bias": biases}).error
    assert (error["message"], error["param"]) == (message, "logit_bias")


def said(api: Api, **body: Any) -> str:
    content: str = api.chat({"messages": says("Tell me about the sea"), **body}).json["choices"][0]["message"][
        "content"
    ]
    return content


def test_at_temperature_zero_a_repeated_request_is_answered_alike(api: Api) -> None:
    """Word for word, streamed or not, but under a new id; otherwise each answer is another."""
    for fixed in ({"temperature": 0}, {"seed": 7}, {"top_p": 0}):
        answers = [api.chat({"messages": says("Tell me about the sea"), **fixed}) for _ in range(3)]
        assert len({answer.json["choices"][0]["message"]["content"] for answer in answers}) == 1
        assert len({answer.json["id"] for answer in answers}) == 3
        events = api.chat({"messages": says("Tell me about the sea"), **fixed, "stream": True}).events
        streamed = "".join(event["choices"][0]["delta"].get("content", "") for event in events[:-1])
        assert streamed == answers[0].json["choices"][0]["message"]["content"]
    assert len({said(api) for _ in range(4)}) > 1


def test_different_seeds_differ(api: Api) -> None:
    """And none is bound to what was asked before."""
    assert len({said(api, seed=seed) for seed in range(8)}) > 4
    assert said(api, seed=3) == said(api, seed=3)


def test_choices_at_temperature_zero_say_the_same_and_calls_have_ids_of_their_own(api: Api) -> None:
    """Words repeat, ids never."""
    choices = api.chat({"messages": says("Tell me about the sea"), "temperature": 0, "n": 3}).json["choices"]
    assert len({choice["message"]["content"] for choice in choices}) == 1
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    body = {"temperature": 0, "n": 3, "tools": [tool], "tool_choice": "required"}
    ids = [
        call["id"]
        for _ in range(2)
        for choice in api.chat(body).json["choices"]
        for call in choice["message"]["tool_calls"]
    ]
    assert len(set(ids)) == len(ids) >= 6


@pytest.mark.parametrize("name", ["tool_choice", "parallel_tool_calls"])
def test_tool_parameters_need_tools(api: Api, name: str) -> None:
    """The reported words (2024 to 2025)."""
    error = api.chat({name: "auto" if name == "tool_choice" else True}).error
    assert error == {
        "message": f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.",
        "type": "invalid_request_error",
        "param": name,
        "code": None,
    }
