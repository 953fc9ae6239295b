"""Clients that are wrong about values they do not know, each in one way: group 8."""

from collections.abc import Mapping
from typing import Any

from understudy_harness.conformance.reference.client import CallFailed, HttpAnswer, ReferenceClient
from understudy_harness.conformance.reference.events import EventReader

_KEYS = {
    "id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint", "moderation",
    "prompt_filter_results", "obfuscation",
}  # fmt: skip
_FINISHES = ("stop", "length", "tool_calls", "content_filter", "function_call")
_TIERS = (None, "auto", "default", "flex", "priority", "scale")
_MOST = 2**31 - 1


class _Values(ReferenceClient):
    """Looks at every completion and every chunk."""

    def check(self, document: dict[str, Any]) -> None:
        """Raises what a careless program would."""

    def read_completion(self, answer: HttpAnswer) -> dict[str, Any]:
        """The completion, if nothing in it surprises."""
        completion = super().read_completion(answer)
        self.check(completion)
        return completion

    def new_reader(self) -> EventReader:
        """One that looks at every chunk."""
        client = self

        class Reader(EventReader):
            def take_chunk(self, chunk: Any) -> None:
                client.check(chunk)
                super().take_chunk(chunk)

        return Reader(self.on_delta)


class ForbidsOtherKeys(_Values):
    """Wants the keys that it knows, and no others."""

    def check(self, document: dict[str, Any]) -> None:
        """CallFailed for another key."""
        if set(document) - _KEYS:
            raise CallFailed("protocol", f"unknown keys {sorted(set(document) - _KEYS)}")


class MakesAStopOfTheUnknown(_Values):
    """Knows the ways to end, and takes any other for a stop."""

    def check(self, document: dict[str, Any]) -> None:
        """The first of the choices is set right."""
        for choice in document.get("choices") or ():
            if choice.get("finish_reason") not in (None, *_FINISHES):
                choice["finish_reason"] = "stop"


class FailsOnFinishes(_Values):
    """Knows the ways to end, and fails on any other."""

    def check(self, document: dict[str, Any]) -> None:
        """CallFailed for another."""
        for choice in document.get("choices") or ():
            if choice.get("finish_reason") not in (None, *_FINISHES):
                raise CallFailed("protocol", "unknown finish reason")


class FailsOnTiers(_Values):
    """Knows all service tiers."""

    def check(self, document: dict[str, Any]) -> None:
        """CallFailed for another."""
        if document.get("service_tier") not in _TIERS:
            raise CallFailed("protocol", "unknown service tier")


class NeedsUsage(_Values):
    """Adds up what was used before it hands the answer on."""

    def check(self, document: dict[str, Any]) -> None:
        """TypeError or KeyError where there is nothing to add."""
        if document["object"] == "chat.completion" or "usage" in document:
            self.total = document["usage"]["prompt_tokens"] + document["usage"]["completion_tokens"]


class TakesTheFirstChoice(ReferenceClient):
    """Believes that there is always a first choice."""

    def read_completion(self, answer: HttpAnswer) -> dict[str, Any]:
        """An empty answer where there is none."""
        try:
            return super().read_completion(answer)
        except CallFailed:
            return {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}


class ReadsLogprobs(_Values):
    """Looks into the logprobs that it asked for."""

    asked = False

    async def ask(self, path: str, input: Mapping[str, Any], *more: Any) -> HttpAnswer:
        """Remembers what was asked."""
        self.asked = bool(input.get("logprobs"))
        return await super().ask(path, input, *more)

    def check(self, document: dict[str, Any]) -> None:
        """TypeError where there are none."""
        for choice in document.get("choices") or ():
            for token in choice["logprobs"]["content"] if self.asked else ():
                self.last = token["logprob"]


class CountsInThirtyTwoBits(_Values):
    """Has room for two thousand million."""

    def check(self, document: dict[str, Any]) -> None:
        """CallFailed for more."""
        counts = [document.get("created"), *(document.get("usage") or {}).values()]
        if any(isinstance(count, int) and count > _MOST for count in counts):
            raise CallFailed("protocol", "value out of range")


WRONG_ABOUT_VALUES: dict[str, type[ReferenceClient]] = {
    "forbids-other-keys": ForbidsOtherKeys,
    "makes-a-stop-of-the-unknown": MakesAStopOfTheUnknown,
    "fails-on-finishes": FailsOnFinishes,
    "fails-on-tiers": FailsOnTiers,
    "needs-usage": NeedsUsage,
    "takes-the-first-choice": TakesTheFirstChoice,
    "reads-logprobs": ReadsLogprobs,
    "counts-in-thirty-two-bits": CountsInThirtyTwoBits,
}
"""Each by the name under which the driver takes it."""
