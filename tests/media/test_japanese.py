"""Kanji as the synthesiser hears them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from understudy.media import japanese
from understudy.media.japanese import in_kana


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """The reader is looked for anew."""
    japanese._reader.cache_clear()
    yield
    japanese._reader.cache_clear()


@pytest.mark.parametrize(
    ("words", "spoken"),
    [
        ("東京駅までの切符を二枚ください。", "トウキョウエキマデノキップオニマイクダサイ。"),
        ("私は学校へ行きます。", "ワタクシワガッコウエイキマス。"),
        ("料金は1,200円です。", "リョウキンワ1,200エンデス。"),
        ("NASAは東京にあります！", "NASAワトウキョウニアリマス！"),
    ],
)
def test_kanji_are_read(words: str, spoken: str) -> None:
    """Particles as they sound; numbers and Latin letters are left to the synthesiser."""
    pytest.importorskip("sudachidict_small", reason="needs understudy[japanese]")
    hiragana = {ord(letter) + 0x60: letter for letter in map(chr, range(0x3041, 0x3097))}
    assert in_kana(words).translate(hiragana) == spoken.translate(hiragana)


@pytest.mark.parametrize("words", ["こんにちは、せかい。", "Hello.", ""])
def test_what_has_no_kanji_is_left_alone(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And needs no reader."""
    monkeypatch.setattr(japanese, "_reader", lambda: pytest.fail("not needed"))
    assert in_kana(words) == words


def test_without_a_reader_words_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speech needs the extra for no text."""
    monkeypatch.setitem(sys.modules, "sudachipy", None)
    assert in_kana("東京駅") == "東京駅"
