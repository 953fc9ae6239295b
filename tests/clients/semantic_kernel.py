"""Semantic Kernel: chat, a stream, a plugin's function called by itself, a structured answer, embeddings."""

import sys

# This file's own name is that of the package.
sys.path.pop(0)

import asyncio
import json
from typing import Annotated

from pydantic import BaseModel
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import (
    OpenAIChatCompletion,
    OpenAIChatPromptExecutionSettings,
    OpenAITextEmbedding,
)
from semantic_kernel.contents import ChatHistory
from semantic_kernel.functions import kernel_function


class Weather(BaseModel):
    """What the weather is like."""

    city: str
    degrees: int


class WeatherPlugin:
    """Knows the weather."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @kernel_function(description="Tell the weather of a city")
    def get_weather(self, city: Annotated[str, "The city"]) -> str:
        """Tell the weather of a city."""
        self.asked.append(city)
        return f"It is sunny in {city}, 21 degrees."


def said(text: str) -> ChatHistory:
    """A conversation of one message."""
    history = ChatHistory()
    history.add_user_message(text)
    return history


async def main() -> None:
    """Try all of it."""
    service = OpenAIChatCompletion(ai_model_id="gpt-4o-mini")
    plain = OpenAIChatPromptExecutionSettings()
    answer = await service.get_chat_message_content(said("Say one two three"), plain)
    assert str(answer) == "One two three", answer
    print("chat")

    pieces = [
        str(piece) async for piece in service.get_streaming_chat_message_content(said("Say one two three"), plain)
    ]
    assert "".join(pieces) == "One two three", pieces
    assert len(pieces) > 2
    print("stream")

    kernel, plugin = Kernel(), WeatherPlugin()
    kernel.add_service(service)
    kernel.add_plugin(plugin, "weather")
    calling = OpenAIChatPromptExecutionSettings(function_choice_behavior=FunctionChoiceBehavior.Auto())
    told = await service.get_chat_message_content(said("What is the weather in Paris?"), calling, kernel=kernel)
    assert plugin.asked == ["Paris"], plugin.asked
    assert "21" in str(told), told
    print("functions that are called by themselves")

    shaped = OpenAIChatPromptExecutionSettings(response_format=Weather)
    weather = await service.get_chat_message_content(said("The weather in Rome: 21 degrees"), shaped)
    assert json.loads(str(weather))["city"] == "Rome", weather
    print("structured output")

    near, far = (await OpenAITextEmbedding(ai_model_id="text-embedding-3-small").generate_embeddings(["a", "b"]))[:2]
    assert len(near) == len(far) == 1536
    print("embeddings")


asyncio.run(main())
