"""Choices that are the same in every process: a stream of small numbers drawn from a seed."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

_T = TypeVar("_T")

_BYTES = 16
# A draw takes at most this many bits, which is far more than any table of phrases needs.
_ENOUGH = 1 << 32


class Dice:
    """Draws from (seed, salt), by BLAKE2b: no hash(), no global generator, no difference between Python versions.

    Args:
        seed: any bytes.
        salt: what else the draws depend on.
    """

    __slots__ = ("_bits", "_state")

    def __init__(self, seed: bytes, salt: bytes = b"") -> None:
        self._state = blake2b(seed + salt, digest_size=_BYTES).digest()
        self._bits = int.from_bytes(self._state, "big")

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1; limits up to 2**24 are drawn evenly for all that anyone can tell."""
        if self._bits < _ENOUGH:
            self._refill()
        self._bits, drawn = divmod(self._bits, limit)
        return drawn

    def pick(self, options: Sequence[_T]) -> _T:
        """One of the options, of which there is at least one."""
        # The same as below(), without the price of a further call.
        if self._bits < _ENOUGH:
            self._refill()
        self._bits, drawn = divmod(self._bits, len(options))
        return options[drawn]

    def _refill(self) -> None:
        self._state = blake2b(self._state, digest_size=_BYTES).digest()
        self._bits = int.from_bytes(self._state, "big")
