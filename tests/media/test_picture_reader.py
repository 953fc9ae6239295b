from __future__ import annotations

import sys
from functools import cache
from io import BytesIO
from time import perf_counter
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from understudy.core.media import MediaUnavailable, PictureFacts, UnreadablePicture
from understudy.media.picture_reader import PillowReader

reader = PillowReader()


def picture(kind: str, width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind)
    return file.getvalue()


def peak_memory() -> int:
    """Most bytes that this process has held so far; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pictures_are_measured(kind: str) -> None:
    """In all four formats."""
    assert reader.size(picture(kind, 31, 17)) == (31, 17)


def test_a_huge_picture_is_measured_without_being_decoded() -> None:
    """Its header alone is read: no warning, no memory."""
    small = bytearray(picture("PNG", 1, 1))
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + bytes(small[24:29])
    huge = bytes(small[:12]) + header + crc32(header).to_bytes(4, "big") + bytes(small[33:])
    assert reader.size(huge) == (60_000, 60_000)


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_other_formats_are_none(kind: str) -> None:
    """However sound."""
    assert reader.size(picture(kind, 8, 8)) is None


@given(kind=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), keep=st.integers(0, 60), noise=st.binary(max_size=60))
def test_broken_files_are_none_or_measured(kind: str, keep: int, noise: bytes) -> None:
    """Never an exception, whatever the bytes."""
    size = reader.size(picture(kind, 8, 8)[:keep] + noise)
    assert size is None or min(size) > 0


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else happens."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MediaUnavailable) as missing:
        reader.size(b"\x89PNG\r\n\x1a\n")
    assert str(missing.value) == "Reading pictures needs the extra 'images': pip install 'understudy[images]'."


def png_that_claims(width: int, height: int) -> bytes:
    """A sound little PNG whose header claims another size."""
    small = picture("PNG", 1, 1)
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + small[24:29]
    return small[:12] + header + crc32(header).to_bytes(4, "big") + small[33:]


def webp_that_claims(width: int, height: int) -> bytes:
    """An extended WebP of one pixel with a canvas of another size."""
    canvas = b"VP8X" + (10).to_bytes(4, "little") + bytes(4)
    canvas += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + canvas + picture("WEBP", 1, 1)[12:]
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def gif_that_claims(width: int, height: int) -> bytes:
    """A GIF whose screen and only frame have another size."""
    small = bytearray(picture("GIF", 1, 1))
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    small[6:10] = size
    frame = small.index(b"\x2c\0\0\0\0")
    small[frame + 5 : frame + 9] = size
    return bytes(small)


def jpeg_that_claims(width: int, height: int) -> bytes:
    """A JPEG with another size in its frame header."""
    small = bytearray(picture("JPEG", 8, 8))
    frame = small.index(b"\xff\xc0")
    small[frame + 5 : frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(small)


@pytest.mark.parametrize(
    ("kind", "mode", "has_alpha"),
    [
        ("PNG", "RGBA", True),
        ("PNG", "LA", True),
        ("PNG", "RGB", False),
        ("PNG", "P", True),
        ("JPEG", "RGB", False),
        ("JPEG", "CMYK", False),
        ("WEBP", "RGBA", True),
        ("WEBP", "RGB", False),
        ("GIF", "P", False),
    ],
)
def test_a_decoded_picture_tells_what_it_is(kind: str, mode: str, has_alpha: bool) -> None:
    """Size, format, whether it has alpha, and its bytes."""
    file = BytesIO()
    Image.new("RGBA", (40, 30), (200, 30, 30, 90)).convert("RGB" if mode == "CMYK" else mode).convert(mode).save(
        file, kind
    )
    whole = file.getvalue()
    assert reader.decode(whole) == PictureFacts(40, 30, kind.lower(), has_alpha, len(whole))


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "empty"),
        (b"This is no picture.\n" * 50, "unknown_format"),
        (picture("BMP", 8, 8), "unknown_format"),
        (png_that_claims(60_000, 60_000), "too_many_pixels"),
        (webp_that_claims(16_384, 16_384), "too_many_pixels"),
        (gif_that_claims(60_000, 60_000), "too_many_pixels"),
        (jpeg_that_claims(60_000, 60_000), "too_many_pixels"),
        (png_that_claims(900, 900), "broken"),
        (b"\x89PNG\r\n\x1a\n" + bytes(51 * 1024 * 1024), "too_large"),
        (bytes(51 * 1024 * 1024), "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_what_is_not_decoded_has_its_reason(file: bytes, reason: str) -> None:
    """In a tenth of a second, and without memory for what a header claims."""
    reader.decode(picture("PNG", 1, 1))  # the library is loaded before time and memory count
    before = peak_memory()
    start = perf_counter()
    refused = reader.decode(file)
    assert perf_counter() - start < 0.1
    assert peak_memory() - before < 16 * 1024 * 1024
    assert isinstance(refused, UnreadablePicture)
    assert refused.reason == reason


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@given(share=st.floats(0.05, 0.95))
def test_a_picture_that_was_cut_off_is_broken(kind: str, share: float) -> None:
    """Wherever it was cut, though its header may be whole."""
    file = noisy(kind)
    refused = reader.decode(file[: int(len(file) * share)])
    assert isinstance(refused, UnreadablePicture)
    assert refused.reason == "broken"


@cache
def noisy(kind: str) -> bytes:
    file = BytesIO()
    Image.effect_noise((120, 90), 80).convert("RGB").save(file, kind)
    return file.getvalue()


@settings(deadline=None)
@given(kind=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), at=st.integers(0, 400), noise=st.binary(max_size=60))
def test_decoding_never_raises(kind: str, at: int, noise: bytes) -> None:
    """Whatever stands in the middle of a file."""
    file = picture(kind, 30, 20)
    reader.decode(file[:at] + noise + file[at + len(noise) :])
