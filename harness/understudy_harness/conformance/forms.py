"""The forms in which a truth goes over the wire, each in the layout of the real API, for the fault language.

Which form an answer has follows from the request, as with the real server: its path and its `stream`. So one case
serves a client that streams and one that does not, one over chat completions and one over responses.
"""

from collections.abc import Callable, Mapping
from itertools import zip_longest

from understudy.core.ids import chat_completion, hexadecimal, named
from understudy.core.messages import Request
from understudy.core.serialise import encode, pretty
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.form_tables import EVENTS, Table, whole
from understudy_harness.conformance.forms_media import MEDIA_FORMS, MEDIA_PATHS, variant
from understudy_harness.conformance.truth import CallTruth, ChoiceTruth, Truth, in_order, thirds

MODEL = "gpt-4o-mini"
SNAPSHOT = "gpt-4o-mini-2024-07-18"


def form_of(request: Request, default: str) -> str:
    """The form that a request asks for: a key of `FORMS`.

    Args:
        request: of the client under test.
        default: of a path that has no form of its own.
    """
    for path, form in _PATHS:
        if request.path.endswith(path):
            asked = f"{form}.{variant(request)}"
            return asked if asked in FORMS else form
    return default


def kin(form: str) -> list[str]:
    """The forms that requests of one run may ask for, given one of them: all that are about the same."""
    return [each for each in FORMS if _family(each) == _family(form)]


def _family(form: str) -> str:
    name = form.partition(".")[0]
    return "chat" if name == "responses" else name


def _head(canary: Canary, kind: str, created: int) -> Table:
    return {"id": chat_completion(canary.word.encode()), "object": kind, "created": created, "model": SNAPSHOT}


def _tail(canary: Canary) -> Table:
    return {"service_tier": "default", "system_fingerprint": "fp_" + hexadecimal(canary.word.encode(), 10)}


def _usage(usage: tuple[int, int]) -> Table:
    return {
        "prompt_tokens": usage[0],
        "completion_tokens": usage[1],
        "total_tokens": sum(usage),
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _call_id(call: CallTruth, number: int, canary: Canary) -> str:
    return call.id or "call_" + hexadecimal(f"{canary.word} {number}".encode(), 24)


def chat(truth: Truth, canary: Canary, created: int) -> Table:
    """A chat completion in one piece, indented by two, ending in a newline (recorded traffic, 2023-2026)."""
    completion: Table = {
        **_head(canary, "chat.completion", created),
        "choices": [_choice(choice, index, canary) for index, choice in enumerate(truth.choices)],
        **({} if truth.usage is None else {"usage": _usage(truth.usage)}),
        **_tail(canary),
    }
    return whole(pretty(completion) + b"\n")


def _choice(choice: ChoiceTruth, index: int, canary: Canary) -> Table:
    message: Table = {"role": "assistant", "content": choice.text}
    if choice.tool_calls:
        message["tool_calls"] = [
            {
                "id": _call_id(call, number, canary),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for number, call in enumerate(choice.tool_calls)
        ]
    message |= {"refusal": choice.refusal, "annotations": []}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": choice.finish}


def chat_stream(truth: Truth, canary: Canary, created: int) -> Table:
    """The same as events: compact, an empty line after each, `[DONE]` last; usage is not told."""

    def event(index: int, delta: Table, finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return encode({**_head(canary, "chat.completion.chunk", created), **_tail(canary), "choices": [choice]})

    several = [_deltas(choice, canary) for choice in truth.choices]
    events: list[bytes] = []
    if truth.order:
        ended = [[*deltas, None] for deltas in several]
        for index, delta in in_order(ended, truth.order):
            events.append(event(index, delta or {}, None if delta is not None else truth.choices[index].finish))
    else:
        # The choices take turns, as they do where several are made at once.
        for turn in range(max(map(len, several))):
            events += [event(index, deltas[turn]) for index, deltas in enumerate(several) if turn < len(deltas)]
        events += [event(index, {}, choice.finish) for index, choice in enumerate(truth.choices)]
    return whole(b"".join(b"data: " + each + b"\n\n" for each in (*events, b"[DONE]")), EVENTS)


def _deltas(choice: ChoiceTruth, canary: Canary) -> list[Table]:
    silent = choice.text is None
    deltas: list[Table] = [{"role": "assistant", "content": None if silent else "", "refusal": None}]
    deltas += [{"content": piece} for piece in choice.cut]
    if choice.refusal is not None:
        deltas += [{"refusal": piece} for piece in thirds(choice.refusal)]
    several = [_call_deltas(call, index, canary) for index, call in enumerate(choice.tool_calls)]
    if choice.order:
        return deltas + [delta for _, delta in in_order(several, choice.order)]
    if choice.interleaved:
        return deltas + [delta for turn in zip_longest(*several) for delta in turn if delta is not None]
    return deltas + [delta for each in several for delta in each]


def _call_deltas(call: CallTruth, index: int, canary: Canary) -> list[Table]:
    named_: Table = {"name": call.name, "arguments": ""}
    return [
        _piece(index, {"id": _call_id(call, index, canary), "type": "function", "function": named_}),
        *(_piece(index, {"function": {"arguments": piece}}) for piece in call.cut),
    ]


def _piece(index: int, fields: Table) -> Table:
    return {"tool_calls": [{"index": index, **fields}]}


def responses(truth: Truth, canary: Canary, created: int) -> Table:
    """A response in one piece; of a truth its first choice."""
    return whole(pretty(_response(truth, canary, created, done=True)) + b"\n")


def responses_stream(truth: Truth, canary: Canary, created: int) -> Table:
    """A response as events, numbered from 0, each with its name (OpenAPI document, responses streaming)."""
    events = _response_events(truth, canary, created)
    lines = [
        b"event: %b\ndata: %b\n\n" % (event["type"].encode(), encode({**event, "sequence_number": number}))
        for number, event in enumerate(events)
    ]
    return whole(b"".join(lines), EVENTS)


def _response(truth: Truth, canary: Canary, created: int, *, done: bool) -> Table:
    """Status and reasons follow the first choice's finish."""
    choice = truth.choices[0]
    cut_short = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(choice.finish)
    status = "in_progress" if not done else "incomplete" if cut_short else "completed"
    usage = None
    if done and truth.usage is not None:
        usage = {
            "input_tokens": truth.usage[0],
            "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": truth.usage[1],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(truth.usage),
        }
    return {
        "id": "resp_" + named("resp", canary.word, 48),
        "object": "response",
        "created_at": created,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": cut_short} if done and cut_short else None,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": SNAPSHOT,
        "output": [item for item, _ in _items(choice, canary)] if done else [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage,
        "user": None,
        "metadata": {},
    }


def _items(choice: ChoiceTruth, canary: Canary) -> list[tuple[Table, ChoiceTruth | CallTruth]]:
    """The output items, whole, each with what it comes from."""
    items: list[tuple[Table, ChoiceTruth | CallTruth]] = []
    if choice.text is not None or choice.refusal is not None:
        content: Table = {"type": "output_text", "annotations": [], "logprobs": [], "text": choice.text}
        if choice.refusal is not None:
            content = {"type": "refusal", "refusal": choice.refusal}
        short = choice.finish in ("length", "content_filter")
        message: Table = {"id": "msg_" + named("msg", canary.word, 48), "type": "message"}
        message |= {"status": "incomplete" if short else "completed", "content": [content], "role": "assistant"}
        items.append((message, choice))
    for number, call in enumerate(choice.tool_calls):
        id = _call_id(call, number, canary)
        made: Table = {"id": "fc_" + named("fc", f"{canary.word} {number}", 48), "type": "function_call"}
        made["status"] = "completed"
        items.append((made | {"arguments": call.arguments, "call_id": id, "name": call.name}, call))
    return items


def _response_events(truth: Truth, canary: Canary, created: int) -> list[Table]:
    unfinished = _response(truth, canary, created, done=False)
    events: list[Table] = [{"type": f"response.{word}", "response": unfinished} for word in ("created", "in_progress")]
    for index, (item, source) in enumerate(_items(truth.choices[0], canary)):
        place = {"item_id": item["id"], "output_index": index}
        begun = {**item, "status": "in_progress"}
        if isinstance(source, CallTruth):
            events.append(_output("added", {**begun, "arguments": ""}, index))
            kind = "response.function_call_arguments"
            events += [{"type": f"{kind}.delta", **place, "delta": piece} for piece in source.cut]
            events.append({"type": f"{kind}.done", **place, "arguments": source.arguments, "name": source.name})
        else:
            events.append(_output("added", {**begun, "content": []}, index))
            events += _content_events(item["content"][0], source, {**place, "content_index": 0})
        events.append(_output("done", item, index))
    last = _response(truth, canary, created, done=True)
    return [*events, {"type": f"response.{last['status']}", "response": last}]


def _output(word: str, item: Table, index: int) -> Table:
    return {"type": f"response.output_item.{word}", "item": item, "output_index": index}


def _content_events(part: Table, choice: ChoiceTruth, place: Table) -> list[Table]:
    refused = part["type"] == "refusal"
    field, kind = ("refusal", "response.refusal") if refused else ("text", "response.output_text")
    more: Table = {} if refused else {"logprobs": []}
    pieces = thirds(part["refusal"]) if refused else choice.cut
    return [
        {"type": "response.content_part.added", **place, "part": {**part, field: ""}},
        *({"type": f"{kind}.delta", **place, "delta": piece, **more} for piece in pieces),
        {"type": f"{kind}.done", **place, field: part[field], **more},
        {"type": "response.content_part.done", **place, "part": part},
    ]


Form = Callable[[Truth, Canary, int], Table]
FORMS: dict[str, Form] = {
    "chat": chat,
    "chat.stream": chat_stream,
    "responses": responses,
    "responses.stream": responses_stream,
    **MEDIA_FORMS,
}
"""Each by its name; one that ends in `.stream` is for requests that ask for a stream."""
_PATHS = [("/chat/completions", "chat"), ("/responses", "responses"), *MEDIA_PATHS]
OPERATION_FORMS: Mapping[str, str] = {"stream": "chat.stream", "responses": "responses.stream", "image.edit": "image"}
"""The form that an operation is answered in where the request does not tell; `chat` for those that are missing."""
