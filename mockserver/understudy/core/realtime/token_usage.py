"""What a response read and made: its usage as `response.done` tells it, and what it is charged for."""

from typing import Any

import msgspec

from understudy.core.pricing import Usage
from understudy.core.rule_answers import ScriptedUsage

_CACHED_STEP = 64
"""Tokens of the conversation that were read before are cached in whole steps ("our choice")."""


class TokenUsage(msgspec.Struct, frozen=True):
    """Tokens by kind.

    Attributes:
        text_in, audio_in: read, the cached ones among them.
        cached_text, cached_audio: of them, read before.
        text_out, audio_out: made.
    """

    text_in: int
    audio_in: int
    cached_text: int
    cached_audio: int
    text_out: int
    audio_out: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.text_in + self.audio_in + self.made

    @property
    def made(self) -> int:
        """Of the output."""
        return self.text_out + self.audio_out

    def shown(self) -> dict[str, Any]:
        """As `response.done` tells it (recorded)."""
        return {
            "total_tokens": self.total,
            "input_tokens": self.text_in + self.audio_in,
            "output_tokens": self.made,
            "input_token_details": {
                "text_tokens": self.text_in,
                "audio_tokens": self.audio_in,
                "image_tokens": 0,
                "cached_tokens": self.cached_text + self.cached_audio,
                "cached_tokens_details": {
                    "text_tokens": self.cached_text,
                    "audio_tokens": self.cached_audio,
                    "image_tokens": 0,
                },
            },
            "output_token_details": {"text_tokens": self.text_out, "audio_tokens": self.audio_out},
        }

    def charged(self) -> Usage:
        """What it costs."""
        return Usage(
            text_in=self.text_in - self.cached_text,
            cached_in=self.cached_text,
            text_out=self.text_out,
            audio_in=self.audio_in - self.cached_audio,
            cached_audio_in=self.cached_audio,
            audio_out=self.audio_out,
        )


def token_usage(
    read: tuple[int, int], made: tuple[int, int], read_before: int, counted: ScriptedUsage | None
) -> TokenUsage:
    """The usage of a response.

    Args:
        read: text and audio tokens of its input.
        made: text and audio tokens that were sent.
        read_before: tokens of the conversation that an earlier response read or made.
        counted: counts of a rule, which hold instead.
    """
    text_in, audio_in = read
    text_out, audio_out = made
    cached = min(read_before, text_in + audio_in) // _CACHED_STEP * _CACHED_STEP
    if counted is not None:
        # Scripted counts do not tell sound and text apart: those of the kind that there is ("our choice").
        if counted.prompt_tokens is not None:
            text_in, audio_in = (counted.prompt_tokens, 0) if not audio_in else (0, counted.prompt_tokens)
            cached = min(cached, counted.prompt_tokens)
        if counted.cached_tokens is not None:
            cached = counted.cached_tokens
        if counted.completion_tokens is not None:
            text_out, audio_out = (0, counted.completion_tokens) if audio_out else (counted.completion_tokens, 0)
    cached_text = min(cached, text_in)
    return TokenUsage(text_in, audio_in, cached_text, cached - cached_text, text_out, audio_out)
