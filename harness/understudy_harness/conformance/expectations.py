"""The language of expectations: `requests == 2`, `gap(1) >= 2.0`, `outcome is error and error.kind == "rate_limit"`.

An expectation is a Python expression in form only. Python's own parser reads it, so that precedence, chains
(`0.1 <= gap(1) <= 3`) and quoting are what every reader knows; then each node must be one of a handful, and each name
one of the words of `evidence.WORDS`. The rest (arithmetic, attributes, calls of anything else, names that are no words,
comparisons of unlike things) is refused when the case is loaded. Nothing is ever compiled or run as Python.

A parser of our own was the alternative. It would be some hundred lines to write, explain and get wrong; the whitelist
below is all there is to review.

What was not seen has no value, and every comparison with it is false, `!=` too: `gap(1) < 1` and `gap(1) >= 1` are both
false when there was only one request.
"""

import ast
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


LONGEST = 1_000
"""Characters of one expectation: what is longer is no sentence, and could be nested deeper than Python can follow."""
OUTCOMES = ("success", "error", "none")
"""What a run came to: a result, an error, or neither within the time the case allows."""


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
    """

    early_s: float = 0.0
    late_share: float = 0.0
    late_s: float = 0.0

    def lowest(self, bound: float) -> float:
        """The shortest time that still counts as `bound` or more."""
        return bound - self.early_s

    def highest(self, bound: float) -> float:
        """The longest time that still counts as `bound` or less."""
        return bound + max(bound * self.late_share, self.late_s)


class Condition(Protocol):
    """Something that evidence meets or does not."""

    def met(self, evidence: Any, slack: Slack) -> bool:
        """Whether the evidence meets it."""

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

    def value(self, evidence: Any) -> Any:
        """The constant, or what the word reads; None when it was not seen."""
        return self.arguments[0] if self.word is None else self.word.read(evidence, *self.arguments)


class Comparison(NamedTuple):
    """Two operands of one kind; where one is a time, it is the left one."""

    left: Operand
    operator: str
    right: Operand

    def met(self, evidence: Any, slack: Slack) -> bool:
        """Whether it holds; false when a value was not seen."""
        left, right = self.left.value(evidence), self.right.value(evidence)
        if left is None or right is None:
            return False
        if self.left.kind is Kind.SECONDS and self.right.word is None:
            right = slack.lowest(right) if self.operator in (">", ">=") else slack.highest(right)
        return bool(_OPERATORS[self.operator](left, right))

    def operands(self) -> Iterator[Operand]:
        """Both, without the constants."""
        return (operand for operand in (self.left, self.right) if operand.word is not None)


class Truth(NamedTuple):
    """A word that is true or false by itself."""

    operand: Operand

    def met(self, evidence: Any, slack: Slack) -> bool:
        """Whether it is true."""
        return bool(self.operand.value(evidence))

    def operands(self) -> Iterator[Operand]:
        """The word."""
        return iter((self.operand,))


class Every(NamedTuple):
    """All of several."""

    parts: tuple[Condition, ...]

    def met(self, evidence: Any, slack: Slack) -> bool:
        """Whether each is met."""
        return all(part.met(evidence, slack) for part in self.parts)

    def operands(self) -> Iterator[Operand]:
        """Those of each."""
        return (operand for part in self.parts for operand in part.operands())


class Either(NamedTuple):
    """One of several."""

    parts: tuple[Condition, ...]

    def met(self, evidence: Any, slack: Slack) -> bool:
        """Whether one is met."""
        return any(part.met(evidence, slack) for part in self.parts)

    def operands(self) -> Iterator[Operand]:
        """Those of each."""
        return (operand for part in self.parts for operand in part.operands())


class Opposite(NamedTuple):
    """The contrary of one."""

    part: Condition

    def met(self, evidence: Any, slack: Slack) -> bool:
        """Whether the other is not met."""
        return not self.part.met(evidence, slack)

    def operands(self) -> Iterator[Operand]:
        """Those of the other."""
        return self.part.operands()


class Expectation(NamedTuple):
    """An expectation as written and as understood."""

    written: str
    condition: Condition

    def met(self, evidence: Any, slack: Slack) -> bool:
        """Whether the evidence meets it."""
        return self.condition.met(evidence, slack)

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


def parse_expectation(written: str, words: dict[str, Word]) -> Expectation:
    """Understand an expectation.

    Raises:
        ExpectationError: it says something that the language does not have.
    """
    if len(written) > LONGEST:
        raise ExpectationError(f"{written[:40]}...", f"it is longer than {LONGEST} characters")
    try:
        tree = ast.parse(written.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        raise ExpectationError(written, f"it is no expression: {getattr(problem, 'msg', problem)}") from None
    return Expectation(written, _Reader(written, words).condition(tree))


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge, "is": eq, "is not": ne,
    "in": lambda left, right: left in right, "not in": lambda left, right: left not in right,
}  # fmt: skip
_SPELLED: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_ORDERS = ("<", "<=", ">", ">=")


class _Reader:
    """Turns Python's tree into ours, or refuses it."""

    def __init__(self, written: str, words: dict[str, Word]) -> None:
        self._written = written
        self._words = words

    def condition(self, node: ast.expr) -> Condition:
        match node:
            case ast.BoolOp(ast.And(), values):
                return Every(tuple(self.condition(value) for value in values))
            case ast.BoolOp(ast.Or(), values):
                return Either(tuple(self.condition(value) for value in values))
            case ast.UnaryOp(ast.Not(), value):
                return Opposite(self.condition(value))
            case ast.Compare(left, operators, rights):
                sides = [left, *rights]
                parts = tuple(
                    self._comparison(sides[place], _SPELLED[type(operator)], sides[place + 1])
                    for place, operator in enumerate(operators)
                )
                return parts[0] if len(parts) == 1 else Every(parts)
            case ast.Name() | ast.Attribute() | ast.Call():
                operand = self._word(node)
                if operand.kind is not Kind.TRUTH:
                    raise self._error(f"{operand.spelled} is {operand.kind.value}: compare it with something")
                return Truth(operand)
        raise self._error(f"{ast.unparse(node)} is neither a comparison nor a word that is true or false")

    def _error(self, problem: str) -> ExpectationError:
        return ExpectationError(self._written, problem)

    def _comparison(self, left_node: ast.expr, operator: str, right_node: ast.expr) -> Condition:
        if operator in ("is", "is not"):
            return self._outcome(left_node, operator, right_node)
        if operator in ("in", "not in"):
            return self._membership(left_node, operator, right_node)
        left, right = self._operand(left_node), self._operand(right_node)
        if left.word is None and right.word is None:
            raise self._error(f"{left.spelled} {operator} {right.spelled} is about nothing that was seen")
        # What was seen stands left; of two such, the time.
        if left.word is None or (right.kind is Kind.SECONDS and left.kind is not Kind.SECONDS):
            left, operator, right = right, _TURNED[operator], left
        alike = left.kind is right.kind or (left.kind is Kind.SECONDS and right.kind is Kind.NUMBER)
        if not alike or left.kind in (Kind.OUTCOME, Kind.TRUTH):
            raise self._error(f"{left.spelled} is {left.kind.value}, {right.spelled} is {right.kind.value}")
        if left.kind is Kind.SECONDS and operator not in _ORDERS:
            raise self._error(f"{left.spelled} is a time, which is never exactly anything: use <= or >=")
        if left.kind in (Kind.TEXT, Kind.BYTES) and operator in _ORDERS:
            raise self._error(f"{left.spelled} is {left.kind.value}: only == and != compare those")
        return Comparison(left, operator, right)

    def _outcome(self, left_node: ast.expr, operator: str, right_node: ast.expr) -> Condition:
        left = self._operand(left_node)
        if left.kind is not Kind.OUTCOME:
            raise self._error(f"'is' asks for the outcome, and {left.spelled} is {left.kind.value}")
        if not isinstance(right_node, ast.Name) or right_node.id not in OUTCOMES:
            raise self._error(f"the outcome is {', '.join(OUTCOMES[:-1])} or {OUTCOMES[-1]}")
        return Comparison(left, operator, Operand(Kind.OUTCOME, right_node.id, None, (right_node.id,)))

    def _membership(self, left_node: ast.expr, operator: str, right_node: ast.expr) -> Condition:
        left = self._operand(left_node)
        if not isinstance(right_node, ast.List | ast.Tuple) or left.kind not in (Kind.TEXT, Kind.NUMBER):
            raise self._error("'in' asks whether a text or number is in a list of constants")
        members = [self._operand(element) for element in right_node.elts]
        for member in members:
            if member.word is not None or member.kind is not left.kind:
                raise self._error(f"{member.spelled} is no constant that can be compared with {left.spelled}")
        values = tuple(member.arguments[0] for member in members)
        return Comparison(left, operator, Operand(left.kind, ast.unparse(right_node), None, (values,)))

    def _operand(self, node: ast.expr) -> Operand:
        match node:
            case ast.Constant(str() as value):
                return Operand(Kind.TEXT, ast.unparse(node), None, (value,))
            case ast.Constant(int() | float() as value) if not isinstance(value, bool):
                return Operand(Kind.NUMBER, ast.unparse(node), None, (value,))
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)) if not isinstance(value, bool):
                return Operand(Kind.NUMBER, ast.unparse(node), None, (-value,))
        return self._word(node)

    def _word(self, node: ast.expr) -> Operand:
        match node:
            case ast.Call(called, arguments, []):
                name, given = self._name(called), tuple(self._operand(argument) for argument in arguments)
            case _:
                name, given = self._name(node), ()
        word = self._words.get(name)
        if word is None:
            raise self._error(f"{name} is no word of the language; there are {', '.join(self._words)}")
        if len(given) != len(word.parameters) or not all(map(_suits, given, word.parameters)):
            wanted = ", ".join(kind.value for kind in word.parameters)
            raise self._error(f"{name} takes {wanted} in parentheses" if wanted else f"{name} takes no arguments")
        return Operand(word.kind, ast.unparse(node), word, tuple(argument.arguments[0] for argument in given))

    def _name(self, node: ast.expr) -> str:
        match node:
            case ast.Name(name):
                return name
            case ast.Attribute(ast.Name(owner), name):
                return f"{owner}.{name}"
        raise self._error(f"{ast.unparse(node)} is no word of the language")


def _suits(given: Operand, parameter: Kind) -> bool:
    """Whether a word may be given this; only constants can be."""
    if parameter is Kind.PLACE:
        return given.word is None and isinstance(given.arguments[0], int) and given.arguments[0] >= 1
    return given.word is None and given.kind is parameter


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
