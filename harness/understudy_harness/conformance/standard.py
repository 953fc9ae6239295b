"""The standard answer, `ok` in every case: a short text in three scripts, with a word that no other run has."""

import secrets
from typing import Any, NamedTuple

from understudy.core.errors import mask_key
from understudy.core.ids import chat_completion, hexadecimal
from understudy.core.serialise import encode, pretty

MODEL = "gpt-4o-mini"
_SNAPSHOT = "gpt-4o-mini-2024-07-18"
_USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 5,
    "total_tokens": 14,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}


class Canary(NamedTuple):
    """What one run is recognised by.

    Attributes:
        key: the API key, which must show up nowhere but in the request.
        word: part of the answer's text, which cannot come from anywhere else.
    """

    key: str
    word: str

    @classmethod
    def new(cls) -> "Canary":
        """One that no run had before."""
        return cls(f"sk-canary-{secrets.token_hex(16)}", f"canary-{secrets.token_hex(4)}")

    def masked(self, text: str) -> str:
        """Make the key in a text unreadable."""
        return text.replace(self.key, mask_key(self.key))

    @property
    def text(self) -> str:
        """The text of the standard answer."""
        return f"Hello, 世界 🌍 {self.word}"


def standard_answers(canary: Canary, operation: str, created: int) -> dict[str, dict[str, Any]]:
    """The answers that a case may name, for the fault language.

    Args:
        canary: of the run.
        operation: of the case: `ok` answers `chat` with JSON and `stream` with events; `ok_whole` and `ok_stream` are
            the two whatever the case calls.
        created: seconds since the epoch.
    """
    whole = {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "text": _completion(canary, created).decode(),
    }
    kind = {"content-type": "text/event-stream; charset=utf-8"}
    stream = {"status": 200, "headers": kind, "text": _events(canary, created).decode()}
    return {"ok": stream if operation == "stream" else whole, "ok_whole": whole, "ok_stream": stream}


def _head(canary: Canary, kind: str, created: int) -> dict[str, Any]:
    seed = canary.word.encode()
    return {"id": chat_completion(seed), "object": kind, "created": created, "model": _SNAPSHOT}


def _tail(canary: Canary) -> dict[str, Any]:
    return {"service_tier": "default", "system_fingerprint": "fp_" + hexadecimal(canary.word.encode(), 10)}


def _completion(canary: Canary, created: int) -> bytes:
    """In the layout of a real one: indented by two, ending in a newline (recorded traffic, 2023-2026)."""
    message: dict[str, Any] = {"role": "assistant", "content": canary.text, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    whole = {**_head(canary, "chat.completion", created), "choices": [choice], "usage": _USAGE, **_tail(canary)}
    return pretty(whole) + b"\n"


def _events(canary: Canary, created: int) -> bytes:
    """In the layout of a real stream: compact events, an empty line after each, `[DONE]` last."""

    def event(delta: dict[str, Any], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = {**_head(canary, "chat.completion.chunk", created), **_tail(canary), "choices": [choice]}
        return b"data: " + encode(chunk) + b"\n\n"

    parts = [event({"role": "assistant", "content": "", "refusal": None}, None)]
    parts += [event({"content": piece}, None) for piece in ("Hello", ", 世界", " 🌍", f" {canary.word}")]
    return b"".join([*parts, event({}, "stop"), b"data: [DONE]\n\n"])
