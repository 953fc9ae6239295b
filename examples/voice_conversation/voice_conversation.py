"""A telephone conversation with a realtime session, as it is heard: caller on the left, agent on the right.

The line moves in steps of 100 ms: the caller's microphone gives a piece, the agent's loudspeaker plays one. A caller
who speaks while the agent does is heard by the session; then the loudspeaker falls silent, and the session is told how
much of the answer was heard. The session may send as fast as it likes: the line waits for an answer that is being made,
and plays it at its own pace.
"""

from __future__ import annotations

import json
import wave
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from websockets.sync.client import connect

RATE = 24_000
STEP_MS = 100
STEP = RATE * STEP_MS // 1_000 * 2
"""Bytes of a step: PCM, 16 bit, mono."""
PATIENCE = 30
"""Seconds for an event of the session."""
LONGEST_MS = 120_000
"""Of a conversation."""


class Part(NamedTuple):
    """Who was heard when.

    Attributes:
        who: caller or agent.
        start_ms, end_ms: on the line.
        words: as they are known; of an answer that was interrupted, all that it would have said so far.
        interrupted: whether it ended before it was over.
    """

    who: str
    start_ms: int
    end_ms: int
    words: str
    interrupted: bool = False


class Line:
    """One call.

    Args:
        url: WebSocket base URL, with /v1.
        key: API key.
        instructions: how the agent shall be.
        tools: the functions that it may call, by name.
        described: the same functions as the session takes them.

    Attributes:
        parts: who was heard when, in order.
        called: functions that were called, with their arguments.
        caller, agent: what was heard so far, of the same length.
    """

    def __init__(
        self,
        url: str,
        key: str,
        instructions: str,
        tools: Mapping[str, Callable[..., str]],
        described: list[dict[str, Any]],
    ) -> None:
        head = {"authorization": f"Bearer {key}"}
        self._connection = ExitStack()
        self._socket = self._connection.enter_context(
            connect(f"{url}/realtime?model=gpt-realtime", additional_headers=head, max_size=None)
        )
        self._tools = tools
        self.parts: list[Part] = []
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.caller, self.agent = bytearray(), bytearray()
        self._queue = bytearray()
        self._item = ""
        self._words = ""
        self._played = self._started_ms = 0
        self._responding = False
        self._asked = 0
        heard = {"turn_detection": {"type": "server_vad", "silence_duration_ms": 500}}
        session = {"type": "realtime", "instructions": instructions, "audio": {"input": heard}, "tools": described}
        self._send(type="session.update", session=session)

    def __enter__(self) -> Self:
        """Nothing further to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self._connection.close()

    @property
    def now_ms(self) -> int:
        """How long the call has lasted."""
        return len(self.caller) * 1_000 // (RATE * 2)

    def say(self, words: str, pcm: bytes) -> None:
        """The caller speaks, now."""
        start = self.now_ms
        for place in range(0, len(pcm), STEP):
            self._step(pcm[place : place + STEP])
        self.parts.append(Part("caller", start, start + len(pcm) * 1_000 // (RATE * 2), words))

    def listen(self, until_ms: int | None = None) -> None:
        """The caller is silent until the agent has answered, or for so long into the answer."""
        answered = False
        while self.now_ms < LONGEST_MS:
            playing = bool(self._queue) or self._played > 0
            answered = answered or playing
            if answered and (not playing or (until_ms is not None and self._played_ms >= until_ms)):
                return
            self._step(b"")
        raise TimeoutError(f"nobody answered within {LONGEST_MS // 1_000} seconds")

    def pause(self, milliseconds: int) -> None:
        """The caller is silent for so long."""
        for _ in range(0, milliseconds, STEP_MS):
            self._step(b"")

    def save(self, path: Path) -> None:
        """Write the conversation as a WAV file: the caller on the left, the agent on the right."""
        frames = bytearray(2 * len(self.caller))
        for channel, sound in enumerate((self.caller, self.agent)):
            for byte in range(2):
                frames[2 * channel + byte :: 4] = sound[byte::2]
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(frames)

    @property
    def _played_ms(self) -> int:
        return self._played * 1_000 // (RATE * 2)

    def _step(self, spoken: bytes) -> None:
        """A tenth of a second: both sides sound at the same time, then the session learns what the caller said."""
        piece = spoken + bytes(STEP - len(spoken))
        heard = bytes(self._queue[:STEP])
        del self._queue[:STEP]
        if heard and not self._played:
            self._started_ms = self.now_ms
        self.caller += piece
        self.agent += heard + bytes(STEP - len(heard))
        self._played += len(heard)
        self._send(type="input_audio_buffer.append", audio=b64encode(piece).decode())
        self._settle()
        if self._played and not self._queue and not self._responding:
            self._end_part(interrupted=False)

    def _settle(self) -> None:
        """Read on until the session has handled what it was sent, and there is something to play, if it is answering.

        It is asked for an item that does not exist, which it says at once.
        """
        self._asked += 1
        name = f"step_{self._asked}"
        self._send(type="conversation.item.retrieve", item_id=name, event_id=name)
        settled = False
        while not settled or (self._responding and len(self._queue) < STEP):
            event = json.loads(self._socket.recv(timeout=PATIENCE))
            if event["type"] == "error" and event["error"]["event_id"] == name:
                settled = True
            else:
                self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "error":
            raise RuntimeError(event["error"]["message"])
        if kind == "input_audio_buffer.speech_started" and self._played:
            self._interrupt()
        elif kind == "response.created":
            self._responding = True
        elif kind == "response.output_item.added" and event["item"]["type"] == "message":
            self._item, self._words = event["item"]["id"], ""
        elif kind == "response.output_audio.delta" and event["item_id"] == self._item:
            self._queue += b64decode(event["delta"])
        elif kind == "response.output_audio_transcript.delta" and event["item_id"] == self._item:
            self._words += event["delta"]
        elif kind == "response.done":
            self._responding = False
            self._call(event["response"]["output"])

    def _interrupt(self) -> None:
        """The caller spoke into the answer: nothing more is played, and the session learns what was heard of it."""
        self._send(type="conversation.item.truncate", item_id=self._item, content_index=0, audio_end_ms=self._played_ms)
        self._queue.clear()
        self._end_part(interrupted=True)
        self._item = ""

    def _call(self, output: list[dict[str, Any]]) -> None:
        """Carry out the functions that were called, and have the agent go on."""
        calls = [item for item in output if item["type"] == "function_call"]
        for item in calls:
            arguments = json.loads(item["arguments"])
            self.called.append((item["name"], arguments))
            result = {"type": "function_call_output", "call_id": item["call_id"]}
            self._send(
                type="conversation.item.create", item={**result, "output": self._tools[item["name"]](**arguments)}
            )
        if calls:
            self._responding = True
            self._send(type="response.create")

    def _end_part(self, *, interrupted: bool) -> None:
        end = self._started_ms + self._played_ms
        self.parts.append(Part("agent", self._started_ms, end, self._words, interrupted))
        self._played = 0

    def _send(self, **event: Any) -> None:
        self._socket.send(json.dumps(event))
