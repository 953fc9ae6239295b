"""The OpenAI Agents SDK: a tool, a handoff, structured output and a stream, over chat completions and over responses."""

import sys

sys.path.pop(0)

import asyncio

import openai
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled
from pydantic import BaseModel

set_tracing_disabled(True)


class Weather(BaseModel):
    """What the weather is like."""

    city: str
    degrees: int


ran: list[str] = []


@function_tool
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    ran.append(city)
    return f"It is sunny in {city}, 21 degrees."


async def try_out(kind: type) -> None:
    """Everything once."""
    model = kind(model="gpt-4o-mini", openai_client=openai.AsyncOpenAI())
    name = kind.__name__
    plain = await Runner.run(Agent(name="Echo", model=model), "Say one two three")
    assert plain.final_output == "One two three", plain.final_output
    print(name, "run")

    ran.clear()
    told = await Runner.run(Agent(name="Weather", model=model, tools=[get_weather]), "What is the weather in Paris?")
    assert ran == ["Paris"], ran
    assert "21" in told.final_output, told.final_output
    print(name, "tools")

    shaped = await Runner.run(Agent(name="S", model=model, output_type=Weather), "The weather in Rome: 21 degrees")
    assert shaped.final_output.city == "Rome", shaped.final_output
    print(name, "structured output")

    billing = Agent(name="Billing", model=model, handoff_description="Answers questions about billing.")
    triage = Agent(name="Triage", model=model, handoffs=[billing])
    handed = await Runner.run(triage, "Please transfer me to billing, I have a question about billing.")
    assert handed.last_agent.name == "Billing", handed.last_agent.name
    print(name, "handoff")

    result = Runner.run_streamed(Agent(name="Echo", model=model), "Say one two three")
    text = ""
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            text += event.data.delta
    assert text == "One two three", text
    print(name, "stream")


for model_kind in (OpenAIChatCompletionsModel, OpenAIResponsesModel):
    asyncio.run(try_out(model_kind))
