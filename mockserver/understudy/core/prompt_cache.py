"""Prompt caching: beginnings of prompts that came before are cheaper (OpenAI's guide "Prompt caching").

    0 .......... 1,024 .. 1,152 .. 1,280 ..        a prompt of 1,300 tokens has three beginnings

A beginning is known under a digest of its tokens and of whose it is: organization, model and `prompt_cache_key`, by
which calls are routed to where the beginning may be. It is forgotten after five to ten minutes without use, or after
as long as the request asks for.
"""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

from understudy.core.clock import MINUTE

SHORTEST = 1_024
"""Tokens of the shortest beginning that is kept."""
STEP = 128
"""Tokens from one beginning to the next."""
BEGINNINGS_KEPT = 65_536
"""Most beginnings, of all organizations together; those used longest ago go first ("our choice": some 10 MB)."""


class PromptCache:
    """The beginnings that are known, in the order of their last use."""

    __slots__ = ("_forgotten_at",)

    def __init__(self) -> None:
        self._forgotten_at: OrderedDict[bytes, int] = OrderedDict()

    def __len__(self) -> int:
        """How many beginnings are kept."""
        return len(self._forgotten_at)

    def clear(self) -> None:
        """Forget all."""
        self._forgotten_at.clear()

    def reuse(self, owner: bytes, tokens: Sequence[int], now: int, *, lifetime: int | None = None) -> int:
        """Use a prompt: how much of it is known, and from now on all of it is.

        Args:
            owner: whose prompt it is, and where it is routed.
            tokens: the whole prompt.
            now: microseconds since the epoch.
            lifetime: microseconds that it is kept for without use; None for the usual minutes.

        Returns:
            Tokens of the longest known beginning: 0, or 1,024 and so many times 128.
        """
        kept = self._forgotten_at
        digests = _digests(owner, tokens)
        known = 0
        for digest in digests:
            if kept.get(digest, 0) <= now:
                break
            known += 1
        for digest in digests:
            # Between five and ten minutes, as the guide says; which, is the beginning's own ("our choice").
            kept[digest] = now + (lifetime or 5 * MINUTE + 5 * MINUTE * digest[0] // 255)
            kept.move_to_end(digest)
        while len(kept) > BEGINNINGS_KEPT:
            kept.popitem(last=False)
        return SHORTEST + (known - 1) * STEP if known else 0


def _digests(owner: bytes, tokens: Sequence[int]) -> list[bytes]:
    """Of each beginning, the shortest first; the prompt's last token is never part of one: it is always read."""
    digest = blake2b(owner, digest_size=16)
    digests = []
    done = 0
    for end in range(SHORTEST, len(tokens), STEP):
        digest.update(b"".join(token.to_bytes(4, "big") for token in tokens[done:end]))
        done = end
        digests.append(digest.copy().digest())
    return digests
