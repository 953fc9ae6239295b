"""What the simulator asks of a hand that makes videos."""

from typing import Protocol

import msgspec


class Segment(msgspec.Struct, frozen=True):
    """A part of a video.

    Attributes:
        prompt: what it shows; nothing of an upload.
        seconds: how long it lasts.
        seed: decides by chance.
        changes: prompts of edits, in the order in which they were made.
        uploaded: whether it is the beginning of the uploaded video.
    """

    prompt: str
    seconds: int
    seed: bytes
    changes: tuple[str, ...] = ()
    uploaded: bool = False


class VideoPlan(msgspec.Struct, frozen=True):
    """What a video shall be.

    Attributes:
        width, height: pixels, both even.
        segments: one after the other; each goes on from the last frame of the one before.
        upload: the file of a segment that is uploaded, empty for none.
        reference: the file of a picture to begin with, empty for none.
    """

    width: int
    height: int
    segments: tuple[Segment, ...]
    upload: bytes = b""
    reference: bytes = b""


class VideoFacts(msgspec.Struct, frozen=True):
    """What a file turned out to be.

    Attributes:
        width, height: pixels.
        milliseconds: how long it lasts.
    """

    width: int
    height: int
    milliseconds: int


class VideoMaker(Protocol):
    """A hand that films: same plan, same bytes, with the same versions of its libraries."""

    def film(self, plan: VideoPlan) -> bytes:
        """An MP4 (H.264).

        Raises:
            MediaUnavailable: an extra is not installed.
        """

    def thumbnail(self, plan: VideoPlan) -> bytes:
        """The first frame as a WebP; raises MediaUnavailable."""

    def spritesheet(self, plan: VideoPlan) -> bytes:
        """Frames of all its length side by side as a JPEG; raises MediaUnavailable."""

    def read(self, file: bytes) -> VideoFacts | None:
        """What a file is, None when it is no video; raises MediaUnavailable."""
