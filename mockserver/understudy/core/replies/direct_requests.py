"""Requests that say what to answer: "Say this is a test", "Reply with OK", "What is 2+2?".

Small matchers in order; the first that fits answers.
"""

import re
from collections.abc import Callable

_SAY = re.compile(
    r"(?:please\s+)?(?:say|reply with|respond with|answer with|repeat after me:?|repeat:?|echo:?)\s+"
    r"(?:just |only |exactly |the word |the words |the phrase )*[:\s]*(?P<said>.+?)\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(r"[\"'“‘「](?P<said>.+?)[\"'”’」][.!]?\Z", re.DOTALL)
_TAIL = re.compile(r"[\s,]+(?:and nothing else|only|please)[.!]?\Z", re.IGNORECASE)
_SUM = re.compile(r"(?<![\w.])(-?\d{1,12})\s*([-+*/x×÷])\s*(-?\d{1,12})(?![\w.])")
_GREETING = re.compile(r"(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there)?[\s,!.]*\Z", re.IGNORECASE)
_LONGEST = 400
"""Longer messages ask for more than a word."""


def _said(message: str) -> str | None:
    match = _SAY.match(message)
    if match is None:
        return None
    said = _TAIL.sub("", match["said"])
    quoted = _QUOTED.match(said)
    if quoted is not None:
        return quoted["said"]
    # "Say hi to Anna and explain …" is a task, not a text.
    if len(said.split()) > 8 or "\n" in said:
        return None
    return said[:1].upper() + said[1:] if said[:1].islower() else said


def _sum(message: str) -> str | None:
    match = _SUM.search(message)
    if match is None or len(message) > 80:
        return None
    left, sign, right = int(match[1]), match[2], int(match[3])
    if sign in "/÷":
        if right == 0:
            return "Division by zero has no result."
        result = str(left // right) if left % right == 0 else f"{left / right:.6g}"
    else:
        result = str(left + right if sign == "+" else left - right if sign == "-" else left * right)
    return f"{left} {sign} {right} = {result}."


def _greeting(message: str) -> str | None:
    return "Hello! How can I help you today?" if _GREETING.match(message) else None


_MATCHERS: tuple[Callable[[str], str | None], ...] = (_greeting, _said, _sum)


def direct_answer(message: str) -> str | None:
    """The text that the message asks for word for word, None when it asks for something else."""
    if len(message) > _LONGEST:
        return None
    stripped = message.strip()
    for matcher in _MATCHERS:
        answer = matcher(stripped)
        if answer:
            return answer
    return None
