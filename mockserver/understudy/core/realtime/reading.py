"""What a response reads, what is dropped when that becomes too long, and what of it was read before.

    | instructions, tools | item | item | item | item |          an input limit of 28,224 tokens (context of 32,768)
    | instructions, tools |  ...dropped...  | item | item | item |   when it is exceeded
    |----- known -----|                                              and so much is cached after that

Truncation drops the oldest items and tells nobody (OpenAPI document 2026-08-21, "Realtime Truncation Controls"). An
item that was dropped stays in the conversation and can be retrieved, and is read no more; the newest item is never
dropped ("our choice").
"""

from typing import Any, NamedTuple

import msgspec

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.media import Vocabulary
from understudy.core.prompts import function_tokens
from understudy.core.realtime.conversation import Item, Tokens, added
from understudy.core.serialise import encode

CACHED_STEP = 64
"""Tokens that were read before are cached in whole steps ("our choice": recorded figures are multiples of 64)."""
_RESERVED = 448
"""Of a context of 32,768 with 4,096 for output 28,224 remain, and not 28,672 (OpenAPI document)."""


def input_limit(model: Model) -> int:
    """Tokens that a response may read."""
    return model.context_window - model.max_output_tokens - _RESERVED


class Piece(NamedTuple):
    """A part of what is read: the instructions with the tools, or an item.

    Two pieces are the same when they have the same key and weigh the same.
    """

    key: bytes
    tokens: Tokens


class Reading(msgspec.Struct, frozen=True):
    """What a response reads.

    Attributes:
        items: that are read.
        pieces: instructions first, then each item.
    """

    items: list[Item]
    pieces: list[Piece]

    @property
    def tokens(self) -> Tokens:
        """All of it."""
        return added([piece.tokens for piece in self.pieces])

    def known(self, before: list[Piece]) -> Tokens:
        """How much of it has been read before, from its beginning on, in whole steps."""
        same: list[Tokens] = []
        for piece, former in zip(self.pieces, before, strict=False):
            if piece != former:
                break
            same.append(piece.tokens)
        room = added(same).total // CACHED_STEP * CACHED_STEP
        known: list[Tokens] = []
        for tokens in same:
            kept: list[int] = []
            for kind in tokens:
                kept.append(min(kind, room))
                room -= kept[-1]
            known.append(Tokens(*kept))
        return added(known)


def piece_of(item: Item, vocabulary: Vocabulary, encoding: str) -> Piece:
    """An item as it is read."""
    return Piece(item.id.encode(), item.tokens(vocabulary, encoding))


def read(items: list[Item], settings: dict[str, Any], model: Model, vocabulary: Vocabulary) -> Reading:
    """What a response reads of the items, oldest first.

    Args:
        items: of the conversation, or those that it was given; those that do not fit are marked as dropped.
        settings: of the response.
        model: whose limits hold.
        vocabulary: counts.

    Raises:
        BadRequest: it is too long, and nothing may be dropped or enough cannot be.
    """
    instructions = settings["instructions"] or ""
    tools = [tool for tool in settings["tools"] if tool["type"] == "function"]
    begins = vocabulary.count(instructions, model.encoding) + function_tokens(tools, vocabulary, model.encoding)
    first = Piece(encode([instructions, tools]), Tokens(begins))
    items = [item for item in items if not item.dropped]
    pieces = [piece_of(item, vocabulary, model.encoding) for item in items]
    strategy = settings.get("truncation") or "auto"
    most = input_limit(model) - begins
    ratio = 1.0
    if isinstance(strategy, dict):
        limit = (strategy.get("token_limits") or {}).get("post_instructions")
        most = most if limit is None else min(most, limit)
        ratio = strategy["retention_ratio"]
    total = sum(piece.tokens.total for piece in pieces)
    if total > most:
        if strategy == "disabled":
            raise too_long()
        dropped = 0
        while dropped < len(pieces) - 1 and total > most * ratio:
            total -= pieces[dropped].tokens.total
            dropped += 1
        if total > most:
            raise too_long()
        for item in items[:dropped]:
            item.dropped = True
        items, pieces = items[dropped:], pieces[dropped:]
    return Reading(items, [first, *pieces])


def too_long() -> errors.BadRequest:
    """More than the model reads; in the words of the responses endpoint ("our choice": nobody reported it)."""
    return errors.BadRequest(
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        code="context_length_exceeded",
    )
