"""Items of the conversation: every kind that a client may insert, what each is read as, and the real errors."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from tests.core.realtime.test_session import MANUAL, PIXEL, SERVER_EVENT, TEXT, Talk, append, tone, user

from understudy.core.realtime import conversation

if TYPE_CHECKING:
    from tests.conftest import Api

RESPOND = {"type": "response.create"}


@pytest.fixture
def talk(make_api: Callable[..., Api]) -> Talk:
    return Talk(make_api(tier=5))


def create(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "conversation.item.create", "item": item, **more}


def message(*content: dict[str, Any], role: str = "user", **more: Any) -> dict[str, Any]:
    return create({"type": "message", "role": role, "content": list(content), **more})


def picture(width: int = 64, height: int = 32, kind: str = "PNG") -> str:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def shows(url: str, **more: Any) -> dict[str, Any]:
    return message({"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": url, **more})


def usage(talk: Talk) -> dict[str, Any]:
    """What the next response comes to."""
    talk.send(RESPOND)
    done = next(event["response"] for event in talk.pull() if event["type"] == "response.done")
    found = done["usage"]
    assert isinstance(found, dict)
    return found


MCP = [
    {
        "type": "mcp_list_tools",
        "server_label": "docs",
        "tools": [{"name": "look_up", "description": "Find", "input_schema": {"type": "object"}, "annotations": None}],
    },
    {"type": "mcp_approval_request", "id": "mcpr_1", "server_label": "docs", "name": "look_up", "arguments": "{}"},
    {"type": "mcp_approval_response", "id": "mcpa_1", "approval_request_id": "mcpr_1", "approve": True},
    {
        "type": "mcp_call",
        "id": "mcp_1",
        "server_label": "docs",
        "name": "look_up",
        "arguments": "{}",
        "output": "found",
    },
]


@pytest.mark.parametrize("item", MCP, ids=lambda item: str(item["type"]))
def test_items_of_remote_tools_are_inserted_as_history(talk: Talk, item: dict[str, Any]) -> None:
    """They are told as they were given, with an id, and without a status."""
    added, done = talk.send(create(item))
    assert (added["type"], done["type"]) == ("conversation.item.added", "conversation.item.done")
    assert {**added["item"], "id": item.get("id")} == {"id": None, **item}
    assert added["item"]["id"]
    SERVER_EVENT.validate_python(added)
    talk.send(TEXT, user("Hello"), RESPOND)
    assert talk.pull()[-2]["response"]["status"] == "completed"


def test_the_output_of_a_call_that_was_never_made_is_refused(talk: Talk) -> None:
    """In the real words; once the call is there it is taken."""
    output = create({"type": "function_call_output", "call_id": "call_7", "output": "14 degrees"})
    [refused] = talk.send(output)
    assert refused["error"]["code"] == "invalid_tool_call_id"
    assert refused["error"]["message"] == "Tool call ID 'call_7' not found in conversation."
    call = {"type": "function_call", "call_id": "call_7", "name": "weather", "arguments": "{}"}
    assert talk.send(create(call), output)[-1]["item"]["output"] == "14 degrees"


@pytest.mark.parametrize(
    ("event", "code", "message"),
    [
        (
            {"type": "conversation.item.retrieve", "item_id": "item_x"},
            "item_retrieve_invalid_item_id",
            "Error retrieving item: the item with id 'item_x' does not exist.",
        ),
        (
            {"type": "conversation.item.delete", "item_id": "item_x"},
            "item_delete_invalid_item_id",
            "Error deleting item: the item with id 'item_x' does not exist.",
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "item_x", "content_index": 0, "audio_end_ms": 0},
            "item_truncate_invalid_item_id",
            "Error truncating item: the item with id 'item_x' does not exist.",
        ),
        (
            {**user("Hello"), "previous_item_id": "item_x"},
            "item_create_invalid_previous_item_id",
            "Error adding item: the previous item with id 'item_x' does not exist.",
        ),
    ],
)
def test_an_item_that_is_not_there_is_named(talk: Talk, event: dict[str, Any], code: str, message: str) -> None:
    """With a code for each thing that was to be done with it."""
    [refused] = talk.send(event)
    assert (refused["error"]["code"], refused["error"]["message"]) == (code, message)


def test_an_item_is_retrieved_with_its_sound(talk: Talk) -> None:
    """That of the caller as it was committed; that of the assistant as it was sent, cut where it was truncated."""
    talk.send(MANUAL)
    pcm = tone(300)
    item = talk.send(append(pcm), {"type": "input_audio_buffer.commit"})[-1]["item"]
    assert "audio" not in item["content"][0]
    [told] = talk.send({"type": "conversation.item.retrieve", "item_id": item["id"]})
    assert base64.b64decode(told["item"]["content"][0]["audio"]) == pcm
    SERVER_EVENT.validate_python(told)

    talk.send(RESPOND)
    events = talk.pull()
    sent = b"".join(base64.b64decode(each["delta"]) for each in events if each["type"] == "response.output_audio.delta")
    spoken = events[-2]["response"]["output"][0]["id"]
    retrieve = {"type": "conversation.item.retrieve", "item_id": spoken}
    assert base64.b64decode(talk.send(retrieve)[0]["item"]["content"][0]["audio"]) == sent
    talk.send({"type": "conversation.item.truncate", "item_id": spoken, "content_index": 0, "audio_end_ms": 250})
    part = talk.send(retrieve)[0]["item"]["content"][0]
    assert base64.b64decode(part["audio"]) == sent[: 250 * 48]
    assert part["transcript"] == ""


def test_the_sound_of_old_items_is_forgotten(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: the newest are kept; an old one is retrieved without sound and still weighs the same."""
    monkeypatch.setattr(conversation, "SOUND_KEPT", 48 * 500)
    talk.send(MANUAL, TEXT)
    ids = []
    for _ in range(3):
        ids.append(talk.send(append(tone(200)), {"type": "input_audio_buffer.commit"})[-1]["item"]["id"])
    parts = [
        talk.send({"type": "conversation.item.retrieve", "item_id": each})[0]["item"]["content"][0] for each in ids
    ]
    assert ["audio" in part for part in parts] == [False, True, True]
    assert usage(talk)["input_token_details"]["audio_tokens"] == 6


def test_a_conversation_has_room_for_so_much(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: what is too much is refused, and there is room again when an item was deleted."""
    monkeypatch.setattr(conversation, "MOST_BYTES", 100)
    first = talk.send(user("x" * 70))[0]["item"]["id"]
    [refused] = talk.send(user("y" * 70))
    assert refused["error"]["code"] == "item_create_conversation_full"
    talk.send({"type": "conversation.item.delete", "item_id": first})
    assert talk.send(user("y" * 70))[0]["type"] == "conversation.item.added"
    monkeypatch.setattr(conversation, "MOST_ITEMS", 1)
    [refused] = talk.send(user("z"))
    assert refused["error"]["code"] == "item_create_conversation_full"


def test_a_text_has_the_reported_bound(talk: Talk) -> None:
    """256,000 characters; one more is refused."""
    assert talk.send(user("x" * 256_000))[0]["type"] == "conversation.item.added"
    [refused] = talk.send(user("x" * 256_001))
    assert refused["error"]["code"] == "string_above_max_length"
    assert refused["error"]["param"] == "item.content[0].text"


@pytest.mark.parametrize(
    ("size", "detail", "tokens"),
    [((64, 32), "auto", 255), ((64, 32), "low", 85), ((2_048, 4_096), "high", 85 + 170 * 6), ((768, 768), None, 765)],
)
def test_a_picture_is_counted_as_in_chat(talk: Talk, size: tuple[int, int], detail: str | None, tokens: int) -> None:
    """Tiles of 512 pixels over a base; told apart from text and sound."""
    talk.send(TEXT)
    events = talk.send(shows(picture(*size), **({} if detail is None else {"detail": detail})))
    assert events[0]["item"]["content"][1]["type"] == "input_image"
    SERVER_EVENT.validate_python(events[0])
    details = usage(talk)["input_token_details"]
    assert details["image_tokens"] == tokens
    assert details["audio_tokens"] == 0


def test_a_picture_is_read_again_each_turn_and_cached(talk: Talk) -> None:
    """Its cached tokens stand beside those of text."""
    talk.send(TEXT, shows(picture(kind="JPEG")))
    first = usage(talk)["input_token_details"]
    talk.send(user("And now?"))
    second = usage(talk)["input_token_details"]
    assert (first["image_tokens"], second["image_tokens"]) == (255, 255)
    assert first["cached_tokens_details"]["image_tokens"] == 0
    assert 0 < second["cached_tokens_details"]["image_tokens"] <= 255
    assert second["cached_tokens"] == sum(second["cached_tokens_details"].values())


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("https://example.com/cat.png", "invalid_value", "Expected a valid URL"),
        ("data:image/png,abc", "invalid_value", "without the ';base64' separator"),
        ("data:text/plain;base64,aGVsbG8=", "invalid_value", "unsupported MIME type 'text/plain'"),
        ("data:image/png;base64,???", "invalid_base64", "Invalid base64 image_url."),
        ("data:image/png;base64,aGVsbG8=", "invalid_image_format", "unsupported image"),
        (picture(kind="GIF"), "invalid_image_format", "['png', 'jpeg']"),
        (picture(600, 400)[:-400], "invalid_image_format", "unsupported image"),
    ],
    ids=["elsewhere", "no base64", "no picture", "bad base64", "no file", "gif", "cut off"],
)
def test_a_bad_picture_is_refused_and_nothing_is_added(talk: Talk, url: str, code: str, words: str) -> None:
    """As the other endpoints do."""
    [refused] = talk.send({**shows(url), "event_id": "mine"})
    assert (refused["type"], refused["error"]["code"]) == ("error", code)
    assert words in refused["error"]["message"]
    assert refused["error"]["event_id"] == "mine"
    [first, _] = talk.send(user("Hello"))
    assert first["previous_item_id"] is None


def test_a_model_without_eyes_refuses_pictures(make_api: Callable[..., Api]) -> None:
    """The previews of 2024 take none."""
    talk = Talk(make_api(tier=5), "gpt-4o-realtime-preview")
    [refused] = talk.send(shows(picture()))
    assert refused["error"]["message"] == "Invalid content type. 'input_image' is only supported by certain models."


def test_text_beside_sound_is_read_too(talk: Talk) -> None:
    """One message may have both."""
    talk.send(TEXT)
    only = usage(talk)["input_token_details"]["text_tokens"]
    sound = {"type": "input_audio", "audio": base64.b64encode(tone(1_000)).decode()}
    talk.send(message({"type": "input_text", "text": "Listen to this"}, sound))
    details = usage(talk)["input_token_details"]
    assert details["audio_tokens"] == 10
    assert details["text_tokens"] >= only + 3


def test_items_given_to_a_response_may_refer_to_others(talk: Talk) -> None:
    """By `item_reference`, in the given order; what is not there is refused and nothing is under way."""
    talk.send(TEXT)
    first = talk.send(user("Say apples"))[0]["item"]["id"]
    talk.send(user("Say pears"))
    asked = {
        "type": "response.create",
        "response": {"conversation": "none", "input": [{"type": "item_reference", "id": first}]},
    }
    talk.send(asked)
    assert talk.pull()[-2]["response"]["output"][0]["content"][0]["text"] == "Apples"
    asked["response"] = {"conversation": "none", "input": [{"type": "item_reference", "id": "item_x"}]}
    [refused] = talk.send(asked)
    assert refused["error"]["code"] == "item_retrieve_invalid_item_id"
    assert not talk.session.is_responding()


TOOLS = [
    {
        "type": "function",
        "name": name,
        "description": f"Get the {name} in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
    for name in ("weather", "time")
]


def called(talk: Talk, **settings: Any) -> list[str]:
    """Names of the functions that one response calls."""
    talk.send(user("What is the weather and the time in Lisbon?"))
    talk.send({"type": "response.create", "response": {"tools": TOOLS, "output_modalities": ["text"], **settings}})
    return [item["name"] for item in talk.pull()[-2]["response"]["output"] if item["type"] == "function_call"]


def test_functions_are_chosen_as_the_choice_says(talk: Talk) -> None:
    """None, any, one that is named; in parallel unless that is turned off."""
    assert called(talk, tool_choice="none") == []
    assert called(talk, tool_choice={"type": "function", "name": "time"}) == ["time"]
    assert called(talk, tool_choice="required") != []
    assert sorted(called(talk)) == ["time", "weather"]
    assert len(called(talk, parallel_tool_calls=False)) == 1


def test_a_choice_of_no_function_is_refused_and_costs_nothing(talk: Talk) -> None:
    """The response is not begun, the limits are as they were."""
    talk.send(TEXT, user("Hello"), RESPOND)
    before = talk.pull()[-1]["rate_limits"][0]["remaining"]
    asked = {"tools": TOOLS, "tool_choice": {"type": "function", "name": "nope"}}
    [refused] = talk.send({"type": "response.create", "response": asked})
    assert refused["error"]["message"] == "Tool choice 'nope' not found in 'tools' parameter."
    talk.send(RESPOND)
    done, limits = talk.pull()[-2:]
    used = done["response"]["usage"]["total_tokens"]
    assert before - limits["rate_limits"][0]["remaining"] == used


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"truncation": "never"}, "invalid_value", "session.truncation"),
        (
            {"truncation": {"type": "retention_ratio"}},
            "missing_required_parameter",
            "session.truncation.retention_ratio",
        ),
        (
            {"truncation": {"type": "retention_ratio", "retention_ratio": 1.5}},
            "decimal_above_max_value",
            "session.truncation.retention_ratio",
        ),
        (
            {
                "truncation": {
                    "type": "retention_ratio",
                    "retention_ratio": 0.8,
                    "token_limits": {"post_instructions": 40_000},
                }
            },
            "integer_above_max_value",
            "session.truncation.token_limits.post_instructions",
        ),
        ({"include": ["everything"]}, "invalid_value", "session.include[0]"),
        ({"tracing": "loud"}, "invalid_value", "session.tracing"),
        ({"prompt": {"id": "pmpt_1"}}, None, "session.prompt.id"),
        ({"tools": [{"type": "mcp", "server_label": "x", "server_url": "https://x"}]}, "not_simulated", None),
    ],
)
def test_a_wrong_setting_changes_nothing(
    talk: Talk, session: dict[str, Any], code: str | None, param: str | None
) -> None:
    """It is named, and the session is as it was."""
    [refused] = talk.send({"type": "session.update", "session": {"type": "realtime", "instructions": "x", **session}})
    assert (refused["error"]["code"], refused["error"]["param"]) == (code, param)
    [updated] = talk.send({"type": "session.update", "session": {"type": "realtime"}})
    assert updated["session"] == talk.created["session"]


def test_a_transcription_prompt_has_the_real_bound(talk: Talk) -> None:
    wanted = {"model": "gpt-4o-transcribe", "prompt": "x" * 1_025}
    [refused] = talk.send(
        {"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"transcription": wanted}}}}
    )
    assert refused["error"]["code"] == "string_above_max_length"
    assert refused["error"]["param"] == "session.audio.input.transcription.prompt"


def test_the_smallest_picture_is_taken(talk: Talk) -> None:
    """One pixel, which the property test of all events shows, too."""
    assert talk.send(shows(PIXEL))[0]["type"] == "conversation.item.added"
