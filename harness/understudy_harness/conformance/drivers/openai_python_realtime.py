"""What the driver of the official Python SDK does in realtime: its connection under a plain application."""

from collections.abc import AsyncIterator
from typing import Any

from understudy_harness.conformance.drivers.lines import Run
from understudy_harness.conformance.drivers.openai_errors import described, kind_of_status
from understudy_harness.conformance.drivers.realtime_application import Application, Event, SessionOver


async def realtime(client: Any, run: Run) -> dict[str, Any]:
    """One conversation over `client.realtime.connect`, its events taken by iteration."""
    async with client.realtime.connect(model=run.input["model"]) as connection:
        return await Application(run, connection.send).converse(as_tables(connection))


async def as_tables(connection: Any) -> AsyncIterator[Event]:
    """The events as tables; what the SDK hands over that is no object has nothing in it for an application.

    Raises:
        websockets.exceptions.ConnectionClosed: the connection has ended.
    """
    async for event in connection:
        yield event.to_dict() if hasattr(event, "to_dict") else event if isinstance(event, dict) else {}
    # After a close that the library below takes for a good one (1000, 1001) the iteration ends without a word; who
    # wants to know why asks once more.
    await connection.recv()


def described_socket(error: Exception) -> dict[str, Any]:
    """Describe what the SDK raised: here that is often an exception of the library below it."""
    told = described(error)
    response = getattr(error, "response", None)
    if isinstance(error, SessionOver) or hasattr(error, "rcvd"):
        told["kind"] = "connection"
    elif told["status"] is None and response is not None and isinstance(getattr(response, "status_code", None), int):
        told |= {"status": response.status_code, "kind": kind_of_status(response.status_code)}
    return told
