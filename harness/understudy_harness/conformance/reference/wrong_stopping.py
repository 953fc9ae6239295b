"""Clients that are wrong about stopping, each in one way: group 15."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.events import ChoiceSum, EventReader


class ReadsOnForNobody(ReferenceClient):
    """Reads a stream to its end, whoever has gone."""

    held: ClassVar[list[asyncio.Future[Any]]] = []

    async def stream(self, input: Mapping[str, Any]) -> dict[str, Any]:
        """In a task of its own, which nobody stops."""
        reading = asyncio.ensure_future(super().stream(input))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            self.say = lambda **line: None
            self.held.append(reading)
            raise


class LosesConnections(ReferenceClient):
    """Takes a connection for each stream, and gives none back that was read to the end."""

    connection = "keep-alive"
    held: ClassVar[list[asyncio.StreamWriter]] = []

    async def close(self, writer: asyncio.StreamWriter) -> None:
        """Hold it: what nobody holds, Python closes."""
        if self.reading is not None and self.reading.done:
            self.held.append(writer)
        else:
            await super().close(writer)


class SharesItsSum(ReferenceClient):
    """Adds up what comes in one place, as if there were never two streams at once."""

    choices: ClassVar[dict[int, ChoiceSum]] = {}

    def new_reader(self) -> EventReader:
        """One that writes to that place."""
        reader = super().new_reader()
        self.choices.clear()
        reader.choices = self.choices
        return reader


class HoldsOpenStreams(ReferenceClient):
    """Lets go of a stream when it has ended, not before."""

    async def close(self, writer: asyncio.StreamWriter) -> None:
        """For ever, where the end has not come."""
        try:
            if self.reading is not None and not self.reading.done:
                await asyncio.sleep(10_000)
        finally:
            await super().close(writer)


WRONG_ABOUT_STOPPING: dict[str, type[ReferenceClient]] = {
    "reads-on-for-nobody": ReadsOnForNobody,
    "loses-connections": LosesConnections,
    "shares-its-sum": SharesItsSum,
    "holds-open-streams": HoldsOpenStreams,
}
"""Each by the name under which the driver takes it."""
