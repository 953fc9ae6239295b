"""Clients that are wrong about the events of responses, each in one way: group 7."""

from typing import Any

from understudy_harness.conformance.reference.client import CallFailed, ReferenceClient
from understudy_harness.conformance.reference.events import StreamBroken
from understudy_harness.conformance.reference.responses import ResponseReader
from understudy_harness.conformance.reference.wrong_events import reading

_KNOWN = (
    "response.created", "response.in_progress", "response.output_item.added", "response.output_item.done",
    "response.content_part.added", "response.content_part.done", "response.output_text.done",
)  # fmt: skip


class AddsTheWholeAgain(ResponseReader):
    """Takes the text that ends an item for one more piece."""

    def other(self, event: dict[str, Any]) -> None:
        """The whole text behind its pieces."""
        if event.get("type") == "response.output_text.done":
            self.take_text_of(0, self.first, event["text"])


class CountsNothing(ResponseReader):
    """Looks for usage where chat completions have it."""

    def usage_of(self, chunk: dict[str, Any]) -> dict[str, Any] | None:
        """Nothing was used."""
        return {"input_tokens": 0, "output_tokens": 0}


class FailsOnUnknownEvents(ResponseReader):
    """Knows all events there are."""

    def other(self, event: dict[str, Any]) -> None:
        """StreamBroken for another."""
        if event.get("type") not in _KNOWN:
            raise StreamBroken("protocol", f"unknown event {event.get('type')}")


class ReadsEveryDelta(ResponseReader):
    """Takes whatever is called a delta for text."""

    def other(self, event: dict[str, Any]) -> None:
        """Of any event."""
        if str(event.get("type")).endswith(".delta"):
            self.take_text_of(0, self.first, str(event.get("delta")))


class FailsOnUnknownItems(ResponseReader):
    """Knows all items there are."""

    def take_item(self, item: dict[str, Any]) -> None:
        """StreamBroken for another."""
        if item.get("type") not in ("message", "function_call", "reasoning"):
            raise StreamBroken("protocol", f"unknown item {item.get('type')}")
        super().take_item(item)


class TakesFailureForAnEnd(ResponseReader):
    """Looks whether a response has ended, not how."""

    def failed(self, error: Any) -> None:
        """That will do."""


class CallsEveryEndAStop(ResponseReader):
    """Knows one way to end."""

    def reason(self, reason: str | None) -> str:
        """As if all had been said."""
        return "stop"


class NeedsNoLastEvent(ResponseReader):
    """Takes the end of the connection for that of the response."""

    def completion(self) -> dict[str, Any]:
        """Whatever had come."""
        self.response = self.response or {}
        self.first.finish = self.first.finish or "stop"
        return super().completion()


class TellsErrorsAsText(ReferenceClient):
    """Shows what the server says about a failure as if the model had said it."""

    async def streamed(self, *arguments: Any) -> dict[str, Any]:
        """The failure's words in the model's place."""
        try:
            return await super().streamed(*arguments)
        except CallFailed as failed:
            if failed.kind != "rate_limit":
                raise
            return {"choices": [{"text": str(failed), "finish": "stop"}], "usage": None}


def _reading(reader: type[ResponseReader]) -> type[ReferenceClient]:
    return reading(reader, "new_response_reader")


WRONG_ABOUT_RESPONSES: dict[str, type[ReferenceClient]] = {
    "adds-the-whole-again": _reading(AddsTheWholeAgain),
    "counts-nothing": _reading(CountsNothing),
    "fails-on-unknown-events": _reading(FailsOnUnknownEvents),
    "reads-every-delta": _reading(ReadsEveryDelta),
    "fails-on-unknown-items": _reading(FailsOnUnknownItems),
    "takes-failure-for-an-end": _reading(TakesFailureForAnEnd),
    "calls-every-end-a-stop": _reading(CallsEveryEndAStop),
    "needs-no-last-event": _reading(NeedsNoLastEvent),
    "tells-errors-as-text": TellsErrorsAsText,
}
"""Each by the name under which the driver takes it."""
