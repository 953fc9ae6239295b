"""The events of a realtime session as a scripted server says them, in the GA shape.

Fields and order are those of recorded sessions; ids are counted, so that a case can name them. Pure: values in, tables
out.
"""

import base64
import math
from array import array
from collections.abc import Iterator, Mapping
from typing import Any

Event = dict[str, Any]
RATE = 24_000
"""Samples of sound in a second; each is two bytes, the lower one first."""
BYTES_IN_MS = RATE * 2 // 1000


_PERIODS = array("h", (round(8000 * math.sin(math.tau * 440 * each / RATE)) for each in range(600))).tobytes()
"""Eleven periods of 440 Hz, which are a whole number of samples: made once, as a run's clock must not wait for it."""


def tone(ms: float) -> bytes:
    """A tone of 440 Hz: 16-bit samples at 24 kHz."""
    size = round(ms * RATE / 1000) * 2
    return (_PERIODS * (size // len(_PERIODS) + 1))[:size]


def error(code: str | None, message: str, event_id: str | None = None, type: str = "invalid_request_error") -> Event:
    """An `error`; `event_id` is that of the client's event that it is about."""
    told = {"type": type, "code": code, "message": message, "param": None, "event_id": event_id}
    return {"type": "error", "error": told}


def session(kind: str, settings: Mapping[str, Any]) -> Event:
    """`session.created` or `session.updated`."""
    return {"type": kind, "session": {"type": "realtime", "object": "realtime.session", "id": "sess_case", **settings}}


def item_added(previous: str | None, item: Mapping[str, Any]) -> Iterator[Event]:
    """What a whole item of the client is answered with."""
    for kind in ("conversation.item.added", "conversation.item.done"):
        yield {"type": kind, "previous_item_id": previous, "item": dict(item)}


class Speaking:
    """One response under way.

    Args:
        name: its id is `resp_NAME`, that of its message `item_NAME`.
        previous: id of the item before it.
        textual: whether it says text; else sound with its transcript.
        metadata: of the client's wish for it, which it shows.

    Attributes:
        id: of the response.
        item: id of its message.
        sound: bytes of sound that it has said.
        message: its message as the conversation has it, without the sound.
    """

    def __init__(
        self, name: str, previous: str | None, *, textual: bool, metadata: Mapping[str, Any] | None = None
    ) -> None:
        self.id = f"resp_{name}"
        self.item = f"item_{name}"
        self.sound = 0
        self._name = name
        self._previous = previous
        self._textual = textual
        self._metadata = metadata
        self._said = ""
        self._is_open = False
        self._output: list[Event] = []
        self.message = self._message("in_progress", [])

    def created(self) -> Event:
        """Its begin."""
        return {"type": "response.created", "response": self._response("in_progress")}

    def say(self, text: str, pieces: int) -> Iterator[Event]:
        """Words, in so many deltas."""
        yield from self._open()
        self._said += text
        kind = "response.output_text.delta" if self._textual else "response.output_audio_transcript.delta"
        size = max(1, math.ceil(len(text) / pieces))
        for start in range(0, len(text), size):
            yield {"type": kind, **self._place(), "delta": text[start : start + size]}

    def play(self, ms: float, pieces: int) -> Iterator[Event]:
        """Sound, in so many deltas of equal length."""
        yield from self._open()
        wave = base64.b64encode(tone(ms / pieces)).decode()
        for _ in range(pieces):
            self.sound += len(wave) * 3 // 4
            yield {"type": "response.output_audio.delta", **self._place(), "delta": wave}

    def call(self, name: str, arguments: str) -> Iterator[Event]:
        """A tool call, after whatever was said."""
        yield from self._shut("completed")
        index = len(self._output)
        item = {"id": f"item_{self._name}_call", "type": "function_call", "name": name}
        item |= {"call_id": f"call_{self._name}", "status": "in_progress", "arguments": ""}
        previous = self._output[-1]["id"] if self._output else self._previous
        place = {"response_id": self.id, "output_index": index}
        yield {"type": "response.output_item.added", **place, "item": item}
        yield {"type": "conversation.item.added", "previous_item_id": previous, "item": item}
        place_of_item = {**place, "item_id": item["id"], "call_id": item["call_id"]}
        yield {"type": "response.function_call_arguments.delta", **place_of_item, "delta": arguments}
        yield {
            "type": "response.function_call_arguments.done", **place_of_item, "name": name, "arguments": arguments,
        }  # fmt: skip
        done = {**item, "status": "completed", "arguments": arguments}
        self._output.append(done)
        yield {"type": "conversation.item.done", "previous_item_id": previous, "item": done}
        yield {"type": "response.output_item.done", **place, "item": done}

    def done(self, status: str, details: Mapping[str, Any] | None) -> Iterator[Event]:
        """Its end, as `status` has it."""
        yield from self._shut("completed" if status == "completed" else "incomplete")
        response = self._response(status)
        response["status_details"] = None if details is None else {"type": status, **details}
        tokens = {"total_tokens": 14, "input_tokens": 9, "output_tokens": 5}
        response["usage"] = {
            **tokens,
            "input_token_details": {"text_tokens": 9, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0},
            "output_token_details": {"text_tokens": 5, "audio_tokens": 0},
        }
        yield {"type": "response.done", "response": response}

    def _open(self) -> Iterator[Event]:
        if self._is_open:
            return
        self._is_open = True
        item = self._message("in_progress", [])
        yield {"type": "response.output_item.added", "response_id": self.id, "output_index": 0, "item": item}
        yield {"type": "conversation.item.added", "previous_item_id": self._previous, "item": item}
        part = {"type": "text", "text": ""} if self._textual else {"type": "audio", "transcript": ""}
        yield {"type": "response.content_part.added", **self._place(), "part": part}

    def _shut(self, status: str) -> Iterator[Event]:
        if not self._is_open:
            return
        self._is_open = False
        place = self._place()
        if self._textual:
            yield {"type": "response.output_text.done", **place, "text": self._said}
            part, content = {"type": "text", "text": self._said}, {"type": "output_text", "text": self._said}
        else:
            yield {"type": "response.output_audio.done", **place}
            yield {"type": "response.output_audio_transcript.done", **place, "transcript": self._said}
            part = {"type": "audio", "transcript": self._said}
            content = {"type": "output_audio", "transcript": self._said}
        yield {"type": "response.content_part.done", **place, "part": part}
        item = self.message = self._message(status, [content])
        self._output.append(item)
        yield {"type": "conversation.item.done", "previous_item_id": self._previous, "item": item}
        yield {"type": "response.output_item.done", "response_id": self.id, "output_index": 0, "item": item}

    def _place(self) -> Event:
        return {"response_id": self.id, "item_id": self.item, "output_index": 0, "content_index": 0}

    def _message(self, status: str, content: list[Event]) -> Event:
        return {"id": self.item, "type": "message", "status": status, "role": "assistant", "content": content}

    def _response(self, status: str) -> Event:
        return {
            "object": "realtime.response", "id": self.id, "status": status, "status_details": None,
            "output": list(self._output), "conversation_id": "conv_case",
            "output_modalities": ["text" if self._textual else "audio"], "max_output_tokens": "inf",
            "audio": {"output": {"format": {"type": "audio/pcm", "rate": RATE}, "voice": "marin"}},
            "usage": None, "metadata": self._metadata,
        }  # fmt: skip
