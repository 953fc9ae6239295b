"""The real vocabularies, from the package splintr-rs, which carries them; each is loaded at its first use."""

from functools import cache, lru_cache
from typing import Any


class BundledVocabulary:
    """Tokens by `o200k_base` and `cl100k_base`.

    Loading takes 20 to 60 ms for each encoding; counting a line of English some 2 microseconds.
    """

    def count(self, text: str, encoding: str) -> int:
        """How many tokens a text has; special tokens in it count as ordinary text."""
        # The same texts come again and again (system prompts, retries, our own sentences): short ones are remembered.
        return _count(text, encoding) if len(text) <= _REMEMBERED else len(_encode(text, encoding))

    def pieces(self, text: str, encoding: str) -> list[str]:
        """The text cut at token borders; tokens that share a character are joined, so that each piece is text."""
        token_bytes = _tokenizer(encoding).decode_token_bytes
        pieces: list[str] = []
        held = b""
        for token in _encode(text, encoding):
            held += token_bytes(token)
            try:
                pieces.append(held.decode())
            except UnicodeDecodeError:
                continue
            held = b""
        return pieces

    def truncate(self, text: str, limit: int, encoding: str) -> str:
        """The longest beginning of at most `limit` tokens that is text."""
        tokens = _encode(text, encoding)
        if len(tokens) <= limit:
            return text
        beginning: bytes = _tokenizer(encoding).decode_bytes(tokens[:limit])
        return beginning.decode(errors="ignore")


_REMEMBERED = 1_024


@lru_cache(maxsize=4_096)
def _count(text: str, encoding: str) -> int:
    return len(_encode(text, encoding))


def _encode(text: str, encoding: str) -> list[int]:
    tokenizer = _tokenizer(encoding)
    try:
        tokens: list[int] = tokenizer.encode_ordinary(text)
    except UnicodeEncodeError:
        # JSON may hold half of a surrogate pair; it is counted as the replacement character.
        tokens = tokenizer.encode_ordinary(text.encode("utf-8", "replace").decode())
    return tokens


@cache
def _tokenizer(encoding: str) -> Any:
    from splintr import Tokenizer

    return Tokenizer.from_pretrained(encoding)
