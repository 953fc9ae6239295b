"""Answers that were spoken and that a later turn may refer to by their id, for an hour.

Kept in the process that spoke them. Bounded: those spoken longest ago go first.
"""

from collections import OrderedDict

import msgspec

KEPT = 10_000
"""Answers that are kept, of all organizations together ("our choice": their transcripts, some 10 MB)."""


class SpokenAnswer(msgspec.Struct, frozen=True):
    """What was said.

    Attributes:
        transcript: its words.
        audio_tokens: what it counts for when it is heard again.
        expires_at: microseconds since the epoch.
    """

    transcript: str
    audio_tokens: int
    expires_at: int


class SpokenAnswers:
    """Spoken answers by organization and id, in the order they were made."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], SpokenAnswer] = OrderedDict()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def forget(self, organization: str) -> None:
        """Forget those of one organization."""
        for key in [key for key in self._kept if key[0] == organization]:
            del self._kept[key]

    def keep(self, organization: str, id: str, answer: SpokenAnswer) -> None:
        """Remember an answer."""
        self._kept[organization, id] = answer
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def find(self, organization: str, id: str) -> SpokenAnswer | None:
        """The answer, also when it has expired; None when it is not known."""
        return self._kept.get((organization, id))
