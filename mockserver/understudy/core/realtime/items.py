"""Items of the conversation, as a client creates, reads, truncates and deletes them."""

from collections.abc import Iterator
from typing import Any

from understudy.core import errors
from understudy.core.parameters import integer, optional, string
from understudy.core.realtime.conversation import Item, checked_item
from understudy.core.realtime.event_fields import check_event
from understudy.core.realtime.hearing import understood
from understudy.core.realtime.input_audio import InputAudio
from understudy.core.realtime.state import SessionState

_TRUNCATE: dict[str, Any] = {"item_id": string(), "content_index": integer(0), "audio_end_ms": integer(0)}


def create_item(state: SessionState, event: dict[str, Any], now: int) -> Iterator[bytes]:
    """`conversation.item.create`."""
    check_event(event, {"item": checked_item, "previous_item_id": optional(string())}, ("item",))
    item = made_item(state, event["item"])
    previous = state.conversation.insert(item, event.get("previous_item_id"))
    yield from announced(state, item, previous)


def retrieve_item(state: SessionState, event: dict[str, Any], now: int) -> Iterator[bytes]:
    """`conversation.item.retrieve`."""
    check_event(event, {"item_id": string()}, ("item_id",))
    yield state.writer.write("conversation.item.retrieved", item=state.find_item(event["item_id"]).shown)


def delete_item(state: SessionState, event: dict[str, Any], now: int) -> Iterator[bytes]:
    """`conversation.item.delete`."""
    check_event(event, {"item_id": string()}, ("item_id",))
    del state.conversation.items[state.conversation.find(event["item_id"])]
    yield state.writer.write("conversation.item.deleted", item_id=event["item_id"])


def truncate_item(state: SessionState, event: dict[str, Any], now: int) -> Iterator[bytes]:
    """`conversation.item.truncate`."""
    check_event(event, _TRUNCATE, tuple(_TRUNCATE))
    item = state.find_item(event["item_id"])
    parts = item.shown.get("content") or []
    place, end = event["content_index"], event["audio_end_ms"]
    if item.shown.get("role") != "assistant" or place >= len(parts) or parts[place]["type"] != "output_audio":
        raise errors.BadRequest("Only model output audio messages can be truncated.", param="item_id")
    if end > item.audio_ms:
        raise errors.BadRequest(f"Audio content of {item.audio_ms}ms is already shorter than {end}ms")
    # The server drops the transcript: the client knows what was heard, the server does not.
    item.audio_ms = end
    state.entry.truncated += 1
    parts[place]["transcript"] = ""
    yield state.writer.write("conversation.item.truncated", item_id=item.id, content_index=place, audio_end_ms=end)


def made_item(state: SessionState, given: dict[str, Any]) -> Item:
    """The item that a client described, which was checked."""
    shown: dict[str, Any] = {
        "id": given.get("id") or state.ids.make("item_"),
        "type": given["type"],
        "status": "completed",
    }
    audio_ms = 0
    heard: str | None = None
    if given["type"] == "message":
        shown["role"] = given["role"]
        shown["content"] = []
        for part in given["content"]:
            kept = dict(part)
            if "audio" in kept:
                sound = InputAudio(state.input.format if given["role"] == "user" else state.output_format)
                sound.append(kept.pop("audio") or "")
                audio_ms += round(sound.milliseconds)
                if kept["type"] == "input_audio" and kept.get("transcript") is None:
                    heard = (heard or "") + understood(state.hear(sound.samples))
                kept.setdefault("transcript", None)
            shown["content"].append(kept)
    elif given["type"] == "function_call":
        shown["name"] = given["name"]
        shown["call_id"] = given.get("call_id") or state.ids.make("call_", 16)
        shown["arguments"] = given["arguments"]
    else:
        shown["call_id"] = given["call_id"]
        shown["output"] = given["output"]
    return Item(shown, audio_ms, heard)


def announced(state: SessionState, item: Item, previous: str | None) -> Iterator[bytes]:
    """The events of an item that is whole as soon as it is there."""
    for kind in ("conversation.item.added", "conversation.item.done"):
        yield state.writer.write(kind, previous_item_id=previous, item=item.shown)
