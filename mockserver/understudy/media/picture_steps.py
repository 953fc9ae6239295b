"""Partial pictures of a stream: the finished one seen through glass that gets clearer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


def unfinished(picture: Picture, step: int, of: int) -> Picture:
    """A picture of the same size on its way; the higher the step, the nearer to the finished one.

    Args:
        picture: the finished one.
        step: which, from 0 to `of` - 1.
        of: how many there are before the finished one.
    """
    from PIL import Image

    share = (step + 1) / (of + 1)
    # From a 40th of the edge to a 3rd, in equal ratios.
    factor = 40 ** (1 - share) * 3**share
    small = (max(2, round(picture.width / factor)), max(2, round(picture.height / factor)))
    coarse = picture.resize(small, Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC)
    mean = picture.resize((1, 1), Image.Resampling.BOX).resize(picture.size)
    return Image.blend(coarse, mean, 0.45 * (1 - share))
