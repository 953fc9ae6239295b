"""The driver of the reference client, and of those that are wrong on purpose."""

import asyncio
import json
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from understudy_harness.conformance.reference.agent import agent, parse
from understudy_harness.conformance.reference.client import CallFailed, ReferenceClient
from understudy_harness.conformance.reference.media import MEDIA_PERFORMS
from understudy_harness.conformance.reference.realtime import realtime
from understudy_harness.conformance.reference.responses import responses

Perform = Callable[[ReferenceClient, Mapping[str, Any]], Awaitable[dict[str, Any]]]
PERFORMS: dict[str, Perform] = {
    "chat": lambda client, input: client.chat(input),
    "stream": lambda client, input: client.stream(input),
    "agent": agent,
    "parse": parse,
    "realtime": realtime,
    "responses": responses,
    **MEDIA_PERFORMS,
}
"""What makes the call of each operation and gives back the fields of its `result`."""
INTRODUCTION: dict[str, Any] = {
    "client": {"name": "reference", "version": "1", "language": "Python", "http": "httptools"},
    "ops": list(PERFORMS),
    "can": ["cancel", "parallel", "retries", "timeout", "tools", "n", "headers", "logs", "reuse", "audio", "converse"],
    "declares": {"max_attempts": 3},
}
_OPTIONS = ("retries", "timeout_s", "organization", "project", "ca_file")


async def perform(
    client_class: type[ReferenceClient],
    run: Mapping[str, Any],
    now: Callable[[], float] = time.time,
    say: Callable[[Mapping[str, Any]], None] = lambda line: None,
    *,
    log: Callable[[str], None] = lambda line: None,
    kept: dict[str, ReferenceClient] | None = None,
) -> dict[str, Any]:
    """Make the call of one `run` line and give back its final line.

    Args:
        client_class: makes it.
        run: the line.
        now: the time of day in seconds since the epoch.
        say: takes the lines before it.
        log: takes the lines of the client's debug log, where the run turns it on.
        kept: clients that runs share, by the names that `reuse` gives them; None to make a fresh one always.
    """
    seq, options = run["seq"], run.get("options", {})
    given = {name: options[name] for name in _OPTIONS if options.get(name) is not None}
    if options.get("debug_log"):
        given["log"] = log

    def say_of_run(**line: Any) -> None:
        say({"seq": seq, **line})

    name = options.get("reuse")
    client = None if kept is None else kept.get(name)
    if client is None:
        client = client_class(run["base_url"], run["api_key"], now=now, say=say_of_run, **given)
    if kept is not None and name is not None:
        # Runs that share a client follow one another: what it says is said of the last.
        client.say = say_of_run
        kept[name] = client
    try:
        result = await PERFORMS[run["op"]](client, run["input"])
    except CallFailed as failed:
        told: dict[str, Any] = {"kind": failed.kind, "message": str(failed), "type": type(failed).__name__}
        told["debug"] = repr(failed)
        told |= {"status": failed.status, "code": failed.code, "retry_after_s": failed.retry_after_s}
        told |= {"request_id": failed.request_id, "partial": {"choices": failed.choices, "ran": failed.ran}}
        return {"seq": seq, "error": told}
    except asyncio.CancelledError:
        partial = {"choices": [] if client.reading is None else client.reading.told()}
        return {"seq": seq, "error": {"kind": "cancelled", "message": "cancelled", "partial": partial}}
    except Exception as bug:  # what a client raises is what its caller gets
        told = {"kind": "other", "message": str(bug), "type": type(bug).__name__, "debug": repr(bug)}
        return {"seq": seq, "error": told}
    usage = result.get("usage") or {}
    counts = {"in": usage.get("prompt_tokens"), "out": usage.get("completion_tokens")}
    return {"seq": seq, "result": {**result, "usage": counts}}


async def serve(client_class: type[ReferenceClient]) -> None:
    """Speak the protocol until `stop` or the end of standard input."""
    runs: dict[int, asyncio.Task[None]] = {}
    kept: dict[str, ReferenceClient] = {}

    async def answer(line: dict[str, Any]) -> None:
        say(await perform(client_class, line, say=say, log=_complain, kept=kept))

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


def _complain(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


def written(line: Mapping[str, Any]) -> bytes:
    """A line as it leaves: a text that is no Unicode goes out as it is, for the suite to see."""
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass")


def say(line: Mapping[str, Any]) -> None:
    """Write one line and see that it leaves."""
    sys.stdout.buffer.write(written(line) + b"\n")
    sys.stdout.buffer.flush()
