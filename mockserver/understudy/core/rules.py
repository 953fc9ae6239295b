r"""Rules: who says what, when. One language, spelled alike in Python, TOML and JSON.

A rule says when it is meant and what the model says then; of several the first that is meant answers:

    [[rules]]
    when = { last_message = "capital of France" }
    reply = "Paris."

    [[rules]]
    when = { model = "gpt-4o*", last_message = { regex = 'my name is (?P<name>\w+)' } }
    answers = [{ error = 429, times = 2 }, { reply = "Hello, {name}!" }]

In Python:

    rules.when(last_message="capital of France").reply("Paris.")
    rules.when(model="gpt-4o*", last_message=re.compile(r"my name is (?P<name>\w+)")).fail(429, times=2).reply(
        "Hello, {name}!"
    )

**When.** All that is given must hold: `endpoint` (chat, images, ...); `model`, `path`, `key` (or account id) and
`tool` (one that the request offers), in which `*` stands for any text; `last_message` and `any_message`, a text that it
holds or an expression that is found in it; `on`, which counts the calls that match otherwise: 1, "2..", "3-5"; and
`where`, a function of the `RuleRequest` (Python only). The last message may be anybody's: a tool's result, too.

**What.** An answer is one of `reply` (a text), `json`, `tool_calls`, `refusal`, `image`, `embedding`, `error` and
`as_usual` (what would have been said without the rule), perhaps with `finish_reason` and `usage`. Several are given in
turn: each once, the last for ever, or as many `times` as it says. A rule whose answers are used up is not meant any
more.

Texts may quote the request: `{last_message}`, `{model}`, `{call}` (the number of the matching call), and the groups of
the rule's expressions: `{1}`, `{name}`.

What a rule says goes the ordinary way: it is cut at `stop` and by token limits, counted, charged, streamed and spoken.
Rules are asked when a request has been let in and found valid, so that an error of a rule has cost a request.

The language and every bound in it are our choice. `rule_answers` holds the values, `rule_reader` reads them.
"""

from binascii import b2a_base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from understudy.core.rule_answers import RuleAnswer, RuleError, Script
from understudy.core.rule_reader import ANSWERS_KEPT, Conditions, RuleReader
from understudy.core.rule_request import RuleRequest, Said
from understudy.core.serialise import encode
from understudy.core.wording import is_text, shown

__all__ = ["RULES_KEPT", "RULE_BYTES", "Rule", "RuleError", "RuleRequest", "Rules", "Said", "Script"]

RULES_KEPT = 1_000
"""Rules that may be set at once."""
RULE_BYTES = 1024 * 1024
"""Bytes of one rule as JSON."""
ALL_BYTES = 64 * 1024 * 1024
"""Bytes of all rules together."""


class Rule:
    """One rule; its methods add answers, and give the rule back.

    Attributes:
        name: by which it is listed and removed.
        seen: calls that met its conditions, but for `on`.
        answered: calls that it has answered.
    """

    __slots__ = ("_answers", "_conditions", "_owner", "_size", "answered", "name", "seen")

    def __init__(self, owner: "Rules", name: str, conditions: Conditions, answers: tuple[RuleAnswer, ...]) -> None:
        self._owner = owner
        self._conditions = conditions
        self._answers = answers
        self._size = 0
        self.name = name
        self.seen = 0
        self.answered = 0

    def __repr__(self) -> str:
        """Its name and how often it answered."""
        return f"<rule {self.name!r}, answered {self.answered}>"

    # What is said

    def reply(
        self,
        text: str | None = None,
        *,
        json: Any = None,
        finish_reason: str | None = None,
        usage: Mapping[str, int] | None = None,
        times: int | None = None,
    ) -> "Rule":
        """Say a text, or (with `json`) a JSON value; it may quote the request.

        Args:
            text: the words; they are said aloud where the request asks for sound.
            json: any value instead.
            finish_reason: stop, length, content_filter, tool_calls or function_call.
            usage: prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens to show and charge.
            times: how often, before the next answer's turn.

        Raises:
            RuleError: something of it cannot be used.
        """
        table = {"json": json} if text is None else {"reply": text}
        if text is not None and json is not None:
            table["json"] = json
        return self._add(table, finish_reason=finish_reason, usage=usage, times=times)

    def call(
        self,
        tool: str,
        arguments: Any = None,
        *,
        finish_reason: str | None = None,
        usage: Mapping[str, int] | None = None,
        times: int | None = None,
    ) -> "Rule":
        """Call a tool; arguments that are a text are sent as they are, even if they are no JSON."""
        return self.calls(
            (tool, {} if arguments is None else arguments), finish_reason=finish_reason, usage=usage, times=times
        )

    def calls(
        self,
        *calls: tuple[str, Any],
        finish_reason: str | None = None,
        usage: Mapping[str, int] | None = None,
        times: int | None = None,
    ) -> "Rule":
        """Call several tools at once: pairs of a name and arguments."""
        table = {"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]}
        return self._add(table, finish_reason=finish_reason, usage=usage, times=times)

    def refuse(self, text: str, *, usage: Mapping[str, int] | None = None, times: int | None = None) -> "Rule":
        """Refuse with these words, in the message's `refusal`."""
        return self._add({"refusal": text}, usage=usage, times=times)

    def draw(
        self,
        prompt: str | None = None,
        *,
        file: bytes | None = None,
        times: int | None = None,
    ) -> "Rule":
        """Paint what this prompt says in place of the request's, or hand out this very picture.

        Args:
            prompt: it may quote the request.
            file: the bytes of a PNG, JPEG or WebP.
            times: how often, before the next answer's turn.

        Raises:
            RuleError: something of it cannot be used.
        """
        if file is None:
            return self._add({"image": prompt}, times=times)
        picture = {"base64": b2a_base64(file, newline=False).decode()}
        return self._add({"image": picture if prompt is None else {**picture, "prompt": prompt}}, times=times)

    def embed(self, *vectors: Sequence[float], times: int | None = None) -> "Rule":
        """Give these vectors to the texts of a request in order, the last of them to all that follow."""
        return self._add({"embedding": [list(vector) for vector in vectors]}, times=times)

    def fail(
        self,
        status: int,
        message: str | None = None,
        *,
        type: str | None = None,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
        times: int | None = None,
    ) -> "Rule":
        """Answer with an error in the API's envelope.

        Args:
            status: 400 to 599.
            message: 429, 500 and 503 have one of their own.
            type: follows from status and code unless it is given.
            code: `rate_limit_exceeded` for a 429 unless it is given.
            param: the parameter to blame.
            headers: beside or in place of the ordinary ones.
            retry_after: seconds, for the headers that tell a client when to come again.
            times: how often, before the next answer's turn.
        """
        told = {
            "status": status,
            "message": message,
            "type": type,
            "code": code,
            "param": param,
            "headers": headers,
            "retry_after": retry_after,
        }
        return self._add({"error": {key: value for key, value in told.items() if value is not None}}, times=times)

    def as_usual(
        self,
        *,
        finish_reason: str | None = None,
        usage: Mapping[str, int] | None = None,
        times: int | None = None,
    ) -> "Rule":
        """Say what would have been said without the rule."""
        return self._add({"as_usual": True}, finish_reason=finish_reason, usage=usage, times=times)

    # What is

    @property
    def table(self) -> dict[str, Any]:
        """The rule as JSON can hold it, keys masked."""
        return {
            "name": self.name,
            "when": dict(self._conditions.table),
            "answers": [dict(answer.table) for answer in self._answers],
            "seen": self.seen,
            "answered": self.answered,
        }

    def remove(self) -> None:
        """Take it back."""
        self._owner.remove(self.name)

    # What the pipeline asks

    @property
    def counts(self) -> bool:
        """Whether it must see calls that an earlier rule answers."""
        return self._conditions.calls is not None

    def script(self, request: RuleRequest, now: int, *, taken: bool, named: bool = False) -> Script | None:
        """What it says to a call; None when it is not meant.

        Args:
            request: the call.
            now: its arrival, microseconds since the epoch.
            taken: an earlier rule has answered: only count.
            named: it must name the request's endpoint; any rule that does not leaves the call alone.
        """
        conditions = self._conditions
        if not self._answers or (named and conditions.endpoint is None):
            return None
        groups = conditions.met(request)
        if groups is None:
            return None
        self.seen += 1
        if taken or (conditions.calls is not None and self.seen not in conditions.calls):
            return None
        answer = self._next()
        if answer is None or not (answer.endpoints is None or request.endpoint in answer.endpoints):
            return None
        self.answered += 1
        values = {"last_message": request.last_message, "model": request.model, "call": str(self.seen), **groups}
        return answer.make(self.name, values, now)

    def _next(self) -> RuleAnswer | None:
        """The answer whose turn it is."""
        before = self.answered
        last = len(self._answers) - 1
        for place, answer in enumerate(self._answers):
            times = answer.times
            if times is None and place == last:
                return answer
            before -= times or 1
            if before < 0:
                return answer
        return None

    def _add(self, table: dict[str, Any], **modifiers: Any) -> "Rule":
        told = {**table, **{key: value for key, value in modifiers.items() if value is not None}}
        reader = RuleReader(f"Rule {self.name!r}")
        if len(self._answers) >= ANSWERS_KEPT:
            raise reader.error("answers", f"cannot be more than {ANSWERS_KEPT}")
        added = reader.answer(told, self._conditions.quotable)
        self._owner.settle(self, (*self._answers, added))
        return self


class Rules:
    """The rules of a server, in order.

    Rules may be added and removed from any thread while calls are answered in another.

    Args:
        tables: rules that are there from the start, and again after a reset.

    Raises:
        RuleError: one of them cannot be understood.
    """

    __slots__ = ("_made", "_rules", "_standing")

    def __init__(self, tables: Sequence[Mapping[str, Any]] = ()) -> None:
        self._standing = tuple(tables)
        self._rules: tuple[Rule, ...] = ()
        self._made = 0
        self.reset()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._rules)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._rules)

    def __iter__(self) -> Iterator[Rule]:
        """Each in order."""
        return iter(self._rules)

    def __getitem__(self, name: str) -> Rule:
        """The rule of a name; KeyError when there is none."""
        for rule in self._rules:
            if rule.name == name:
                return rule
        raise KeyError(name)

    def when(self, *, name: str | None = None, **conditions: Any) -> Rule:
        """Begin a rule, after those there are; it holds from its first answer on.

            rules.when(last_message="weather", tool="get_weather").call("get_weather", {"city": "Paris"})

        Args:
            name: by which it is listed and removed; made up when it is left out.
            conditions: endpoint, model, path, key, last_message, any_message, tool, on, where.

        Raises:
            RuleError: something of it cannot be used.
        """
        given = {key: value for key, value in conditions.items() if value is not None}
        return self._read({"when": given, **({} if name is None else {"name": name})}, 0, whole=False)

    def add(self, *tables: Mapping[str, Any]) -> tuple[Rule, ...]:
        """Set rules that are written as tables, after those there are; all of them or, on an error, none.

        Raises:
            RuleError: one cannot be understood, or there are too many.
        """
        before = self._rules
        try:
            added = []
            for position, table in enumerate(tables):
                rule = self._read(table, position, whole=True)
                self.settle(rule, rule._answers, position)
                added.append(rule)
            return tuple(added)
        except RuleError:
            self._rules = before
            raise

    def remove(self, name: str) -> None:
        """Take a rule back; KeyError when there is none of the name."""
        rule = self[name]
        self._rules = tuple(each for each in self._rules if each is not rule)

    def clear(self) -> None:
        """Take all back."""
        self._rules = ()
        self._made = 0

    def reset(self) -> None:
        """Begin anew, with the rules that were there from the start."""
        self.clear()
        self.add(*self._standing)

    def settle(self, rule: Rule, answers: tuple[RuleAnswer, ...], position: int = 0) -> None:
        """Give a rule its answers, and take it among the others, if all that is within bounds.

        Raises:
            RuleError: it is too large, its name is taken, or nothing can say what it says.
        """
        reader = RuleReader(f"Rule {rule.name!r}", position)
        conditions = rule._conditions
        endpoint = conditions.endpoint
        for answer in answers:
            if endpoint is not None and answer.endpoints is not None and endpoint not in answer.endpoints:
                names = ", ".join(sorted(answer.endpoints))
                raise reader.error("when.endpoint", f"is {endpoint!r}, but such an answer is given by {names}")
        size = len(encode([conditions.table, [answer.table for answer in answers]]))
        if size > RULE_BYTES:
            raise reader.error("answers", f"are larger than {RULE_BYTES} bytes")
        others = [each for each in self._rules if each is not rule]
        if size + sum(each._size for each in others) > ALL_BYTES:
            raise reader.error("answers", f"would make all rules larger than {ALL_BYTES} bytes")
        if any(each.name == rule.name for each in others):
            raise reader.error("name", "is taken by another rule")
        if len(others) >= RULES_KEPT:
            raise reader.error("name", f"would be one more than the {RULES_KEPT} rules that may be set at once")
        rule._answers, rule._size = answers, size
        if len(others) == len(self._rules):
            self._rules = (*self._rules, rule)

    def script(self, request: RuleRequest, now: int, *, named: bool = False) -> Script | None:
        """What the model says to a call; None when no rule is meant.

        Args:
            request: the call.
            now: its arrival, microseconds since the epoch.
            named: only rules that name the request's endpoint are meant.
        """
        found: Script | None = None
        for rule in self._rules:
            if found is None:
                found = rule.script(request, now, taken=False, named=named)
            elif rule.counts:
                rule.script(request, now, taken=True, named=named)
        return found

    def _read(self, table: object, position: int, *, whole: bool) -> Rule:
        number = position + 1
        reader = RuleReader(f"Rule {number}", position)
        if not isinstance(table, Mapping):
            raise reader.error("rules", f"must be tables, not {shown(table)}")
        name = table.get("name")
        if name is None:
            self._made += 1
            name = f"rule-{self._made}"
        elif not is_text(name) or not 0 < len(name) <= 200 or not name.isprintable() or "/" in name:
            raise reader.error("name", f"must be 1 to 200 printable characters without a slash, not {shown(name)}")
        else:
            reader = RuleReader(f"Rule {name!r}", position)
        conditions = reader.conditions(table.get("when", {}))
        answers = reader.answers(table, conditions.quotable) if whole else ()
        return Rule(self, name, conditions, answers)
