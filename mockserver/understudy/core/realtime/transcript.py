"""A transcript of one turn: its pieces, how likely each token was, who spoke when, and what it costs."""

import math
from collections.abc import Iterator
from typing import Any

from understudy.core.catalog import Model
from understudy.core.logprobs import entries
from understudy.core.media import Media
from understudy.core.pricing import Usage
from understudy.core.realtime.conversation import INPUT_MS_PER_TOKEN
from understudy.core.timed_text import spoken_segments

_BY_DURATION = "whisper"
"""In the names of models that are charged by the second, and whose transcript comes in one piece."""
_SPEAKERS = "diarize"
"""In the names of models that tell who speaks; their transcript comes in segments."""


class Transcript:
    """The transcript of one item.

    Args:
        text: of it.
        milliseconds: of the sound.
        model: that transcribes.
        media: vocabulary.
        prompt: what the model was told beforehand.
        seed: decides the figures of `logprobs`, None for none.

    Attributes:
        text: of it.
        model: that transcribed.
        usage: what it is charged for.
        logprobs: of all its tokens, None where they are not wanted or the model has none.
    """

    def __init__(
        self, text: str, milliseconds: int, model: Model, media: Media, *, prompt: str = "", seed: bytes | None = None
    ) -> None:
        self.text = text
        self.model = model
        self._media = media
        self._milliseconds = milliseconds
        self.logprobs: list[dict[str, Any]] | None = None
        vocabulary = media.vocabulary
        if _BY_DURATION in model.id:
            self.usage = Usage(milliseconds=math.ceil(milliseconds / 1_000) * 1_000)
            return
        tokens = vocabulary.encode(text, model.encoding)
        audio = -(-milliseconds // INPUT_MS_PER_TOKEN)
        self.usage = Usage(text_in=vocabulary.count(prompt, model.encoding), audio_in=audio, text_out=len(tokens))
        if seed is not None and _SPEAKERS not in model.id:
            self.logprobs = [
                {name: entry[name] for name in ("token", "logprob", "bytes")}
                for entry in entries(tokens, vocabulary, model.encoding, seed)
            ]

    def deltas(self) -> Iterator[tuple[str, list[dict[str, Any]] | None]]:
        """Its pieces with the entries of their tokens; none of a transcript that comes in segments."""
        if _SPEAKERS in self.model.id:
            return
        if _BY_DURATION in self.model.id:
            yield self.text, None
            return
        told = 0
        for piece in self._media.vocabulary.pieces(self.text, self.model.encoding):
            if self.logprobs is None:
                yield piece, None
                continue
            length, first = len(piece.encode("utf-8", "replace")), told
            while told < len(self.logprobs) and length > 0:
                length -= len(self.logprobs[told]["bytes"] or b" ")
                told += 1
            yield piece, self.logprobs[first:told]

    def segments(self) -> Iterator[dict[str, Any]]:
        """Who spoke when: one speaker is heard ("our choice": voices are not told apart); none of other models."""
        if _SPEAKERS in self.model.id:
            for index, segment in enumerate(spoken_segments(self.text, self._milliseconds)):
                yield {
                    "text": segment.text,
                    "id": f"seg_{index}",
                    "speaker": "A",
                    "start": segment.start,
                    "end": segment.end,
                }

    def shown_usage(self) -> dict[str, Any]:
        """As its last event tells it."""
        if _BY_DURATION in self.model.id:
            return {"type": "duration", "seconds": self.usage.milliseconds / 1_000}
        given = self.usage.text_in + self.usage.audio_in
        return {
            "type": "tokens",
            "total_tokens": given + self.usage.text_out,
            "input_tokens": given,
            "input_token_details": {"text_tokens": self.usage.text_in, "audio_tokens": self.usage.audio_in},
            "output_tokens": self.usage.text_out,
        }
