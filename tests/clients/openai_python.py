"""openai-python from 1.0 on: chat, streams, tools, pictures, a picture in a message, retries, its typed errors."""

import base64
import json

import openai

client = openai.OpenAI(max_retries=0)
HELLO = [{"role": "user", "content": "Say one two three"}]
CHAT = {"model": "gpt-4o-mini", "messages": HELLO}

answer = client.chat.completions.create(**CHAT)
assert answer.choices[0].message.content == "One two three"
assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
print("chat")

assert (
    "".join(part.choices[0].delta.content or "" for part in client.chat.completions.create(**CHAT, stream=True))
    == "One two three"
)
print("stream")

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
asked = [{"role": "user", "content": "What is the weather in Paris and in Rome?"}]
message = client.chat.completions.create(model="gpt-4o-mini", messages=asked, tools=[TOOL]).choices[0].message
assert [json.loads(call.function.arguments)["city"] for call in message.tool_calls] == ["Paris", "Rome"]
results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny, 21 degrees"} for call in message.tool_calls]
told = client.chat.completions.create(model="gpt-4o-mini", messages=[*asked, message, *results], tools=[TOOL])
assert "21" in told.choices[0].message.content
print("parallel tools and their results")

picture = client.images.generate(model="gpt-image-1-mini", prompt="a kite", quality="low")
data = picture.data[0].b64_json
assert base64.b64decode(data).startswith(b"\x89PNG")
seen = client.chat.completions.create(
    model="gpt-4o",
    messages=[
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
            ],
        }
    ],
)
assert seen.usage.prompt_tokens > 700
print("pictures, also in messages")

several = client.chat.completions.create(**CHAT, n=3)
assert [choice.index for choice in several.choices] == [0, 1, 2]
print("several choices")

long = [{"role": "system", "content": "Be kind. " * 800}, *HELLO]
first, second = (client.chat.completions.create(model="gpt-4o-mini", messages=long).usage for _ in range(2))
details = getattr(second, "prompt_tokens_details", None)
if details is not None:
    cached = details["cached_tokens"] if isinstance(details, dict) else details.cached_tokens
    assert cached >= 1_024, cached
    print("prompt caching")

for options, body, error in (
    ({}, {"model": "gpt-nope"}, openai.NotFoundError),
    ({"api_key": "sk-invalid-key"}, {}, openai.AuthenticationError),
    ({"api_key": "sk-credits-0-key"}, {}, openai.RateLimitError),
    ({}, {"max_tokens": -1}, openai.BadRequestError),
):
    try:
        openai.OpenAI(max_retries=0, **options).chat.completions.create(**{**CHAT, **body})
    except error as refused:
        assert refused.status_code >= 400
        continue
    raise AssertionError(f"{options} {body} should have been refused")
print("typed errors")

limited = openai.OpenAI(api_key="sk-free-limited", max_retries=0)
refused = None
for _ in range(5):
    try:
        limited.chat.completions.create(**CHAT)
    except openai.RateLimitError as error:
        refused = error
assert refused is not None
assert int(refused.response.headers["retry-after"]) > 0
print("rate limits")
