"""Words as bits that bear noise: vocabulary tokens in few bits, a checksum, and a convolutional code.

    text -> tokens -> bits + checksum -> two coded bits for each (constraint length 7, the generators of Voyager)

A noisy copy is decoded by the Viterbi algorithm from soft values; the checksum says whether it came out right.
"""

from __future__ import annotations

import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

from understudy.media.vocabulary import BundledVocabulary

if TYPE_CHECKING:
    import numpy

ENCODING = "o200k_base"
"""Its tokens are numbered by how common they are, so that common words take few bits in any language."""
MOST_TOKENS = 60
"""In one packet: some 250 letters."""
_CLASSES = (8, 12, 15, 18)
"""Bits of a token's number within its class; two more say which class it is."""
_CHECKSUM = 24
_MEMORY = 6
_GENERATORS = (0o171, 0o133)


class Code:
    """Turns texts into bits and back."""

    def __init__(self) -> None:
        self._vocabulary = BundledVocabulary()

    def parts(self, text: str) -> list[list[int]]:
        """The text in as many lists of bits as packets are needed; each carries its own checksum."""
        tokens = self._vocabulary.encode(text, ENCODING)
        return [
            with_checksum(_token_bits(tokens[start : start + MOST_TOKENS]), _CHECKSUM)
            for start in range(0, len(tokens), MOST_TOKENS)
        ]

    def read(self, bits: list[int]) -> bytes | None:
        """The piece of text in one list of bits, as UTF-8 that may begin or end within a character; None if damaged."""
        payload = checked(bits, _CHECKSUM)
        tokens = None if payload is None else _tokens(payload)
        if not tokens:
            return None
        try:
            return b"".join(self._vocabulary.token_bytes(token, ENCODING) for token in tokens)
        # The vocabulary's own error for a number that is no token, which a checksum can only make improbable.
        except Exception:
            return None


def number_bits(number: int, width: int) -> list[int]:
    """A number as bits, the highest first."""
    return [number >> place & 1 for place in reversed(range(width))]


def bits_number(bits: list[int]) -> int:
    """The number that bits spell."""
    number = 0
    for bit in bits:
        number = number << 1 | bit
    return number


def with_checksum(bits: list[int], width: int) -> list[int]:
    """The bits and so many more, by which `checked` knows them."""
    return bits + number_bits(_checksum(bits) & (1 << width) - 1, width)


def checked(bits: list[int], width: int) -> list[int] | None:
    """The bits without their checksum; None when it is not theirs."""
    payload = bits[:-width]
    return payload if with_checksum(payload, width) == bits else None


def encode(bits: list[int]) -> list[int]:
    """Coded bits: two for each bit and for the six zeros that end them."""
    register = 0
    coded = []
    for bit in [*bits, *[0] * _MEMORY]:
        register = (register << 1 | bit) & 0x7F
        coded += [(register & generator).bit_count() & 1 for generator in _GENERATORS]
    return coded


def coded_length(bits: int) -> int:
    """How many coded bits so many bits become."""
    return 2 * (bits + _MEMORY)


def decode(soft: numpy.ndarray[Any, Any]) -> list[int]:
    """The likeliest bits of soft values, one for each coded bit: positive for 0, the larger the surer."""
    import numpy

    before, signs = _trellis()
    branches = soft.reshape(-1, 2) @ signs  # (steps, 2 * 64)
    score = numpy.full(64, -1e30)
    score[0] = 0
    choices = numpy.empty((len(branches), 64), bool)
    for step, branch in enumerate(branches):
        low, high = (score[before] + branch.reshape(2, 64)).reshape(2, 64)
        numpy.greater(high, low, out=choices[step])
        score = numpy.maximum(low, high)
    state = 0
    bits = []
    for choice in choices[::-1]:
        bits.append(state & 1)
        state = state >> 1 | (32 if choice[state] else 0)
    return bits[::-1][:-_MEMORY]


@cache
def _trellis() -> tuple[numpy.ndarray[Any, Any], numpy.ndarray[Any, Any]]:
    """For each state, which two come before it, and by which signs a step's soft values speak for either way."""
    import numpy

    after = numpy.arange(64)
    before = numpy.stack([after >> 1, after >> 1 | 32])
    signs = numpy.empty((2, 2, 64))
    for way in range(2):
        for state in range(64):
            register = int(before[way, state]) << 1 | state & 1
            for place, generator in enumerate(_GENERATORS):
                signs[place, way, state] = 1 - 2 * ((register & generator).bit_count() & 1)
    return before, signs.reshape(2, 128)


def _token_bits(tokens: list[int]) -> list[int]:
    bits: list[int] = []
    for token in tokens:
        first = 0
        for kind, width in enumerate(_CLASSES):
            if token < first + (1 << width):
                bits += number_bits(kind, 2) + number_bits(token - first, width)
                break
            first += 1 << width
    return bits


def _tokens(bits: list[int]) -> list[int] | None:
    tokens = []
    at = 0
    while at < len(bits):
        kind = bits_number(bits[at : at + 2])
        width = _CLASSES[kind]
        if at + 2 + width > len(bits):
            return None
        tokens.append(bits_number(bits[at + 2 : at + 2 + width]) + sum(1 << each for each in _CLASSES[:kind]))
        at += 2 + width
    return tokens


def _checksum(bits: list[int]) -> int:
    return zlib.crc32(bytes(bits))
