from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.prediction import accepted, follow

TOKENS = st.lists(st.integers(0, 5), max_size=60)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Replace the `cat` with a `dog`.", "a dog sat"),
        ('Please rename "cat" to "lion" everywhere', "a lion sat"),
        ("change the word 'sat' into the word 'ran'", "a cat ran"),
        ("Replace `cat` with `dog` and replace `sat` with `ran`", "a dog ran"),
        ("Is this right?", "a cat sat"),
        ("Replace everything.", "a cat sat"),
    ],
)
def test_plain_changes_are_made(message: str, expected: str) -> None:
    """Those that name both words."""
    assert follow("a cat sat", message) == expected


@pytest.mark.parametrize(
    ("predicted", "said", "used"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], 4),
        ([1, 2, 3, 4], [1, 9, 3, 4], 3),
        ([1, 2, 3, 4], [1, 2], 2),
        ([1, 2], [5, 6], 0),
        ([1, 2, 3, 4, 5, 6, 7, 8], [1, 9, 3, 4, 5, 9, 8], 5),
        ([], [1], 0),
        ([1], [], 0),
    ],
)
def test_the_overlap_is_counted(predicted: list[int], said: list[int], used: int) -> None:
    """From both ends, and from where three tokens agree again."""
    assert accepted(predicted, said) == used


@given(predicted=TOKENS, said=TOKENS)
def test_no_more_is_used_than_there_is(predicted: list[int], said: list[int]) -> None:
    """In either text; a prediction that is met is used whole."""
    assert 0 <= accepted(predicted, said) <= min(len(predicted), len(said))
    assert accepted(predicted, predicted) == len(predicted)
    assert accepted(predicted, [*predicted, *said]) >= len(predicted) - 2


def test_long_repetitive_texts_are_counted_at_once() -> None:
    """No quadratic search."""
    assert accepted([1] * 100_000, [1, 2] * 50_000) <= 50_000
    follow("x" * 10_000, "replace `a` " * 2_000)
