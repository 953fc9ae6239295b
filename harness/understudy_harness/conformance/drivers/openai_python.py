"""Driver for the official Python SDK, versions 1 to 3.

    python -m understudy_harness.conformance.drivers.openai_python [--sync]

It drives `AsyncOpenAI`; with `--sync` it drives `OpenAI` in a thread. It does what an application would do and nothing
more: no retries, no timeouts and no parsing of its own. What not every version has is read with `getattr`.
"""

import logging
import sys
from typing import Any

import openai

from understudy_harness.conformance.drivers import openai_python_media, openai_python_realtime
from understudy_harness.conformance.drivers.lines import Driver, Run, each, introduced, settled
from understudy_harness.conformance.drivers.openai_errors import http_version
from understudy_harness.conformance.drivers.shapes import model_of

_SYNC = "--sync" in sys.argv[1:]


def introduction() -> dict[str, Any]:
    """Answer `hello`."""
    return introduced(
        "openai-python, sync" if _SYNC else "openai-python",
        "openai",
        "https://github.com/openai/openai-python",
        client={"http": http_version()},
        ops=list(CALLS),
        can=["parallel", "timeout", "retries", "headers", "logs", "reuse", "n"]
        + (["tools"] if HELPERS else [])
        + ([] if _SYNC else ["cancel"]),
        declares={"max_attempts": 3},
    )


def connect(run: Run) -> Any:
    """A client as the run wants it."""
    if run.options.get("debug_log"):
        # What OPENAI_LOG=debug in the environment does.
        logging.basicConfig()
        for name in ("openai", "httpx", "httpx2"):
            logging.getLogger(name).setLevel(logging.DEBUG)
    settings = run.settings(retries="max_retries", timeout_s="timeout", organization="organization", project="project")
    if run.op == "realtime":
        # Versions before 3 make wss of any base URL.
        settings["websocket_base_url"] = run.base_url.replace("http", "ws", 1)
    made = openai.OpenAI if _SYNC else openai.AsyncOpenAI
    return made(base_url=run.base_url, api_key=run.api_key, **settings)


async def chat(client: Any, run: Run) -> dict[str, Any]:
    """One chat completion, whole."""
    return whole(await settled(client.chat.completions.create(**run.input)))


async def stream(client: Any, run: Run) -> dict[str, Any]:
    """One chat completion, streamed; where it may call tools, by the helper that puts the calls together."""
    if "tools" in run.input:
        return await stream_with_tools(client, run)
    usage = None
    chunks = await settled(client.chat.completions.create(**run.input, stream=True))
    async for chunk in each(chunks):
        take(run, chunk)
        usage = counted(chunk) or usage
    return {**run.seen(), "usage": usage, "request_id": chunks.response.headers.get("x-request-id")}


async def stream_with_tools(client: Any, run: Run) -> dict[str, Any]:
    """The same by the SDK's own sum of the pieces."""
    manager = client.chat.completions.stream(**run.input)
    events = await settled(manager.__enter__() if _SYNC else manager.__aenter__())
    try:
        async for event in each(events):
            if event.type == "chunk":
                take(run, event.chunk)
        return whole(await settled(events.get_final_completion()))
    finally:
        await settled(events.close())


async def parse(client: Any, run: Run) -> dict[str, Any]:
    """One chat completion as an object of a class that is made of the schema."""
    asked = dict(run.input)
    made = model_of(asked.pop("name"), asked.pop("schema"))
    completion = await settled(client.chat.completions.parse(**asked, response_format=made))
    parsed = completion.choices[0].message.parsed
    return {**whole(completion), "parsed": None if parsed is None else parsed.model_dump()}


HELPERS = hasattr(openai.resources.chat.Completions, "stream")
"""Whether the version has them outside of its beta part."""
REALTIME = hasattr(openai.AsyncOpenAI, "realtime") and not _SYNC
"""Whether the version has it outside of its beta part; the blocking connection cannot hear and speak at once."""
CALLS = {
    "chat": chat,
    "stream": stream,
    **({"parse": parse} if HELPERS else {}),
    **({"realtime": openai_python_realtime.realtime} if REALTIME else {}),
    **openai_python_media.CALLS,
}


def whole(completion: Any) -> dict[str, Any]:
    """Describe a completion that came in one piece; whatever else the SDK hands over is a text."""
    if isinstance(completion, str):
        return {"choices": [{"text": completion}]}
    choices = [
        {
            "text": one.message.content,
            "finish": one.finish_reason,
            "refusal": getattr(one.message, "refusal", None),
            "tool_calls": [
                {"id": made.id, "name": made.function.name, "arguments": made.function.arguments}
                for made in getattr(one.message, "tool_calls", None) or ()
            ],
        }
        for one in completion.choices or ()
    ]
    request_id = getattr(completion, "_request_id", None)
    return {"choices": choices, "usage": counted(completion), "request_id": request_id}


def take(run: Run, chunk: Any) -> None:
    """Add up a chunk of a stream."""
    for choice in chunk.choices:
        run.finish(choice.finish_reason, choice.index)
        delta = getattr(choice, "delta", None)
        run.delta(getattr(delta, "content", None), choice.index)
        run.refusal(getattr(delta, "refusal", None), choice.index)


def counted(answer: Any) -> dict[str, Any] | None:
    """The counts of an answer, if it has any."""
    usage = getattr(answer, "usage", None)
    return usage and {"in": usage.prompt_tokens, "out": usage.completion_tokens}


def described_here(error: Exception) -> dict[str, Any]:
    """Describe what the SDK raised, or told as an event."""
    if isinstance(error, openai_python_media.ResponseFailed):
        return error.described()
    return openai_python_realtime.described_socket(error)


async def call(client: Any, run: Run) -> dict[str, Any]:
    """Make the call of a run."""
    return await CALLS[run.op](client, run)


if __name__ == "__main__":
    Driver(introduction(), connect, call, described_here, lambda client: client.close(), blocking=_SYNC).serve()
