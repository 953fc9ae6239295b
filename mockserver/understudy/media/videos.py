"""Videos: a painted picture that a window and a ball move over, in an MP4.

FFmpeg does the work, from the package `av` (extra `speech`; see `codecs` for its licence), Pillow the painting.
"""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from io import BytesIO
from math import cos, pi, sin
from typing import TYPE_CHECKING, Any

from understudy.core.media import MediaUnavailable, Painter, PicturePlan
from understudy.core.video_plans import VideoPlan

if TYPE_CHECKING:
    from PIL.Image import Image

RATE = 24
"""Frames a second ("our choice")."""
_MARGIN = 8
"""The painted picture is larger than a frame by one part in so many; the window has that much way to go."""
_TILES = 4
"""Columns and rows of a spritesheet ("our choice")."""
MOST_REMEMBERED = 32 * 1024 * 1024
"""Bytes of finished files that are kept, the latest asked for ("our choice")."""


class FilmMaker:
    """Films with FFmpeg.

    Args:
        painter: of the picture that is filmed.
    """

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._made: OrderedDict[VideoPlan, bytes] = OrderedDict()
        self._size = 0

    def film(self, plan: VideoPlan) -> bytes:
        """An MP4 (H.264); raises MediaUnavailable."""
        found = self._made.get(plan)
        if found is not None:
            self._made.move_to_end(plan)
            return found
        made = _encoded(plan, self._scene(plan))
        self._made[plan] = made
        self._size += len(made)
        while self._size > MOST_REMEMBERED:
            self._size -= len(self._made.popitem(last=False)[1])
        return made

    def thumbnail(self, plan: VideoPlan) -> bytes:
        """The first frame as a WebP; raises MediaUnavailable."""
        file = BytesIO()
        _frame(self._scene(plan), plan, 0.0).save(file, "WEBP", quality=80)
        return file.getvalue()

    def spritesheet(self, plan: VideoPlan) -> bytes:
        """Frames of all its length side by side as a JPEG; raises MediaUnavailable."""
        scene = self._scene(plan)
        width, height = plan.width // _TILES, plan.height // _TILES
        sheet = scene.resize((width * _TILES, height * _TILES))
        count = _TILES * _TILES
        for index in range(count):
            tile = _frame(scene, plan, index / count).resize((width, height))
            sheet.paste(tile, (index % _TILES * width, index // _TILES * height))
        file = BytesIO()
        sheet.save(file, "JPEG", quality=80)
        return file.getvalue()

    def _scene(self, plan: VideoPlan) -> Image:
        width, height = (side + side // _MARGIN for side in (plan.width, plan.height))
        file = self._painter.paint(PicturePlan(plan.prompt, width, height, "low", plan.seed))
        # The painter has told already when Pillow is missing.
        import PIL.Image

        return PIL.Image.open(BytesIO(file)).convert("RGB")


def _frame(scene: Image, plan: VideoPlan, moment: float) -> Image:
    """One frame; `moment` is 0 at the beginning and 1 at the end."""
    from PIL import ImageDraw

    angle = 2 * pi * moment
    across, down = scene.width - plan.width, scene.height - plan.height
    left, top = round(across * (1 - cos(angle)) / 2), round(down * (1 + sin(angle)) / 2)
    frame = scene.crop((left, top, left + plan.width, top + plan.height))
    radius = min(plan.width, plan.height) // 16
    x = radius + (plan.width - 2 * radius) * moment
    # It bounces four times, whatever the length.
    y = plan.height - radius - (plan.height // 2) * abs(sin(4 * angle / 2))
    red, green, blue = plan.seed[:3]
    ImageDraw.Draw(frame).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(red, green, blue))
    return frame


def _encoded(plan: VideoPlan, scene: Image) -> bytes:
    av = _library()
    file = BytesIO()
    # Without the bits that would tell versions and random numbers: same plan, same bytes.
    with av.open(file, "w", format="mp4", container_options={"fflags": "+bitexact"}) as mp4:
        stream = mp4.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "28", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
        count = plan.seconds * RATE
        for index in range(count):
            frame = av.VideoFrame.from_image(_frame(scene, plan, index / count))
            frame.pts = index
            frame.time_base = Fraction(1, RATE)
            mp4.mux(stream.encode(frame))
        mp4.mux(stream.encode(None))
    return file.getvalue()


def _library() -> Any:
    try:
        import av
    except ImportError:
        raise MediaUnavailable("Videos need", "speech") from None
    return av
