"""Clients that are wrong about long waits, backoff and what a retry sends, each in one way: the rest of group 1."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from understudy_harness.conformance.reference.client import CallFailed, ReferenceClient

_CAP_S = 4.0


class ClampsLongWaits(ReferenceClient):
    """Makes a few seconds of every long wait."""

    def too_long(self, named: float | None) -> bool:
        """None is."""
        return False

    def wait(self, named: float | None, attempt: int) -> float:
        """At most four seconds."""
        return min(super().wait(named, attempt), _CAP_S)


class WaitsForEver(ReferenceClient):
    """Waits a day if it is told to, without a word."""

    def too_long(self, named: float | None) -> bool:
        """None is."""
        return False


class WaitsAlike(ReferenceClient):
    """Waits the same time before each attempt."""

    def wait(self, named: float | None, attempt: int) -> float:
        """As before the first."""
        return super().wait(named, 0)


class RetriesInLayers(ReferenceClient):
    """Is retried by a layer around it that has attempts of its own."""

    async def chat(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """Three times whatever comes of three attempts; a refusal that is final is as good as any."""
        for _ in range(2):
            with contextlib.suppress(CallFailed):
                return await super().chat(input)
        return await super().chat(input)


class CannotBeStopped(ReferenceClient):
    """Sleeps on when it is given up, and asks again when it wakes."""

    async def pause(self, seconds: float) -> None:
        """The whole wait, whatever happens."""
        sleeping = asyncio.ensure_future(super().pause(seconds))
        while not sleeping.done():
            try:
                await asyncio.shield(sleeping)
            except asyncio.CancelledError:
                continue


class AsksAfterTheEnd(ReferenceClient):
    """Ends when it is given up, but its timer goes on."""

    async def pause(self, seconds: float) -> None:
        """The wait; who is given up in it leaves a request behind."""
        try:
            await super().pause(seconds)
        except asyncio.CancelledError:
            self.straggler = asyncio.get_running_loop().call_later(1.0, self._ask_again)
            raise

    def _ask_again(self) -> None:
        self.late = asyncio.ensure_future(self.attempt("/chat/completions", b"{}"))


class ComesBackInStep(ReferenceClient):
    """Leaves nothing to chance."""

    def jitter(self) -> float:
        """None."""
        return 1.0


class BuildsBodiesAnew(ReferenceClient):
    """Numbers its attempts in the body."""

    def body_of(self, body: bytes, attempt: int) -> bytes:
        """With the number in it."""
        return (
            body if attempt == 0 else json.dumps({**json.loads(body), "metadata": {"attempt": str(attempt)}}).encode()
        )


class KeepsOneKeyForAll(ReferenceClient):
    """Sends the same idempotency key with every call."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.headers["Idempotency-Key"] = "always-the-same"


WRONG_ABOUT_WAITS: dict[str, type[ReferenceClient]] = {
    "clamps-long-waits": ClampsLongWaits,
    "waits-for-ever": WaitsForEver,
    "waits-alike": WaitsAlike,
    "retries-in-layers": RetriesInLayers,
    "cannot-be-stopped": CannotBeStopped,
    "asks-after-the-end": AsksAfterTheEnd,
    "comes-back-in-step": ComesBackInStep,
    "builds-bodies-anew": BuildsBodiesAnew,
    "keeps-one-key-for-all": KeepsOneKeyForAll,
}
"""Each by the name under which the driver takes it."""
