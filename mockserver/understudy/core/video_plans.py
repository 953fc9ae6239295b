"""What the simulator asks of a hand that makes videos."""

from typing import Protocol

import msgspec


class VideoPlan(msgspec.Struct, frozen=True):
    """What a video shall be.

    Attributes:
        prompt: what it shows.
        width, height: pixels, both even.
        seconds: how long it lasts.
        seed: decides by chance.
    """

    prompt: str
    width: int
    height: int
    seconds: int
    seed: bytes


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
