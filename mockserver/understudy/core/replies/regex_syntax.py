r"""Regular expressions as trees: the common subset of ECMA 262, which JSON Schema uses, and Python's `re`.

The tree is what `regex_automaton` makes texts from. Where the two dialects disagree about non-ASCII
characters (`\w`, `\d`, `\s` and their opposites), a class holds only characters that both agree on, so
that a text made here satisfies either.

Left out, with an `UnsupportedSyntax`: backreferences, conditionals, atomic groups and possessive
quantifiers, `\p{…}` and inline flags other than a leading `(?i)`.
"""

from dataclasses import dataclass
from typing import Literal

from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsupportedSyntax

MAX_PATTERN_LENGTH = 8_000
"""Characters of a pattern that is read at all ("our choice")."""

MAX_PATTERN_DEPTH = 30
"""Groups within groups ("our choice"; keeps the recursion of parser and automaton bounded)."""

Ranges = tuple[tuple[int, int], ...]
"""Inclusive code-point ranges, sorted, neither touching nor overlapping."""

LAST = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Series:
    """Parts one after another; an empty series matches the empty text."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of several."""

    options: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part several times; `high` is None where there is no upper bound."""

    part: "Node"
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in the text."""

    at: Literal["start", "end", "very end", "boundary", "no boundary"]


@dataclass(frozen=True, slots=True)
class Look:
    """Text that must (or must not) stand ahead or behind."""

    part: "Node"
    ahead: bool
    wanted: bool


Node = Chars | Series | Choice | Repeat | Anchor | Look


def joined(ranges: list[tuple[int, int]]) -> Ranges:
    """Sort ranges and join those that touch."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], high))
        else:
            result.append((low, high))
    return tuple(result)


def complement(ranges: Ranges) -> Ranges:
    """Every character that is not in `ranges`; surrogates are no characters."""
    result = []
    start = 0
    for low, high in joined([*ranges, SURROGATES]):
        if low > start:
            result.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        result.append((start, LAST))
    return tuple(result)


_BEYOND_ASCII = (0x80, LAST)
_DIGITS: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = ((9, 13), (32, 32))
_SPACE_IN_ANY_DIALECT: Ranges = joined(
    [(9, 13), (28, 32), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
     (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)]
)  # fmt: skip

# For each shorthand what it surely holds, and what it may hold in some dialect; a negated class is the
# complement of the second, so that it too holds only what both dialects agree on.
_SHORTHANDS: dict[str, tuple[Ranges, Ranges]] = {
    "d": (_DIGITS, joined([*_DIGITS, _BEYOND_ASCII])),
    "w": (_WORD, joined([*_WORD, _BEYOND_ASCII])),
    "s": (_SPACE, _SPACE_IN_ANY_DIALECT),
}
for _name in "dws":
    _surely, _maybe = _SHORTHANDS[_name]
    _SHORTHANDS[_name.upper()] = (complement(_maybe), complement(_surely))

# JavaScript's dot stops at four line ends, Python's at one.
_DOT = complement(((10, 10), (13, 13), (0x2028, 0x2029)))
_DOT_IN_ANY_DIALECT = complement(((10, 10),))
_CONTROLS = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11, "0": 0}


def parse(source: str) -> Node:
    """Read a pattern as a tree.

    Raises:
        UnsupportedSyntax: the pattern is broken or outside the subset.
        SchemaTooLarge: it is longer or deeper than the limits above.
    """
    if len(source) > MAX_PATTERN_LENGTH:
        raise SchemaTooLarge("characters in a pattern", MAX_PATTERN_LENGTH)
    return _Parser(source).whole()


class _Parser:
    """Recursive descent, one method for each level of precedence."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.depth = 0
        self.ignore_case = False
        self.generous = False
        """Inside a negative look-around a class must hold all that any dialect puts into it."""

    def whole(self) -> Node:
        if self.source.startswith("(?i)"):
            self.at = 4
            self.ignore_case = True
        node = self.choice()
        if self.at < len(self.source):
            raise self.unsupported("an unmatched )")
        return node

    def unsupported(self, what: str) -> UnsupportedSyntax:
        return UnsupportedSyntax(what, self.source)

    def peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def take(self, what: str = "a character") -> str:
        char = self.peek()
        if not char:
            raise self.unsupported(f"an end where {what} should be")
        self.at += 1
        return char

    def accept(self, text: str) -> bool:
        if self.source.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def choice(self) -> Node:
        options = [self.series()]
        while self.accept("|"):
            options.append(self.series())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def series(self) -> Node:
        parts: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeat(self.atom()))
        return parts[0] if len(parts) == 1 else Series(tuple(parts))

    def repeat(self, part: Node) -> Node:
        bounds = self.quantifier()
        if bounds is None:
            return part
        low, high = bounds
        if high is not None and high < low:
            raise self.unsupported("a repetition whose maximum is below its minimum")
        if isinstance(part, Anchor | Look):
            raise self.unsupported("a repeated assertion")
        self.accept("?")  # laziness changes what is found first, not what is matched
        if self.peek() == "+":
            raise self.unsupported("a possessive quantifier")
        if self.peek() == "*" or self.quantifier() is not None:
            raise self.unsupported("a quantifier of a quantifier")
        return Repeat(part, low, high)

    def quantifier(self) -> tuple[int, int | None] | None:
        if self.accept("*"):
            return 0, None
        if self.accept("+"):
            return 1, None
        if self.accept("?"):
            return 0, 1
        if self.peek() != "{":
            return None
        body, closed, _ = self.source[self.at + 1 : self.at + 24].partition("}")
        low, comma, high = body.partition(",")
        # `{,5}` is a text in JavaScript and a quantifier in Python: neither reading is safe.
        if comma and not low and high.isdecimal():
            raise self.unsupported("a quantifier without a minimum")
        if not closed or not low.isascii() or not low.isdecimal() or not (high == "" or high.isdecimal()):
            return None  # a brace that opens no quantifier stands for itself in both dialects
        self.at += len(body) + 2
        if not comma:
            return int(low), int(low)
        return int(low), int(high) if high else None

    def atom(self) -> Node:
        char = self.take()
        if char == "(":
            return self.group()
        if char == "[":
            return Chars(self.bracket())
        if char == ".":
            return Chars(_DOT_IN_ANY_DIALECT if self.generous else _DOT)
        if char == "^":
            return Anchor("start")
        if char == "$":
            return Anchor("end")
        if char == "\\":
            return self.escape()
        if char in "*+?":
            raise self.unsupported("a quantifier with nothing before it")
        return Chars(self.literal(ord(char)))

    def group(self) -> Node:
        self.depth += 1
        if self.depth > MAX_PATTERN_DEPTH:
            raise SchemaTooLarge("groups within groups in a pattern", MAX_PATTERN_DEPTH)
        look: tuple[bool, bool] | None = None
        outer = self.generous
        if self.accept("?"):
            look = self.group_kind()
            self.generous = outer is (look is None or look[1])
        node = self.choice()
        if not self.accept(")"):
            raise self.unsupported("an unclosed group")
        self.depth -= 1
        if look is not None:
            self.generous = outer
            return Look(node, *look)
        # A group around an assertion may be repeated, the assertion itself may not.
        return Series((node,)) if isinstance(node, Anchor | Look) else node

    def group_kind(self) -> tuple[bool, bool] | None:
        """After `(?`: (ahead, wanted) of a look-around, None for a group that only groups."""
        for mark, look in (("=", (True, True)), ("!", (True, False)), ("<=", (False, True)), ("<!", (False, False))):
            if self.accept(mark):
                return look
        if self.accept(":"):
            return None
        if self.accept("P<") or self.accept("<"):
            end = self.source.find(">", self.at)
            if end > self.at and self.source[self.at : end].isidentifier():
                self.at = end + 1
                return None
        raise self.unsupported("a group of an unknown kind")

    def literal(self, code: int) -> Ranges:
        return self.any_case(((code, code),))

    def any_case(self, ranges: Ranges) -> Ranges:
        """With `(?i)`, add the other case of ASCII letters."""
        if not self.ignore_case:
            return ranges
        both = list(ranges)
        for low, high in ranges:
            for first, last, step in ((65, 90, 32), (97, 122, -32)):
                start, end = max(low, first), min(high, last)
                if start <= end:
                    both.append((start + step, end + step))
        return joined(both)

    def escape(self) -> Node:
        char = self.peek()
        anchors: dict[str, Anchor] = {
            "b": Anchor("boundary"),
            "B": Anchor("no boundary"),
            "A": Anchor("start"),
            "Z": Anchor("very end"),
        }
        if char in anchors and char:
            self.at += 1
            return anchors[char]
        if char in _SHORTHANDS and char:
            self.at += 1
            return Chars(_SHORTHANDS[char][self.generous])
        return Chars(self.literal(self.escaped_code()))

    def escaped_code(self) -> int:
        """Read the character that an escape stands for, after the backslash."""
        char = self.take("an escaped character")
        if char in _CONTROLS and not (char == "0" and self.peek().isdecimal()):
            return _CONTROLS[char]
        if char in "xu":
            digits = self.source[self.at : self.at + (2 if char == "x" else 4)]
            try:
                code = int(digits, 16) if digits.isalnum() and len(digits) == (2 if char == "x" else 4) else -1
            except ValueError:
                code = -1
            if code < 0 or SURROGATES[0] <= code <= SURROGATES[1]:
                raise self.unsupported(f"the escape \\{char}")
            self.at += len(digits)
            return code
        if char.isalnum():
            raise self.unsupported(f"the escape \\{char}")
        return ord(char)

    def bracket(self) -> Ranges:
        """Read a class `[…]`, after its opening bracket."""
        negated = self.accept("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self.peek() != "]":
            # `[]` is the empty class in JavaScript and a class that begins with `]` in Python.
            if first and self.peek() == "]":
                raise self.unsupported("an empty class")
            first = False
            low = self.class_member(negated)
            if isinstance(low, tuple):
                ranges += low
                continue
            high = low
            if self.peek() == "-" and self.source[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                end = self.class_member(negated)
                if isinstance(end, tuple) or end < low:
                    raise self.unsupported("a range whose end is no character after its start")
                high = end
            ranges.append((low, high))
        self.at += 1
        positive = self.any_case(joined(ranges))
        return complement(positive) if negated else positive

    def class_member(self, negated: bool) -> int | Ranges:
        char = self.take("a closing ]")
        if char != "\\":
            return ord(char)
        name = self.peek()
        if name in _SHORTHANDS and name:
            self.at += 1
            surely, maybe = _SHORTHANDS[name]
            return maybe if negated is not self.generous else surely
        if name == "b":
            self.at += 1
            return 8
        return self.escaped_code()
