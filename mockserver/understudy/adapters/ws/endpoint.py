"""WebSockets: responses in their own mode, and all others pumped into realtime sessions.

One task reads frames into a short queue, one plays the session: what a frame leads to at once, then the events of
the response, each at its moment. A client that reads slowly holds the player up in `send`, and with it the reading:
memory stays bounded on both sides.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from understudy.adapters.conduct import conduct
from understudy.adapters.http.asgi import Message, Receive, Scope, Send
from understudy.adapters.http.playing import play, wait_or_gone
from understudy.adapters.ws.frames import TIME_IS_UP, Frames
from understudy.adapters.ws.responses import is_let_in, responses
from understudy.adapters.ws.seats import get_up, sit, until_free
from understudy.adapters.ws.sending import Broken, Sender
from understudy.core.accounts import Account
from understudy.core.endpoints.responses.socket import PATH as RESPONSES
from understudy.core.errors import Unauthorized, store_unavailable
from understudy.core.fault_delivery import Delivery
from understudy.core.messages import Answer, Request
from understudy.core.realtime.calls import Call
from understudy.core.realtime.door import PATH, Found, Opened, Turned, name_key, open_session, upgrade_headers
from understudy.core.realtime.session import RealtimeSession
from understudy.core.realtime.tampering import Tampering
from understudy.core.simulator import Simulator
from understudy.core.store import StoreUnavailable
from understudy.core.wire import Ending

_YIELD_EVERY = 8
"""Events without a moment of their own that are sent before others may work."""


async def websocket(scope: Scope, receive: Receive, send: Send, simulator: Simulator) -> None:
    """Serve one WebSocket."""
    await receive()  # websocket.connect
    headers = dict(scope["headers"])
    protocols: list[str] = scope.get("subprotocols", [])
    request = Request("GET", scope["path"], headers, query=scope["query_string"])
    request.scheme = "https" if scope.get("scheme") == "wss" else "http"
    clock = simulator.clock
    if scope["path"] == RESPONSES and await is_let_in(request, simulator):
        await responses(request, receive, send, simulator)
        return
    if scope["path"] != PATH:
        await _refuse(request, simulator, receive, send)
        return
    name_key(request, protocols)
    found = await _found_account(request, simulator)
    await until_free(request, simulator)
    opened = open_session(simulator, request, protocols, clock.now(), found)
    delivery = opened.delivery
    what = opened.what
    if delivery is not None and delivery.silent:
        await _stay_silent(delivery, receive, Sender(scope, send, clock, opened.entry, None))
        await _part(opened, clock.now())
        return
    if isinstance(what, Answer):
        await _deny(what, simulator, receive, send)
        return
    await send(
        {
            "type": "websocket.accept",
            "subprotocol": "realtime" if "realtime" in protocols else None,
            "headers": upgrade_headers(simulator),
        }
    )
    if isinstance(what, Turned):
        await send({"type": "websocket.send", "text": what.event.decode()})
        await send({"type": "websocket.close", "code": what.close.code, "reason": what.close.reason})
        return
    sender = Sender(scope, send, clock, opened.entry, None if delivery is None else Tampering(delivery))
    try:
        await _Player(what, simulator, receive, sender).play(opened.call)
    finally:
        await _part(opened, clock.now())
        opened.entry.finished_at = clock.now()


async def _found_account(request: Request, simulator: Simulator) -> Found:
    """Whose key it is, where a shared store must be asked for that."""
    if simulator.store.answers_at_once:
        return Found()
    try:
        account = simulator.find_account(request, simulator.clock.now())
        if account is not None and not isinstance(account, Account):
            account = await account
    except Unauthorized as refused:
        return Found(refusal=refused)
    except StoreUnavailable:
        return Found(refusal=store_unavailable())
    return Found(account, asked=True)


async def _settled(session: RealtimeSession) -> AsyncIterator[bytes]:
    """Events that follow once the store has been awaited, as long as there is something to await."""
    while (waiting := session.waiting) is not None:
        try:
            answer = await waiting
        except StoreUnavailable:
            told = session.failed()
        else:
            told = session.told(answer)
        for event in told:
            yield event


async def _part(opened: Opened, now: int) -> None:
    """The client has gone: its session ends, unless it is that of a call, which goes on."""
    if opened.call is not None:
        opened.call.leave(now)
        get_up(opened.call)
    elif isinstance(opened.what, RealtimeSession):
        opened.what.end(now)
        async for _ in _settled(opened.what):
            pass  # nobody is there to be told


async def _stay_silent(delivery: Delivery, receive: Receive, sender: Sender) -> None:
    """Not even the upgrade is answered."""
    ending = delivery.ending or Ending.FIN
    while ending in (Ending.HOLD, Ending.KEEP):
        if (await receive())["type"] == "websocket.disconnect":
            return
    await sender.drop(reset=ending is Ending.RST)


async def _refuse(request: Request, simulator: Simulator, receive: Receive, send: Send) -> None:
    """Answer an upgrade elsewhere as the same GET without one: no path, no permission, 426."""
    await _deny(await conduct(simulator.respond(request, simulator.clock.now())), simulator, receive, send)


async def _deny(answer: Answer, simulator: Simulator, receive: Receive, send: Send) -> None:
    """Answer an upgrade with HTTP."""

    async def send_denial(message: Message) -> None:
        made = {**message, "type": f"websocket.{message['type']}"}
        if "headers" in made:
            # The handshake's library announces the length itself; twice is once too often.
            made["headers"] = [pair for pair in made["headers"] if pair[0] != b"content-length"]
        await send(made)

    await play(answer, simulator.clock, receive, send_denial)


class _Player:
    """One session between its frames and its events."""

    def __init__(self, session: RealtimeSession, simulator: Simulator, receive: Receive, sender: Sender) -> None:
        self._session = session
        self._simulator = simulator
        self._sender = sender
        self._frames = Frames(receive, simulator.clock)
        self._told = 0

    async def play(self, call: Call | None) -> None:
        """Play the session; of a call until it is over."""
        if call is not None:
            sit(call, self._frames)
        try:
            await self._serve()
        except Broken:
            pass
        finally:
            self._frames.close()

    async def _say(self, event: bytes) -> None:
        await self._sender.say(event, self._frames)

    async def _serve(self) -> None:
        session = self._session
        clock = self._simulator.clock
        await self._settle()
        await self._say(session.start())
        while True:
            if clock.now() >= session.deadline:
                if await self._wake():
                    return
                continue
            while not self._frames.empty:
                if not await self._take(self._frames.take()):
                    return
            if not session.is_responding():
                frame = await self._frames.next(session.deadline, idle=True)
                if frame is not TIME_IS_UP and not await self._take(frame):
                    return
                continue
            if session.work is not None:
                # Making speech takes milliseconds: other sessions go on meanwhile.
                await asyncio.get_running_loop().run_in_executor(None, session.work)
                continue
            due = session.due
            if due is not None and due > clock.now():
                frame = await self._frames.next(due, idle=False)
                if frame is not TIME_IS_UP and not await self._take(frame):
                    return
                continue
            await self._tell(session.pull(clock.now()))
            await self._settle()

    async def _tell(self, events: list[bytes]) -> None:
        """Send what was pulled; in a frame of its own, so that no session holds its last event while it waits."""
        for event in events:
            await self._say(event)
            self._told += 1
            if self._told % _YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def _take(self, frame: Any) -> bool:
        """Handle a frame; False at the end of the connection."""
        if frame is None:
            return False
        if pause := self._sender.read_pause:
            clock = self._simulator.clock
            await wait_or_gone(clock, clock.now() + pause, self._frames.gone)
        for event in self._session.receive(frame, self._simulator.clock.now()):
            await self._say(event)
        await self._settle()
        return True

    async def _settle(self) -> None:
        """Await what the store is asked for, and say what follows."""
        if self._session.waiting is not None:
            async for event in _settled(self._session):
                await self._say(event)

    async def _wake(self) -> bool:
        """Say what the deadline has the session say; whether it has ended."""
        for event in self._session.wake(self._simulator.clock.now()):
            await self._say(event)
        await self._settle()
        close = self._session.close
        if close is not None:
            await self._sender.close(close.code, close.reason)
        return close is not None
