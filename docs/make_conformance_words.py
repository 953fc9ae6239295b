"""Writes `reference/conformance-words.md`: every word of the conformance suite's language, from the code that reads it.

Run it after a word, a play or a form was added: `python docs/make_conformance_words.py`. A test tells when the page is
old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from understudy_harness.conformance.expectations import Kind, Word
from understudy_harness.conformance.forms import FORMS
from understudy_harness.conformance.plays import PLAYS
from understudy_harness.conformance.protocol import ABILITIES, OPERATIONS
from understudy_harness.conformance.words import WORDS
from understudy_harness.conformance.words_life import LIFE_WORDS
from understudy_harness.conformance.words_media import MEDIA_WORDS
from understudy_harness.conformance.words_report import REPORT_WORDS
from understudy_harness.conformance.words_settings import SETTINGS_WORDS
from understudy_harness.conformance.words_socket import SOCKET_WORDS
from understudy_harness.conformance.words_stopping import STOPPING_WORDS
from understudy_harness.conformance.words_tidy import TIDY_WORDS
from understudy_harness.conformance.words_tools import TOOL_WORDS
from understudy_harness.conformance.words_wire import WIRE_WORDS

PAGE = Path(__file__).parent / "reference" / "conformance-words.md"
_HEAD = """# Words of the conformance suite

Made by `docs/make_conformance_words.py` from the code. [How to write a case](../how-to/write-a-case.md) says how they
are used. `k` and `n` count from 1.
"""
_GROUPS: tuple[tuple[str, Mapping[str, Word]], ...] = (
    ("About requests and sockets", WIRE_WORDS),
    ("About retries in the life of an account", LIFE_WORDS),
    ("About tool calls and results that requests repeat", TOOL_WORDS),
    ("About what the client reports", REPORT_WORDS),
    ("About WebSockets", SOCKET_WORDS),
    ("About settings, keys and secrecy", SETTINGS_WORDS),
    ("About stopping", STOPPING_WORDS),
    ("About pictures, vectors, sound and lists", MEDIA_WORDS),
    ("About tidiness", TIDY_WORDS),
)
_LETTERS = {Kind.PLACE: "k", Kind.TEXT: '"…"', Kind.NUMBER: "1.0"}


def page() -> str:
    """The page's text."""
    parts = [_HEAD]
    told = {name for _, words in _GROUPS for name in words}
    others = {name: word for name, word in WORDS.items() if name not in told}
    for title, words in (*_GROUPS, *([("Others", others)] if others else [])):
        rows = ((_spelled(name, word), word.kind.value, word.help) for name, word in words.items())
        parts.append(_table(title, ("word", "value", "what it is"), rows))
    plays = ((f"`{name}`", (play.__doc__ or "").partition("\n")[0]) for name, play in PLAYS.items())
    parts.append(_table("Plays", ("play", "what it does"), plays))
    parts.append(f"## Forms of answers\n\n{_listed(FORMS)}\n")
    parts.append(f"## Operations\n\n{_listed(OPERATIONS)}\n")
    parts.append(f"## Abilities\n\n{_listed(ABILITIES)}\n")
    return "\n".join(parts)


def _spelled(name: str, word: Word) -> str:
    places = iter("kn")
    given = [next(places) if kind is Kind.PLACE else _LETTERS[kind] for kind in word.parameters]
    return f"`{name}({', '.join(given)})`" if given else f"`{name}`"


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    written = [list(heads), *map(list, rows)]
    written.insert(1, ["---"] * len(written[0]))
    lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in written]
    return "\n".join([f"## {title}", "", *lines, ""])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) + "."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
