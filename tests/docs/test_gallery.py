from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[2] / "docs"


def test_the_gallery_shows_pictures_that_are_there_and_small() -> None:
    """Every picture that the page names decodes, none is left over, and all together stay under 600 kB."""
    named = set(re.findall(r"\(gallery/([\w-]+\.webp)\)", (DOCS / "gallery.md").read_text(encoding="utf-8")))
    files = sorted((DOCS / "gallery").iterdir())
    assert named == {file.name for file in files}
    assert sum(file.stat().st_size for file in files) < 600_000
    for file in files:
        with Image.open(file) as picture:
            picture.load()
            assert max(picture.size) == 360
