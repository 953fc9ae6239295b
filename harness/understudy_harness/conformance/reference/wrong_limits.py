"""Clients that are wrong about limits and credits over many calls, each in one way: group 13."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from understudy_harness.conformance.reference.client import CallFailed, HttpAnswer, ReferenceClient
from understudy_harness.conformance.reference.events import EventReader


class ReadsNoUnits(ReferenceClient):
    """Takes the number of a duration and leaves the unit."""

    def duration(self, spelled: str) -> float | None:
        """As if all were seconds."""
        digits = spelled[: next((place for place, letter in enumerate(spelled) if not letter.isdigit()), len(spelled))]
        return float(digits) if digits else None

    def too_long(self, named: float | None) -> bool:
        """None is."""
        return False


class ComesBackTogether(ReferenceClient):
    """Has no turns: all calls come back at the same moment."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.turn = asyncio.Lock()

    def jitter(self) -> float:
        """None."""
        return 1.0


class CallsItALimit(ReferenceClient):
    """Knows one reason for a 429."""

    def give_up(self, answer: HttpAnswer, named: float | None) -> Any:
        """A quota is told as a rate limit."""
        try:
            super().give_up(answer, named)
        except CallFailed as failed:
            raise CallFailed("rate_limit", "slow down", status=failed.status, code="rate_limit_exceeded") from None


class DropsTheReason(ReferenceClient):
    """Tells every broken stream alike."""

    def broken(self, reader: EventReader, kind: str, message: str, code: str | None = None) -> CallFailed:
        """Without the server's words."""
        return super().broken(reader, "protocol", "the stream broke off")


class TrustsItsClock(ReferenceClient):
    """Makes a wait of the distance between two clocks."""

    def wait_until(self, date: str) -> float | None:
        """However far the date is away, in either direction."""
        wait = super().wait_until(date)
        return None if wait is None else abs(wait)

    def too_long(self, named: float | None) -> bool:
        """None is."""
        return False


class RetriesHardLimits(ReferenceClient):
    """Asks again when billing has reached its limit."""

    def wants_retry(self, answer: HttpAnswer, attempt: int) -> bool:
        """Whatever the status is."""
        return attempt < self.retries


class KeepsTheOldPace(ReferenceClient):
    """Waits half a second in line for each call before it, whatever the server allows by now."""

    async def send(self, *arguments: Any, **named: Any) -> HttpAnswer:
        """One after another."""
        async with self.turn:
            await asyncio.sleep(0.5)
        return await super().send(*arguments, **named)


class LosesItsTurn(ReferenceClient):
    """Gives up at the first refusal while others wait."""

    async def chat(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """An empty answer in place of a refusal."""
        with contextlib.suppress(CallFailed):
            return await super().chat(input)
        return {"choices": [{"text": "", "finish": "stop"}]}


WRONG_ABOUT_LIMITS: dict[str, type[ReferenceClient]] = {
    "reads-no-units": ReadsNoUnits,
    "comes-back-together": ComesBackTogether,
    "calls-it-a-limit": CallsItALimit,
    "drops-the-reason": DropsTheReason,
    "trusts-its-clock": TrustsItsClock,
    "retries-hard-limits": RetriesHardLimits,
    "keeps-the-old-pace": KeepsTheOldPace,
    "loses-its-turn": LosesItsTurn,
}
"""Each by the name under which the driver takes it."""
