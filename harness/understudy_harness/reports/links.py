"""Texts that may be made links: of the web alone, and issues by their short names."""

import re

from understudy_harness.reports.markup import Markup, element, joined, text

_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:)]|\b[\w.-]+/[\w.-]+#\d+\b")


def link_to(address: str) -> Markup:
    """An address as a link; what is none of the web stays a text."""
    if not address.startswith(("https://", "http://")):
        return text(address)
    return element("a", address, href=address, rel="noreferrer")


def with_links(words: str) -> Markup:
    """A text in which addresses, and issues as in `owner/name#1`, are links."""
    parts: list[str | Markup] = []
    end = 0
    for found in _LINK.finditer(words):
        name = found[0]
        address = name if name.startswith("http") else f"https://github.com/{name.replace('#', '/issues/')}"
        parts += [words[end : found.start()], element("a", name, href=address, rel="noreferrer")]
        end = found.end()
    return joined(*parts, words[end:])
