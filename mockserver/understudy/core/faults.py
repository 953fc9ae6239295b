"""Faults: what goes wrong on purpose, when, and how.

One language for Python, TOML and JSON: a fault is a table that says when it plays (`path`, `model`, `key`, `on`) and what it
answers. The first fault that matches plays.

    {"on": "1-2", "path": "/v1/chat/completions", "status": 429,
     "headers": {"retry-after": "2"}, "error": {"code": "rate_limit_exceeded", "message": "Slow down"}}

`on` counts the calls that match the rest: "1", "2..", "3-5" or "every" (the default). The answer is `status` with `headers` and
one of `error` (an envelope), `json` (any value), `text` (with its own content type), or nothing. A header value
`{now+3s}` becomes an HTTP date that much later, `{now-3600s}` one that much earlier.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from understudy.core.clock import SECOND
from understudy.core.dates import http_date
from understudy.core.errors import ApiError, Layer
from understudy.core.headers import EDGE_JSON
from understudy.core.messages import Headers, Request
from understudy.core.serialise import error_body, pretty

_KNOWN = ("name", "on", "path", "model", "key", "status", "headers", "error", "json", "text", "content_type")
_ON = re.compile(r"(\d+)(?:(\.\.)|-(\d+))?\Z")
_MOMENT = re.compile(r"\{now(?:([+-])(\d+)s)?\}")
FAULTS_KEPT = 1_000
"""So many may be set at once ("our choice")."""


class FaultError(ValueError):
    """A fault that cannot be understood, in one sentence.

    Attributes:
        field: what is wrong with it.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"Fault, {field}: {problem}.")
        self.field = field


class FaultAnswer:
    """What a fault answers.

    Attributes:
        status: HTTP status.
        headers: its own; they replace the ordinary ones of the same name.
        body: bytes.
        content_type: of the body.
    """

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes, content_type: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.content_type = content_type


class Fault:
    """One fault and how often what it waits for has come.

    Args:
        table: see the module's preface.

    Raises:
        FaultError: the table cannot be understood.
    """

    __slots__ = ("_body", "_content_type", "_first", "_headers", "_key", "_last", "_model", "_path", "_seen", "_status", "name")

    def __init__(self, table: Mapping[str, Any]) -> None:
        for field in table:
            if field not in _KNOWN:
                raise FaultError(field, f"there is no such field; there are {', '.join(_KNOWN)}")
        status = table.get("status", 200)
        if type(status) is not int or not 200 <= status <= 599:
            raise FaultError("status", f"a number from 200 to 599 is expected, not {status!r}")
        self._status = status
        self._path = _text(table, "path")
        self._model = _text(table, "model")
        self._key = _text(table, "key")
        self._first, self._last = _calls(table.get("on", "every"))
        self._headers = _headers(table.get("headers", {}))
        self._body, self._content_type = _body(table, status)
        self._seen = 0
        self.name: str = _text(table, "name") or f"status {status}"

    def matches(self, request: Request, key: str, model: str) -> bool:
        """Count the call when it is one that the fault waits for, and say whether the fault plays."""
        if self._path is not None and self._path != request.path:
            return False
        if self._model is not None and self._model != model:
            return False
        if self._key is not None and self._key != key:
            return False
        self._seen += 1
        return self._first <= self._seen <= self._last

    def answer(self, now: int) -> FaultAnswer:
        """What it answers at a moment (microseconds since the epoch)."""
        headers = [(name, _moments(value, now).encode("latin-1")) for name, value in self._headers]
        return FaultAnswer(self._status, headers, self._body, self._content_type)


class Faults:
    """The faults that are set, in order."""

    def __init__(self) -> None:
        self._faults: tuple[Fault, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        """Each in order."""
        return iter(self._faults)

    def add(self, *tables: Mapping[str, Any]) -> None:
        """Set more faults, after those there are; all of them or, on an error, none.

        Raises:
            FaultError: one cannot be understood, or there are too many.
        """
        added = tuple(Fault(table) for table in tables)
        if len(self._faults) + len(added) > FAULTS_KEPT:
            raise FaultError("number", f"at most {FAULTS_KEPT} may be set at once")
        self._faults += added

    def clear(self) -> None:
        """Take all back."""
        self._faults = ()

    def next(self, request: Request, key: str, model: str, now: int) -> Fault | None:
        """The fault that this call meets, if any; every fault that waits for such calls counts it."""
        playing = None
        for fault in self._faults:
            if fault.matches(request, key, model) and playing is None:
                playing = fault
        return playing


def _text(table: Mapping[str, Any], field: str) -> str | None:
    value = table.get(field)
    if value is not None and not isinstance(value, str):
        raise FaultError(field, f"a text is expected, not {value!r}")
    return value


def _calls(on: Any) -> tuple[int, float]:
    if on == "every":
        return 1, float("inf")
    match = _ON.match(str(on)) if isinstance(on, str | int) and not isinstance(on, bool) else None
    if match is None or int(match[1]) == 0:
        raise FaultError("on", f'"1", "2..", "3-5" or "every" is expected, not {on!r}')
    first = int(match[1])
    if match[2]:
        return first, float("inf")
    last = int(match[3]) if match[3] else first
    if last < first:
        raise FaultError("on", f"the last call of {on!r} comes before its first")
    return first, last


def _headers(given: Any) -> list[tuple[bytes, str]]:
    if not isinstance(given, Mapping):
        raise FaultError("headers", f"a table is expected, not {given!r}")
    headers = []
    for name, value in given.items():
        if not isinstance(value, str) or any(ord(letter) < 32 or ord(letter) > 255 for letter in name + value):
            raise FaultError(f"headers.{name}", f"a text without control characters is expected, not {value!r}")
        headers.append((name.lower().encode("latin-1"), value))
    return headers


def _body(table: Mapping[str, Any], status: int) -> tuple[bytes, bytes]:
    given = [field for field in ("error", "json", "text") if field in table]
    if len(given) > 1:
        raise FaultError(given[1], f"it cannot stand beside {given[0]}")
    kind = _text(table, "content_type")
    if "error" in table:
        error = table["error"]
        if not isinstance(error, Mapping) or not isinstance(error.get("message"), str):
            raise FaultError("error", "a table with a message is expected")
        envelope = ApiError(
            error["message"],
            code=error.get("code"),
            param=error.get("param"),
            type=error.get("type") or ("server_error" if status >= 500 else "invalid_request_error"),
            status=status,
            layer=Layer.EDGE,
        )
        return error_body(envelope), (kind or EDGE_JSON.decode()).encode()
    if "json" in table:
        return pretty(table["json"]) + b"\n", (kind or "application/json").encode()
    text = _text(table, "text") or ""
    return text.encode(), (kind or "text/plain; charset=utf-8").encode()


def _moments(value: str, now: int) -> str:
    def date(match: re.Match[str]) -> str:
        shift = int(match[2] or 0) * SECOND
        return http_date(now - shift if match[1] == "-" else now + shift).decode()

    return _MOMENT.sub(date, value)
