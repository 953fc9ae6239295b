"""Ephemeral keys, and sessions that only transcribe."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from openai.types.realtime import ClientSecretCreateResponse
from tests.core.realtime.test_session import SERVER_EVENT, Talk, append
from tests.sdk.recent import TYPES_ARE_RECENT

from understudy.core.messages import Request
from understudy.core.realtime.door import Turned, open_session
from understudy.core.realtime.session import RealtimeSession

if TYPE_CHECKING:
    from tests.conftest import Api

PATH = "/v1/realtime/client_secrets"
WHISPER = {"model": "gpt-realtime-whisper"}
RETENTION = {"type": "retention_ratio", "retention_ratio": 0.5}
HUGE = {"post_instructions": 10**9}


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    return make_api(tier=5)


def made(api: Api, body: Any) -> dict[str, Any]:
    answer = api.send("POST", PATH, json.dumps(body).encode())
    assert answer.status == 200, answer.body
    if TYPES_ARE_RECENT:
        ClientSecretCreateResponse.model_validate(answer.json, strict=True)
    return dict(answer.json)


def opened(api: Api, value: str, query: bytes = b"") -> RealtimeSession | Turned:
    request = Request("GET", "/v1/realtime", {b"authorization": b"Bearer " + value.encode()}, query=query)
    what = open_session(api.simulator, request, [], api.clock.now()).what
    assert isinstance(what, RealtimeSession | Turned)
    return what


def test_a_browser_opens_a_session_with_what_its_server_made(api: Api) -> None:
    """It starts as the server said, on the server's account."""
    session = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief.", "output_modalities": ["text"]}
    secret = made(api, {"session": session})
    assert secret["value"].startswith("ek_")
    assert secret["expires_at"] == api.clock.now() // 1_000_000 + 600
    assert secret["session"]["instructions"] == "Be brief."
    what = opened(api, secret["value"])
    assert isinstance(what, RealtimeSession)
    begun = json.loads(what.start())["session"]
    assert (begun["instructions"], begun["output_modalities"]) == ("Be brief.", ["text"])
    assert begun["audio"]["output"]["voice"] == "alloy"
    assert api.simulator.journal[-1].account == api.simulator.account("sk-test-0123456789").id
    assert "ek_" not in repr(api.simulator.journal[-1])


def test_it_can_be_used_again_until_it_expires_and_nowhere_else(api: Api) -> None:
    """By the clock."""
    value = made(api, {"expires_after": {"anchor": "created_at", "seconds": 10}})["value"]
    assert isinstance(opened(api, value), RealtimeSession)
    assert isinstance(opened(api, value, b"model=gpt-realtime"), RealtimeSession)
    refused = api.send("GET", "/v1/models", key=value)
    assert (refused.status, refused.error["code"]) == (401, "invalid_api_key")
    api.clock.advance(10)
    turned = opened(api, value)
    assert isinstance(turned, Turned)
    assert turned.close.code == 3000
    assert isinstance(opened(api, "ek_" + "0" * 32), Turned)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 9}}, "expires_after.seconds"),
        ({"expires_after": {"seconds": 7_201}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "now"}}, "expires_after.anchor"),
        ({"session": {"type": "realtime", "voice": "alloy"}}, "session.voice"),
        ({"session": {"type": "realtime", "model": "gpt-4o"}}, "session.model"),
        ({"session": []}, "session"),
        (
            {"session": {"type": "realtime", "audio": {"input": {"transcription": {"model": "gpt-4o"}}}}},
            "session.audio.input.transcription.model",
        ),
        (
            {"session": {"type": "transcription", "audio": {"input": {"transcription": WHISPER}}}},
            "session.audio.input.turn_detection",
        ),
        (
            {"session": {"type": "realtime", "truncation": {**RETENTION, "token_limits": HUGE}}},
            "session.truncation.token_limits.post_instructions",
        ),
        ({"bogus": 1}, "bogus"),
    ],
)
def test_what_cannot_be_is_refused(api: Api, body: Any, param: str) -> None:
    refused = api.send("POST", PATH, json.dumps(body).encode())
    assert refused.status == 400
    assert refused.error["param"] == param


def test_a_transcription_session_transcribes_and_answers_nothing(make_api: Callable[..., Api]) -> None:
    """The model of the transcript is charged, no other."""
    pytest.importorskip("espeakng_loader")
    api = make_api(tier=5)
    talk = Talk(api)
    what = opened(api, "sk-test-0123456789", b"intent=transcription")
    assert isinstance(what, RealtimeSession)
    talk.session = what
    created = json.loads(what.start())
    assert (created["type"], created["session"]["object"]) == ("session.created", "realtime.transcription_session")
    SERVER_EVENT.validate_python(created)
    wanted = {"model": "gpt-4o-transcribe", "language": "en"}
    (updated,) = talk.send(
        {
            "type": "session.update",
            "session": {"type": "transcription", "audio": {"input": {"transcription": wanted}}},
        }
    )
    assert updated["session"]["audio"]["input"]["transcription"] == wanted
    sound = api.simulator.media.speaker.speak("The meeting begins at nine.", "alloy") + bytes(24_000)
    events = talk.send(append(sound))
    assert [event["type"] for event in events if not event["type"].endswith(".delta")] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert events[-1]["transcript"] == "The meeting begins at nine."
    assert not what.is_responding()
    (refused,) = talk.send({"type": "response.create", "event_id": "mine"})
    assert (refused["error"]["code"], refused["error"]["event_id"]) == ("invalid_event", "mine")
    (refused,) = talk.send({"type": "session.update", "session": {"type": "realtime"}})
    assert refused["error"]["param"] == "session.type"
    for event in [updated, *events]:
        SERVER_EVENT.validate_python(event)


def test_a_secret_for_transcription_opens_such_a_session(api: Api) -> None:
    session = {"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
    value = made(api, {"session": session})["value"]
    for query in (b"", b"intent=transcription"):
        what = opened(api, value, query)
        assert isinstance(what, RealtimeSession)
        begun = json.loads(what.start())["session"]
        assert begun["audio"]["input"]["transcription"] == {"model": "whisper-1"}
    other = opened(api, made(api, {})["value"], b"intent=transcription")
    assert isinstance(other, Turned)
    assert other.close.reason == "invalid_request_error.invalid_intent"
