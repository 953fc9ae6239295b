"""Where in a picture its things stand: rows of equal places, as large as they can be."""

from math import ceil
from random import Random

import msgspec

from understudy.core.replies.picture_plan import Scene

_LABEL_ROOM = 1.24
"""Height of a place as a share of its width: a label stands below the thing."""


class Area(msgspec.Struct, frozen=True):
    """A rectangle, in pixels."""

    left: float
    top: float
    width: float
    height: float

    def part(self, top: float, bottom: float) -> "Area":
        """A strip of it, from one share of its height to another."""
        return Area(self.left, self.top + top * self.height, self.width, (bottom - top) * self.height)


class Place(msgspec.Struct, frozen=True):
    """Where one thing stands: a square and the room for its label.

    Attributes:
        left, top: of the square.
        size: its edge.
        room: width for the label, around the square's middle.
        base: the label's upper edge.
    """

    left: float
    top: float
    size: float
    room: float
    base: float


class Layout(msgspec.Struct, frozen=True):
    """Where everything is.

    Attributes:
        places: one for each thing of the scene, in its order.
        sign: where quoted words stand.
        horizon: where the ground begins, pixels from above.
    """

    places: tuple[Place, ...]
    sign: Area
    horizon: float


def arrange(scene: Scene, area: Area, chance: Random) -> Layout:
    """Things in rows below, floating ones above, quoted words on top."""
    floating = [number for number, thing in enumerate(scene.things) if thing.floats]
    standing = [number for number, thing in enumerate(scene.things) if not thing.floats]
    free = 0.04
    sign = area.part(0.18, 0.72)
    if scene.quotes and scene.things:
        sign = area.part(0.05, 0.34)
        free = 0.37
    share = 0.0
    if floating and standing:
        share = (0.96 - free) * (0.3 + 0.25 * len(floating) / len(scene.things))
    places: dict[int, Place] = {}
    if floating:
        bottom = free + share if standing else 0.9
        places.update(zip(floating, _rows(len(floating), area.part(free, bottom), chance, 0.5), strict=True))
    horizon = area.top + 0.66 * area.height
    if standing:
        rows = _rows(len(standing), area.part(free + share, 0.97), chance, 0.82)
        places.update(zip(standing, rows, strict=True))
        front = min(rows, key=lambda place: place.base)
        horizon = max(area.top + 0.3 * area.height, front.base - 0.4 * front.size)
    return Layout(tuple(places[number] for number in range(len(scene.things))), sign, horizon)


def _rows(count: int, area: Area, chance: Random, settle: float) -> list[Place]:
    """Places for so many things; `settle` says how low they stand in room that is left over."""
    rows = max(
        range(1, count + 1),
        key=lambda rows: min(area.width / ceil(count / rows), area.height / rows / _LABEL_ROOM),
    )
    columns = ceil(count / rows)
    cell = min(area.width / columns, area.height / rows / _LABEL_ROOM)
    size = 0.8 * min(cell, 0.62 * max(area.width, area.height))
    height = cell * _LABEL_ROOM
    top = area.top + settle * (area.height - rows * height)
    found = []
    for number in range(count):
        row, column = divmod(number, columns)
        in_row = min(columns, count - row * columns)
        step = area.width / in_row
        # Things of a row keep together instead of standing at the edges.
        step = min(step, cell * 1.35)
        middle = area.left + area.width / 2 + (column - (in_row - 1) / 2) * step
        middle += chance.uniform(-0.05, 0.05) * cell
        edge = size * chance.uniform(0.9, 1.0)
        base = top + row * height + 0.06 * cell + size
        found.append(Place(middle - edge / 2, base - edge, edge, step * 0.96, base))
    return found
