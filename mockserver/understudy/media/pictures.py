"""Pictures: real files of exactly the asked size, that show which request made them.

A gradient, shapes and a palette follow from the seed; the prompt's words stand below as a caption. Quality shows in the
number of shapes and in their edges. Needs the extra `images`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from colorsys import hls_to_rgb
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING

from understudy.core.media import MediaUnavailable, PicturePlan, Provenance

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw as Pen
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

CACHE_BYTES = 64 * 1024 * 1024
"""Finished files that are kept ("our choice")."""
_SHAPES = {"low": 5, "medium": 11, "high": 26}
_CAPTION = 160

Colour = tuple[int, int, int, int]


class PillowPainter:
    """Draws with Pillow and keeps what it has drawn."""

    def __init__(self, provenance: Provenance) -> None:
        self._provenance = provenance
        self._finished: OrderedDict[PicturePlan, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def paint(self, plan: PicturePlan) -> bytes:
        """The file's bytes.

        Raises:
            MediaUnavailable: the extra is not installed.
        """
        with self._lock:
            file = self._finished.get(plan)
            if file is not None:
                self._finished.move_to_end(plan)
                return file
        file = self._provenance.sign(encode(draw(plan), plan), plan)
        with self._lock:
            self._finished[plan] = file
            self._size += len(file)
            while self._size > CACHE_BYTES:
                self._size -= len(self._finished.popitem(last=False)[1])
        return file


def draw(plan: PicturePlan) -> Picture:
    """The picture of a plan, with an alpha channel when its background is transparent."""
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        raise MediaUnavailable("Pictures need", "images") from None
    random = Random(plan.seed)
    hue = random.random()
    size = (plan.width, plan.height)
    picture = Image.new("RGBA", size) if plan.background == "transparent" else _gradient(plan, hue)
    pen = ImageDraw.Draw(picture, "RGBA")
    for number in range(_SHAPES[plan.quality]):
        _shape(pen, plan, random, hue, number)
    _caption(pen, plan, hue)
    return picture


def encode(picture: Picture, plan: PicturePlan) -> bytes:
    """PNG, JPEG or WebP bytes."""
    file = BytesIO()
    if plan.format == "png":
        # Fast deflate: the pictures are smooth, a better one gains little.
        picture.save(file, "PNG", compress_level=1)
    elif plan.format == "jpeg":
        picture.convert("RGB").save(file, "JPEG", quality=max(1, min(plan.compression, 95)))
    else:
        picture.save(file, "WEBP", quality=plan.compression, method=0)
    return file.getvalue()


def _colour(hue: float, lightness: float, saturation: float, alpha: int = 255) -> Colour:
    red, green, blue = hls_to_rgb(hue % 1, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255), alpha


def _gradient(plan: PicturePlan, hue: float) -> Picture:
    """Sky above, ground below: a column of colours, stretched."""
    from PIL import Image

    column = Image.new("RGB", (1, 64))
    for row in range(64):
        share = row / 63
        column.putpixel((0, row), _colour(hue + 0.12 * share, 0.9 - 0.32 * share, 0.55)[:3])
    return column.resize((plan.width, plan.height), Image.Resampling.BILINEAR)


def _shape(pen: Pen, plan: PicturePlan, random: Random, hue: float, number: int) -> None:
    """One soft shape, larger ones first, so that small ones lie on top."""
    edge = min(plan.width, plan.height)
    size = edge * (0.34 / (1 + number * 0.16)) * (0.7 + 0.6 * random.random())
    x = random.uniform(0.06, 0.94) * plan.width
    y = random.uniform(0.08, 0.78) * plan.height
    fill = _colour(hue + random.choice((0.0, 0.08, 0.45, 0.55)), random.uniform(0.42, 0.72), 0.62, 190)
    line = _colour(hue + 0.5, 0.28, 0.5, 200)
    width = {"low": 0, "medium": 2, "high": 3}[plan.quality] * max(1, edge // 768)
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    kind = random.randrange(4)
    if kind == 0:
        pen.ellipse(box, fill=fill, outline=line if width else None, width=width)
    elif kind == 1:
        pen.rounded_rectangle(box, radius=size / 5, fill=fill, outline=line if width else None, width=width)
    elif kind == 2:
        pen.regular_polygon((x, y, size / 2), random.choice((3, 5, 6)), random.randrange(360), fill=fill)
    else:
        pen.pieslice(box, random.randrange(360), random.randrange(360) + 200, fill=fill)
    if plan.quality == "high":
        glint = (box[0] + size * 0.2, box[1] + size * 0.15, box[0] + size * 0.45, box[1] + size * 0.35)
        pen.ellipse(glint, fill=(255, 255, 255, 70))


def _caption(pen: Pen, plan: PicturePlan, hue: float) -> None:
    """The prompt's words on a band at the foot."""
    words = " ".join(plan.prompt.split())[:_CAPTION]
    if not words:
        return
    size = max(12, min(plan.width, plan.height) // 30)
    font = _font(size)
    margin = size
    lines = _wrapped(pen, words, font, plan.width - 2 * margin)[:3]
    height = round(len(lines) * size * 1.4 + margin)
    top = plan.height - height
    pen.rectangle((0, top, plan.width, plan.height), fill=_colour(hue, 0.12, 0.4, 215))
    for number, line in enumerate(lines):
        pen.text((margin, top + margin / 2 + number * size * 1.4), line, font=font, fill=(255, 255, 255, 255))


def _font(size: int) -> FreeTypeFont | BitmapFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _wrapped(pen: Pen, words: str, font: FreeTypeFont | BitmapFont, width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in words.split(" "):
        longer = f"{line} {word}".strip()
        if line and pen.textlength(longer, font=font) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]
