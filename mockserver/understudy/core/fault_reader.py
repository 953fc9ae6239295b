"""Reading steps of the fault language from plain tables; `faults` explains it."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from understudy.core import headers
from understudy.core.call_numbers import Calls, read_calls
from understudy.core.errors import ApiError, Layer
from understudy.core.fault_delivery_reader import DELIVERY_KEYS, read_delivery, read_duration
from understudy.core.fault_steps import Chance, Fault, FaultError, Match, ScriptedAnswer, Step
from understudy.core.header_values import HeadersError, HeaderValue, read_headers
from understudy.core.scripted_errors import error_type, layer_of
from understudy.core.serialise import error_body, pretty
from understudy.core.wording import is_text, shown

Named = Mapping[str, Mapping[str, Any]]
"""Answers that a script may call by name: tables of what a step may say about its answer."""

_MATCH_KEYS = ("method", "path", "model", "key")
_BODY_KEYS = ("error", "json", "text", "base64")
_ANSWER_KEYS = ("status", "headers", *_BODY_KEYS)
_CHANCE_KEYS = ("probability", "during")
STEP_KEYS = ("name", "on", *_MATCH_KEYS, *_CHANCE_KEYS, "answer", *_ANSWER_KEYS, *DELIVERY_KEYS)
_ERROR_KEYS = ("message", "type", "param", "code")
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
            raise FaultError(self._place, "step", f"must be a table, not {shown(table)}")
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
            raise self._error("probability", f"must be a number from 0 to 1, not {shown(probability)}")
        during = table.get("during")
        if during is None:
            return Chance(probability, None)
        begin, dots, end = during.partition("..") if isinstance(during, str) else ("", "", "")
        try:
            window = (read_duration("during", begin), read_duration("during", end))
        except ValueError:
            window = (0, 0)
        if not dots or window[0] >= window[1]:
            raise self._error("during", f'must be like "10s..1m", not {shown(during)}')
        return Chance(probability, window)

    def _error(self, key: str, problem: str) -> FaultError:
        return FaultError(self._place, key, problem)

    def _text(self, table: Mapping[str, Any], key: str) -> str | None:
        value = table.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self._error(key, f"must be a text that is not empty, not {shown(value)}")
        return value

    def _calls(self, on: object) -> Calls:
        try:
            return read_calls(on)
        except ValueError as problem:
            raise self._error("on", str(problem)) from None

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
            raise self._error("answer", f"must be one of {known}, not {shown(name)}" if known else "names nothing here")
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
            raise self._error("status", f"must be a whole number from 200 to 599, not {shown(status)}")
        if given and status in _BODYLESS:
            raise self._error(given[0], f"cannot be sent: a {status} has no body")
        body, content_type = self._body(told, status)
        written = self._headers(told.get("headers", {}))
        for name, value in written:
            if name == b"content-type":
                content_type = value.at(0)
        return ScriptedAnswer(status, [pair for pair in written if pair[0] != b"content-type"], body, content_type)

    def _headers(self, given: object) -> list[tuple[bytes, HeaderValue]]:
        try:
            return read_headers(given)
        except HeadersError as wrong:
            raise self._error(wrong.key, wrong.problem) from None

    def _body(self, told: Mapping[str, Any], status: int) -> tuple[bytes, bytes]:
        if "error" in told:
            return self._envelope(told["error"], status)
        if "json" in told:
            try:
                return pretty(told["json"]) + b"\n", headers.JSON
            except (TypeError, ValueError, OverflowError, RecursionError) as problem:
                raise self._error("json", f"cannot be written as JSON: {problem}") from None
        if "base64" in told:
            return self._bytes(told["base64"]), b"application/octet-stream"
        text = told.get("text", "")
        if not is_text(text):
            raise self._error("text", f"must be a text, not {shown(text)}")
        return text.encode(), b"text/plain; charset=utf-8"

    def _bytes(self, told: object) -> bytes:
        try:
            return b64decode(told if isinstance(told, str) else "?", validate=True)
        except ValueError:
            raise self._error("base64", f"must be a text in base64, not {shown(told)}") from None

    def _envelope(self, told: object, status: int) -> tuple[bytes, bytes]:
        if not isinstance(told, Mapping):
            raise self._error("error", f"must be a table, not {shown(told)}; another body is a 'json' or a 'text'")
        for key, value in told.items():
            if key not in _ERROR_KEYS:
                raise self._error(f"error.{key}", f"is not known; an error has {', '.join(_ERROR_KEYS)}")
            if value is not None and not is_text(value):
                raise self._error(f"error.{key}", f"must be a text, not {shown(value)}")
        if told.get("message") is None:
            raise self._error("error.message", "is missing")
        layer = layer_of(status)
        error = ApiError(
            told["message"],
            code=told.get("code"),
            param=told.get("param"),
            type=told.get("type") or error_type(status, told.get("code")),
            status=status,
            layer=layer,
        )
        return error_body(error), headers.EDGE_JSON if layer is Layer.EDGE else headers.JSON


def _name_of(told: Mapping[str, Any], table: Mapping[str, Any]) -> str:
    """The error's code where there is one: it is what the journal shows; else what else the step does."""
    error = told.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, str) and code:
        return code
    done = ", ".join(key for key in DELIVERY_KEYS if key in table)
    return done or f"status {told.get('status', 200)}"
