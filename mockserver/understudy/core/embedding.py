"""Embedding vectors: texts that share words, stems and characters lie near each other.

    text -> features (words, pairs and pieces of words) -> a pseudo-random direction for each -> their weighted sum

It is a random projection: the cosine of two vectors is that of the two texts' weighted features, within about
1/sqrt(n) for n dimensions; so is that of two beginnings of vectors, which is what `dimensions` cuts. Rare words count
more than the function words of twelve languages. On top comes a direction that all texts have in common, since real
vectors of unrelated texts are not at right angles. All of it is "our choice"; no meaning beyond shared characters is
known.

A direction is a row of bytes spread over 32-bit lanes of one long integer, so that adding is one operation of the
interpreter for all dimensions. There are few rows; a feature's hash says which one it takes, and by how many lanes it
is turned.
"""

import re
import struct
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b, shake_128
from math import log, sqrt

from understudy.core.replies.languages import LANGUAGES

MOST_FEATURES = 256
"""Distinct features of one text; of a longer one the heaviest ones ("our choice", to bound time)."""
_ROWS = 32
_ROWS_KEPT = 256
"""12 KiB each for 1,536 dimensions, 96 KiB for the 12,288 of the largest."""
_FUNCTION_WORDS = frozenset[str]().union(*(language.stop_words for language in LANGUAGES.values()))
_MARKS = re.compile(r"[\u0300-\u036f]+")
_RUNS = re.compile(
    r"(?P<unspaced>[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)"
    # Vowel signs and the like are no letters by themselves, but parts of words.
    r"|(?P<word>[^\W_](?:[^\W_]|[\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0970-\u0dff])*)"
    r"|(?P<sign>[^\w\s])"
)
_FIRST_SYLLABLE, _LAST_SYLLABLE = "\uac00", "\ud7a3"
_PIECE, _STEM = 3, 5
"""Characters of the pieces that a word is cut into; characters that inflected forms of a word mostly share."""
_SYLLABLES, _STEM_SYLLABLES = 2, 2
"""The same in Korean, whose characters are syllables."""
_TERMS = "wscp"
"""Kinds of features that stand for words."""
_WORD, _PAIR, _PART, _SIGN, _COMMON_WORD = 12, 5, 4, 1, 2
"""Weights of features."""


def embed(text: str, model: str, dimensions: int, alike: int = 0) -> list[float]:
    """The unit vector of a text.

    Args:
        text: whatever it is; the empty one has a vector, too.
        model: vectors of different models have nothing to do with each other.
        dimensions: of the whole vector; see `shortened` for less.
        alike: the cosine of unrelated texts in hundredths, 0 to 99.
    """
    features = _features(text)
    # What all texts share has its part of the length: the tangent of the angle whose cosine is asked for.
    squares = sum([weight * weight for _, weight in features])
    common = round(sqrt(squares * alike / (100 - alike)))
    if common:
        features.append(("", common))
    by_weight: dict[int, int] = {}
    weights = 0
    for feature, weight in features:
        by_weight[weight] = by_weight.get(weight, 0) + _direction(model, feature, dimensions)
        weights += weight
    total = sum([weight * direction for weight, direction in by_weight.items()])
    # A lane holds a sum of bytes: less their mean, it is a sum of numbers around zero.
    mean = weights * 127.5
    lanes = struct.unpack(f"<{dimensions}I", total.to_bytes(4 * dimensions, "little"))
    return _unit([lane - mean for lane in lanes])


def shortened(vector: list[float], dimensions: int) -> list[float]:
    """The beginning of a vector, at unit length again, as the real models' vectors are shortened."""
    return _unit(vector[:dimensions])


def half_precision(vector: list[float]) -> list[float]:
    """The nearest numbers that half precision has: those of recorded vectors all are (2026-06)."""
    form = f"<{len(vector)}e"
    return list(struct.unpack(form, struct.pack(form, *vector)))


def single_precision(vector: list[float]) -> bytes:
    """Little-endian 32-bit floats."""
    return struct.pack(f"<{len(vector)}f", *vector)


def _unit(vector: list[float]) -> list[float]:
    length = sqrt(sum([value * value for value in vector]))
    if not length:
        return [1.0, *([0.0] * (len(vector) - 1))]
    scale = 1 / length
    return [value * scale for value in vector]


def _direction(model: str, feature: str, dimensions: int) -> int:
    """One of the rows, turned."""
    digest = blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    turn, row = divmod(int.from_bytes(digest, "little"), _ROWS)
    twice, lanes = _row(model, row, dimensions)
    return (twice >> 32 * (turn % dimensions)) & lanes


@lru_cache(maxsize=_ROWS_KEPT)
def _row(model: str, number: int, dimensions: int) -> tuple[int, int]:
    """A row of pseudo-random bytes, one in each lane of an integer, twice; and all bits of one such integer."""
    row = bytearray(4 * dimensions)
    row[::4] = shake_128(f"{model}\0{number}".encode("utf-8", "surrogatepass")).digest(dimensions)
    return int.from_bytes(row * 2, "little"), (1 << 32 * dimensions) - 1


def terms(text: str) -> list[tuple[str, int]]:
    """What stands for a text's words: words, stems, and single characters and pairs where no spaces part words.

    Returns:
        Each distinct term, beginning with a letter that says its kind (`w` of words), with its weight.
    """
    return list(dict(found for found in _found(text) if found[0][0] in _TERMS).items())


def _features(text: str) -> list[tuple[str, int]]:
    """The features of a text with their weights, which grow slower than their number."""
    counts: Counter[tuple[str, int]] = Counter(_found(text))
    weighed = [(feature, round(weight * (1 + log(count)))) for (feature, weight), count in counts.items()]
    if len(weighed) > MOST_FEATURES:
        weighed.sort(key=lambda pair: (-pair[1], pair[0]))
        del weighed[MOST_FEATURES:]
    # A text without any letter or sign is what it is.
    return weighed or [(f"={text[:64]}", _WORD)]


def _found(text: str) -> Iterator[tuple[str, int]]:
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    plain = unicodedata.normalize("NFC", plain)
    before = ""
    for run in _RUNS.finditer(plain):
        kind, found = run.lastgroup, run[0]
        if kind == "sign":
            yield f"!{found}", _SIGN
            continue
        if kind == "unspaced":
            # Where no spaces part words, each character says something, and two say most of a word.
            for place, character in enumerate(found):
                yield f"c{character}", _PART
                if place:
                    yield f"p{found[place - 1]}{character}", _WORD
            before = ""
            continue
        common = found in _FUNCTION_WORDS
        yield f"w{found}", _COMMON_WORD if common else _WORD
        if before:
            yield f"b{before} {found}", _PAIR if not common else _COMMON_WORD
        before = found
        if common:
            continue
        korean = _FIRST_SYLLABLE <= found[0] <= _LAST_SYLLABLE
        piece, stem = (_SYLLABLES, _STEM_SYLLABLES) if korean else (_PIECE, _STEM)
        if korean or len(found) >= piece:
            yield f"s{found[:stem]}", _WORD
            bounded = f"<{found}>"
            for place in range(len(bounded) - piece + 1):
                yield f"t{bounded[place : place + piece]}", _PART
