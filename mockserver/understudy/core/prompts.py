"""How many tokens a prompt comes to, by the arithmetic that OpenAI's cookbook documents.

A conversation costs a few tokens of its own, each message a few around its text, and each function a
rendering of its name, descriptions and properties. For plain text the sum equals what the real API reported in every
recorded exchange; for functions it is the documented estimate.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from understudy.core.catalog import Model
from understudy.core.media import Media, Vocabulary
from understudy.core.message_parts import part_tokens
from understudy.core.serialise import encode

MESSAGE_TOKENS = 3
"""Around each message."""
ROLE_TOKENS = 1
"""The role itself: every role is one token."""
NAME_TOKENS = 1
"""Beside the tokens of a message's `name`."""

_FUNCTION_START = 7
_FUNCTION_END = 12
_PROPERTIES_START = 3
_PROPERTY = 3
_ENUM_START = -3
_ENUM_ITEM = 3


def prompt_tokens(body: Mapping[str, Any], model: Model, media: Media) -> int:
    """Tokens of the messages and tools of a validated chat body."""
    vocabulary = media.vocabulary
    count = vocabulary.count
    encoding = model.encoding
    messages: Sequence[Mapping[str, Any]] = body["messages"]
    total = model.prompt_overhead
    for message in messages:
        total += MESSAGE_TOKENS + ROLE_TOKENS
        content = message.get("content")
        if type(content) is str:
            total += count(content, encoding)
        elif content:
            total += _part_tokens(content, model, media)
        if len(message) > 2:
            total += _extra_tokens(message, vocabulary, encoding)
    tools = body.get("tools")
    if tools:
        total += function_tokens([tool["function"] for tool in tools if "function" in tool], vocabulary, encoding)
    if body.get("functions"):
        total += function_tokens(body["functions"], vocabulary, encoding)
    return total


def function_tokens(functions: Sequence[Mapping[str, Any]], vocabulary: Vocabulary, encoding: str) -> int:
    """Tokens of function definitions (cookbook, "How to count tokens with tiktoken", figures of gpt-4o)."""
    if not functions:
        return 0
    total = _FUNCTION_END
    for function in functions:
        description = (function.get("description") or "").rstrip(".")
        total += _FUNCTION_START + vocabulary.count(f"{function['name']}:{description}", encoding)
        parameters = function.get("parameters")
        properties = parameters.get("properties") if isinstance(parameters, dict) else None
        if not isinstance(properties, dict) or not properties:
            continue
        total += _PROPERTIES_START
        for name, schema in properties.items():
            total += _PROPERTY
            if not isinstance(schema, dict):
                continue
            choices = schema.get("enum")
            if isinstance(choices, list):
                total += _ENUM_START
                total += sum(_ENUM_ITEM + vocabulary.count(str(choice), encoding) for choice in choices)
            described = str(schema.get("description") or "").rstrip(".")
            total += vocabulary.count(f"{name}:{schema.get('type')}:{described}", encoding)
    return total


def prompt_sequence(body: Mapping[str, Any], model: Model, media: Media) -> list[int]:
    """The prompt token by token, to find out how much of it came before: as many as `prompt_tokens` says.

    Tools come first, as they do for the model. What is no text (a picture, the tokens around a message) stands as
    numbers that depend on it.
    """
    vocabulary, encoding = media.vocabulary, model.encoding
    sequence: list[int] = []
    if definitions := [*(body.get("tools") or ()), *(body.get("functions") or ())]:
        functions = [tool["function"] for tool in body.get("tools") or () if "function" in tool]
        size = function_tokens(functions, vocabulary, encoding)
        size += function_tokens(body.get("functions") or (), vocabulary, encoding)
        sequence += _standing_for(encode(definitions), size)
    for message in body["messages"]:
        sequence += _standing_for(message["role"].encode(), MESSAGE_TOKENS + ROLE_TOKENS)
        content = message.get("content")
        if type(content) is str:
            sequence += vocabulary.encode(content, encoding)
        elif content:
            for part in content:
                text = part.get(part["type"]) if part["type"] in ("text", "refusal") else None
                if text is not None:
                    sequence += vocabulary.encode(text, encoding)
                else:
                    sequence += _standing_for(encode(part), _part_tokens((part,), model, media))
        if len(message) > 2:
            rest = {name: value for name, value in message.items() if name not in ("role", "content")}
            sequence += _standing_for(encode(rest), _extra_tokens(message, vocabulary, encoding))
    # The places where the model begins to answer; a search model has fewer than none.
    return sequence + [0] * model.prompt_overhead


def _standing_for(what: bytes, length: int) -> list[int]:
    number = int.from_bytes(blake2b(what, digest_size=4).digest(), "big")
    return [number] * length


def _part_tokens(parts: Sequence[Mapping[str, Any]], model: Model, media: Media) -> int:
    total = 0
    for part in parts:
        kind = part.get("type")
        if kind == "text":
            total += media.vocabulary.count(part["text"], model.encoding)
        elif kind == "refusal":
            total += media.vocabulary.count(part["refusal"], model.encoding)
        elif kind in ("image_url", "file", "input_audio"):
            total += part_tokens(part, model, media)
    return total


def _extra_tokens(message: Mapping[str, Any], vocabulary: Vocabulary, encoding: str) -> int:
    total = 0
    name = message.get("name")
    if name:
        total += NAME_TOKENS + vocabulary.count(name, encoding)
    for call in message.get("tool_calls") or ():
        called = call.get("function") or call.get("custom")
        total += vocabulary.count(called["name"], encoding)
        total += vocabulary.count(called.get("arguments") or called.get("input") or "", encoding)
    return total
