"""A small, sound client that plays its part of a scenario: it retries what can be retried, and waits as it is told.

    [[client]]
    op = "chat"               # chat, responses, images, embeddings, codex; realtime: see `scenario_caller`
    times = 5                 # one after the other
    content = "Say hello"     # what is asked
    repeat = 1000             # so many times over
    stream = true
    leave_after = 3           # leave the stream after so many events
    retries = 2               # at most; what says `insufficient_quota` is never tried again
    patience = "60s"          # longest wait that it accepts
    gap = "1s"                # before each call
    key = "sk-scenario"
    body = { max_tokens = 10 }
    json = '{"model": …}'     # the whole body in the place of all that

It waits by moving the server's clock, so that a scenario of a day takes a moment.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from understudy.core.moves import read_time
from understudy.core.wording import is_whole, shown
from understudy.server_handle import ServerHandle
from understudy_harness.scenario_caller import Caller

KEY = "sk-scenario-client"
RETRYABLE = (408, 409, 429, 500, 502, 503, 504)
FINAL = frozenset(
    ("insufficient_quota", "credit_balance_exhausted", "organization_usage_limit_exceeded",
     "organization_spend_limit_exceeded", "project_spend_limit_exceeded", "usage_limit_reached", "usage_not_included")
)  # fmt: skip
"""What waiting does not cure (error-codes guide, 2026)."""
FIRST_BACKOFF = 0.5
LAST_BACKOFF = 8.0
_PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "images": "/v1/images/generations",
    "embeddings": "/v1/embeddings",
    "codex": "/backend-api/codex/responses",
    "realtime": "/v1/realtime",
}
_MODELS = {
    "chat": "gpt-4o",
    "responses": "gpt-4o",
    "images": "gpt-image-1",
    "embeddings": "text-embedding-3-small",
    "codex": "gpt-5.4",
    "realtime": "gpt-realtime",
}
_STEP_KEYS = (
    "op", "model", "content", "repeat", "times", "stream", "leave_after", "retries", "patience", "gap", "key", "body",
    "path", "json", "aloud", "interrupt_after",
)  # fmt: skip
_TIMES_MOST = 100_000


class ClientStepError(ValueError):
    """A step that the client cannot play.

    Attributes:
        position: of the step, from 0.
        key: what is wrong in it.
    """

    def __init__(self, position: int, key: str, problem: str) -> None:
        super().__init__(f"client step {position + 1}: {key!r} {problem}")
        self.position = position
        self.key = key


class Step:
    """One step, checked.

    Raises:
        ClientStepError: it cannot be played.
    """

    def __init__(self, table: Mapping[str, Any], position: int = 0) -> None:
        def refuse(key: str, problem: str) -> ClientStepError:
            return ClientStepError(position, key, problem)

        def number(key: str, default: int, least: int, most: int) -> int:
            value = table.get(key, default)
            if not is_whole(value) or not least <= value <= most:
                raise refuse(key, f"must be a whole number from {least} to {most}, not {shown(value)}")
            return value

        def seconds(key: str, default: str) -> float:
            try:
                return read_time(table.get(key, default)) / 1_000_000
            except ValueError as problem:
                raise refuse(key, str(problem)) from None

        def text(key: str, default: str) -> str:
            value = table.get(key, default)
            if not isinstance(value, str) or not value:
                raise refuse(key, f"must be a text that is not empty, not {shown(value)}")
            return value

        for key in table:
            if key not in _STEP_KEYS:
                raise refuse(key, f"is not known; a step has {', '.join(_STEP_KEYS)}")
        self.op = text("op", "chat")
        if self.op not in _PATHS:
            raise refuse("op", f"must be one of {', '.join(_PATHS)}, not {shown(self.op)}")
        self.model = text("model", _MODELS[self.op])
        self.content = text("content", "Say hello") * number("repeat", 1, 1, 1_000_000)
        self.path = text("path", _PATHS[self.op])
        self.key = text("key", KEY)
        self.times = number("times", 1, 1, _TIMES_MOST)
        self.retries = number("retries", 2, 0, 100)
        self.leave_after = number("leave_after", 0, 0, 1_000_000)
        self.patience = seconds("patience", "60s")
        self.gap = seconds("gap", "0s")
        self.stream = table.get("stream", self.op == "codex")
        if not isinstance(self.stream, bool):
            raise refuse("stream", f"must be true or false, not {shown(self.stream)}")
        self.aloud = table.get("aloud", False)
        if not isinstance(self.aloud, bool):
            raise refuse("aloud", f"must be true or false, not {shown(self.aloud)}")
        self.interrupt_after = number("interrupt_after", 0, 0, 1_000_000)
        for key in ("aloud", "interrupt_after"):
            if key in table and self.op != "realtime":
                raise refuse(key, "is about realtime sessions")
        if self.interrupt_after and not self.aloud:
            raise refuse("interrupt_after", "needs 'aloud': who interrupts speaks")
        self.more = table.get("body", {})
        if not isinstance(self.more, Mapping):
            raise refuse("body", f"must be a table, not {shown(self.more)}")

        self.whole = text("json", "") if "json" in table else None
        if self.whole is not None:
            try:
                json.loads(self.whole)
            except ValueError:
                raise refuse("json", "must be the text of a JSON value") from None

    def body(self, number: int) -> bytes:
        """The request; each of several asks something else, as retries alone repeat a request."""
        if self.whole is not None:
            return self.whole.encode("utf-8", "surrogatepass")
        content = self.content if self.times == 1 else f"{self.content} ({number})"
        made: dict[str, Any] = {"model": self.model}
        if self.op == "chat":
            made["messages"] = [{"role": "user", "content": content}]
        elif self.op == "images":
            made["prompt"] = content
        elif self.op == "codex":
            made |= {"input": [{"role": "user", "content": content}], "store": False}
        else:
            made["input"] = content
        if self.stream:
            made["stream"] = True
        return json.dumps({**made, **self.more}).encode()


class _Answered:
    """What one try came to: a status, the code of an error, and the wait that was asked for."""

    def __init__(self, status: int, code: str | None, wait: float | None) -> None:
        self.status = status
        self.code = code
        self.wait = wait


class ScenarioClient:
    """Plays steps against a server.

    Args:
        server: whose clock it moves.
    """

    def __init__(self, server: ServerHandle) -> None:
        self._server = server
        address = urlsplit(server.base_url)
        self._host, self._port = address.hostname or "127.0.0.1", address.port

    def play(self, steps: Iterator[Step] | list[Step]) -> list[int]:
        """Play them all; the last status of each call, 0 where none came."""
        statuses: list[int] = []
        for step in steps:
            if step.op == "realtime":
                statuses += Caller(self._server, step).play()
            else:
                statuses += [self._call(step, number) for number in range(1, step.times + 1)]
        return statuses

    def _call(self, step: Step, number: int) -> int:
        body = step.body(number)
        if step.gap:
            self._server.clock.advance(step.gap)
        for attempt in range(step.retries + 1):
            answered = self._try(step, body)
            if answered.status and answered.status not in RETRYABLE:
                return answered.status
            wait = answered.wait
            if wait is None:
                wait = min(FIRST_BACKOFF * 2**attempt, LAST_BACKOFF)
            if attempt == step.retries or answered.code in FINAL or wait > step.patience:
                return answered.status
            self._server.clock.advance(wait)
        raise AssertionError("the last try has returned")

    def _try(self, step: Step, body: bytes) -> _Answered:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=20)
        try:
            headers = {"authorization": f"Bearer {step.key}", "content-type": "application/json"}
            connection.request("POST", step.path, body, headers)
            answer = connection.getresponse()
            wait = _told(answer)
            if answer.status < 400 and step.leave_after:
                seen = 0
                while seen < step.leave_after and (line := answer.readline()):
                    seen += line.startswith(b"data:")
                return _Answered(answer.status, None, wait)
            content = answer.read()
            if answer.status < 400 and step.stream and step.op == "chat" and not content.endswith(b"data: [DONE]\n\n"):
                return _Answered(0, None, wait)
            return _Answered(answer.status, _code(content) if answer.status >= 400 else None, wait)
        except (OSError, http.client.HTTPException):
            return _Answered(0, None, None)
        finally:
            connection.close()


def _told(answer: http.client.HTTPResponse) -> float | None:
    for name, unit in (("retry-after-ms", 1_000), ("retry-after", 1)):
        try:
            return float(answer.headers.get(name, "")) / unit
        except ValueError:
            continue
    return None


def _code(content: bytes) -> str | None:
    try:
        error = json.loads(content)["error"]
        code = error.get("code") or error.get("type")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return code if isinstance(code, str) else None
