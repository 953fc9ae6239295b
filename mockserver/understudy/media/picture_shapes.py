"""Shapes: the little language of `pictures.toml`, drawn smoothly at any size and colour."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from understudy.core.replies.picture_words import Colour, mixed
from understudy_data import toml

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw as Pen

_FINE = 2
"""Shapes are drawn so many times larger and then made smaller, which smooths their edges."""
_MARGIN = 6
"""Units around the box of 100 by 100, for outlines and for what juts out of it."""
_CLEAR = (0, 0, 0, 0)
_FIXED: dict[str, Colour] = {
    "wood": (122, 82, 48),
    "leaf": (86, 150, 70),
    "white": (250, 248, 244),
    "black": (38, 36, 44),
    "skin": (240, 200, 168),
    "yellow": (247, 208, 74),
    "orange": (240, 138, 44),
    "red": (212, 66, 58),
    "blue": (66, 122, 200),
    "pink": (240, 158, 176),
    "brown": (116, 74, 46),
    "beige": (226, 206, 170),
}

Primitive = tuple[str, str, tuple[float, ...]]


def shape_tile(shape: str, colour: Colour, size: int, quality: str) -> tuple[Picture, int]:
    """A drawn shape and how far it reaches out of its square, in pixels on each side.

    Quality `plain` is flat, and so is low but for what is white; medium has an outline; high has light and shade
    as well.
    """
    from PIL import Image, ImageDraw

    scale = size * _FINE / 100
    edge = round((100 + 2 * _MARGIN) * scale)
    tile = Image.new("RGBA", (edge, edge))
    pen = ImageDraw.Draw(tile)
    roles = _roles(colour)
    # White things need a thin line at low quality too, or they would vanish in a pale sky.
    lowest = 0.7 if sum(colour) > 640 else 0.0
    outline = {"plain": 0.0, "low": lowest, "medium": 1.3, "high": 1.6}[quality] * scale
    steps = _primitives(shape)
    if outline:
        for kind, role, numbers in steps:
            if role != "none":
                _draw(pen, kind, roles["ink"], numbers, scale, outline)
    for kind, role, numbers in steps:
        _draw(pen, kind, roles[role], numbers, scale, 0.0)
    edge = round((100 + 2 * _MARGIN) * size / 100)
    tile = tile.resize((edge, edge), Image.Resampling.BOX)
    if quality == "high":
        tile = _lit(tile)
    return tile, round(_MARGIN * size / 100)


def _roles(colour: Colour) -> dict[str, tuple[int, ...]]:
    brightness = sum(colour) / 765
    own = {
        "main": colour,
        "dark": mixed(colour, (20, 16, 30), 0.38 if brightness > 0.25 else 0.0),
        "light": mixed(colour, (255, 255, 255), 0.55 if brightness < 0.8 else 0.0),
        "ink": mixed(colour, (24, 20, 36), 0.72),
        "none": _CLEAR,
    }
    if brightness >= 0.8:
        own["light"] = mixed(colour, (90, 120, 150), 0.25)
    if brightness <= 0.25:
        own["dark"] = mixed(colour, (255, 255, 255), 0.22)
    found = {**_FIXED, **own}
    return {role: (*value, 255) if len(value) == 3 else value for role, value in found.items()}


def _lit(tile: Picture) -> Picture:
    """Light from above on the left, shade below on the right, within the shape."""
    from PIL import Image, ImageChops

    width, height = tile.size
    alpha = tile.getchannel("A")
    shade = (
        Image.linear_gradient("L")
        .resize((width, height))
        .rotate(28)
        .point([max(0, n - 96) * 2 // 3 for n in range(256)])
    )
    light = Image.radial_gradient("L").resize((width, height))
    light = ImageChops.offset(light, -width // 6, -height // 6).point([max(0, 120 - n) for n in range(256)])
    tile.paste((20, 16, 40), mask=ImageChops.multiply(shade, alpha))
    tile.paste((255, 255, 255), mask=ImageChops.multiply(light, alpha))
    tile.putalpha(alpha)
    return tile


@lru_cache(1)
def _table() -> dict[str, str]:
    shapes: dict[str, str] = toml("pictures.toml")["shapes"]
    return shapes


@lru_cache(128)
def _primitives(shape: str) -> tuple[Primitive, ...]:
    found = []
    for step in _table()[shape].split(";"):
        kind, role, *numbers = step.split()
        found.append((kind, role, tuple(float(number) for number in numbers)))
    return tuple(found)


def _draw(pen: Pen, kind: str, colour: tuple[int, ...], numbers: tuple[float, ...], scale: float, grown: float) -> None:
    """One primitive, `grown` by so many pixels on each side."""

    def at(place: float) -> float:
        return (place + _MARGIN) * scale

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return at(left) - grown, at(top) - grown, at(right) + grown, at(bottom) + grown

    def points(flat: tuple[float, ...]) -> list[tuple[float, float]]:
        return [(at(x), at(y)) for x, y in zip(flat[::2], flat[1::2], strict=True)]

    if kind == "e":
        pen.ellipse(box(*numbers[:4]), fill=colour)
    elif kind == "r":
        radius = (numbers[4] * scale if len(numbers) > 4 else 0) + grown
        pen.rounded_rectangle(box(*numbers[:4]), radius=radius, fill=colour)
    elif kind == "p":
        corners = points(numbers)
        pen.polygon(corners, fill=colour)
        if grown:
            _line(pen, [*corners, corners[0]], colour, 2 * grown)
    elif kind == "l":
        _line(pen, points(numbers[1:]), colour, numbers[0] * scale + 2 * grown)
    elif kind == "a":
        pen.pieslice(box(*numbers[:4]), numbers[4], numbers[5], fill=colour)
        if grown:
            # The straight sides too, which growing does not move.
            from math import cos, radians, sin

            left, top, right, bottom = numbers[:4]
            middle, half = ((left + right) / 2, (top + bottom) / 2), ((right - left) / 2, (bottom - top) / 2)
            ends = [
                (at(middle[0] + half[0] * cos(radians(angle))), at(middle[1] + half[1] * sin(radians(angle))))
                for angle in numbers[4:6]
            ]
            _line(pen, [ends[0], (at(middle[0]), at(middle[1])), ends[1]], colour, 2 * grown)
    else:
        width = numbers[0] * scale + 2 * grown
        left, top, right, bottom = numbers[1:5]
        out = width / 2
        edges = (at(left) - out, at(top) - out, at(right) + out, at(bottom) + out)
        pen.arc(edges, numbers[5], numbers[6], fill=colour, width=max(1, round(width)))


def _line(pen: Pen, corners: list[tuple[float, float]], colour: tuple[int, ...], width: float) -> None:
    """With round ends and joints."""
    pen.line(corners, fill=colour, width=max(1, round(width)))
    half = width / 2
    if half >= 1:
        for x, y in corners:
            pen.ellipse((x - half, y - half, x + half, y + half), fill=colour)
