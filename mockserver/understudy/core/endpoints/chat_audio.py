"""Sound in chat: what may be asked for, what the messages say, and answers that are said aloud.

What is said costs a token for every 50 ms (OpenAI's guide to realtime costs), beside 4 text tokens more than its words
have (recorded 2025-08: one word in 12 audio tokens and 6 text tokens).
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from understudy.core import errors, ids
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.media import Media
from understudy.core.operations import Call
from understudy.core.replies.spoken import speakable
from understudy.core.serialise import encode
from understudy.core.sound_parts import WRAPPING, audio_tokens, has_sound, listened
from understudy.core.spoken_answers import SpokenAnswer

VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar",
)  # fmt: skip
"""Names of the OpenAPI document, 2026-08-21; their order in the refusal is as reported of the speech endpoint."""
LIFETIME = 3_600
"""Seconds that an answer may be referred to, from a second after its call (recorded 2025-08)."""
SAID_MS = 50
"""Milliseconds of an audio token."""
DELTA_BYTES = 9_600
"""PCM in one event of a stream: a fifth of a second ("our choice")."""
AT_ONCE = 4_096
"""Characters that a speaker is handed at once."""


def wants_speech(body: Mapping[str, Any]) -> bool:
    """Whether the answer is to be spoken."""
    return "audio" in (body.get("modalities") or ())


def check_parameters(body: Mapping[str, Any], model: Model) -> None:
    """Refuse what cannot be spoken.

    Raises:
        BadRequest: with the words that were recorded or reported, see each.
    """
    wanted = wants_speech(body)
    if "audio" not in model.abilities:
        _check_silent_model(body, model, wanted=wanted)
        return
    audio = body.get("audio")
    if audio is not None:
        _check_voice(audio["voice"])
    if wanted and audio is None:
        raise errors.missing("audio")
    if wanted and body.get("stream") and audio is not None and audio["format"] != "pcm16":
        # Reported word for word of this API and through gateways, 2025 to 2026.
        raise errors.BadRequest(
            f"Unsupported value: 'audio.format' does not support '{audio['format']}' when stream=true. Supported "
            "values are: 'pcm16'.",
            code="unsupported_value",
            param="audio.format",
        )
    if not wanted and not any(has_sound(message) for message in body["messages"]):
        # Reported with type, param and code, 2025 to 2026.
        raise errors.BadRequest(
            "This model requires that either input content or output modality contain audio.",
            code="invalid_value",
            param="model",
        )


def _check_silent_model(body: Mapping[str, Any], model: Model, *, wanted: bool) -> None:
    if "cache_write" in model.usage_extras:
        # Measured of gpt-5.6, 2026-08: the newest models do not know the parameters at all.
        for name in ("modalities", "audio"):
            if body.get(name) is not None:
                raise errors.unknown_parameter(name)
    if wanted:
        # Words of the same kind as other refused words ("our choice": not recorded).
        raise errors.invalid_value(f"modalities[{body['modalities'].index('audio')}]", "audio", ("text",))
    if body.get("audio") is not None:
        raise errors.unsupported_parameter("audio")


def _check_voice(voice: object) -> None:
    if type(voice) is dict:
        if type(voice.get("id")) is not str:
            raise errors.missing("audio.voice.id")
        # No custom voice was ever made here; the words are "our choice".
        raise errors.BadRequest(
            f"Voice with id '{voice['id']}' not found.", code="voice_not_found", param="audio.voice.id"
        )
    if type(voice) is not str:
        raise errors.wrong_type("audio.voice", "one of a string or object", voice)
    if voice not in VOICES:
        raise errors.invalid_value("audio.voice", voice, VOICES)


class Understood:
    """A request's messages in words.

    Attributes:
        messages: with what was heard, and what was said aloud, as text.
        audio_tokens: of all of them.
        more_tokens: of the prompt, beside those of the request as it came.
    """

    __slots__ = ("audio_tokens", "messages", "more_tokens")

    def __init__(self, messages: list[dict[str, Any]], audio_tokens: int, more_tokens: int) -> None:
        self.messages = messages
        self.audio_tokens = audio_tokens
        self.more_tokens = more_tokens


def understand(call: Call, media: Media) -> Understood | None:
    """What the messages say; None when there is no sound in them.

    Raises:
        BadRequest: a turn refers to an answer that is unknown, or no longer known.
    """
    messages = call.body["messages"]
    if "audio" not in call.model.abilities or not any(has_sound(message) for message in messages):
        return None
    heard_tokens = more = 0
    understood = []
    for index, message in enumerate(messages):
        reference = message.get("audio")
        content = message.get("content")
        if reference is not None:
            said = _said_before(call, reference["id"], index)
            heard_tokens += said.audio_tokens
            more += WRAPPING + said.audio_tokens + media.vocabulary.count(said.transcript, call.model.encoding)
            message = {**message, "content": content or said.transcript}
        elif type(content) is list:
            parts = []
            for part in content:
                if part["type"] == "input_audio":
                    heard = listened(part, media)
                    heard_tokens += audio_tokens(part, media)
                    part = {"type": "text", "text": "" if heard is None else heard.text}
                parts.append(part)
            message = {**message, "content": parts}
        understood.append(message)
    return Understood(understood, heard_tokens, more)


def _said_before(call: Call, id: str, index: int) -> SpokenAnswer:
    found = call.spoken.find(call.account.organization.id, id)
    if found is None or found.expires_at <= call.now:
        # Neither was recorded: the words are "our choice", of the kind of other ids that name nothing.
        problem = "not found" if found is None else "expired and is no longer available"
        raise errors.BadRequest(
            f"Audio response with id '{id}' {'was ' if found is None else ''}{problem}.",
            code="invalid_value",
            param=f"messages[{index}].audio.id",
        )
    return found


class Speech:
    """One choice said aloud, phrase by phrase as it is asked for, and remembered for later turns once it was said.

    Attributes:
        id: of the answer.
        transcript: its words.
        expires_at: seconds since the epoch.
        sent_text, sent_audio: tokens that a stream has handed over.
    """

    __slots__ = (
        "_call",
        "_media",
        "_said",
        "_source",
        "_transcript_tokens",
        "expires_at",
        "id",
        "sent_audio",
        "sent_text",
        "transcript",
    )

    def __init__(self, call: Call, media: Media, index: int, transcript: str) -> None:
        seconds = call.now // SECOND
        # An id holds its moment (recorded 2025-08): 8 hexadecimal digits, 4 of chance, "81" and 18 more.
        chance = ids.hexadecimal(call.seed, 22, b"audio%d" % index)
        self.id = f"audio_{seconds + 1:08x}{chance[:4]}81{chance[4:]}"
        self.expires_at = seconds + 1 + LIFETIME
        self.transcript = transcript
        self.sent_text = self.sent_audio = 0
        self._call = call
        self._media = media
        self._transcript_tokens = media.vocabulary.count(transcript, call.model.encoding)
        self._said: list[tuple[str, bytes]] = []
        self._source = _spoken(transcript, call.body["audio"]["voice"], media)

    @property
    def text_tokens(self) -> int:
        """Of the words, with those around them."""
        return WRAPPING + self._transcript_tokens

    @property
    def audio_tokens(self) -> int:
        """Of the sound, which is made for it as far as it was not."""
        return tokens_said(sum(len(pcm) for _, pcm in self.phrases()))

    def phrases(self) -> Iterator[tuple[str, bytes]]:
        """Words and PCM of 24 kHz of each phrase."""
        yield from self._said
        for phrase in self._source:
            self._said.append(phrase)
            yield phrase

    def on_the_wire(self) -> dict[str, Any]:
        """The message's `audio`."""
        pcm = b"".join(sound for _, sound in self.phrases())
        data = self._media.codec.encode(pcm, self._call.body["audio"]["format"])
        self._remember()
        return {
            "id": self.id,
            "data": b64encode(data).decode(),
            "expires_at": self.expires_at,
            "transcript": self.transcript,
        }

    def deltas(self) -> Iterator[tuple[str, int]]:
        """JSON and tokens of a stream's deltas: the id, then each phrase's words before its sound, then the end.

        The order is that of recorded realtime answers (transcript first); the fields are those of SDK tests.
        """
        yield f'{{"role":"assistant","content":null,"refusal":null,"audio":{{"id":"{self.id}","transcript":""}}}}', 0
        self.sent_text = WRAPPING
        pieces = self._media.vocabulary.pieces
        carried = b""
        for words, sound in self.phrases():
            for piece in pieces(words, self._call.model.encoding):
                self.sent_text += 1
                yield f'{{"audio":{{"transcript":{encode(piece).decode()}}}}}', 1
            carried += sound
            while len(carried) >= DELTA_BYTES:
                yield self._sound(carried[:DELTA_BYTES])
                carried = carried[DELTA_BYTES:]
        if carried:
            yield self._sound(carried)
        self._remember()
        yield f'{{"audio":{{"expires_at":{self.expires_at}}}}}', 0

    def _sound(self, pcm: bytes) -> tuple[str, int]:
        tokens = tokens_said(len(pcm))
        self.sent_audio += tokens
        return f'{{"audio":{{"data":"{b64encode(pcm).decode()}"}}}}', tokens

    def _remember(self) -> None:
        answer = SpokenAnswer(self.transcript, self.audio_tokens, self.expires_at * SECOND)
        self._call.spoken.keep(self._call.account.organization.id, self.id, answer)


def _spoken(text: str, voice: str, media: Media) -> Iterator[tuple[str, bytes]]:
    """Phrases of a text of any length, which a speaker is handed in parts."""
    while text:
        part = text
        if len(text) > AT_ONCE:
            space = text.rfind(" ", AT_ONCE // 2, AT_ONCE)
            part = text[: space + 1 if space > 0 else AT_ONCE]
        yield from media.speaker.speak_phrases(part, voice)
        text = text[len(part) :]


def tokens_said(size: int) -> int:
    """Audio tokens of so many bytes of PCM at 24 kHz."""
    return -(-size // (48 * SAID_MS))


def speak(call: Call, media: Media, index: int, said: str, room: int | None) -> tuple[Speech, bool]:
    """One choice's words said aloud.

    Args:
        call: whose answer it is.
        media: with what it is said.
        index: of the choice.
        said: its words.
        room: for how many tokens, of words and sound together; None where the request sets no limit.

    Returns:
        The speech, and whether it had to be cut to fit.
    """
    words = transcript = speakable(said)
    if room is None and len(words) > AT_ONCE:
        room = call.model.max_output_tokens
    while True:
        speech = Speech(call, media, index, transcript)
        if room is None or not transcript:
            break
        needed = speech.text_tokens + speech.audio_tokens
        if needed <= room:
            break
        # Words are cut in proportion until they and their sound fit ("our choice": the real API cuts the sound).
        transcript = transcript[: min(len(transcript) - 1, len(transcript) * room // needed)].rstrip()
    return speech, transcript != words
