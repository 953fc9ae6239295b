from __future__ import annotations

import math
import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.embedding import MOST_FEATURES, _features, embed, half_precision, shortened, single_precision


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def small(text: str) -> list[float]:
    return embed(text, "text-embedding-3-small", 1_536, 15)


LANGUAGES = {
    "English": ("How do I reset my password?", "I forgot my password, how can I reset it?", "Rain is falling in Paris"),
    "German": (
        "Die Katze schläft auf dem Sofa",
        "Eine Katze schlief auf einem Sofa",
        "Der Aktienkurs ist heute gefallen",
    ),
    "Spanish": ("Me gusta leer libros", "Leer un libro me gusta mucho", "El tiempo está malo hoy"),
    "Russian": ("Я люблю читать книги", "Мне нравится читать хорошую книгу", "Погода сегодня плохая"),
    "Arabic": ("أحب قراءة الكتب", "قراءة الكتب ممتعة", "الطقس سيء اليوم"),
    "Hindi": ("मुझे किताबें पढ़ना पसंद है", "किताबें पढ़ना अच्छा लगता है", "आज मौसम खराब है"),
    "Chinese": ("我喜欢读书", "读书是我的爱好", "今天股票下跌了"),
    "Japanese": ("猫がソファで寝ています", "ソファの上で猫が寝る", "株価が今日下がりました"),
    "Korean": ("나는 책 읽기를 좋아합니다", "책을 읽는 것을 좋아해요", "오늘 날씨가 나쁩니다"),
    "code": ("def add(a, b): return a + b", "def add(x, y): return x + y", "SELECT name FROM users"),
}


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_near_texts_are_nearer_than_far_ones(texts: tuple[str, str, str]) -> None:
    """By a margin that no chance makes up for, also in a quarter of the dimensions."""
    text, near, far = map(small, texts)
    assert cosine(text, near) > cosine(text, far) + 0.1
    text, near, far = (shortened(vector, 384) for vector in (text, near, far))
    assert cosine(text, near) > cosine(text, far) + 0.05


def test_the_right_document_is_found() -> None:
    """Of twenty, for questions in other words; what retrieval tests need."""
    documents = [
        f"Chapter {number} tells how {subject} are made, stored and sold in the north."
        for number, subject in enumerate(
            [
                "bicycles",
                "candles",
                "carpets",
                "clocks",
                "drums",
                "engines",
                "flutes",
                "gloves",
                "hammers",
                "kites",
                "lamps",
                "mirrors",
                "needles",
                "ovens",
                "pianos",
                "quilts",
                "ropes",
                "saddles",
                "tables",
                "violins",
            ]
        )
    ]
    vectors = [small(document) for document in documents]
    for subject in ("violins", "candles", "mirrors", "engines"):
        asked = small(f"Where can I read about making {subject}?")
        best = max(range(20), key=lambda place: cosine(asked, vectors[place]))
        assert subject in documents[best]


def test_nearness_falls_with_every_word_that_is_changed() -> None:
    """Step by step, never up."""
    words = ["seven", "large", "ships", "carried", "silver", "across", "the", "quiet", "northern", "ocean", "yesterday"]
    others = [
        "twelve",
        "tiny",
        "trains",
        "brought",
        "copper",
        "through",
        "that",
        "noisy",
        "southern",
        "desert",
        "today",
    ]
    vectors = [small(" ".join([*others[:place], *words[place:]])) for place in range(0, 12, 2)]
    nearness = [cosine(vectors[0], vector) for vector in vectors]
    assert all(later < earlier for earlier, later in pairwise(nearness))


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_every_text_has_a_unit_vector_of_its_own(text: str) -> None:
    """The same in every call, whatever characters it has."""
    vector = small(text)
    assert len(vector) == 1_536
    assert math.isclose(cosine(vector, vector), 1, abs_tol=1e-9)
    assert vector == small(text)
    short = shortened(vector, 3)
    assert math.isclose(cosine(short, short), 1, abs_tol=1e-9)


def test_vectors_are_the_same_in_every_process() -> None:
    """No hash of the process, no random generator: figures that stay."""
    assert [round(value, 6) for value in small("Hello, world")[:3]] == [-0.025283, -0.023166, -0.014988]


def test_unrelated_texts_are_as_alike_as_the_model_has_them() -> None:
    """About the cosine that was asked for."""
    for alike in (0, 15, 70):
        found = [
            cosine(embed(f"zebra{number}", "m", 1_536, alike), embed(f"quux{number * 7}", "m", 1_536, alike))
            for number in range(30)
        ]
        assert abs(sum(found) / 30 - alike / 100) < 0.05


def test_models_have_nothing_to_do_with_each_other() -> None:
    """The same text is at right angles to itself."""
    assert abs(cosine(small("Hello"), embed("Hello", "text-embedding-ada-002-v2", 1_536))) < 0.15


def test_long_texts_are_bounded() -> None:
    """The heaviest features stand for the text."""
    long = " ".join(f"word{number}" for number in range(20_000))
    assert len(_features(long)) == MOST_FEATURES
    assert cosine(small(long), small(long + " and one more")) > 0.99


def test_precision() -> None:
    """Half precision is what floats are rounded to, single what bytes are."""
    vector = half_precision(small("Hello"))
    assert all(struct.unpack("<e", struct.pack("<e", value))[0] == value for value in vector)
    assert list(struct.unpack("<1536f", single_precision(vector))) == vector
