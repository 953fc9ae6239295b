"""openai-python 0.28: completions by engine, chat, streams, pictures, embeddings, its errors."""

import io
import os
import struct
import zlib

import openai

openai.api_base = os.environ["OPENAI_BASE_URL"]
openai.api_key = os.environ["OPENAI_API_KEY"]
HELLO = [{"role": "user", "content": "Say one two three"}]

assert (
    openai.Completion.create(engine="text-davinci-003", prompt="Once upon a time", max_tokens=9).usage.completion_tokens
    == 9
)
print("completions by engine")

assert openai.ChatCompletion.create(model="gpt-4o-mini", messages=HELLO).choices[0].message.content == "One two three"
parts = openai.ChatCompletion.create(model="gpt-4o-mini", messages=HELLO, stream=True)
assert "".join(part.choices[0].delta.get("content", "") for part in parts) == "One two three"
print("chat and streams")


assert len(openai.Embedding.create(engine="text-embedding-ada-002", input="hi").data[0].embedding) == 1536
print("embeddings by engine")

rows = b"".join(b"\0" + b"\x20\x40\x80\x00" * 256 for _ in range(256))


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PICTURE = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 256, 256, 8, 6, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(rows))
    + chunk(b"IEND", b"")
)
assert len(openai.Image.create(prompt="a cat", n=2, size="256x256").data) == 2
edited = openai.Image.create_edit(
    image=io.BytesIO(PICTURE), prompt="a kite", size="256x256", response_format="b64_json"
)
assert edited.data[0].b64_json
assert openai.Image.create_variation(image=io.BytesIO(PICTURE), size="256x256").data[0].url
print("pictures")

for request, error in (
    ({"model": "gpt-nope"}, openai.error.InvalidRequestError),
    ({"model": "gpt-4o-mini", "api_key": "sk-invalid-key"}, openai.error.AuthenticationError),
    ({"model": "gpt-4o-mini", "api_key": "sk-credits-0-key"}, openai.error.RateLimitError),
):
    try:
        openai.ChatCompletion.create(messages=HELLO, **request)
    except error:
        continue
    raise AssertionError(f"{request} should have been refused")
print("errors")
