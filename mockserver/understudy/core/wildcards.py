"""Whole texts in which `*` stands for any text."""

import re


def wildcard(text: str | None) -> re.Pattern[str] | None:
    """What `fits` compares with; None fits everything."""
    return None if text is None else re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


def fits(pattern: re.Pattern[str] | None, text: str) -> bool:
    """Whether a text is as the pattern wants it."""
    return pattern is None or pattern.fullmatch(text) is not None
