"""A voice agent over a realtime session."""

from __future__ import annotations

import json
import wave
from base64 import b64decode, b64encode
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import connect

RATE = 24_000


class VoiceAgent:
    """One call.

    Args:
        url: WebSocket base URL, with /v1.
        key: API key.
        instructions: how the agent shall be.

    Attributes:
        sound: all that was said by both, PCM, 16 bit, mono, 24,000 samples a second.
    """

    def __init__(self, url: str, key: str, instructions: str) -> None:
        head = {"authorization": f"Bearer {key}"}
        self._connection = ExitStack()
        self._socket = self._connection.enter_context(
            connect(f"{url}/realtime?model=gpt-realtime", additional_headers=head)
        )
        self.sound = bytearray()
        session = {
            "type": "realtime",
            "instructions": instructions,
            "audio": {"input": {"turn_detection": None}},
        }
        self._send({"type": "session.update", "session": session})

    def __enter__(self) -> Self:
        """Nothing further to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self._connection.close()

    def hear(self, pcm: bytes) -> str:
        """Take what the caller said; returns the words of the agent's answer."""
        self.sound += pcm
        for start in range(0, len(pcm), RATE // 5):
            piece = b64encode(pcm[start : start + RATE // 5]).decode()
            self._send({"type": "input_audio_buffer.append", "audio": piece})
        self._send({"type": "input_audio_buffer.commit"})
        self._send({"type": "response.create"})
        words = ""
        while True:
            event: dict[str, Any] = json.loads(self._socket.recv(timeout=30))
            kind = event["type"]
            if kind == "response.output_audio.delta":
                self.sound += b64decode(event["delta"])
            elif kind == "response.output_audio_transcript.delta":
                words += event["delta"]
            elif kind == "error":
                raise RuntimeError(event["error"]["message"])
            elif kind == "response.done":
                return words

    def save(self, path: Path) -> None:
        """Write the conversation as a WAV file."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(bytes(self.sound))

    def _send(self, event: dict[str, Any]) -> None:
        self._socket.send(json.dumps(event))
