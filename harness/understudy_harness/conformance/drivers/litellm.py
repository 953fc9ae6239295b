"""Driver for LiteLLM as a library: its asynchronous functions with the provider `openai`.

python -m understudy_harness.conformance.drivers.litellm
"""

import base64
import io
import os
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # its prices would be fetched from the network

import litellm

from understudy_harness.conformance.drivers.lines import Driver, Run, introduced, sha256
from understudy_harness.conformance.drivers.openai_errors import described, http_version
from understudy_harness.conformance.drivers.openai_python import counted, take, whole
from understudy_harness.conformance.drivers.openai_python_media import ResponseFailed, pictures, read_response


def connect(run: Run) -> dict[str, Any]:
    """What every call is given: LiteLLM keeps its clients by itself."""
    if run.options.get("debug_log"):
        litellm._turn_on_debug()  # the documented way
    settings = run.settings(retries="num_retries", timeout_s="timeout", organization="organization")
    return {**settings, "api_base": run.base_url, "api_key": run.api_key}


def asked(run: Run) -> dict[str, Any]:
    """The input, with the provider before the model's name."""
    return {**run.input, "model": f"openai/{run.input['model']}"}


async def chat(settings: Any, run: Run) -> dict[str, Any]:
    """One chat completion, whole."""
    return whole(await litellm.acompletion(**asked(run), **settings))


async def stream(settings: Any, run: Run) -> dict[str, Any]:
    """One chat completion, streamed; its tool calls are put together by LiteLLM's own helper."""
    usage = None
    chunks = []
    async for chunk in await litellm.acompletion(**asked(run), **settings, stream=True):
        take(run, chunk)
        usage = counted(chunk) or usage
        chunks.append(chunk)
    if run.input.get("tools"):
        return whole(litellm.stream_chunk_builder(chunks, messages=run.input["messages"]))
    return {**run.seen(), "usage": usage}


async def responses(settings: Any, run: Run) -> dict[str, Any]:
    """A response, streamed."""
    return await read_response(run, await litellm.aresponses(**asked(run), **settings, stream=True))


async def image(settings: Any, run: Run) -> dict[str, Any]:
    """Pictures from a prompt."""
    return pictures(await litellm.aimage_generation(**asked(run), **settings))


async def image_edit(settings: Any, run: Run) -> dict[str, Any]:
    """A picture from others."""
    files = []
    for one in run.input["images"]:
        files.append(io.BytesIO(base64.b64decode(one["content"])))
        files[-1].name = one["name"]
    named = {"model": f"openai/{run.input['model']}", "prompt": run.input["prompt"]}
    return pictures(await litellm.aimage_edit(**named, image=files, **settings))


async def embed(settings: Any, run: Run) -> dict[str, Any]:
    """Vectors."""
    answer = await litellm.aembedding(**asked(run), **settings)
    return {"vectors": [one["embedding"] for one in answer.data]}


async def speech(settings: Any, run: Run) -> dict[str, Any]:
    """Sound from words."""
    return {"bytes_sha256": sha256((await litellm.aspeech(**asked(run), **settings)).content)}


CALLS = {
    "chat": chat,
    "stream": stream,
    "responses": responses,
    "image": image,
    "image.edit": image_edit,
    "embed": embed,
    "speech": speech,
}


def describe(error: Exception) -> dict[str, Any]:
    """Describe what LiteLLM raised: classes of its own below those of the SDK."""
    if isinstance(error, ResponseFailed):
        return error.described()
    fields = described(error)
    if isinstance(error, litellm.ContentPolicyViolationError):
        fields["kind"] = "content_filter"
    return fields


async def call(settings: Any, run: Run) -> dict[str, Any]:
    """Make the call of a run."""
    return await CALLS[run.op](settings, run)


INTRODUCTION = introduced(
    "litellm",
    "litellm",
    "https://github.com/BerriAI/litellm",
    client={"http": http_version()},
    ops=list(CALLS),
    can=["cancel", "parallel", "timeout", "retries", "tools", "n", "logs", "reuse"],
    declares={"max_attempts": 3, "keepalive_s": 5},
)

if __name__ == "__main__":
    Driver(INTRODUCTION, connect, call, describe).serve()
