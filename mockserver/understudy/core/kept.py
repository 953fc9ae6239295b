"""What an organization keeps between calls: bytes under a project, a kind and an id, within bounds.

What was kept first goes first when there is too much ("our choice": the real API keeps responses for 30 days).
"""

from bisect import bisect_left, insort
from collections import OrderedDict

import msgspec

MOST_BYTES = 64 * 1024 * 1024
"""Of one organization ("our choice")."""
MOST_OBJECTS = 10_000
"""Of one organization ("our choice")."""

_Name = tuple[str, str, str]
"""Project, kind, id."""


class KeptPage(msgspec.Struct, frozen=True):
    """Some of what is kept.

    Attributes:
        objects: (id, value) in the order that was asked for.
        has_more: whether others follow.
    """

    objects: list[tuple[str, bytes]]
    has_more: bool


class Kept:
    """All that one organization keeps; what costs time grows with what is asked for, not with what is kept."""

    __slots__ = ("_next", "_objects", "_order", "_size")

    def __init__(self) -> None:
        self._objects: OrderedDict[_Name, tuple[int, bytes]] = OrderedDict()
        self._order: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._next = 0
        self._size = 0

    def __len__(self) -> int:
        """How many objects are kept."""
        return len(self._objects)

    def put(self, project: str, kind: str, id: str, value: bytes) -> None:
        """Keep a value; one that is there already changes and stays where it is in the order."""
        name = project, kind, id
        found = self._objects.get(name)
        if found is None:
            self._next += 1
            number = self._next
            insort(self._order.setdefault((project, kind), []), (number, id))
        else:
            number = found[0]
            self._size -= len(found[1])
        self._objects[name] = number, value
        self._size += len(value)
        while self._size > MOST_BYTES or len(self._objects) > MOST_OBJECTS:
            self.drop(*next(iter(self._objects)))

    def get(self, project: str, kind: str, id: str) -> bytes | None:
        """The value, None when there is none."""
        found = self._objects.get((project, kind, id))
        return None if found is None else found[1]

    def drop(self, project: str, kind: str, id: str) -> bool:
        """Keep it no longer; whether it was there."""
        found = self._objects.pop((project, kind, id), None)
        if found is None:
            return False
        number, value = found
        self._size -= len(value)
        order = self._order[project, kind]
        del order[bisect_left(order, (number, id))]
        if not order:
            del self._order[project, kind]
        return True

    def all(self) -> list[tuple[str, str, str, bytes]]:
        """Project, kind, id and value of everything, in the order in which it would go."""
        return [(*name, value) for name, (_, value) in self._objects.items()]

    def page(self, project: str, kind: str, after: str | None, limit: int, *, newest_first: bool) -> KeptPage | None:
        """A page of one kind; None when what it shall begin after is not kept.

        Args:
            project: whose they are.
            kind: of them.
            after: id of the object before the first.
            limit: most objects.
            newest_first: whether the order is turned round.
        """
        order = self._order.get((project, kind), [])
        step = -1 if newest_first else 1
        start = len(order) - 1 if newest_first else 0
        if after is not None:
            found = self._objects.get((project, kind, after))
            if found is None:
                return None
            start = bisect_left(order, (found[0], after)) + step
        indexes = range(start, -1 if newest_first else len(order), step)
        chosen = [order[index][1] for index in indexes[:limit]]
        objects = [(id, self._objects[project, kind, id][1]) for id in chosen]
        return KeptPage(objects, len(indexes) > limit)
