"""What the model thought: a summary of it, and the form in which it is sent back.

Both say nothing true, as there are no thoughts: the summary tells what a sample does, the encrypted form is noise of
the recorded layout (version, seconds, then bytes; its length grows with the tokens).
"""

from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import Any

_HEAD = 790
_PER_TOKEN = 4.2
"""Bytes: 9 tokens came as 1,228 characters, 516 as 4,516, 1,344 as 9,420 (recorded 2026-08)."""
_LONGEST = 400_000

_TITLES = ("Considering the request", "Planning the answer", "Weighing the options", "Checking the details")
_LINES = (
    "I look at what the last message asks for and keep to it.",
    "I compare what was said before with what is asked now.",
    "I choose words for a sample answer and keep them plain.",
    "I check that the answer has the form that was asked for.",
)
"""Our own words."""


def encrypted(seed: bytes, now: int, tokens: int, purpose: bytes) -> str:
    """The thoughts as only the API could read them; as long as recorded ones of so many tokens.

    Args:
        seed: decides the bytes.
        now: seconds since the epoch.
        tokens: how much was thought.
        purpose: tells several apart.
    """
    length = min(_HEAD + int(tokens * _PER_TOKEN), _LONGEST)
    blocks = [blake2b(b"%b%d" % (purpose, place), key=seed).digest() for place in range(length // 64 + 1)]
    return urlsafe_b64encode(b"\x80" + now.to_bytes(8, "big") + b"".join(blocks)[:length]).decode().rstrip("=")


def summary(seed: bytes, wanted: str | None, tokens: int) -> list[dict[str, Any]]:
    """The parts of a summary: one, or of much thinking two when it shall be detailed."""
    if wanted is None:
        return []
    count = 2 if wanted == "detailed" and tokens >= 256 else 1
    parts = []
    for place in range(count):
        pick = seed[place]
        lines = [_LINES[(pick + step) % len(_LINES)] for step in range(1 if wanted == "concise" else 2)]
        title = _TITLES[(pick // 4) % len(_TITLES)]
        parts.append({"type": "summary_text", "text": f"**{title}**\n\n{' '.join(lines)}"})
    return parts
