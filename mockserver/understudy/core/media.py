"""What the simulator asks of parts that need a real library: vocabulary, speech and pictures.

The core says what it wants as values; `understudy.media` makes it, and imports what it needs at first use.
"""

from collections.abc import Iterator
from typing import Protocol

import msgspec


class MediaUnavailable(Exception):
    """A part that is an extra is not installed.

    Attributes:
        what: subject and verb: "Speech needs".
        extra: name of the extra.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} the extra '{extra}': pip install 'understudy[{extra}]'.")
        self.what = what
        self.extra = extra


class Vocabulary(Protocol):
    """A model family's tokens."""

    def count(self, text: str, encoding: str) -> int:
        """How many tokens a text has; special tokens in it count as ordinary text."""

    def encode(self, text: str, encoding: str) -> list[int]:
        """The numbers of a text's tokens, by the same rule."""

    def token_bytes(self, token: int, encoding: str) -> bytes:
        """The bytes of one token, which need not be text by themselves."""

    def pieces(self, text: str, encoding: str) -> list[str]:
        """The text cut at token borders; tokens that share a character are joined, so that each piece is text."""

    def truncate(self, text: str, limit: int, encoding: str) -> str:
        """The longest beginning that is text and within the text's first `limit` tokens."""


class Speaker(Protocol):
    """A voice."""

    def speak(self, text: str, voice: str, rate: int = 24_000) -> bytes:
        """Speech as PCM, 16 bit little-endian, mono, `rate` samples a second.

        Raises:
            MediaUnavailable: the extra is not installed.
        """

    def speak_phrases(self, text: str, voice: str, rate: int = 24_000) -> Iterator[tuple[str, bytes]]:
        """The same phrase by phrase, each with its words; together they are the whole text and speech."""


class PicturePlan(msgspec.Struct, frozen=True):
    """What a picture shall be.

    Attributes:
        prompt: what it shows.
        width, height: pixels.
        quality: low, medium or high.
        seed: decides by chance.
        format: png, jpeg or webp.
        background: opaque or transparent.
        compression: 0 to 100, of jpeg and webp.
    """

    prompt: str
    width: int
    height: int
    quality: str
    seed: bytes
    format: str = "png"
    background: str = "opaque"
    compression: int = 100


class Painter(Protocol):
    """A hand that draws."""

    def paint(self, plan: PicturePlan) -> bytes:
        """The file's bytes.

        Raises:
            MediaUnavailable: the extra is not installed.
        """


class PictureReader(Protocol):
    """An eye that measures."""

    def size(self, file: bytes) -> tuple[int, int] | None:
        """Width and height in pixels of a PNG, JPEG, GIF or WebP; None when the file is none of these, or broken.

        Raises:
            MediaUnavailable: the extra is not installed.
        """


class Media(msgspec.Struct, frozen=True):
    """All of them."""

    vocabulary: Vocabulary
    speaker: Speaker
    painter: Painter
    reader: PictureReader
