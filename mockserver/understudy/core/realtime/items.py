"""Items of the conversation, as a client creates, reads, truncates and deletes them."""

from binascii import b2a_base64
from collections.abc import Iterator
from typing import Any

from understudy.core import errors
from understudy.core.parameters import integer, optional, string
from understudy.core.realtime.conversation import Item
from understudy.core.realtime.event_fields import check_event
from understudy.core.realtime.hearing import understood
from understudy.core.realtime.input_audio import InputAudio
from understudy.core.realtime.item_fields import checked_item
from understudy.core.realtime.item_sounds import ItemSound
from understudy.core.realtime.pictures import picture_tokens
from understudy.core.realtime.state import SessionState
from understudy.core.realtime.steps import Steps

_TRUNCATE: dict[str, Any] = {"item_id": string(), "content_index": integer(0), "audio_end_ms": integer(0)}


def create_item(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`conversation.item.create`."""
    check_event(event, {"item": checked_item, "previous_item_id": optional(string())}, ("item",))
    item = made_item(state, event["item"], "item")
    if item.shown["type"] == "function_call_output" and not state.conversation.has_call(item.shown["call_id"]):
        # Reported 2025-09.
        raise errors.BadRequest(
            f"Tool call ID '{item.shown['call_id']}' not found in conversation.", code="invalid_tool_call_id"
        )
    state.conversation.require_room(item)
    previous = state.conversation.insert(item, event.get("previous_item_id"))
    yield from announced(state, item, previous)


def retrieve_item(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`conversation.item.retrieve`: the item with its sound, in the session's format, where that is still kept."""
    check_event(event, {"item_id": string()}, ("item_id",))
    item = state.find_item(event["item_id"])
    shown = {name: value for name, value in item.shown.items() if name != "previous"}
    if item.sounds:
        shown["content"] = [
            {**part, "audio": b2a_base64(item.sounds[place].samples, newline=False).decode("ascii")}
            if place in item.sounds
            else part
            for place, part in enumerate(shown["content"])
        ]
    yield state.writer.write("conversation.item.retrieved", item=shown)


def delete_item(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`conversation.item.delete`."""
    check_event(event, {"item_id": string()}, ("item_id",))
    state.conversation.remove(state.conversation.find(event["item_id"], "delet"))
    yield state.writer.write("conversation.item.deleted", item_id=event["item_id"])


def truncate_item(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`conversation.item.truncate`."""
    check_event(event, _TRUNCATE, tuple(_TRUNCATE))
    item = state.conversation.items[state.conversation.find(event["item_id"], "truncat")]
    parts = item.shown.get("content") or []
    place, end = event["content_index"], event["audio_end_ms"]
    if item.shown.get("role") != "assistant" or place >= len(parts) or parts[place]["type"] != "output_audio":
        raise errors.BadRequest("Only model output audio messages can be truncated.", param="item_id")
    if end > item.audio_ms:
        raise errors.BadRequest(f"Audio content of {item.audio_ms}ms is already shorter than {end}ms")
    item.truncate(place, end, state.output_format)
    state.entry.truncated += 1
    yield state.writer.write("conversation.item.truncated", item_id=item.id, content_index=place, audio_end_ms=end)


def made_item(state: SessionState, given: dict[str, Any], path: str) -> Item:
    """The item that a client described, which was checked.

    Args:
        state: of the session.
        given: as it came.
        path: where it stands in the event.

    Raises:
        BadRequest: its sound or its picture cannot be read.
    """
    kind = given["type"]
    shown: dict[str, Any] = {"id": given.get("id") or state.ids.make("item_"), "type": kind}
    if not kind.startswith("mcp_"):
        shown["status"] = "completed"
    if kind == "message":
        return _made_message(state, given, shown, path)
    for name, value in given.items():
        if name not in ("id", "object", "type", "status"):
            shown[name] = value
    if kind == "function_call" and shown.get("call_id") is None:
        shown["call_id"] = state.ids.make("call_", 16)
    return Item(shown)


def _made_message(state: SessionState, given: dict[str, Any], shown: dict[str, Any], path: str) -> Item:
    shown["role"] = given["role"]
    shown["content"] = []
    item = Item(shown)
    for place, part in enumerate(given["content"]):
        kept = dict(part)
        if kept["type"] == "input_image":
            where = f"{path}.content[{place}]"
            item.image_tokens += picture_tokens(where, kept, state.model, state.simulator.media)
        elif "audio" in kept:
            sound = InputAudio(state.input.format if item.is_user else state.output_format)
            sound.append(kept.pop("audio") or "")
            item.audio_ms += round(sound.milliseconds)
            item.sounds[place] = ItemSound.of(sound.samples)
            if kept["type"] == "input_audio" and kept.get("transcript") is None:
                item.heard = (item.heard or "") + understood(state.hear(sound.samples))
            kept.setdefault("transcript", None)
        shown["content"].append(kept)
    return item


def announced(state: SessionState, item: Item, previous: str | None) -> Iterator[bytes]:
    """The events of an item that is whole as soon as it is there."""
    for kind in ("conversation.item.added", "conversation.item.done"):
        yield state.writer.write(kind, previous_item_id=previous, item=item.shown)
