"""Driver for `websockets` alone, as programs use it that speak to the realtime API without an SDK.

python -m understudy_harness.conformance.drivers.websockets_bare
"""

import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from understudy_harness.conformance.drivers.lines import Driver, Run, introduced
from understudy_harness.conformance.drivers.realtime_application import Application, Event, SessionOver


def dialled(run: Run) -> Any:
    """A connection as the run wants it, with the library's own settings."""
    url = f"{run.base_url.replace('http', 'ws', 1)}/realtime?model={run.input['model']}"
    ca_file = run.options.get("ca_file")
    trusted = ssl.create_default_context(cafile=ca_file) if ca_file else None
    return connect(url, additional_headers={"Authorization": f"Bearer {run.api_key}"}, ssl=trusted)


async def realtime(dial: Any, run: Run) -> dict[str, Any]:
    """One conversation."""
    async with dial as connection:
        return await Application(run, lambda event: connection.send(json.dumps(event))).converse(events(connection))


async def events(connection: ClientConnection) -> AsyncIterator[Event]:
    """What comes, until the connection is closed; what is no event is left out, as to read JSON is not the library's.

    Raises:
        SessionOver: it was closed, with what the library knows of why.
    """
    async for message in connection:
        try:
            event = json.loads(message)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event
    raise SessionOver(f"closed with {connection.close_code} {connection.close_reason}")


def describe(error: Exception) -> dict[str, Any]:
    """Describe what it raised."""
    told: dict[str, Any] = {"kind": "other", "message": str(error), "type": type(error).__name__}
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        told |= {"kind": "auth" if status == 401 else "rate_limit" if status == 429 else "connection", "status": status}
    elif isinstance(error, ConnectionClosed | SessionOver | OSError):
        told["kind"] = "connection"
    elif isinstance(error, ValueError):
        told["kind"] = "protocol"
    return told


INTRODUCTION = introduced(
    "websockets", "websockets", "https://github.com/python-websockets/websockets",
    ops=["realtime"], can=["cancel", "parallel"],
)  # fmt: skip

if __name__ == "__main__":
    Driver(INTRODUCTION, dialled, realtime, describe).serve()
