from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.image_tokens import ImageRule

TILES = ImageRule(base=85, tile=170)
PATCHES = ImageRule(factor=100, patches=1_536)
SIDES = st.integers(1, 20_000)


@pytest.mark.parametrize(
    ("rule", "width", "height", "detail", "tokens"),
    [
        # Worked examples of OpenAI's guide "Images and vision".
        (TILES, 1024, 1024, "high", 765),
        (TILES, 2048, 4096, "high", 1_105),
        (TILES, 4096, 8192, "low", 85),
        (PATCHES, 1024, 1024, "high", 1_024),
        (PATCHES, 1800, 2400, "high", 1_452),
        # Figures of single models (pricing pages, 2026-07).
        (ImageRule(base=2_833, tile=5_667), 512, 512, "high", 8_500),
        (ImageRule(factor=162, patches=1_536), 320, 320, "auto", 162),
        (ImageRule(factor=246, patches=1_536), 33, 1, "auto", 5),
        (ImageRule(), 1024, 1024, "high", 0),
    ],
)
def test_published_examples(rule: ImageRule, width: int, height: int, detail: str, tokens: int) -> None:
    """Exactly."""
    assert rule.tokens(width, height, detail) == tokens


@given(width=SIDES, height=SIDES)
def test_no_picture_costs_more_than_its_rule_allows(width: int, height: int) -> None:
    """At most 2 by 4 tiles or the most patches; turned by a right angle it costs the same; low is never more."""
    assert 255 <= TILES.tokens(width, height) <= 85 + 8 * 170
    assert 1 <= PATCHES.tokens(width, height) <= 1_536
    for rule in (TILES, PATCHES):
        assert rule.tokens(width, height) == rule.tokens(height, width)
        assert rule.tokens(width, height, "low") <= rule.tokens(width, height, "high")
    assert PATCHES.tokens(width, height, "original") == -(-width // 32) * -(-height // 32)
