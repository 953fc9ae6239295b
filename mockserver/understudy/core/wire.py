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


class SocketWire(msgspec.Struct, frozen=True):
    """What a door does with the messages of a WebSocket beside sending them.

    Attributes:
        close: code of the close frame that ends the connection where the messages are cut; None for none.
        reason: of it.
        pings: sent before each message.
        fragments: sizes of the frames that a message is cut into, over and over; empty for one.
        read_pause: microseconds before each message of the client is taken.
    """

    close: int | None = None
    reason: str = ""
    pings: int = 0
    fragments: tuple[int, ...] = ()
    read_pause: int = 0


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
