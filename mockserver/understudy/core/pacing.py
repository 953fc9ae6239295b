"""Pacing: when each part of an answer is due.

    time to first token (TTFT), then one inter-token latency (ITL) for each token

A schedule holds absolute moments, so that lateness of one part never adds to the next.
"""

import re

import msgspec

from understudy.core.clock import DAY

_FIELD = re.compile(r"(ttft|itl)=([0-9]{1,12}(?:\.[0-9]{1,12})?)(ms|s)\Z")
LONGEST = DAY
"""Nobody waits longer for one token."""


class Pacing(msgspec.Struct, frozen=True):
    """How long the model takes.

    Attributes:
        ttft: microseconds from the request to the first token.
        itl: microseconds between tokens.
    """

    ttft: int = 0
    itl: int = 0

    def whole(self, tokens: int) -> int:
        """Microseconds until an answer of so many tokens is complete."""
        return self.ttft + self.itl * tokens


NONE = Pacing()
REALISTIC = Pacing(ttft=400_000, itl=15_000)
"""A middling model on a good day ("our choice"; recorded `openai-processing-ms` of short answers: 0.4 to 2.5 s)."""

ACCEPTED = "none, realistic, or ttft=300ms,itl=20ms (either may be left out; ms or s)"


def parse_pacing(text: str) -> Pacing:
    """Read the setting `latency`.

    Raises:
        ValueError: with what is accepted.
    """
    if text == "none":
        return NONE
    if text == "realistic":
        return REALISTIC
    fields: dict[str, int] = {}
    for part in text.split(","):
        match = _FIELD.match(part.strip())
        if match is None or match[1] in fields:
            raise ValueError(f"latency is {ACCEPTED}, not {text!r}")
        fields[match[1]] = round(float(match[2]) * (1000 if match[3] == "ms" else 1_000_000))
        if fields[match[1]] > LONGEST:
            raise ValueError(f"latency is at most a day, not {text[:64]!r}")
    return Pacing(**fields)
