"""A stored response: what was asked, what came out, and from when on it may be seen.

An answer is made at once, also one in the background; the record says when it was begun and done on the clock. Nothing
runs in between, so it is the same whenever and however often it is looked at.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.clock import SECOND
from understudy.core.endpoints.responses.events import Event, events_of, unfinished
from understudy.core.endpoints.responses.items import Item
from understudy.core.endpoints.responses.names import Names
from understudy.core.media import Vocabulary

QUEUED = SECOND // 5
"""How long a background response waits ("our choice")."""
SHORTEST = SECOND
"""How long it takes at least, the wait included ("our choice")."""
LONGEST_CHAIN = 1_000
"""Responses before one another that are followed ("our choice")."""


class Record(msgspec.Struct):
    """One stored response.

    Attributes:
        response: finished, without `billing`.
        given: the items of its own input, each with an id.
        encoding: of its model.
        begun, done: when it left the queue and when its last token was made, microseconds since the epoch.
        cancelled: when it was cancelled, in the same; 0 for never.
    """

    response: dict[str, Any]
    given: list[Item]
    encoding: str
    begun: int
    done: int
    cancelled: int = 0

    @property
    def id(self) -> str:
        """Of the response."""
        name: str = self.response["id"]
        return name

    @property
    def in_background(self) -> bool:
        """Whether nobody waited for it."""
        return bool(self.response["background"])

    def seen(self, now: int) -> dict[str, Any]:
        """The response as it stands at a moment."""
        if self.cancelled:
            return unfinished(self.response, "cancelled")
        if now >= self.done:
            return self.response
        return unfinished(self.response, "queued" if now < self.begun else "in_progress")

    def cancel(self, now: int) -> None:
        """Stop it, unless it is done.

        Raises:
            BadRequest: it is not in the background (reported of a compatible server, 2026).
        """
        if not self.in_background:
            raise errors.BadRequest("Cannot cancel a synchronous response.")
        if now < self.done and not self.cancelled:
            self.cancelled = now

    def events(self, vocabulary: Vocabulary) -> Iterator[tuple[int, Event]]:
        """Its events, each with its moment."""
        if self.cancelled:
            yield 0, Event("response.created", {"response": unfinished(self.response, "cancelled")})
            return
        usage = self.response["usage"] or {"output_tokens": 0}
        total = max(usage["output_tokens"], 1)
        made = 0
        for event in events_of(self.response, vocabulary, self.encoding):
            yield self.begun + (self.done - self.begun) * min(made, total) // total, event
            made += event.tokens

    def context(self) -> list[Item]:
        """What a later response takes over: input and output."""
        return [*self.given, *self.response["output"]]


def with_ids(items: list[Item], names: Names) -> list[Item]:
    """The items of an input as they are kept: every one with an id and, where it has one, a state."""
    kept = []
    for place, item in enumerate(items):
        if item["type"] == "message":
            content = item["content"]
            if type(content) is str:
                kind = "output_text" if item["role"] == "assistant" else "input_text"
                part: dict[str, Any] = {"type": kind, "text": content}
                if kind == "output_text":
                    part |= {"annotations": [], "logprobs": []}
                content = [part]
            kept.append(
                {
                    "id": item.get("id") or names.item("msg", _OF_INPUT + place),
                    "type": "message",
                    "status": item.get("status") or "completed",
                    "content": content,
                    "role": item["role"],
                }
            )
            continue
        prefix = _PREFIXES.get(item["type"], "item")
        id, status = item.get("id") or names.item(prefix, _OF_INPUT + place), item.get("status") or "completed"
        # First of all fields, and also in the place of a null.
        kept.append({"id": id, "status": status, **item} | {"id": id, "status": status})
    return kept


_OF_INPUT = 1_000_000
"""Places of input items, apart from those of the output."""
_PREFIXES = {
    "function_call": "fc",
    "function_call_output": "fc",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "reasoning": "rs",
    "compaction": "cmp",
}


def not_found(id: str) -> errors.NotFound:
    """404 (reported words, 2025 to 2026)."""
    return errors.NotFound(f"Response with id '{id}' not found.", layer=errors.Layer.ENGINE)


def previous_not_found(id: str) -> errors.BadRequest:
    """400 (OpenAI's guide on WebSocket mode and reports, 2025 to 2026)."""
    return errors.BadRequest(
        f"Previous response with id '{id}' not found.",
        code="previous_response_not_found",
        param="previous_response_id",
    )


def item_not_found(id: str) -> errors.NotFound:
    """404 of a reference (probed 2026-08)."""
    return errors.NotFound(
        f"Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with `store` "
        "set to true, or remove this item from your input.",
        param="input",
        layer=errors.Layer.ENGINE,
    )
