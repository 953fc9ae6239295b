"""Japanese as it is spoken: kanji in kana, which is all that the synthesiser reads, and particles as they sound.

SudachiPy with its small dictionary reads them (extra `japanese`, Apache-2.0, 110 MB unpacked). Without it kana are
spoken, and kanji as "Chinese letter".
"""

import re
import threading
from functools import cache
from typing import Any

_KANJI = re.compile(r"[㐀-䶿一-鿿豈-﫿々]")
_PARTICLES = {"は": "ワ", "へ": "エ", "を": "オ"}
_lock = threading.Lock()


def in_kana(words: str) -> str:
    """Words of which a synthesiser of kana can say all; the same where there is no kanji, or no reader is installed."""
    if not _KANJI.search(words):
        return words
    reader = _reader()
    if reader is None:
        return words
    with _lock:
        return "".join(_read(word) for word in reader.tokenize(words))


def _read(word: Any) -> str:
    surface: str = word.surface()
    if word.part_of_speech()[0] == "助詞" and surface in _PARTICLES:
        return _PARTICLES[surface]
    # Numbers and Latin letters the synthesiser reads better.
    return str(word.reading_form()) if _KANJI.search(surface) else surface


@cache
def _reader() -> Any:
    """The reader, made at the first kanji (0.1 s); None where it is not installed."""
    try:
        from sudachipy import Dictionary

        return Dictionary(dict="small").tokenizer()
    # Either of the two packages is missing.
    except ImportError:
        return None
