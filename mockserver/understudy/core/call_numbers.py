"""Which calls of several are meant: 1, "2..", "3-5", "every"."""

import re

from understudy.core.wording import is_whole, shown

_CALLS = re.compile(r"(\d{1,9})(?:(\.\.)|-(\d{1,9}))?")


class Calls:
    """Which calls of those that match: the first to the last, both counted from 1.

    Attributes:
        first: the first.
        last: the last, None when there is no end.
    """

    __slots__ = ("first", "last")

    def __init__(self, first: int, last: int | None) -> None:
        self.first = first
        self.last = last

    def __contains__(self, number: int) -> bool:
        """Whether the call of this number is one of them."""
        return self.first <= number and (self.last is None or number <= self.last)


def read_calls(on: object) -> Calls:
    """Read which calls are meant.

    Raises:
        ValueError: what is wrong, to be said after the name of the key.
    """
    if on == "every":
        return Calls(1, None)
    found = None
    if isinstance(on, str):
        found = _CALLS.fullmatch(on)
    elif is_whole(on):
        found = _CALLS.fullmatch(str(on))
    if found is None or int(found[1]) == 0:
        raise ValueError(f'must be a number from 1 on, "2..", "3-5" or "every", not {shown(on)}')
    first = int(found[1])
    last = None if found[2] else int(found[3] or first)
    if last is not None and last < first:
        raise ValueError(f"must not end before it begins, as {shown(on)} does")
    return Calls(first, last)
