"""What a rule has the model say: the values of the rule language; `rules` explains it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from understudy.core.clock import SECOND
from understudy.core.errors import ApiError, Layer
from understudy.core.header_values import HeaderValue

QUOTED_MOST = 65_536
"""Characters of the request that one quotation carries over ("our choice")."""
_QUOTATION = re.compile(r"\{(?:\{(\w+)\}|(\w+))\}")


class RuleError(ValueError):
    """A rule that cannot be understood, in one sentence.

    Attributes:
        place: the rule it is about.
        key: what is wrong there.
        problem: in words.
        position: of the rule among those that were given, from 0.
    """

    def __init__(self, place: str, key: str, problem: str, position: int = 0) -> None:
        super().__init__(f"{place}: {key!r} {problem}.")
        self.place = place
        self.key = key
        self.problem = problem
        self.position = position


class Template:
    """A text that may quote the request: `{last_message}`, `{model}`, `{call}`, and groups of the rule's expression.

    What stands in braces and is no single word is text like any other, so that JSON needs no care; `{{word}}` is the
    text `{word}`.

    Args:
        text: as written.
        known: what may be quoted.

    Raises:
        ValueError: something else is quoted.
    """

    __slots__ = ("_pieces",)

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self._pieces: list[tuple[str, str]] = []
        """Texts, each with the name of what follows it."""
        end, plain = 0, ""
        for found in _QUOTATION.finditer(text):
            plain += text[end : found.start()]
            end = found.end()
            literal, name = found.groups()
            if literal is not None:
                plain += f"{{{literal}}}"
                continue
            if name not in known:
                words = ", ".join(f"{{{word}}}" for word in sorted(known))
                raise ValueError(f"quotes {{{name}}}, but there are {words}; the text itself is written {{{{{name}}}}}")
            self._pieces.append((plain, name))
            plain = ""
        self._pieces.append((plain + text[end:], ""))

    def fill(self, values: Mapping[str, str]) -> str:
        """The text for one call."""
        return "".join(plain + (values.get(name, "")[:QUOTED_MOST] if name else "") for plain, name in self._pieces)


def templated(value: Any, known: frozenset[str]) -> Any:
    """JSON with every text in it as a template; raises ValueError as that does."""
    if isinstance(value, str):
        return Template(value, known)
    if isinstance(value, Mapping):
        return {key: templated(each, known) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [templated(each, known) for each in value]
    return value


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """The JSON of `templated` for one call."""
    if isinstance(value, Template):
        return value.fill(values)
    if isinstance(value, dict):
        return {key: filled(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, values) for each in value]
    return value


class ScriptedCall:
    """A tool call of a script.

    Attributes:
        name: of the tool.
        payload: arguments of a function as JSON text, input of a custom tool.
    """

    __slots__ = ("name", "payload")

    def __init__(self, name: str, payload: str) -> None:
        self.name = name
        self.payload = payload


class ScriptedUsage:
    """Token counts that hold in place of those that were counted; None where the counted one holds.

    Attributes:
        prompt_tokens, cached_tokens: of the request; of them, known from before.
        completion_tokens, reasoning_tokens: of the answer; of them, thought.
    """

    __slots__ = ("cached_tokens", "completion_tokens", "prompt_tokens", "reasoning_tokens")

    def __init__(
        self,
        prompt_tokens: int | None = None,
        cached_tokens: int | None = None,
        completion_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        self.prompt_tokens = prompt_tokens
        self.cached_tokens = cached_tokens
        self.completion_tokens = completion_tokens
        self.reasoning_tokens = reasoning_tokens


class ScriptedPicture:
    """A picture of a script.

    Attributes:
        prompt: what is painted in place of what was asked for, or None.
        file: the picture itself, or None.
        format: of the file: png, jpeg or webp; empty without one.
    """

    __slots__ = ("file", "format", "prompt")

    def __init__(self, prompt: str | None = None, file: bytes | None = None, format: str = "") -> None:
        self.prompt = prompt
        self.file = file
        self.format = format


class Script:
    """What the model says to one call; None where it decides itself.

    Attributes:
        rule: name of the rule, for the journal.
        text: its words, or JSON; said aloud where the request asks for sound.
        refusal: its words of refusal.
        tool_calls: what it calls.
        finish_reason: why it ended.
        usage: what is counted.
        picture: what is painted.
        vectors: embeddings of the texts in order, the last of them for all that follow.
        error: what the call is refused with instead.
    """

    __slots__ = (
        "error", "finish_reason", "picture", "refusal", "rule", "text", "tool_calls", "usage", "vectors",
    )  # fmt: skip

    def __init__(
        self,
        rule: str,
        *,
        text: str | None = None,
        refusal: str | None = None,
        tool_calls: tuple[ScriptedCall, ...] = (),
        finish_reason: str | None = None,
        usage: ScriptedUsage | None = None,
        picture: ScriptedPicture | None = None,
        vectors: tuple[tuple[float, ...], ...] = (),
        error: ApiError | None = None,
    ) -> None:
        self.error = error
        self.rule = rule
        self.text = text
        self.refusal = refusal
        self.tool_calls = tool_calls
        self.finish_reason = finish_reason
        self.usage = usage
        self.picture = picture
        self.vectors = vectors


class RuleAnswer:
    """One answer of a rule.

    Attributes:
        table: as it was written, for lists of rules.
        times: how often it plays; None for as long as no other follows.
        endpoints: that can play it; None for all.
    """

    __slots__ = ("_make", "endpoints", "table", "times")

    def __init__(
        self,
        table: Mapping[str, Any],
        times: int | None,
        make: Callable[[str, Mapping[str, str], int], Script],
        *,
        endpoints: frozenset[str] | None,
    ) -> None:
        self.table = table
        self.times = times
        self.endpoints = endpoints
        self._make = make

    def make(self, rule: str, values: Mapping[str, str], now: int) -> Script:
        """The script for one call.

        Args:
            rule: its name.
            values: what may be quoted.
            now: microseconds since the epoch.
        """
        return self._make(rule, values, now)


class ScriptedError:
    """An error in the API's envelope.

    Args:
        status: HTTP status.
        message, type, code, param: of the envelope.
        layer: whose layout it has.
        headers: beside or in place of the ordinary ones.
        retry_after: seconds, None to say nothing.
    """

    __slots__ = ("_code", "_headers", "_layer", "_message", "_param", "_retry_after", "_status", "_type")

    def __init__(
        self,
        status: int,
        message: Template,
        *,
        type: str,
        code: str | None,
        param: str | None,
        layer: Layer,
        headers: list[tuple[bytes, HeaderValue]],
        retry_after: float | None,
    ) -> None:
        self._status = status
        self._message = message
        self._type = type
        self._code = code
        self._param = param
        self._layer = layer
        self._headers = headers
        self._retry_after = retry_after

    def make(self, rule: str, values: Mapping[str, str], now: int) -> Script:
        """The error for one call."""
        error = ApiError(
            self._message.fill(values),
            code=self._code,
            param=self._param,
            type=self._type,
            status=self._status,
            layer=self._layer,
            headers=tuple((name, value.at(now)) for name, value in self._headers),
            retry_after=None if self._retry_after is None else round(self._retry_after * SECOND),
        )
        return Script(rule, error=error)
