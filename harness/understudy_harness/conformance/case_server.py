"""The servers of one run: the ordinary mock server on a port of its own, playing what the case says, written down.

It lives in the suite's event loop, so that one clock times the requests, the answers and the client's report.
"""

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.server import ServerState

from understudy.adapters.http.application import create_application
from understudy.adapters.http.asgi import Application, Receive, Scope, Send
from understudy.adapters.tls import LocalAuthority
from understudy.adapters.wire.direct import DirectProtocol
from understudy.assembly import build_simulator
from understudy.config import Settings
from understudy.core.clock import OffsetClock
from understudy.core.fault_steps import Fault
from understudy.core.faults import FaultScript
from understudy.core.messages import Request
from understudy.core.simulator import Simulator
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case_socket import ScriptedProtocol, ScriptedSockets, SocketScriptOf
from understudy_harness.conformance.wire_log import RecordingProtocol, WireLog

HOST = "127.0.0.1"
_KEEP_ALIVE_S = 600
"""Longer than any run: that the server lets an idle socket go would be a fault that no case asks for."""
_TURNS = 5
_MESSAGE_LIMIT = 64 * 1024 * 1024
_CLAIMS = (b"openai-organization", b"openai-project")
ScriptOf = Callable[[Canary, str], FaultScript]
"""Makes the script of one call from its canary and the origin of the case's second server (empty for none)."""


class CaseServer:
    """A recorded mock server, and a second one where the case has it.

    Args:
        script: makes what it does to the requests of one call; None where the mock server answers by itself.
        now: tells the time of day in microseconds since the epoch, for dates in headers.
        port: 0 for a free one.
        second: makes what the second server does; None for no second server.
        authority: serves https and wss with a certificate of it; None for plain text.
        prepare: is given the simulator before the first request.
        sockets: makes what it does on WebSockets; None where the mock server serves them itself.
        lets_in: answer also who brings no key.

    Attributes:
        log: what passed over its sockets.
        simulator: what answers.
        origin: scheme, host and port, once the server was started.
        second: the second server, or None.
    """

    def __init__(
        self,
        script: ScriptOf | None,
        now: Callable[[], int],
        port: int = 0,
        *,
        second: ScriptOf | None = None,
        authority: LocalAuthority | None = None,
        prepare: Callable[[Simulator], None] | None = None,
        sockets: SocketScriptOf | None = None,
        lets_in: bool = False,
    ) -> None:
        # The defaults, not the user's settings: environment and files must not change a verdict.
        settings = Settings()
        simulator = self.simulator = build_simulator(settings)
        simulator.clock = OffsetClock(now)
        self._script = script
        self._by_key = _ByKey()
        if script is not None:
            simulator.faults.add(self._by_key)
        if prepare is not None:
            prepare(simulator)
        self._authority = authority
        self._sockets = None if sockets is None else ScriptedSockets(sockets)
        # As `understudy serve` sets uvicorn up, but for the time that idle connections are kept; and no ping and no
        # compression of frames but those that a case asks for, so that the log has what the client has.
        self._config = uvicorn.Config(
            self._in_front_of(create_application(simulator, body_limit=settings.body_limit), lets_in=lets_in),
            ws=ScriptedProtocol,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            interface="asgi3",
            proxy_headers=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            ws_max_size=_MESSAGE_LIMIT,
            ssl_certfile=None if authority is None else authority.server_chain,
        )
        self._config.load()
        self._state = ServerState()
        self._port = port
        self._server: asyncio.Server | None = None
        self.log = WireLog(asyncio.get_running_loop().time)
        self.origin = ""
        self.second = None if second is None else CaseServer(second, now, lets_in=True)

    @property
    def base_url(self) -> str:
        """Where clients are pointed at, unless the case says otherwise."""
        return f"{self.origin}/v1"

    @property
    def ca_file(self) -> str | None:
        """What clients must trust; None for plain text."""
        return None if self._authority is None else str(self._authority.certificate)

    def expect(self, canary: Canary) -> None:
        """Let a call be answered by a script of its own: what its requests meet does not hang on other calls."""
        if self._script is not None:
            self._by_key.add(canary.key, self._script(canary, self._second_origin))
        if self._sockets is not None:
            self._sockets.expect(canary)
        if self.second is not None:
            self.second.expect(canary)

    def _in_front_of(self, application: Application, *, lets_in: bool) -> Application:
        told = application if self._script is None else _Unquestioned(application, lets_in=lets_in)
        return _BehindPrefixes(told, self._sockets or application)

    @property
    def _second_origin(self) -> str:
        return "" if self.second is None else self.second.origin

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is in use.
        """
        if self.second is not None:
            await self.second.start()
        listener = socket.create_server((HOST, self._port), backlog=1024)
        context = self._config.ssl if self._authority is not None else None
        self._server = await asyncio.get_running_loop().create_server(self._protocol, sock=listener, ssl=context)
        scheme = "http" if context is None else "https"
        self.origin = f"{scheme}://{HOST}:{listener.getsockname()[1]}"

    async def stop(self) -> None:
        """Refuse new sockets and cut those that are open."""
        if self.second is not None:
            await self.second.stop()
        if self._server is not None:
            self._server.close()
        for left_open in self.log.open_sockets:
            left_open.closed_by = "suite"
        for connection in list(self._state.connections):
            connection.transport.abort()
        # Who waits for a connection that was cut hears of it within a few turns of the loop; who does not is cancelled.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.sleep(0)

    def begin(self) -> None:
        """Let the run begin now, on both servers' logs."""
        self.log.begin()
        if self.second is not None:
            self.second.log.begin()

    def _protocol(self) -> asyncio.Protocol:
        served = DirectProtocol(config=self._config, server_state=self._state, app_state={})
        return RecordingProtocol(self.log, served)


class _ByKey(FaultScript):
    """A script for each key; a key that none is expected of meets the first."""

    __slots__ = ("_scripts",)

    def __init__(self) -> None:
        self._scripts: dict[str, FaultScript] = {}
        super().__init__("case", ())

    def add(self, key: str, script: FaultScript) -> None:
        self._scripts.setdefault(key, script)

    def next(self, request: Request, key: str, model: str, now: int) -> Fault | None:
        script = self._scripts.get(key) or next(iter(self._scripts.values()), None)
        return None if script is None else script.next(request, key, model, now)


class _BehindPrefixes:
    """The application behind whatever a base URL has before `/v1`: the log has the path as it was sent.

    Args:
        application: the mock server's.
        sockets: what serves WebSockets in its place.
    """

    def __init__(self, application: Application, sockets: Application) -> None:
        self._application = application
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix, slash, rest = scope.get("path", "").partition("/v1/")
        if prefix and slash:
            scope = {**scope, "path": slash + rest, "raw_path": (slash + rest).encode()}
        await (self._sockets if scope["type"] == "websocket" else self._application)(scope, receive, send)


class _Unquestioned:
    """The application where a script answers: it does not ask which organization and project a caller names.

    Args:
        application: the mock server's.
        lets_in: give who brings no key one, as who fetches a picture by its URL.
    """

    def __init__(self, application: Application, *, lets_in: bool) -> None:
        self._application = application
        self._lets_in = lets_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [pair for pair in scope["headers"] if pair[0] not in _CLAIMS]
        if self._lets_in and not any(name == b"authorization" for name, _ in headers):
            headers.append((b"authorization", b"Bearer sk-nobody"))
        await self._application({**scope, "headers": headers}, receive, send)
