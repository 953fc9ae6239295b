"""The beta interface of 2024 and 2025: other names, the same machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter
from tests.core.realtime.test_session import Talk, append, kinds, tone

from understudy.core.dates import parse_moment
from understudy.core.messages import Request
from understudy.core.realtime.door import Turned, open_session
from understudy.core.realtime.session import RealtimeSession

if TYPE_CHECKING:
    from tests.conftest import Api

RESPOND = {"type": "response.create"}


def text(words: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": words}]
    return {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}


class BetaTalk(Talk):
    """A client of the beta interface."""

    def __init__(self, api: Api) -> None:
        self.api = api
        headers = {b"authorization": b"Bearer sk-voice-0123456789", b"openai-beta": b"realtime=v1"}
        request = Request("GET", "/v1/realtime", headers, query=b"model=gpt-4o-realtime-preview")
        came = open_session(api.simulator, request, [], api.clock.now())
        assert isinstance(came.what, RealtimeSession)
        self.session, self.entry = came.what, came.entry
        self.created = json.loads(self.session.start())


@pytest.fixture
def talk(make_api: Callable[..., Api]) -> BetaTalk:
    return BetaTalk(make_api(tier=5, at=parse_moment("2025-03-01")))


def test_a_session_is_flat(talk: BetaTalk) -> None:
    """Fields in the order of the logs, and half an hour long."""
    session = talk.created["session"]
    assert list(session) == [
        *("id", "object", "model", "expires_at", "modalities", "instructions", "voice", "turn_detection"),
        *("input_audio_format", "output_audio_format", "input_audio_transcription", "tool_choice", "temperature"),
        *("max_response_output_tokens", "tools"),
    ]
    assert (session["modalities"], session["temperature"]) == (["audio", "text"], 0.8)
    assert session["expires_at"] == talk.api.clock.now() // 1_000_000 + 1_800


def test_a_text_turn_has_the_logged_order(talk: BetaTalk) -> None:
    talk.send({"type": "session.update", "session": {"modalities": ["text"], "temperature": 0.6}})
    said = talk.send(text("Say hello"), RESPOND) + talk.pull()
    assert kinds(said)[:-1] == [
        *("conversation.item.created", "response.created", "response.output_item.added", "conversation.item.created"),
        *("response.content_part.added", "response.text.delta", "response.text.done", "response.content_part.done"),
        *("response.output_item.done", "response.done"),
    ]
    done = next(event["response"] for event in said if event["type"] == "response.done")
    assert (done["modalities"], done["temperature"], done["output_audio_format"]) == (["text"], 0.6, "pcm16")
    assert [part["type"] for part in done["output"][0]["content"]] == ["text"]
    assert done["output"][0]["object"] == "realtime.item"
    assert not any("obfuscation" in event for event in said)


def test_a_spoken_turn_in_a_format_of_telephony(talk: BetaTalk) -> None:
    pytest.importorskip("espeakng_loader")
    update = {"input_audio_format": "g711_ulaw", "output_audio_format": "g711_ulaw", "voice": "verse"}
    (updated,) = talk.send({"type": "session.update", "session": update})
    assert {name: updated["session"][name] for name in update} == update
    codec = talk.api.simulator.media.codec
    sound = codec.encode(talk.api.simulator.media.speaker.speak("Good morning", "alloy", 8_000), "g711_ulaw", 8_000)
    said = talk.send(append(sound + b"\xff" * 4_000))
    assert kinds(said) == [
        *("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed"),
        *("conversation.item.created", "response.created"),
    ]
    said = talk.pull()
    assert "response.audio.delta" in kinds(said)
    assert "response.audio_transcript.done" in kinds(said)


def test_items_of_the_assistant_and_functions_are_read_by_their_names(talk: BetaTalk) -> None:
    content = [{"type": "text", "text": "Hello!"}]
    (created,) = talk.send(
        {"type": "conversation.item.create", "item": {"type": "message", "role": "assistant", "content": content}}
    )
    assert created["item"]["content"] == content
    tool = {"type": "function", "name": "get_time", "description": "The time", "parameters": {"type": "object"}}
    response = {"modalities": ["text"], "tools": [tool], "tool_choice": "required", "max_response_output_tokens": 100}
    said = talk.send(text("What time is it?"), {**RESPOND, "response": response}) + talk.pull()
    done = next(event["response"] for event in said if event["type"] == "response.done")
    assert (done["output"][0]["name"], done["max_output_tokens"]) == ("get_time", 100)


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"modalities": ["audio"]}, "invalid_value", "session.modalities"),
        ({"type": "realtime"}, "unknown_parameter", "session.type"),
        ({"audio": {}}, "unknown_parameter", "session.audio"),
        ({"temperature": 2}, "decimal_above_max_value", "session.temperature"),
        ({"input_audio_format": "wav"}, "invalid_value", "session.input_audio_format"),
    ],
)
def test_a_wrong_field_is_named_as_it_was_written(
    talk: BetaTalk, session: dict[str, Any], code: str, param: str
) -> None:
    (refused,) = talk.send({"type": "session.update", "event_id": "mine", "session": session})
    assert (refused["error"]["code"], refused["error"]["param"]) == (code, param)
    assert refused["error"]["event_id"] == "mine"


def test_each_interface_has_its_time(make_api: Callable[..., Api]) -> None:
    """Both until the end of the beta interface; at the launch every session is one of a quarter of an hour."""
    for era, beta, shape in (
        ("2024-10-02", False, "modalities"),
        ("2025-03-01", True, "modalities"),
        ("2025-10-01", False, "output_modalities"),
        ("2025-10-01", True, "modalities"),
    ):
        api = make_api(tier=5, at=parse_moment(era))
        headers = {b"authorization": b"Bearer sk-voice-0123456789"} | ({b"openai-beta": b"realtime=v1"} if beta else {})
        request = Request("GET", "/v1/realtime", headers, query=b"model=gpt-4o-realtime-preview")
        what = open_session(api.simulator, request, [], api.clock.now()).what
        assert isinstance(what, RealtimeSession), (era, what)
        session = json.loads(what.start())["session"]
        assert shape in session
        if era == "2024-10-02":
            assert session["expires_at"] == api.clock.now() // 1_000_000 + 900
            api.clock.advance(900)
            events = [json.loads(event) for event in what.wake(api.clock.now())]
            assert events[-1]["error"]["message"] == "Your session hit the maximum duration of 15 minutes."
    api = make_api(tier=5)
    request = Request("GET", "/v1/realtime", {**headers, b"openai-beta": b"realtime=v1"}, query=b"model=gpt-realtime")
    turned = open_session(api.simulator, request, [], api.clock.now()).what
    assert isinstance(turned, Turned)
    assert turned.close.reason.endswith("beta_api_shape_disabled")


def test_every_event_parses_with_the_types_of_an_sdk_of_the_time(talk: BetaTalk) -> None:
    """Those of openai 1 and 2."""
    try:
        types = import_module("openai.types.beta.realtime")
    except ModuleNotFoundError:
        pytest.skip("this SDK has no beta interface")
    server_event: TypeAdapter[Any] = TypeAdapter(types.RealtimeServerEvent)
    talk.send({"type": "session.update", "session": {"modalities": ["text"]}})
    said = [talk.created, *talk.send(text("Say hello"), RESPOND), *talk.pull()]
    said += talk.send(append(tone(300) + bytes(24_000)), {"type": "no.such.event"})
    for event in said:
        server_event.validate_python(event)
