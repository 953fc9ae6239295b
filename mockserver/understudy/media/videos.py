"""Videos: a painted picture that a window and a ball move over, in an MP4.

FFmpeg does the work, from the package `av` (extra `speech`; see `codecs` for its licence), Pillow the painting.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from io import BytesIO
from math import cos, pi, sin
from typing import TYPE_CHECKING, Any

from understudy.core.media import MediaUnavailable, Painter, PicturePlan
from understudy.core.video_plans import Segment, VideoFacts, VideoPlan

if TYPE_CHECKING:
    from PIL.Image import Image

RATE = 24
"""Frames a second ("our choice")."""
_MARGIN = 8
"""The painted picture is larger than a frame by one part in so many; the window has that much way to go."""
_TILES = 4
"""Columns and rows of a spritesheet ("our choice")."""
_FADE = RATE // 2
"""Frames over which one segment becomes the next ("our choice")."""
_CHANGED = 0.5
"""How much of a frame an edit covers ("our choice")."""
LONGEST_UPLOAD, WIDEST_UPLOAD = 120, 4_096
"""Seconds, and pixels of an edge ("our choice")."""
MOST_REMEMBERED = 32 * 1024 * 1024
"""Bytes of finished files that are kept, the latest asked for ("our choice")."""


class FilmMaker:
    """Films with FFmpeg; several threads may ask at once.

    Args:
        painter: of the pictures that are filmed.
    """

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._made: OrderedDict[VideoPlan, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def film(self, plan: VideoPlan) -> bytes:
        """An MP4 (H.264); raises MediaUnavailable."""
        with self._lock:
            found = self._made.get(plan)
            if found is not None:
                self._made.move_to_end(plan)
                return found
        made = _encoded(plan, self._frames(plan))
        with self._lock:
            if plan not in self._made:
                self._made[plan] = made
                self._size += len(made)
            while self._size > MOST_REMEMBERED:
                self._size -= len(self._made.popitem(last=False)[1])
        return made

    def thumbnail(self, plan: VideoPlan) -> bytes:
        """The first frame as a WebP; raises MediaUnavailable."""
        file = BytesIO()
        next(self._frames(plan)).save(file, "WEBP", quality=80)
        return file.getvalue()

    def spritesheet(self, plan: VideoPlan) -> bytes:
        """Frames of all its length side by side as a JPEG; raises MediaUnavailable."""
        width, height = plan.width // _TILES, plan.height // _TILES
        count = _TILES * _TILES
        total = sum(segment.seconds for segment in plan.segments) * RATE
        tiles = {index * total // count: index for index in range(count)}
        sheet: Image | None = None
        for number, frame in enumerate(self._frames(plan)):
            if sheet is None:
                sheet = frame.resize((width * _TILES, height * _TILES))
            place = tiles.get(number)
            if place is not None:
                tile = frame.resize((width, height))
                sheet.paste(tile, (place % _TILES * width, place // _TILES * height))
        file = BytesIO()
        if sheet is not None:
            sheet.save(file, "JPEG", quality=80)
        return file.getvalue()

    def read(self, file: bytes) -> VideoFacts | None:
        """What a file is; raises MediaUnavailable."""
        av = _library()
        try:
            with av.open(BytesIO(file)) as container:
                first = next(container.decode(video=0))
                microseconds = container.duration or 0
                if not 0 < microseconds <= LONGEST_UPLOAD * 1_000_000 or max(first.width, first.height) > WIDEST_UPLOAD:
                    return None
                return VideoFacts(first.width, first.height, microseconds // 1_000)
        except (av.error.FFmpegError, StopIteration, IndexError, ValueError):
            return None

    def _frames(self, plan: VideoPlan) -> Iterator[Image]:
        """All frames; a segment fades in over the last frame of the one before."""
        from PIL import Image as Pictures

        last: Image | None = self._reference(plan)
        for segment in plan.segments:
            fade = _FADE if last is not None else 0
            before = last
            for number, frame in enumerate(self._segment(plan, segment)):
                if before is not None and number < fade:
                    frame = Pictures.blend(before, frame, number / fade)
                last = frame
                yield frame

    def _segment(self, plan: VideoPlan, segment: Segment) -> Iterator[Image]:
        from PIL import Image as Pictures

        scenes = [self._scene(plan, prompt, segment.seed) for prompt in segment.changes]
        if segment.uploaded:
            frames = _uploaded(plan, segment.seconds * RATE)
        else:
            frames = _painted(self._scene(plan, segment.prompt, segment.seed), plan, segment)
        for number, frame in enumerate(frames):
            for scene in scenes:
                changed = _frame(scene, plan, segment.seed, number / (segment.seconds * RATE))
                frame = Pictures.blend(frame, changed, _CHANGED)
            yield frame

    def _scene(self, plan: VideoPlan, prompt: str, seed: bytes) -> Image:
        width, height = (side + side // _MARGIN for side in (plan.width, plan.height))
        file = self._painter.paint(PicturePlan(prompt, width, height, "low", seed))
        # The painter has told already when Pillow is missing.
        import PIL.Image

        return PIL.Image.open(BytesIO(file)).convert("RGB")

    def _reference(self, plan: VideoPlan) -> Image | None:
        if not plan.reference:
            return None
        import PIL.Image

        return PIL.Image.open(BytesIO(plan.reference)).convert("RGB").resize((plan.width, plan.height))


def _painted(scene: Image, plan: VideoPlan, segment: Segment) -> Iterator[Image]:
    count = segment.seconds * RATE
    for index in range(count):
        yield _frame(scene, plan, segment.seed, index / count)


def _uploaded(plan: VideoPlan, count: int) -> Iterator[Image]:
    """So many frames of the upload, at our rate; the last one stands still where it is too short."""
    av = _library()
    made = 0
    picture: Image | None = None
    with av.open(BytesIO(plan.upload)) as container:
        for frame in container.decode(video=0):
            moment = float(frame.time or 0)
            while picture is not None and made < count and made / RATE < moment:
                yield picture
                made += 1
            if made >= count:
                return
            picture = frame.to_image().convert("RGB").resize((plan.width, plan.height))
    while picture is not None and made < count:
        yield picture
        made += 1


def _frame(scene: Image, plan: VideoPlan, seed: bytes, moment: float) -> Image:
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
    red, green, blue = seed[:3]
    ImageDraw.Draw(frame).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(red, green, blue))
    return frame


def _encoded(plan: VideoPlan, frames: Iterable[Image]) -> bytes:
    av = _library()
    file = BytesIO()
    # Without the bits that would tell versions and random numbers: same plan, same bytes.
    with av.open(file, "w", format="mp4", container_options={"fflags": "+bitexact"}) as mp4:
        stream = mp4.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "28", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_image(picture)
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
