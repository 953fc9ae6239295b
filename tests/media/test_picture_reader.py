from __future__ import annotations

import sys
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from understudy.core.media import MediaUnavailable
from understudy.media.picture_reader import PillowReader

reader = PillowReader()


def picture(kind: str, width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pictures_are_measured(kind: str) -> None:
    """In all four formats."""
    assert reader.size(picture(kind, 31, 17)) == (31, 17)


def test_a_huge_picture_is_measured_without_being_decoded() -> None:
    """Its header alone is read: no warning, no memory."""
    small = bytearray(picture("PNG", 1, 1))
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + bytes(small[24:29])
    from zlib import crc32

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
