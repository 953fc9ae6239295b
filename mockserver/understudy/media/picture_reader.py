"""Measures and decodes pictures that callers send, within bounds of memory and time.

A header is looked at before anything is decoded, so that a small file that claims to be huge costs nothing. Needs the
extra `images`.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from understudy.core.media import MediaUnavailable, PictureFacts, UnreadablePicture

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAXIMUM_BYTES = 50 * 1024 * 1024
"""Of a file that is decoded: edits take pictures below 50 MB (OpenAPI document)."""
MAXIMUM_PIXELS = 50_000_000
"""Of a picture that is decoded, which takes at most 200 MB of memory ("our choice")."""


class PillowReader:
    """Reads PNG, JPEG, GIF and WebP with Pillow."""

    def size(self, file: bytes) -> tuple[int, int] | None:
        """Width and height in pixels; None when the file is none of these, or broken.

        Its header alone is read: no size of picture costs memory or time.

        Raises:
            MediaUnavailable: the extra is not installed.
        """
        picture = _opened(file)
        if isinstance(picture, UnreadablePicture):
            return (picture.width, picture.height) if picture.reason == "too_many_pixels" else None
        return picture.size

    def decode(self, file: bytes) -> PictureFacts | UnreadablePicture:
        """What a picture is that was decoded to its last pixel, or why it was not.

        Raises:
            MediaUnavailable: the extra is not installed.
        """
        picture = decoded(file)
        if isinstance(picture, UnreadablePicture):
            return picture
        width, height = picture.size
        return PictureFacts(width, height, picture_format(file) or "", picture.has_transparency_data, len(file))


def picture_format(file: bytes) -> str | None:
    """`png`, `jpeg`, `gif` or `webp` by the file's first bytes; None for anything else."""
    if file.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if file.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if file.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if file[:4] == b"RIFF" and file[8:12] == b"WEBP":
        return "webp"
    return None


def decoded(file: bytes, near: int = 0) -> ImageFile | UnreadablePicture:
    """Pillow's picture with its pixels loaded; of a moving one, its first frame.

    Args:
        file: any bytes.
        near: pixels of an edge that suffices; a large JPEG is then decoded smaller, which takes a fraction of the
            time. 0 for the full size.

    Raises:
        MediaUnavailable: the extra is not installed.
    """
    if len(file) > MAXIMUM_BYTES:
        return UnreadablePicture("too_large", picture_format(file) or "")
    picture = _opened(file)
    if isinstance(picture, UnreadablePicture):
        return picture
    kind = picture_format(file) or ""
    width, height = picture.size
    if width * height > MAXIMUM_PIXELS:
        return UnreadablePicture("too_many_pixels", kind, width, height)
    try:
        if near:
            picture.draft(None, (near, near))
        picture.load()
    # Pillow's decoders raise whatever a broken file makes them stumble over.
    except Exception:
        return UnreadablePicture("broken", kind, width, height)
    return picture


def _opened(file: bytes) -> ImageFile | UnreadablePicture:
    """A picture of which only the header was read."""
    try:
        from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
    except ImportError:
        raise MediaUnavailable("Reading pictures needs", "images") from None
    # Each format's own class, not Image.open: that warns of large pictures, and we refuse them ourselves.
    openers: dict[str, type[ImageFile]] = {
        "png": PngImagePlugin.PngImageFile,
        "jpeg": JpegImagePlugin.JpegImageFile,
        "gif": GifImagePlugin.GifImageFile,
        "webp": WebPImagePlugin.WebPImageFile,
    }
    kind = picture_format(file)
    if kind is None:
        return UnreadablePicture("unknown_format" if file else "empty")
    if kind == "webp" and (claimed := _webp_pixels(file)) is not None and claimed[0] * claimed[1] > MAXIMUM_PIXELS:
        # Pillow hands WebP to a decoder that makes room for the whole canvas as soon as it is opened.
        return UnreadablePicture("too_many_pixels", kind, *claimed)
    try:
        picture = openers[kind](BytesIO(file))
    # The same as above.
    except Exception:
        return UnreadablePicture("broken", kind)
    if min(picture.size) < 1:
        return UnreadablePicture("broken", kind)
    return picture


def _webp_pixels(file: bytes) -> tuple[int, int] | None:
    """Width and height that a WebP claims in its first chunk (RFC 9649, sections 2.5 to 2.7)."""
    chunk, head = file[12:16], file[20:30]
    if len(head) < 10:
        return None
    if chunk == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
    return None
