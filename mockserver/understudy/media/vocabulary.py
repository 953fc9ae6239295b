"""The real vocabularies, from the package splintr-rs, which carries them; each is loaded at its first use.

Their ranks are OpenAI's own files (the tests compare the published SHA-256), and the way they cut a text is that of
tiktoken, with one known exception: an apostrophe before a long s (`'ſ`), which tiktoken takes for a contraction.

`encode_ordinary` is the only call used. It takes special tokens in a text as text, starts no threads, and is linear in
the length of any text we could think of; the package's other engine, PCRE2, is none of it quicker, cuts at U+180E
unlike tiktoken, and is quadratic in runs of digits where it cannot compile.
"""

import threading
from functools import lru_cache
from typing import Any


class BundledVocabulary:
    """Tokens by `o200k_base` and `cl100k_base`.

    Loading takes some 40 ms for an encoding, and once more 30 to 110 ms at the first word that is no token by itself.
    Then a line of English costs some 5 microseconds, a token of a reply cut into pieces 0.2.
    """

    def count(self, text: str, encoding: str) -> int:
        """How many tokens a text has; special tokens in it count as ordinary text."""
        # The same texts come again and again (system prompts, retries, our own sentences): short ones are remembered.
        return _count(text, encoding) if len(text) <= _REMEMBERED else len(_encode(text, encoding))

    def encode(self, text: str, encoding: str) -> list[int]:
        """The numbers of a text's tokens; special tokens in it are ordinary text, halves of surrogate pairs U+FFFD."""
        return _encode(text, encoding)

    def token_bytes(self, token: int, encoding: str) -> bytes:
        """The bytes of one token, which need not be text by themselves; none of a number that no token has."""
        try:
            found: bytes = _tokenizer(encoding).decode_token_bytes(token)
        except ValueError:
            # The numbers have a gap between text and special tokens.
            return b""
        return found

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
        """The longest beginning that is text and within the text's first `limit` tokens."""
        tokens = _encode(text, encoding)
        if len(tokens) <= limit:
            return text
        beginning: bytes = _tokenizer(encoding).decode_bytes(tokens[: max(limit, 0)])
        # The text is whole, so only the last character can be broken.
        return beginning.decode(errors="ignore")


_REMEMBERED = 1_024
"""Characters of the longest text whose count is remembered ("our choice")."""

_tokenizers: dict[str, Any] = {}
_loading = threading.Lock()


@lru_cache(maxsize=4_096)
def _count(text: str, encoding: str) -> int:
    return len(_encode(text, encoding))


def _encode(text: str, encoding: str) -> list[int]:
    tokenizer = _tokenizer(encoding)
    try:
        tokens: list[int] = tokenizer.encode_ordinary(text)
    except UnicodeEncodeError:
        # Only a caller in the same process can hand in such a text; tiktoken treats it like this.
        tokens = tokenizer.encode_ordinary(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return tokens


def _tokenizer(encoding: str) -> Any:
    # A plain dictionary on the way of every call; the lock only keeps two threads from loading the same one.
    tokenizer = _tokenizers.get(encoding)
    if tokenizer is None:
        from splintr import Tokenizer

        with _loading:
            tokenizer = _tokenizers.get(encoding)
            if tokenizer is None:
                tokenizer = _tokenizers[encoding] = Tokenizer.from_pretrained(encoding)
    return tokenizer
