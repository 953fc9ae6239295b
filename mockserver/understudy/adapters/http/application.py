"""The ASGI application: an outer callable that takes the API's paths first, and FastAPI for the rest.

FastAPI owns the control API and its generated documentation. The API's own paths are plain functions from bytes
to bytes, reached without it: an ordinary FastAPI route costs five times as much as one of them (docs/performance.md).
FastAPI is imported at the first call that needs it.
"""

import asyncio
from collections.abc import Callable

from understudy.adapters.conduct import conduct
from understudy.adapters.http.asgi import (
    Application,
    BodyTooLarge,
    ClientGone,
    Receive,
    Scope,
    Send,
    read_body,
)
from understudy.adapters.http.playing import play
from understudy.adapters.ws.endpoint import realtime
from understudy.core.messages import Request
from understudy.core.simulator import Simulator

CONTROL_PREFIX = "/_understudy"


def create_application(
    simulator: Simulator,
    *,
    control_token: str | None,
    body_limit: int,
    host: str = "127.0.0.1",
    on_reset: Callable[[], None] | None = None,
) -> Application:
    """The application that a server runs.

    Args:
        simulator: answers the API's paths.
        control_token: lets other machines than this one use the control API; None keeps them out.
        body_limit: bytes of a request body that are read.
        host: the address that is listened on; as a Host header it is not foreign.
        on_reset: called by the control API's reset beside the simulator's own.
    """
    control: Application | None = None

    def build_control() -> Application:
        from understudy.adapters.http.control import create_control

        return create_control(simulator, control_token=control_token, host=host, on_reset=on_reset)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal control
        kind = scope["type"]
        if kind == "http":
            if not scope["path"].startswith(CONTROL_PREFIX):
                await answer_api(simulator, body_limit, scope, receive, send)
                return
            if control is None:
                # Importing takes half a second: streams under way must not stand still for it.
                control = await asyncio.get_running_loop().run_in_executor(None, build_control)
            await control(scope, receive, send)
        elif kind == "websocket":
            await realtime(scope, receive, send, simulator)
        elif kind == "lifespan":
            await _lifespan(receive, send)

    return application


async def answer_api(
    simulator: Simulator, body_limit: int, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer one request of the API."""
    clock = simulator.clock
    request = Request(scope["method"], scope["path"], dict(scope["headers"]), query=scope["query_string"])
    try:
        request.body = await read_body(request.headers, receive, body_limit)
    except BodyTooLarge as refused:
        answer = simulator.refuse_body(request, clock.now(), refused.read, body_limit)
    except ClientGone:
        return
    else:
        answer = await conduct(simulator.respond(request, clock.now()))
    await play(answer, clock, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
