"""Edits and variations of pictures that callers send.

Under a mask only its transparent part changes, and every other pixel keeps its value. Without one the picture is
painted over: `fidelity` says how much of it can still be seen. Pictures beside the first stand in the result as framed
prints.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from understudy.core.media import EditPlan, PicturePlan, UnreadablePicture, VariationPlan
from understudy.media.picture_canvas import draw, draw_over
from understudy.media.picture_reader import decoded

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_SMALLEST = 96
"""Pixels: what is smaller under a mask is drawn at this size and made smaller, so that it still shows something."""
_KEPT = {"low": 0.2, "high": 0.94}
"""How much of the input's detail an edit without a mask keeps ("our choice")."""
_COARSE = 28
"""The rest of it is seen as coarse as 28 points along the longer edge."""
_SHINE = {"low": 0.0, "high": 0.35}
"""How much of what was there shines through under a mask ("our choice")."""


def edited(plan: EditPlan) -> Picture:
    """The edited picture.

    Raises:
        ValueError: a file that is no picture, or a mask of another size or without alpha.
    """
    first = _loaded(plan.pictures[0])
    hole = None if plan.mask is None else _hole(plan.mask, first.size)
    base = _covering(first, plan.result)
    if hole is None:
        return _painted_over(base, plan)
    if hole.size != base.size:
        hole = _fit(hole, base.size, smooth=False)
    return _filled(base, hole, plan)


def varied(plan: VariationPlan) -> Picture:
    """A picture that resembles the given one: another cut, another hue (mirrored words would be hard to read).

    Raises:
        ValueError: a file that is no picture.
    """
    from PIL import Image

    random = Random(plan.result.seed)
    picture = _covering(_loaded(plan.picture), plan.result)
    zoom = random.uniform(0.84, 0.95)
    width, height = round(picture.width * zoom), round(picture.height * zoom)
    left, top = random.randint(0, picture.width - width), random.randint(0, picture.height - height)
    cut = picture.crop((left, top, left + width, top + height)).resize(picture.size, Image.Resampling.BICUBIC)
    shift = random.choice((-1, 1)) * random.randint(10, 28)
    hue, saturation, value = cut.convert("RGB").convert("HSV").split()
    hue = hue.point([(number + shift) % 256 for number in range(256)])
    changed = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    if cut.mode == "RGBA":
        changed.putalpha(cut.getchannel("A"))
    return changed


def _loaded(file: bytes, near: int = 0) -> Picture:
    """RGB, or RGBA where the file has transparency; `near` as in `decoded`."""
    picture = decoded(file, near)
    if isinstance(picture, UnreadablePicture):
        raise ValueError(f"A file of an edit is no picture that can be decoded: {picture.reason}.")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode.startswith("I"):
        # Sixteen bits of grey, which Pillow would clip.
        return picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L").convert("RGB")
    return picture.convert("RGB")


def _hole(mask: bytes, size: tuple[int, int]) -> Picture:
    """Where the picture may change: 255 where the mask's alpha is 0, else 0."""
    picture = _loaded(mask)
    if picture.size != size:
        raise ValueError(f"The mask has {picture.size} pixels and the picture {size}.")
    if picture.mode != "RGBA":
        raise ValueError("The mask has no alpha channel.")
    return picture.getchannel("A").point([255, *([0] * 255)])


def _covering(picture: Picture, result: PicturePlan) -> Picture:
    """The picture scaled to cover the result; itself when it has that size."""
    size = (result.width, result.height)
    return picture if picture.size == size else _fit(picture, size, smooth=True)


def _fit(picture: Picture, size: tuple[int, int], *, smooth: bool) -> Picture:
    from PIL import Image, ImageOps

    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST)


def _filled(base: Picture, hole: Picture, plan: EditPlan) -> Picture:
    """What the prompt says, drawn where the mask is transparent."""
    from PIL import Image

    box = hole.getbbox()
    if box is None:
        return base
    width, height = box[2] - box[0], box[3] - box[1]
    scale = max(1.0, _SMALLEST / min(width, height))
    # However thin a strip is: what is drawn for it stays within the size of a picture.
    drawn = min(4096, round(width * scale)), min(4096, round(height * scale))
    new = draw(replace(plan.result, width=drawn[0], height=drawn[1]))
    new = _with_prints(new, plan)
    if new.size != (width, height):
        new = new.resize((width, height), Image.Resampling.LANCZOS)
    if _SHINE[plan.fidelity] and new.mode == "RGB":
        new = Image.blend(new, base.crop(box).convert("RGB"), _SHINE[plan.fidelity])
    if new.mode != base.mode:
        new, base = new.convert("RGBA"), base.convert("RGBA")
    changed = base.copy()
    changed.paste(new, box, hole.crop(box))
    return changed


def _painted_over(base: Picture, plan: EditPlan) -> Picture:
    """The whole picture, as faithful as asked, with what the prompt says on it."""
    from PIL import Image

    share = _COARSE / max(base.size)
    small = (max(2, round(base.width * share)), max(2, round(base.height * share)))
    coarse = base.resize(small, Image.Resampling.BOX).resize(base.size, Image.Resampling.BICUBIC)
    picture = Image.blend(coarse, base, _KEPT[plan.fidelity])
    if plan.result.background == "transparent":
        picture = _cut_out(picture)
    picture = _with_prints(picture, plan)
    return draw_over(picture, plan.result, share=0.3 if plan.fidelity == "high" else 0.5)


def _cut_out(picture: Picture) -> Picture:
    """With round corners and a margin that is transparent."""
    from PIL import Image, ImageChops, ImageDraw

    picture = picture.convert("RGBA")
    mask = Image.new("L", picture.size)
    margin = min(picture.size) // 16
    box = (margin, margin, picture.width - margin - 1, picture.height - margin - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius=2 * margin, fill=255)
    picture.putalpha(ImageChops.multiply(mask, picture.getchannel("A")))
    return picture


def _with_prints(picture: Picture, plan: EditPlan) -> Picture:
    """The pictures beside the first one, as framed prints along the upper edge."""
    from PIL import Image, ImageOps

    others = plan.pictures[1:]
    if not others:
        return picture
    columns = min(len(others), 5)
    rows = -(-len(others) // columns)
    cell = max(4, round(min(picture.width / columns, picture.height * (0.34 if rows == 1 else 0.6) / rows)))
    frame = max(1, cell // 24)
    edge = max(2, round(cell * 0.86) - 2 * frame)
    picture = picture.copy()
    for number, file in enumerate(others):
        row, column = divmod(number, columns)
        shown = _loaded(file, edge).convert("RGBA")
        shown.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        ground = Image.new("RGBA", shown.size, (255, 255, 255, 255))
        ground.alpha_composite(shown)
        framed = ImageOps.expand(ground.convert("RGB"), frame, (252, 250, 244))
        left = round((column + 0.5) * picture.width / columns - framed.width / 2)
        picture.paste(framed, (left, round(row * cell + 0.07 * cell)))
    return picture
