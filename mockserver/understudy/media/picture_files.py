"""Files of drawn pictures: PNG, JPEG and WebP."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from understudy.core.media import PicturePlan

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


def encode(picture: Picture, plan: PicturePlan) -> bytes:
    """The file in the plan's format; JPEG has no transparency and gets a white ground."""
    file = BytesIO()
    if plan.format == "png":
        # Fast deflate: the pictures are smooth, a better one gains little.
        picture.save(file, "PNG", compress_level=1)
    elif plan.format == "jpeg":
        flat = on_white(picture)
        # Pillow's 96 to 100 only add bytes, but a caller who asks for 100 wants the least loss.
        quality = max(1, plan.compression)
        flat.save(file, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
    elif plan.compression >= 100:
        picture.save(file, "WEBP", lossless=True, quality=0, method=0, exact=True)
    else:
        picture.save(file, "WEBP", quality=plan.compression, method=0)
    return file.getvalue()


def on_white(picture: Picture) -> Picture:
    """The same without an alpha channel."""
    from PIL import Image

    if "A" not in picture.getbands():
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, (255, 255, 255))
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground
