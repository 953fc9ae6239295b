"""The output audio buffer of calls: sound that the server plays, and what happens when it is cleared."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.realtime.test_session import SERVER_EVENT, Talk, append, tone, user

from understudy.core.realtime.session import RealtimeSession

if TYPE_CHECKING:
    from tests.conftest import Api

pytest.importorskip("espeakng_loader")

ASK = (user("Tell me about rain in 40 words"), {"type": "response.create"})
CLEAR = {"type": "output_audio_buffer.clear"}


class Call(Talk):
    """A session whose sound is played by the server."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        account = api.simulator.account("sk-voice-0123456789")
        model = api.simulator.find_model("gpt-realtime", account)
        assert model is not None
        self.session = RealtimeSession(
            api.simulator, account, model, seed=b"call", now=api.clock.now(), entry=self.entry, plays=True
        )

    def answer(self) -> list[dict[str, Any]]:
        """An answer, sent as a whole."""
        return self.send(*ASK) + self.pull()

    def wake(self) -> list[dict[str, Any]]:
        """Go to the moment when the session has something to say."""
        now = self.api.clock.now()
        self.api.clock.advance(max(0, self.session.deadline - now) / 1_000_000)
        return [json.loads(event) for event in self.session.wake(self.api.clock.now())]


@pytest.fixture
def call(make_api: Callable[..., Api]) -> Call:
    return Call(make_api(tier=5))


def types(events: list[dict[str, Any]]) -> list[str]:
    for event in events:
        SERVER_EVENT.validate_python(event)
    return [event["type"] for event in events]


def item_of(events: list[dict[str, Any]]) -> str:
    found = next(event["item"]["id"] for event in events if event["type"] == "response.output_item.added")
    assert isinstance(found, str)
    return found


def length(call: Call, item: str) -> int:
    """Milliseconds of an item, by the error that tells them."""
    cut = {"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": 10**9}
    message = call.send(cut)[0]["error"]["message"]
    return int(message.removeprefix("Audio content of ").partition("ms")[0])


def test_sound_is_told_when_it_begins_and_when_it_has_been_played(call: Call) -> None:
    """Started before its first delta; stopped after response.done, when the sound has played for its length."""
    began = call.api.clock.now()
    events = call.answer()
    said = types(events)
    assert said.index("response.content_part.added") < said.index("output_audio_buffer.started")
    assert said.index("output_audio_buffer.started") < said.index("response.output_audio.delta")
    assert said.count("output_audio_buffer.started") == 1
    stopped = call.wake()
    assert types(stopped) == ["output_audio_buffer.stopped"]
    assert stopped[0]["response_id"] == events[-2]["response"]["id"]
    assert (call.api.clock.now() - began) // 1_000 == pytest.approx(length(call, item_of(events)), abs=2)


def test_who_speaks_over_the_sound_truncates_what_was_not_heard(call: Call) -> None:
    """Although the response was done long ago: the item ends where it was interrupted, without transcript."""
    events = call.answer()
    item = item_of(events)
    call.api.clock.advance(1.5)
    cut = call.send(append(tone(100)))
    assert types(cut) == [
        "input_audio_buffer.speech_started",
        "output_audio_buffer.cleared",
        "conversation.item.truncated",
    ]
    assert (cut[2]["item_id"], cut[2]["audio_end_ms"]) == (item, 1_500)
    assert length(call, item) == 1_500
    [told] = call.send({"type": "conversation.item.retrieve", "item_id": item})
    assert told["item"]["content"][0]["transcript"] == ""
    assert call.send(CLEAR) == []


def test_the_buffer_is_cleared_on_request(call: Call) -> None:
    """After a cancel, as the documents have it."""
    call.send(*ASK)
    call.pull(most=40)
    events = call.send({"type": "response.cancel"}, CLEAR)
    assert types(events)[-2:] == ["output_audio_buffer.cleared", "conversation.item.truncated"]
    assert events[-1]["audio_end_ms"] == 0


def test_two_answers_are_played_one_after_the_other(call: Call) -> None:
    """The second begins when the first has been played; who clears drops both."""
    began = call.api.clock.now()
    first = call.answer()
    second = call.answer()
    assert "output_audio_buffer.started" not in types(second)
    ids = [events[-2]["response"]["id"] for events in (first, second)]
    turned = call.wake()
    assert [(event["type"], event["response_id"]) for event in turned] == [
        ("output_audio_buffer.stopped", ids[0]),
        ("output_audio_buffer.started", ids[1]),
    ]
    stopped = call.wake()
    assert [(event["type"], event["response_id"]) for event in stopped] == [("output_audio_buffer.stopped", ids[1])]
    whole = sum(length(call, item_of(events)) for events in (first, second))
    assert (call.api.clock.now() - began) // 1_000 == pytest.approx(whole, abs=4)

    call.answer()
    last = call.answer()
    call.api.clock.advance(1)
    cleared = call.send(CLEAR)
    assert types(cleared) == ["output_audio_buffer.cleared", *["conversation.item.truncated"] * 2]
    assert [event["audio_end_ms"] for event in cleared[1:]] == [1_000, 0]
    assert length(call, item_of(last)) == 0


def test_a_websocket_has_no_such_buffer(make_api: Callable[..., Api]) -> None:
    """Its client plays the sound itself."""
    talk = Talk(make_api(tier=5))
    assert not any(kind.startswith("output_audio_buffer") for kind in types(talk.send(*ASK) + talk.pull()))
    [refused] = talk.send(CLEAR)
    assert refused["error"]["code"] == "invalid_event"
