"""Texts that match regular expressions, held against Python's own engine."""

import random
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.replies.effort import Effort
from understudy.core.replies.regex_automaton import Pattern, compiled
from understudy.core.replies.unsatisfiable import SchemaTooLarge, UnsatisfiableSchema, UnsupportedSyntax

PATTERNS = (
    r"^[A-Z]{2}\d{4}$",
    r"^(?=.*[A-Z])(?=.*\d)(?=.*[@$!%*?&])[A-Za-z\d@$!%*?&]{8,}$",
    r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$",
    r"^[0-9a-fA-F]{8}\b-[0-9a-fA-F]{4}$",
    r"^\+?[1-9]\d{1,14}$",
    r"^(a+)+$",
    r"^\S+@\S+$",
    r"^.{1,10000}$",
    r"^#(?:[0-9a-fA-F]{3}){1,2}$",
    r"\bfoo\b",
    r"^(foo|bar)(?:-\d+)?$",
    r"^[^\s]+$",
    r"^$",
    r"(?i)^abc$",
    r"^[一-鿿]{2,4}$",
    r"^(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])$",
    r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$",
    r"a{1000}",
    r"(?<=a)b",
    r"^(?:(?!no).)*$",
    r"[^\w\s]",
    r"^\\d\.\*$",
    r"^x{,$",
    r"[\]\-^]",
    r"^\x41\u0042$",
    "",
)


@pytest.mark.parametrize("source", PATTERNS)
def test_what_is_made_matches(source: str) -> None:
    """Twenty texts of each pattern are found by Python's engine as well."""
    pattern = Pattern(source)
    for seed in range(20):
        text = pattern.sample(random.Random(seed))
        assert re.search(source, text), text


NODES = st.recursive(
    st.sampled_from(("a", "b", "[ab]", "[^a]", ".", r"\d", r"\w", "[a-c0-2]", r"\.", "(?:)", "é")),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(("*", "+", "?", "{2}", "{1,3}", "{0,}", "+?"))).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda part: f"(?={part})"),
        inner.map(lambda part: f"(?!{part})"),
    ),
    max_leaves=6,
)
SOURCES = st.tuples(st.sampled_from(("", "^")), NODES, st.sampled_from(("", "$"))).map("".join)


@settings(max_examples=400, deadline=None)
@given(SOURCES, st.text("ab01c. é", max_size=8))
def test_the_matcher_agrees_with_python(source: str, text: str) -> None:
    """On ASCII texts both find or miss the same; beyond ASCII what we find, Python finds."""
    found = Pattern(source).matches(text)
    expected = re.search(source, text) is not None
    assert found == expected if text.isascii() else (expected or not found)


@settings(max_examples=300, deadline=None)
@given(SOURCES, st.integers(0, 12), st.integers(0, 6), st.integers())
def test_lengths_are_kept_exactly(source: str, low: int, more: int, seed: int) -> None:
    """What is made matches and has a length in the bounds; what is refused has no such text among the short ones."""
    try:
        text = Pattern(source).sample(random.Random(seed), low, low + more)
    except UnsatisfiableSchema:
        return
    assert low <= len(text) <= low + more
    assert re.search(source, text)


def test_a_pattern_that_python_cannot_bear_is_matched_at_once() -> None:
    """Nested repetitions, which keep a backtracking engine busy for ages, cost no more than others."""
    effort = Effort(limit=50_000)
    assert not Pattern(r"^(a+)+$").matches("a" * 500 + "!", effort)
    assert not Pattern(r"^(?:a|aa|a?)*b$").matches("a" * 500, effort)


@pytest.mark.parametrize(
    "source",
    [
        *(r"(a)\1", r"\p{L}", "(?>a)", "a++", "(", ")", "[", "[]a]", "*", "a{3,1}", "(?x)a", r"\u12", "[b-a]", "a**"),
        *(r"\k<a>", "(?=a)*", "a{,3}", r"\e", "(?P=a)"),
    ],
)
def test_what_is_not_read_is_refused(source: str) -> None:
    """Backreferences, properties, possessive quantifiers and broken patterns are named."""
    with pytest.raises(UnsupportedSyntax):
        Pattern(source)


@pytest.mark.parametrize("source", ["a{5000}", "(a{70}){70}", "a" * 9_000, "(" * 40 + ")" * 40])
def test_patterns_beyond_the_limits_are_refused(source: str) -> None:
    """States, length and depth are limited."""
    with pytest.raises(SchemaTooLarge):
        Pattern(source)


def test_a_huge_bounded_repetition_is_drawn_from_but_not_matched_by() -> None:
    """`{1,10000}` yields short texts; whether a text matches it is not decided with fewer copies."""
    pattern = Pattern("^(?:ab){1,10000}$")
    assert re.fullmatch("(?:ab)+", pattern.sample(random.Random(1)))
    with pytest.raises(SchemaTooLarge):
        pattern.matches("ab")


def test_a_contradiction_has_no_text() -> None:
    """Neither does a length that no text has."""
    for source, low, high in (("^a$", 2, 3), ("a(?=b)c", 0, 9), ("^(aa)+$", 3, 3), ("x^", 0, 9)):
        with pytest.raises(UnsatisfiableSchema):
            Pattern(source).sample(random.Random(0), low, high)


def test_wide_classes_yield_letters_and_digits() -> None:
    """A text for `.` reads like a word, not like line noise."""
    for seed in range(20):
        assert set(Pattern("^.{10}$").sample(random.Random(seed))) <= {*string.ascii_letters, *string.digits}


def test_every_use_of_a_pattern_is_charged() -> None:
    """A remembered pattern costs what a new one does: the same schema has the same fate on every call."""
    costs = []
    for _ in range(2):
        effort = Effort()
        compiled("^[a-z]{3}$", effort)
        costs.append(effort.limit - effort.left)
    assert costs[0] == costs[1] > 0
