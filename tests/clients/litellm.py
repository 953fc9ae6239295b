"""LiteLLM: completion, stream, tools, a JSON schema, embeddings, a picture; and its typed errors."""

import os
import sys

# This file has the library's name.
sys.path.pop(0)

import litellm

litellm.api_base = os.environ["OPENAI_BASE_URL"]
litellm.num_retries = 0
litellm.suppress_debug_info = True
HELLO = [{"role": "user", "content": "Say one two three"}]

answer = litellm.completion(model="openai/gpt-4o-mini", messages=HELLO)
assert answer.choices[0].message.content == "One two three", answer
assert answer.usage.total_tokens > 0
print("completion")

parts = [
    chunk.choices[0].delta.content or ""
    for chunk in litellm.completion(model="openai/gpt-4o-mini", messages=HELLO, stream=True)
]
assert "".join(parts) == "One two three"
print("stream")

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
asked = litellm.completion(
    model="openai/gpt-4o-mini",
    messages=[{"role": "user", "content": "What is the weather in Paris?"}],
    tools=[TOOL],
)
assert asked.choices[0].message.tool_calls[0].function.arguments == '{"city":"Paris"}', asked
print("tools")

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
shaped = litellm.completion(
    model="openai/gpt-4o-mini",
    messages=HELLO,
    response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}},
)
assert '"answer"' in shaped.choices[0].message.content
print("structured output")

assert len(litellm.embedding(model="openai/text-embedding-3-small", input=["hi"]).data[0]["embedding"]) == 1536
print("embeddings")

assert litellm.image_generation(model="openai/gpt-image-1", prompt="a kite", quality="low").data[0].b64_json
print("images")

for key, kind in (("sk-invalid-key", litellm.AuthenticationError), ("sk-credits-0-key", litellm.RateLimitError)):
    try:
        litellm.completion(model="openai/gpt-4o-mini", messages=HELLO, api_key=key)
    except kind:
        continue
    raise AssertionError(f"{key} should have been refused")
print("errors")
