"""What the client is asked to send in a case that does not say so: one usual input for each operation."""

import base64
from collections.abc import Callable
from typing import Any

from understudy_harness.conformance.forms import MODEL
from understudy_harness.conformance.socket_events import tone

Input = dict[str, Any]


def _chat(case: str) -> Input:
    return {"model": MODEL, "messages": [{"role": "user", "content": f"Say hello. (case {case})"}]}


def _responses(case: str) -> Input:
    return {"model": MODEL, "input": f"Say hello. (case {case})"}


def _parse(case: str) -> Input:
    schema = {
        "type": "object",
        "properties": {"word": {"type": "string"}, "count": {"type": "integer"}},
        "required": ["word", "count"],
        "additionalProperties": False,
    }
    return {**_chat(case), "name": "answer", "schema": schema}


def _agent(case: str) -> Input:
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
    time = {"name": "get_time", "description": "Tells the time in a city.", "parameters": city, "returns": "12:00"}
    return {"model": MODEL, "prompt": f"What time is it? (case {case})", "tools": [time]}


def _image(case: str) -> Input:
    return {"model": "gpt-image-1", "prompt": f"A lighthouse. (case {case})"}


def _image_stream(case: str) -> Input:
    return {**_image(case), "partial_images": 2}


def _image_edit(case: str) -> Input:
    """Two pictures of one pixel."""
    names = ("first.png", "second.png")
    return {**_image(case), "images": [{"name": name, "content": base64.b64encode(PIXEL).decode()} for name in names]}


def _embed(case: str) -> Input:
    return {"model": "text-embedding-3-small", "input": [f"Hello. (case {case})", "World."]}


def _speech(case: str) -> Input:
    return {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": f"Hello. (case {case})"}


def _list(case: str) -> Input:
    return {"resource": "files", "limit": 2}


def _realtime(case: str) -> Input:
    turns = [{"do": "say", "text": f"Say hello. (case {case})"}, {"do": "wait"}]
    return {"model": "gpt-realtime", "instructions": "Be brief.", "output": "text", "turns": turns}


def with_sound(given: Input) -> Input:
    """An input in which each `{do = "sound", ms = …}` has that much of a tone."""
    if "turns" not in given:
        return given
    return {**given, "turns": [_sounding(turn) for turn in given["turns"]]}


def _sounding(turn: Input) -> Input:
    if turn.get("do") != "sound" or "pcm" in turn:
        return turn
    return {**turn, "pcm": base64.b64encode(tone(turn.get("ms", 0))).decode()}


CHAT_TOOLS: Input = {
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_time",
                "description": "Tells the time in a city.",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                    "additionalProperties": False,
                },
            },
        }
    ]
}
"""What the input of `chat` and `stream` has besides in a case that needs `tools`."""
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG: each of the files that `image.edit` is given."""

DEFAULT_INPUTS: dict[str, Callable[[str], Input]] = {
    "chat": _chat,
    "stream": _chat,
    "responses": _responses,
    "parse": _parse,
    "agent": _agent,
    "image": _image,
    "image.stream": _image_stream,
    "image.edit": _image_edit,
    "embed": _embed,
    "speech": _speech,
    "list": _list,
    "realtime": _realtime,
}
"""By operation; each takes the case's id, which every request then shows."""
