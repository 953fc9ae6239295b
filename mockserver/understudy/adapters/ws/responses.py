"""A WebSocket in the mode of responses: each message a request, each event of its stream a message."""

import asyncio
from collections.abc import Awaitable

from understudy.adapters.conduct import conduct
from understudy.adapters.http.asgi import Receive, Send
from understudy.adapters.http.playing import wait_or_gone
from understudy.adapters.ws.frames import TIME_IS_UP, Frames
from understudy.core.accounts import Account
from understudy.core.endpoints.responses.socket import ResponsesSocket, Unframed
from understudy.core.errors import Unauthorized
from understudy.core.messages import Answer, Request, Stream
from understudy.core.realtime.door import upgrade_headers
from understudy.core.simulator import Simulator
from understudy.core.wire import Ending

_YIELD_EVERY = 8
"""Events without a moment of their own that are sent before others may work."""
_OVER, _FAILED = 1000, 1011


async def is_let_in(request: Request, simulator: Simulator) -> bool:
    """Whether the key of an upgrade is good."""
    now = simulator.clock.now()
    try:
        found = simulator.find_account(request, now)
        if found is not None and not isinstance(found, Account):
            found = await _awaited(found)
        simulator.let_in(found, request, now)
    except Unauthorized:
        return False
    return True


async def _awaited(found: Awaitable[Account | None]) -> Account | None:
    return await found


async def responses(request: Request, receive: Receive, send: Send, simulator: Simulator) -> None:
    """Serve one WebSocket whose key was found good."""
    clock = simulator.clock
    socket = ResponsesSocket(request, clock.now())
    await send({"type": "websocket.accept", "subprotocol": None, "headers": upgrade_headers(simulator)})
    frames = Frames(receive, clock)
    try:
        while True:
            message = await frames.next(socket.deadline, idle=True)
            if message is None:
                return
            if message is TIME_IS_UP:
                await _say(send, socket.overdue())
                await send({"type": "websocket.close", "code": _OVER, "reason": ""})
                return
            asked = socket.request(message)
            if isinstance(asked, bytes):
                await _say(send, asked)
                continue
            answer = await conduct(simulator.respond(asked, clock.now()))
            if not await _told(answer, socket, frames, send, simulator):
                return
    finally:
        frames.close()


async def _told(answer: Answer, socket: ResponsesSocket, frames: Frames, send: Send, simulator: Simulator) -> bool:
    """Send what an answer says; whether the client is still there."""
    clock = simulator.clock
    if answer.due > clock.now():
        await wait_or_gone(clock, answer.due, frames.gone)
    if answer.wire is not None and answer.wire.headless:
        await _break_off(send)
        return False
    if isinstance(answer.body, bytes):
        if not frames.gone.done():
            await _say(send, socket.refused(answer))
        return not frames.gone.done()
    stream: Stream = answer.body
    complete = False
    try:
        complete = await _streamed(stream, frames, send, simulator)
    finally:
        stream.finish(clock.now(), complete=complete)
    if complete and answer.wire is not None and answer.wire.ending in (Ending.FIN, Ending.RST):
        await _break_off(send)
        return False
    return complete


async def _streamed(stream: Stream, frames: Frames, send: Send, simulator: Simulator) -> bool:
    clock = simulator.clock
    events = Unframed()
    sent = 0
    for due, part in stream.parts():
        if due > clock.now():
            await wait_or_gone(clock, due, frames.gone)
        for event in events.take(part):
            if frames.gone.done():
                return False
            await _say(send, event)
            sent += 1
            if sent % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
    return not frames.gone.done()


async def _break_off(send: Send) -> None:
    """A fault ends the connection ("our choice": 1011, as a server says that failed)."""
    await send({"type": "websocket.close", "code": _FAILED, "reason": ""})


async def _say(send: Send, event: bytes) -> None:
    await send({"type": "websocket.send", "text": event.decode()})
