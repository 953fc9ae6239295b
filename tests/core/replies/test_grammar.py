"""Texts of grammars, held against the Lark parser itself."""

import random
import re

import pytest
from lark import Lark

from understudy.core.replies.effort import Effort
from understudy.core.replies.grammar import from_lark, from_regex
from understudy.core.replies.hints import Hints
from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsatisfiableSchema, UnsupportedSyntax

MATH = r"""
start: expr
expr: term (SP ADD SP term)+ -> add
    | term
term: factor (SP MUL SP factor)+ -> mul
    | factor
factor: INT
SP: " "
ADD: "+"
MUL: "*"
%import common.INT
"""
SQL = r"""
// the rows of one table
start: "SELECT"i cols "FROM"i IDENT where? ";"
cols: "*" | IDENT ("," IDENT)*
where: "WHERE"i IDENT OP value
?value: NUMBER | ESCAPED_STRING
OP: "=" | "<" | ">" | "<="
IDENT: /[A-Za-z_][A-Za-z0-9_]*/
%import common (NUMBER, ESCAPED_STRING, WS)
%ignore WS
"""
JSON = r"""
?start: value
?value: object | array | string | SIGNED_NUMBER -> number | "true" | "false" | "null"
array: "[" [value ("," value)*] "]"
object: "{" [pair ("," pair)*] "}"
pair: string ":" value
string: TEXT
%import common.ESCAPED_STRING -> TEXT
%import common.SIGNED_NUMBER
%import common.WS
%ignore WS
"""
RANGES = 'start: "a".."f"~2..4 DIGITS ("-" DIGITS)~2\nDIGITS.2: ("0".."9")+ | "\\"" /[^"\\/]/ "\\""\n'
DEEP = 'start: a\na: b a b | b\nb: "(" a ")" | "x"\n'
GRAMMARS = [MATH, SQL, JSON, RANGES, DEEP]


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_what_is_made_parses(grammar: str) -> None:
    """Twenty texts of each grammar are read by the parser whose grammar it is."""
    parser = Lark(grammar)
    made = set()
    for seed in range(20):
        text = from_lark(grammar, random.Random(seed), Hints(""), Effort())
        parser.parse(text)
        made.add(text)
    assert len(made) > 5


def test_the_words_of_the_message_are_used_where_they_fit() -> None:
    """Names, numbers and quotations of the message become tokens."""
    text = from_lark(SQL, random.Random(3), Hints('rows of "orders" above 42'), Effort())
    assert "orders" in text
    assert from_lark('start: "go " ("left" | "right")', random.Random(0), Hints("turn right"), Effort()) == "go right"
    assert from_regex(r"\d{4}-\d{2}-\d{2}", random.Random(0), Hints("on 2026-03-05"), Effort()) == "2026-03-05"


def test_a_regular_expression_holds_for_the_whole_text() -> None:
    """Alternatives at the top and flags in front are part of the whole."""
    for definition in ("a|bc", "(?i)on|off", r"^\w+$", r"[a-z]+\d"):
        for seed in range(10):
            assert re.fullmatch(definition, from_regex(definition, random.Random(seed), Hints(""), Effort()))


@pytest.mark.parametrize(
    "grammar",
    [
        "",
        "start: other",
        "start: /a/x",
        "start: _sep{a, b}\n_sep{x, y}: x (y x)*",
        "%declare A\nstart: A",
        "%import python.NAME\nstart: NAME",
        "%import common.NOTHING\nstart: NOTHING",
        "start: (",
        'start: "a" ) "b"',
        'start: "ab".."c"',
        "start ; x",
        "start: a~",
    ],
)
def test_what_is_not_read_is_refused(grammar: str) -> None:
    """Templates, other imports and broken grammars are named."""
    with pytest.raises(UnsupportedSyntax):
        from_lark(grammar, random.Random(0), Hints(""), Effort())


@pytest.mark.parametrize(
    "grammar",
    [
        "start: start",
        'start: "a" start',
        "start: " + "(" * 100 + '"a"' + ")" * 100,
        "start: " + "a" * 70_000,
        'start: "a"~100000000',
        "\n".join(f"r{i}: r{i + 1}" for i in range(400)) + '\nr400: "x"\nstart: r0',
    ],
    ids=["itself", "without an end", "groups", "long", "many", "a chain"],
)
def test_hostile_grammars_end(grammar: str) -> None:
    """Endless, deep and huge grammars are refused in bounded time."""
    with pytest.raises((UnsatisfiableSchema, SchemaTooLarge)):
        from_lark(grammar, random.Random(0), Hints(""), Effort())
