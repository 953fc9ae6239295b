"""Driver for Pydantic AI: agents over `OpenAIChatModel`, and `responses` over `OpenAIResponsesModel`.

python -m understudy_harness.conformance.drivers.pydantic_ai
"""

from typing import Any

import openai
from pydantic_ai import Agent, NativeOutput, Tool
from pydantic_ai.exceptions import ContentFilterError, IncompleteToolCall, UnexpectedModelBehavior
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from understudy_harness.conformance.drivers.lines import Driver, Run, introduced
from understudy_harness.conformance.drivers.openai_errors import described, http_version
from understudy_harness.conformance.drivers.shapes import model_of


def connect(run: Run) -> Any:
    """An SDK client as the run wants it, which is how retries and timeouts are set."""
    settings = run.settings(retries="max_retries", timeout_s="timeout", organization="organization", project="project")
    return openai.AsyncOpenAI(base_url=run.base_url, api_key=run.api_key, **settings)


def model(client: Any, run: Run) -> Any:
    """The model of a run."""
    made = OpenAIResponsesModel if run.op == "responses" else OpenAIChatModel
    return made(run.input["model"], provider=OpenAIProvider(openai_client=client))


def prompt(run: Run) -> str:
    """What the user says."""
    return str(run.input["input"] if run.op == "responses" else run.input["messages"][-1]["content"])


async def chat(client: Any, run: Run) -> dict[str, Any]:
    """One answer, whole."""
    return told(await Agent(model(client, run)).run(prompt(run)))


async def stream(client: Any, run: Run) -> dict[str, Any]:
    """One answer, streamed."""
    async with Agent(model(client, run)).run_stream(prompt(run)) as result:
        async for piece in result.stream_text(delta=True, debounce_by=None):
            run.delta(piece)
    run.finish(result.response.finish_reason)
    return {**run.seen(), "usage": counted(result.response.usage)}


async def parse(client: Any, run: Run) -> dict[str, Any]:
    """An object, by the model's own structured output."""
    wanted = NativeOutput(model_of(run.input["name"], run.input["schema"]))
    result = await Agent(model(client, run), output_type=wanted).run(prompt(run))
    return {"parsed": result.output.model_dump(), "usage": counted(result.response.usage)}


async def agent(client: Any, run: Run) -> dict[str, Any]:
    """An agent with tools, until its last answer."""

    def made(tool: dict[str, Any]) -> Any:
        async def itself(**arguments: Any) -> str:
            run.tool(tool["name"], arguments)
            return str(tool["returns"])

        return Tool.from_schema(itself, tool["name"], tool["description"], tool["parameters"])

    loop = Agent(model(client, run), tools=[made(tool) for tool in run.input["tools"]])
    # Who listens to its events has the model stream.
    listener = listen if run.input.get("stream") else None
    return {**told(await loop.run(run.input["prompt"], event_stream_handler=listener)), "ran": run.ran}


async def listen(context: Any, events: Any) -> None:
    """Hear what happens in an answer."""
    async for _ in events:
        pass


CALLS = {"chat": chat, "stream": stream, "responses": stream, "parse": parse, "agent": agent}


def told(result: Any) -> dict[str, Any]:
    """Describe the last answer of an agent."""
    choice = {"text": result.output, "finish": result.response.finish_reason}
    return {"choices": [choice], "usage": counted(result.response.usage)}


def counted(usage: Any) -> dict[str, Any]:
    """The counts of an answer."""
    return {"in": usage.input_tokens, "out": usage.output_tokens}


def describe(error: Exception) -> dict[str, Any]:
    """Describe what it raised; the SDK's exception, where there is one, is its cause."""
    cause = error.__cause__
    fields = described(cause if isinstance(cause, openai.OpenAIError) else error)
    fields |= {"message": f"{error}", "type": type(error).__name__}
    if isinstance(error, ContentFilterError):
        fields["kind"] = "content_filter"
    elif isinstance(error, IncompleteToolCall):
        fields["kind"] = "length"
    elif isinstance(error, UnexpectedModelBehavior):
        fields["kind"] = "protocol"
    return fields


async def call(client: Any, run: Run) -> dict[str, Any]:
    """Make the call of a run."""
    return await CALLS[run.op](client, run)


INTRODUCTION = introduced(
    "pydantic-ai",
    "pydantic-ai-slim",
    "https://github.com/pydantic/pydantic-ai",
    client={"http": http_version()},
    ops=list(CALLS),
    can=["cancel", "parallel", "timeout", "retries", "headers", "reuse"],
    declares={"max_attempts": 3},
)

if __name__ == "__main__":
    Driver(INTRODUCTION, connect, call, describe, lambda client: client.close()).serve()
