"""What an organization keeps between calls: bytes under a project, a kind and an id, within bounds.

What was kept first goes first when there is too much ("our choice": the real API keeps responses for 30 days).
"""

from collections import OrderedDict

MOST_BYTES = 64 * 1024 * 1024
"""Of one organization ("our choice")."""
MOST_OBJECTS = 10_000
"""Of one organization ("our choice")."""

_Name = tuple[str, str, str]
"""Project, kind, id."""


class Kept:
    """All that one organization keeps."""

    __slots__ = ("_objects", "_size")

    def __init__(self) -> None:
        self._objects: OrderedDict[_Name, bytes] = OrderedDict()
        self._size = 0

    def put(self, project: str, kind: str, id: str, value: bytes) -> None:
        """Keep a value, in place of one that is there."""
        self.drop(project, kind, id)
        self._objects[project, kind, id] = value
        self._size += len(value)
        while self._size > MOST_BYTES or len(self._objects) > MOST_OBJECTS:
            _, oldest = self._objects.popitem(last=False)
            self._size -= len(oldest)

    def get(self, project: str, kind: str, id: str) -> bytes | None:
        """The value, None when there is none."""
        return self._objects.get((project, kind, id))

    def drop(self, project: str, kind: str, id: str) -> bool:
        """Keep it no longer; whether it was there."""
        value = self._objects.pop((project, kind, id), None)
        if value is None:
            return False
        self._size -= len(value)
        return True
