"""Clients that are wrong about connections, each in one way: group 3."""

import asyncio
import json
from typing import Any, ClassVar
from urllib.parse import urlsplit

from understudy_harness.conformance.reference.client import CallFailed, HttpAnswer, ReferenceClient
from understudy_harness.conformance.reference.events import EventReader


class GivesUpOnResets(ReferenceClient):
    """Takes a connection without an answer for an empty one."""

    async def attempt(self, *arguments: Any) -> HttpAnswer:
        """Whatever is missing is made up."""
        try:
            return await super().attempt(*arguments)
        except CallFailed as failed:
            if failed.kind != "connection" or failed.choices:
                raise
            answer = HttpAnswer()
            answer.status = 200
            answer.body = bytearray(b'{"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}')
            return answer


class TakesWhatCame(ReferenceClient):
    """Reads an answer that was cut as if it were whole."""

    async def cut_short(self, answer: HttpAnswer) -> None:
        """Nothing is said."""

    def read_completion(self, answer: HttpAnswer) -> dict[str, Any]:
        """As much as there is."""
        try:
            return super().read_completion(answer)
        except CallFailed:
            text = answer.body.decode("utf-8", "replace").partition('"content": "')[2].partition('"')[0]
            return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


class WaitsForTheRest(ReferenceClient):
    """Waits for what was announced, though the connection has ended."""

    async def cut_short(self, answer: HttpAnswer) -> None:
        """For ever."""
        await asyncio.sleep(10_000)


class EndsStreamsWell(ReferenceClient):
    """Takes whatever had come of a stream for all of it."""

    async def stream(self, input: Any) -> dict[str, Any]:
        """Never an error once there was a word."""
        try:
            return await super().stream(input)
        except CallFailed as failed:
            if failed.kind == "connection" and failed.choices:
                return {"choices": failed.choices, "usage": None}
            raise


class SaysItAgain(ReferenceClient):
    """Tries a stream again though half of it was handed out."""

    def may_retry_silence(self, failed: CallFailed, reader: EventReader | None, attempt: int) -> bool:
        """Whatever was said."""
        return failed.kind == "connection" and attempt < self.retries


class KnowsNoTimeout(ReferenceClient):
    """Waits as long as the server does."""

    def limit(self) -> float | None:
        """None."""
        return None


class LimitsTheWhole(ReferenceClient):
    """Takes a limit on silence for one on length."""

    def extend(self, limit: asyncio.Timeout) -> None:
        """Never."""


class LeavesTheSocket(ReferenceClient):
    """Gives a call up and leaves its connection open."""

    held: ClassVar[list[asyncio.StreamWriter]] = []

    async def close(self, writer: asyncio.StreamWriter) -> None:
        """Hold it: what nobody holds, Python closes."""
        self.held.append(writer)


class _AsIs(HttpAnswer):
    def unpacked(self, body: bytes) -> bytes:
        """As it came."""
        return body


class OffersWhatItCannot(ReferenceClient):
    """Offers gzip, and reads it as if it were text."""

    def new_answer(self) -> HttpAnswer:
        """One that unpacks nothing."""
        return _AsIs()


class FollowsWithItsKey(ReferenceClient):
    """Goes wherever it is sent, with all that it has."""

    method_elsewhere = "POST"

    async def attempt(
        self,
        path: str,
        body: bytes,
        reader: EventReader | None = None,
        content_type: str = "application/json",
        method: str = "POST",
    ) -> HttpAnswer:
        """The answer of the place that the last redirect named."""
        answer = await super().attempt(path, body, reader, content_type, method)
        if answer.status not in (307, 308):
            return answer
        target = urlsplit(answer.headers["location"])
        if target.netloc:
            self._url = target._replace(path="")
        else:
            self._url = self._url._replace(path="")
        return await super().attempt(target.path, self.carried(body), reader, content_type, self.method_elsewhere)

    def carried(self, body: bytes) -> bytes:
        """The body that goes along."""
        return body


class FollowsEmptyHanded(FollowsWithItsKey):
    """Sends a redirected request without its body."""

    def carried(self, body: bytes) -> bytes:
        """None of it."""
        return json.dumps({}).encode()


WRONG_ABOUT_TRANSPORT: dict[str, type[ReferenceClient]] = {
    "gives-up-on-resets": GivesUpOnResets,
    "takes-what-came": TakesWhatCame,
    "waits-for-the-rest": WaitsForTheRest,
    "ends-streams-well": EndsStreamsWell,
    "says-it-again": SaysItAgain,
    "knows-no-timeout": KnowsNoTimeout,
    "limits-the-whole": LimitsTheWhole,
    "leaves-the-socket": LeavesTheSocket,
    "offers-what-it-cannot": OffersWhatItCannot,
    "follows-with-its-key": FollowsWithItsKey,
    "follows-empty-handed": FollowsEmptyHanded,
}
"""Each by the name under which the driver takes it."""
