"""Conversations and requests of `/v1/chat/completions`."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from understudy_harness.strategies.schemas import json_schemas, names

Message = dict[str, Any]
PLAIN = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini")
REASONING = ("gpt-5-mini", "o4-mini")
"""Models that think first, and refuse what steers the choice of tokens."""

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
_parts = st.lists(texts.map(lambda text: {"type": "text", "text": text}), min_size=1, max_size=3)


@st.composite
def conversations(draw: st.DrawFn, max_turns: int = 4) -> list[Message]:
    """Messages that end with the user's: instructions, turns, and calls of tools with their results."""
    messages: list[Message] = []
    if draw(st.booleans()):
        messages.append({"role": draw(st.sampled_from(("system", "developer"))), "content": draw(texts)})
    for turn in range(draw(st.integers(0, max_turns - 1))):
        messages.append({"role": "user", "content": draw(texts | _parts)})
        if draw(st.booleans()):
            messages += _called(turn, draw(names), draw(texts))
        messages.append({"role": "assistant", "content": draw(texts)})
    messages.append({"role": "user", "content": draw(texts | _parts)})
    return messages


def _called(turn: int, name: str, result: str) -> list[Message]:
    call = {"id": f"call_{turn}", "type": "function", "function": {"name": name, "arguments": json.dumps({"a": 1})}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": result},
    ]


def _tools() -> st.SearchStrategy[list[dict[str, Any]]]:
    function = st.fixed_dictionaries(
        {"name": names, "parameters": json_schemas(1)}, optional={"description": texts, "strict": st.booleans()}
    )
    return st.lists(
        function.map(lambda made: {"type": "function", "function": made}),
        min_size=1,
        max_size=3,
        unique_by=lambda tool: str(tool["function"]["name"]),
    )


@st.composite
def chat_requests(draw: st.DrawFn) -> dict[str, Any]:
    """Bodies that a default account is answered with 200."""
    reasoning = draw(st.booleans())
    body: dict[str, Any] = {
        "model": draw(st.sampled_from(REASONING if reasoning else PLAIN)),
        "messages": draw(conversations()),
    }
    common: dict[str, st.SearchStrategy[Any]] = {
        "max_completion_tokens": st.integers(1, 200),
        "user": texts,
        "service_tier": st.sampled_from(("auto", "default")),
        "n": st.integers(1, 3),
    }
    steering: dict[str, st.SearchStrategy[Any]] = {
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0.01, 1),
        "presence_penalty": st.floats(-2, 2),
        "frequency_penalty": st.floats(-2, 2),
        "seed": st.integers(-(2**63), 2**63 - 1),
        "stop": texts | st.lists(texts, min_size=1, max_size=4),
        "logprobs": st.just(True),
    }
    thinking = {"reasoning_effort": st.sampled_from(("low", "medium", "high"))}
    body |= draw(st.fixed_dictionaries({}, optional={**common, **(thinking if reasoning else steering)}))
    if "logprobs" in body and draw(st.booleans()):
        body["top_logprobs"] = draw(st.integers(0, 20))
    shape = draw(st.sampled_from(("free", "free", "tools", "schema", "object")))
    if shape == "tools":
        body["tools"] = draw(_tools())
        for tool in body["tools"]:
            # Parameters that are not strict may be anything; strict ones are: see json_schemas.
            tool["function"].setdefault("strict", False)
        first = {"type": "function", "function": {"name": body["tools"][0]["function"]["name"]}}
        body |= draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "tool_choice": st.sampled_from(("auto", "none", "required")) | st.just(first),
                    "parallel_tool_calls": st.booleans(),
                },
            )
        )
    elif shape == "schema":
        named = {"name": draw(names), "schema": draw(json_schemas()), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif shape == "object":
        body["response_format"] = {"type": "json_object"}
        body["messages"] = [*body["messages"], {"role": "user", "content": "Answer in JSON."}]
    if draw(st.booleans()):
        body["stream"] = True
        if draw(st.booleans()):
            body["stream_options"] = {"include_usage": draw(st.booleans())}
    return body


_DEFECTS: tuple[dict[str, Any], ...] = (
    {"temperature": 9},
    {"temperature": "warm"},
    {"n": 0},
    {"max_completion_tokens": 0},
    {"max_completion_tokens": 10**9},
    {"top_logprobs": 21},
    {"presence_penalty": -3},
    {"messages": []},
    {"messages": "Hello"},
    {"messages": [{"role": "nobody", "content": "Hello"}]},
    {"messages": [{"role": "user", "content": None}]},
    {"messages": [{"role": "tool", "tool_call_id": "call_1", "content": "alone"}]},
    {"tools": []},
    {"tools": [{"type": "function"}]},
    {"tool_choice": "auto"},
    {"response_format": {"type": "json_schema"}},
    {"stream_options": {"include_usage": True}},
    {"metadata": {"a": 1}},
    {"stop": ["a", "b", "c", "d", "e"]},
    {"no_such_parameter": 1},
    {"seed": 0.5},
)


@st.composite
def invalid_chat_requests(draw: st.DrawFn) -> dict[str, Any]:
    """Bodies with exactly one thing wrong, that are answered with 400."""
    body: dict[str, Any] = {"model": draw(st.sampled_from(PLAIN)), "messages": draw(conversations(2))}
    defect = draw(st.sampled_from(_DEFECTS))
    return {**body, **defect}
