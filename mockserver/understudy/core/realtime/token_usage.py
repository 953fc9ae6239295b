"""What a response read and made: its usage as `response.done` tells it, and what it is charged for."""

from typing import Any

import msgspec

from understudy.core.pricing import Usage
from understudy.core.realtime.conversation import Tokens
from understudy.core.rule_answers import ScriptedUsage


class TokenUsage(msgspec.Struct, frozen=True):
    """Tokens of a response.

    Attributes:
        read: of its input.
        cached: of them, read before.
        made: of its output; no pictures.
    """

    read: Tokens = Tokens()
    cached: Tokens = Tokens()
    made: Tokens = Tokens()

    def shown(self) -> dict[str, Any]:
        """As `response.done` tells it (recorded)."""
        return {
            "total_tokens": self.read.total + self.made.total,
            "input_tokens": self.read.total,
            "output_tokens": self.made.total,
            "input_token_details": {
                **_shown(self.read),
                "cached_tokens": self.cached.total,
                "cached_tokens_details": _shown(self.cached),
            },
            "output_token_details": {"text_tokens": self.made.text, "audio_tokens": self.made.audio},
        }

    def charged(self) -> Usage:
        """What it costs."""
        return Usage(
            text_in=self.read.text - self.cached.text,
            cached_in=self.cached.text,
            text_out=self.made.text,
            audio_in=self.read.audio - self.cached.audio,
            cached_audio_in=self.cached.audio,
            audio_out=self.made.audio,
            image_in=self.read.image - self.cached.image,
            cached_image_in=self.cached.image,
        )

    def counted(self, script: ScriptedUsage | None) -> "TokenUsage":
        """With the counts of a rule in place of those that it gives.

        Scripted counts do not tell the kinds apart: they are all of one kind, sound where there is any ("our choice").
        """
        if script is None:
            return self
        read, cached, made = self.read, self.cached, self.made
        if script.prompt_tokens is not None:
            read = _alike(script.prompt_tokens, read)
            cached = _alike(min(cached.total, script.prompt_tokens), read)
        if script.cached_tokens is not None:
            text = min(script.cached_tokens, read.text)
            cached = Tokens(text, min(script.cached_tokens - text, read.audio))
        if script.completion_tokens is not None:
            made = _alike(script.completion_tokens, made)
        return TokenUsage(read, cached, made)


def _alike(count: int, tokens: Tokens) -> Tokens:
    return Tokens(audio=count) if tokens.audio else Tokens(count)


def _shown(tokens: Tokens) -> dict[str, int]:
    return {"text_tokens": tokens.text, "audio_tokens": tokens.audio, "image_tokens": tokens.image}
