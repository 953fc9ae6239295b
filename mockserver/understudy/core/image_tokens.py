"""How many tokens a picture in a message comes to (OpenAI's guide "Images and vision", 2026-07).

Two rules, by model: tiles of 512 pixels over a base, or patches of 32 pixels with a factor.
"""

from math import isqrt

import msgspec

_LARGEST = 2_048
"""Pixels: a picture is first made to fit this square."""
_SHORTEST = 768
"""Pixels: then its shorter side is made no longer than this, unless a rule says otherwise."""
_TILE = 512
_PATCH = 32


class ImageRule(msgspec.Struct, frozen=True):
    """What a picture costs with one model.

    Attributes:
        base: tokens of any picture, and all there is at low detail.
        tile: tokens for each tile; 0 where the model counts patches.
        factor: hundredths of a token for each patch.
        patches: most patches of one picture, None for any number.
        shortest: pixels that the shorter side is made no longer than before tiles are counted.
    """

    base: int = 0
    tile: int = 0
    factor: int = 0
    patches: int | None = None
    shortest: int = _SHORTEST

    def tokens(self, width: int, height: int, detail: str = "auto") -> int:
        """Tokens of a picture of so many pixels (at least 1 each).

        Args:
            width: pixels.
            height: pixels.
            detail: low, high, auto or original; auto is high ("our choice": the guide leaves it to the model).
        """
        if self.tile:
            return self.base if detail == "low" else self.base + self.tile * _tiles(width, height, self.shortest)
        most = self.patches
        if detail == "low":
            # A model that counts patches looks at a picture of 512 by 512 pixels (the same guide).
            width, height = _within(width, height, _TILE)
        elif detail == "original":
            most = None
        patches = _up(width, _PATCH) * _up(height, _PATCH)
        if most is not None and patches > most:
            patches = _scaled_patches(width, height, most)
        return _up(patches * self.factor, 100)


def _tiles(width: int, height: int, shortest: int) -> int:
    width, height = _within(width, height, _LARGEST)
    shorter = min(width, height)
    if shorter > shortest:
        width, height = max(width * shortest // shorter, 1), max(height * shortest // shorter, 1)
    return _up(width, _TILE) * _up(height, _TILE)


def _within(width: int, height: int, longest: int) -> tuple[int, int]:
    longer = max(width, height)
    if longer <= longest:
        return width, height
    return max(width * longest // longer, 1), max(height * longest // longer, 1)


def _scaled_patches(width: int, height: int, most: int) -> int:
    """Patches of a picture that is made smaller until so many cover it, whole ones along its shorter side.

    The guide's own arithmetic: shrink by sqrt(most x 32² / area), then again so that a whole number of patches fits.
    """
    across = max(isqrt(most * width // height), 1)
    down = max(isqrt(most * height // width), 1)
    if across * height <= down * width:
        down = _up(across * height, width)
    else:
        across = _up(down * width, height)
    return min(across * down, most)


def _up(whole: int, part: int) -> int:
    return -(-whole // part)
