"""Words about what the client reports: its answers, errors, tool calls, and what it said while it ran."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from understudy_harness.conformance.evidence import Call, Evidence
from understudy_harness.conformance.expectations import Kind, Part, Word
from understudy_harness.conformance.protocol import Choice, Ran, ToolCall
from understudy_harness.conformance.words_wire import canonical

_report = partial(Word, part=Part.REPORT)
_standard = partial(Word, part=Part.STANDARD, parameters=())


def _choice(evidence: Evidence, field: str) -> Any:
    return getattr(evidence.choice, field, None)


def _nth_choice(evidence: Evidence, number: int, field: str) -> Any:
    choices: list[Choice] = evidence.call.choices
    return getattr(choices[number - 1], field) if number <= len(choices) else None


def _usage(evidence: Evidence, field: str) -> Any:
    return getattr(None if evidence.result is None else evidence.result.usage, field, None)


def _failure(field: str) -> Callable[[Evidence], Any]:
    return lambda evidence: getattr(evidence.failure, field, None)


def _tool_call(evidence: Evidence, number: int, field: str) -> Any:
    calls: list[ToolCall] = [] if evidence.choice is None else evidence.choice.tool_calls
    return getattr(calls[number - 1], field) if number <= len(calls) else None


def _parsed_arguments(evidence: Evidence, number: int) -> str | None:
    """The arguments of a tool call as canonical JSON; None when they are none."""
    written = _tool_call(evidence, number, "arguments")
    try:
        return None if written is None else json.dumps(json.loads(written), sort_keys=True, ensure_ascii=False)
    except ValueError:
        return None


def _runs(evidence: Evidence) -> list[Ran]:
    """The tools that were run: by the final line, or by the lines before it when there is more in those."""
    call = evidence.call
    told = [] if call.result is None else call.result.ran
    if call.failure is not None and call.failure.partial is not None:
        told = call.failure.partial.ran
    seen = [Ran(line.name or "", line.arguments) for _, line in call.progress if line.event == "tool"]
    return told if len(told) >= len(seen) else seen


def _run(evidence: Evidence, number: int, field: str) -> Any:
    runs = _runs(evidence)
    if number > len(runs):
        return None
    value = getattr(runs[number - 1], field)
    if field == "name":
        return value
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}")
        except ValueError:
            return value
    return canonical({} if value is None else value)


def _deltas(evidence: Evidence) -> list[tuple[float, str]]:
    return [(moment, line.text or "") for moment, line in evidence.call.progress if line.event == "delta"]


def _progress_text(evidence: Evidence) -> str:
    """All pieces of text that the application saw of the first choice, joined."""
    return "".join(line.text or "" for _, line in evidence.call.progress if line.event == "delta" and line.index == 0)


def _progress_at(evidence: Evidence, number: int) -> float | None:
    deltas = _deltas(evidence)
    return deltas[number - 1][0] if number <= len(deltas) else None


def _progress_count(evidence: Evidence) -> int:
    return len(evidence.call.progress)


def _told_once(evidence: Evidence) -> bool:
    """Whether what was handed out is a beginning of the standard answer, and nothing of it twice."""
    if evidence.stdout is not None:
        return evidence.stdout.decode("utf-8", "replace").count(evidence.canary.text[:8]) <= 1
    return all(
        evidence.canary.text.startswith(text) for text in (_progress_text(evidence), _choice(evidence, "text") or "")
    )


def _count(outcome: str) -> Callable[[Evidence], int]:
    return lambda evidence: sum(call.outcome == outcome for call in evidence.calls)


def _count_kind(evidence: Evidence, kind: str) -> int:
    """Calls that failed with an error of a kind, or with its code."""
    return sum(call.failure is not None and kind in (call.failure.kind, call.failure.code) for call in evidence.calls)


def _own_texts(evidence: Evidence) -> bool:
    """Whether each call that succeeded was given its own text, and none that of another."""
    return all(
        bool(call.choices) and call.choices[0].text == call.canary.text
        for call in evidence.calls
        if call.outcome == "success"
    )


def _same(evidence: Evidence, what: str) -> bool:
    """Whether all calls were told the same of one thing; no text and an empty one are the same."""
    return all(_told(call)[what] == _told(evidence.call)[what] for call in evidence.calls) if what in _SAME else False


def _told(call: Call) -> dict[str, Any]:
    choice = call.choices[0] if call.choices else Choice()
    usage = None if call.result is None or call.result.usage is None else msgspec.structs.astuple(call.result.usage)
    calls = [msgspec.structs.astuple(each) for each in choice.tool_calls]
    every = [(each.text or "", each.finish, *map(msgspec.structs.astuple, each.tool_calls)) for each in call.choices]
    return dict(zip(_SAME, (choice.text or "", choice.finish, calls, usage, every), strict=True))


_SAME = ("text", "finish", "tool calls", "usage", "choices")


def _beginning_of(evidence: Evidence, whole: str) -> bool:
    """Whether all that was handed out of the first choice is a beginning of a text."""
    return all(whole.startswith(text) for text in (_progress_text(evidence), _choice(evidence, "text") or ""))


def _took(call: Call) -> float | None:
    return None if call.settled is None else call.settled - call.began


def _longest(evidence: Evidence) -> float | None:
    took = [_took(call) for call in evidence.calls]
    return None if None in took else max(each for each in took if each is not None)


def _settled_after_cancel(evidence: Evidence) -> float | None:
    call = evidence.call
    if call.cancelled is None or call.settled is None:
        return None
    return max(0.0, call.settled - call.cancelled)


def _valid_text(evidence: Evidence) -> bool:
    """Whether the text of the first choice can be written as UTF-8."""
    try:
        (_choice(evidence, "text") or "").encode()
    except UnicodeEncodeError:
        return False
    return True


def _stopped(evidence: Evidence) -> bool:
    """Whether the first choice is said to have stopped by itself; some clients never say why an answer ended."""
    return evidence.choice is not None and evidence.choice.finish in (None, "stop")


_LENGTH = re.compile(r"length|truncat|max\w*[ _]?tokens|token limit", re.IGNORECASE)
_FILTER = re.compile(r"filter", re.IGNORECASE)


def _told_why(finish: str, words: re.Pattern[str]) -> Callable[[Evidence], bool]:
    """Whether the client says why the answer was cut short: as its finish reason, or by kind or words of an error."""

    def read(evidence: Evidence) -> bool:
        failure = evidence.failure
        if _choice(evidence, "finish") == finish:
            return True
        return failure is not None and (failure.kind == finish or words.search(failure.message) is not None)

    return read


def _result(field: str) -> Callable[[Evidence], Any]:
    return lambda evidence: getattr(evidence.result, field, None)


def _parsed(evidence: Evidence) -> str | None:
    value = None if evidence.result is None else evidence.result.parsed
    return None if value is None else canonical(value)


REPORT_WORDS: dict[str, Word] = {
    "elapsed": _report(
        Kind.SECONDS, help="begin of the run to its final line", read=lambda seen: seen.settled, parameters=()
    ),
    "outcome": _report(Kind.OUTCOME, help="what the run came to", read=lambda seen: seen.outcome, parameters=()),
    "text": _report(Kind.TEXT, help="text of the first choice", read=lambda seen: _choice(seen, "text"), parameters=()),
    "finish": _report(Kind.TEXT, help="its finish reason", read=lambda seen: _choice(seen, "finish"), parameters=()),
    "stopped": _report(
        Kind.TRUTH, help="its finish reason is stop, or the client never tells one", read=_stopped, parameters=()
    ),
    "told_length": _report(
        Kind.TRUTH, help="finish reason, or kind or words of the error, say that the answer was cut by its length",
        read=_told_why("length", _LENGTH), parameters=(),
    ),
    "told_filter": _report(
        Kind.TRUTH, help="the same of an answer that was filtered", read=_told_why("content_filter", _FILTER),
        parameters=(),
    ),
    "refusal": _report(Kind.TEXT, help="its refusal", read=lambda seen: _choice(seen, "refusal"), parameters=()),
    "valid_text": _report(Kind.TRUTH, help="the text can be written as UTF-8", read=_valid_text, parameters=()),
    "choices": _report(Kind.NUMBER, help="choices", read=lambda seen: len(seen.call.choices), parameters=()),
    "choice.text": _report(
        Kind.TEXT, help="text of choice k", read=lambda seen, k: _nth_choice(seen, k, "text"), parameters=(Kind.PLACE,)
    ),
    "choice.finish": _report(
        Kind.TEXT, help="finish reason of choice k", read=lambda seen, k: _nth_choice(seen, k, "finish"),
        parameters=(Kind.PLACE,),
    ),
    "tool_calls": _report(
        Kind.NUMBER, help="tool calls of the first choice", parameters=(),
        read=lambda seen: 0 if seen.choice is None else len(seen.choice.tool_calls),
    ),
    "tool_call.id": _report(
        Kind.TEXT, help="id of tool call k", read=lambda seen, k: _tool_call(seen, k, "id"), parameters=(Kind.PLACE,)
    ),
    "tool_call.name": _report(
        Kind.TEXT, help="name in tool call k", read=lambda seen, k: _tool_call(seen, k, "name"),
        parameters=(Kind.PLACE,),
    ),
    "tool_call.written": _report(
        Kind.TEXT, help="arguments of tool call k as they are", parameters=(Kind.PLACE,),
        read=lambda seen, k: _tool_call(seen, k, "arguments"),
    ),
    "tool_call.arguments": _report(
        Kind.TEXT, help="arguments of tool call k as JSON with sorted keys", read=_parsed_arguments,
        parameters=(Kind.PLACE,),
    ),
    "ran": _report(Kind.NUMBER, help="tools that were run", read=lambda seen: len(_runs(seen)), parameters=()),
    "ran.name": _report(
        Kind.TEXT, help="name of the tool run k", read=lambda seen, k: _run(seen, k, "name"), parameters=(Kind.PLACE,)
    ),
    "ran.arguments": _report(
        Kind.TEXT, help="its arguments as JSON with sorted keys", read=lambda seen, k: _run(seen, k, "arguments"),
        parameters=(Kind.PLACE,),
    ),
    "parsed": _report(Kind.TEXT, help="the object, as JSON with sorted keys", read=_parsed, parameters=()),
    "usage.input": _report(
        Kind.NUMBER, help="prompt tokens", read=lambda seen: _usage(seen, "tokens_in"), parameters=()
    ),
    "usage.output": _report(
        Kind.NUMBER, help="completion tokens", read=lambda seen: _usage(seen, "tokens_out"), parameters=()
    ),
    "request_id": _report(Kind.TEXT, help="the request id in the result", read=_result("request_id"), parameters=()),
    "error.kind": _report(Kind.TEXT, help="the driver's word for the error", read=_failure("kind"), parameters=()),
    "error.status": _report(Kind.NUMBER, help="its HTTP status", read=_failure("status"), parameters=()),
    "error.code": _report(Kind.TEXT, help="its code", read=_failure("code"), parameters=()),
    "error.message": _report(Kind.TEXT, help="the client's own words", read=_failure("message"), parameters=()),
    "error.type": _report(Kind.TEXT, help="the client's name for it", read=_failure("type"), parameters=()),
    "error.request_id": _report(Kind.TEXT, help="the request id in it", read=_failure("request_id"), parameters=()),
    "error.retry_after_s": _report(
        Kind.NUMBER, help="the wait that can be read from it", read=_failure("retry_after_s"), parameters=()
    ),
    "progress": _report(Kind.NUMBER, help="lines while it ran", read=_progress_count, parameters=()),
    "progress.text": _report(
        Kind.TEXT, help="all text that the application saw while it ran", read=_progress_text, parameters=()
    ),
    "progress.at": _report(
        Kind.SECONDS, help="begin of the run to the kth piece of text", read=_progress_at, parameters=(Kind.PLACE,)
    ),
    "told_once": _report(
        Kind.TRUTH, help="what was handed out is a beginning of the standard answer, nothing of it twice",
        read=_told_once, parameters=(),
    ),
    "beginning_of": _report(
        Kind.TRUTH, help="what was handed out of the first choice is a beginning of this text, or all of it",
        read=_beginning_of, parameters=(Kind.TEXT,),
    ),
    "successes": _report(Kind.NUMBER, help="calls that succeeded", read=_count("success"), parameters=()),
    "failures": _report(Kind.NUMBER, help="calls that failed", read=_count("error"), parameters=()),
    "failures_of": _report(
        Kind.NUMBER, help="calls that failed with a kind or code", read=_count_kind, parameters=(Kind.TEXT,)
    ),
    "own_texts": _report(Kind.TRUTH, help="each call was given its own text", read=_own_texts, parameters=()),
    "same": _report(
        Kind.TRUTH, help=f"all calls were told the same of one of: {', '.join(_SAME)}", read=_same,
        parameters=(Kind.TEXT,),
    ),
    "longest": _report(Kind.SECONDS, help="of the call that took longest", read=_longest, parameters=()),
    "settled_after_cancel": _report(
        Kind.SECONDS, help="from giving up to the final line", read=_settled_after_cancel, parameters=()
    ),
    "exit_code": _report(
        Kind.NUMBER, help="of the program", read=lambda seen: seen.exit_code, parameters=()
    ),
    "stdout": _report(
        Kind.TEXT, help="standard output of the program", parameters=(),
        read=lambda seen: None if seen.stdout is None else seen.stdout.decode("utf-8", "replace"),
    ),
    "ok.text": _standard(Kind.TEXT, help="text of the standard answer", read=lambda seen: seen.canary.text),
    "ok.sha256": _standard(
        Kind.TEXT, help="SHA-256 of the standard bytes, in hexadecimal", read=lambda seen: seen.canary.sha256
    ),
    "canary": _standard(Kind.TEXT, help="the word of the run", read=lambda seen: seen.canary.word),
}  # fmt: skip
"""Each with what it reads."""
