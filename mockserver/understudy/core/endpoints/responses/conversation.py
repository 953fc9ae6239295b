"""A conversation: items that responses take over and add to."""

from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.endpoints.responses.items import Item

MOST_ITEMS = 10_000
"""Items of one conversation; the oldest go first ("our choice")."""


class Conversation(msgspec.Struct):
    """One conversation.

    Attributes:
        id: `conv_` and 48 hexadecimal digits.
        created: seconds since the epoch.
        metadata: of the caller.
        items: the oldest first, each with an id.
    """

    id: str
    created: int
    metadata: dict[str, str]
    items: list[Item] = []

    def shown(self) -> dict[str, Any]:
        """The object."""
        return {
            "id": self.id,
            "object": "conversation",
            "created_at": self.created,
            "metadata": self.metadata,
        }

    def add(self, items: list[Item]) -> None:
        """Add items at the end."""
        self.items = [*self.items, *items][-MOST_ITEMS:]


def conversation_not_found(id: str) -> errors.NotFound:
    """404 (reported words, 2025)."""
    return errors.NotFound(f"Conversation with id '{id}' not found.", layer=errors.Layer.ENGINE)
