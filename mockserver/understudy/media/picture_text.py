"""Words in pictures: Noto Sans JP in the sizes that are asked for, wrapped to a width."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

from understudy_data import read

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFont import FreeTypeFont

FONT = "fonts/NotoSansJP-Subset.otf"
LINE = 1.3
"""Height of a line as a share of its letters' size."""


@lru_cache(1)
def _font_file() -> bytes:
    return read(FONT)


@lru_cache(64)
def font(size: int) -> FreeTypeFont:
    """The font at a size in pixels."""
    from PIL import ImageFont

    return ImageFont.truetype(BytesIO(_font_file()), size, layout_engine=ImageFont.Layout.BASIC)


def wrapped(words: str, size: int, width: float) -> list[str]:
    """Lines no wider than `width`; broken between words, and within what is too long for a line by itself."""
    letters = font(size)
    lines: list[str] = []
    line = ""
    for word in words.split():
        longer = f"{line} {word}".strip()
        if letters.getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while letters.getlength(line) > width and len(line) > 1:
            fits = _fitting(line, size, width)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line] if line else lines


def _fitting(word: str, size: int, width: float) -> int:
    """How many characters of a word fit, at least one."""
    low, high = 1, len(word)
    letters = font(size)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if letters.getlength(word[:middle]) <= width else (low, middle - 1)
    return low


def cut(words: str, size: int, width: float) -> str:
    """One line; what is too long ends in an ellipsis."""
    if font(size).getlength(words) <= width:
        return words
    room = width - font(size).getlength("…")
    return words[: _fitting(words, size, room)].rstrip() + "…" if room > 0 else ""


def fitted(words: list[str], width: float, height: float, largest: int) -> tuple[int, list[str]]:
    """The largest size at which texts, each on lines of its own, fit into a box; and those lines."""
    low, high = 8, max(8, largest)
    while low < high:
        middle = (low + high + 1) // 2
        lines = [line for text in words for line in wrapped(text, middle, width)]
        whole = max((font(middle).getlength(part) for text in words for part in _pieces(text)), default=0) <= width
        fits = whole and len(lines) * middle * LINE <= height
        low, high = (middle, high) if fits else (low, middle - 1)
    lines = [line for text in words for line in wrapped(text, low, width)]
    return low, lines[: max(1, int(height / (low * LINE)))]


def _pieces(text: str) -> list[str]:
    """What should not be broken: words; but writing without spaces may break anywhere."""
    return [word if word.isascii() else word[:1] for word in text.split() if len(word) <= 24 or not word.isascii()]


def write_lines(
    picture: Picture, lines: list[str], size: int, middle: float, top: float, colour: tuple[int, ...], bold: float = 0.0
) -> None:
    """Lines, each centred on `middle`; `bold` thickens the letters by a share of their size."""
    from PIL import ImageDraw

    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        place = (middle, top + (number + 0.5) * size * LINE)
        pen.text(place, line, font=font(size), fill=colour, anchor="mm", stroke_width=round(bold * size))
