"""`POST /v1/audio/transcriptions` and `/v1/audio/translations`: what is said in a file.

Understudy's own speech is understood word for word; any other sound has a text that says how long it is. Shapes,
headers and framing as recorded 2026-04 and 2026-08, the rest from the OpenAPI document 2026-08-21.
"""

import math
import re
import zlib
from collections.abc import Iterator
from typing import Any

from understudy.core import errors, headers
from understudy.core.catalog import Model
from understudy.core.endpoints.form_fields import read_form, single
from understudy.core.errors import ApiError
from understudy.core.logprobs import entries
from understudy.core.media import Heard, Media
from understudy.core.messages import Request
from understudy.core.operations import Call, Cost, Reply
from understudy.core.pacing import Pacing
from understudy.core.pricing import Usage
from understudy.core.replies.languages import LANGUAGES
from understudy.core.serialise import encode
from understudy.core.sound_parts import HEARD_MS
from understudy.core.timed_text import Timed, spoken_segments, subtitles, words_of

LARGEST = 25 * 1024 * 1024
SHORTEST_MS = 100
UNCHUNKED_MS = 30_000
"""What a model that tells speakers apart takes without a chunking strategy (OpenAPI document)."""
_EXTENSIONS = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_LISTS = (
    *("include", "timestamp_granularities", "languages", "keywords"),
    *("known_speaker_names", "known_speaker_references"),
)
_CHUNKING = "chunking_strategy["
_KNOWN = frozenset(
    {"model", "file", "language", "prompt", "response_format", "temperature", "stream", "chunking_strategy", *_LISTS}
)
_TRANSLATES = frozenset({"model", "file", "prompt", "response_format", "temperature"})
_FIRST_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_NAMES = {code: language.name.lower() for code, language in LANGUAGES.items()}
_LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)


class Transcriptions:
    """The operation; see `core.operations.Operation` for what each method is asked."""

    endpoint = "transcriptions"
    shows_limits = True
    proxied = True
    _known = _KNOWN

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """A form; lists are repeated fields."""
        return read_form(request, media, files=("file", *_LISTS), truths=("stream",))

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
        """400 ("our choice")."""
        return errors.BadRequest(
            f"The model '{model.id}' does not support {self.endpoint} of audio.",
            code="unsupported_model",
            param="model",
        )

    def out_of_credits(self) -> ApiError:
        """429."""
        return errors.out_of_credits()

    def cost(self, body: dict[str, Any]) -> Cost:
        """A request: no limit of tokens was ever recorded here."""
        return Cost()

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """The file's size, then parameters, then what is in it."""
        part = single(body, "file")
        if part is None:
            raise errors.missing("file")
        if len(part.value) > LARGEST:
            # As widely reported since 2023.
            raise errors.ApiError(
                f"413: Maximum content size limit ({LARGEST}) exceeded ({len(part.value)} bytes read)",
                status=413,
                type="server_error",
            )
        for name in body:
            if name not in self._known and not (name.startswith(_CHUNKING) and "chunking_strategy" in self._known):
                raise errors.unknown_parameter(name)
        self._check_options(body, model)
        extension = (part.filename or "").rpartition(".")[2].lower()
        if extension not in _EXTENSIONS:
            # As widely reported since 2023: the name alone decides.
            formats = ", ".join(f"'{each}'" for each in _EXTENSIONS)
            raise errors.BadRequest(f"Invalid file format. Supported formats: [{formats}]")
        heard = media.ear.listen(part.value)
        if not isinstance(heard, Heard):
            raise _unreadable(model)
        if heard.milliseconds < SHORTEST_MS:
            raise errors.BadRequest(
                "Audio file is too short. Minimum audio length is 0.1 seconds.", code="audio_too_short", param="file"
            )
        chunked = any(name.startswith("chunking_strategy") for name in body)
        if _tells_speakers(model) and heard.milliseconds > UNCHUNKED_MS and not chunked:
            raise errors.BadRequest(
                "chunking_strategy is required for diarization models", code="invalid_value", param="chunking_strategy"
            )

    def _check_options(self, body: dict[str, Any], model: Model) -> None:
        language = body.get("language")
        if language and not _LANGUAGE.fullmatch(language):
            raise errors.BadRequest(
                f"Invalid language '{language}'. Language parameter must be specified in ISO-639-1 format.",
                code="invalid_language_format",
                param="language",
            )
        temperature = body.get("temperature")
        if temperature is not None:
            try:
                given = float(temperature)
            except ValueError:
                raise errors.wrong_type("temperature", "a decimal", temperature) from None
            if not 0 <= given <= 1:
                bound = errors.below_minimum if given < 0 else errors.above_maximum
                raise bound("temperature", given, 0.0 if given < 0 else 1.0)
        form = body.get("response_format") or "json"
        accepted = _formats(model)
        if form not in (*_FIRST_FORMATS, "diarized_json"):
            raise errors.invalid_value("response_format", form, accepted)
        if form not in accepted:
            # As widely reported in 2025.
            raise errors.BadRequest(
                f"response_format '{form}' is not compatible with model '{model.id}'. "
                f"Use {' or '.join(f'{each!r}' for each in accepted)} instead.",
                code="unsupported_value",
                param="response_format",
            )
        for index, grain in enumerate(_texts(body, "timestamp_granularities")):
            path = f"timestamp_granularities[{index}]"
            if grain not in ("word", "segment"):
                raise errors.invalid_value(path, grain, ("word", "segment"))
            if form != "verbose_json":
                raise errors.BadRequest(
                    "timestamp_granularities is only supported with response_format 'verbose_json'.",
                    code="unsupported_value",
                    param="timestamp_granularities",
                )
        for index, wanted in enumerate(_texts(body, "include")):
            if wanted != "logprobs":
                raise errors.invalid_value(f"include[{index}]", wanted, ("logprobs",))
            if form != "json" or _is_first(model) or _tells_speakers(model):
                raise errors.unsupported_parameter("include")
        if body.get("stream") not in (None, True, False):
            raise errors.wrong_type("stream", "a boolean", body["stream"])

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """What was heard."""
        return _Transcript(call, media, pacing, translated=False)


class Translations(Transcriptions):
    """The same in English."""

    endpoint = "translations"
    _known = _TRANSLATES

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """What was heard, marked where it is not English."""
        return _Transcript(call, media, pacing, translated=True)


def _is_first(model: Model) -> bool:
    return model.id == "whisper-1"


def _tells_speakers(model: Model) -> bool:
    return model.id.endswith("-diarize")


def _formats(model: Model) -> tuple[str, ...]:
    if _is_first(model):
        return _FIRST_FORMATS
    return ("json", "text", "diarized_json") if _tells_speakers(model) else ("json", "text")


def _texts(body: dict[str, Any], name: str) -> list[str]:
    return [part.value.decode("utf-8", "replace") for part in body.get(name) or ()]


def _unreadable(model: Model) -> ApiError:
    """As reported of each, 2023 to 2026."""
    if _is_first(model):
        return errors.BadRequest("The audio file could not be decoded or its format is not supported.")
    return errors.BadRequest("Audio file might be corrupted or unsupported", code="invalid_value", param="file")


class _Transcript:
    """The answer."""

    service_tier = "default"

    def __init__(self, call: Call, media: Media, pacing: Pacing, *, translated: bool) -> None:
        body = call.body
        part = single(body, "file")
        heard = None if part is None else media.ear.listen(part.value)
        if not isinstance(heard, Heard):
            raise TypeError("what cannot be heard was refused")
        script = call.script
        text = heard.text if script is None or script.text is None else script.text
        language = body.get("language") or heard.language
        if translated and language not in ("en", "und"):
            # Nothing here translates ("our choice"): the words stay, marked as what they are.
            text = f"[{_NAMES.get(language, language)}] {text}"
        self._call = call
        self._media = media
        self._text = text
        self._language = _NAMES.get("en" if translated else language, language)
        self._milliseconds = heard.milliseconds
        self._translated = translated
        self._spoken = media.vocabulary.pieces(text, call.model.encoding)
        self._audio_tokens = max(heard.milliseconds // HEARD_MS, 1)
        self._prompt_tokens = media.vocabulary.count(body.get("prompt") or "", call.model.encoding)
        self._sent = 0
        # Hearing takes a tenth of the sound's time ("our choice"; 7 s in 1.5 s, 3.7 s in 2 s: recorded 2026).
        hearing = heard.milliseconds * 100 if pacing.ttft else 0
        self.processing = pacing.ttft + hearing
        self.due = call.now + self.processing if self.processing else 0
        self._itl = pacing.itl
        form = body.get("response_format") or "json"
        streams = body.get("stream") is True and not _is_first(call.model)
        self.content_type = headers.EVENT_STREAM if streams else headers.JSON
        self.body: bytes | None = None if streams else self._whole(form)
        if not streams and form in ("text", "srt", "vtt"):
            self.content_type = b"text/plain; charset=utf-8"

    @property
    def _segments(self) -> list[Timed]:
        return spoken_segments(self._text, self._milliseconds)

    def _whole(self, form: str) -> bytes:
        self._sent = len(self._spoken)
        if form == "text":
            return self._text.encode("utf-8", "replace") + b"\n"
        if form in ("srt", "vtt"):
            return subtitles(self._segments, form).encode("utf-8", "replace")
        value: dict[str, Any]
        if form == "verbose_json":
            value = self._verbose()
        elif form == "diarized_json":
            value = {
                "text": self._text,
                "task": "transcribe",
                "duration": self._milliseconds / 1_000,
                "segments": [_diarized(segment, index) for index, segment in enumerate(self._segments)],
                "usage": self._counted(),
            }
        else:
            value = {"text": self._text}
            if _texts(self._call.body, "include"):
                value["logprobs"] = self._logprobs()
            if not self._translated:
                value["usage"] = self._counted()
        return encode(value)

    def _verbose(self) -> dict[str, Any]:
        value: dict[str, Any] = {
            "task": "translate" if self._translated else "transcribe",
            "language": self._language,
            "duration": self._milliseconds / 1_000,
            "text": self._text,
        }
        grains = _texts(self._call.body, "timestamp_granularities") or ["segment"]
        if "word" in grains:
            value["words"] = [
                {"word": word.text, "start": word.start, "end": word.end}
                for word in words_of(self._text, self._milliseconds)
            ]
        if "segment" in grains:
            value["segments"] = [self._segment(index, segment) for index, segment in enumerate(self._segments)]
        if not self._translated:
            value["usage"] = self._counted()
        return value

    def _segment(self, index: int, segment: Timed) -> dict[str, Any]:
        """With the figures by which whisper tells what it doubts; its own are those of a sure one ("our choice")."""
        encoding = self._call.model.encoding
        tokens = self._media.vocabulary.encode(segment.text, encoding)
        chances = [
            entry["logprob"] for entry in entries(tokens, self._media.vocabulary, encoding, self._call.seed, sure=True)
        ]
        plain = segment.text.encode("utf-8", "replace")
        return {
            "id": index,
            "seek": 0,
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
            "tokens": tokens,
            "temperature": float(self._call.body.get("temperature") or 0),
            "avg_logprob": sum(chances) / len(chances),
            "compression_ratio": len(plain) / len(zlib.compress(plain)),
            "no_speech_prob": 0.01,
        }

    def _counted(self) -> dict[str, Any]:
        """Seconds of whisper-1 (3.7 were 4, recorded 2026-08), tokens of the others."""
        if _is_first(self._call.model):
            return {"type": "duration", "seconds": math.ceil(self._milliseconds / 1_000)}
        given = self._prompt_tokens + self._audio_tokens
        made = len(self._spoken)
        return {
            "type": "tokens",
            "total_tokens": given + made,
            "input_tokens": given,
            "input_token_details": {"text_tokens": self._prompt_tokens, "audio_tokens": self._audio_tokens},
            "output_tokens": made,
        }

    def _logprobs(self) -> list[dict[str, Any]]:
        vocabulary, encoding = self._media.vocabulary, self._call.model.encoding
        said = vocabulary.encode(self._text, encoding)
        shown = entries(said, vocabulary, encoding, self._call.seed)
        return [{name: entry[name] for name in ("token", "logprob", "bytes")} for entry in shown]

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """Deltas, or segments with their speakers, then the end and `[DONE]`, framed by CR and LF as recorded."""
        due = self.due
        if _tells_speakers(self._call.model):
            for index, segment in enumerate(self._segments):
                yield due, _event(_diarized(segment, index))
        else:
            logprobs = self._logprobs() if _texts(self._call.body, "include") else None
            told = 0
            for piece in self._spoken:
                event: dict[str, Any] = {"type": "transcript.text.delta", "delta": piece}
                if logprobs is not None:
                    length, first = len(piece.encode("utf-8", "replace")), told
                    while told < len(logprobs) and length > 0:
                        length -= len(logprobs[told]["bytes"] or b" ")
                        told += 1
                    event["logprobs"] = logprobs[first:told]
                self._sent += 1
                yield due, _event(event)
                due += self._itl
        self._sent = len(self._spoken)
        done: dict[str, Any] = {"type": "transcript.text.done", "text": self._text}
        if _texts(self._call.body, "include"):
            done["logprobs"] = self._logprobs()
        done["usage"] = self._counted()
        yield due, _event(done)
        yield due, b"data: [DONE]\r\n\r\n"

    def usage(self, *, complete: bool) -> Usage:
        """The sound's time, or its tokens and those of the words that were sent."""
        if _is_first(self._call.model):
            return Usage(milliseconds=math.ceil(self._milliseconds / 1_000) * 1_000)
        return Usage(text_in=self._prompt_tokens, audio_in=self._audio_tokens, text_out=self._sent)


def _diarized(segment: Timed, index: int) -> dict[str, Any]:
    """One speaker is heard ("our choice": voices are not told apart)."""
    return {
        "type": "transcript.text.segment",
        "text": segment.text,
        "speaker": "A",
        "start": segment.start,
        "end": segment.end,
        "id": f"seg_{index}",
    }


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + encode(value) + b"\r\n\r\n"
