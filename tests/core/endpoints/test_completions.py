from __future__ import annotations

import ast
import json
import math
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types import Completion
from tests.openapi.schemas import document, validator

from understudy.core.endpoints.completions import Completions
from understudy.core.endpoints.completions_parameters import PARAMETERS
from understudy.core.pacing import Pacing
from understudy.core.pricing import DOLLAR

if TYPE_CHECKING:
    from tests.conftest import Api, Result

Recorded = Callable[[str], dict[str, Any]]
WHOLE = validator("completions", "CreateCompletionResponse")
FIB = "def fib(n):\n    if n <= 1:\n        return n\n    else:"


def ask(api: Api, body: dict[str, Any] | None = None, **options: Any) -> Result:
    whole = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say this is a test", **(body or {})}
    return api.send("POST", "/v1/completions", json.dumps(whole).encode(), **options)


def spent(api: Api) -> int:
    return 10 * DOLLAR - api.simulator.account("sk-test-0123456789").organization.ledger.balance


def texts(result: Result) -> list[str]:
    return [choice["text"] for choice in result.json["choices"]]


REQUESTS: dict[str, dict[str, Any]] = {
    "text": {},
    "no prompt": {"prompt": None, "model": "davinci-002"},
    "several": {"prompt": ["One", "Two", "Three"], "n": 2, "model": "babbage-002"},
    "tokens": {"prompt": [1212, 318, 257, 1332, 13]},
    "token lists": {"prompt": [[1212, 318], [100257], [100256]], "max_tokens": 60},
    "cut": {"max_tokens": 3},
    "nothing": {"max_tokens": 0},
    "stopped": {"stop": ["is", "a"], "prompt": "Tell me about rain", "max_tokens": 100},
    "chances": {"logprobs": 5, "n": 2, "prompt": "Say ᠮ 🧛‍♂️ hello", "max_tokens": 60},
    "chosen alone": {"logprobs": 0},
    "echoed": {"echo": True},
    "scored": {"echo": True, "logprobs": 2, "model": "davinci-002", "max_tokens": 4, "prompt": ["日本 🧛‍♂️", ""]},
    "biased": {"logit_bias": {"1919": -100, "3337": 100}, "max_tokens": 9},
    "banned": {"logit_bias": {"13": -100, "1296": -100}, "max_tokens": 90, "logprobs": 1},
    "inserted": {"prompt": FIB, "suffix": "\nprint(fib(10))", "logprobs": 3, "max_tokens": 30},
    "best": {"best_of": 4, "n": 2, "prompt": "Tell me about rain", "max_tokens": 40, "logprobs": 1},
    "sampled": {
        "seed": 7,
        "temperature": 1.5,
        "top_p": 0.5,
        "presence_penalty": -2,
        "frequency_penalty": 2,
        "user": "u",
    },
    "script": {"prompt": "雨について教えてください", "max_tokens": 200},
    "code": {"model": "code-davinci-002", "prompt": "# Python 3\n# Add two numbers\n", "max_tokens": 200},
}


@pytest.mark.parametrize("body", REQUESTS.values(), ids=REQUESTS)
def test_answers_are_of_the_documents_schema_and_the_sdks_type(api: Api, body: dict[str, Any]) -> None:
    """Every field is one that the document names, and of its type."""
    result = ask(api, body)
    assert result.status == 200, result.body
    WHOLE.validate(result.json)
    if body.get("echo") and "logprobs" in body:
        # The SDK's type does not know of the null that the first token has.
        return
    completion = Completion.model_validate_json(result.body, strict=True)
    assert not completion.model_extra
    assert completion.usage is not None


@pytest.mark.parametrize("body", [body for name, body in REQUESTS.items() if name != "best"])
def test_a_stream_says_the_same_as_the_whole(api: Api, body: dict[str, Any]) -> None:
    """Text, log probabilities, finish reasons and usage, put together by index; no event is padded or named."""
    steady = {"seed": 1, **body}
    whole = ask(api, steady).json
    streamed = ask(api, {**steady, "stream": True, "stream_options": {"include_usage": True}})
    assert streamed.headers["content-type"] == "text/event-stream"
    *events, last, done = streamed.events
    assert done == "[DONE]"
    assert last["choices"] == []
    assert last["usage"] == whole["usage"]
    made: dict[int, dict[str, Any]] = {}
    for event in events:
        WHOLE.validate(event)
        assert list(event) == ["id", "object", "created", "choices", "model", "usage"]
        (part,) = event["choices"]
        choice = made.setdefault(part["index"], {"text": "", "index": part["index"], "logprobs": None})
        choice["text"] += part["text"]
        choice["finish_reason"] = part["finish_reason"]
        if part["logprobs"] is not None:
            shown = choice["logprobs"] = choice["logprobs"] or {name: [] for name in part["logprobs"]}
            for name, values in part["logprobs"].items():
                shown[name] += values
    assert [made[index] for index in sorted(made)] == whole["choices"]


def test_the_document_names_the_same_parameters() -> None:
    """None more, none fewer."""
    assert sorted(PARAMETERS) == document("completions")["parameters"]["completions"]


SHAPES = ["post-completions-1", "post-completions-2", "post-completions-3"]


@pytest.mark.parametrize("name", SHAPES)
def test_answers_have_the_recorded_shape(api: Api, recorded: Recorded, name: str) -> None:
    """The same choices, keys, offsets, prompt tokens, model and headers as the real answer to the same request."""
    exchange = recorded(f"ai-gateway/{name}")
    real = exchange["response"]["json"]
    result = ask(api, exchange["request"]["json"])
    ours = result.json
    assert sorted(ours) == sorted(real)
    assert ours["model"] == real["model"]
    assert ours["usage"]["prompt_tokens"] == real["usage"]["prompt_tokens"]
    assert [choice["index"] for choice in ours["choices"]] == [choice["index"] for choice in real["choices"]]
    for mine, theirs in zip(ours["choices"], real["choices"], strict=True):
        assert sorted(mine) == sorted(theirs)
        if theirs["logprobs"] is not None:
            assert sorted(mine["logprobs"]) == sorted(theirs["logprobs"])
            assert mine["logprobs"]["text_offset"][0] == theirs["logprobs"]["text_offset"][0]
    headers = exchange["response"]["headers"]
    for header in ("openai-model", "cache-control", "access-control-allow-origin", "content-type"):
        assert result.headers[header] == headers[header]
    used = int(headers["x-ratelimit-limit-tokens"]) - int(headers["x-ratelimit-remaining-tokens"])
    mine = int(result.headers["x-ratelimit-limit-tokens"]) - int(result.headers["x-ratelimit-remaining-tokens"])
    assert mine == used


def test_chunks_have_the_recorded_keys(api: Api, recorded: Recorded) -> None:
    """In their order, that of the usage chunk too; the limit is told with the last token."""
    exchange = recorded("ai-gateway/post-completions-sse-1")
    lines = [line[6:] for line in exchange["response"]["text"].split("\n\n") if line.startswith("data: {")]
    real = [json.loads(line) for line in lines]
    *ours, done = ask(api, {**exchange["request"]["json"], "max_tokens": 9}).events
    assert done == "[DONE]"
    assert [list(event) for event in (ours[0], ours[-2], ours[-1])] == [
        list(event) for event in (real[0], real[-2], real[-1])
    ]
    assert [list(ours[place]["choices"][0]) for place in (0, -2)] == [
        list(real[place]["choices"][0]) for place in (0, -2)
    ]
    assert ours[-2]["choices"][0]["finish_reason"] == real[-2]["choices"][0]["finish_reason"] == "length"
    assert ours[-2]["choices"][0]["text"]


@pytest.mark.parametrize(
    "name", ["post-completions-400-integer-below-min-value-1", "post-completions-404-model-not-found-1"]
)
def test_refusals_are_the_recorded_ones(api: Api, recorded: Recorded, name: str) -> None:
    """Body, and what a 400 takes from the limits."""
    exchange = recorded(f"ai-gateway/{name}")
    result = ask(api, exchange["request"]["json"])
    assert result.status == exchange["response"]["status"]
    assert result.json == exchange["response"]["json"]
    headers = exchange["response"]["headers"]
    for header in ("content-type", "x-ratelimit-remaining-tokens", "x-ratelimit-remaining-requests"):
        assert result.headers.get(header) == headers.get(header)


@pytest.mark.parametrize(
    ("body", "status", "message", "param"),
    [
        (
            {"model": "gpt-4o"},
            404,
            "This is a chat model and not supported in the v1/completions endpoint. Did you mean to use "
            "v1/chat/completions?",
            "model",
        ),
        ({"model": "text-embedding-3-small"}, 403, "You are not allowed to sample from this model", None),
        (
            {"max_tokens": 4_093},
            400,
            "This model's maximum context length is 4097 tokens, however you requested 4098 tokens (5 in your prompt; "
            "4093 for the completion). Please reduce your prompt; or completion length.",
            None,
        ),
        (
            {"prompt": [1, 123456]},
            400,
            "Invalid token in prompt: 123456. Minimum value is 0, maximum value is 100257 (inclusive).",
            None,
        ),
        (
            {"n": 3, "best_of": 2},
            400,
            "You requested that the server return more choices than it will generate (HINT: you must set 'n' (currently "
            "3) to be at most 'best_of' (currently 2), or omit either parameter if you don't specifically want to use "
            "them.)",
            None,
        ),
        (
            {"echo": True, "logprobs": 1},
            400,
            "Setting 'echo' and 'logprobs' at the same time is not supported for this model.",
            None,
        ),
        ({"suffix": "!", "model": "davinci-002"}, 400, "Unrecognized request argument supplied: suffix", None),
        (
            {"logprobs": 6},
            400,
            "Invalid 'logprobs': integer above maximum value. Expected a value <= 5, but got 6 instead.",
            "logprobs",
        ),
        ({"nonsense": 1}, 400, "Unknown parameter: 'nonsense'.", "nonsense"),
        (
            {"prompt": []},
            400,
            "Invalid 'prompt': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            "prompt",
        ),
        (
            {"prompt": ["a", 1]},
            400,
            "Invalid type for 'prompt': expected one of a string, array of strings, array of integers, or array of "
            "integer arrays, but got an array instead.",
            "prompt",
        ),
        (
            {"stream_options": {}},
            400,
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        ),
        (
            {"best_of": 2, "stream": True},
            400,
            "Results cannot be streamed when 'best_of' is greater than 'n'.",
            "best_of",
        ),
    ],
)
def test_what_is_refused(api: Api, body: dict[str, Any], status: int, message: str, param: str | None) -> None:
    """With the words of the real API where they are known; nothing is charged."""
    refused = ask(api, body)
    assert (refused.status, refused.error["message"], refused.error["param"]) == (status, message, param)
    assert spent(api) == 0


def test_as_many_prompts_as_fit(api: Api) -> None:
    """128 completions in all, or 2,048 prompts when nothing is generated."""
    assert ask(api, {"prompt": ["a"] * 64, "n": 2, "max_tokens": 1}).status == 200
    refused = ask(api, {"prompt": ["a"] * 65, "n": 2, "max_tokens": 1})
    assert (
        "You submitted 65 prompts, but you can currently request up to at most a total of 64)"
        in (refused.error["message"])
    )
    scored = ask(api, {"prompt": ["a"] * 2_048, "max_tokens": 0, "model": "davinci-002", "echo": True, "logprobs": 1})
    assert scored.status == 200
    assert {choice["text"] for choice in scored.json["choices"]} == {"a"}
    long = {
        "prompt": ["a b c d e f g " * 200] * 100,
        "max_tokens": 0,
        "model": "davinci-002",
        "echo": True,
        "logprobs": 5,
    }
    assert "more than the 262144 that are listed at once" in ask(api, long, key="sk-tier5-a").error["message"]


def test_choices_are_counted_prompt_by_prompt(api: Api) -> None:
    """The index is prompt times n plus choice, and the usage that of all."""
    result = ask(api, {"prompt": ["Say one", "Say two"], "n": 2}).json
    assert [(choice["index"], choice["text"]) for choice in result["choices"]] == [
        (0, "\n\nOne"),
        (1, "\n\nOne"),
        (2, "\n\nTwo"),
        (3, "\n\nTwo"),
    ]
    assert result["usage"] == {"prompt_tokens": 4, "completion_tokens": 8, "total_tokens": 12}


@pytest.mark.parametrize("model", ["gpt-3.5-turbo-instruct", "davinci-002", "text-davinci-003", "davinci", "ada"])
def test_the_limit_is_16_tokens_and_kept_exactly(api: Api, model: str) -> None:
    """Whatever the limit; base models always run into it."""
    for limit, body in ((16, {}), (7, {"max_tokens": 7}), (150, {"max_tokens": 150})):
        result = ask(api, {"model": model, "prompt": "Once upon a time", **body}).json
        used = result["usage"]["completion_tokens"]
        if model == "davinci" or limit < 20:
            assert (used, result["choices"][0]["finish_reason"]) == (limit, "length")
        assert used <= limit


def test_greedy_answers_repeat_and_others_differ(api: Api) -> None:
    """Temperature 0 says the same again, also cut at another limit; a seed says its own."""
    rain = {"prompt": "Tell me about rain", "max_tokens": 60}
    assert texts(ask(api, {**rain, "temperature": 0})) == texts(ask(api, {**rain, "temperature": 0}))
    short, long = (texts(ask(api, {**rain, "temperature": 0, "max_tokens": limit}))[0] for limit in (5, 50))
    assert long.startswith(short)
    assert len({texts(ask(api, {**rain, "seed": seed}))[0] for seed in range(6)}) > 3
    assert texts(ask(api, {**rain, "seed": 3})) == texts(ask(api, {**rain, "seed": 3}))
    assert len({texts(ask(api, rain))[0] for _ in range(6)}) > 3
    assert len(set(texts(ask(api, {**rain, "n": 6})))) > 3


def test_best_of_charges_for_all_and_shows_the_likeliest(api: Api) -> None:
    """By the mean log probability of their tokens, the best first; more candidates are never worse."""
    body = {"prompt": "Tell me about rain", "seed": 5, "logprobs": 0, "max_tokens": 30}

    def likelihoods(result: Result) -> list[float]:
        chances = [choice["logprobs"]["token_logprobs"] for choice in result.json["choices"]]
        return [sum(each) / len(each) for each in chances]

    every = likelihoods(ask(api, {**body, "n": 8}))
    best = ask(api, {**body, "n": 3, "best_of": 8})
    assert likelihoods(best) == sorted(every, reverse=True)[:3]
    made = best.json["usage"]["completion_tokens"]
    assert 3 * 30 < made <= 8 * 30
    assert api.simulator.journal.select()[-1].charge == 4 * 1_500_000 + made * 2_000_000


def test_log_probabilities_of_an_echoed_prompt(api: Api) -> None:
    """The first token has none, the offsets run through prompt and completion, the bytes of split characters show."""
    body = {"model": "davinci-002", "prompt": "Say 🧛‍♂️", "echo": True, "logprobs": 2, "max_tokens": 5}
    (choice,) = ask(api, body).json["choices"]
    shown = choice["logprobs"]
    assert shown["token_logprobs"][0] is None
    assert shown["top_logprobs"][0] is None
    assert all(chance < 0 for chance in shown["token_logprobs"][1:])
    assert shown["text_offset"][0] == 0
    assert any(token.startswith("bytes:\\x") or token.startswith("bytes: \\x") for token in shown["tokens"])
    for token, chance, listed in zip(
        shown["tokens"][1:], shown["token_logprobs"][1:], shown["top_logprobs"][1:], strict=True
    ):
        assert listed[token] == chance
        assert 1 <= len(listed) <= 3
        assert sum(math.exp(each) for each in listed.values()) <= 1.000001
    for token, offset in zip(shown["tokens"], shown["text_offset"], strict=True):
        if not token.startswith("bytes:"):
            assert choice["text"][offset:].startswith(token)


def test_bans_and_forced_tokens(api: Api) -> None:
    """A banned token never comes, a forced one alone."""
    banned = ask(api, {"logit_bias": {"1296": -100}, "max_tokens": 40}).json["choices"][0]
    assert " test" not in banned["text"]
    forced = ask(api, {"logit_bias": {"1296": 100}, "max_tokens": 40}).json["choices"][0]
    assert (forced["text"], forced["finish_reason"]) == (" test" * 40, "length")


@pytest.mark.parametrize(
    "prompt",
    [
        "def fib(",
        "def add(a, b):\n    ",
        FIB,
        "class Point:\n",
        "# Python 3\n# Reverse a list\n",
        "import os\nimport sys",
    ],
)
def test_code_goes_on_as_code(api: Api, prompt: str) -> None:
    """Prompt and completion together are a whole Python module."""
    for model in ("gpt-3.5-turbo-instruct", "davinci-002", "davinci-codex"):
        (said,) = texts(ask(api, {"model": model, "prompt": prompt, "max_tokens": 200}))
        assert ast.parse(prompt + said).body


def test_a_fibonacci_function_is_finished(api: Api) -> None:
    """It runs, and is right."""
    (said,) = texts(ask(api, {"model": "davinci-codex", "prompt": "def fib(", "max_tokens": 100}))
    program = "def fib(" + said + "\nprint([fib(number) for number in range(8)])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=30)
    assert ran.stdout.split() == b"[0, 1, 1, 2, 3, 5, 8, 13]".split()


def test_instructions_are_answered_and_beginnings_go_on(api: Api) -> None:
    """Instructed models start a paragraph; base models go on from the last word, in the prompt's language."""
    assert texts(ask(api)) == ["\n\nThis is a test"]
    (story,) = texts(ask(api, {"model": "davinci-002", "prompt": "Once upon a time"}))
    assert story.startswith(", ")
    assert story[2].islower()
    (dialogue,) = texts(ask(api, {"prompt": "Q: What is 6 times 7?\nA:", "stop": "\n", "temperature": 0}))
    assert dialogue.startswith(" ")
    (german,) = texts(ask(api, {"model": "davinci-002", "prompt": "Es war einmal ein König", "max_tokens": 60}))
    assert {"die", "der", "das", "nicht", "ist", "es", "man"} & set(german.lower().split())


def test_a_cut_stream_is_charged_for_what_was_sent(make_api: Callable[..., Api]) -> None:
    """One chunk is one token here."""
    api = make_api(pacing=Pacing(ttft=1_000, itl=1_000))
    cut = ask(api, {"prompt": "Tell me about rain", "max_tokens": 40, "stream": True}, stop_after=4)
    assert len(cut.parts) == 4
    assert [due - api.clock.now() for due, _ in cut.parts] == [1_000, 2_000, 3_000, 4_000]
    assert spent(api) == 4 * 1_500_000 + 3 * 2_000_000


def test_rules_say_what_comes(api: Api) -> None:
    """Word for word, then cut and counted as ever."""
    api.simulator.rules.when(last_message="Roses").reply(" are red, violets are blue")
    whole = ask(api, {"prompt": "Roses"}).json
    assert (whole["choices"][0]["text"], whole["choices"][0]["finish_reason"]) == (" are red, violets are blue", "stop")
    cut = ask(api, {"prompt": "Roses", "max_tokens": 2, "stream": True}).events
    assert [event["choices"][0]["text"] for event in cut[:-1]] == [" are", " red"]
    assert cut[-2]["choices"][0]["finish_reason"] == "length"


def test_retired_engines_answer_unless_they_are_rejected(api: Api, make_api: Callable[..., Api]) -> None:
    """By default all of them; rejected with the words of 2026."""
    strict = make_api(reject_retired=True)
    for model in ("text-davinci-003", "curie", "code-davinci-002", "cushman-codex", "davinci-002"):
        assert ask(api, {"model": model}).status == 200
        refused = ask(strict, {"model": model})
        assert refused.status == 404
        assert refused.error["message"] == (
            f"The model `{model}` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
        )


@given(
    body=st.dictionaries(
        st.sampled_from([*sorted(PARAMETERS), "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-2, 200) | st.floats(-3, 3) | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
            max_leaves=6,
        ),
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_a_failure_of_ours(api: Api, body: dict[str, Any]) -> None:
    """Any JSON gets an answer or a refusal of the caller's."""
    result = ask(api, {**body, "model": "text-davinci-003"}, key="sk-tier5-credits1000000")
    assert result.status in (200, 400, 429)
    assert Completions().cost(body).tokens >= 1
