"""The evidence of one run: requests and answers with their times, what the driver said, standard error.

Everything is bounded: what is long is cut with the count of what is missing, and the JSON report has it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from understudy_harness.reports.markup import Markup, element, evidence_text, joined
from understudy_harness.reports.matrix.timeline import Span, timeline
from understudy_harness.reports.reading import ReportedCase

_TEXT_SHOWN = 4_000
_BYTES_SHOWN = 1_024
_REQUESTS_SHOWN, _REQUESTS_SHOWN_OF_OK = 30, 6
"""Of a case that went well a few requests are as good as all: a matrix of many clients is mostly of such."""
_LINES_SHOWN = 100
_CALLS_SHOWN = 40
_MESSAGE_SHOWN = 300
_ROW = 16


class _Request(msgspec.Struct):
    """See `reports/json.py`."""

    number: int
    started: float
    method: str
    target: Any
    socket: int | None = None
    read: float | None = None
    headers: list[tuple[str, Any]] = []
    body: Any = ""
    body_size: int = 0
    status: int | None = None
    answer_started: float | None = None
    answered: float | None = None
    answer: Any = ""
    answer_size: int = 0


class _Wire(msgspec.Struct):
    """What one server saw."""

    requests: list[_Request] = []
    sockets: list[dict[str, Any]] = []


class _Evidence(_Wire):
    """See `reports/json.py`."""

    second_server: _Wire | None = None
    calls: list[dict[str, Any]] = []
    exit_code: int | None = None
    standard_output: Any = ""
    driver_said: Any = ""
    progress: list[dict[str, Any]] = []
    standard_error: Any = ""
    settled: float | None = None
    lag: float | None = None
    answer_word: str = ""


def evidence(case: ReportedCase) -> Markup | None:
    """What was seen; None for a case that was not run."""
    if case.evidence is None:
        return None
    try:
        seen = msgspec.convert(case.evidence, _Evidence)
    except msgspec.ValidationError:
        # Of a version that writes it otherwise: shown as it is.
        return _details("Evidence", _block(_pretty(case.evidence)))
    rest = _without(case.evidence, _Evidence.__struct_fields__)
    numbers = [("final line at", seen.settled), ("the suite itself was late by at most", seen.lag)]
    facts = [f"{name} {value:.3f} s" for name, value in numbers if value is not None]
    facts += [] if seen.exit_code is None else [f"exit code {seen.exit_code}"]
    second, failed = seen.second_server, case.failed
    notable = not (case.verdict in ("OK", "INFO") and case.clean)
    texts = [
        ("Driver's answer", seen.driver_said, failed),
        ("Standard output", seen.standard_output, failed),
        ("Standard error", seen.standard_error, failed),
        ("More that was seen", _pretty(rest) if rest else "", False),
    ]
    return joined(
        _requests("", seen, case.evidence, seen.settled, open=notable, deep=failed),
        None
        if second is None
        else _requests(
            "Second server: ", second, case.evidence["second_server"], seen.settled, open=notable, deep=failed
        ),
        _details(_count(len(seen.calls), "call"), _calls(seen.calls)) if seen.calls else None,
        _details(f"Driver: {_count(len(seen.progress), 'line')} on the way", _lines(seen.progress))
        if seen.progress
        else None,
        [_details(title, _block(value), open=open) for title, value, open in texts if value],
        element("p", " · ".join(facts), class_="below") if facts else None,
    )


def _requests(
    title: str, seen: _Wire, plain: Mapping[str, Any], settled: float | None, *, open: bool, deep: bool
) -> Markup:
    """What a server saw.

    Args:
        title: before the counts.
        seen: by it.
        plain: the same, with what this version does not know.
        settled: when the client reported.
        open: whether the list is shown at once, and more of it.
        deep: whether each request is, if there are few.
    """
    most = _REQUESTS_SHOWN if open else _REQUESTS_SHOWN_OF_OK
    spans = [Span(each.started, each.answered, str(each.status or "no answer")) for each in seen.requests]
    shown = [
        _request(each, told, open=deep and len(seen.requests) <= 3)
        for each, told in zip(seen.requests[:most], plain.get("requests", ()), strict=False)
    ]
    missing = len(seen.requests) - len(shown)
    more = f"and {_count(missing, 'more request')}; the JSON report has them" if missing else ""
    sockets = [element("li", _socket(each)) for each in seen.sockets[:_LINES_SHOWN]]
    return _details(
        f"{title}{_count(len(seen.requests), 'request')} on {_count(len(seen.sockets), 'socket')}",
        timeline(spans, settled),
        shown,
        element("p", more, class_="cut") if more else None,
        element("ul", sockets, class_="sockets") if sockets else None,
        [_talk(each, open=deep) for each in seen.sockets[:_CALLS_SHOWN] if each.get("messages")],
        open=open,
    )


def _calls(calls: Sequence[Mapping[str, Any]]) -> Markup:
    lines = [
        f"{number}: {each.get('op')} at {each.get('began')} s, {each.get('outcome')} {each.get('kind') or ''}".rstrip()
        + f" at {each.get('settled')} s, answer's word {each.get('answer_word')}"
        for number, each in enumerate(calls[:_CALLS_SHOWN], start=1)
    ]
    missing = len(calls) - len(lines)
    return _block("\n".join(lines + ([f"and {missing:,} more"] if missing else [])))


def _request(request: _Request, plain: Mapping[str, Any], *, open: bool) -> Markup:
    answered = f", answered by {request.answered:.3f} s" if request.answered is not None else ""
    summary = element(
        "summary",
        element("b", f"{request.number}"),
        f" at {request.started:.3f} s{answered} ",
        element("code", f"{request.method} {_line(request.target)}"),
        " → ",
        element("b", str(request.status or "nothing")),
    )
    head = "\n".join(f"{name}: {_line(value)}" for name, value in request.headers)
    asked = joined(
        element("h6", f"Request, {request.body_size:,} bytes of body"),
        _block(head),
        _block(_neat(request.body)) if request.body else None,
    )
    answer_head, answer_body = _parted(request.answer)
    answer = joined(
        element("h6", f"Answer, {request.answer_size:,} bytes in all"),
        _block(answer_head) if answer_head else None,
        _block(answer_body) if answer_body else None,
    )
    rest = _without(plain, _Request.__struct_fields__)
    more = element("div", element("h6", "More"), _block(_pretty(rest))) if rest else None
    sides = element("div", element("div", asked), element("div", answer), more, class_="sides")
    return element("details", summary, sides, class_="request", open=open)


def _socket(socket: Mapping[str, Any]) -> str:
    opened, closed = socket.get("opened"), socket.get("closed")
    told = f"socket {socket.get('number')}: opened at {opened} s"
    told += f", closed at {closed} s by {socket.get('closed_by')}" if closed is not None else ", never closed"
    return f"{told}; broken: {socket['broken']}" if socket.get("broken") else told


def _talk(socket: Mapping[str, Any], *, open: bool) -> Markup:
    """What was said over a WebSocket, a line for each message."""
    messages = socket["messages"]
    lines = [_message(each) for each in messages[:_LINES_SHOWN]]
    missing = len(messages) - len(lines) + (socket.get("messages_left_out") or 0)
    said = "\n".join(lines + ([f"and {missing:,} more messages"] if missing else []))
    title = f"Over socket {socket.get('number')}: {_count(len(messages), 'message')}"
    return _details(title, _cut(said, ""), open=open)


def _message(message: Mapping[str, Any]) -> str:
    kind, frames = message.get("kind"), message.get("frames")
    if kind == "close":
        said = f"{message.get('code')} {message.get('reason') or ''}".rstrip()
    else:
        pieces = f" in {frames} frames" if isinstance(frames, int) and frames > 1 else ""
        said = f"{message.get('size')} bytes{pieces}: {_line(message.get('data'))[:_MESSAGE_SHOWN]}"
    return f"{message.get('at')}  {message.get('by')} {kind} {said}"


def _lines(lines: Sequence[Mapping[str, Any]]) -> Markup:
    shown = "\n".join(
        f"{each.get('at')}  {json.dumps(_without(each, ('at',)), ensure_ascii=False)}" for each in lines[:_LINES_SHOWN]
    )
    missing = len(lines) - _LINES_SHOWN
    return _block(shown + (f"\nand {missing:,} more lines" if missing > 0 else ""))


def _block(value: Any) -> Markup:
    """A text, or bytes as `{"hex": …}`; cut where it is long."""
    content = _bytes(value)
    if content is not None:
        missing = len(content) - _BYTES_SHOWN
        return _cut(_dump(content[:_BYTES_SHOWN]), f"and {missing:,} more bytes" if missing > 0 else "")
    words = value if isinstance(value, str) else _pretty(value)
    missing = len(words) - _TEXT_SHOWN
    return _cut(words[:_TEXT_SHOWN], f"and {missing:,} more characters" if missing > 0 else "")


def _cut(words: str, more: str) -> Markup:
    note = element("span", f"\n… {more}; the JSON report has them", class_="cut") if more else None
    return element("pre", element("code", evidence_text(words), note))


def _dump(content: bytes) -> str:
    """As hexadecimal dumps are: offset, bytes, and the letters among them."""
    lines = []
    for start in range(0, len(content), _ROW):
        row = content[start : start + _ROW]
        letters = "".join(chr(each) if 32 <= each < 127 else "." for each in row)
        lines.append(f"{start:06x}  {row.hex(' '):{3 * _ROW}} {letters}")
    return "\n".join(lines)


def _parted(answer: Any) -> tuple[str, Any]:
    """Head and body of an answer."""
    if isinstance(answer, str):
        head, empty, body = answer.partition("\r\n\r\n")
        return (head.replace("\r\n", "\n"), body) if empty else ("", answer)
    content = _bytes(answer)
    if content is None or not content.startswith(b"HTTP/"):
        return "", answer
    start, end, rest = content.partition(b"\r\n\r\n")
    head = start.decode("latin-1").replace("\r\n", "\n")
    if not end:
        return "", answer
    return head, {"hex": rest.hex()} if rest else ""


def _bytes(value: Any) -> bytes | None:
    """Those that are written as `{"hex": …}`."""
    if not isinstance(value, Mapping) or not isinstance(value.get("hex"), str):
        return None
    try:
        return bytes.fromhex(value["hex"])
    except ValueError:
        return None


def _neat(body: Any) -> Any:
    """JSON on several lines where it fits, so that a reader finds something in it."""
    if isinstance(body, str) and len(body) < _TEXT_SHOWN:
        try:
            return _pretty(json.loads(body))
        except (ValueError, RecursionError):
            return body
    return body


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _line(value: Any) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= 500 else f"{words[:500]}… ({len(words):,} characters)"


def _without(values: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in known}


def _details(title: str, *children: Markup | list[Markup] | None, open: bool = False) -> Markup:
    return element("details", element("summary", title), *children, open=open)


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"
