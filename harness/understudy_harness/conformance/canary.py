"""What a run is recognised by: a key that must show up nowhere else, and a word that can come from nowhere else."""

import hashlib
import secrets
from typing import Any, NamedTuple

from understudy.core.errors import mask_key


class Canary(NamedTuple):
    """Of one call.

    Attributes:
        key: the API key, which must show up nowhere but in the request.
        word: part of the answer's text, which cannot come from anywhere else.
    """

    key: str
    word: str

    @classmethod
    def new(cls) -> "Canary":
        """One that no run had before."""
        return cls(f"sk-canary-{secrets.token_hex(16)}", f"canary-{secrets.token_hex(4)}")

    @classmethod
    def of(cls, seed: int, *place: object) -> "Canary":
        """The one of a place in a run that is to be repeated: case, part, try and call."""
        digest = hashlib.blake2b(repr((seed, *place)).encode(), digest_size=20).hexdigest()
        return cls(f"sk-canary-{digest[:32]}", f"canary-{digest[32:]}")

    def masked(self, text: str) -> str:
        """Make the key in a text unreadable."""
        return text.replace(self.key, mask_key(self.key))

    @property
    def text(self) -> str:
        """The text of the standard answer."""
        return f"Hello, 世界 🌍 {self.word}"

    @property
    def data(self) -> bytes:
        """The bytes that stand for a picture or a sound: every value of a byte, then the word."""
        return bytes(range(256)) * 16 + self.word.encode()

    def partial(self, index: int) -> bytes:
        """The bytes that stand for a picture on its way."""
        return self.data + f" partial {index}".encode()

    @property
    def sha256(self) -> str:
        """Of `data`, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def filled(value: Any, names: dict[str, str]) -> Any:
    """Tables, lists and texts in which each `{name}` is replaced; other braces are text."""
    if isinstance(value, dict):
        return {key: filled(each, names) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [filled(each, names) for each in value]
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"{{{name}}}", text)
    return value
