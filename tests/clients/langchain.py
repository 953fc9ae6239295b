"""LangChain: invoke, stream, tools, structured output, batches, asynchronously; and its errors."""

import asyncio

import openai
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel


class Weather(BaseModel):
    """What the weather is like."""

    city: str
    degrees: int


@tool
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Sunny in {city}"


model = ChatOpenAI(model="gpt-4o-mini", temperature=0, seed=1)

answer = model.invoke("Say one two three")
assert answer.content == "One two three", answer.content
assert answer.usage_metadata["output_tokens"] > 0
assert answer.response_metadata["finish_reason"] == "stop"
print("invoke")

assert "".join(chunk.content for chunk in model.stream("Say one two three")) == "One two three"
print("stream")

called = model.bind_tools([get_weather]).invoke("What is the weather in Paris?")
assert called.tool_calls[0]["name"] == "get_weather"
assert called.tool_calls[0]["args"] == {"city": "Paris"}, called.tool_calls
print("tools")

found = model.with_structured_output(Weather).invoke("The weather in Rome: 21 degrees")
assert isinstance(found, Weather)
assert found.city == "Rome", found
print("structured output")

texts = [message.content for message in model.batch(["Say one", "Say two", "Say three"])]
assert texts == ["One", "Two", "Three"], texts
print("batch")


async def alike() -> str:
    """The same asynchronously."""
    parts = [chunk.content async for chunk in model.astream("Say one two three")]
    assert (await model.ainvoke("Say hello")).content == "Hello"
    return "".join(parts)


assert asyncio.run(alike()) == "One two three"
print("async")

vectors = OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)
assert len(vectors.embed_query("hello")) == 1536
print("embeddings")

try:
    ChatOpenAI(model="gpt-nope").invoke("Hi")
except openai.NotFoundError as refused:
    assert refused.code == "model_not_found"
    print("errors")
