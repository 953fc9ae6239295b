"""The ASGI application: an outer callable that takes the API's paths first, and FastAPI for the rest.

FastAPI owns the control API and its generated documentation. The API's own paths are plain functions from bytes
to bytes, reached without it: an ordinary FastAPI route costs five times as much as one of them (docs/performance.md).
FastAPI is imported at the first call that needs it.
"""

import asyncio

from understudy.adapters.conduct import conduct, conduct_at_once
from understudy.adapters.http.asgi import Application, BodyTooLarge, ClientGone, Receive, Scope, Send, read_body
from understudy.adapters.http.encodings import unpacked
from understudy.adapters.http.playing import play
from understudy.core.messages import Answer, Request
from understudy.core.simulator import Simulator

CONTROL_PREFIX = "/_understudy"
PACKED_PREFIX = "/backend-api/"
"""Where compressed request bodies are unpacked; of the platform's own paths none is known to take them."""
WIRE_EXTENSION = "understudy.wire"
"""In `scope["extensions"]` of a door that owns its socket; its `play` takes answers with a `Wire` of their own."""
HOT_PATHS = (b"/v1/chat/completions",)
"""Answered on the short way where the server has one (`adapters/wire/direct.py`)."""


class HttpApplication:
    """What a server runs.

    Attributes:
        simulator: answers the API's paths.
        body_limit: bytes of a request body that are read.
        direct_paths: paths that `answer_at_once` may be asked for.
    """

    def __init__(self, simulator: Simulator, *, control_token: str | None, body_limit: int, host: str) -> None:
        self.simulator = simulator
        self.body_limit = body_limit
        self.direct_paths = HOT_PATHS if simulator.store.answers_at_once else ()
        self._control_token = control_token
        self._host = host
        self._control: Application | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, socket or lifespan."""
        kind = scope["type"]
        if kind == "http":
            if scope["path"].startswith(CONTROL_PREFIX):
                await self._answer_control(scope, receive, send)
            else:
                await self._answer_api(scope, receive, send)
        elif kind == "websocket":
            from understudy.adapters.ws.endpoint import websocket

            await websocket(scope, receive, send, self.simulator)
        elif kind == "lifespan":
            await _lifespan(receive, send)

    def answer_at_once(self, request: Request) -> Answer:
        """Answer a request whose body has been read, over a store that need not be awaited."""
        simulator = self.simulator
        return conduct_at_once(simulator.respond(request, simulator.clock.now()))

    async def _answer_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        simulator = self.simulator
        clock = simulator.clock
        request = Request(scope["method"], scope["path"], dict(scope["headers"]), query=scope["query_string"])
        request.scheme = scope.get("scheme", "http")
        try:
            request.body = await read_body(request.headers, receive, self.body_limit)
            encoding = request.headers.get(b"content-encoding")
            if encoding is not None and request.path.startswith(PACKED_PREFIX):
                request.body = unpacked(request.body, encoding, self.body_limit)
        except BodyTooLarge as refused:
            answer = simulator.refuse_body(request, clock.now(), refused.read, self.body_limit)
        except ClientGone:
            return
        else:
            answer = await conduct(simulator.respond(request, clock.now()))
        if answer.wire is not None:
            lent = scope.get("extensions", {}).get(WIRE_EXTENSION)
            if lent is not None:
                await lent["play"](answer, clock, receive)
                return
        await play(answer, clock, receive, send)

    async def _answer_control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._control is None:
            # Importing takes half a second: streams under way must not stand still for it.
            self._control = await asyncio.get_running_loop().run_in_executor(None, self._build_control)
        await self._control(scope, receive, send)

    def _build_control(self) -> Application:
        from understudy.adapters.http.control import create_control

        return create_control(self.simulator, control_token=self._control_token, host=self._host)


def create_application(
    simulator: Simulator, *, control_token: str | None = None, body_limit: int, host: str = "127.0.0.1"
) -> HttpApplication:
    """The application that a server runs.

    Args:
        simulator: answers the API's paths.
        control_token: lets other machines than this one use the control API; None keeps them out.
        body_limit: bytes of a request body that are read.
        host: the address that is listened on; as a Host header it is not foreign.
    """
    return HttpApplication(simulator, control_token=control_token, body_limit=body_limit, host=host)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
