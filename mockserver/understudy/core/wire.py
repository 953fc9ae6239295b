"""How the bytes of an answer go onto a socket, where a fault wants it otherwise than HTTP and good manners have it."""

from enum import Enum

import msgspec


class Ending(Enum):
    """What becomes of the socket after the last byte."""

    KEEP = "keep"
    """It stays open for the next request."""
    FIN = "fin"
    """It is closed in order."""
    RST = "rst"
    """It is reset."""
    HOLD = "hold"
    """It stays open and nothing more comes, until the client goes."""


class Wire(msgspec.Struct, frozen=True):
    """What a door that owns its socket does beside handing over the parts of a body.

    Attributes:
        headless: not even a status line is sent.
        length: the content-length that is announced, whatever follows; None for chunks.
        last_chunk: whether the chunk of no bytes is sent that ends a body in chunks.
        segments: sizes of the writes that head and body are cut into, over and over; empty for one write a part.
        pause: microseconds between such writes.
        ending: what becomes of the socket.
    """

    headless: bool = False
    length: int | None = None
    last_chunk: bool = True
    segments: tuple[int, ...] = ()
    pause: int = 0
    ending: Ending = Ending.KEEP

    @property
    def ordinary(self) -> bool:
        """Whether any door can play it: nothing but the parts of the body differs from an ordinary answer."""
        return self == Wire()
