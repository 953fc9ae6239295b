"""The reference client's responses: the events of one, read to their end; each decision is a method."""

from collections.abc import Mapping
from typing import Any

from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.events import EventReader, StreamBroken

_TERMINAL = ("response.completed", "response.incomplete", "response.failed")
_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}


class ResponseReader(EventReader):
    """Reads the events of a response as one choice.

    Attributes:
        response: what the last event holds, None before it has come.
    """

    response: dict[str, Any] | None = None

    def take_chunk(self, chunk: Any) -> None:
        """One event."""
        if not isinstance(chunk, dict):
            return
        kind = chunk.get("type")
        if kind == "error":
            self.failed(chunk.get("error") or chunk)
        elif kind == "response.output_text.delta":
            self.take_text_of(0, self.first, chunk.get("delta") or "")
        elif kind == "response.refusal.delta":
            self.first.refusal = (self.first.refusal or "") + chunk.get("delta", "")
        elif kind in _TERMINAL:
            self.ended(kind, chunk["response"])
        else:
            self.other(chunk)

    def other(self, event: dict[str, Any]) -> None:
        """An event that says nothing about the text, known or not."""

    def ended(self, kind: str, response: dict[str, Any]) -> None:
        """The last event: how it went, and what was used."""
        self.done = True
        self.response = response
        if kind == "response.failed":
            self.failed(response.get("error") or {})
        for item in response.get("output") or ():
            self.take_item(item)
        usage = self.usage_of(response) or {}
        self.usage = {"prompt_tokens": usage.get("input_tokens"), "completion_tokens": usage.get("output_tokens")}
        reason = (response.get("incomplete_details") or {}).get("reason")
        self.first.finish = "stop" if kind == "response.completed" else self.reason(reason)

    def reason(self, reason: str | None) -> str:
        """Why an incomplete response ended, in the protocol's word."""
        return _REASONS.get(reason or "", reason or "length")

    def take_item(self, item: dict[str, Any]) -> None:
        """An item of the whole response; those of an unknown kind are nobody's business here."""
        if item.get("type") == "function_call":
            call = {"id": item.get("call_id"), "name": item.get("name"), "arguments": item.get("arguments")}
            self.first.tool_calls.append(call)

    def failed(self, error: Any) -> None:
        """The response failed, or an event says so."""
        code, message = error.get("code"), error.get("message") or "the response failed"
        kinds = {"insufficient_quota": "quota", "rate_limit_exceeded": "rate_limit"}
        raise StreamBroken(kinds.get(code or "", "server"), message, code)

    def completion(self) -> dict[str, Any]:
        """What the events came to."""
        if self.response is None:
            raise StreamBroken("protocol", "the stream ended before the response did")
        return super().completion()


async def responses(client: ReferenceClient, input: Mapping[str, Any]) -> dict[str, Any]:
    """One response from its events.

    Raises:
        CallFailed: it came to nothing, or broke off; what had come is in it.
    """
    return await client.streamed("/responses", input, client.new_response_reader)
