"""The beta interface (2024-10-01 to 2026-05-12) over the same machine: other names for the same events and fields.

Inside a session everything has the names of the GA interface. A client of the beta interface writes flat sessions,
which are read into nested ones; what it is told is renamed when it is written. Names, fields and order from logs of
2024 and 2025 (sessions: 2024-10, 2025-06, 2025-12; transcription sessions: 2025-06) and the types of the official SDK
2.x; `rate_limits.updated` comes as in the GA interface ("our choice": logs show it empty or not at all).
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
    metadata,
    number,
    optional,
    string,
    word,
)
from understudy.core.realtime import eras
from understudy.core.realtime.hearing import TRANSCRIPTION
from understudy.core.realtime.session_fields import (
    TOOL,
    check_tokens,
    check_tool_choice,
    check_voice,
    new_session,
)
from understudy.core.realtime.session_options import check_include, check_prompt, check_tracing, check_truncation
from understudy.core.realtime.transitions import CLIENT_EVENTS
from understudy.core.realtime.wire import EventWriter, WireIds

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
_HEARD: dict[str, Check] = {
    "input_audio_format": optional(word(*FORMATS)),
    "input_audio_transcription": optional(TRANSCRIPTION),
    "input_audio_noise_reduction": optional(fields({"type": word("near_field", "far_field")})),
    "turn_detection": optional(_DETECTION),
    "include": check_include,
    "client_secret": anything,
}
SESSION_FIELDS: dict[str, Check] = {
    **_COMMON,
    **_HEARD,
    "max_response_output_tokens": optional(check_tokens),
    "speed": optional(number(0.25, 1.5)),
    "tracing": check_tracing,
    "truncation": check_truncation,
    "prompt": check_prompt,
    "model": anything,
}
"""What a session may have, and `session.update` set."""
TRANSCRIPTION_FIELDS: dict[str, Check] = {**_HEARD, "modalities": optional(_modalities)}
"""What a transcription session may have, and `transcription_session.update` set; modalities change nothing."""
_SESSION = fields(SESSION_FIELDS)
_TRANSCRIPTION_SESSION = fields(TRANSCRIPTION_FIELDS)
RESPONSE = fields(
    {
        **_COMMON,
        "conversation": optional(word("auto", "none")),
        "max_response_output_tokens": optional(check_tokens),
        "max_output_tokens": optional(check_tokens),
        "metadata": optional(metadata),
        "input": optional(array(anything)),
    }
)
"""What `response.create` may set."""


def new_beta_session(session_id: str, model: str, now: int, lifetime: int) -> dict[str, Any]:
    """The session as it is created, by its inner names."""
    return {**new_session(session_id, model, now, lifetime), "temperature": _DEFAULT_TEMPERATURE}


_UPDATE_TRANSCRIPTION = "transcription_session.update"
BETA_EVENTS = ("session.update", _UPDATE_TRANSCRIPTION, *CLIENT_EVENTS[1:])
"""Types of all events that a client may send, in the order in which an error lists them."""


def read_event(event: dict[str, Any], *, transcribes: bool) -> dict[str, Any]:
    """A client's event by its inner names.

    Args:
        event: as it came.
        transcribes: whether the session answers nothing.

    Raises:
        BadRequest: a field of the session or of the response cannot be, or the event is for the other kind of session.
    """
    kind = event.get("type")
    if kind in ("session.update", _UPDATE_TRANSCRIPTION):
        if transcribes is not (kind == _UPDATE_TRANSCRIPTION):
            raise wrong_kind(transcribes=transcribes)
        inner = {**event, "type": "session.update"}
        if "session" in event:
            (_TRANSCRIPTION_SESSION if transcribes else _SESSION)("session", event["session"])
            inner["session"] = (read_transcription if transcribes else read_session)(event["session"])
        return inner
    if kind == "response.create" and isinstance(event.get("response"), dict):
        RESPONSE("response", event["response"])
        given = event["response"]
        read = _fields_read(given)
        read |= {name: given[name] for name in ("conversation", "metadata", "input") if name in given}
        if isinstance(read.get("input"), list):
            read["input"] = [_item_read(item) for item in read["input"]]
        return {**event, "response": read}
    if kind == "conversation.item.create":
        return {**event, "item": _item_read(event.get("item"))} if "item" in event else event
    return event


def wrong_kind(*, transcribes: bool, param: str = "type") -> errors.BadRequest:
    """An update for the other kind of session: as reported where the session speaks, "our choice" the other way."""
    meant, here = ("realtime", "transcription") if transcribes else ("transcription", "realtime")
    message = f"Passing a {meant} session update event to a {here} session is not allowed."
    return errors.BadRequest(message, param=param)


def read_session(given: Mapping[str, Any]) -> dict[str, Any]:
    """A session by its inner names."""
    return {"type": "realtime", **_fields_read(given)}


def read_transcription(given: Mapping[str, Any]) -> dict[str, Any]:
    """A transcription session by its inner names."""
    read = _fields_read({name: value for name, value in given.items() if name in _HEARD})
    detection = read.get("audio", {}).get("input", {}).get("turn_detection")
    if detection is not None:
        # Nobody answers: both are taken, and not given back (SDK 1.109: "Not available for transcription sessions").
        unavailable = ("create_response", "interrupt_response")
        kept = {name: value for name, value in detection.items() if name not in unavailable}
        read["audio"]["input"]["turn_detection"] = kept
    return {"type": "transcription", **read}


_SAME = ("instructions", "tools", "tool_choice", "temperature", "tracing", "truncation", "include")
"""Fields that both interfaces call alike."""


def _fields_read(given: Mapping[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {name: given[name] for name in _SAME if name in given}
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
    """Writes server events by the names of the beta interface.

    Args:
        ids: the session's.
        era: the date that holds, microseconds since the epoch.
    """

    __slots__ = ("_era",)

    def __init__(self, ids: WireIds, era: int) -> None:
        super().__init__(ids)
        self._era = era

    def write(self, kind: str, **fields: Any) -> bytes:
        """One event; empty where the beta interface has none."""
        if kind in _UNKNOWN:
            return b""
        fields.pop("obfuscation", None)
        if kind.startswith("session."):
            if fields["session"]["type"] == "transcription":
                kind = f"transcription_{kind}"
            fields["session"] = shown_session(fields["session"], self._era)
        if "item" in fields:
            fields["item"] = _item_shown(fields["item"])
        if "response" in fields:
            fields["response"] = _response_shown(fields["response"])
        if kind == "response.function_call_arguments.done":
            fields.pop("name", None)
        return super().write(_EVENTS.get(kind, kind), **fields)


_TRANSCRIPTION_ORDER = (
    *("id", "object", "expires_at", "input_audio_noise_reduction", "turn_detection", "input_audio_format"),
    *("input_audio_transcription", "client_secret", "include"),
)
_ORDERS = (
    (
        eras.GA,
        (
            *("object", "id", "model", "modalities", "instructions", "voice", "output_audio_format", "tools"),
            *("tool_choice", "temperature", "max_response_output_tokens", "turn_detection", "speed", "tracing"),
            *("truncation", "prompt", "expires_at", "input_audio_noise_reduction", "input_audio_format"),
            *("input_audio_transcription", "client_secret", "include"),
        ),
    ),
    (
        eras.TRACED,
        (
            *_TRANSCRIPTION_ORDER,
            *("model", "modalities", "instructions", "voice", "output_audio_format", "tool_choice", "temperature"),
            *("max_response_output_tokens", "speed", "tracing", "tools"),
        ),
    ),
    (
        0,
        (
            *("id", "object", "model", "expires_at", "modalities", "instructions", "voice", "turn_detection"),
            *("input_audio_format", "output_audio_format", "input_audio_transcription", "tool_choice", "temperature"),
            *("max_response_output_tokens", "tools"),
        ),
    ),
)
"""From when on, which fields of a session are shown, in their order (logged 2025-12, 2025-06, 2024-10)."""


def shown_session(session: Mapping[str, Any], era: int, secret: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A session as the beta interface shows it.

    Args:
        session: by its inner names.
        era: the date that holds, microseconds since the epoch.
        secret: what was made together with it.
    """
    hears = session["audio"]["input"]
    detection = hears["turn_detection"]
    if detection is not None and era < eras.GA:
        detection = {name: value for name, value in detection.items() if name != "idle_timeout_ms"}
    shown = {
        "id": session["id"],
        "object": session["object"],
        "expires_at": session["expires_at"],
        "input_audio_noise_reduction": hears["noise_reduction"],
        "turn_detection": detection,
        "input_audio_format": _FORMAT_NAMES[hears["format"]["type"]],
        "input_audio_transcription": hears["transcription"],
        "client_secret": secret,
        "include": session["include"],
    }
    if session["type"] == "transcription":
        return {name: shown[name] for name in _TRANSCRIPTION_ORDER}
    speaks = session["audio"]["output"]
    shown |= {
        "model": session["model"],
        "modalities": _modalities_shown(session["output_modalities"]),
        "instructions": session["instructions"],
        "voice": speaks["voice"],
        "output_audio_format": _FORMAT_NAMES[speaks["format"]["type"]],
        "tools": session["tools"],
        "tool_choice": session["tool_choice"],
        "temperature": session["temperature"],
        "max_response_output_tokens": session["max_output_tokens"],
        "speed": speaks["speed"],
        "tracing": session["tracing"],
        "truncation": session["truncation"],
        "prompt": session["prompt"],
    }
    order = next(names for start, names in _ORDERS if era >= start)
    return {name: shown[name] for name in order} | ({} if secret is None else {"client_secret": secret})


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
