"""Legacy completions and embeddings by the official Python SDK, unmodified, over a real socket."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import openai
import pytest

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


def test_a_prompt_goes_on(openai_client: OpenAI) -> None:
    """With its usage; the text stands where old programs look for it."""
    completion = openai_client.completions.create(
        model="gpt-3.5-turbo-instruct", prompt="Say this is a test", logprobs=2, temperature=0
    )
    assert completion.choices[0].text == "\n\nThis is a test"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.choices[0].logprobs is not None
    assert completion.choices[0].logprobs.text_offset == [18, 20, 24, 27, 29]
    assert completion.usage is not None
    assert completion.usage.total_tokens == 10


def test_several_prompts_stream(openai_client: OpenAI) -> None:
    """Piece by piece, told apart by index, with the usage at the end."""
    texts = ["", ""]
    usage = None
    for chunk in openai_client.completions.create(
        model="gpt-3.5-turbo-instruct",
        prompt=["Say one two", "Say three four"],
        stream=True,
        stream_options={"include_usage": True},
    ):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.text
    assert [text.lower() for text in texts] == ["\n\none two", "\n\nthree four"]
    assert usage is not None
    assert usage.prompt_tokens == 6


def test_the_asynchronous_client_streams(async_openai_client: AsyncOpenAI) -> None:
    """A base model goes on until the limit."""

    async def said(client: AsyncOpenAI) -> tuple[str, str | None]:
        chunks = await client.completions.create(model="davinci-002", prompt="Once", max_tokens=5, stream=True)
        choices = [chunk.choices[0] async for chunk in chunks]
        return "".join(choice.text for choice in choices), choices[-1].finish_reason

    text, reason = asyncio.run(said(async_openai_client))
    assert text.startswith(", ")
    assert reason == "length"


def test_refusals_are_the_sdks_exceptions(openai_client: OpenAI) -> None:
    """By status, with the words of the body."""
    with pytest.raises(openai.NotFoundError, match="This is a chat model and not supported"):
        openai_client.completions.create(model="gpt-4o", prompt="Hi")
    with pytest.raises(openai.BadRequestError, match="Please reduce your prompt; or completion length"):
        openai_client.completions.create(model="davinci", prompt="Hi", max_tokens=2_049)
    with pytest.raises(openai.PermissionDeniedError, match=r"Missing scopes: api\.delete"):
        openai_client.models.delete("gpt-4o")
    with pytest.raises(openai.BadRequestError, match="input cannot be an empty string"):
        openai_client.embeddings.create(model="text-embedding-3-small", input=[""])


def test_embeddings_are_unpacked(openai_client: OpenAI) -> None:
    """The SDK asks for base64 and gives floats: the same as those it gets when asked for floats."""
    packed = openai_client.embeddings.create(model="text-embedding-3-large", input=["near", "far"], dimensions=64)
    plain = openai_client.embeddings.create(
        model="text-embedding-3-large", input=["near", "far"], dimensions=64, encoding_format="float"
    )
    assert [entry.embedding for entry in packed.data] == [entry.embedding for entry in plain.data]
    assert all(math.isclose(math.hypot(*entry.embedding), 1, abs_tol=2e-3) for entry in packed.data)
    assert packed.usage.total_tokens == 2
