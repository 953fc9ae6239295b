"""Identifiers in the real shapes, from digests and from a seeded generator (recorded traffic, 2023-2026)."""

from hashlib import blake2b
from random import Random

_BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# 256 byte values onto 62 letters: four values too many fall on the first letters, which no reader can tell.
_LETTERS = bytes(_BASE62[value % 62] for value in range(256))


def letters(seed: bytes, length: int, purpose: bytes = b"") -> str:
    """`length` (at most 64) letters and digits, the same for the same seed and purpose."""
    return blake2b(purpose, key=seed, digest_size=length).digest().translate(_LETTERS).decode("ascii")


def named(kind: str, source: str, length: int) -> str:
    """`length` letters and digits for a name: the same in every process, and they do not give the name away."""
    return letters(blake2b(source.encode(), digest_size=32).digest(), length, kind.encode())


def hexadecimal(seed: bytes, length: int, purpose: bytes = b"") -> str:
    """`length` (even, at most 128) hexadecimal digits, the same for the same seed and purpose."""
    return blake2b(purpose, key=seed, digest_size=length // 2).hexdigest()


def chat_completion(seed: bytes) -> str:
    """`chatcmpl-` and 29 letters and digits."""
    return "chatcmpl-" + letters(seed, 29, b"id")


def uuid(seed: bytes) -> str:
    """A version 4 UUID, the same for the same seed."""
    digits = hexadecimal(seed, 32, b"uuid")
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


class TransportIds:
    """Request ids and cf-ray values.

    They are exempt from the seed's promise of equal bytes: their order depends on which of two parallel calls comes
    first.
    """

    __slots__ = ("_bits", "_place")

    def __init__(self, random: Random, place: str = "AMS") -> None:
        self._bits = random.getrandbits
        self._place = place

    def request_id(self) -> str:
        """`req_` and 32 hexadecimal digits."""
        return f"req_{self._bits(128):032x}"

    def cf_ray(self) -> str:
        """16 hexadecimal digits and an airport."""
        return f"{self._bits(64):016x}-{self._place}"
