"""Choices from a seed."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.dice import Dice


@given(st.binary(max_size=200), st.binary(max_size=200), st.lists(st.integers(1, 2**24), max_size=100))
def test_draws_are_within_their_limits_and_repeat(seed: bytes, salt: bytes, limits: list[int]):
    """The same seed and salt give the same draws, however many."""
    dice, again = Dice(seed, salt), Dice(seed, salt)
    drawn = [dice.below(limit) for limit in limits]
    assert all(0 <= number < limit for number, limit in zip(drawn, limits, strict=True))
    assert drawn == [again.below(limit) for limit in limits]


def test_all_options_come_up_about_equally_often():
    """Many draws from one seed are spread evenly."""
    dice = Dice(b"seed")
    counts = Counter(dice.pick("abcdefg") for _ in range(7_000))
    assert set(counts) == set("abcdefg")
    assert all(850 < count < 1_150 for count in counts.values())


def test_the_draws_are_these():
    """A change of the generator would change every answer: it must not happen by accident."""
    dice = Dice(b"seed", b"salt")
    assert [dice.below(1_000) for _ in range(6)] == [183, 339, 688, 265, 639, 57]
