"""Measures pictures that callers send: their headers only, so that no size of picture costs memory or time.

Needs the extra `images`.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from understudy.core.media import MediaUnavailable

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


class PillowReader:
    """Reads PNG, JPEG, GIF and WebP with Pillow."""

    def size(self, file: bytes) -> tuple[int, int] | None:
        """Width and height in pixels; None when the file is none of these, or broken.

        Raises:
            MediaUnavailable: the extra is not installed.
        """
        try:
            from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
        except ImportError:
            raise MediaUnavailable("Reading pictures needs", "images") from None
        # Each format's own class, not Image.open: that warns of large pictures, and these are never decoded.
        opener: type[ImageFile]
        if file.startswith(b"\x89PNG\r\n\x1a\n"):
            opener = PngImagePlugin.PngImageFile
        elif file.startswith(b"\xff\xd8\xff"):
            opener = JpegImagePlugin.JpegImageFile
        elif file.startswith((b"GIF87a", b"GIF89a")):
            opener = GifImagePlugin.GifImageFile
        elif file[:4] == b"RIFF" and file[8:12] == b"WEBP":
            opener = WebPImagePlugin.WebPImageFile
        else:
            return None
        try:
            with opener(BytesIO(file)) as picture:
                width, height = picture.size
        # Pillow's parsers raise whatever a broken file makes them stumble over.
        except Exception:
            return None
        return (width, height) if width > 0 and height > 0 else None
