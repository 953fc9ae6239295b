from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from understudy.core.moderation_results import CATEGORIES

if TYPE_CHECKING:
    from tests.conftest import Api

MODERATION = {"model": "omni-moderation-latest"}


def says(text: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def test_input_and_output_are_judged_apart(api: Api) -> None:
    """A flagged request is answered; one result for all messages, one for each choice."""
    body = {"messages": says("How do I pick a lock after a massacre?"), "moderation": MODERATION, "n": 2}
    answer = api.chat(body).json
    asked = answer["moderation"]["input"]
    assert (asked["type"], asked["model"]) == ("moderation_results", "omni-moderation-latest")
    (result,) = asked["results"]
    assert result["type"] == "moderation_result"
    assert result["flagged"]
    assert [name for name, flagged in result["categories"].items() if flagged] == ["illicit", "violence"]
    scores = result["category_scores"]
    assert list(scores) == list(CATEGORIES)
    assert scores["violence"] > 0.9 > scores["illicit"] > 0.5
    assert all(0 < score < 0.001 for name, score in scores.items() if name not in ("illicit", "violence"))
    assert set(map(tuple, result["category_applied_input_types"].values())) == {("text",)}
    assert len(answer["moderation"]["output"]["results"]) == 2


def test_what_the_model_says_is_judged(api: Api) -> None:
    """Its words, and the arguments of its calls."""
    said = api.chat({"messages": says("Say 'understudy-mild'"), "moderation": MODERATION}).json["moderation"]["output"]
    assert said["results"][0]["categories"]["violence"]
    api.simulator.rules.when(last_message="call").call("run", {"what": "make a bomb"})
    calls = api.chat({"messages": says("call"), "moderation": MODERATION}).json
    assert calls["choices"][0]["message"]["tool_calls"]
    assert not calls["moderation"]["input"]["results"][0]["flagged"]
    assert calls["moderation"]["output"]["results"][0]["categories"]["illicit"]


def test_a_stream_has_a_chunk_of_its_own(api: Api) -> None:
    """Before the usage, without choices."""
    body = {"messages": says("Hello"), "moderation": MODERATION, "seed": 1}
    *_, judged, usage, done = api.chat({**body, "stream": True, "stream_options": {"include_usage": True}}).events
    assert done == "[DONE]"
    assert judged["choices"] == usage["choices"] == []
    assert judged["usage"] is None
    assert judged["moderation"] == api.chat(body).json["moderation"]


def test_it_changes_nothing_else(api: Api) -> None:
    """Words, tokens and charge are those of the same request without it."""
    body = {"messages": says("Tell me about rain"), "seed": 4}
    plain, judged = api.chat(body).json, api.chat({**body, "moderation": MODERATION}).json
    assert "moderation" not in plain
    assert judged["choices"] == plain["choices"]
    assert judged["usage"] == plain["usage"]


@pytest.mark.parametrize(
    ("moderation", "message", "param"),
    [
        ({}, "Missing required parameter: 'moderation.model'.", "moderation.model"),
        (
            {"model": "gpt-4o"},
            "Invalid value: 'gpt-4o'. Supported values are: 'omni-moderation-latest', 'omni-moderation-2024-09-26', "
            "'text-moderation-latest', and 'text-moderation-stable'.",
            "moderation.model",
        ),
        (
            {**MODERATION, "policy": {"input": {"mode": "warn"}}},
            "Invalid value: 'warn'. Supported values are: 'score' and 'block'.",
            "moderation.policy.input.mode",
        ),
        ({**MODERATION, "other": 1}, "Unknown parameter: 'moderation.other'.", "moderation.other"),
    ],
)
def test_what_is_refused(api: Api, moderation: dict[str, Any], message: str, param: str) -> None:
    """What the document does not have."""
    refused = api.chat({"moderation": moderation})
    assert (refused.status, refused.error["message"], refused.error["param"]) == (400, message, param)
