"""`logit_bias`: tokens that are never said, and tokens that nothing else can stand against.

As documented, -100 bans a token and 100 leaves nothing but it; what lies between changes no answer of ours, which
come from no distribution ("our choice").
"""

from collections.abc import Mapping

from understudy.core.media import Vocabulary
from understudy.core.replies.dice import Dice
from understudy.core.token_pieces import text_of

BAN = -100
FORCE = 100
LONGEST_FORCED = 65_536
"""Tokens of all choices together that a forced token fills, where the real API goes on to the model's limit
("our choice", to bound memory)."""
_ROUNDS = 64


class Bias:
    """What a request's `logit_bias` comes to.

    Attributes:
        banned: tokens that are never said.
        forced: tokens of which every place has one; empty where none is forced.
    """

    __slots__ = ("banned", "forced")

    def __init__(self, biases: Mapping[str, float]) -> None:
        self.banned = frozenset(int(token) for token, bias in biases.items() if bias <= BAN)
        self.forced = tuple(sorted(int(token) for token, bias in biases.items() if bias >= FORCE))

    def forced_tokens(self, length: int, seed: bytes) -> list[int]:
        """So many tokens, each one of the forced ones."""
        if len(self.forced) == 1:
            return [self.forced[0]] * length
        dice = Dice(seed, b"forced")
        return [dice.pick(self.forced) for _ in range(length)]

    def allows(self, text: str, vocabulary: Vocabulary, encoding: str) -> bool:
        """Whether no banned token is in a text."""
        return self.banned.isdisjoint(vocabulary.encode(text, encoding))

    def without_banned(self, text: str, vocabulary: Vocabulary, encoding: str) -> str:
        """The text without its banned tokens, as long as the tokens that come about by leaving them out are banned too.

        Returns:
            A text without banned tokens; empty when nothing else remains.
        """
        banned = self.banned
        for _ in range(_ROUNDS):
            tokens = vocabulary.encode(text, encoding)
            if banned.isdisjoint(tokens):
                return text
            text = text_of((token for token in tokens if token not in banned), vocabulary, encoding)
        return ""
