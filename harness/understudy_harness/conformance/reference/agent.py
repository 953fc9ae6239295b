"""The operations `agent` and `parse` of the reference client."""

from collections.abc import Mapping
from typing import Any

from understudy_harness.conformance.reference.client import CallFailed, ReferenceClient
from understudy_harness.conformance.reference.object_reader import NoObject
from understudy_harness.conformance.reference.tool_loop import LoopBroken


async def agent(client: ReferenceClient, input: Mapping[str, Any]) -> dict[str, Any]:
    """Run tools until the model has answered.

    Raises:
        CallFailed: it never did; what was run is in it.
    """
    loop = client.new_loop(client.stream if input.get("stream") else client.chat)
    try:
        return await loop.run(input)
    except LoopBroken as broken:
        failed = CallFailed(broken.kind, str(broken))
        failed.choices, failed.ran = broken.choices, loop.ran
        raise failed from None
    except CallFailed as failed:
        failed.ran = loop.ran
        raise


async def parse(client: ReferenceClient, input: Mapping[str, Any]) -> dict[str, Any]:
    """One chat completion in a form that is asked for, as an object.

    Raises:
        CallFailed: there is none; the answer is in it.
    """
    schema = {"name": input["name"], "schema": input["schema"], "strict": True}
    asked = {key: value for key, value in input.items() if key not in ("name", "schema")}
    answer = await client.chat({**asked, "response_format": {"type": "json_schema", "json_schema": schema}})
    try:
        return {**answer, "parsed": client.new_object_reader().read(answer["choices"][0])}
    except NoObject as problem:
        failed = CallFailed(problem.kind, str(problem))
        failed.choices = answer["choices"]
        raise failed from None
