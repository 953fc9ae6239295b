import json

import pytest

from understudy.core.messages import Request
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case_script import CaseScript, cut_by_chance

CANARY = Canary("sk-canary-1", "canary-1234")
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses"}


def answer(form: str, name: str = "ok", operation: str = "chat", **answers):
    """An answer as a server would send it to a request that asks for a form."""
    script = CaseScript("made", [{"answer": name}], operation, answers, CANARY, 1_700_000_000)
    request = Request("POST", PATHS[form.removesuffix(".stream")], {})
    request.body = b'{"stream": true}' if form.endswith(".stream") else b"{}"
    fault = script.next(request, "", "", 0)
    assert fault is not None
    return fault.answer(0)


def events(given) -> list[dict]:
    """The JSON of each event, without [DONE]."""
    lines = [line for line in given.body.decode().split("\n") if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


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
    given = answer("chat.stream")
    assert given.content_type == b"text/event-stream; charset=utf-8"
    *events, done, rest = given.body.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == CANARY.text
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 5 + ["stop"]


@pytest.mark.parametrize(("form", "name"), [("chat", "ChatCompletion"), ("chat.stream", "ChatCompletionChunk")])
@pytest.mark.parametrize("said", ["ok", "tools", "refused"])
def test_the_official_types_accept_it(form: str, name: str, said: str) -> None:
    """In strict mode, with nothing converted; calls, refusals and several choices, too."""
    chat = pytest.importorskip("openai.types.chat")
    given = answer(form, said, **ANSWERS)
    for part in [json.loads(given.body)] if form == "chat" else events(given):
        getattr(chat, name).model_validate_json(json.dumps(part), strict=True)


ANSWERS = {
    "tools": {"tool_calls": [{"name": "get_time", "arguments": '{"city": "Kyōto"}'}], "finish": "tool_calls"},
    "refused": {"choices": [{"refusal": "I will not say {canary}."}, {"text": "One {canary} two"}], "usage": [3, 4]},
}


def test_one_truth_is_the_same_in_all_four_forms() -> None:
    """Texts and arguments, whole or in pieces, with the run's word in its place; a response has usage of its own words."""
    whole = json.loads(answer("chat", "tools", **ANSWERS).body)
    call = whole["choices"][0]["message"]["tool_calls"][0]
    streamed = [piece for each in events(answer("chat.stream", "tools", **ANSWERS)) for piece in calls_of(each)]
    assert "".join(piece["function"]["arguments"] for piece in streamed) == call["function"]["arguments"]
    assert streamed[0]["id"] == call["id"]
    response = json.loads(answer("responses", "tools", **ANSWERS).body)
    assert response["output"][0]["arguments"] == call["function"]["arguments"]
    said = events(answer("responses.stream", "ok"))
    assert [each["sequence_number"] for each in said] == list(range(len(said)))
    text = "".join(each["delta"] for each in said if each["type"] == "response.output_text.delta")
    assert text == said[-1]["response"]["output"][0]["content"][0]["text"] == CANARY.text
    assert said[-1]["response"]["usage"]["input_tokens"] == 9


def calls_of(chunk: dict) -> list[dict]:
    return [piece for choice in chunk["choices"] for piece in choice["delta"].get("tool_calls", ())]


@pytest.mark.parametrize("said", ["ok", "tools", "refused"])
def test_the_official_types_accept_the_events_of_a_response(said: str) -> None:
    """Each is one of the SDK's kinds."""
    responses = pytest.importorskip("openai.types.responses")
    pydantic = pytest.importorskip("pydantic")
    adapter = pydantic.TypeAdapter(responses.ResponseStreamEvent)
    for event in events(answer("responses.stream", said, **ANSWERS)):
        read = adapter.validate_python(event)
        assert read.type == event["type"]


def test_the_pieces_of_calls_may_take_turns() -> None:
    """Each keeps its index and its order."""
    calls = [{"name": "a", "arguments": "123", "pieces": ["1", "23"]}, {"name": "b", "arguments": "4", "pieces": ["4"]}]
    given = answer("chat.stream", "turns", turns={"tool_calls": calls, "interleaved": True, "finish": "tool_calls"})
    pieces = [piece for each in events(given) for piece in calls_of(each)]
    assert [(piece["index"], piece["function"]["arguments"]) for piece in pieces] == [
        (0, ""), (1, ""), (0, "1"), (1, "4"), (0, "23"),
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["chat", "chat.stream"])
def test_arguments_may_be_sent_as_the_object_itself(form: str) -> None:
    """Which the API never does, but some servers do."""
    given = answer(form, "object", object={"tool_calls": [{"name": "a", "arguments": {"city": "Oslo"}}]})
    told = (
        [json.loads(given.body)["choices"][0]["message"]]
        if form == "chat"
        else [each["choices"][0]["delta"] for each in events(given)]
    )
    sent = [call["function"]["arguments"] for each in told for call in each.get("tool_calls", ())]
    assert sent[-1] == {"city": "Oslo"}


def test_the_form_follows_the_request_and_every_request_counts_once() -> None:
    """A client that streams and one that does not meet the same steps."""
    steps = [{"on": 1, "status": 500, "error": {"message": "no"}}, {"on": "2..", "answer": "ok"}]
    script = CaseScript("made", steps, "stream", {}, CANARY)
    request = Request("POST", "/v1/chat/completions", {})
    request.body = b'{"stream": true}'
    assert script.next(request, "", "", 0).answer(0).status == 500
    request.body = b"{}"
    assert script.next(request, "", "", 0).answer(0).content_type == b"application/json"
    assert script.covers_every_call


def test_a_seed_makes_the_same_canaries_again() -> None:
    """One for each place; another seed makes others."""
    one = Canary.of(7, "1.1", "", 1, 1)
    assert one == Canary.of(7, "1.1", "", 1, 1)
    assert len({one, Canary.of(7, "1.1", "", 2, 1), Canary.of(7, "1.1", "", 1, 2), Canary.of(8, "1.1", "", 1, 1)}) == 4
    assert (one.key[:10], one.word[:7], len(one.key), len(one.word)) == ("sk-canary-", "canary-", 42, 15)


def test_segments_by_chance_are_the_same_in_each_run_and_others_for_each_call() -> None:
    """What was seen once can be seen again."""
    serve = [{"answer": "ok", "segments": "by chance"}, {"answer": "ok", "segments": [3]}]
    first, again, other = (cut_by_chance(serve, seed) for seed in ("15.4 1", "15.4 1", "15.4 2"))
    assert first == again != other
    assert set(first[0]["segments"]) <= set(range(1, 41))
    assert first[1]["segments"] == [3]


def test_the_events_of_a_stream_come_in_the_order_that_an_answer_asks_for() -> None:
    """By choices; what the order does not say follows, each choice to its end."""
    two = {"choices": [{"text": "a", "pieces": ["a"]}, {"text": "b", "pieces": ["b"]}], "order": [1, 0, 1]}
    told = [event["choices"][0] for event in events(answer("chat.stream", "two", two=two))]
    assert [choice["index"] for choice in told] == [1, 0, 1, 0, 0, 1]
    assert [choice["finish_reason"] for choice in told] == [None, None, None, None, "stop", "stop"]
    assert [choice["delta"].get("content") for choice in told] == ["", "", "b", "a", None, None]


def test_the_pieces_of_tool_calls_come_in_the_order_that_an_answer_asks_for() -> None:
    """By calls; the order within each is kept."""
    made = [{"name": "get_time", "arguments": "{}", "pieces": ["{", "}"]} for _ in range(2)]
    given = answer("chat.stream", "calls", calls={"tool_calls": made, "order": [0, 1, 1, 0]})
    pieces = [piece for event in events(given) for piece in event["choices"][0]["delta"].get("tool_calls", ())]
    assert [piece["index"] for piece in pieces] == [0, 1, 1, 0, 0, 1]
    assert [piece["function"]["arguments"] for piece in pieces] == ["", "", "{", "{", "}", "}"]
