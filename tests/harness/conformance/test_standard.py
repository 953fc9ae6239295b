import json

import pytest

from understudy.core.faults import FaultScript
from understudy.core.messages import Request
from understudy_harness.conformance.standard import Canary, standard_answers

CANARY = Canary("sk-canary-1", "canary-1234")


def answer(operation: str):
    """The standard answer to an operation, as a server would send it."""
    script = FaultScript.parse({"answer": "ok"}, standard_answers(CANARY, operation, 1_700_000_000))
    fault = script.next(Request("POST", "/v1/chat/completions", {}), "", "", 0)
    assert fault is not None
    return fault.answer(0)


def test_no_two_runs_have_the_same_canary() -> None:
    """Neither key nor word."""
    one, other = Canary.new(), Canary.new()
    assert one.key != other.key
    assert one.word != other.word
    assert one.word in one.text


def test_the_standard_answer_has_the_layout_of_a_real_one() -> None:
    """Indented by two, a final newline, letters outside ASCII as they are; usage 9 and 5."""
    given = answer("chat")
    assert (given.status, given.content_type) == (200, b"application/json")
    assert given.body.startswith(b'{\n  "id": "chatcmpl-')
    assert given.body.endswith(b"}\n")
    assert "Hello, 世界 🌍 canary-1234".encode() in given.body
    completion = json.loads(given.body)
    assert list(completion) == [
        "id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint",
    ]  # fmt: skip
    assert completion["choices"][0]["finish_reason"] == "stop"
    assert (completion["usage"]["prompt_tokens"], completion["usage"]["completion_tokens"]) == (9, 5)


def test_a_streamed_standard_answer_says_the_same() -> None:
    """Event by event, ending in [DONE]."""
    given = answer("stream")
    assert given.content_type == b"text/event-stream; charset=utf-8"
    *events, done, rest = given.body.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == CANARY.text
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 5 + ["stop"]


@pytest.mark.parametrize(("operation", "name"), [("chat", "ChatCompletion"), ("stream", "ChatCompletionChunk")])
def test_the_official_types_accept_it(operation: str, name: str) -> None:
    """In strict mode, with nothing converted."""
    chat = pytest.importorskip("openai.types.chat")
    body = answer(operation).body.decode()
    parts = [body] if operation == "chat" else [part.removeprefix("data: ") for part in body.split("\n\n")[:-2]]
    for part in parts:
        getattr(chat, name).model_validate_json(part, strict=True)
