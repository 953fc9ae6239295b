"""A scripted WebSocket between its connection and its script: plays the actions, and hands on what the client sends."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from uvicorn.protocols.utils import ClientDisconnected

from understudy.adapters.http.asgi import Receive, Scope, Send
from understudy.adapters.wire.websocket import FarewellProtocol
from understudy.adapters.ws.sending import SOCKET_EXTENSION
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.socket_script import (
    MODEL,
    Accept,
    Action,
    Message,
    Pause,
    PingOnce,
    SocketScript,
)
from understudy_harness.conformance.socket_steps import Close, Refuse

SocketScriptOf = Callable[[Canary, int, str], SocketScript]
"""Makes the script of one connection from the canary of its call, its number among the call's, and the model."""
_KEY_PROTOCOL = "openai-insecure-api-key."


class ScriptedProtocol(FarewellProtocol):
    """The server's WebSocket protocol with pings and frames as a script wants them."""

    def ping_with(self, payload: bytes) -> None:
        """Send a ping."""
        self.conn.send_ping(payload)
        self._flush()

    def send_cut(self, pieces: tuple[bytes, ...]) -> None:
        """Send a text message in these frames, with a ping after the first."""
        self.conn.send_text(pieces[0], fin=False)
        self.conn.send_ping(b"between frames")
        for piece in pieces[1:-1]:
            self.conn.send_continuation(piece, fin=False)
        self.conn.send_continuation(pieces[-1], fin=True)
        self._flush()


class ScriptedSockets:
    """The door of scripted WebSockets.

    Args:
        make: makes scripts.
    """

    def __init__(self, make: SocketScriptOf) -> None:
        self._make = make
        self._canaries: dict[str, Canary] = {}
        self._dials: dict[str, int] = {}

    def expect(self, canary: Canary) -> None:
        """Let connections with a call's key be played for it; a key that none is expected of meets the first."""
        self._canaries.setdefault(canary.key, canary)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket."""
        await receive()  # websocket.connect
        canary = self._canaries.get(_key(scope)) or next(iter(self._canaries.values()))
        dial = self._dials[canary.key] = self._dials.get(canary.key, 0) + 1
        model = parse_qs(scope["query_string"].decode("latin-1")).get("model", [MODEL])[0]
        # Cancelled when the run is over, which is nothing to write a log about.
        with contextlib.suppress(ClientDisconnected, _Over, asyncio.CancelledError):
            await _Player(self._make(canary, dial, model), scope, receive, send).play()


def _key(scope: Scope) -> str:
    headers = dict(scope["headers"])
    key: str = headers.get(b"authorization", b"").decode("latin-1").removeprefix("Bearer ")
    named = [each for each in scope.get("subprotocols", ()) if each.startswith(_KEY_PROTOCOL)]
    return named[0].removeprefix(_KEY_PROTOCOL) if named else key


class _Over(Exception):
    """The connection is gone, or will be said to be."""


class _Player:
    def __init__(self, script: SocketScript, scope: Scope, receive: Receive, send: Send) -> None:
        self._script = script
        self._protocols: list[str] = scope.get("subprotocols", [])
        self._lent: ScriptedProtocol = scope["extensions"][SOCKET_EXTENSION]
        self._receive = receive
        self._send = send

    async def play(self) -> None:
        """Until the connection is gone.

        Raises:
            _Over, ClientDisconnected: it is.
        """
        while True:
            action = self._script.next()
            if action is None:
                await self._hear()
            elif isinstance(action, Pause):
                await self._pause(action.seconds)
            else:
                await self._act(action)

    async def _hear(self, ends: float | None = None) -> None:
        async with asyncio.timeout_at(ends):
            message: Any = await self._receive()
        if message["type"] != "websocket.receive":
            raise _Over
        text = message.get("text")
        self._script.receive(message.get("bytes") or b"" if text is None else text)

    async def _pause(self, seconds: float) -> None:
        ends = asyncio.get_running_loop().time() + seconds
        with contextlib.suppress(TimeoutError):
            while True:
                await self._hear(ends)
                while (answer := self._script.next_answer()) is not None:
                    await self._act(answer)

    async def _act(self, action: Action) -> None:
        match action:
            case Accept():
                chosen = "realtime" if "realtime" in self._protocols else None
                await self._send({"type": "websocket.accept", "subprotocol": chosen, "headers": []})
            case Message(pieces=(whole,)):
                content = {"bytes": whole} if action.binary else {"text": whole.decode()}
                await self._send({"type": "websocket.send", **content})
            case Message():
                self._lent.send_cut(action.pieces)
            case PingOnce():
                self._lent.ping_with(action.payload)
            case Refuse():
                await self._refuse(action)
                raise _Over
            case Close():
                await self._send({"type": "websocket.close", "code": action.code, "reason": action.reason})
                raise _Over
            case _:
                self._lent.drop(reset=getattr(action, "reset", False))
                raise _Over

    async def _refuse(self, refusal: Refuse) -> None:
        error = {"message": HTTPStatus(refusal.status).phrase, "type": "invalid_request_error", "param": None}
        body = refusal.body.encode() or json.dumps({"error": {**error, **(refusal.error or {})}}).encode()
        headers = {"content-type": "application/json", **refusal.headers}
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        kind = "websocket.http.response"
        await self._send({"type": f"{kind}.start", "status": refusal.status, "headers": pairs})
        await self._send({"type": f"{kind}.body", "body": body})
