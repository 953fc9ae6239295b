"""Driver for the official Python SDK, versions 1 to 3.

    python -m understudy_harness.conformance.drivers.openai_python [--sync]

It drives `AsyncOpenAI`; with `--sync` it drives `OpenAI` in a thread. It does what an application would do and nothing
more: no retries, no timeouts and no parsing of its own. What not every version has is read with `getattr`.
"""

import asyncio
import json
import os
import platform
import sys
import traceback
from typing import Any

import openai

_KINDS = {400: "bad_request", 401: "auth", 403: "permission", 404: "not_found", 408: "timeout", 422: "bad_request"}
_SYNC = "--sync" in sys.argv[1:]


def introduction() -> dict[str, Any]:
    """Answer `hello`."""
    http = sys.modules.get("httpx2") or sys.modules.get("httpx")
    return {
        "client": {
            "name": "openai-python, sync" if _SYNC else "openai-python",
            "version": openai.__version__,
            "language": "Python",
            "runtime": f"{platform.python_implementation()} {platform.python_version()}",
            "http": "" if http is None else f"{http.__name__} {http.__version__}",
            "homepage": "https://github.com/openai/openai-python",
            "issues": "https://github.com/openai/openai-python/issues",
        },
        "ops": ["chat", "stream"],
        "can": ["parallel", "timeout", "retries", *([] if _SYNC else ["cancel"])],
        "declares": {"max_attempts": 3},
    }


async def perform(run: dict[str, Any]) -> None:
    """Make one call with a fresh client and say what came of it."""
    options = run.get("options", {})
    settings = {"base_url": run["base_url"], "api_key": run["api_key"]}
    names = {"retries": "max_retries", "timeout_s": "timeout"}
    settings |= {theirs: options[ours] for ours, theirs in names.items() if ours in options}
    seen: dict[int, dict[str, Any]] = {}
    try:
        given = asyncio.to_thread(call, run, settings, seen) if _SYNC else call_async(run, settings, seen)
        result = await given
    except asyncio.CancelledError:
        say(run, error={"kind": "cancelled", "partial": {"choices": list(seen.values())}})
    except Exception as error:  # whatever the SDK raises is what its caller gets
        say(run, error={**described(error), "partial": {"choices": list(seen.values())}})
    else:
        say(run, result=result)


def call(run: dict[str, Any], settings: dict[str, Any], seen: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Make the call with the blocking client."""
    with openai.OpenAI(**settings) as client:
        if run["op"] == "chat":
            return whole(client.chat.completions.create(**run["input"]))
        for chunk in client.chat.completions.create(**run["input"], stream=True):
            take(run, chunk, seen)
    return {"choices": list(seen.values())}


async def call_async(run: dict[str, Any], settings: dict[str, Any], seen: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Make the call with the asynchronous client."""
    async with openai.AsyncOpenAI(**settings) as client:
        if run["op"] == "chat":
            return whole(await client.chat.completions.create(**run["input"]))
        async for chunk in await client.chat.completions.create(**run["input"], stream=True):
            take(run, chunk, seen)
    return {"choices": list(seen.values())}


def whole(completion: Any) -> dict[str, Any]:
    """Describe a completion that came in one piece; whatever else the SDK hands over is a text."""
    if isinstance(completion, str):
        return {"choices": [{"text": completion}]}
    usage = completion.usage and {"in": completion.usage.prompt_tokens, "out": completion.usage.completion_tokens}
    choices = [
        {"text": one.message.content, "finish": one.finish_reason, "refusal": getattr(one.message, "refusal", None)}
        for one in completion.choices or ()
    ]
    return {"choices": choices, "usage": usage, "request_id": getattr(completion, "_request_id", None)}


def take(run: dict[str, Any], chunk: Any, seen: dict[int, dict[str, Any]]) -> None:
    """Add up a chunk of a stream."""
    for choice in chunk.choices:
        sum_ = seen.setdefault(choice.index, {"text": "", "finish": None})
        sum_["finish"] = choice.finish_reason or sum_["finish"]
        if choice.delta.content:
            sum_["text"] += choice.delta.content
            say(run, event="delta", index=choice.index, text=choice.delta.content)


def described(error: Exception) -> dict[str, Any]:
    """Describe what the SDK raised."""
    status = getattr(error, "status_code", None)
    told = {"kind": "other", "message": str(error), "type": type(error).__name__, "status": status}
    body = getattr(error, "body", None)
    if isinstance(body, str):
        # Where the server's words were no object, the SDK keeps them here.
        told["message"] = f"{error} {body}"
    if isinstance(error, openai.APITimeoutError):
        told["kind"] = "timeout"
    elif isinstance(error, openai.APIConnectionError):
        told["kind"] = "connection"
    elif isinstance(error, openai.APIStatusError):
        server = "server" if error.status_code >= 500 else "other"
        limit = "quota" if error.code == "insufficient_quota" else "rate_limit"
        told["kind"] = limit if error.status_code == 429 else _KINDS.get(error.status_code, server)
        told |= {"code": error.code, "request_id": getattr(error, "request_id", None)}
        wait = error.response.headers.get("retry-after", "")
        told["retry_after_s"] = float(wait) if wait.isdigit() else None
    elif isinstance(error, openai.APIError):
        told["kind"] = "protocol"
    return told


def say(run: dict[str, Any] | None, **fields: Any) -> None:
    """Write one line and see that it leaves; in one piece, as threads write too."""
    line = fields if run is None else {"seq": run["seq"], **fields}
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n")
    sys.stdout.buffer.flush()


def crash_on_bug(task: "asyncio.Task[None]") -> None:
    """End the driver when it is at fault itself: were it silent, the client would be said to hang."""
    if not task.cancelled() and (bug := task.exception()) is not None:
        traceback.print_exception(bug)
        os._exit(1)


async def main() -> None:
    """Speak the protocol until `stop` or the end of standard input."""
    runs: dict[int, asyncio.Task[None]] = {}
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        told = json.loads(line)
        if told["cmd"] == "hello":
            say(None, **introduction())
        elif told["cmd"] == "run":
            runs[told["seq"]] = asyncio.create_task(perform(told))
            runs[told["seq"]].add_done_callback(crash_on_bug)
        elif told["cmd"] == "cancel" and told["seq"] in runs:
            runs[told["seq"]].cancel()
        elif told["cmd"] == "stop":
            break


if __name__ == "__main__":
    asyncio.run(main())
