from itertools import combinations, product

from understudy_harness.conformance.generate.pairs import pairs

WAYS = {"a": (0, 1, 2), "b": ("x", "y"), "c": (True, False), "d": ((), (1,), (2,)), "e": (0, 1)}


def test_every_value_meets_every_value_of_another() -> None:
    """In few rows: at least nine are needed here, and 72 there would be."""
    rows = pairs(WAYS)
    for first, second in combinations(WAYS, 2):
        met = {(row[first], row[second]) for row in rows}
        assert met == set(product(WAYS[first], WAYS[second]))
    assert 9 <= len(rows) <= 12


def test_the_first_row_is_plain_and_rows_are_always_the_same() -> None:
    """Each value is the first of its parameter; nothing is left to chance."""
    assert pairs(WAYS)[0] == {name: values[0] for name, values in WAYS.items()}
    assert pairs(WAYS) == pairs(WAYS)
