"""LlamaIndex: complete, chat, stream, a structured answer, a tool."""

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI
from pydantic import BaseModel


class Weather(BaseModel):
    """What the weather is like."""

    city: str
    degrees: int


model = OpenAI(model="gpt-4o-mini")
assert model.complete("Say one two three").text == "One two three"
print("complete")

assert "".join(part.delta or "" for part in model.stream_chat([ChatMessage("Say one two three")])) == "One two three"
print("stream")

shaped = model.as_structured_llm(Weather).complete("The weather in Rome: 21 degrees")
assert shaped.raw.city == "Rome", shaped
print("structured output")


def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Sunny in {city}"


answer = model.predict_and_call([FunctionTool.from_defaults(get_weather)], "What is the weather in Paris?")
assert str(answer) == "Sunny in Paris", answer
print("tools")
