"""Prompt caching: beginnings of prompts that came before are cheaper (OpenAI's guide "Prompt caching").

    0 .......... 1,024 .. 1,152 .. 1,280 ..        a prompt of 1,300 tokens has three beginnings

A beginning is known to its organization alone, under a digest of its tokens and of model and `prompt_cache_key`, by
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
    """The beginnings that are known, by organization; organizations and beginnings in the order of their last use."""

    __slots__ = ("_count", "_known")

    def __init__(self) -> None:
        self._known: OrderedDict[str, OrderedDict[bytes, int]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        """How many beginnings are kept."""
        return self._count

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._count = 0

    def forget(self, organization: str) -> None:
        """Forget those of one organization."""
        self._count -= len(self._known.pop(organization, ()))

    def reuse(
        self, organization: str, routed: bytes, tokens: Sequence[int], now: int, *, lifetime: int | None = None
    ) -> int:
        """Use a prompt: how much of it is known, and from now on all of it is.

        Args:
            organization: whose prompt it is.
            routed: what else decides where the prompt is looked for.
            tokens: the whole prompt.
            now: microseconds since the epoch.
            lifetime: microseconds that it is kept for without use; None for the usual minutes.

        Returns:
            Tokens of the longest known beginning: 0, or 1,024 and so many times 128.
        """
        digests = _digests(routed, tokens)
        if not digests:
            return 0
        kept = self._known.get(organization)
        if kept is None:
            kept = self._known[organization] = OrderedDict()
        self._known.move_to_end(organization)
        known = 0
        for digest in digests:
            if kept.get(digest, 0) <= now:
                break
            known += 1
        self._count -= len(kept)
        for digest in digests:
            # Between five and ten minutes, as the guide says; which, is the beginning's own ("our choice").
            kept[digest] = now + (lifetime or 5 * MINUTE + 5 * MINUTE * digest[0] // 255)
            kept.move_to_end(digest)
        self._count += len(kept)
        self._shrink()
        return SHORTEST + (known - 1) * STEP if known else 0

    def _shrink(self) -> None:
        """Drop what was used longest ago, of the organization that was used longest ago."""
        while self._count > BEGINNINGS_KEPT:
            organization, kept = next(iter(self._known.items()))
            kept.popitem(last=False)
            self._count -= 1
            if not kept:
                del self._known[organization]


def _digests(routed: bytes, tokens: Sequence[int]) -> list[bytes]:
    """Of each beginning, the shortest first; the prompt's last token is never part of one: it is always read."""
    digest = blake2b(routed, digest_size=16)
    digests = []
    done = 0
    for end in range(SHORTEST, len(tokens), STEP):
        digest.update(b"".join(token.to_bytes(4, "big") for token in tokens[done:end]))
        done = end
        digests.append(digest.copy().digest())
    return digests
