"""The driver of the reference client, and of those that are wrong on purpose."""

import asyncio
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from understudy_harness.conformance.reference.client import CallFailed, ReferenceClient

INTRODUCTION: dict[str, Any] = {
    "client": {"name": "reference", "version": "1", "language": "Python", "http": "httptools"},
    "ops": ["chat", "stream"],
    "can": ["cancel", "parallel", "retries", "timeout"],
    "declares": {"max_attempts": 3},
}


async def perform(
    client_class: type[ReferenceClient], run: Mapping[str, Any], now: Callable[[], float] = time.time
) -> dict[str, Any]:
    """Make the call of one `run` line and give back its final line."""
    options = run.get("options", {})
    named = {"retries": options.get("retries"), "timeout_s": options.get("timeout_s")}
    given = {name: value for name, value in named.items() if value is not None}
    client = client_class(run["base_url"], run["api_key"], now=now, **given)
    try:
        completion = await (client.stream if run["op"] == "stream" else client.chat)(run["input"])
    except CallFailed as failed:
        told: dict[str, Any] = {"kind": failed.kind, "message": str(failed), "type": type(failed).__name__}
        told |= {"status": failed.status, "code": failed.code, "retry_after_s": failed.retry_after_s}
        told |= {"request_id": failed.request_id, "partial": {"choices": [{"text": failed.text}]}}
        return {"seq": run["seq"], "error": told}
    except asyncio.CancelledError:
        return {"seq": run["seq"], "error": {"kind": "cancelled", "message": "cancelled"}}
    except Exception as bug:  # what a client raises is what its caller gets
        return {"seq": run["seq"], "error": {"kind": "other", "message": str(bug), "type": type(bug).__name__}}
    usage = completion.get("usage") or {}
    choices = [
        {"text": choice["message"]["content"], "finish": choice["finish_reason"]} for choice in completion["choices"]
    ]
    counts = {"in": usage.get("prompt_tokens"), "out": usage.get("completion_tokens")}
    return {"seq": run["seq"], "result": {"choices": choices, "usage": counts}}


async def serve(client_class: type[ReferenceClient]) -> None:
    """Speak the protocol until `stop` or the end of standard input."""
    runs: dict[int, asyncio.Task[None]] = {}

    async def answer(line: dict[str, Any]) -> None:
        say(await perform(client_class, line))

    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        told = json.loads(line)
        if told["cmd"] == "hello":
            say(INTRODUCTION)
        elif told["cmd"] == "run":
            runs[told["seq"]] = asyncio.create_task(answer(told))
            runs[told["seq"]].add_done_callback(crash_on_bug)
        elif told["cmd"] == "cancel" and told["seq"] in runs:
            runs[told["seq"]].cancel()
        elif told["cmd"] == "stop":
            break


def crash_on_bug(task: "asyncio.Task[None]") -> None:
    """End the driver when it is at fault itself: were it silent, the client would be said to hang."""
    if not task.cancelled() and (bug := task.exception()) is not None:
        traceback.print_exception(bug)
        os._exit(1)


def say(line: Mapping[str, Any]) -> None:
    """Write one line and see that it leaves."""
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n")
    sys.stdout.buffer.flush()
