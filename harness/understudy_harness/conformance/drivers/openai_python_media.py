"""The calls of the driver for the official Python SDK beside chat: responses, pictures, vectors, sound, lists."""

import base64
import math
from collections.abc import Awaitable, Callable
from typing import Any

from understudy_harness.conformance.drivers.lines import Run, each, settled, sha256
from understudy_harness.conformance.drivers.openai_errors import kind_of_code

Result = dict[str, Any]
FINISHES = {"completed": "stop", "max_output_tokens": "length"}
"""Of a response: what it ended with, in the words of chat completions."""


class ResponseFailed(Exception):
    """The stream told of a failure, in `response.failed` or in `error`; the SDK hands both on as events."""

    def __init__(self, error: Any) -> None:
        super().__init__(getattr(error, "message", None) or "response.failed")
        self.code = getattr(error, "code", None)

    def described(self) -> Result:
        """In the words of the protocol."""
        kind = kind_of_code(self.code, "server")
        return {"kind": kind, "code": self.code, "message": str(self), "type": type(self).__name__}


async def responses(client: Any, run: Run) -> Result:
    """A response, streamed."""
    stream = await settled(client.responses.create(**run.input, stream=True))
    return {**await read_response(run, stream), "request_id": stream.response.headers.get("x-request-id")}


async def read_response(run: Run, events: Any) -> Result:
    """Read a response's events to their end."""
    usage = None
    async for event in each(events):
        if event.type == "response.output_text.delta":
            run.delta(event.delta)
        elif event.type == "response.refusal.done":
            run.delta("")
            run.choices[0]["refusal"] = event.refusal
        elif event.type == "response.failed":
            raise ResponseFailed(event.response.error)
        elif event.type == "error":
            raise ResponseFailed(getattr(event, "error", None) or event)
        elif event.type in ("response.completed", "response.incomplete"):
            details = event.response.incomplete_details
            reason = event.response.status if details is None else details.reason
            run.finish(FINISHES.get(reason, reason))
            counts = event.response.usage
            usage = counts and {"in": counts.input_tokens, "out": counts.output_tokens}
    return {**run.seen(), "usage": usage}


async def image(client: Any, run: Run) -> Result:
    """Pictures from a prompt."""
    return pictures(await settled(client.images.generate(**run.input)))


async def image_stream(client: Any, run: Run) -> Result:
    """A picture from a prompt, with its partial ones."""
    final = []
    async for event in each(await settled(client.images.generate(**run.input, stream=True))):
        data = base64.b64decode(event.b64_json)
        if event.type == "image_generation.partial_image":
            run.picture(data, event.partial_image_index)
        elif event.type == "image_generation.completed":
            final.append({"sha256": sha256(data)})
    return {"pictures": final}


async def image_edit(client: Any, run: Run) -> Result:
    """A picture from others."""
    uploads = run.input["images"]
    files = [(one["name"], base64.b64decode(one["content"]), one.get("type", "image/png")) for one in uploads]
    named = {"model": run.input["model"], "prompt": run.input["prompt"]}
    return pictures(await settled(client.images.edit(**named, image=files)))


async def embed(client: Any, run: Run) -> Result:
    """Vectors."""
    answer = await settled(client.embeddings.create(**run.input))
    return {"vectors": [numbers(one.embedding) for one in answer.data], "usage": {"in": answer.usage.prompt_tokens}}


def numbers(vector: Any) -> list[float | None]:
    """A vector as JSON can have it, whatever was made of it."""
    return [number if math.isfinite(number) else None for number in vector]


async def speech(client: Any, run: Run) -> Result:
    """Sound from words."""
    answer = await settled(client.audio.speech.create(**run.input))
    return {"bytes_sha256": sha256(answer.content)}


async def list_all(client: Any, run: Run) -> Result:
    """Every object of a list."""
    pages = getattr(client, run.input["resource"]).list(limit=run.input["limit"])
    return {"items": [one.id async for one in each(pages)]}


def pictures(answer: Any) -> Result:
    """The pictures of an answer, each as its bytes or where it is."""
    pictures = [
        {"url": one.url} if one.b64_json is None else {"sha256": sha256(base64.b64decode(one.b64_json))}
        for one in answer.data
    ]
    return {"pictures": pictures, "request_id": getattr(answer, "_request_id", None)}


CALLS: dict[str, Callable[[Any, Run], Awaitable[Result]]] = {
    "responses": responses,
    "image": image,
    "image.stream": image_stream,
    "image.edit": image_edit,
    "embed": embed,
    "speech": speech,
    "list": list_all,
}
