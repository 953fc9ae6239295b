"""Reading steps of the fault language from plain tables; `faults` explains it."""

import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from understudy.core import headers
from understudy.core.errors import INVALID_REQUEST, ApiError, Layer
from understudy.core.fault_delivery_reader import DELIVERY_KEYS, read_delivery, read_duration
from understudy.core.fault_steps import Calls, Chance, Fault, FaultError, HeaderValue, Match, ScriptedAnswer, Step
from understudy.core.serialise import error_body, pretty

Named = Mapping[str, Mapping[str, Any]]
"""Answers that a script may call by name: tables of what a step may say about its answer."""

_CALLS = re.compile(r"(\d{1,9})(?:(\.\.)|-(\d{1,9}))?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MATCH_KEYS = ("method", "path", "model", "key")
_BODY_KEYS = ("error", "json", "text")
_ANSWER_KEYS = ("status", "headers", *_BODY_KEYS)
_CHANCE_KEYS = ("probability", "during")
STEP_KEYS = ("name", "on", *_MATCH_KEYS, *_CHANCE_KEYS, "answer", *_ANSWER_KEYS, *DELIVERY_KEYS)
_ERROR_KEYS = ("message", "type", "param", "code")
_FRAMING = ("content-length", "transfer-encoding")
_BODYLESS = (204, 304)


def read_step(table: object, place: str, answers: Named) -> Step:
    """Read one step.

    Args:
        table: what was written.
        place: where it stands, for the errors.
        answers: what `answer = "NAME"` may name.

    Raises:
        FaultError: it cannot be understood.
    """
    return _Reader(place, answers).step(table)


class _Reader:
    """Reads the keys of one step, each into its value."""

    def __init__(self, place: str, answers: Named) -> None:
        self._place = place
        self._answers = answers

    def step(self, table: object) -> Step:
        if not isinstance(table, Mapping):
            raise FaultError(self._place, "step", f"must be a table, not {_shown(table)}")
        for key in table:
            if key not in STEP_KEYS:
                raise self._error(str(key), f"is not known; a step has {', '.join(STEP_KEYS)}")
        narrowed = {key: self._text(table, key) for key in _MATCH_KEYS}
        calls = self._calls(table.get("on", "every"))
        try:
            delivery = read_delivery(table)
        except ValueError as problem:
            raise self._error(*problem.args) from None
        told = self._told(table, wanted=delivery is None)
        if delivery is not None and delivery.events is not None:
            # The events that are sent instead are a stream of their own.
            for key in _BODY_KEYS:
                if key in table:
                    raise self._error(key, "cannot stand beside 'sse': an answer has one body")
                told.pop(key, None)
            told = {"status": 200, **told}
            told["headers"] = {"content-type": headers.EVENT_STREAM.decode(), **told.get("headers", {})}
        name = self._text(table, "name") or _name_of(told, table)
        action = self._scripted(told) if told else None
        return Step(Match(**narrowed), calls, self._chance(table), Fault(name, action, delivery))

    def _chance(self, table: Mapping[str, Any]) -> Chance:
        probability = table.get("probability", 1)
        if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 <= probability <= 1:
            raise self._error("probability", f"must be a number from 0 to 1, not {_shown(probability)}")
        during = table.get("during")
        if during is None:
            return Chance(probability, None)
        begin, dots, end = during.partition("..") if isinstance(during, str) else ("", "", "")
        try:
            window = (read_duration("during", begin), read_duration("during", end))
        except ValueError:
            window = (0, 0)
        if not dots or window[0] >= window[1]:
            raise self._error("during", f'must be like "10s..1m", not {_shown(during)}')
        return Chance(probability, window)

    def _error(self, key: str, problem: str) -> FaultError:
        return FaultError(self._place, key, problem)

    def _text(self, table: Mapping[str, Any], key: str) -> str | None:
        value = table.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self._error(key, f"must be a text that is not empty, not {_shown(value)}")
        return value

    def _calls(self, on: object) -> Calls:
        if on == "every":
            return Calls(1, None)
        found = None
        if isinstance(on, str):
            found = _CALLS.fullmatch(on)
        elif _is_whole(on):
            found = _CALLS.fullmatch(str(on))
        if found is None or int(found[1]) == 0:
            raise self._error("on", f'must be a number from 1 on, "2..", "3-5" or "every", not {_shown(on)}')
        first = int(found[1])
        last = None if found[2] else int(found[3] or first)
        if last is not None and last < first:
            raise self._error("on", f"must not end before it begins, as {_shown(on)} does")
        return Calls(first, last)

    def _told(self, table: Mapping[str, Any], *, wanted: bool) -> dict[str, Any]:
        """What the step says about its answer, on top of the named one; nothing where the ordinary one is meant."""
        own = {key: table[key] for key in _ANSWER_KEYS if key in table}
        name = self._text(table, "answer")
        if name is None:
            if not own and wanted:
                raise self._error("status", "is missing: a step says what is answered, or how")
            return own
        if name not in self._answers:
            known = ", ".join(self._answers)
            raise self._error(
                "answer", f"must be one of {known}, not {_shown(name)}" if known else "names nothing here"
            )
        base = dict(self._answers[name])
        if any(key in own for key in _BODY_KEYS):
            for key in _BODY_KEYS:
                base.pop(key, None)
        added = own.get("headers", {})
        if isinstance(added, Mapping):
            own["headers"] = {**base.get("headers", {}), **{str(key).lower(): added[key] for key in added}}
        return {**base, **own}

    def _scripted(self, told: Mapping[str, Any]) -> ScriptedAnswer:
        given = [key for key in _BODY_KEYS if key in told]
        if len(given) > 1:
            raise self._error(given[1], f"cannot stand beside {given[0]!r}: an answer has one body")
        status = told.get("status", None if given == ["error"] else 200)
        if type(status) is not int or not 200 <= status <= 599:
            raise self._error("status", f"must be a whole number from 200 to 599, not {_shown(status)}")
        if given and status in _BODYLESS:
            raise self._error(given[0], f"cannot be sent: a {status} has no body")
        body, content_type = self._body(told, status)
        written = self._headers(told.get("headers", {}))
        for name, value in written:
            if name == b"content-type":
                content_type = value.at(0)
        return ScriptedAnswer(status, [pair for pair in written if pair[0] != b"content-type"], body, content_type)

    def _headers(self, given: object) -> list[tuple[bytes, HeaderValue]]:
        if not isinstance(given, Mapping):
            raise self._error("headers", f"must be a table, not {_shown(given)}")
        written = []
        for name, values in given.items():
            key = f"headers.{name}"
            if not isinstance(name, str) or not _TOKEN.fullmatch(name):
                raise self._error(key, "is no name of a header")
            if name.lower() in _FRAMING:
                raise self._error(key, "belongs to the framing, which is the server's")
            for value in values if isinstance(values, list | tuple) else (values,):
                if not isinstance(value, str) and not _is_whole(value):
                    raise self._error(key, f"must be a text, a whole number or a list of them, not {_shown(value)}")
                text = str(value)
                if any(ord(letter) > 255 or (ord(letter) < 32 and letter != "\t") for letter in text):
                    raise self._error(key, f"must be Latin-1 without control characters, not {_shown(value)}")
                try:
                    written.append((name.lower().encode(), HeaderValue(text)))
                except ValueError as problem:
                    raise self._error(key, str(problem)) from None
        return written

    def _body(self, told: Mapping[str, Any], status: int) -> tuple[bytes, bytes]:
        if "error" in told:
            return self._envelope(told["error"], status)
        if "json" in told:
            try:
                return pretty(told["json"]) + b"\n", headers.JSON
            except (TypeError, ValueError, OverflowError, RecursionError) as problem:
                raise self._error("json", f"cannot be written as JSON: {problem}") from None
        text = told.get("text", "")
        if not _is_text(text):
            raise self._error("text", f"must be a text, not {_shown(text)}")
        return text.encode(), b"text/plain; charset=utf-8"

    def _envelope(self, told: object, status: int) -> tuple[bytes, bytes]:
        if not isinstance(told, Mapping):
            raise self._error("error", f"must be a table, not {_shown(told)}; another body is a 'json' or a 'text'")
        for key, value in told.items():
            if key not in _ERROR_KEYS:
                raise self._error(f"error.{key}", f"is not known; an error has {', '.join(_ERROR_KEYS)}")
            if value is not None and not _is_text(value):
                raise self._error(f"error.{key}", f"must be a text, not {_shown(value)}")
        if told.get("message") is None:
            raise self._error("error.message", "is missing")
        # What the layers of the real service answer (recorded traffic, 2023-2026).
        layer = Layer.EDGE if status in (401, 403, 404, 405, 413, 429) else Layer.ENGINE
        error = ApiError(
            told["message"],
            code=told.get("code"),
            param=told.get("param"),
            type=told.get("type") or _error_type(status, told.get("code")),
            status=status,
            layer=layer,
        )
        return error_body(error), headers.EDGE_JSON if layer is Layer.EDGE else headers.JSON


def _error_type(status: int, code: str | None) -> str:
    """`error.type` where the script leaves it out, as recorded for such errors (2023-2026)."""
    if status >= 500:
        return "server_error"
    if status == 429:
        return "insufficient_quota" if code == "insufficient_quota" else "requests"
    return INVALID_REQUEST


def _name_of(told: Mapping[str, Any], table: Mapping[str, Any]) -> str:
    """The error's code where there is one: it is what the journal shows; else what else the step does."""
    error = told.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, str) and code:
        return code
    done = ", ".join(key for key in DELIVERY_KEYS if key in table)
    return done or f"status {told.get('status', 200)}"


def _shown(value: object) -> str:
    """What was written, short enough for a sentence."""
    try:
        written = repr(value)
    except (ValueError, RecursionError):
        return f"such a {type(value).__name__}"  # Python does not print numbers of many thousand digits
    return written if len(written) <= 80 else f"{written[:77]}..."


def _is_text(value: object) -> TypeGuard[str]:
    """A text that UTF-8 can say: no lone surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_whole(value: object) -> TypeGuard[int]:
    """A whole number of ordinary length; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and -(10**18) < value < 10**18
