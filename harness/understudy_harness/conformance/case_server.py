"""The server of one run: the ordinary mock server on a port of its own, playing a fault script, written down.

It lives in the suite's event loop, so that one clock times the requests, the answers and the client's report.
"""

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.server import ServerState

from understudy.adapters.http.application import create_application
from understudy.adapters.wire.direct import DirectProtocol
from understudy.assembly import build_simulator
from understudy.config import Settings
from understudy.core.clock import OffsetClock
from understudy.core.faults import FaultScript
from understudy_harness.conformance.wire_log import RecordingProtocol, WireLog

HOST = "127.0.0.1"
_KEEP_ALIVE_S = 600
"""Longer than any run: that the server lets an idle socket go would be a fault that no case asks for."""


class CaseServer:
    """A recorded mock server.

    Args:
        script: what it does.
        now: tells the time of day in microseconds since the epoch, for dates in headers.
        port: 0 for a free one.

    Attributes:
        log: what passed over its sockets.
        base_url: what the client is pointed at, once the server was started.
    """

    def __init__(self, script: FaultScript, now: Callable[[], int], port: int = 0) -> None:
        # The defaults, not the user's settings: environment and files must not change a verdict.
        settings = Settings()
        simulator = build_simulator(settings)
        simulator.clock = OffsetClock(now)
        simulator.faults.add(script)
        # As `understudy serve` sets uvicorn up, but for the time that idle connections are kept.
        self._config = uvicorn.Config(
            create_application(simulator, body_limit=settings.body_limit),
            interface="asgi3",
            proxy_headers=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        self._config.load()
        self._state = ServerState()
        self._port = port
        self._server: asyncio.Server | None = None
        self.log = WireLog(asyncio.get_running_loop().time)
        self.base_url = ""

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is in use.
        """
        listener = socket.create_server((HOST, self._port), backlog=1024)
        self._server = await asyncio.get_running_loop().create_server(self._protocol, sock=listener)
        self.base_url = f"http://{HOST}:{listener.getsockname()[1]}/v1"

    async def stop(self) -> None:
        """Refuse new sockets and cut those that are open."""
        if self._server is not None:
            self._server.close()
        for left_open in self.log.open_sockets:
            left_open.closed_by = "suite"
        for connection in list(self._state.connections):
            connection.transport.abort()
        for task in list(self._state.tasks):
            task.cancel()
        # Cut connections and cancelled tasks end in the loop's next turn.
        await asyncio.sleep(0)

    def _protocol(self) -> asyncio.Protocol:
        served = DirectProtocol(config=self._config, server_state=self._state, app_state={})
        return RecordingProtocol(self.log, served)
