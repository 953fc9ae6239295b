"""HTML and SVG that cannot be broken out of: what is a plain text is escaped, and only what was made here is markup.

Reports hold what hostile servers and broken clients said. Text goes through `text` in every place; there is no way to
write an element but `element`, which escapes its attributes and its text.
"""

import html
import re
from collections.abc import Iterable

_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff"
_UNSEEN = "\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
_INVISIBLE = re.compile(f"[{_CONTROL}{_UNSEEN}]")
_INVISIBLE_OR_RETURN = re.compile(f"[{_CONTROL}{_UNSEEN}\r]")
_VOID = frozenset({"meta", "link", "input", "br", "hr", "wbr"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | Markup | None


def text(words: str) -> Markup:
    """Escaped. What no reader could see, or what would turn a line around, is shown by its number."""
    return Markup(html.escape(_INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", words)))


def evidence_text(words: str) -> Markup:
    """Escaped, for evidence: what no reader could see, carriage returns included, is shown and marked as such."""
    parts, end = [], 0
    for found in _INVISIBLE_OR_RETURN.finditer(words):
        number = ord(found[0])
        name = "\\r" if number == 13 else f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
        parts += [html.escape(words[end : found.start()]), f'<span class="esc">{name}</span>']
        end = found.end()
    return Markup("".join([*parts, html.escape(words[end:])]))


def element(tag: str, /, *children: Child | Iterable[Child], **attributes: str | bool | None) -> Markup:
    """An element.

    Args:
        tag: its name.
        children: texts, which are escaped, markup, lists of either; None is left out.
        attributes: `class_` is written `class` and `aria_label` `aria-label`; True is an attribute without a
            value, None and False are left out.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(*children)}</{tag}>")


def joined(*children: Child | Iterable[Child]) -> Markup:
    """Several after each other."""
    parts: list[str] = []
    for child in children:
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(text(child))
        elif child is not None:
            parts.append(joined(*child))
    return Markup("".join(parts))


def _attribute(key: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(value)}"'
