"""Rules in realtime sessions: what the model says there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.realtime.test_session import TEXT, Talk, append, user

if TYPE_CHECKING:
    from tests.conftest import Api

RESPOND = {"type": "response.create"}


@pytest.fixture
def talk(make_api: Callable[..., Api]) -> Talk:
    return Talk(make_api(tier=5))


def done(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The response at the end of its events."""
    (response,) = [event["response"] for event in events if event["type"] == "response.done"]
    assert isinstance(response, dict)
    return response


def test_what_is_said_is_scripted_in_text_and_aloud(talk: Talk) -> None:
    """Aloud the transcript is the rule's, and the journal names it."""
    talk.api.simulator.rules.when(endpoint="realtime", last_message="Hello").reply("Good day, {model}.")
    talk.send(user("Hello there"))
    talk.send({**RESPOND, "response": {"output_modalities": ["text"]}})
    response = done(talk.pull())
    assert response["output"][0]["content"] == [{"type": "output_text", "text": "Good day, gpt-realtime."}]
    assert talk.entry.rule == "rule-1"
    pytest.importorskip("espeakng_loader")
    talk.send(user("Hello again"), RESPOND)
    assert done(talk.pull())["output"][0]["content"][0]["transcript"] == "Good day, gpt-realtime."


def test_a_rule_hears_the_caller(talk: Talk) -> None:
    """Words that were spoken are words."""
    pytest.importorskip("espeakng_loader")
    pcm = talk.api.simulator.media.speaker.speak("Please cancel my order", "alloy")
    talk.api.simulator.rules.when(last_message="cancel my order").call("cancel_order", {"sure": True})
    talk.send(TEXT, append(pcm + bytes(48_000)))
    response = done(talk.pull())
    assert [(item["name"], json.loads(item["arguments"])) for item in response["output"]] == [
        ("cancel_order", {"sure": True})
    ]


def test_an_error_fails_the_response_and_the_session_lives(talk: Talk) -> None:
    rules = talk.api.simulator.rules
    rules.when(endpoint="realtime").fail(500).reply("Now it goes.")
    failed = done(talk.send(TEXT, user("Hi"), RESPOND))
    assert failed["status"] == "failed"
    assert failed["status_details"]["error"]["type"] == "server_error"
    talk.send(RESPOND)
    assert done(talk.pull())["output"][0]["content"][0]["text"] == "Now it goes."


def test_an_end_and_a_usage_are_scripted(talk: Talk) -> None:
    usage = {"prompt_tokens": 1_000, "cached_tokens": 600, "completion_tokens": 50}
    rules = talk.api.simulator.rules
    rules.when(on=1).reply("It is", finish_reason="length", usage=usage)
    rules.when(on="2..").refuse("I cannot say that.")
    talk.send(TEXT, user("Hi"), RESPOND)
    response = done(talk.pull())
    assert response["status"] == "incomplete"
    assert response["status_details"]["reason"] == "max_output_tokens"
    assert response["output"][0]["status"] == "incomplete"
    assert (response["usage"]["input_tokens"], response["usage"]["output_tokens"]) == (1_000, 50)
    assert response["usage"]["input_token_details"]["cached_tokens"] == 600
    talk.send(RESPOND)
    assert done(talk.pull())["output"][0]["content"][0]["text"] == "I cannot say that."
