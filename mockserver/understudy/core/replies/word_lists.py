"""Lists of words, written as one text so that they can be read as such."""


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text, which are set apart by spaces."""
    return frozenset(words.split())
