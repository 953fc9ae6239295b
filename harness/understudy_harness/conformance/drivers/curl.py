"""Driver for a script around the program curl: what comes of an API client that has none of its own.

    python -m understudy_harness.conformance.drivers.curl

An answer is read as `jq` would read it, a stream line by line: the lines that begin with `data: `, up to `[DONE]`.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

from understudy_harness.conformance.drivers.lines import Driver, Run

_STATUSES = {400: "bad_request", 401: "auth", 403: "permission", 404: "not_found", 408: "timeout", 422: "bad_request"}
_HTTP_ERROR, _TIMED_OUT = 22, 28
"""Exit codes of curl, see its manual."""


class CurlFailed(Exception):
    """Curl ended with an exit code.

    Attributes:
        fields: of an error of the protocol.
    """

    def __init__(self, returncode: int, complaint: str, body: str) -> None:
        own = " ".join(line for line in complaint.splitlines() if line.startswith("curl: "))
        super().__init__(f"{own} {body[:2000]}".strip())
        told = re.search(r"returned error: (\d+)", complaint)
        status = int(told[1]) if told else None
        self.fields: dict[str, Any] = {"kind": "connection", "type": f"exit code {returncode}", "status": status}
        if returncode == _TIMED_OUT:
            self.fields["kind"] = "timeout"
        elif returncode == _HTTP_ERROR and status is not None:
            server = "server" if status >= 500 else "other"
            code = _code(body)
            limit = "quota" if code == "insufficient_quota" else "rate_limit"
            self.fields["kind"] = limit if status == 429 else _STATUSES.get(status, server)
            self.fields["code"] = code


def _code(body: str) -> str | None:
    """What `jq -r .error.code` would print."""
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return None
    return code if isinstance(code, str) else None


def settings(run: Run, body: dict[str, Any]) -> bytes:
    """What curl is told on its standard input, where no other program sees the key."""
    options = run.options
    lines = [
        ("url", f"{run.base_url}/chat/completions"),
        ("header", f"Authorization: Bearer {run.api_key}"),
        ("header", "Content-Type: application/json"),
        ("data", json.dumps(body)),
    ]
    lines += [("retry", str(options["retries"]))] if "retries" in options else []
    lines += [("max-time", str(options["timeout_s"]))] if "timeout_s" in options else []
    lines += [("header", f"OpenAI-Organization: {options['organization']}")] if "organization" in options else []
    lines += [("header", f"OpenAI-Project: {options['project']}")] if "project" in options else []
    # curl's own spelling of a quoted text.
    quoted = [
        f'{name} = "{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"' for name, value in lines
    ]
    switches = [
        "silent",
        "show-error",
        "fail-with-body",
        "no-buffer",
        *(["verbose"] if options.get("debug_log") else []),
    ]
    return "\n".join([*switches, *quoted, ""]).encode()


async def fetched(run: Run, body: dict[str, Any]) -> AsyncIterator[bytes]:
    """The lines of curl's standard output.

    Raises:
        CurlFailed: it ended with an exit code.
    """
    pipe = asyncio.subprocess.PIPE
    curl = await asyncio.create_subprocess_exec("curl", "--config", "-", stdin=pipe, stdout=pipe, stderr=pipe)
    seen = b""
    try:
        if curl.stdin is None or curl.stdout is None or curl.stderr is None:
            raise OSError("curl was started without pipes")
        curl.stdin.write(settings(run, body))
        curl.stdin.close()
        complaints = asyncio.create_task(curl.stderr.read())
        while line := await curl.stdout.readline():
            seen += line
            yield line
        complaint = (await complaints).decode("utf-8", "replace")
        if run.options.get("debug_log"):
            sys.stderr.write(complaint)
            sys.stderr.flush()
        if returncode := await curl.wait():
            raise CurlFailed(returncode, complaint, seen.decode("utf-8", "replace"))
    finally:
        if curl.returncode is None:
            curl.kill()
            await curl.wait()


async def chat(_: Any, run: Run) -> dict[str, Any]:
    """One chat completion, whole."""
    body = b"".join([line async for line in fetched(run, run.input)])
    answer = json.loads(body)
    if "choices" not in answer:
        raise ValueError(f"the answer has no choices: {body.decode('utf-8', 'replace')}")
    choices = [{"text": one["message"].get("content"), "finish": one.get("finish_reason")} for one in answer["choices"]]
    return {"choices": choices, "usage": counted(answer.get("usage"))}


async def stream(_: Any, run: Run) -> dict[str, Any]:
    """One chat completion, streamed."""
    usage: dict[str, Any] | None = None
    async for line in fetched(run, {**run.input, "stream": True}):
        data = line.strip().removeprefix(b"data: ")
        if data == line.strip() or data == b"[DONE]":
            continue
        chunk = json.loads(data)
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            run.finish(choice.get("finish_reason"), choice["index"])
            run.delta(choice["delta"].get("content"), choice["index"])
    return {**run.seen(), "usage": counted(usage)}


def counted(usage: dict[str, Any] | None) -> dict[str, Any]:
    """The counts of an answer."""
    return {"in": (usage or {}).get("prompt_tokens"), "out": (usage or {}).get("completion_tokens")}


CALLS = {"chat": chat, "stream": stream}


def describe(error: Exception) -> dict[str, Any]:
    """Describe how curl failed, or what could not be read of its output."""
    fields = error.fields if isinstance(error, CurlFailed) else {"kind": "protocol", "type": type(error).__name__}
    return {**fields, "message": str(error)}


async def call(client: Any, run: Run) -> dict[str, Any]:
    """Make the call of a run."""
    return await CALLS[run.op](client, run)


def introduction() -> dict[str, Any]:
    """Answer `hello`; curl says its own version."""
    told = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()  # noqa: S607
    client = {"name": "curl", "version": told[1], "language": "C", "http": f"libcurl {told[1]}"}
    client |= {"homepage": "https://curl.se", "issues": "https://github.com/curl/curl/issues"}
    can = ["cancel", "parallel", "timeout", "retries", "n", "headers", "logs"]
    return {"client": client, "ops": list(CALLS), "can": can, "declares": {"max_attempts": 1, "total_timeout": True}}


if __name__ == "__main__":
    Driver(introduction(), lambda run: None, call, describe).serve()
