"""From tokens to text: which tokens make which piece of it.

A token is a run of bytes, and a character may be spread over several of them. A stream can only send whole
characters, so tokens that share one travel together.
"""

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from understudy.core.media import Vocabulary

_Decoder = getincrementaldecoder("utf-8")


def pieces_of(tokens: Iterable[int], vocabulary: Vocabulary, encoding: str) -> Iterator[tuple[str, list[int]]]:
    """The text of tokens piece by piece, each with its tokens.

    Bytes that can be no text become U+FFFD. Tokens at the end that begin a character without finishing it come as a
    last piece without text.
    """
    decoder = _Decoder("replace")
    held: list[int] = []
    for token in tokens:
        held.append(token)
        text = decoder.decode(vocabulary.token_bytes(token, encoding))
        if text:
            yield text, held
            held = []
    if held:
        yield "", held


def text_of(tokens: Iterable[int], vocabulary: Vocabulary, encoding: str) -> str:
    """The text of tokens; a character that is begun and not finished at their end is left out."""
    return "".join(text for text, _ in pieces_of(tokens, vocabulary, encoding))
