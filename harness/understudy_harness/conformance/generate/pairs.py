"""Covering arrays: few rows in which every value of every parameter meets every value of every other one."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

Row = dict[str, Any]
_Place = tuple[str, int]


def pairs(parameters: Mapping[str, Sequence[Any]]) -> list[Row]:
    """Rows that cover all pairs of values; the first is plain, each value the first of its parameter.

    Greedy, as in AETG (Cohen and others, 1997) but without chance: each row begins with a pair that is not covered yet
    and takes for every other parameter the value that covers most new pairs with what the row has.

    Args:
        parameters: the values of each, the plain one first.
    """
    names = list(parameters)
    left = {
        frozenset(((first, one), (second, other)))
        for first, second in combinations(names, 2)
        for one in range(len(parameters[first]))
        for other in range(len(parameters[second]))
    }
    rows = [dict.fromkeys(names, 0)]
    left -= _met(rows[0])
    ordered = sorted(left, key=sorted)
    for pair in ordered:
        if pair not in left:
            continue
        row: dict[str, int] = dict(pair)
        for name in names:
            if name not in row:
                row[name] = max(
                    range(len(parameters[name])),
                    key=lambda value, name=name, row=row: _gain((name, value), row, left),  # type: ignore[misc]
                )
        rows.append(row)
        left -= _met(row)
    return [{name: parameters[name][row[name]] for name in names} for row in rows]


def _met(row: Mapping[str, int]) -> set[frozenset[_Place]]:
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def _gain(place: _Place, row: Mapping[str, int], left: set[frozenset[_Place]]) -> tuple[int, int]:
    """New pairs that a value covers; of those that cover as many, the plainest."""
    return sum(frozenset((place, other)) in left for other in row.items()), -place[1]
