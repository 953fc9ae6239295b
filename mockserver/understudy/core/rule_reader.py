"""Reading rules from plain tables, as TOML, JSON and Python spell them; `rules` explains the language."""

import re
from binascii import a2b_base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from understudy.core import errors
from understudy.core.call_numbers import Calls, read_calls
from understudy.core.header_values import HeadersError, read_headers
from understudy.core.rule_answers import (
    RuleAnswer,
    RuleError,
    Script,
    ScriptedCall,
    ScriptedError,
    ScriptedPicture,
    ScriptedUsage,
    Template,
    filled,
    templated,
)
from understudy.core.rule_request import RuleRequest
from understudy.core.scripted_errors import error_type, layer_of
from understudy.core.serialise import encode
from understudy.core.wildcards import fits, wildcard
from understudy.core.wording import is_text, is_whole, shown

ENDPOINTS = (
    *("chat", "completions", "embeddings", "images", "moderations", "realtime", "responses"),
    *("speech", "transcriptions", "translations"),
)
"""What `endpoint` may name: the metered endpoints, at each of which an error can be scripted."""
SPEAKING = frozenset(("chat", "completions", "realtime", "responses", "transcriptions", "translations"))
"""Endpoints at which words, refusals and tool calls can be scripted; a completion says a refusal and calls no tools, a
realtime session says it, too. Of a transcript words are what is heard."""
_PLAYED_BY = {"image": frozenset(("images",)), "embedding": frozenset(("embeddings",))}
_LONGEST_VECTOR = 8_192
_VECTORS_MOST = 2_048
_LARGEST = 3.4e38
"""What single precision holds."""
_SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"))
ANSWERS_KEPT = 1_000
"""Answers of one rule ("our choice")."""
FINISH_REASONS = ("stop", "length", "content_filter", "tool_calls", "function_call")

RULE_KEYS = ("name", "when", "answers")
_WILDCARDS = ("model", "path", "key")
_TEXTS = ("last_message", "any_message")
WHEN_KEYS = ("endpoint", *_WILDCARDS, *_TEXTS, "tool", "on", "where")
_KINDS = ("reply", "json", "tool_calls", "refusal", "image", "embedding", "error", "as_usual")
_MODIFIERS = ("finish_reason", "usage", "times")
ANSWER_KEYS = (*_KINDS, *_MODIFIERS)
_CALL_KEYS = ("name", "arguments", "input")
_ERROR_KEYS = ("status", "message", "type", "code", "param", "headers", "retry_after")
_USAGE_KEYS = ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens")
_GENERAL = frozenset(("last_message", "model", "call"))
_MESSAGES = {
    429: "Rate limit reached for {model}. Please try again later.",
    # These two are those of the error-codes guide, 2026.
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The engine is currently overloaded, please try again later",
}
"""What an error says that has no message; the first is "our choice"."""


class Conditions:
    """When a rule is meant.

    Attributes:
        table: as it was written, for lists of rules; keys in it are masked.
        endpoint: the only one, None for any.
        calls: which of the calls that match otherwise; None for every one.
        quotable: what answers may quote.
    """

    __slots__ = ("_key", "_model", "_path", "_texts", "_tool", "_where", "calls", "endpoint", "quotable", "table")

    def __init__(
        self,
        *,
        table: Mapping[str, Any],
        endpoint: str | None,
        model: str | None,
        path: str | None,
        key: str | None,
        texts: Mapping[str, str | re.Pattern[str]],
        tool: str | None,
        calls: Calls | None,
        where: Callable[[RuleRequest], object] | None,
    ) -> None:
        self.table = table
        self.endpoint = endpoint
        self.calls = calls
        self._model = wildcard(model)
        self._path = wildcard(path)
        self._key = wildcard(key)
        self._tool = wildcard(tool)
        self._texts = texts
        self._where = where
        groups: set[str] = set()
        for wanted in texts.values():
            if isinstance(wanted, re.Pattern):
                groups.update(map(str, range(wanted.groups + 1)), wanted.groupindex)
        self.quotable = _GENERAL | groups

    def met(self, request: RuleRequest) -> dict[str, str] | None:
        """The groups of the expressions, when a call is as it must be (but for its number); else None."""
        if self.endpoint is not None and request.endpoint != self.endpoint:
            return None
        if not (fits(self._model, request.model) and fits(self._path, request.path)):
            return None
        if not (fits(self._key, request.key) or fits(self._key, request.account)):
            return None
        if self._tool is not None and not any(fits(self._tool, name) for name in request.tools):
            return None
        groups: dict[str, str] = {}
        for name, wanted in self._texts.items():
            texts = [request.last_message] if name == "last_message" else [each.text for each in request.messages]
            if not any(_says(text, wanted, groups) for text in texts):
                return None
        if self._where is not None and not self._where(request):
            return None
        return groups


def _says(text: str, wanted: str | re.Pattern[str], groups: dict[str, str]) -> bool:
    if isinstance(wanted, str):
        return wanted in text
    found = wanted.search(text)
    if found is None:
        return False
    for number in range(wanted.groups + 1):
        groups[str(number)] = found[number] or ""
    groups.update((name, value or "") for name, value in found.groupdict().items())
    return True


class RuleReader:
    """Reads the parts of one rule.

    Args:
        place: what the errors call it.
        position: of the rule among those that were given, from 0.
    """

    def __init__(self, place: str, position: int = 0) -> None:
        self._place = place
        self._position = position

    def error(self, key: str, problem: str) -> RuleError:
        """What to raise."""
        return RuleError(self._place, key, problem, self._position)

    def conditions(self, table: object) -> Conditions:
        """Read `when`.

        Raises:
            RuleError: it cannot be understood.
        """
        if not isinstance(table, Mapping):
            raise self.error("when", f"must be a table, not {shown(table)}")
        for key in table:
            if key not in WHEN_KEYS:
                raise self.error(f"when.{key}", f"is not known; a condition is {', '.join(WHEN_KEYS)}")
        endpoint = table.get("endpoint")
        if endpoint is not None and endpoint not in ENDPOINTS:
            raise self.error("when.endpoint", f"must be one of {', '.join(ENDPOINTS)}, not {shown(endpoint)}")
        where = table.get("where")
        if where is not None and not callable(where):
            raise self.error("when.where", f"must be a function (Python only), not {shown(where)}")
        texts = {name: self._expression(f"when.{name}", table[name]) for name in _TEXTS if name in table}
        plain = {name: self._name(f"when.{name}", table.get(name)) for name in (*_WILDCARDS, "tool")}
        return Conditions(
            table=_listed(table),
            endpoint=endpoint,
            texts=texts,
            calls=self._calls(table["on"]) if "on" in table else None,
            where=where,
            **plain,
        )

    def answers(self, table: Mapping[str, Any], quotable: frozenset[str]) -> tuple[RuleAnswer, ...]:
        """Read what a whole rule says: one answer among its own keys, or `answers`.

        Raises:
            RuleError: it cannot be understood.
        """
        for key in table:
            if key not in RULE_KEYS and key not in ANSWER_KEYS:
                raise self.error(str(key), f"is not known; a rule has {', '.join((*RULE_KEYS, *ANSWER_KEYS))}")
        own = {key: table[key] for key in ANSWER_KEYS if key in table}
        if "answers" not in table:
            return (self.answer(own, quotable),)
        if own:
            raise self.error(next(iter(own)), "cannot stand beside 'answers': it belongs into one of them")
        given = table["answers"]
        if not isinstance(given, Sequence) or isinstance(given, str | bytes) or not 0 < len(given) <= ANSWERS_KEPT:
            raise self.error("answers", f"must be a list of 1 to {ANSWERS_KEPT} answers")
        return tuple(self.answer(each, quotable, f"answers[{number}]") for number, each in enumerate(given))

    def answer(self, table: object, quotable: frozenset[str], where: str = "") -> RuleAnswer:
        """Read one answer.

        Args:
            table: what was written.
            quotable: what it may quote.
            where: what its keys stand in.

        Raises:
            RuleError: it cannot be understood.
        """
        if not isinstance(table, Mapping):
            raise self.error(where, f"must be a table, not {shown(table)}")
        prefix = f"{where}." if where else ""
        for key in table:
            if key not in ANSWER_KEYS:
                raise self.error(f"{prefix}{key}", f"is not known; an answer has {', '.join(ANSWER_KEYS)}")
        kinds = [key for key in _KINDS if key in table]
        if not kinds:
            raise self.error(f"{prefix}reply", f"is missing: an answer is one of {', '.join(_KINDS)}")
        if len(kinds) > 1:
            raise self.error(f"{prefix}{kinds[1]}", f"cannot stand beside {kinds[0]!r}: an answer is one thing")
        kind = kinds[0]
        times = table.get("times")
        if times is not None and (not is_whole(times) or not 1 <= times <= 10**9):
            raise self.error(f"{prefix}times", f"must be a whole number from 1 on, not {shown(times)}")
        if kind == "error":
            for key in ("finish_reason", "usage"):
                if key in table:
                    raise self.error(f"{prefix}{key}", "cannot stand beside 'error'")
            scripted = self._error(table["error"], quotable, f"{prefix}error")
            return RuleAnswer(_plain(table), times, scripted.make, endpoints=None)
        finish_reason = table.get("finish_reason")
        if finish_reason is not None and finish_reason not in FINISH_REASONS:
            problem = f"must be one of {', '.join(FINISH_REASONS)}, not {shown(finish_reason)}"
            raise self.error(f"{prefix}finish_reason", problem)
        usage = self._usage(table["usage"], f"{prefix}usage") if "usage" in table else None
        make = self._words(kind, table[kind], quotable, f"{prefix}{kind}")

        def script(rule: str, values: Mapping[str, str], now: int) -> Script:
            return Script(rule, finish_reason=finish_reason, usage=usage, **make(values))

        for key in ("finish_reason", "usage"):
            if kind in _PLAYED_BY and key in table:
                raise self.error(f"{prefix}{key}", f"cannot stand beside {kind!r}")
        says_nothing = kind == "as_usual" and finish_reason is None and usage is None
        endpoints = None if says_nothing else _PLAYED_BY.get(kind, SPEAKING)
        return RuleAnswer(_plain(table), times, script, endpoints=endpoints)

    def _words(
        self, kind: str, value: object, quotable: frozenset[str], key: str
    ) -> Callable[[Mapping[str, str]], dict[str, Any]]:
        if kind == "as_usual":
            if value is not True:
                raise self.error(key, f"can only be true, not {shown(value)}")
            return lambda values: {}
        if kind == "image":
            return self._picture(value, quotable, key)
        if kind == "embedding":
            vectors = self._vectors(value, key)
            return lambda values: {"vectors": vectors}
        if kind == "tool_calls":
            calls = self._tool_calls(value, quotable, key)
            return lambda values: {"tool_calls": tuple(call(values) for call in calls)}
        if kind == "json":
            template = self._template(key, value, quotable, as_json=True)
            return lambda values: {"text": encode(filled(template, values)).decode()}
        template = self._template(key, value, quotable)
        name = "text" if kind == "reply" else "refusal"
        return lambda values: {name: template.fill(values)}

    def _template(self, key: str, value: object, quotable: frozenset[str], *, as_json: bool = False) -> Any:
        if not as_json and not is_text(value):
            raise self.error(key, f"must be a text, not {shown(value)}; other values go into 'json'")
        try:
            encode(value)
            return templated(value, quotable)
        except RecursionError:
            raise self.error(key, "is nested too deeply") from None
        except (TypeError, ValueError, OverflowError) as problem:
            raise self.error(key, str(problem).rstrip(".")) from None

    def _picture(
        self, value: object, quotable: frozenset[str], key: str
    ) -> Callable[[Mapping[str, str]], dict[str, Any]]:
        if not isinstance(value, Mapping):
            if not is_text(value) or not value:
                raise self.error(key, f"must be a prompt, or a table of base64, not {shown(value)}")
            template = self._template(key, value, quotable)
            return lambda values: {"picture": ScriptedPicture(template.fill(values))}
        for name in value:
            if name not in ("base64", "prompt"):
                raise self.error(f"{key}.{name}", "is not known; a picture has base64, and perhaps a prompt")
        given = value.get("base64")
        try:
            file = a2b_base64(given, strict_mode=True) if isinstance(given, str) else b""
        except (ValueError, UnicodeEncodeError):
            file = b""
        form = next((name for start, name in _SIGNATURES if file.startswith(start)), "")
        if file[:4] == b"RIFF" and file[8:12] == b"WEBP":
            form = "webp"
        if not form:
            raise self.error(f"{key}.base64", f"must be a PNG, JPEG or WebP in base64, not {shown(given)}")
        prompt = self._template(f"{key}.prompt", value["prompt"], quotable) if "prompt" in value else None
        return lambda values: {"picture": ScriptedPicture(None if prompt is None else prompt.fill(values), file, form)}

    def _vectors(self, value: object, key: str) -> tuple[tuple[float, ...], ...]:
        """One vector, or a list of them."""
        several: Any = (
            value if isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple) else [value]
        )
        if len(several) > _VECTORS_MOST:
            raise self.error(key, f"must be at most {_VECTORS_MOST} vectors, not {len(several)}")
        for vector in several:
            if not isinstance(vector, list | tuple) or not 0 < len(vector) <= _LONGEST_VECTOR:
                raise self.error(key, f"must be lists of 1 to {_LONGEST_VECTOR} numbers, not {shown(vector)}")
            for number in vector:
                if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= _LARGEST:
                    raise self.error(key, f"must be made of finite numbers, not {shown(number)}")
        return tuple(tuple(float(number) for number in vector) for vector in several)

    def _tool_calls(
        self, value: object, quotable: frozenset[str], key: str
    ) -> list[Callable[[Mapping[str, str]], ScriptedCall]]:
        if not isinstance(value, list | tuple) or not 0 < len(value) <= 128:
            raise self.error(key, f"must be a list of 1 to 128 calls, not {shown(value)}")
        return [self._tool_call(each, quotable, f"{key}[{number}]") for number, each in enumerate(value)]

    def _tool_call(
        self, value: object, quotable: frozenset[str], key: str
    ) -> Callable[[Mapping[str, str]], ScriptedCall]:
        if not isinstance(value, Mapping) or not set(value) <= set(_CALL_KEYS):
            raise self.error(key, f"must be a table of {', '.join(_CALL_KEYS)}, not {shown(value)}")
        name = self._name(f"{key}.name", value.get("name"))
        if name is None:
            raise self.error(f"{key}.name", "is missing")
        if "input" in value:
            if "arguments" in value:
                raise self.error(f"{key}.input", "cannot stand beside 'arguments'")
            payload = self._template(f"{key}.input", value["input"], quotable)
            return lambda values: ScriptedCall(name, payload.fill(values))
        arguments = value.get("arguments", {})
        # Arguments as text are sent as they are: they need not be JSON at all.
        template = self._template(f"{key}.arguments", arguments, quotable, as_json=True)
        if isinstance(template, Template):
            return lambda values: ScriptedCall(name, template.fill(values))
        return lambda values: ScriptedCall(name, encode(filled(template, values)).decode())

    def _error(self, value: object, quotable: frozenset[str], key: str) -> ScriptedError:
        table = {"status": value} if is_whole(value) else value
        if not isinstance(table, Mapping):
            raise self.error(key, f"must be a status or a table of {', '.join(_ERROR_KEYS)}, not {shown(value)}")
        for name in table:
            if name not in _ERROR_KEYS:
                raise self.error(f"{key}.{name}", f"is not known; an error has {', '.join(_ERROR_KEYS)}")
        status = table.get("status", 429)
        if not is_whole(status) or not 400 <= status <= 599:
            raise self.error(f"{key}.status", f"must be a whole number from 400 to 599, not {shown(status)}")
        texts = {name: self._name(f"{key}.{name}", table.get(name)) for name in ("type", "code", "param", "message")}
        code, message = texts["code"], texts["message"]
        if code == "insufficient_quota" and message is None:
            message = errors.out_of_credits().message
        if message is None and status not in _MESSAGES:
            raise self.error(
                f"{key}.message", f"is missing: only {', '.join(map(str, _MESSAGES))} have one of their own"
            )
        retry_after = table.get("retry_after")
        if retry_after is not None and not _is_seconds(retry_after):
            raise self.error(f"{key}.retry_after", f"must be seconds from 0 to 86400, not {shown(retry_after)}")
        try:
            headers = read_headers(table.get("headers", {}))
        except HeadersError as wrong:
            raise self.error(f"{key}.{wrong.key}", wrong.problem) from None
        if status == 429 and code is None:
            code = "rate_limit_exceeded"
        return ScriptedError(
            status,
            self._template(f"{key}.message", message or _MESSAGES[status], quotable),
            type=texts["type"] or error_type(status, code),
            code=code,
            param=texts["param"],
            layer=layer_of(status),
            headers=headers,
            retry_after=None if retry_after is None else float(retry_after),
        )

    def _usage(self, value: object, key: str) -> ScriptedUsage:
        if not isinstance(value, Mapping) or not value:
            raise self.error(key, f"must be a table of {', '.join(_USAGE_KEYS)}, not {shown(value)}")
        for name, count in value.items():
            if name not in _USAGE_KEYS:
                raise self.error(f"{key}.{name}", f"is not known; a usage has {', '.join(_USAGE_KEYS)}")
            if not is_whole(count) or not 0 <= count <= 10**9:
                raise self.error(f"{key}.{name}", f"must be a whole number from 0 to 1000000000, not {shown(count)}")
        for part, whole in (("cached_tokens", "prompt_tokens"), ("reasoning_tokens", "completion_tokens")):
            if part in value and value[part] > value.get(whole, -1):
                raise self.error(f"{key}.{part}", f"is a part of {whole}, which must be given, and not be less")
        return ScriptedUsage(**value)

    def _name(self, key: str, value: object) -> str | None:
        if value is not None and (not is_text(value) or not value):
            raise self.error(key, f"must be a text that is not empty, not {shown(value)}")
        return value

    def _expression(self, key: str, value: object) -> str | re.Pattern[str]:
        if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
            return value
        if isinstance(value, Mapping) and list(value) == ["regex"] and isinstance(value["regex"], str):
            try:
                return re.compile(value["regex"])
            except (re.error, OverflowError, RecursionError) as problem:
                raise self.error(f"{key}.regex", f"is no regular expression: {problem}") from None
        if not is_text(value) or not value:
            accepted = 'a text that is not empty, or { regex = "..." }'
            raise self.error(key, f"must be {accepted}, not {shown(value)}")
        return value

    def _calls(self, value: object) -> Calls:
        try:
            return read_calls(value)
        except ValueError as problem:
            raise self.error("when.on", str(problem)) from None


def _is_seconds(value: object) -> bool:
    if isinstance(value, bool):
        return False
    try:
        return 0 <= float(value) <= 86_400  # type: ignore[arg-type]  # whatever is no number is refused
    except (TypeError, ValueError, OverflowError):
        return False


def _plain(value: Any) -> Any:
    """A copy that JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, re.Pattern):
        return {"regex": value.pattern}
    if callable(value):
        return "a function"
    return value


def _listed(table: Mapping[str, Any]) -> dict[str, Any]:
    shown_table: dict[str, Any] = _plain(table)
    key = shown_table.get("key")
    if isinstance(key, str) and key.startswith("sk-"):
        shown_table["key"] = errors.mask_key(key)
    return shown_table
