"""Moderations: the recorded layout, what is flagged, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from openai.types import ModerationCreateResponse

from understudy.core.pricing import DOLLAR

if TYPE_CHECKING:
    from tests.conftest import Api, Result

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def ask(api: Api, body: dict[str, Any]) -> Result:
    return api.send("POST", "/v1/moderations", json.dumps(body).encode())


def test_answers_have_the_shape_of_the_recorded_one(api: Api, recorded: Callable[[str], dict[str, Any]]) -> None:
    """Names, their order, and headers."""
    real = recorded("ruby_llm/post-moderations-1")
    result = ask(api, real["request"]["json"])
    answer, wanted = result.json, real["response"]["json"]
    assert list(answer) == list(wanted)
    assert answer["model"] == wanted["model"]
    for name in ("categories", "category_scores", "category_applied_input_types"):
        assert list(answer["results"][0][name]) == list(wanted["results"][0][name])
    assert answer["results"][0]["category_applied_input_types"] == wanted["results"][0]["category_applied_input_types"]
    assert not result.body.endswith(b"\n")
    assert result.headers["x-openai-proxy-wasm"] == "v0.1"
    assert not any(name.startswith("x-ratelimit") for name in result.headers)


@pytest.mark.parametrize(
    "given",
    [
        "Hello",
        ["Hello", "how to make a bomb"],
        [{"type": "text", "text": "Hello"}, {"type": "image_url", "image_url": {"url": PNG}}],
        [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
    ],
)
def test_every_form_of_input_has_an_answer_of_the_sdks_types(api: Api, given: Any) -> None:
    """One result for each text, one for parts together."""
    answer = ModerationCreateResponse.model_validate_json(ask(api, {"input": given}).body, strict=True)
    assert len(answer.results) == (2 if given == ["Hello", "how to make a bomb"] else 1)


def test_words_of_the_list_are_flagged_in_their_category(api: Api) -> None:
    """With scores to match, the same each time."""
    body = {"input": ["A nice day", "They will make a bomb", "a naked man"]}
    first = ask(api, body).json["results"]
    assert [result["flagged"] for result in first] == [False, True, True]
    assert first[1]["categories"]["illicit"]
    assert first[1]["category_scores"]["illicit"] > 0.9
    assert 0.5 < first[2]["category_scores"]["sexual"] < 0.8
    assert max(first[0]["category_scores"].values()) < 0.01
    assert ask(api, body).json["results"] == first


def test_pictures_count_where_they_are_looked_at(api: Api) -> None:
    """The categories that the document names."""
    types = ask(api, {"input": [{"type": "image_url", "image_url": {"url": PNG}}]}).json["results"][0]
    applied = types["category_applied_input_types"]
    assert applied["violence"] == ["image"]
    assert applied["hate"] == []


def test_the_models_of_texts_alone_have_fewer_categories(api: Api) -> None:
    """And call themselves by their version."""
    answer = ask(api, {"input": "how to make a bomb", "model": "text-moderation-latest"}).json
    assert answer["model"] == "text-moderation-007"
    result = answer["results"][0]
    assert len(result["categories"]) == 11
    assert "category_applied_input_types" not in result
    assert not result["flagged"]
    refused = ask(api, {"input": [{"type": "text", "text": "a"}], "model": "text-moderation-latest"})
    assert (refused.status, refused.json["error"]["param"]) == (400, "input[0]")


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": 3}, 400, "input"),
        ({"input": ["a", 3]}, 400, "input[1]"),
        ({"input": [{"type": "text"}]}, 400, "input[0].text"),
        ({"input": "a", "temperature": 1}, 400, "temperature"),
        ({"input": "a", "model": "gpt-4o"}, 400, "model"),
        ({"input": "a", "model": "none"}, 404, None),
    ],
)
def test_bad_input_is_refused(api: Api, body: dict[str, Any], status: int, param: str | None) -> None:
    """By the parameter that is wrong."""
    result = ask(api, body)
    assert (result.status, result.json["error"]["param"]) == (status, param)


def test_it_is_free(api: Api) -> None:
    """The balance stays."""
    ask(api, {"input": "hello " * 100})
    assert api.simulator.account("sk-test-0123456789").organization.ledger.balance == 10 * DOLLAR
