from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.media.vocabulary import BundledVocabulary

vocabulary = BundledVocabulary()
ENCODINGS = ("o200k_base", "cl100k_base")

SCRIPTS = [
    "The quick brown fox jumps over the lazy dog.", "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich.",
    "El veloz murciélago hindú comía feliz cardillo y kiwi.", "Съешь ещё этих мягких французских булок.",
    "いろはにほへとちりぬるを", "天地玄黃宇宙洪荒", "다람쥐 헌 쳇바퀴에 타고파", "صِف خَلقَ خَودٍ", "ऋषियों को सताने वाले", "ฟอนต์ภาษาไทย",
    "Γαζίες καὶ μυρτιὲς", "דג סקרן שט בים", "ქართული ენა", "Հայերեն լեզու", "አማርኛ", "தமிழ் மொழி", "తెలుగు భాష", "ភាសាខ្មែរ",
    "မြန်မာစာ", "ʻŌlelo Hawaiʻi", "👩‍👩‍👧 🌍 🇯🇵 ✌🏽", "def f(x):\n\treturn x ** 2  # squared\n",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "encoding", "tokens"),
    [
        # Published worked examples of the two vocabularies (OpenAI cookbook, "How to count tokens with tiktoken").
        ("antidisestablishmentarianism", "cl100k_base", 6),
        ("antidisestablishmentarianism", "o200k_base", 6),
        ("2 + 2 = 4", "cl100k_base", 7),
        ("2 + 2 = 4", "o200k_base", 7),
        ("お誕生日おめでとう", "cl100k_base", 9),
        ("お誕生日おめでとう", "o200k_base", 8),
        ("tiktoken is great!", "cl100k_base", 6),
    ],
)
def test_counts_are_those_published(text: str, encoding: str, tokens: int) -> None:
    """The real vocabularies."""
    assert vocabulary.count(text, encoding) == tokens


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", SCRIPTS)
def test_pieces_are_the_text_in_every_script(text: str, encoding: str) -> None:
    """Joined again, nothing is lost; there are at most as many as tokens."""
    pieces = vocabulary.pieces(text, encoding)
    assert "".join(pieces) == text
    assert 0 < len(pieces) <= vocabulary.count(text, encoding)


@given(text=st.text(max_size=80), limit=st.integers(0, 30), encoding=st.sampled_from(ENCODINGS))
def test_a_cut_text_is_a_beginning_that_keeps_the_limit(text: str, limit: int, encoding: str) -> None:
    """Whatever the text; a text that fits stays whole."""
    cut = vocabulary.truncate(text, limit, encoding)
    assert text.startswith(cut)
    assert vocabulary.count(cut, encoding) <= max(limit, 0) or vocabulary.count(text, encoding) <= limit
    if vocabulary.count(text, encoding) <= limit:
        assert cut == text


def test_special_tokens_in_a_text_count_as_text() -> None:
    """Nobody forges a control token by writing it."""
    assert vocabulary.count("<|endoftext|>", "o200k_base") > 1


def test_half_a_surrogate_pair_is_counted() -> None:
    """JSON may hold one."""
    assert vocabulary.count("a\ud800b", "o200k_base") > 0
