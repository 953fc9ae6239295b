"""Responses by the official Python SDK, unmodified, over a real socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openai
import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from openai import OpenAI

    from understudy import MockServer

WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather in a city",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


class Trip(BaseModel):
    """What is asked for."""

    city: str
    days: int


def test_a_response_and_its_text(openai_client: OpenAI) -> None:
    """`output_text` is put together by the SDK."""
    response = openai_client.responses.create(model="gpt-4o", input="Say this is a test")
    assert response.output_text == "This is a test"
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


def test_the_stream_helper_ends_with_the_response(openai_client: OpenAI) -> None:
    """Its own accumulation of the events agrees with what the last one says."""
    with openai_client.responses.stream(model="gpt-4o-mini", input="Say one two three") as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert text == final.output_text == "One two three"
    assert final.status == "completed"


def test_a_pydantic_model_is_parsed(openai_client: OpenAI) -> None:
    """Whole and as a stream."""
    response = openai_client.responses.parse(model="gpt-5.4", input="Three days in Rome", text_format=Trip)
    assert isinstance(response.output_parsed, Trip)
    with openai_client.responses.stream(model="gpt-4o", input="Three days in Rome", text_format=Trip) as stream:
        stream.until_done()
        assert isinstance(stream.get_final_response().output_parsed, Trip)


def test_a_loop_with_a_tool(openai_client: OpenAI) -> None:
    """The call's items go back with the result, thoughts included."""
    items: list[Any] = [{"role": "user", "content": "What is the weather like in Paris?"}]
    response = openai_client.responses.create(
        model="gpt-5", input=items, tools=[WEATHER], include=["reasoning.encrypted_content"], store=False
    )
    items += response.output
    calls = [item for item in response.output if item.type == "function_call"]
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Paris"}]
    items.append({"type": "function_call_output", "call_id": calls[0].call_id, "output": "sunny, 21 degrees"})
    last = openai_client.responses.create(model="gpt-5", input=items, tools=[WEATHER], store=False)
    assert "sunny, 21 degrees" in last.output_text


def test_refusals_are_the_sdks_errors(openai_client: OpenAI) -> None:
    """An unknown model is a bad request here."""
    with pytest.raises(openai.BadRequestError) as refused:
        openai_client.responses.create(model="nope", input="Hello")
    assert refused.value.code == "model_not_found"


def test_a_spent_quota_is_raised_in_the_midst_of_a_stream(mockserver: MockServer) -> None:
    """The SDK raises at the `error` event."""
    client = openai.OpenAI(api_key="sk-credits-0-test", base_url=mockserver.base_url, max_retries=0)
    with client, pytest.raises(openai.APIError, match="exceeded your current quota"):
        for _ in client.responses.create(model="gpt-4o", input="Hello", stream=True):
            pass
