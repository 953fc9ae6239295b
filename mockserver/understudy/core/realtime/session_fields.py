"""The session object of the GA interface: its defaults, what a client may set, and how an update is merged.

Defaults and key order as recorded from session.created (2025-12 and 2026).
"""

from collections.abc import Mapping
from typing import Any

from understudy.core.clock import MINUTE, SECOND
from understudy.core.dates import parse_moment
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
from understudy.core.realtime.hearing import TRANSCRIPTION
from understudy.core.realtime.session_options import (
    check_include,
    check_prompt,
    check_reasoning,
    check_tool_kind,
    check_tracing,
    check_truncation,
)
from understudy.core.realtime.sound_formats import TYPES

SESSION_LIFETIME = 60 * MINUTE
"""Since GA (recorded `expires_at`)."""
_LIFETIMES = (
    (parse_moment("2025-08-28"), SESSION_LIFETIME),
    (parse_moment("2024-11-01"), 30 * MINUTE),
    (0, 15 * MINUTE),
)
"""From when on, how long: 15 minutes at the launch, 30 by November 2024 (the very day is "our choice")."""


def session_lifetime(era: int) -> int:
    """How long a session may last at a date, microseconds since the epoch."""
    return next(lifetime for start, lifetime in _LIFETIMES if era >= start)


VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
DEFAULT_INSTRUCTIONS = (
    "Your knowledge cutoff is 2023-10. You are a helpful, witty, and friendly AI. Act like a human, but remember that "
    "you aren't a human and that you can't do human things in the real world. Your voice and personality should be "
    "warm and engaging, with a lively and playful tone."
)


_DETECTION: dict[str, dict[str, Any]] = {
    "server_vad": {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    },
    "semantic_vad": {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    },
}


def new_session(session_id: str, model: str, now: int, lifetime: int = SESSION_LIFETIME) -> dict[str, Any]:
    """The session as it is created."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": model,
        "output_modalities": ["audio"],
        "instructions": DEFAULT_INSTRUCTIONS,
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "expires_at": (now + lifetime) // SECOND,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": dict(_DETECTION["server_vad"]),
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "alloy", "speed": 1.0},
        },
        "include": None,
    }


def new_transcription_session(session_id: str, now: int, lifetime: int = SESSION_LIFETIME) -> dict[str, Any]:
    """A session that only transcribes, as it is created; the order of its fields is "our choice"."""
    detection = {name: _DETECTION["server_vad"][name] for name in _TRANSCRIPTION_DETECTION}
    return {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": session_id,
        "expires_at": (now + lifetime) // SECOND,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": detection,
            },
        },
        "include": None,
    }


_TRANSCRIPTION_DETECTION = ("type", "threshold", "prefix_padding_ms", "silence_duration_ms")
"""Nobody answers, so there is nothing to create or to interrupt."""


def check_tokens(path: str, value: Any) -> None:
    """Refuse what is no number of tokens."""
    if value != "inf":
        integer(1, 4_096)(path, value)


def check_voice(path: str, value: Any) -> None:
    """Refuse what is no voice."""
    if isinstance(value, dict):
        fields({"id": string()}, ("id",))(path, value)
    else:
        word(*VOICES)(path, value)


def check_tool_choice(path: str, value: Any) -> None:
    """Refuse what chooses no tools."""
    if isinstance(value, dict):
        fields({"type": word("function", "mcp"), "name": string(), "server_label": string()}, ("type",))(path, value)
    else:
        word("none", "auto", "required")(path, value)


_FORMAT = fields({"type": word(*TYPES), "rate": optional(integer(24_000, 24_000))}, ("type",))


def _format(path: str, value: Any) -> None:
    if isinstance(value, dict) and value.get("type") in TYPES[1:]:
        fields({"type": anything})(path, value)
    else:
        _FORMAT(path, value)


def _turn_detection(path: str, value: Any) -> None:
    common: dict[str, Check] = {"create_response": optional(boolean), "interrupt_response": optional(boolean)}
    if isinstance(value, dict) and value.get("type") == "semantic_vad":
        fields({"type": anything, **common, "eagerness": optional(word("low", "medium", "high", "auto"))})(path, value)
        return
    fields(
        {
            "type": word("server_vad", "semantic_vad"),
            "threshold": optional(number(0, 1)),
            "prefix_padding_ms": optional(integer(0)),
            "silence_duration_ms": optional(integer(0)),
            "idle_timeout_ms": optional(integer(5_000, 30_000)),
            **common,
        }
    )(path, value)


_FUNCTION = fields(
    {
        "type": word("function"),
        "name": string(64, 1),
        "description": optional(string()),
        "parameters": optional(anything),
        "strict": optional(boolean),
    },
    ("type", "name"),
)


def TOOL(path: str, value: Any) -> None:  # noqa: N802 - named as the other checks of whole objects are
    """Refuse what is no tool."""
    check_tool_kind(path, value)
    _FUNCTION(path, value)


_AUDIO_INPUT = fields(
    {
        "format": optional(_format),
        "transcription": optional(TRANSCRIPTION),
        "noise_reduction": optional(fields({"type": word("near_field", "far_field")})),
        "turn_detection": optional(_turn_detection),
    }
)
_AUDIO_OUTPUT = fields(
    {"format": optional(_format), "voice": optional(check_voice), "speed": optional(number(0.25, 1.5))}
)
_AUDIO = fields(
    {
        "input": optional(_AUDIO_INPUT),
        "output": optional(_AUDIO_OUTPUT),
    }
)
_MODALITIES = array(word("text", "audio"), minimum=1, maximum=1)

SESSION_FIELDS: dict[str, Check] = {
    "type": word("realtime"),
    "object": anything,
    "id": anything,
    "model": anything,
    "output_modalities": optional(_MODALITIES),
    "instructions": optional(string()),
    "tools": optional(array(TOOL)),
    "tool_choice": optional(check_tool_choice),
    "parallel_tool_calls": optional(boolean),
    "max_output_tokens": optional(check_tokens),
    "tracing": check_tracing,
    "truncation": check_truncation,
    "prompt": check_prompt,
    "expires_at": anything,
    "audio": optional(_AUDIO),
    "include": check_include,
    "reasoning": check_reasoning,
}
"""What a session may have."""
SESSION = fields(SESSION_FIELDS, ("type",))
"""What `session.update` may set."""

TRANSCRIPTION_SESSION = fields(
    {
        "type": word("transcription"),
        "object": anything,
        "id": anything,
        "expires_at": anything,
        "audio": optional(fields({"input": optional(_AUDIO_INPUT)})),
        "include": check_include,
    },
    ("type",),
)
"""What `session.update` may set where nothing but transcripts is wanted."""

RESPONSE = fields(
    {
        "conversation": optional(word("auto", "none")),
        "instructions": optional(string()),
        "output_modalities": optional(_MODALITIES),
        "audio": optional(fields({"output": optional(_AUDIO_OUTPUT)})),
        "tools": optional(array(TOOL)),
        "tool_choice": optional(check_tool_choice),
        "parallel_tool_calls": optional(boolean),
        "max_output_tokens": optional(check_tokens),
        "metadata": optional(metadata),
        "input": optional(array(anything)),
        "prompt": check_prompt,
        "reasoning": check_reasoning,
    }
)
"""What `response.create` may set for its response."""


_CLEARED_BY_NULL = frozenset(
    (
        *("turn_detection", "transcription", "noise_reduction", "idle_timeout_ms"),
        *("tracing", "prompt", "include", "metadata"),
    )
)
"""Of other fields null says that they stay as they are ("our choice")."""


_UNCHANGEABLE = ("id", "object", "expires_at", "model")


def merged(former: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    """A partial update of a session laid over it; objects are merged, everything else replaced, ids kept."""
    return _laid_over(former, {name: value for name, value in update.items() if name not in _UNCHANGEABLE})


def _laid_over(former: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(former)
    for name, value in update.items():
        if value is None and name not in _CLEARED_BY_NULL:
            continue
        before = former.get(name)
        if name == "turn_detection" and isinstance(value, dict):
            kind = value.get("type") or (before or _DETECTION["server_vad"])["type"]
            if before is None or before["type"] != kind:
                # Another kind has other fields; those that are not given have their defaults ("our choice").
                before = _DETECTION[kind]
        if name == "format" and isinstance(value, dict):
            result[name] = {"type": value["type"], "rate": 24_000} if value["type"] == "audio/pcm" else dict(value)
            continue
        if isinstance(before, dict) and isinstance(value, dict):
            result[name] = _laid_over(before, value)
        else:
            result[name] = value
    return result
