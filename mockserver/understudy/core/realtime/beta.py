"""The beta interface (2024-10-01 to 2026-05-12) over the same machine: other names for the same events and fields.

Inside a session everything has the names of the GA interface. A client of the beta interface writes flat sessions,
which are read into nested ones; what it is told is renamed when it is written. Names, fields and order from logs of
2024 and 2025 and the types of the official SDK 2.x; `rate_limits.updated` comes as in the GA interface ("our choice":
logs show it empty or not at all).
"""

from collections.abc import Mapping
from typing import Any

from understudy.core import errors
from understudy.core.parameters import (
    Check,
    anything,
    array,
    boolean,
    fields,
    integer,
    number,
    optional,
    string,
    word,
)
from understudy.core.realtime.hearing import TRANSCRIPTION
from understudy.core.realtime.session_fields import TOOL, check_tokens, check_tool_choice, check_voice, new_session
from understudy.core.realtime.wire import EventWriter

FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
_FORMAT_NAMES = {value: name for name, value in FORMATS.items()}
_DEFAULT_TEMPERATURE = 0.8
_EVENTS = {
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "conversation.item.added": "conversation.item.created",
}
_UNKNOWN = frozenset(("conversation.item.done", "input_audio_buffer.timeout_triggered"))
"""Events that the beta interface does not have."""
_CONTENT = {"output_text": "text", "output_audio": "audio"}
_CONTENT_READ = {value: name for name, value in _CONTENT.items()}


def _modalities(path: str, value: Any) -> None:
    array(word("text", "audio"), minimum=1, maximum=2)(path, value)
    if value != ["text"] and set(value) != {"text", "audio"}:
        raise errors.BadRequest(
            f"Invalid modalities: {value!r}. Supported combinations are: ['text'] and ['audio', 'text'].",
            code="invalid_value",
            param=path,
        )


_DETECTION = fields(
    {
        "type": word("server_vad", "semantic_vad"),
        "threshold": optional(number(0, 1)),
        "prefix_padding_ms": optional(integer(0)),
        "silence_duration_ms": optional(integer(0)),
        "create_response": optional(boolean),
        "interrupt_response": optional(boolean),
        "eagerness": optional(word("low", "medium", "high", "auto")),
    }
)
_COMMON: dict[str, Check] = {
    "modalities": optional(_modalities),
    "instructions": optional(string()),
    "voice": optional(check_voice),
    "output_audio_format": optional(word(*FORMATS)),
    "tools": optional(array(TOOL)),
    "tool_choice": optional(check_tool_choice),
    "temperature": optional(number(0.6, 1.2)),
}
SESSION = fields(
    {
        **_COMMON,
        "input_audio_format": optional(word(*FORMATS)),
        "input_audio_transcription": optional(TRANSCRIPTION),
        "input_audio_noise_reduction": optional(fields({"type": word("near_field", "far_field")})),
        "turn_detection": optional(_DETECTION),
        "max_response_output_tokens": optional(check_tokens),
        "speed": optional(number(0.25, 1.5)),
        "tracing": anything,
        "include": anything,
        "model": anything,
        "client_secret": anything,
    }
)
"""What `session.update` may set."""
RESPONSE = fields(
    {
        **_COMMON,
        "conversation": optional(word("auto", "none")),
        "max_response_output_tokens": optional(check_tokens),
        "max_output_tokens": optional(check_tokens),
        "metadata": anything,
        "input": optional(array(anything)),
    }
)
"""What `response.create` may set."""


def new_beta_session(session_id: str, model: str, now: int, lifetime: int) -> dict[str, Any]:
    """The session as it is created, by its inner names."""
    return {**new_session(session_id, model, now, lifetime), "temperature": _DEFAULT_TEMPERATURE}


def read_event(event: dict[str, Any]) -> dict[str, Any]:
    """A client's event by its inner names.

    Raises:
        BadRequest: a field of the session or of the response cannot be.
    """
    kind = event.get("type")
    if kind == "session.update" and "session" in event:
        SESSION("session", event["session"])
        return {**event, "session": {"type": "realtime", **_session_read(event["session"])}}
    if kind == "response.create" and isinstance(event.get("response"), dict):
        RESPONSE("response", event["response"])
        given = event["response"]
        read = _session_read(given)
        read |= {name: given[name] for name in ("conversation", "metadata", "input") if name in given}
        if isinstance(read.get("input"), list):
            read["input"] = [_item_read(item) for item in read["input"]]
        return {**event, "response": read}
    if kind == "conversation.item.create":
        return {**event, "item": _item_read(event.get("item"))} if "item" in event else event
    return event


_SAME = ("instructions", "tools", "tool_choice", "temperature", "tracing")
"""Fields that both interfaces call alike."""


def _session_read(given: Mapping[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {
        name: given[name]
        for name in ("instructions", "tools", "tool_choice", "temperature", "tracing")
        if name in given
    }
    if given.get("modalities") is not None:
        read["output_modalities"] = ["audio"] if "audio" in given["modalities"] else ["text"]
    for name in ("max_output_tokens", "max_response_output_tokens"):
        if given.get(name) is not None:
            read["max_output_tokens"] = given[name]
    hears = {
        inner: given[name]
        for name, inner in (
            ("input_audio_transcription", "transcription"),
            ("input_audio_noise_reduction", "noise_reduction"),
            ("turn_detection", "turn_detection"),
        )
        if name in given
    }
    if given.get("input_audio_format") is not None:
        hears["format"] = {"type": FORMATS[given["input_audio_format"]]}
    speaks = {name: given[name] for name in ("voice", "speed") if given.get(name) is not None}
    if given.get("output_audio_format") is not None:
        speaks["format"] = {"type": FORMATS[given["output_audio_format"]]}
    audio = {name: part for name, part in (("input", hears), ("output", speaks)) if part}
    return {**read, "audio": audio} if audio else read


def _item_read(item: Any) -> Any:
    if not isinstance(item, dict) or not isinstance(item.get("content"), list):
        return item
    content = [
        {**part, "type": _CONTENT_READ.get(str(part.get("type")), part.get("type"))} if isinstance(part, dict) else part
        for part in item["content"]
    ]
    return {**item, "content": content}


class BetaWriter(EventWriter):
    """Writes server events by the names of the beta interface."""

    __slots__ = ()

    def write(self, kind: str, **fields: Any) -> bytes:
        """One event; empty where the beta interface has none."""
        if kind in _UNKNOWN:
            return b""
        fields.pop("obfuscation", None)
        if kind.startswith("session."):
            fields["session"] = _session_shown(fields["session"])
        if "item" in fields:
            fields["item"] = _item_shown(fields["item"])
        if "response" in fields:
            fields["response"] = _response_shown(fields["response"])
        if kind == "response.function_call_arguments.done":
            fields.pop("name", None)
        return super().write(_EVENTS.get(kind, kind), **fields)


def _session_shown(session: Mapping[str, Any]) -> dict[str, Any]:
    hears, speaks = session["audio"]["input"], session["audio"]["output"]
    detection = hears["turn_detection"]
    if detection is not None:
        detection = {name: value for name, value in detection.items() if name != "idle_timeout_ms"}
    return {
        "id": session["id"],
        "object": "realtime.session",
        "model": session["model"],
        "expires_at": session["expires_at"],
        "modalities": _modalities_shown(session["output_modalities"]),
        "instructions": session["instructions"],
        "voice": speaks["voice"],
        "turn_detection": detection,
        "input_audio_format": _FORMAT_NAMES[hears["format"]["type"]],
        "output_audio_format": _FORMAT_NAMES[speaks["format"]["type"]],
        "input_audio_transcription": hears["transcription"],
        "tool_choice": session["tool_choice"],
        "temperature": session["temperature"],
        "max_response_output_tokens": session["max_output_tokens"],
        "tools": session["tools"],
    }


def _modalities_shown(modalities: list[str]) -> list[str]:
    return ["text"] if modalities == ["text"] else ["audio", "text"]


def _item_shown(item: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"id": item["id"], "object": "realtime.item", **item}
    if "content" in shown:
        shown["content"] = [{**part, "type": _CONTENT.get(part["type"], part["type"])} for part in shown["content"]]
    return shown


def _response_shown(response: Mapping[str, Any]) -> dict[str, Any]:
    speaks = response["audio"]["output"]
    return {
        "object": response["object"],
        "id": response["id"],
        "status": response["status"],
        "status_details": response["status_details"],
        "output": [_item_shown(item) for item in response["output"]],
        "conversation_id": response["conversation_id"],
        "modalities": _modalities_shown(response["output_modalities"]),
        "voice": speaks["voice"],
        "output_audio_format": _FORMAT_NAMES[speaks["format"]["type"]],
        "temperature": response["temperature"],
        "max_output_tokens": response["max_output_tokens"],
        "usage": response["usage"],
        "metadata": response["metadata"],
    }
