"""Lark grammars as symbols: the part of https://lark-parser.readthedocs.io that describes languages.

Rules and terminals with alternatives, groups, options, repetitions, texts, regular expressions, character
ranges, `%ignore`, and `%import` from `common` are read. Templates, `%declare`, `%extend`, `%override` and flags
of regular expressions other than `i` and `s` are refused with `UnsupportedSyntax`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsupportedSyntax

MAX_GRAMMAR = 60_000
"""Characters of a grammar that is read ("our choice")."""

MAX_GROUPS = 60
"""Groups within groups ("our choice")."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Regex:
    """Whatever a regular expression matches as a whole."""

    source: str


@dataclass(frozen=True, slots=True)
class Name:
    """A rule or terminal by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Series:
    """One after another."""

    parts: "tuple[Symbol, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    options: "tuple[Symbol, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """Several times; `high` is None without an upper bound."""

    part: "Symbol"
    low: int
    high: int | None


Symbol = Text | Regex | Name | Series | Choice | Repeat

_TOKEN = re.compile(
    r"""(?P<space>[ \t\f]+|//[^\n]*|(?<=\n)\#[^\n]*)
    |(?P<newline>(?:\r?\n)[\s]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"i?)
    |(?P<regex>/(?!/)(?:[^/\\\n]|\\.)+/[imslux]*)
    |(?P<directive>%[a-z]+)
    |(?P<name>[?!]*_?[A-Za-z][A-Za-z0-9_]*)
    |(?P<number>\d+)
    |(?P<mark>->|\.\.|[:|()\[\]{}~*+?,.])
    """,
    re.VERBOSE,
)

_COMMON = {
    "DIGIT": r"[0-9]",
    "HEXDIGIT": r"[0-9a-fA-F]",
    "INT": r"[0-9]+",
    "SIGNED_INT": r"[+-]?[0-9]+",
    "DECIMAL": r"[0-9]+\.[0-9]*|\.[0-9]+",
    "FLOAT": r"[0-9]+\.[0-9]+",
    "SIGNED_FLOAT": r"[+-]?[0-9]+\.[0-9]+",
    "NUMBER": r"[0-9]+(?:\.[0-9]+)?",
    "SIGNED_NUMBER": r"[+-]?[0-9]+(?:\.[0-9]+)?",
    "ESCAPED_STRING": r'"[^"\\\n]*"',
    "LCASE_LETTER": r"[a-z]",
    "UCASE_LETTER": r"[A-Z]",
    "LETTER": r"[A-Za-z]",
    "WORD": r"[A-Za-z]+",
    "CNAME": r"[A-Za-z_][A-Za-z0-9_]*",
    "WS_INLINE": r"[ \t]+",
    "WS": r"[ \t\f\r\n]+",
    "CR": r"\r",
    "LF": r"\n",
    "NEWLINE": r"(?:\r?\n)+",
    "SH_COMMENT": r"#[^\n]*",
    "CPP_COMMENT": r"//[^\n]*",
    "SQL_COMMENT": r"--[^\n]*",
}
"""Terminals of Lark's `common` module; each makes a part of what Lark's own matches."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """A grammar that has been read.

    Attributes:
        symbols: rules and terminals by name.
        ignored: what may stand between tokens.
    """

    symbols: dict[str, Symbol]
    ignored: list[Symbol]


def read(definition: str) -> Grammar:
    """Read a grammar.

    Raises:
        UnsupportedSyntax: it is broken or outside the subset.
        SchemaTooLarge: it exceeds a limit above.
    """
    reader = _Reader(definition)
    return Grammar(reader.symbols, reader.ignored)


class _Reader:
    """Recursive descent over the tokens of a grammar."""

    def __init__(self, definition: str) -> None:
        if len(definition) > MAX_GRAMMAR:
            raise SchemaTooLarge("characters in a grammar", MAX_GRAMMAR)
        self.definition = definition
        self.symbols: dict[str, Symbol] = {}
        self.ignored: list[Symbol] = []
        self.tokens = self.joined([*self.tokenised()])
        self.at = 0
        self.depth = 0
        while self.at < len(self.tokens):
            self.statement()

    def unsupported(self, what: str) -> UnsupportedSyntax:
        return UnsupportedSyntax(what, self.definition)

    def tokenised(self) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(self.definition):
            match = _TOKEN.match(self.definition, at)
            if match is None:
                raise self.unsupported(f"an unexpected {self.definition[at]!r}")
            at = match.end()
            if match.lastgroup != "space":
                yield match.lastgroup or "", match.group()

    def joined(self, tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Drop line ends inside a definition: those before `|` and those where no statement begins."""
        kept: list[tuple[str, str]] = []
        for index, token in enumerate(tokens):
            if token[0] == "newline" and (
                not kept or index + 1 == len(tokens) or tokens[index + 1][1] in ("|", ")", "]")
            ):
                continue
            kept.append(token)
        return kept

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else ("end", "")

    def accept(self, *marks: str) -> str:
        kind, text = self.peek()
        if kind in ("mark", "directive") and text in marks:
            self.at += 1
            return text
        return ""

    def expect(self, mark: str) -> None:
        if not self.accept(mark):
            raise self.unsupported(f"{self.peek()[1]!r} where {mark!r} should be")

    def name(self) -> str:
        kind, text = self.peek()
        if kind != "name":
            raise self.unsupported(f"{text!r} where a name should be")
        self.at += 1
        return text.lstrip("?!")

    def statement(self) -> None:
        kind, text = self.peek()
        if kind == "newline":
            self.at += 1
        elif kind == "directive":
            self.at += 1
            self.directive(text)
        else:
            name = self.name()
            if self.accept("."):
                self.at += 1  # a priority settles conflicts of a parser
            if self.peek()[1] == "{":
                raise self.unsupported("a template")
            self.expect(":")
            self.symbols[name] = self.choice()
            if self.peek()[0] not in ("newline", "end"):
                raise self.unsupported(f"an unexpected {self.peek()[1]!r}")

    def directive(self, text: str) -> None:
        if text == "%ignore":
            self.ignored.append(self.choice())
        elif text == "%import":
            self.imports()
        else:
            raise self.unsupported(f"the directive {text}")

    def imports(self) -> None:
        if self.name() != "common":
            raise self.unsupported("an import from elsewhere than common")
        if self.accept("("):
            names = [self.name()]
            while self.accept(","):
                names.append(self.name())
            self.expect(")")
            pairs = [(name, name) for name in names]
        else:
            self.expect(".")
            name = self.name()
            pairs = [(name, self.name() if self.accept("->") else name)]
        for original, own in pairs:
            if original not in _COMMON:
                raise self.unsupported(f"common.{original}")
            self.symbols[own] = Regex(_COMMON[original])

    def choice(self) -> Symbol:
        options = [self.series()]
        while self.accept("|"):
            options.append(self.series())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def series(self) -> Symbol:
        parts: list[Symbol] = []
        while self.peek()[0] in ("text", "regex", "name") or self.peek()[1] in ("(", "["):
            parts.append(self.repeated(self.atom()))
        if self.accept("->"):
            self.name()  # an alias names a branch of the tree
        return parts[0] if len(parts) == 1 else Series(tuple(parts))

    def repeated(self, part: Symbol) -> Symbol:
        mark = self.accept("?", "*", "+", "~")
        if not mark:
            return part
        if mark != "~":
            return Repeat(part, 1 if mark == "+" else 0, 1 if mark == "?" else None)
        low = self.number()
        return Repeat(part, low, self.number() if self.accept("..") else low)

    def number(self) -> int:
        kind, text = self.peek()
        if kind != "number":
            raise self.unsupported(f"{text!r} where a number should be")
        self.at += 1
        return int(text)

    def atom(self) -> Symbol:
        kind, text = self.peek()
        if kind == "name":
            if self.peek(1)[1] == "{":
                raise self.unsupported("a template")
            return Name(self.name())
        self.at += 1
        if kind == "text":
            return self.text(text)
        if kind == "regex":
            body, _, flags = text[1:].rpartition("/")
            if set(flags) - {"i", "s"}:
                raise self.unsupported(f"the flags {flags!r}")
            return Regex(("(?i)" if "i" in flags else "") + body.replace("\\/", "/"))
        self.depth += 1
        if self.depth > MAX_GROUPS:
            raise SchemaTooLarge("groups within groups in a grammar", MAX_GROUPS)
        inner = self.choice()
        self.expect(")" if text == "(" else "]")
        self.depth -= 1
        return inner if text == "(" else Repeat(inner, 0, 1)

    def text(self, quoted: str) -> Symbol:
        literal = _unescaped(quoted.removesuffix("i")[1:-1])
        if self.accept(".."):
            kind, end = self.peek()
            self.at += 1
            last = _unescaped(end[1:-1]) if kind == "text" else ""
            if len(literal) != 1 or len(last) != 1 or last < literal:
                raise self.unsupported("a range that is not from one character to a later one")
            return Regex(f"[\\u{ord(literal):04x}-\\u{ord(last):04x}]")
        return Text(literal)


def _unescaped(body: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t", "r": "\r"}.get(match[1], match[1]), body)
