"""Words about what a tool loop sends back: the calls that it echoes, and the results that it gives for them.

Whichever API the loop speaks: chat completions have `messages`, responses have `input`.
"""

import json
from functools import partial
from typing import Any, NamedTuple

from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.expectations import Kind, Part, Word
from understudy_harness.conformance.words_wire import canonical

_wire = partial(Word, part=Part.WIRE)


class Echo(NamedTuple):
    """A tool call as a request repeats it."""

    id: Any
    name: Any
    arguments: Any


def _echoes(evidence: Evidence, number: int) -> tuple[list[Echo], list[str]] | None:
    """The calls in a request, and the ids of the results in it, in order; None when there is no such request."""
    exchange = evidence.exchange(number)
    if exchange is None:
        return None
    try:
        sent = json.loads(bytes(exchange.body))
    except ValueError:
        return None
    if not isinstance(sent, dict):
        return None
    calls, results = [], []
    items = sent.get("messages", sent.get("input"))
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict):
            continue
        if item.get("type") == "function_call":
            calls.append(Echo(item.get("call_id"), item.get("name"), item.get("arguments")))
        elif item.get("type") == "function_call_output":
            results.append(str(item.get("call_id")))
        elif item.get("role") == "tool":
            results.append(str(item.get("tool_call_id")))
        calls += [_echo(call) for call in item.get("tool_calls") or () if isinstance(call, dict)]
    return calls, results


def _echo(call: dict[str, Any]) -> Echo:
    function = call.get("function")
    told = function if isinstance(function, dict) else {}
    return Echo(call.get("id"), told.get("name"), told.get("arguments"))


def _calls(evidence: Evidence, number: int) -> int | None:
    found = _echoes(evidence, number)
    return None if found is None else len(found[0])


def _results(evidence: Evidence, number: int) -> int | None:
    found = _echoes(evidence, number)
    return None if found is None else len(found[1])


def _results_for(evidence: Evidence, number: int, id: str) -> int | None:
    found = _echoes(evidence, number)
    return None if found is None else found[1].count(id)


def _field(evidence: Evidence, number: int, place: int, field: str) -> str | None:
    found = _echoes(evidence, number)
    value = None if found is None or place > len(found[0]) else getattr(found[0][place - 1], field)
    return value if isinstance(value, str) else None


def _arguments(evidence: Evidence, number: int, place: int) -> str | None:
    """As JSON with sorted keys if it is a text that holds some, as it is if it holds none; None when it is no text."""
    written = _field(evidence, number, place, "arguments")
    try:
        return None if written is None else canonical(json.loads(written))
    except ValueError:
        return written


TOOL_WORDS: dict[str, Word] = {
    "echo.calls": _wire(Kind.NUMBER, help="tool calls that request k repeats", read=_calls, parameters=(Kind.PLACE,)),
    "echo.id": _wire(
        Kind.TEXT, help="id of the nth of them", read=partial(_field, field="id"),
        parameters=(Kind.PLACE, Kind.PLACE),
    ),
    "echo.name": _wire(
        Kind.TEXT, help="name in the nth of them", read=partial(_field, field="name"),
        parameters=(Kind.PLACE, Kind.PLACE),
    ),
    "echo.arguments": _wire(
        Kind.TEXT, help="arguments of the nth of them, where they are a text: as JSON with sorted keys",
        read=_arguments, parameters=(Kind.PLACE, Kind.PLACE),
    ),
    "echo.results": _wire(Kind.NUMBER, help="tool results in request k", read=_results, parameters=(Kind.PLACE,)),
    "echo.results_for": _wire(
        Kind.NUMBER, help="results in request k for the call of an id", read=_results_for,
        parameters=(Kind.PLACE, Kind.TEXT),
    ),
}  # fmt: skip
"""Each with what it reads."""
