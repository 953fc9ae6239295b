"""The sound of an item's part, for whoever retrieves it.

What a client gave is kept as it came. What was spoken is not: the same words give the same sound again, and a second of
it has 48 kB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator


class ItemSound:
    """A sound that was given, or that can be made again.

    Args:
        size: its bytes.
        given: the sound itself, None where it is made.
        make: makes it piece by piece, at least as much as `size`.

    Attributes:
        size: its bytes.
        kept: bytes of it that are held in memory.
    """

    __slots__ = ("_given", "_make", "kept", "size")

    def __init__(
        self, size: int, *, given: bytes | None = None, make: Callable[[], Iterator[bytes]] | None = None
    ) -> None:
        self.size = size
        self.kept = 0 if given is None else len(given)
        self._given = given
        self._make = make

    @classmethod
    def of(cls, samples: bytes) -> ItemSound:
        """One that was given."""
        return cls(len(samples), given=samples)

    @property
    def samples(self) -> bytes:
        """All of it; speech is made anew, some ten milliseconds for a second, or found among what was made lately."""
        if self._given is not None:
            return self._given[: self.size]
        made = bytearray()
        for piece in self._make() if self._make is not None else ():
            made += piece
            if len(made) >= self.size:
                break
        return bytes(made[: self.size])

    def cut(self, size: int) -> ItemSound:
        """Its beginning, at most."""
        size = min(size, self.size)
        if self._given is not None:
            return ItemSound.of(self._given[:size])
        return ItemSound(size, make=self._make)
