"""`POST /v1/audio/speech`: a text said aloud, as a file that is sent while it is spoken, or as events.

Headers and the tokens taken from the limiter as recorded 2026-08, formats and voices from the OpenAPI document
2026-08-21. What is said costs a token for every 50 ms (OpenAI's guide to realtime costs), or by characters.
"""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from understudy.core import errors, headers
from understudy.core.catalog import Model
from understudy.core.endpoints.chat_audio import VOICES, tokens_said
from understudy.core.errors import ApiError
from understudy.core.media import Media
from understudy.core.messages import Request
from understudy.core.operations import Call, Cost, Reply, json_body
from understudy.core.pacing import Pacing
from understudy.core.parameters import anything, check_all, number, optional, string, word
from understudy.core.pricing import Usage
from understudy.core.replies.spoken import speakable
from understudy.core.serialise import encode

LONGEST = 4_096
"""Characters of a text (OpenAPI document)."""
FORMATS = {
    "mp3": (b"audio/mpeg", "mp3"),
    "opus": (b"audio/opus", "opus"),
    "aac": (b"audio/aac", "aac"),
    "flac": (b"audio/flac", "flac"),
    "wav": (b"audio/wav", "wav"),
    "pcm": (b"audio/pcm", "pcm16"),
}
"""Type and codec of each; the first type is recorded, the others are those of the formats."""
_FIRST_VOICES = ("alloy", "ash", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer")
"""Of tts-1 and tts-1-hd (OpenAI's guide "Text to speech")."""
_SHOWN = 4
"""Tokens of sound in the time of one token of text: speech is sent faster than it is heard ("our choice")."""


def _voice(path: str, value: Any) -> None:
    if type(value) is dict and type(value.get("id")) is str:
        # No custom voice was ever made here; the words are "our choice".
        raise errors.BadRequest(f"Voice with id '{value['id']}' not found.", code="voice_not_found", param="voice.id")
    if type(value) is not str:
        raise errors.wrong_type(path, "one of a string or object", value)
    if value not in VOICES:
        raise errors.invalid_value(path, value, VOICES)


_PARAMETERS = {
    "model": anything,
    "input": string(LONGEST, 1),
    "voice": _voice,
    "instructions": optional(string(LONGEST)),
    "response_format": optional(word(*FORMATS)),
    "speed": optional(number(0.25, 4.0)),
    "stream_format": optional(word("audio", "sse")),
}


class Speech:
    """The operation; see `core.operations.Operation` for what each method is asked."""

    endpoint = "speech"
    shows_limits = True
    proxied = True

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """JSON alone."""
        return json_body(request)

    def read_model(self, body: dict[str, Any]) -> str:
        """The model's name."""
        name = body.get("model")
        if not isinstance(name, str) or not name:
            raise errors.no_model()
        return name

    def unknown_model(self, name: str) -> ApiError:
        """404 of the edge."""
        return errors.unknown_model(name)

    def wrong_model(self, model: Model) -> ApiError:
        """404 of the engine, in the words of other endpoints ("our choice")."""
        return errors.NotFound(
            f"This is not a speech model and thus not supported in the v1/audio/speech endpoint: {model.id}.",
            param="model",
            layer=errors.Layer.ENGINE,
        )

    def out_of_credits(self) -> ApiError:
        """429."""
        return errors.out_of_credits()

    def cost(self, body: dict[str, Any]) -> Cost:
        """A quarter of the characters (64 of them took 16, recorded 2026-08)."""
        text = body.get("input")
        return Cost(tokens=max(len(text) // 4, 1) if type(text) is str else 1)

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Parameters, then what the first models lack."""
        for name in ("input", "voice"):
            if body.get(name) is None:
                raise errors.missing(name)
        check_all(body, _PARAMETERS)
        if _is_first(model):
            if body["voice"] not in _FIRST_VOICES:
                raise errors.invalid_value("voice", body["voice"], _FIRST_VOICES)
            if body.get("stream_format") == "sse":
                # The document: not supported for these models; the words are "our choice".
                raise errors.BadRequest(
                    f"Unsupported value: 'stream_format' does not support 'sse' with the model '{model.id}'.",
                    code="unsupported_value",
                    param="stream_format",
                )

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """The sound, phrase by phrase as it is sent."""
        return _Said(call, media, pacing)


def _is_first(model: Model) -> bool:
    return model.id in ("tts-1", "tts-1-hd")


class _Said:
    """The answer, spoken as it is asked for."""

    body: bytes | None = None
    service_tier = "default"

    def __init__(self, call: Call, media: Media, pacing: Pacing) -> None:
        asked = call.body
        self.processing = pacing.ttft
        self.due = call.now + self.processing if self.processing else 0
        self._call = call
        self._pacing = pacing
        self._said = 0
        self._words = media.vocabulary.count(asked["input"], call.model.encoding)
        if not _is_first(call.model):
            self._words += media.vocabulary.count(asked.get("instructions") or "", call.model.encoding)
        self._in_events = asked.get("stream_format") == "sse"
        kind, codec = FORMATS[asked.get("response_format") or "mp3"]
        self.content_type = headers.EVENT_STREAM if self._in_events else kind
        text, speed = speakable(asked["input"]), float(asked.get("speed") or 1)
        phrases = media.speaker.speak_phrases(text, asked["voice"], speed=speed)
        # The first phrase is spoken at once: what is missing for it is a refusal, not a broken answer.
        first = next(phrases, None)
        self._pieces = media.codec.encode_pieces(self._heard(first, phrases), codec)

    def _heard(self, first: tuple[str, bytes] | None, others: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
        if first is not None:
            self._said += len(first[1])
            yield first[1]
        for _, pcm in others:
            self._said += len(pcm)
            yield pcm

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """Pieces of the file, or events, as the phrases are spoken."""
        due = self.due
        sent = 0
        for piece in self._pieces:
            if not piece:
                continue
            if self._in_events:
                data = b64encode(piece).decode("ascii")
                piece = _event({"type": "speech.audio.delta", "audio": data})
            yield due, piece
            if self._pacing.itl:
                tokens = tokens_said(self._said)
                due = (due or self._call.now) + self._pacing.itl * (tokens - sent) // _SHOWN
                sent = tokens
        if self._in_events:
            said = tokens_said(self._said)
            usage = {"input_tokens": self._words, "output_tokens": said, "total_tokens": self._words + said}
            yield due, _event({"type": "speech.audio.done", "usage": usage})

    def usage(self, *, complete: bool) -> Usage:
        """Characters of the first models; words and what was said of the others."""
        if _is_first(self._call.model):
            return Usage(characters=len(self._call.body["input"]))
        return Usage(text_in=self._words, audio_out=tokens_said(self._said))


def _event(value: dict[str, Any]) -> bytes:
    """Framed as recorded streams of transcriptions are; without `[DONE]`, as no stream of speech was recorded."""
    return b"data: " + encode(value) + b"\r\n\r\n"
