"""Text as it is read aloud: without the marks of Markdown."""

import re

# Every repetition has a bound, so that no text takes more than time in proportion to its length.
_FENCE = re.compile(r"^[ \t]{0,8}(?:```|~~~).*$", re.MULTILINE)
_IMAGE_OR_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\n]{0,2000}\)")
_LINE_START = re.compile(r"^[ \t]{0,40}(?:(?:#{1,6}|[-*+])[ \t]+|>[ \t]?)+", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*{1,3}|_{2,3}|~~|`{1,3})(?=\S)([^\n]{0,300}?\S)\1")
_UNDERLINED = re.compile(r"(?<!\w)_(?=\S)([^_\n]{0,300}\S)_(?!\w)")
_RULE = frozenset("-*_=:| \t")
_ENDS_A_SENTENCE = ".!?:;,。！？：；、，؟।…"


def speakable(text: str) -> str:
    """One paragraph without markup: what each line says, as sentences.

    Headings, bullets, emphasis, code fences, tables and links lose their marks and keep their words; a line that ends
    without punctuation gets a full stop, so that a voice pauses there.
    """
    plain = _IMAGE_OR_LINK.sub(r"\1", _FENCE.sub("", text))
    plain = _LINE_START.sub("", plain)
    plain = _UNDERLINED.sub(r"\1", _EMPHASIS.sub(r"\2", plain))
    lines = [_cells(line) for line in plain.splitlines() if not _RULE.issuperset(line)]
    ended = [line if line[-1] in _ENDS_A_SENTENCE else line + "." for line in lines[:-1]]
    return " ".join(ended + lines[-1:])


def _cells(line: str) -> str:
    """A line, or the cells of a table's row with commas between them."""
    return ", ".join(cell for part in line.split("|") if (cell := part.strip()))
