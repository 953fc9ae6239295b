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


def opened(
    api: Api, headers: dict[bytes, bytes], protocols: tuple[str, ...] = (), query: bytes = b"model=gpt-realtime"
) -> RealtimeSession | Turned:
    """What an upgrade with a key comes to."""
    request = Request("GET", "/v1/realtime", {b"authorization": b"Bearer sk-voice-0123456789", **headers}, query=query)
    what = open_session(api.simulator, request, list(protocols), api.clock.now()).what
    assert isinstance(what, RealtimeSession | Turned)
    return what


@pytest.mark.parametrize(
    ("headers", "protocols"),
    [
        ({b"openai-beta": b"realtime=v1"}, ()),
        ({b"openai-beta": b"assistants=v2, realtime=v1"}, ()),
        ({}, ("realtime", "openai-beta.realtime-v1")),
    ],
)
def test_after_its_end_it_still_answers_who_asks_for_it(
    make_api: Callable[..., Api], headers: dict[bytes, bytes], protocols: tuple[str, ...]
) -> None:
    """Unless what is over is refused, with the words of 2026-05."""
    what = opened(make_api(tier=5), headers, protocols)
    assert isinstance(what, RealtimeSession)
    session = json.loads(what.start())["session"]
    assert list(session) == [
        *("object", "id", "model", "modalities", "instructions", "voice", "output_audio_format", "tools"),
        *("tool_choice", "temperature", "max_response_output_tokens", "turn_detection", "speed", "tracing"),
        *("truncation", "prompt", "expires_at", "input_audio_noise_reduction", "input_audio_format"),
        *("input_audio_transcription", "client_secret", "include"),
    ]
    strict = make_api(tier=5, reject_retired=True)
    turned = opened(strict, headers, protocols)
    assert isinstance(turned, Turned)
    assert (turned.close.code, turned.close.reason) == (4000, "invalid_request_error.beta_api_shape_disabled")
    message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
    assert json.loads(turned.event)["error"]["message"] == message
    assert isinstance(opened(strict, {}), RealtimeSession)
    before = make_api(tier=5, at=parse_moment("2026-01-01"), reject_retired=True)
    assert isinstance(opened(before, headers, protocols), RealtimeSession)


def test_a_retired_model_is_turned_away_where_what_is_over_is_refused(make_api: Callable[..., Api]) -> None:
    """By an event and a close, as all who may not come in."""
    turned = opened(make_api(tier=5, reject_retired=True), {}, query=b"model=gpt-4o-realtime-preview-2024-10-01")
    assert isinstance(turned, Turned)
    assert turned.close.code == 4000


class TestTranscriptionSessions:
    """`?intent=transcription` of the beta interface."""

    @pytest.fixture
    def talk(self, make_api: Callable[..., Api]) -> BetaTalk:
        talk = BetaTalk(make_api(tier=5))
        what = opened(talk.api, {b"openai-beta": b"realtime=v1"}, query=b"intent=transcription")
        assert isinstance(what, RealtimeSession)
        talk.session = what
        talk.created = json.loads(what.start())
        return talk

    def test_it_is_created_as_logged(self, talk: BetaTalk) -> None:
        """Its own event, its own fields in their order."""
        assert talk.created["type"] == "transcription_session.created"
        session = talk.created["session"]
        assert session == {
            "id": session["id"],
            "object": "realtime.transcription_session",
            "expires_at": talk.api.clock.now() // 1_000_000 + 3_600,
            "input_audio_noise_reduction": None,
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 200,
            },
            "input_audio_format": "pcm16",
            "input_audio_transcription": None,
            "client_secret": None,
            "include": None,
        }
        assert list(session)[:4] == ["id", "object", "expires_at", "input_audio_noise_reduction"]

    def test_it_is_updated_by_its_own_event(self, talk: BetaTalk) -> None:
        """The model of the transcript may change; what only an answer needs is taken and not given back."""
        wanted = {"model": "whisper-1", "language": "en"}
        for model in ("whisper-1", "gpt-4o-transcribe"):
            (updated,) = talk.send(
                {
                    "type": "transcription_session.update",
                    "session": {
                        "input_audio_format": "g711_ulaw",
                        "input_audio_transcription": {**wanted, "model": model},
                        "turn_detection": {"type": "server_vad", "silence_duration_ms": 500, "create_response": True},
                        "input_audio_noise_reduction": {"type": "near_field"},
                        "include": ["item.input_audio_transcription.logprobs"],
                    },
                }
            )
            assert updated["type"] == "transcription_session.updated"
            session = updated["session"]
            assert session["input_audio_transcription"] == {**wanted, "model": model}
            assert session["input_audio_format"] == "g711_ulaw"
            assert "create_response" not in session["turn_detection"]
            assert session["turn_detection"]["silence_duration_ms"] == 500
            assert session["include"] == ["item.input_audio_transcription.logprobs"]

    def test_it_transcribes_and_answers_nothing(self, talk: BetaTalk) -> None:
        """By the names of the interface."""
        pytest.importorskip("espeakng_loader")
        update = {"input_audio_transcription": {"model": "whisper-1"}, "turn_detection": {"type": "semantic_vad"}}
        talk.send({"type": "transcription_session.update", "session": update})
        sound = talk.api.simulator.media.speaker.speak("The meeting begins at nine.", "alloy") + bytes(48_000)
        events = talk.send(append(sound))
        assert kinds(events) == [
            *("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"),
            *("input_audio_buffer.committed", "conversation.item.created"),
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.completed",
        ]
        assert events[-1]["transcript"] == "The meeting begins at nine."
        assert not talk.session.is_responding()
        (refused,) = talk.send(RESPOND)
        assert refused["error"]["code"] == "invalid_event"

    @pytest.mark.parametrize(
        ("event", "param"),
        [
            ({"type": "session.update", "session": {}}, "type"),
            ({"type": "transcription_session.update"}, "session"),
            ({"type": "transcription_session.update", "session": {"voice": "alloy"}}, "session.voice"),
            (
                {"type": "transcription_session.update", "session": {"input_audio_transcription": {"model": "gpt-4o"}}},
                "session.input_audio_transcription.model",
            ),
        ],
    )
    def test_a_wrong_update_changes_nothing(self, talk: BetaTalk, event: dict[str, Any], param: str) -> None:
        (refused,) = talk.send({**event, "event_id": "mine"})
        assert refused["type"] == "error"
        assert (refused["error"]["param"], refused["error"]["event_id"]) == (param, "mine")


def test_a_session_that_speaks_takes_no_update_of_the_other_kind(talk: BetaTalk) -> None:
    """In the reported words."""
    (refused,) = talk.send({"type": "transcription_session.update", "session": {}})
    message = "Passing a transcription session update event to a realtime session is not allowed."
    assert refused["error"]["message"] == message


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
