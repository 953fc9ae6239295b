"""Clients that are wrong on purpose, each in one way. A suite that does not catch them is worth nothing."""

import asyncio
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, NoReturn

from understudy_harness.conformance.reference.client import CallFailed, HttpAnswer, ReferenceClient
from understudy_harness.conformance.reference.wrong_answers import WRONG_ABOUT_ANSWERS
from understudy_harness.conformance.reference.wrong_errors import WRONG_ABOUT_ERRORS
from understudy_harness.conformance.reference.wrong_events import WRONG_ABOUT_EVENTS
from understudy_harness.conformance.reference.wrong_limits import WRONG_ABOUT_LIMITS
from understudy_harness.conformance.reference.wrong_media import WRONG_ABOUT_MEDIA
from understudy_harness.conformance.reference.wrong_realtime import WRONG_ABOUT_REALTIME
from understudy_harness.conformance.reference.wrong_responses import WRONG_ABOUT_RESPONSES
from understudy_harness.conformance.reference.wrong_settings import WRONG_ABOUT_SETTINGS
from understudy_harness.conformance.reference.wrong_stopping import WRONG_ABOUT_STOPPING
from understudy_harness.conformance.reference.wrong_tools import WRONG_ABOUT_TOOLS
from understudy_harness.conformance.reference.wrong_transport import WRONG_ABOUT_TRANSPORT
from understudy_harness.conformance.reference.wrong_values import WRONG_ABOUT_VALUES
from understudy_harness.conformance.reference.wrong_waits import WRONG_ABOUT_WAITS


class ReadsMillisecondsAsSeconds(ReferenceClient):
    """Takes retry-after-ms for seconds, and waits however long that is."""

    def named_wait(self, headers: Mapping[str, str]) -> float | None:
        """The milliseconds, as they are."""
        wait = super().named_wait(headers)
        return wait if wait is None or "retry-after-ms" not in headers else wait * 1000

    def too_long(self, named: float | None) -> bool:
        """Never."""
        return False


class IgnoresRetryAfter(ReferenceClient):
    """Has its own idea of when to come back."""

    def named_wait(self, headers: Mapping[str, str]) -> float | None:
        """None is ever heard of."""
        return None


class KnowsNoDates(ReferenceClient):
    """Hands a date on as if it had been understood, and fails on it."""

    def wait_until(self, date: str) -> float | None:
        """Raises ValueError for whatever is no number."""
        return float(date)


class FailsOnBadDates(ReferenceClient):
    """Reads dates, and believes that every date can be read."""

    def wait_until(self, date: str) -> float | None:
        """Raises ValueError for what is no date."""
        return parsedate_to_datetime(date).timestamp() - self._now()


class HurriesWithoutAWait(ReferenceClient):
    """Takes a wait that it cannot read for no wait at all."""

    def wait(self, named: float | None, attempt: int) -> float:
        """At once, unless the server names a sensible wait."""
        return max(named or 0.0, 0.0)


class SleepsForLessThanNothing(ReferenceClient):
    """Hands the server's number on to a function that refuses negative ones."""

    def wait(self, named: float | None, attempt: int) -> float:
        """Raises ValueError as `time.sleep` does."""
        if named is not None and named < 0:
            raise ValueError("sleep length must be non-negative")
        return super().wait(named, attempt)


class HasNoBudget(ReferenceClient):
    """Retries five times whatever it was told."""

    def may_retry(self, status: int, attempt: int) -> bool:
        """Up to five times."""
        return attempt < 5


class LosesARetry(ReferenceClient):
    """Counts the first attempt as a retry."""

    def may_retry(self, status: int, attempt: int) -> bool:
        """One time less than it was told."""
        return attempt + 1 < self.retries and super().may_retry(status, attempt)


class SwallowsErrors(ReferenceClient):
    """Reports an empty success when it gives up."""

    async def chat(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """A completion without a word in it."""
        try:
            return await super().chat(input)
        except CallFailed:
            return {"choices": [{"text": "", "finish": "stop"}]}


class ManglesText(ReferenceClient):
    """Reads the bytes of the answer as if they were Latin-1."""

    def read_completion(self, answer: HttpAnswer) -> dict[str, Any]:
        """The completion with its letters broken."""
        answer.body = bytearray(answer.body.decode("latin-1").encode())
        return super().read_completion(answer)


class AsksOnceMore(ReferenceClient):
    """Has a retry under way that nobody stops when the answer has come."""

    async def chat(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """One chat completion, and a request too many."""
        completion = await super().chat(input)
        self.straggler = asyncio.ensure_future(self._ask_again())
        return completion

    async def _ask_again(self) -> None:
        await asyncio.sleep(0.05)
        await self.attempt("/chat/completions", b"{}")


class LeavesSocketsOpen(ReferenceClient):
    """Keeps its connections for later and never closes them."""

    connection = "keep-alive"
    held: ClassVar[list[asyncio.StreamWriter]] = []

    async def close(self, writer: asyncio.StreamWriter) -> None:
        """Hold it: what nobody holds, Python closes."""
        self.held.append(writer)


class TellsItsKey(ReferenceClient):
    """Puts the request's headers into the error that it raises."""

    def give_up(self, answer: HttpAnswer, named: float | None) -> NoReturn:
        """Raises CallFailed with the key in it."""
        raise CallFailed("rate_limit", f"failed with Bearer {self.api_key}", status=answer.status)


WRONG: dict[str, type[ReferenceClient]] = {
    "milliseconds-as-seconds": ReadsMillisecondsAsSeconds,
    "ignores-retry-after": IgnoresRetryAfter,
    "knows-no-dates": KnowsNoDates,
    "fails-on-bad-dates": FailsOnBadDates,
    "hurries-without-a-wait": HurriesWithoutAWait,
    "sleeps-for-less-than-nothing": SleepsForLessThanNothing,
    "has-no-budget": HasNoBudget,
    "loses-a-retry": LosesARetry,
    "swallows-errors": SwallowsErrors,
    "mangles-text": ManglesText,
    "asks-once-more": AsksOnceMore,
    "leaves-sockets-open": LeavesSocketsOpen,
    "tells-its-key": TellsItsKey,
    **WRONG_ABOUT_WAITS,
    **WRONG_ABOUT_ERRORS,
    **WRONG_ABOUT_TRANSPORT,
    **WRONG_ABOUT_LIMITS,
    **WRONG_ABOUT_EVENTS,
    **WRONG_ABOUT_ANSWERS,
    **WRONG_ABOUT_TOOLS,
    **WRONG_ABOUT_REALTIME,
    **WRONG_ABOUT_RESPONSES,
    **WRONG_ABOUT_VALUES,
    **WRONG_ABOUT_SETTINGS,
    **WRONG_ABOUT_STOPPING,
    **WRONG_ABOUT_MEDIA,
}
"""Each by the name under which the driver takes it; above those that are wrong about pacing, group 1."""
