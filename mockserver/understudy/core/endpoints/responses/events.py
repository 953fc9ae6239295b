"""A response as a stream of events; a pure function of the finished response, so both always agree.

Order, keys (`type` first, the rest by name) and padding as recorded, 2025-07 to 2026-08: no `[DONE]`, sequence numbers
from 0 without gaps, and delta and obfuscation together come to a multiple of 16 characters.
"""

from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from understudy.core.endpoints.responses.tool_usage import NO_TOOLS
from understudy.core.media import Vocabulary
from understudy.core.serialise import encode

_Decoder = getincrementaldecoder("utf-8")


class Event(NamedTuple):
    """One event.

    Attributes:
        kind: its type.
        fields: all others.
        tokens: how many of the answer's tokens it shows.
    """

    kind: str
    fields: dict[str, Any]
    tokens: int = 0


class Writer:
    """Numbers events and lays them out.

    Args:
        padding: 64 characters to cut obfuscation from, None for none.
    """

    __slots__ = ("_number", "_padding")

    def __init__(self, padding: str | None) -> None:
        self._number = 0
        self._padding = padding

    def write(self, event: Event) -> bytes:
        """The event's lines."""
        fields = event.fields
        number = self._number
        self._number += 1
        fields["sequence_number"] = number
        if self._padding is not None and "delta" in fields:
            start = number % 48
            fields["obfuscation"] = self._padding[start : start + -len(fields["delta"]) % 16]
        ordered = {"type": event.kind, **{name: fields[name] for name in sorted(fields)}}
        return b"event: %b\ndata: %b\n\n" % (event.kind.encode(), encode(ordered))


def unfinished(response: dict[str, Any], status: str = "in_progress") -> dict[str, Any]:
    """The response as it was before anything was made."""
    return response | {
        "status": status,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "moderation": None,
        "output": [],
        "service_tier": "auto",
        "tool_usage": NO_TOOLS,
        "usage": None,
    }


def events_of(
    response: dict[str, Any],
    vocabulary: Vocabulary,
    encoding: str,
    partials: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[Event]:
    """All events of a finished response, in order.

    Args:
        response: without `billing`.
        vocabulary: cuts its texts.
        encoding: of the model.
        partials: pictures on their way, in base64, by item.
    """
    yield Event("response.created", {"response": unfinished(response)})
    if response["background"]:
        yield Event("response.queued", {"response": unfinished(response, "queued")})
    yield Event("response.in_progress", {"response": unfinished(response)})
    for index, item in enumerate(response["output"]):
        if item["type"] == "image_generation_call":
            yield from _picture_events(index, item, partials.get(item["id"], ()))
        else:
            yield from _item_events(index, item, response, vocabulary, encoding)
    yield Event(f"response.{response['status']}", {"response": response})


def failed_events(response: dict[str, Any], error: dict[str, Any]) -> Iterator[Event]:
    """A response that never began: no quota or no room in a rate limit (recorded 2025-07 and 2025-11).

    Args:
        response: as it would have begun.
        error: type, code, message and param.
    """
    begun = unfinished(response)
    yield Event("response.created", {"response": begun})
    yield Event("response.in_progress", {"response": begun})
    yield Event("error", {"error": error})
    told = {"code": error["code"], "message": error["message"]}
    yield Event("response.failed", {"response": begun | {"status": "failed", "error": told}})


def _item_events(
    index: int, item: dict[str, Any], response: dict[str, Any], vocabulary: Vocabulary, encoding: str
) -> Iterator[Event]:
    kind = item["type"]
    place = {"item_id": item["id"], "output_index": index}
    make = _KINDS.get(kind)
    begun, tokens = item, 0
    if kind == "reasoning":
        begun = item | {"summary": []}
        if "encrypted_content" in item:
            begun["encrypted_content"] = item["encrypted_content"][:_BEGUN]
        if response["usage"] is not None:
            tokens = response["usage"]["output_tokens_details"]["reasoning_tokens"]
    elif kind == "message":
        begun = item | {"status": "in_progress", "content": []}
    elif kind in _STEPS:
        begun = item | {"status": "in_progress"}
        if kind == "code_interpreter_call":
            begun |= {"code": "", "outputs": None}
        elif kind == "file_search_call":
            begun |= {"queries": [], "results": None}
    elif kind in _PAYLOADS:
        begun = item | {"status": "in_progress", _PAYLOADS[kind][0]: ""}
    yield Event("response.output_item.added", {"item": begun, "output_index": index}, tokens)
    if make is not None:
        yield from make(item, place, vocabulary, encoding)
    yield Event("response.output_item.done", {"item": item, "output_index": index})


def _picture_events(index: int, item: dict[str, Any], partials: Sequence[str]) -> Iterator[Event]:
    place = {"item_id": item["id"], "output_index": index}
    begun = {"id": item["id"], "type": item["type"], "status": "in_progress", "result": None}
    yield Event("response.output_item.added", {"item": begun, "output_index": index})
    yield Event("response.image_generation_call.in_progress", dict(place))
    yield Event("response.image_generation_call.generating", dict(place))
    look = {name: item[name] for name in ("background", "output_format", "quality", "size")}
    for number, picture in enumerate(partials):
        shown = {"partial_image_b64": picture, "partial_image_index": number, **look, **place}
        yield Event("response.image_generation_call.partial_image", shown)
    yield Event("response.image_generation_call.completed", dict(place))
    yield Event("response.output_item.done", {"item": item, "output_index": index})


def _step_events(item: dict[str, Any], place: dict[str, Any], vocabulary: Vocabulary, encoding: str) -> Iterator[Event]:
    kind = item["type"]
    first, *others = _STEPS[kind]
    yield Event(f"response.{kind}.{first}", dict(place))
    if kind == "code_interpreter_call":
        for piece in vocabulary.pieces(item["code"], encoding):
            yield Event("response.code_interpreter_call_code.delta", {"delta": piece, **place})
        yield Event("response.code_interpreter_call_code.done", {"code": item["code"], **place})
    for step in others:
        yield Event(f"response.{kind}.{step}", dict(place))


_STEPS = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
}
"""What is told of the API's own tools while they work."""
_BEGUN = 1_188
"""Characters of the encrypted form of thoughts that have just begun (recorded 2026-08)."""
_PAYLOADS = {
    "function_call": ("arguments", "function_call_arguments"),
    "custom_tool_call": ("input", "custom_tool_call_input"),
}
"""By kind of item: its field that is told in deltas, and what these are called."""


def _payload_events(
    item: dict[str, Any], place: dict[str, Any], vocabulary: Vocabulary, encoding: str
) -> Iterator[Event]:
    field, name = _PAYLOADS[item["type"]]
    # The name of the tool is said with the first piece.
    tokens = 1 + vocabulary.count(item["name"], encoding)
    for piece in vocabulary.pieces(item[field], encoding):
        yield Event(f"response.{name}.delta", {"delta": piece, **place}, tokens)
        tokens = 1
    yield Event(f"response.{name}.done", {field: item[field], **place})


def _summary_events(
    item: dict[str, Any], place: dict[str, Any], vocabulary: Vocabulary, encoding: str
) -> Iterator[Event]:
    for number, part in enumerate(item["summary"]):
        here = place | {"summary_index": number}
        yield Event("response.reasoning_summary_part.added", {"part": part | {"text": ""}, **here})
        for piece in vocabulary.pieces(part["text"], encoding):
            yield Event("response.reasoning_summary_text.delta", {"delta": piece, **here})
        yield Event("response.reasoning_summary_text.done", {"text": part["text"], **here})
        yield Event("response.reasoning_summary_part.done", {"part": part, **here})


def _message_events(
    item: dict[str, Any], place: dict[str, Any], vocabulary: Vocabulary, encoding: str
) -> Iterator[Event]:
    for number, part in enumerate(item["content"]):
        here = place | {"content_index": number}
        if part["type"] == "refusal":
            yield from _refusal_events(part, here, vocabulary, encoding)
            continue
        empty = {**part, "annotations": [], "logprobs": [], "text": ""}
        yield Event("response.content_part.added", {"part": empty, **here})
        told = 0
        waiting = list(enumerate(part["annotations"]))
        for piece, chances in _pieces(part, vocabulary, encoding):
            logprobs = [_chance(chance) for chance in chances]
            yield Event(
                "response.output_text.delta", {"delta": piece, "logprobs": logprobs, **here}, max(len(chances), 1)
            )
            told += len(piece)
            while waiting and _end(waiting[0][1]) <= told:
                place_of_it, annotation = waiting.pop(0)
                yield Event(
                    "response.output_text.annotation.added",
                    {"annotation": annotation, "annotation_index": place_of_it, **here},
                )
        for place_of_it, annotation in waiting:
            yield Event(
                "response.output_text.annotation.added",
                {"annotation": annotation, "annotation_index": place_of_it, **here},
            )
        logprobs = [_chance(chance) for chance in part["logprobs"]]
        yield Event("response.output_text.done", {"text": part["text"], "logprobs": logprobs, **here})
        yield Event("response.content_part.done", {"part": part, **here})


def _end(annotation: dict[str, Any]) -> int:
    """Where the text ends that an annotation is about."""
    end: int = annotation.get("end_index") or annotation.get("index") or 0
    return end


def _refusal_events(
    part: dict[str, Any], here: dict[str, Any], vocabulary: Vocabulary, encoding: str
) -> Iterator[Event]:
    yield Event("response.content_part.added", {"part": {"type": "refusal", "refusal": ""}, **here})
    for piece in vocabulary.pieces(part["refusal"], encoding):
        yield Event("response.refusal.delta", {"delta": piece, **here}, 1)
    yield Event("response.refusal.done", {"refusal": part["refusal"], **here})
    yield Event("response.content_part.done", {"part": part, **here})


def _chance(entry: dict[str, Any]) -> dict[str, Any]:
    """A log probability as events show it: without bytes (OpenAPI document)."""
    return {
        "token": entry["token"],
        "logprob": entry["logprob"],
        "top_logprobs": [{"token": top["token"], "logprob": top["logprob"]} for top in entry["top_logprobs"]],
    }


def _pieces(part: dict[str, Any], vocabulary: Vocabulary, encoding: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The text as deltas tell it, each with its log probabilities where there are any."""
    if not part["logprobs"]:
        for piece in vocabulary.pieces(part["text"], encoding):
            yield piece, []
        return
    decoder = _Decoder("replace")
    held: list[dict[str, Any]] = []
    for entry in part["logprobs"]:
        held.append(entry)
        text = decoder.decode(bytes(entry["bytes"]))
        if text:
            yield text, held
            held = []
    if held:
        yield "", held


_KINDS = {
    **dict.fromkeys(_STEPS, _step_events),
    "message": _message_events,
    "reasoning": _summary_events,
    "function_call": _payload_events,
    "custom_tool_call": _payload_events,
}
