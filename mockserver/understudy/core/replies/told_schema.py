"""A JSON Schema that a message tells: libraries that ask for JSON by words alone spell the schema in the prompt."""

import json
from collections.abc import Iterable
from typing import Any

MOST_TRIES = 64
LONGEST = 128 * 1024
"""Places that are looked at, and characters of one text: a prompt is read on every call ("our choice")."""

_decoder = json.JSONDecoder()


def told_schema(texts: Iterable[str]) -> dict[str, Any] | None:
    """The first JSON object in the texts that is a schema of an object; None when there is none.

    Args:
        texts: of the messages, in the order in which they are to be looked at.
    """
    tries = MOST_TRIES
    for text in texts:
        if '"properties"' not in text or len(text) > LONGEST:
            continue
        start = text.find("{")
        while start >= 0 and tries:
            tries -= 1
            try:
                value, end = _decoder.raw_decode(text, start)
            except (ValueError, RecursionError):
                start = text.find("{", start + 1)
                continue
            if isinstance(value, dict) and isinstance(value.get("properties"), dict):
                return value
            start = text.find("{", end)
    return None
