"""Reading expectations: Python's parser makes the tree, and a whitelist says what may be in it; see `expectations`."""

import ast
from collections.abc import Mapping

from understudy_harness.conformance.expectations import (
    OUTCOMES,
    Comparison,
    Condition,
    Either,
    Every,
    Expectation,
    ExpectationError,
    Kind,
    Operand,
    Opposite,
    Truth,
    Word,
)

LONGEST = 1_000
"""Characters of one expectation: what is longer is no sentence, and could be nested deeper than Python can follow."""
_SPELLED: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_ORDERS = ("<", "<=", ">", ">=")


def parse_expectation(written: str, words: Mapping[str, Word]) -> Expectation:
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


class _Reader:
    """Turns Python's tree into ours, or refuses it."""

    def __init__(self, written: str, words: Mapping[str, Word]) -> None:
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
        if not isinstance(right_node, ast.List | ast.Tuple):
            right = self._operand(right_node)
            if left.kind is right.kind is Kind.TEXT and not (left.word is None and right.word is None):
                return Comparison(left, operator, right)
        if not isinstance(right_node, ast.List | ast.Tuple) or left.kind not in (Kind.TEXT, Kind.NUMBER):
            raise self._error(
                "'in' asks whether a text is in another that was seen, or anything in a list of constants"
            )
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
