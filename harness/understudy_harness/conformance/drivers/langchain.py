"""Driver for LangChain: `ChatOpenAI`, `OpenAIEmbeddings` and `create_agent`.

    python -m understudy_harness.conformance.drivers.langchain

`responses` is `ChatOpenAI` over the Responses API.
"""

import json
from typing import Any

from langchain.agents import create_agent
from langchain_core.exceptions import OutputParserException
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langchain_openai.chat_models.base import OpenAIRefusalError

from understudy_harness.conformance.drivers.lines import Driver, Run, introduced
from understudy_harness.conformance.drivers.openai_errors import described, http_version
from understudy_harness.conformance.drivers.openai_python_media import FINISHES


def connect(run: Run) -> Any:
    """A model as the run wants it."""
    settings = run.settings(retries="max_retries", timeout_s="timeout", organization="organization")
    settings |= {"model": run.input["model"], "base_url": run.base_url, "api_key": run.api_key}
    if run.input.get("stream"):
        settings["streaming"] = True
    if run.op == "embed":
        # Texts as they are: by default it sends their tokens.
        return OpenAIEmbeddings(**settings, check_embedding_ctx_length=False)
    return ChatOpenAI(**settings, use_responses_api=run.op == "responses", include_response_headers=True)


async def chat(model: Any, run: Run) -> dict[str, Any]:
    """One answer, whole."""
    asked, more = parted(run)
    return told(await with_tools(model, run).ainvoke(asked, **more))


async def stream(model: Any, run: Run) -> dict[str, Any]:
    """One answer, streamed."""
    asked, more = parted(run)
    whole = None
    async for chunk in with_tools(model, run).astream(asked, **more):
        run.delta(chunk.text)
        whole = chunk if whole is None else whole + chunk
    return {"choices": []} if whole is None else told(whole)


async def parse(model: Any, run: Run) -> dict[str, Any]:
    """An object, by the model's own structured output."""
    schema = {"title": run.input["name"], **run.input["schema"]}
    return {"parsed": await model.with_structured_output(schema, method="json_schema").ainvoke(run.input["messages"])}


async def agent(model: Any, run: Run) -> dict[str, Any]:
    """LangChain's agent, until its last answer."""

    def made(tool: dict[str, Any]) -> Any:
        async def itself(**arguments: Any) -> str:
            run.tool(tool["name"], arguments)
            return str(tool["returns"])

        about = {"name": tool["name"], "description": tool["description"], "args_schema": tool["parameters"]}
        return StructuredTool(coroutine=itself, **about)

    loop = create_agent(model, [made(tool) for tool in run.input["tools"]])
    asked = {"messages": [{"role": "user", "content": run.input["prompt"]}]}
    if run.input.get("stream"):
        ended: dict[str, Any] = {}
        # Who wants its messages has the model stream.
        async for mode, part in loop.astream(asked, stream_mode=["messages", "values"]):
            ended = part if mode == "values" else ended
    else:
        ended = await loop.ainvoke(asked)
    return {**told(ended["messages"][-1]), "ran": run.ran}


async def embed(model: Any, run: Run) -> dict[str, Any]:
    """Vectors."""
    return {"vectors": await model.aembed_documents(run.input["input"])}


CALLS = {"chat": chat, "stream": stream, "responses": stream, "parse": parse, "agent": agent, "embed": embed}


def parted(run: Run) -> tuple[Any, dict[str, Any]]:
    """What is asked, and the rest of the input."""
    known = ("model", "messages", "input", "tools")
    asked = run.input["input"] if run.op == "responses" else run.input["messages"]
    return asked, {name: value for name, value in run.input.items() if name not in known}


def with_tools(model: Any, run: Run) -> Any:
    """The model with the tools that it may ask for."""
    return model.bind_tools(run.input["tools"]) if run.input.get("tools") else model


def told(message: Any) -> dict[str, Any]:
    """Describe an answer."""
    calls = [
        # What could be read is an object, the rest a text.
        {key: one[key] for key in ("id", "name")}
        | {"arguments": one["args"] if isinstance(one["args"], str) else json.dumps(one["args"])}
        for one in (*message.tool_calls, *message.invalid_tool_calls)
    ]
    about = message.response_metadata
    usage = message.usage_metadata and {
        "in": message.usage_metadata["input_tokens"],
        "out": message.usage_metadata["output_tokens"],
    }
    ended = (about.get("incomplete_details") or {}).get("reason") or about.get("status")
    finish = about.get("finish_reason") or FINISHES.get(ended, ended)
    choice = {"text": message.text, "finish": finish, "tool_calls": calls}
    choice["refusal"] = message.additional_kwargs.get("refusal")
    return {"choices": [choice], "usage": usage, "request_id": (about.get("headers") or {}).get("x-request-id")}


def describe(error: Exception) -> dict[str, Any]:
    """Describe what LangChain raised: mostly the SDK's own exceptions."""
    fields = described(error)
    if isinstance(error, OpenAIRefusalError):
        fields["kind"] = "refusal"
    elif isinstance(error, OutputParserException):
        fields["kind"] = "protocol"
    return fields


async def call(model: Any, run: Run) -> dict[str, Any]:
    """Make the call of a run."""
    return await CALLS[run.op](model, run)


INTRODUCTION = introduced(
    "langchain-openai",
    "langchain-openai",
    "https://github.com/langchain-ai/langchain",
    client={"http": http_version()},
    ops=list(CALLS),
    can=["cancel", "parallel", "timeout", "retries", "tools", "reuse"],
    # It keeps the HTTP clients of all its models by itself.
    declares={"max_attempts": 3, "keepalive_s": 5},
)

if __name__ == "__main__":
    Driver(INTRODUCTION, connect, call, describe).serve()
