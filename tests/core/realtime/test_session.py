"""The session machine alone: the order of events, what they hold, and that nothing breaks it."""

from __future__ import annotations

import base64
import json
import math
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from understudy.core.messages import Request
from understudy.core.pricing import DOLLAR
from understudy.core.realtime.door import Turned, open_session
from understudy.core.realtime.session import RealtimeSession
from understudy.core.realtime.transitions import CLIENT_EVENTS, TABLES, Moment, Move, Trigger

if TYPE_CHECKING:
    from tests.conftest import Api

SERVER_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
TEXT = {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}
MANUAL = {"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}}}


def user(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}


def tone(milliseconds: int, amplitude: int = 8_000) -> bytes:
    count = 24 * milliseconds
    return array("h", (int(amplitude * math.sin(index * 0.2)) for index in range(count))).tobytes()


def append(pcm: bytes) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}


class Talk:
    """A client of one session, without a socket."""

    def __init__(self, api: Api, model: str = "gpt-realtime") -> None:
        self.api = api
        request = Request("GET", "/v1/realtime", {b"authorization": b"Bearer sk-voice-0123456789"})
        request.query = b"model=" + model.encode()
        came = open_session(api.simulator, request, [], api.clock.now())
        opened, self.entry = came.what, came.entry
        assert isinstance(opened, RealtimeSession)
        self.session = opened
        self.created = json.loads(self.session.start())

    def send(self, *events: Any) -> list[dict[str, Any]]:
        """What the events lead to at once."""
        said = []
        for event in events:
            frame = event if isinstance(event, str | bytes) else json.dumps(event)
            said += [json.loads(each) for each in self.session.receive(frame, self.api.clock.now())]
        return said

    def pull(self, most: int = 100_000) -> list[dict[str, Any]]:
        """Events of the response under way, to its end or to so many."""
        said: list[dict[str, Any]] = []
        while self.session.is_responding() and len(said) < most:
            if self.session.work is not None:
                self.session.work()
            said += [json.loads(each) for each in self.session.pull(self.api.clock.now())]
        return said


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Types in order, a run of one kind once."""
    types = [event["type"] for event in events]
    return [kind for place, kind in enumerate(types) if place == 0 or types[place - 1] != kind]


@pytest.fixture
def talk(make_api: Callable[..., Api]) -> Talk:
    return Talk(make_api(tier=5))


def test_the_session_is_created_as_recorded(talk: Talk) -> None:
    """Keys in their order, the defaults of the wire, an hour to live."""
    session = talk.created["session"]
    assert list(talk.created) == ["type", "event_id", "session"]
    assert list(session) == [
        "type", "object", "id", "model", "output_modalities", "instructions", "tools", "tool_choice",
        "max_output_tokens", "tracing", "truncation", "prompt", "expires_at", "audio", "include",
    ]  # fmt: skip
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 200
    assert session["expires_at"] == talk.api.clock.now() // 1_000_000 + 3_600


def test_a_text_turn_has_the_recorded_order(talk: Talk) -> None:
    """From the item to the rate limits."""
    talk.send(TEXT)
    events = talk.send(user("Say one two three"), {"type": "response.create"}) + talk.pull()
    assert kinds(events) == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    assert "".join(event["delta"] for event in events if event["type"].endswith("text.delta")) == "One two three"
    assert events[-2]["response"]["status"] == "completed"


def test_an_audio_turn_has_the_recorded_order_and_plays_as_long_as_it_is_charged(talk: Talk) -> None:
    """Transcript and audio run along; 20 tokens for each second that was sent."""
    events = talk.send(user("Tell me about rain"), {"type": "response.create"}) + talk.pull()
    assert [kind for kind in kinds(events) if not kind.endswith("delta")] == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    audio = b"".join(
        base64.b64decode(event["delta"]) for event in events if event["type"] == "response.output_audio.delta"
    )
    done = next(event for event in events if event["type"] == "response.done")["response"]
    transcript = done["output"][0]["content"][0]["transcript"]
    assert transcript == "".join(event["delta"] for event in events if event["type"].endswith("transcript.delta"))
    milliseconds = len(audio) // 48
    assert done["usage"]["output_token_details"]["audio_tokens"] == -(-milliseconds // 50)
    # Speech runs at some 10 to 20 characters a second.
    assert len(transcript) / 25 < milliseconds / 1000 < len(transcript) / 6
    assert max(abs(sample) for sample in array("h", audio)) > 3_000


def test_every_event_parses_with_the_sdks_types(talk: Talk) -> None:
    """Strictly: the right class, with nothing left over at its top."""
    events = [talk.created, *talk.send(TEXT, user("Hello"), {"type": "response.create"}), *talk.pull()]
    events += talk.send({"type": "nope"}, append(tone(200)), {"type": "input_audio_buffer.clear"})
    events += talk.send(user("And?"), {"type": "response.create"})
    events += talk.send({"type": "response.cancel"})
    for event in events:
        parsed = SERVER_EVENT.validate_python(event)
        assert parsed.type == event["type"]
        assert set(parsed.model_extra or ()) <= {"obfuscation", "call_id"}


def test_a_function_is_called_with_what_the_message_says(talk: Talk) -> None:
    """Arguments are streamed; after the output the model speaks."""
    tool = {
        "type": "function",
        "name": "get_weather",
        "description": "Get the weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
    update = {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"], "tools": [tool]}}
    talk.send(update)
    events = talk.send(user("What is the weather in Lisbon?"), {"type": "response.create"}) + talk.pull()
    assert kinds(events)[2:] == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    call = events[-2]["response"]["output"][0]
    assert json.loads(call["arguments"]) == {"city": "Lisbon"}
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain, 14 degrees"}
    events = talk.send({"type": "conversation.item.create", "item": output}, {"type": "response.create"}) + talk.pull()
    assert "rain, 14 degrees" in events[-2]["response"]["output"][0]["content"][0]["text"]


def test_voice_activity_begins_and_ends_a_turn(talk: Talk) -> None:
    """A tone between silences: started at its start less the padding, stopped after the silence, then an answer."""
    events = talk.send(append(bytes(48 * 1_000)), append(tone(600)), append(bytes(48 * 400)))
    assert kinds(events) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    assert abs(events[0]["audio_start_ms"] - 700) <= 20
    assert abs(events[1]["audio_end_ms"] - 1_800) <= 20
    assert events[0]["item_id"] == events[2]["item_id"] == events[3]["item"]["id"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 40_000), min_size=1, max_size=12))
def test_voice_activity_does_not_depend_on_how_audio_is_cut(make_api: Callable[..., Api], sizes: list[int]) -> None:
    """The same milliseconds at any chunking."""
    sound = bytes(48 * 500) + tone(300) + bytes(48 * 500)
    talk = Talk(make_api(tier=5))
    talk.send(
        {
            "type": "session.update",
            "session": {"type": "realtime", "audio": {"input": {"turn_detection": {"create_response": False}}}},
        }
    )
    events, start, turn = [], 0, 0
    while start < len(sound):
        size = 2 * sizes[turn % len(sizes)]
        events += talk.send(append(sound[start : start + size]))
        start += size
        turn += 1
    assert [event["audio_start_ms"] for event in events if event["type"].endswith("started")] == [200]
    assert [event["audio_end_ms"] for event in events if event["type"].endswith("stopped")] == [1_000]


def test_speech_during_a_response_cuts_it_and_only_what_was_sent_counts(talk: Talk) -> None:
    """Barge-in: the open parts are closed, the response is cancelled because of the turn."""
    talk.send(user("Tell me about rain in exactly 200 words"), {"type": "response.create"})
    before = talk.pull(most=30)
    events = talk.send(append(tone(100)))
    assert kinds(events) == [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    response = events[-2]["response"]
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert response["output"][0]["status"] == "incomplete"
    sent = sum(len(base64.b64decode(event["delta"])) for event in before if event["type"].endswith("audio.delta"))
    assert response["usage"]["output_token_details"]["audio_tokens"] == -(-(sent // 48) // 50)


def test_a_second_response_is_refused_while_one_runs(talk: Talk) -> None:
    """And the first goes on."""
    talk.send(TEXT, user("Hello"), {"type": "response.create"})
    refused = talk.send({"type": "response.create", "event_id": "mine"})
    assert refused[0]["error"]["code"] == "conversation_already_has_active_response"
    assert refused[0]["error"]["event_id"] == "mine"
    assert talk.pull()[-2]["response"]["status"] == "completed"


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ("no json", "invalid_json", None),
        (b"\x00", "invalid_event", None),
        ("[]", "invalid_json", None),
        ({}, "invalid_event", None),
        ({"type": "scooby"}, "invalid_value", "type"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": {}}, "missing_required_parameter", "session.type"),
        (
            {"type": "session.update", "session": {"type": "realtime", "bogus_field": 1}},
            "unknown_parameter",
            "session.bogus_field",
        ),
        (
            {
                "type": "session.update",
                "session": {"type": "realtime", "audio": {"output": {"format": {"type": "audio/pcm", "rate": 16_000}}}},
            },
            "integer_below_min_value",
            "session.audio.output.format.rate",
        ),
        ({"type": "input_audio_buffer.append", "audio": "?"}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "AA=="}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty", None),
        ({"type": "conversation.item.delete", "item_id": "item_x"}, "item_delete_invalid_item_id", None),
        ({"type": "response.cancel"}, "response_cancel_not_active", None),
        ({"type": "response.create", "response": {"modalities": ["text"]}}, "unknown_parameter", "response.modalities"),
    ],
)
def test_a_wrong_event_is_named_and_the_session_lives_on(talk: Talk, event: Any, code: str, param: str | None) -> None:
    """One `error` event with the client's event id, and the next turn works."""
    if isinstance(event, dict):
        event = {**event, "event_id": "client-7"}
    [refused] = talk.send(event)
    assert (refused["type"], refused["error"]["code"], refused["error"]["param"]) == ("error", code, param)
    assert refused["error"]["event_id"] == ("client-7" if isinstance(event, dict) else None)
    talk.send(TEXT, user("Hello"), {"type": "response.create"})
    assert talk.pull()[-2]["response"]["status"] == "completed"


def test_items_are_placed_read_truncated_and_deleted(talk: Talk) -> None:
    """By id, with `root` for the front."""
    first = talk.send({**user("one"), "item": {**user("one")["item"], "id": "item_one"}})
    assert first[0]["previous_item_id"] is None
    front = talk.send({**user("zero"), "previous_item_id": "root"})
    assert front[0]["previous_item_id"] is None
    behind = talk.send({**user("two"), "previous_item_id": "item_one"})
    assert behind[0]["previous_item_id"] == "item_one"
    assert talk.send({"type": "conversation.item.retrieve", "item_id": "item_one"})[0]["item"]["id"] == "item_one"
    assert talk.send({"type": "conversation.item.delete", "item_id": "item_one"})[0]["item_id"] == "item_one"
    talk.send({"type": "response.create"})
    spoken = talk.pull()[-2]["response"]["output"][0]["id"]
    cut = {"type": "conversation.item.truncate", "item_id": spoken, "content_index": 0, "audio_end_ms": 100}
    assert talk.send(cut)[0]["audio_end_ms"] == 100
    assert "already shorter than" in talk.send({**cut, "audio_end_ms": 60_000})[0]["error"]["message"]


def test_an_out_of_band_response_leaves_the_conversation_alone(talk: Talk) -> None:
    """No conversation id, no conversation events, its own input and metadata."""
    asked = {
        "conversation": "none",
        "input": [user("Say apples")["item"]],
        "metadata": {"topic": "fruit"},
        "output_modalities": ["text"],
    }
    events = talk.send({"type": "response.create", "response": asked}) + talk.pull()
    assert not any(kind.startswith("conversation.") for kind in kinds(events))
    response = events[-2]["response"]
    assert response["conversation_id"] is None
    assert response["metadata"] == {"topic": "fruit"}
    assert response["output"][0]["content"][0]["text"] == "Apples"


def test_the_whole_conversation_is_read_again_each_turn_and_cached(talk: Talk) -> None:
    """Input grows, and what was read before is cheaper."""
    usages = []
    for _ in range(3):
        talk.send(TEXT, user("Tell me about rain in 60 words"), {"type": "response.create"})
        usages.append(talk.pull()[-2]["response"]["usage"])
    inputs = [usage["input_tokens"] for usage in usages]
    cached = [usage["input_token_details"]["cached_tokens"] for usage in usages]
    assert inputs[0] < inputs[1] < inputs[2]
    assert cached[0] == 0 < cached[1] < cached[2]


def test_max_output_tokens_ends_a_response_incomplete(talk: Talk) -> None:
    """With its reason."""
    asked = {"type": "response.create", "response": {"output_modalities": ["text"], "max_output_tokens": 3}}
    response = (talk.send(user("Tell me about rain"), asked) + talk.pull())[-2]["response"]
    assert response["status"] == "incomplete"
    assert response["status_details"]["reason"] == "max_output_tokens"
    assert response["usage"]["output_tokens"] == 3


def test_without_credits_a_response_fails_and_the_session_lives(make_api: Callable[..., Api]) -> None:
    """response.done failed with insufficient_quota, no response.created; after a purchase it works."""
    api = make_api(tier=5, credits=1)
    talk = Talk(api)
    talk.send(TEXT, user("Hello"), {"type": "response.create"})
    talk.pull()
    [failed] = talk.send({"type": "response.create"})
    assert failed["type"] == "response.done"
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["status_details"]["error"]["code"] == "insufficient_quota"
    account = api.simulator.account("sk-voice-0123456789")
    account.organization.ledger.grant(DOLLAR, "purchased", api.clock.now())
    assert talk.send({"type": "response.create"})[0]["type"] == "response.created"


def test_a_full_bucket_fails_the_response_with_the_wait(make_api: Callable[..., Api]) -> None:
    """rate_limit_exceeded in response.done."""
    talk = Talk(make_api(tier=1))
    talk.send(TEXT, user("x " * 20_000), {"type": "response.create"})
    talk.pull()
    [failed] = talk.send({"type": "response.create"})
    error = failed["response"]["status_details"]["error"]
    assert error["code"] == "rate_limit_exceeded"
    assert "on tokens per min (TPM): Limit 40000" in error["message"]


def test_a_session_ends_after_an_hour(talk: Talk) -> None:
    """session_expired, then close 1001."""
    assert talk.session.wake(talk.api.clock.now()) == []
    talk.api.clock.advance(3_600)
    [event] = [json.loads(each) for each in talk.session.wake(talk.api.clock.now())]
    assert event["error"]["code"] == "session_expired"
    assert talk.session.close is not None
    assert talk.session.close.code == 1001


@pytest.mark.parametrize(
    ("headers", "query", "protocols", "close", "reason"),
    [
        ({}, b"model=gpt-realtime", [], 3000, "invalid_request_error"),
        ({b"authorization": b"Bearer sk-a-0123456789"}, b"", [], 4000, "invalid_request_error.missing_model"),
        (
            {b"authorization": b"Bearer sk-a-0123456789"},
            b"model=gpt-4o",
            [],
            4000,
            "invalid_request_error.invalid_model",
        ),
    ],
)
def test_who_may_not_come_in_is_told_so(
    api: Api, headers: dict[bytes, bytes], query: bytes, protocols: list[str], close: int, reason: str
) -> None:
    """An error event and a close, never a failed upgrade."""
    request = Request("GET", "/v1/realtime", headers, query=query)
    came = open_session(api.simulator, request, protocols, api.clock.now())
    turned, entry = came.what, came.entry
    assert isinstance(turned, Turned)
    assert (turned.close.code, turned.close.reason) == (close, reason)
    assert json.loads(turned.event)["type"] == "error"
    assert entry.finished_at is not None


def test_a_browser_names_its_key_in_a_sub_protocol(api: Api) -> None:
    """`openai-insecure-api-key.KEY`."""
    request = Request("GET", "/v1/realtime", {}, query=b"model=gpt-realtime")
    came = open_session(
        api.simulator, request, ["realtime", "openai-insecure-api-key.sk-browser-0123456789"], api.clock.now()
    )
    assert isinstance(came.what, RealtimeSession)
    assert came.entry.key == "sk-brows*********6789"


BESIDE = {
    "type": "response.create",
    "response": {"conversation": "none", "input": [user("Say apples")["item"]], "output_modalities": ["text"]},
}


def test_responses_beside_the_conversation_run_along_with_it(talk: Talk) -> None:
    """Each has its own id and its own end; their deltas take turns."""
    talk.send(TEXT, user("Tell me about rain in 60 words"))
    began = talk.send({"type": "response.create"}, BESIDE, BESIDE)
    assert [event["type"] for event in began] == ["response.created"] * 3
    ids = [event["response"]["id"] for event in began]
    events = talk.pull()
    deltas = [event["response_id"] for event in events if event["type"] == "response.output_text.delta"]
    assert set(deltas) == set(ids)
    assert deltas.index(ids[2]) < len(deltas) - 1 - deltas[::-1].index(ids[0])
    done = {event["response"]["id"]: event["response"] for event in events if event["type"] == "response.done"}
    assert [done[each]["status"] for each in ids] == ["completed"] * 3
    assert [done[each]["conversation_id"] is None for each in ids] == [False, True, True]
    assert done[ids[1]]["output"][0]["content"][0]["text"] == "Apples"


def test_one_response_of_several_is_cancelled_by_its_id(talk: Talk) -> None:
    """Without an id it is the conversation's; one that is over is refused while others run."""
    talk.send(TEXT, user("Tell me about rain in 60 words"))
    main, first, second = (event["response"]["id"] for event in talk.send({"type": "response.create"}, BESIDE, BESIDE))
    talk.pull(most=9)
    cut = talk.send({"type": "response.cancel", "response_id": second})
    assert [event["response"]["id"] for event in cut if event["type"] == "response.done"] == [second]
    [again] = talk.send({"type": "response.cancel", "response_id": second})
    assert again["error"]["code"] == "response_cancel_not_active"
    cut = talk.send({"type": "response.cancel"})
    assert [event["response"]["id"] for event in cut if event["type"] == "response.done"] == [main]
    [none] = talk.send({"type": "response.cancel"})
    assert none["error"]["code"] == "response_cancel_not_active"
    done = [event["response"] for event in talk.pull() if event["type"] == "response.done"]
    assert [(each["id"], each["status"]) for each in done] == [(first, "completed")]


def test_speech_cuts_the_conversations_response_alone(talk: Talk) -> None:
    """What runs beside it goes on."""
    talk.send(user("Tell me about rain in 60 words"))
    main, beside = (event["response"]["id"] for event in talk.send({"type": "response.create"}, BESIDE))
    talk.pull(most=12)
    events = talk.send(append(tone(100)))
    assert [event["response"]["id"] for event in events if event["type"] == "response.done"] == [main]
    assert talk.pull()[-2]["response"]["id"] == beside


def test_not_too_many_responses_run_beside_the_conversation(talk: Talk) -> None:
    """Memory is bounded; the one too many is refused, and there is room again when one has ended."""
    said = talk.send(*[BESIDE] * 18)
    assert [event["type"] for event in said] == ["response.created"] * 17 + ["error"]
    assert said[-1]["error"]["code"] == "too_many_active_responses"
    talk.pull()
    assert talk.send(BESIDE)[0]["type"] == "response.created"


def test_a_cancel_at_any_moment_leaves_nothing_open(talk: Talk) -> None:
    """Every item and every part that was added is done, wherever the cut came."""
    talk.send(TEXT)
    for moment in range(12):
        events = talk.send(user("Say one two three"), {"type": "response.create"}) + talk.pull(most=moment)
        if talk.session.is_responding():
            events += talk.send({"type": "response.cancel"})
        types = [event["type"] for event in events]
        for kind in ("response.output_item", "response.content_part"):
            assert types.count(f"{kind}.added") == types.count(f"{kind}.done"), moment
        assert types.count("conversation.item.added") == types.count("conversation.item.done")
        assert types.count("response.done") == 1


@pytest.mark.parametrize("limit", [1, 2, 7, 30])
def test_no_more_is_sent_than_max_output_tokens(talk: Talk, limit: int) -> None:
    """Sound is cut in the middle of a word, arguments in the middle of a value."""
    tool = {
        "type": "function",
        "name": "f",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}},
    }
    for more in ({}, {"tools": [tool], "tool_choice": "required"}):
        asked = {"type": "response.create", "response": {"max_output_tokens": limit, **more}}
        response = (talk.send(user("Tell me about rain in 200 words"), asked) + talk.pull())[-2]["response"]
        assert response["usage"]["output_tokens"] <= limit
        if response["status"] == "incomplete":
            assert response["status_details"]["reason"] == "max_output_tokens"
            assert response["usage"]["output_tokens"] == limit
            assert response["output"][-1]["status"] == "incomplete"
        else:
            assert response["output"][-1]["type"] == "function_call"


def hears(**wanted: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "realtime", "audio": {"input": wanted}}}


NEWEST = "the newest item"
"""Stands for its id."""
TOOL = {"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}}

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)

texts = st.text(max_size=12)
item_ids = st.just(NEWEST) | texts
client_events = st.one_of(
    st.just(TEXT),
    st.just(MANUAL),
    st.builds(user, texts),
    st.just({"type": "response.create"}),
    st.just({"type": "response.cancel"}),
    st.just({"type": "input_audio_buffer.commit"}),
    st.just({"type": "input_audio_buffer.clear"}),
    st.builds(append, st.sampled_from([b"", tone(60), tone(140), bytes(4_800), bytes(24_000), b"\x01"])),
    st.builds(
        lambda kind, item: {"type": f"conversation.item.{kind}", "item_id": item},
        st.sampled_from(("retrieve", "delete")),
        item_ids,
    ),
    st.builds(
        lambda item, end: {
            "type": "conversation.item.truncate",
            "item_id": item,
            "content_index": 0,
            "audio_end_ms": end,
        },
        item_ids,
        st.integers(0, 3_000),
    ),
    st.builds(lambda words, before: {**user(words), "previous_item_id": before}, texts, item_ids | st.just("root")),
    st.builds(
        hears,
        turn_detection=st.sampled_from(
            (None, {"type": "semantic_vad", "eagerness": "high"}, {"type": "server_vad", "idle_timeout_ms": 5_000})
        ),
        format=st.sampled_from(({"type": "audio/pcm"}, {"type": "audio/pcmu"}, {"type": "audio/pcma"})),
    ),
    st.just(hears(transcription={"model": "whisper-1"})),
    st.just({"type": "session.update", "session": {"type": "realtime", "tools": [TOOL], "tool_choice": "auto"}}),
    st.just({"type": "response.create", "response": {"conversation": "none", "input": [], "tools": [TOOL]}}),
    st.just(BESIDE),
    st.just({"type": "output_audio_buffer.clear"}),
    st.builds(
        lambda url: {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": url}]},
        },
        st.sampled_from((PIXEL, PIXEL[:-8], "https://example.com/a.png")) | texts,
    ),
    st.builds(
        lambda item: {"type": "conversation.item.create", "item": item},
        st.sampled_from(
            (
                {"type": "function_call", "call_id": "call_1", "name": "get_time", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "noon"},
                {"type": "mcp_list_tools", "server_label": "x", "tools": []},
                {"type": "mcp_call", "id": "mcp_1", "server_label": "x", "name": "f", "arguments": "{}"},
                {"type": "mcp_approval_response", "id": "a", "approval_request_id": "b", "approve": False},
            )
        ),
    ),
    st.builds(
        lambda item: {
            "type": "response.create",
            "response": {"conversation": "none", "input": [{"type": "item_reference", "id": item}]},
        },
        item_ids,
    ),
    st.builds(
        lambda way, include: {
            "type": "session.update",
            "session": {"type": "realtime", "truncation": way, "include": include},
        },
        st.sampled_from(("auto", "disabled"))
        | st.builds(
            lambda ratio, limit: {
                "type": "retention_ratio",
                "retention_ratio": ratio,
                "token_limits": {"post_instructions": limit},
            },
            st.floats(0, 1),
            st.integers(0, 60),
        ),
        st.none() | st.just(["item.input_audio_transcription.logprobs"]),
    ),
    st.just(hears(transcription={"model": "gpt-4o-transcribe"})),
    st.just({"type": "response.create", "response": {"max_output_tokens": 3, "metadata": {"a": "b"}}}),
    st.dictionaries(texts, st.none() | st.integers() | texts | st.lists(st.integers(), max_size=2), max_size=3),
    texts,
)


def may_follow(trigger: Trigger) -> set[str]:
    """Everything that the table lets a session say when something comes, whatever phase it is in."""
    said: set[str] = set()
    seen: set[Trigger] = set()
    ahead = [trigger]
    while ahead:
        here = ahead.pop()
        seen.add(here)
        for table in TABLES.values():
            for rows in table.values():
                row = rows.get(here)
                if isinstance(row, Move):
                    said.update(row.says)
                    ahead += [moment for moment in row.then if moment not in seen]
    return said


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(client_events, st.integers(0, 40)), max_size=14))
def test_any_events_in_any_order_leave_a_sound_session(
    make_api: Callable[..., Api], steps: list[tuple[Any, int]]
) -> None:
    """Never a crash; every response ends in exactly one response.done; audio sent is audio counted; ids are unique.

    Nothing is said that the table does not have, and what was opened is closed.
    """
    talk = Talk(make_api(tier=5))
    said = [talk.created]
    newest = "none"
    for event, pulls in steps:
        if isinstance(event, dict):
            event = json.loads(json.dumps(event).replace(NEWEST, newest))
        answers = talk.send(event)
        told = {each["type"] for each in answers} - {"error"}
        kind = event.get("type") if isinstance(event, dict) else None
        assert told <= (may_follow(kind) if kind in CLIENT_EVENTS else set())
        said += answers
        newest = next((each["item"]["id"] for each in reversed(said) if "item" in each), newest)
        pulled = talk.pull(most=pulls) if pulls else []
        assert {each["type"] for each in pulled} <= may_follow(Moment.NEXT_IS_DUE) | may_follow(Moment.ALL_SAID)
        said += pulled
    said += talk.pull()
    types = [event["type"] for event in said]
    for kind in ("response.output_item", "response.content_part"):
        assert types.count(f"{kind}.added") == types.count(f"{kind}.done")
    created = [event["response"]["id"] for event in said if event["type"] == "response.created"]
    done = [event["response"] for event in said if event["type"] == "response.done"]
    turned_away = [response["id"] for response in done if response["status"] == "failed"]
    assert not set(turned_away) & set(created)
    created += turned_away
    assert sorted(response["id"] for response in done) == sorted(created)
    audio: dict[str, int] = {}
    for event in said:
        SERVER_EVENT.validate_python(event)
        if event["type"] == "response.output_audio.delta":
            audio[event["response_id"]] = audio.get(event["response_id"], 0) + len(base64.b64decode(event["delta"]))
    for response in done:
        sent = audio.get(response["id"], 0)
        assert response["usage"]["output_token_details"]["audio_tokens"] == -(-(sent // 48) // 50)
    ids = [event["event_id"] for event in said]
    assert len(ids) == len(set(ids))
