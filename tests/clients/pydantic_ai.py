"""Pydantic AI: an agent with a tool, structured output, a stream, usage."""

import sys

sys.path.pop(0)

import asyncio

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel


class Weather(BaseModel):
    """What the weather is like."""

    city: str
    degrees: int


model = OpenAIChatModel("gpt-4o-mini")

plain = Agent(model).run_sync("Say one two three")
assert plain.output == "One two three", plain.output
assert plain.usage.requests == 1 if not callable(plain.usage) else plain.usage().requests == 1
print("run")

agent = Agent(model)
ran: list[str] = []


@agent.tool_plain
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    ran.append(city)
    return f"It is sunny in {city}, 21 degrees."


told = agent.run_sync("What is the weather in Paris?")
assert ran == ["Paris"], ran
assert "21" in told.output, told.output
print("tools")

shaped = Agent(model, output_type=Weather).run_sync("The weather in Rome: 21 degrees")
assert shaped.output.city == "Rome", shaped.output
print("structured output")


async def streamed() -> str:
    """All of a stream."""
    async with Agent(model).run_stream("Say one two three") as result:
        return [text async for text in result.stream_text()][-1]


assert asyncio.run(streamed()) == "One two three"
print("stream")
