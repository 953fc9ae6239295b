"""The caller of a scenario: a realtime session, spoken or written, interrupted, expired, and dialled again.

    [[client]]
    op = "realtime"
    content = "Tell me about the sea"    # what is said each time
    times = 3                            # turns
    aloud = true                         # spoken (needs the extra 'speech'), else written
    interrupt_after = 5                  # parts of the answer's sound that are heard before the caller speaks again
    gap = "25m"                          # before each turn

The server's clock is moved a little, then the session is asked something that it answers at once: what came before that
answer is all that was due. So the caller never waits, and nothing depends on how fast anything is.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from understudy.server_handle import ServerHandle

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

    from understudy_harness.scenario_client import Step

_STEP = 0.05
"""Seconds that the clock is moved at a time."""
_ROUNDS = 20_000
_BYTES_PER_MS = 48
_SILENCE = bytes(_BYTES_PER_MS * 500)
_INTERRUPTION = "Stop and tell me about the moon"
_HEARD_SHARE = 4
"""An answer comes about so many times as fast as it plays: so much less of it was heard than has come."""


class _HungUp(Exception):
    """The server has closed the session."""


class Caller:
    """Plays one step of a scenario.

    Args:
        server: whose clock it moves.
        step: what is done.
    """

    def __init__(self, server: ServerHandle, step: Step) -> None:
        self._server = server
        self._step = step
        self._socket: ClientConnection | None = None

    def play(self) -> list[int]:
        """Take all turns; 200 for each that was answered, 0 for the others."""
        try:
            return [self._turn() for _ in range(self._step.times)]
        finally:
            self._hang_up()

    def _turn(self) -> int:
        step = self._step
        if step.gap:
            self._server.clock.advance(step.gap)
        for _ in range(step.retries + 1):
            try:
                if self._socket is None:
                    self._dial()
                self._say()
                return 200 if self._answer() == "completed" else 0
            except _HungUp:
                self._hang_up()
        return 0

    def _dial(self) -> None:
        from websockets.exceptions import InvalidHandshake
        from websockets.sync.client import connect

        url = f"{self._server.websocket_base_url}/realtime?model={self._step.model}"
        try:
            self._socket = connect(url, additional_headers={"authorization": f"Bearer {self._step.key}"}, max_size=None)
        except (OSError, InvalidHandshake):
            raise _HungUp from None
        modalities = ["audio"] if self._step.aloud else ["text"]
        self._due({"output_modalities": modalities})

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _say(self) -> None:
        if self._step.aloud:
            self._speak(self._step.content)
            return
        content = [{"type": "input_text", "text": self._step.content}]
        self._send(
            {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
        )
        self._send({"type": "response.create"})

    def _speak(self, words: str) -> None:
        from understudy import say

        sound = say(words, format="pcm16") + _SILENCE
        self._send({"type": "input_audio_buffer.append", "audio": b64encode(sound).decode()})

    def _answer(self) -> str:
        """The status of the response that ends the turn; the caller interrupts the one before it."""
        left = self._step.interrupt_after
        came_bytes = parts = 0
        interrupted = False
        for _ in range(_ROUNDS):
            for event in self._due():
                kind = event["type"]
                if kind == "response.created":
                    came_bytes = 0
                elif kind == "response.output_audio.delta":
                    came_bytes += len(b64decode(event["delta"]))
                    parts += 1
                elif kind == "response.done":
                    response = event["response"]
                    if response["status"] == "cancelled":
                        self._truncate(response, came_bytes // _BYTES_PER_MS // _HEARD_SHARE)
                    else:
                        return str(response["status"])
            if left and parts >= left and not interrupted:
                interrupted = True
                self._speak(_INTERRUPTION)
            self._server.clock.advance(_STEP)
        raise AssertionError(f"no answer came in {_ROUNDS * _STEP:g} s of the server's clock")

    def _truncate(self, response: dict[str, Any], heard_ms: int) -> None:
        """Tell the server what of its answer was heard."""
        for item in response["output"]:
            if item.get("content") and item["content"][0]["type"] == "output_audio":
                self._send(
                    {
                        "type": "conversation.item.truncate",
                        "item_id": item["id"],
                        "content_index": 0,
                        "audio_end_ms": heard_ms,
                    }
                )

    def _due(self, more: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """The events that have come up to now."""
        from websockets.exceptions import ConnectionClosed

        socket = self._socket
        if socket is None:
            raise _HungUp
        self._send({"type": "session.update", "session": {"type": "realtime", **(more or {})}})
        came: list[dict[str, Any]] = []
        try:
            while True:
                event = json.loads(socket.recv(timeout=20))
                if event["type"] == "session.updated":
                    return came
                came.append(event)
        except ConnectionClosed:
            raise _HungUp from None

    def _send(self, event: dict[str, Any]) -> None:
        from websockets.exceptions import ConnectionClosed

        if self._socket is None:
            raise _HungUp
        try:
            self._socket.send(json.dumps(event))
        except ConnectionClosed:
            raise _HungUp from None
