"""Driver for the OpenAI Agents SDK for Python: `responses` over the Responses API, the rest over chat completions.

python -m understudy_harness.conformance.drivers.agents_python
"""

import asyncio
import inspect
from typing import Any

import openai
from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    exceptions,
    function_tool,
    set_tracing_disabled,
)

from understudy_harness.conformance.drivers import agents_python_realtime
from understudy_harness.conformance.drivers.lines import Driver, Run, introduced
from understudy_harness.conformance.drivers.openai_errors import http_version
from understudy_harness.conformance.drivers.openai_python_realtime import described_socket
from understudy_harness.conformance.drivers.shapes import model_of

_KINDS = {"ModelRefusalError": "refusal", "ModelTimeoutError": "timeout", "ModelBehaviorError": "protocol"}


def connect(run: Run) -> Any:
    """An SDK client as the run wants it, which is how retries and timeouts are set."""
    settings = run.settings(retries="max_retries", timeout_s="timeout", organization="organization", project="project")
    return openai.AsyncOpenAI(base_url=run.base_url, api_key=run.api_key, **settings)


def agent_of(client: Any, run: Run, **more: Any) -> Any:
    """An agent for a run."""
    made = OpenAIResponsesModel if run.op == "responses" else OpenAIChatCompletionsModel
    return Agent(name="Assistant", model=made(model=run.input["model"], openai_client=client), **more)


async def chat(client: Any, run: Run) -> dict[str, Any]:
    """One answer, whole."""
    return told(await Runner.run(agent_of(client, run), run.input["messages"]))


async def stream(client: Any, run: Run) -> dict[str, Any]:
    """One answer, streamed."""
    result = Runner.run_streamed(agent_of(client, run), run.input.get("messages") or run.input["input"])
    try:
        async for event in result.stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                run.delta(event.data.delta)
    except asyncio.CancelledError:
        result.cancel()  # it runs on by itself otherwise
        raise
    return {**told(result), **run.seen()}


async def parse(client: Any, run: Run) -> dict[str, Any]:
    """An object, by the agent's output type."""
    wanted = model_of(run.input["name"], run.input["schema"])
    result = await Runner.run(agent_of(client, run, output_type=wanted), run.input["messages"])
    return {**told(result), "choices": [], "parsed": result.final_output.model_dump()}


async def agent(client: Any, run: Run) -> dict[str, Any]:
    """An agent with tools, until its last answer."""
    loop = agent_of(client, run, tools=[tool_of(run, tool) for tool in run.input["tools"]])
    if not run.input.get("stream"):
        return told(await Runner.run(loop, run.input["prompt"])) | {"ran": run.ran}
    result = Runner.run_streamed(loop, run.input["prompt"])
    async for _ in result.stream_events():
        pass
    return told(result) | {"ran": run.ran}


def tool_of(run: Run, tool: dict[str, Any]) -> Any:
    """A function as an application would write it, whose parameters are texts that may be left out."""

    async def itself(**given: Any) -> str:
        run.tool(tool["name"], {name: value for name, value in given.items() if value is not None})
        return str(tool["returns"])

    names = tool["parameters"].get("properties", {})
    kind = inspect.Parameter.KEYWORD_ONLY
    itself.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # what `inspect` reads first
        [inspect.Parameter(name, kind, default=None, annotation=str | None) for name in names]
    )
    itself.__annotations__ = {**dict.fromkeys(names, str | None), "return": str}
    about = {"name_override": tool["name"], "description_override": tool["description"]}
    return function_tool(itself, **about, strict_mode=False)


CALLS = {
    "chat": chat, "stream": stream, "responses": stream, "parse": parse, "agent": agent,
    "realtime": agents_python_realtime.realtime,
}  # fmt: skip


def told(result: Any) -> dict[str, Any]:
    """Describe how a run of an agent ended; why the model stopped is not told."""
    usage = result.raw_responses[-1].usage if result.raw_responses else None
    counts = usage and {"in": usage.input_tokens, "out": usage.output_tokens}
    return {"choices": [{"text": result.final_output}], "usage": counts}


def describe(error: Exception) -> dict[str, Any]:
    """Describe what it raised: its own exceptions, or those of the SDK."""
    fields = described_socket(error)
    if isinstance(error, exceptions.AgentsException):
        fields["kind"] = _KINDS.get(type(error).__name__, "other")
    return fields


async def call(client: Any, run: Run) -> dict[str, Any]:
    """Make the call of a run."""
    return await CALLS[run.op](client, run)


INTRODUCTION = introduced(
    "openai-agents-python",
    "openai-agents",
    "https://github.com/openai/openai-agents-python",
    client={"http": http_version()},
    ops=list(CALLS),
    can=["cancel", "parallel", "timeout", "retries", "headers", "reuse", "audio", "converse"],
    declares={"max_attempts": 3},
)

if __name__ == "__main__":
    set_tracing_disabled(True)  # traces would go to the real API
    Driver(INTRODUCTION, connect, call, describe, lambda client: client.close()).serve()
