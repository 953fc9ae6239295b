import base64
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.socket_events import BYTES_IN_MS, tone
from understudy_harness.conformance.socket_script import Accept, Drop, Message, Pause, PingOnce, SocketScript
from understudy_harness.conformance.socket_steps import Close, Refuse, SocketError, Step

CANARY = Canary("sk-canary", "canary-1")


def script(*steps: dict[str, Any], dial: int = 1) -> SocketScript:
    """A script that has accepted and greeted."""
    made = SocketScript(steps, CANARY, dial)
    assert made.next() == Accept()
    assert said(made) == ["session.created"]
    return made


def played(made: SocketScript) -> list[Any]:
    """All actions until it is the client's turn."""
    actions = []
    while (action := made.next()) is not None:
        actions.append(action)
        if isinstance(action, Pause):
            break
    return actions


def events(made: SocketScript) -> list[dict[str, Any]]:
    """The events among them."""
    return [json.loads(b"".join(action.pieces)) for action in played(made) if isinstance(action, Message)]


def said(made: SocketScript) -> list[str]:
    """Their types, up to the first that is not sent at once."""
    if made._ready:
        return [json.loads(b"".join(made._ready.popleft().pieces))["type"]]
    return [event["type"] for event in events(made)]


def tell(made: SocketScript, type: str, **fields: Any) -> list[dict[str, Any]]:
    """Send an event; what it leads to."""
    made.receive(json.dumps({"type": type, **fields}))
    return events(made)


def types(told: list[dict[str, Any]]) -> list[str]:
    """Of events."""
    return [event["type"] for event in told]


def test_a_script_without_steps_answers_as_the_api_does() -> None:
    """Settings are taken, items are added, and a response is the standard answer in the form that was asked for."""
    made = script()
    (updated,) = tell(made, "session.update", session={"output_modalities": ["text"], "tools": [{"name": "x"}]})
    assert (updated["type"], updated["session"]["tools"]) == ("session.updated", [{"name": "x"}])
    added, done = tell(made, "conversation.item.create", item={"type": "message", "role": "user"})
    assert (added["type"], done["type"]) == ("conversation.item.added", "conversation.item.done")
    assert added["item"]["id"] == "item_1_user_1"
    assert added["previous_item_id"] is None
    answer = tell(made, "response.create")
    assert types(answer) == [
        "response.created", "response.output_item.added", "conversation.item.added", "response.content_part.added",
        *["response.output_text.delta"] * 3, "response.output_text.done", "response.content_part.done",
        "conversation.item.done", "response.output_item.done", "response.done",
    ]  # fmt: skip
    assert "".join(event["delta"] for event in answer if event["type"].endswith("text.delta")) == CANARY.text
    assert answer[2]["previous_item_id"] == "item_1_user_1"
    whole = answer[-1]["response"]
    assert (whole["status"], whole["output"][0]["content"][0]["text"]) == ("completed", CANARY.text)
    assert len({event["event_id"] for event in answer}) == len(answer)


def test_an_answer_in_sound_has_a_transcript() -> None:
    """Which is what a session asks for that says nothing."""
    answer = tell(script(), "response.create")
    assert types(answer).count("response.output_audio_transcript.delta") == 3
    assert answer[-1]["response"]["output"][0]["content"] == [{"type": "output_audio", "transcript": CANARY.text}]


@pytest.mark.parametrize(
    ("type", "fields", "code"),
    [
        ("response.cancel", {}, "response_cancel_not_active"),
        ("input_audio_buffer.commit", {}, "input_audio_buffer_commit_empty"),
        ("scooby.doo", {}, "invalid_value"),
        ("conversation.item.truncate", {"item_id": "item_x", "content_index": 0, "audio_end_ms": 1}, "invalid_value"),
    ],
)
def test_what_may_not_be_is_refused_with_the_id_of_the_event(type: str, fields: dict[str, Any], code: str) -> None:
    """In the API's own words."""
    (refused,) = tell(script(), type, event_id="mine", **fields)
    assert (refused["type"], refused["error"]["code"], refused["error"]["event_id"]) == ("error", code, "mine")


@pytest.mark.parametrize("message", ["null", "[1]", '{"type": 5}', "{", b"\xff"])
def test_what_is_no_event_is_refused(message: str | bytes) -> None:
    """And the session goes on."""
    made = script()
    made.receive(message)
    assert events(made)[0]["error"]["code"] == "invalid_event"
    assert types(tell(made, "session.update", session={})) == ["session.updated"]


def test_one_response_at_a_time() -> None:
    """A second one is refused, the running one can be cancelled, and then there is room."""
    made = script({"begin": "own"}, {"say": {"text": "Half", "pieces": 1}}, {"wait": "never"})
    events(made)
    (refused,) = tell(made, "response.create", event_id="e")
    assert refused["error"]["code"] == "conversation_already_has_active_response"
    assert "resp_own" in refused["error"]["message"]
    cancelled = tell(made, "response.cancel")[-1]["response"]
    assert (cancelled["id"], cancelled["status"]) == ("resp_own", "cancelled")
    assert cancelled["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert cancelled["output"][0]["status"] == "incomplete"
    assert tell(made, "response.create")[-1]["response"]["status"] == "completed"


def test_a_wait_takes_what_it_names_and_answers_it_by_its_own_steps() -> None:
    """Fields count too, and an event that came before its time is not lost."""
    made = script(
        {"pause": 1},
        {"wait": {"type": "conversation.item.create", "item.role": "user"}},
        {"wait": "response.create"},
        {"answer": {"name": "special", "text": "Mine, {canary}"}},
    )
    assert played(made) == [Pause(1)]
    assert events(made) == []
    assert types(tell(made, "conversation.item.create", item={"role": "system"})) == [
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert len(tell(made, "conversation.item.create", item={"role": "user"})) == 2
    answer = tell(made, "response.create")
    assert answer[-1]["response"]["id"] == "resp_special"
    assert answer[-1]["response"]["output"][0]["content"][0]["transcript"] == "Mine, canary-1"


def test_a_client_may_be_quicker_than_the_script() -> None:
    """A response that is asked for during a pause is the next wait's."""
    made = script({"pause": 1}, {"wait": "response.create"}, {"answer": {"name": "late"}})
    assert played(made) == [Pause(1)]
    made.receive(json.dumps({"type": "response.create"}))
    assert made.next_answer() is None
    assert events(made)[0]["response"]["id"] == "resp_late"


def test_a_response_shows_the_metadata_of_its_wish() -> None:
    """Whether the script answers or the API; one that the server thought of has none."""
    wish = {"response": {"metadata": {"client": "7"}}}
    made = script({"wait": "response.create"}, {"answer": {}}, {"answer": {}})
    shown = [event["response"]["metadata"] for event in tell(made, "response.create", **wish) if "response" in event]
    assert shown == [{"client": "7"}] * 2 + [None] * 2
    assert tell(script(), "response.create", **wish)[0]["response"]["metadata"] == {"client": "7"}


def test_an_event_can_be_answered_late() -> None:
    """As the API does, but after what it was too late for; none need have come."""
    steps = ({"begin": "x"}, {"pause": 1}, {"done": {}}, {"late": "response.cancel"})
    made = script(*steps)
    assert played(made)[-1] == Pause(1)
    made.receive(json.dumps({"type": "response.cancel"}))
    assert made.next_answer() is None
    assert [event.get("error", {}).get("code") for event in events(made)] == [None, "response_cancel_not_active"]
    made = script(*steps)
    played(made)
    assert types(events(made)) == ["response.done"]
    assert types(tell(made, "response.cancel")) == ["error"]


def test_items_can_be_had_again() -> None:
    """Those of both sides, as far as they have come; others are refused."""
    made = script({"begin": "x"}, {"say": {"text": "Hi"}}, {"done": {}})
    events(made)
    tell(made, "conversation.item.create", item={"role": "user"})
    (answer,) = tell(made, "conversation.item.retrieve", item_id="item_x")
    assert answer["item"]["content"] == [{"type": "output_audio", "transcript": "Hi"}]
    (own,) = tell(made, "conversation.item.retrieve", item_id="item_1_user_1")
    assert own["item"]["role"] == "user"
    (refused,) = tell(made, "conversation.item.retrieve", item_id="item_y", event_id="e")
    assert (refused["error"]["code"], refused["error"]["event_id"]) == ("item_retrieve_invalid_item_id", "e")


def test_an_error_names_the_event_that_was_waited_for() -> None:
    """Or nothing, where the client gave it no id."""
    steps = ({"wait": "response.create"}, {"send": {"type": "error", "error": {"event_id": "{event_id}"}}})
    assert tell(script(*steps), "response.create", event_id="e7")[0]["error"]["event_id"] == "e7"
    assert tell(script(*steps), "response.create")[0]["error"]["event_id"] is None


def test_a_tool_call_has_the_events_of_one() -> None:
    """It follows what was said, and the response ends with both."""
    made = script({"begin": "t"}, {"say": {"text": "Wait."}}, {"tool": {"name": "f", "arguments": "{}"}}, {"done": {}})
    told = events(made)
    call = next(event for event in told if event["type"] == "response.function_call_arguments.done")
    assert (call["call_id"], call["name"], call["output_index"]) == ("call_t", "f", 1)
    assert [item["type"] for item in told[-1]["response"]["output"]] == ["message", "function_call"]


def test_a_failed_response_says_why() -> None:
    """In its details, as the API does."""
    told = events(script({"begin": "f"}, {"done": {"status": "failed", "error": {"code": "insufficient_quota"}}}))
    details = told[-1]["response"]["status_details"]
    assert details == {"type": "failed", "error": {"code": "insufficient_quota"}}


def test_sound_is_as_long_as_it_says_and_can_come_late() -> None:
    """In deltas of equal length, of a response that is over too; a truncation within it is granted."""
    made = script(
        {"begin": "old"}, {"sound": {"ms": 500, "pieces": 5}}, {"done": {}}, {"sound": {"ms": 200, "of": "old"}}
    )
    told = [event for event in events(made) if event["type"] == "response.output_audio.delta"]
    assert [len(base64.b64decode(event["delta"])) for event in told] == [100 * BYTES_IN_MS] * 5 + [200 * BYTES_IN_MS]
    (granted,) = tell(made, "conversation.item.truncate", item_id="item_old", content_index=0, audio_end_ms=700)
    assert granted["type"] == "conversation.item.truncated"
    (refused,) = tell(made, "conversation.item.truncate", item_id="item_old", content_index=0, audio_end_ms=701)
    assert refused["error"]["message"] == "Audio content of 700ms is already shorter than 701ms"


def test_the_server_hears_by_itself() -> None:
    """What was said becomes an item, under the id that was told when it began."""
    told = events(script({"speech": "started"}, {"speech": "stopped"}))
    assert types(told) == [
        "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
        "conversation.item.added", "conversation.item.done",
    ]  # fmt: skip
    assert {event.get("item_id") or event["item"]["id"] for event in told} == {"item_1_user_1"}


def test_a_message_is_cut_within_a_character() -> None:
    """In three pieces, each of them no text by itself; other messages stay whole."""
    made = script({"begin": "c"}, {"say": {"text": "a世b", "pieces": 1}, "cut_in": "世"})
    pieces = [action.pieces for action in played(made) if isinstance(action, Message)]
    assert [len(each) for each in pieces] == [1] * (len(pieces) - 1) + [3]
    first, second, _ = pieces[-1]
    for part in (first, second):
        with pytest.raises(UnicodeDecodeError):
            part.decode()
    assert json.loads(b"".join(pieces[-1]))["delta"] == "a世b"


def test_pings_have_payloads_of_their_own_and_sound_between() -> None:
    """Of the size that was asked for."""
    made = script({"begin": "p"}, {"ping": {"size": 20, "count": 2, "every_s": 0.5, "sound_ms": 100}})
    actions = []
    while (action := made.next()) is not None:
        actions.append(action)
    pings = [action.payload for action in actions if isinstance(action, PingOnce)]
    assert [len(payload) for payload in pings] == [20, 20]
    assert pings[0] != pings[1]
    assert actions.count(Pause(0.5)) == 2


def test_connections_end_as_the_steps_say() -> None:
    """A refused one before it began; others with a close frame, or without."""
    refused = SocketScript([{"refuse": {"status": 401, "body": "{canary}"}}, {"answer": {}}], CANARY)
    assert refused.next() == Refuse(401, body="canary-1")
    assert refused.next() is None
    assert played(script({"close": {"code": 1008, "reason": "no"}})) == [Close(1008, "no")]
    assert played(script({"drop": "rst"})) == [Drop(reset=True)]
    assert played(script({"drop": "fin"})) == [Drop(reset=False)]
    silent = SocketScript([{"accept": False}, {"text": "{canary}"}, {"binary": "x"}], CANARY)
    assert played(silent) == [Accept(), Message((b"canary-1",)), Message((b"x",), binary=True)]


def test_steps_belong_to_connections() -> None:
    """By number; what has no step there answers as the API does, and no id comes twice."""
    steps = ({"dial": 1, "answer": {"name": "one"}}, {"dial": "2..3", "answer": {"name": "some"}}, {"answer": {}})
    ids = [events(script(*steps, dial=dial))[0]["response"]["id"] for dial in (1, 2, 3, 4)]
    assert ids == ["resp_one", "resp_some", "resp_some", "resp_4_1"]


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({}, "must do one thing, and it does nothing"),
        ({"pause": 1, "begin": "x"}, "must do one thing, and it does begin, pause"),
        ({"jump": 1}, "unknown field `jump`"),
        ({"drop": "softly"}, "drop is rst or fin"),
        ({"speech": "slurred"}, "speech is started or stopped"),
        ({"dial": "last", "answer": {}}, "dial is a number"),
        ({"ping": {"size": "big"}}, "Expected `int`, got `str` - at `$.ping.size`"),
    ],
)
def test_a_step_that_cannot_be_used_is_shown(step: dict[str, Any], problem: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(SocketError, match=re.escape(problem)):
        SocketScript([step], CANARY)


def test_the_tone_is_a_tone() -> None:
    """440 Hz: it crosses zero 880 times in a second, and a second second is like the first."""
    samples = memoryview(tone(1000)).cast("h")
    crossings = sum((before < 0) != (after < 0) for before, after in itertools.pairwise(samples))
    assert abs(crossings - 880) <= 2
    assert tone(2000) == tone(1000) * 2
    assert len(tone(1500)) == 1500 * BYTES_IN_MS


def test_every_step_is_in_the_reference() -> None:
    """And nothing stands there that is none."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "conformance.md").read_text()
    section = page.partition("## Realtime sessions")[2].partition("\n## ")[0]
    told = {name for line in section.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+) = ", line)}
    told |= {name for name in ("dial", "cut_in") if f"`{name}`, " in section}
    assert told == set(Step.__struct_fields__)
