"""The language of expectations: `requests == 2`, `gap(1) >= 2.0`, `outcome is error and error.kind == "rate_limit"`.

An expectation is a Python expression in form only. Python's own parser reads it, so that precedence, chains
(`0.1 <= gap(1) <= 3`) and quoting are what every reader knows; then each node must be one of a handful, and each name
one of the words of `evidence.WORDS`. The rest (arithmetic, attributes, calls of anything else, names that are no words,
comparisons of unlike things) is refused when the case is loaded. Nothing is ever compiled or run as Python.

A parser of our own was the alternative. It would be some hundred lines to write, explain and get wrong; the whitelist
below is all there is to review.

What was not seen has no value, and every comparison with it is false, `!=` too: `gap(1) < 1` and `gap(1) >= 1` are both
false when there was only one request. What cannot be seen from the client's seat at all (`Evidence.blind`) is unknown:
a condition that hangs on it holds neither way, and an expectation that does is not held against the client.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from operator import eq, ge, gt, le, lt, ne
from typing import Any, NamedTuple, Protocol

import msgspec


class ExpectationError(ValueError):
    """An expectation that cannot be understood; says what is wrong and shows the expression."""

    def __init__(self, expression: str, problem: str) -> None:
        super().__init__(f"{problem} (in the expectation {expression!r})")
        self.expression = expression
        self.problem = problem


class Kind(Enum):
    """What a word's value is; only like can be compared with like."""

    NUMBER = "a number"
    PLACE = "a place, counted from 1"
    SECONDS = "a time in seconds"
    TEXT = "a text"
    BYTES = "bytes"
    OUTCOME = "an outcome"
    TRUTH = "true or false"


class Part(Enum):
    """Where a word's value comes from; it decides what a failure is called."""

    WIRE = "wire"
    REPORT = "report"
    TIDY = "tidy"
    STANDARD = "standard"


OUTCOMES = ("success", "error", "none")
"""What a run came to: a result, an error, or neither within the time the case allows."""


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge, "is": eq, "is not": ne,
    "in": lambda left, right: left in right, "not in": lambda left, right: left not in right,
}  # fmt: skip


class Word(NamedTuple):
    """One word of the language.

    Attributes:
        kind: of its value.
        part: where the value comes from.
        parameters: kinds of its arguments; empty for a plain name.
        help: what it means, in a few words.
        read: takes the evidence and the arguments; None when the value was not seen.
    """

    kind: Kind
    part: Part
    parameters: tuple[Kind, ...]
    help: str
    read: Callable[..., Any]


class Slack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a time may be off before it is judged: clocks, schedulers and networks are not exact.

    Attributes:
        early_s: seconds that a lower bound is lowered by.
        late_share: share of an upper bound that it is raised by, or
        late_s: seconds, whichever is more.
        more_s: seconds that every bound is moved outwards by, besides; below 0 inwards.
    """

    early_s: float = 0.0
    late_share: float = 0.0
    late_s: float = 0.0
    more_s: float = 0.0

    def moved(self, seconds: float) -> "Slack":
        """The same with every bound moved outwards, or inwards."""
        return msgspec.structs.replace(self, more_s=self.more_s + seconds)

    def lowest(self, bound: float) -> float:
        """The shortest time that still counts as `bound` or more."""
        return bound - self.early_s - self.more_s

    def highest(self, bound: float) -> float:
        """The longest time that still counts as `bound` or less."""
        return bound + max(bound * self.late_share, self.late_s) + self.more_s


class Condition(Protocol):
    """Something that evidence meets or does not."""

    def holds(self, evidence: Any, slack: Slack) -> bool | None:
        """Whether the evidence meets it; None where that cannot be seen."""

    def operands(self) -> Iterator["Operand"]:
        """The words in it, in the order they are written."""


class Operand(NamedTuple):
    """A word with its arguments, or a constant.

    Attributes:
        kind: of the value.
        spelled: as it was written.
        word: None for a constant.
        arguments: of the word; for a constant the value alone.
    """

    kind: Kind
    spelled: str
    word: Word | None
    arguments: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The word without its arguments."""
        return self.spelled.partition("(")[0]

    def value(self, evidence: Any) -> Any:
        """The constant, or what the word reads; None when it was not seen."""
        return self.arguments[0] if self.word is None else self.word.read(evidence, *self.arguments)

    def hidden(self, evidence: Any) -> bool:
        """Whether it cannot be seen from the client's seat."""
        return self.word is not None and self.name in evidence.blind


class Comparison(NamedTuple):
    """Two operands of one kind; where one is a time, it is the left one."""

    left: Operand
    operator: str
    right: Operand

    def holds(self, evidence: Any, slack: Slack) -> bool | None:
        """Whether it holds; false when a value was not seen."""
        if self.left.hidden(evidence) or self.right.hidden(evidence):
            return None
        left, right = self.left.value(evidence), self.right.value(evidence)
        if left is None or right is None:
            return False
        if self.left.kind is Kind.SECONDS:
            least = self.operator in (">", ">=")
            if self.right.word is None:
                right = slack.lowest(right) if least else slack.highest(right)
            else:
                right += -slack.more_s if least else slack.more_s
        return bool(_OPERATORS[self.operator](left, right))

    def operands(self) -> Iterator[Operand]:
        """Both, without the constants."""
        return (operand for operand in (self.left, self.right) if operand.word is not None)


class Truth(NamedTuple):
    """A word that is true or false by itself."""

    operand: Operand

    def holds(self, evidence: Any, slack: Slack) -> bool | None:
        """Whether it is true."""
        return None if self.operand.hidden(evidence) else bool(self.operand.value(evidence))

    def operands(self) -> Iterator[Operand]:
        """The word."""
        return iter((self.operand,))


class Every(NamedTuple):
    """All of several."""

    parts: tuple[Condition, ...]

    def holds(self, evidence: Any, slack: Slack) -> bool | None:
        """Whether each is met."""
        told = [part.holds(evidence, slack) for part in self.parts]
        return False if False in told else None if None in told else True

    def operands(self) -> Iterator[Operand]:
        """Those of each."""
        return (operand for part in self.parts for operand in part.operands())


class Either(NamedTuple):
    """One of several."""

    parts: tuple[Condition, ...]

    def holds(self, evidence: Any, slack: Slack) -> bool | None:
        """Whether one is met."""
        told = [part.holds(evidence, slack) for part in self.parts]
        return True if True in told else None if None in told else False

    def operands(self) -> Iterator[Operand]:
        """Those of each."""
        return (operand for part in self.parts for operand in part.operands())


class Opposite(NamedTuple):
    """The contrary of one."""

    part: Condition

    def holds(self, evidence: Any, slack: Slack) -> bool | None:
        """Whether the other is not met."""
        told = self.part.holds(evidence, slack)
        return None if told is None else not told

    def operands(self) -> Iterator[Operand]:
        """Those of the other."""
        return self.part.operands()


class Expectation(NamedTuple):
    """An expectation as written and as understood."""

    written: str
    condition: Condition

    def met(self, evidence: Any, slack: Slack) -> bool:
        """Whether the evidence meets it, or cannot tell."""
        return self.condition.holds(evidence, slack) is not False

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The words in it, each once."""
        return tuple(dict.fromkeys(self.condition.operands()))

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons in it."""
        return tuple(_comparisons(self.condition))

    @property
    def timed(self) -> bool:
        """Whether it is judged by the suite's clock."""
        return any(operand.kind is Kind.SECONDS for operand in self.operands)

    @property
    def most_requests(self) -> int | None:
        """The most requests that it allows, None when it sets no bound."""
        return _most_requests(self.condition)

    @property
    def demands_success(self) -> bool:
        """Whether only a success can meet it."""
        return _demands(self.condition, "success")


def _comparisons(condition: Condition) -> Iterator[Comparison]:
    match condition:
        case Comparison():
            yield condition
        case Every(parts) | Either(parts):
            for part in parts:
                yield from _comparisons(part)
        case Opposite(part):
            yield from _comparisons(part)


def _most_requests(condition: Condition) -> int | None:
    match condition:
        case Comparison(Operand(spelled="requests"), operator, Operand(word=None, arguments=(int() as bound,))):
            return {"==": bound, "<=": bound, "<": bound - 1}.get(operator)
        case Comparison(Operand(spelled="requests"), "in", Operand(arguments=(tuple() as bounds,))):
            return max(bounds, default=None)
        case Every(parts):
            return min((most for part in parts if (most := _most_requests(part)) is not None), default=None)
        case Either(parts):
            of_each = [_most_requests(part) for part in parts]
            return None if None in of_each else max(most for most in of_each if most is not None)
    return None


def _demands(condition: Condition, outcome: str) -> bool:
    match condition:
        case Comparison(Operand(kind=Kind.OUTCOME), "is", Operand(spelled=wanted)):
            return wanted == outcome
        case Every(parts):
            return any(_demands(part, outcome) for part in parts)
        case Either(parts):
            return all(_demands(part, outcome) for part in parts)
    return False
