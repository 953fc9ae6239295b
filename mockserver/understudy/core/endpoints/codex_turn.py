"""One turn of Codex: a text, said in the events of a Responses stream.

Order of the events, keys and ids as recorded of `/v1/responses` (2025-05 to 2026-02): no `[DONE]`, and the usage in the
last event alone. Of the many things that a model may do, this one speaks.
"""

from collections.abc import Iterator
from typing import Any

from understudy.core import ids
from understudy.core.clock import SECOND
from understudy.core.media import Vocabulary
from understudy.core.pacing import Pacing
from understudy.core.plans_table import CodexModel, PlanTable
from understudy.core.pricing import Usage
from understudy.core.prompts import MESSAGE_TOKENS, ROLE_TOKENS, function_tokens
from understudy.core.replies import text
from understudy.core.serialise import encode

_ENCODING = "o200k_base"
"""Of all models of Codex."""
_ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "store": False,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
    "metadata": {},
}
"""What a response repeats of its request, with the documented defaults."""


def turn_cost(table: PlanTable, model: CodexModel, usage: Usage, body: dict[str, Any]) -> int:
    """Pico-credits of a turn; `service_tier` priority is what the CLI calls fast mode."""
    return table.cost(model, usage, fast=body.get("service_tier") == "priority")


class CodexTurn:
    """One answer.

    Args:
        body: a checked request.
        model: its model.
        seed: decides by chance.
        now: arrival, microseconds since the epoch.
        vocabulary: counts.
        pacing: how long the model takes.

    Attributes:
        service_tier: at which it was served.
        due: the moment of its first event, 0 for at once.
    """

    def __init__(
        self, body: dict[str, Any], model: str, seed: bytes, now: int, vocabulary: Vocabulary, pacing: Pacing
    ) -> None:
        self._body = body
        self._model = model
        self._created = now // SECOND
        self._pacing = pacing
        self.service_tier = "priority" if body.get("service_tier") == "priority" else "default"
        self.due = now + pacing.ttft if pacing.ttft or pacing.itl else 0
        turns = _turns(body["input"])
        self._input_tokens = _count(body, turns, vocabulary)
        self._text = text.compose(turns, seed)
        self._pieces = vocabulary.pieces(self._text, _ENCODING)
        self._output_tokens = vocabulary.count(self._text, _ENCODING)
        self._made = 0
        self._sequence = 0
        shared = f"{ids.hexadecimal(seed, 16, b'response')}01"
        stamp = f"{self._created & 0xFFFFFFFF:08x}"
        self._id = f"resp_{shared}{stamp}{ids.hexadecimal(seed, 4, b'a')}81{ids.hexadecimal(seed, 18, b'b')}"
        self._item_id = f"msg_{shared}{stamp}{ids.hexadecimal(seed, 4, b'c')}81{ids.hexadecimal(seed, 18, b'd')}"

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """The events, each with its moment."""
        due, itl = self.due, self._pacing.itl
        place = {"item_id": self._item_id, "output_index": 0, "content_index": 0}
        yield due, self._event("response.created", response=self._response("in_progress"))
        yield due, self._event("response.in_progress", response=self._response("in_progress"))
        item = self._item("in_progress", [])
        yield due, self._event("response.output_item.added", item=item, output_index=0)
        yield due, self._event("response.content_part.added", part=_part(""), **place)
        for piece in self._pieces:
            self._made += 1
            yield due, self._event("response.output_text.delta", delta=piece, logprobs=[], **place)
            if itl:
                due += itl
        yield due, self._event("response.output_text.done", text=self._text, logprobs=[], **place)
        yield due, self._event("response.content_part.done", part=_part(self._text), **place)
        item = self._item("completed", [_part(self._text)])
        yield due, self._event("response.output_item.done", item=item, output_index=0)
        done = self._response("completed") | {"output": [item], "usage": self._usage_object()}
        yield due, self._event("response.completed", response=done)

    def usage(self, *, complete: bool) -> Usage:
        """What is charged; of a cut stream what was made so far."""
        made = self._output_tokens if complete else min(self._made, self._output_tokens)
        return Usage(text_in=self._input_tokens, text_out=made)

    def _event(self, kind: str, **fields: Any) -> bytes:
        # `type` first, the rest by name (recorded, 2026-02).
        fields["sequence_number"] = self._sequence
        self._sequence += 1
        ordered = {"type": kind, **{name: fields[name] for name in sorted(fields)}}
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), encode(ordered))

    def _response(self, status: str) -> dict[str, Any]:
        body = self._body
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "model": self._model,
            "output": [],
            **{name: default if body.get(name) is None else body[name] for name, default in _ECHOED.items()},
            "service_tier": self.service_tier if status == "completed" else "auto",
            "usage": None,
        }

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self._item_id, "type": "message", "status": status, "content": content, "role": "assistant"}

    def _usage_object(self) -> dict[str, Any]:
        return {
            "input_tokens": self._input_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self._output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self._input_tokens + self._output_tokens,
        }


def _part(said: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": said}


def _turns(items: list[Any]) -> list[text.Turn]:
    """The conversation as far as it is text; items of other kinds say nothing."""
    turns = []
    for item in items:
        if type(item) is not dict:
            continue
        kind = item.get("type", "message")
        if kind == "message" and type(item.get("role")) is str:
            turns.append(text.Turn(item["role"], _texts(item.get("content"))))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            turns.append(text.Turn("tool", _texts(item.get("output"))))
    return turns


def _texts(content: Any) -> str:
    if type(content) is str:
        return content
    if type(content) is not list:
        return ""
    return "\n".join(part["text"] for part in content if type(part) is dict and type(part.get("text")) is str)


def _count(body: dict[str, Any], turns: list[text.Turn], vocabulary: Vocabulary) -> int:
    """Tokens of instructions, messages and functions, by the arithmetic of chat (`core.prompts`)."""
    around = MESSAGE_TOKENS + ROLE_TOKENS
    total = MESSAGE_TOKENS
    instructions = body.get("instructions")
    if type(instructions) is str and instructions:
        total += around + vocabulary.count(instructions, _ENCODING)
    total += sum(around + vocabulary.count(turn.text, _ENCODING) for turn in turns)
    tools = body.get("tools")
    if type(tools) is list:
        functions = [tool for tool in tools if type(tool) is dict and type(tool.get("name")) is str]
        total += function_tokens(
            [tool for tool in functions if type(tool.get("description", "")) is str], vocabulary, _ENCODING
        )
    return total
