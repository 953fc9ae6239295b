from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from splintr import Tokenizer

from understudy.media.vocabulary import BundledVocabulary

vocabulary = BundledVocabulary()
ENCODINGS = ("o200k_base", "cl100k_base")
REFERENCE: list[dict[str, Any]] = json.loads(Path(__file__).with_name("tiktoken_ids.json").read_bytes())["texts"]
SCRIPTS = [case["text"] for case in REFERENCE if case["text"]][:40]
RANKS = {
    # The files that tiktoken loads, and the SHA-256 that its openai_public.py (0.14.0) expects of each.
    "o200k_base": (199_998, "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"),
    "cl100k_base": (100_256, "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"),
}


def rank_file(encoding: str) -> bytes:
    """The vocabulary as OpenAI publishes it: each token's bytes in base64, and its number."""
    token_bytes = Tokenizer.from_pretrained(encoding).decode_token_bytes
    return b"".join(b"%s %d\n" % (base64.b64encode(token_bytes(rank)), rank) for rank in range(RANKS[encoding][0]))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_vocabulary_is_the_published_one(encoding: str) -> None:
    """To the byte."""
    assert hashlib.sha256(rank_file(encoding)).hexdigest() == RANKS[encoding][1]


@pytest.mark.parametrize("case", REFERENCE, ids=lambda case: ascii(case["text"][:24]))
def test_tokens_are_those_of_tiktoken(case: dict[str, Any]) -> None:
    """In thirty scripts, code, emoji, odd spaces and noise; a special token is ordinary text."""
    for encoding in ENCODINGS:
        assert vocabulary.encode(case["text"], encoding) == case[encoding]
        assert vocabulary.count(case["text"], encoding) == len(case[encoding])


@pytest.fixture(scope="module")
def tiktokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The original, offline: its cache holds the ranks, whose hash it checks itself."""
    tiktoken = pytest.importorskip("tiktoken")
    cache = tmp_path_factory.mktemp("ranks")
    for encoding in ENCODINGS:
        url = f"https://openaipublic.blob.core.windows.net/encodings/{encoding}.tiktoken"
        name = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
        (cache / name).write_bytes(rank_file(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(cache))
        return {encoding: tiktoken.get_encoding(encoding) for encoding in ENCODINGS}


@given(text=st.text(max_size=120), encoding=st.sampled_from(ENCODINGS))
def test_any_text_has_the_tokens_of_tiktoken(tiktokens: dict[str, Any], text: str, encoding: str) -> None:
    """But for the one known exception, an apostrophe before a long s."""
    assume("ſ" not in text)
    assert vocabulary.encode(text, encoding) == tiktokens[encoding].encode_ordinary(text)


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


@given(text=st.one_of(st.text(max_size=80), st.sampled_from(SCRIPTS)), encoding=st.sampled_from(ENCODINGS))
def test_pieces_are_the_text(text: str, encoding: str) -> None:
    """Joined again, nothing is lost; none is empty, and there are at most as many as tokens."""
    pieces = vocabulary.pieces(text, encoding)
    assert "".join(pieces) == text
    assert all(pieces)
    assert len(pieces) <= vocabulary.count(text, encoding)


def test_tokens_that_share_a_character_are_one_piece() -> None:
    """A rare character of three tokens comes out whole."""
    assert vocabulary.count("ᠮ", "o200k_base") == 3
    assert vocabulary.pieces("aᠮb", "o200k_base") == ["a", "ᠮ", "b"]


@given(text=st.one_of(st.text(max_size=80), st.sampled_from(SCRIPTS)), encoding=st.sampled_from(ENCODINGS))
def test_a_cut_text_grows_with_its_limit(text: str, encoding: str) -> None:
    """From nothing to the whole, each a beginning of the next, and never short of a whole character that fits."""
    tokens = vocabulary.count(text, encoding)
    cuts = [vocabulary.truncate(text, limit, encoding) for limit in range(tokens + 2)]
    assert cuts[0] == ""
    assert cuts[tokens] == cuts[tokens + 1] == text
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(cuts))
    pieces = vocabulary.pieces(text, encoding)
    if len(pieces) == tokens:
        assert cuts[:-1] == ["".join(pieces[:limit]) for limit in range(tokens + 1)]


def test_a_limit_inside_a_character_leaves_it_out() -> None:
    """Half a character is no text; a limit below nothing is nothing."""
    assert [vocabulary.truncate("aᠮb", limit, "o200k_base") for limit in (-1, 1, 2, 3, 4, 5)] == (
        ["", "a", "a", "a", "aᠮ", "aᠮb"]
    )


def test_special_tokens_in_a_text_count_as_text() -> None:
    """Nobody forges a control token by writing it."""
    assert vocabulary.count("<|endoftext|>", "o200k_base") > 1
    assert max(vocabulary.encode("<|endoftext|>", "o200k_base")) < RANKS["o200k_base"][0]


def test_half_a_surrogate_pair_is_a_replacement_character() -> None:
    """A pair is the character it stands for."""
    assert vocabulary.encode("a\ud800b", "o200k_base") == vocabulary.encode("a\ufffdb", "o200k_base")
    assert vocabulary.pieces("\ud83c\udf0d", "o200k_base") == ["🌍"]
    assert vocabulary.truncate("\udc00", 0, "o200k_base") == ""


def test_an_unknown_encoding_is_refused() -> None:
    """By the library's own words."""
    with pytest.raises(ValueError, match="p50k_lost"):
        vocabulary.count("hello", "p50k_lost")


def test_threads_agree() -> None:
    """Also while the vocabulary is being loaded."""
    texts = [f"{text} {number}" for text in SCRIPTS for number in range(5)]
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda text: vocabulary.encode(text, "o200k_base"), texts))
    assert counted == [vocabulary.encode(text, "o200k_base") for text in texts]
