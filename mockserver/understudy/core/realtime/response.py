"""One response under way: what it says, the events that say it, and what was sent when it is cut.

Nothing is made before it is pulled. Speech is made phrase by phrase: `work` is what must be done (perhaps in another
thread) before the next event can be pulled.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

from understudy.core import errors
from understudy.core.clock import SECOND
from understudy.core.errors import ApiError
from understudy.core.media import Media, MediaUnavailable
from understudy.core.pacing import Pacing
from understudy.core.realtime.conversation import OUTPUT_MS_PER_TOKEN, Item
from understudy.core.realtime.item_sounds import ItemSound
from understudy.core.realtime.sound_deltas import SoundDeltas, cut_base64, in_base64
from understudy.core.realtime.sound_formats import PCM, SoundFormat
from understudy.core.realtime.wire import EventWriter
from understudy.core.replies.tools import ToolCall

_UNLIMITED = 1 << 30
AUDIO_DELTA_MS = 200
"""Sound in a delta: of PCM 12,800 characters of base64 (observed deltas are some 16 kB of JSON)."""


class Spoken:
    """What a response says: text, or speech with its transcript, or calls of functions.

    Attributes:
        text: empty beside calls.
        calls: in order.
        modality: text or audio.
        voice: of audio.
        limit: most output tokens, None for as many as it takes.
        ends: why it is incomplete although all was said, None for it is not.
    """

    __slots__ = ("calls", "ends", "limit", "modality", "text", "voice")

    def __init__(
        self,
        text: str,
        calls: tuple[ToolCall, ...],
        modality: str,
        voice: str,
        limit: int | None,
        ends: str | None = None,
    ) -> None:
        self.ends = ends
        self.text = text
        self.calls = calls
        self.modality = modality
        self.voice = voice
        self.limit = limit


class ResponseRun:
    """A response from its first delta to its last.

    Attributes:
        id: `resp_…`.
        items: output items, in order, as they stand.
        text_tokens, audio_tokens: sent so far.
        incomplete: reason when it stopped by itself before its end.
        failure: what went wrong on the way.
        due: when the next event may be pulled; 0 for at once.
        work: to be called, by whoever may take the time, before `pull`; None when the next event is at hand.
    """

    def __init__(
        self,
        response_id: str,
        spoken: Spoken,
        *,
        format: SoundFormat = PCM,
        speed: float = 1.0,
        writer: EventWriter,
        media: Media,
        encoding: str,
        pacing: Pacing,
        now: int,
        on_item: Callable[[Item], str | None] | None,
    ) -> None:
        self.id = response_id
        self.items: list[Item] = []
        self.text_tokens = 0
        self.audio_tokens = 0
        self.incomplete: str | None = None
        self.failure: ApiError | None = None
        self.work: Callable[[], None] | None = None
        self._spoken = spoken
        self._writer = writer
        self._media = media
        self._format = format
        self._encoding = encoding
        self._pacing = pacing
        self.due = now + pacing.ttft if pacing.ttft or pacing.itl else 0
        self._on_item = on_item
        self._phrases: Iterator[tuple[str, bytes, bytes]] | None = None
        self._phrase: tuple[str, bytes, bytes] | None = None
        self._audio_bytes = 0
        self._open: deque[Callable[[], Iterator[bytes]]] = deque()
        self._events = self._whole()
        self._sound_again = partial(_sound, media, spoken, format, speed)
        if spoken.modality == "audio" and spoken.text:
            phrases = _phrases(media, spoken, format, speed)
            self._phrases = ((words, sound, in_base64(sound)) for words, sound in phrases)
            self.work = self._make_phrase

    @property
    def sound_ms(self) -> int:
        """Milliseconds of sound that were sent so far."""
        return self._audio_bytes // self._format.bytes_per_ms

    def pull(self) -> list[bytes] | None:
        """The next events, which count as sent; None at the end.

        They must be due, and `work` must be done first; none says that there is some again. Those that open an item and
        those that close it come together, so that whoever cuts in finds it open as a whole or not at all.
        """
        return next(self._events, None)

    def cut(self) -> list[bytes]:
        """Stop here: the events that close what is open, with what was sent so far."""
        self._events.close()
        self.work = None
        closing = [event for close in self._open for event in close()]
        for item in self.items:
            if item.shown["status"] == "in_progress":
                item.shown["status"] = "incomplete"
        return closing

    def _whole(self) -> Generator[list[bytes]]:
        spoken = self._spoken
        for call in spoken.calls:
            yield from self._call(call)
            if self.incomplete:
                return
        if not spoken.calls or spoken.text:
            yield from (self._speech() if spoken.modality == "audio" else self._text())

    def _item(self, shown: dict[str, Any]) -> tuple[Item, dict[str, Any], list[bytes]]:
        """A new output item, the fields that name it in events, and the events that announce it."""
        item = Item(shown)
        self.items.append(item)
        place = {"response_id": self.id, "item_id": item.id, "output_index": len(self.items) - 1}
        previous = None if self._on_item is None else self._on_item(item)
        events = [
            self._writer.write(
                "response.output_item.added",
                response_id=self.id,
                output_index=place["output_index"],
                item=_snapshot(item),
            )
        ]
        if self._on_item is not None:
            events.append(
                self._writer.write("conversation.item.added", previous_item_id=previous, item=_snapshot(item))
            )
        return item, place, events

    def _close_item(self, item: Item, place: dict[str, Any], status: str) -> Iterator[bytes]:
        item.shown["status"] = status
        if self._on_item is not None:
            known = item.shown.pop("previous", None)
            yield self._writer.write("conversation.item.done", previous_item_id=known, item=_snapshot(item))
        yield self._writer.write(
            "response.output_item.done",
            response_id=self.id,
            output_index=place["output_index"],
            item=_snapshot(item),
        )

    def _text(self) -> Iterator[list[bytes]]:
        write = self._writer.write
        shown = self._message()
        item, place, events = self._item(shown)
        part = {**place, "content_index": 0}
        events.append(write("response.content_part.added", **part, part={"type": "text", "text": ""}))
        content = {"type": "output_text", "text": ""}
        shown["content"].append(content)

        def close(status: str = "incomplete") -> Iterator[bytes]:
            text = content["text"]
            yield write("response.output_text.done", **part, text=text)
            yield write("response.content_part.done", **part, part={"type": "text", "text": text})
            yield from self._close_item(item, place, status)

        self._open.append(close)
        yield events
        for piece in self._media.vocabulary.pieces(self._spoken.text, self._encoding):
            if self._room() <= 0:
                self.incomplete = "max_output_tokens"
                break
            content["text"] += piece
            self.text_tokens += 1
            self._wait(self._pacing.itl)
            yield [self._writer.delta("response.output_text.delta", part, "delta", piece)]
        self._open.remove(close)
        self.incomplete = self.incomplete or self._spoken.ends
        yield list(close("incomplete" if self.incomplete else "completed"))

    def _speech(self) -> Iterator[list[bytes]]:
        write = self._writer.write
        shown = self._message()
        item, place, events = self._item(shown)
        part = {**place, "content_index": 0}
        events.append(write("response.content_part.added", **part, part={"type": "audio", "transcript": ""}))
        content = {"type": "output_audio", "transcript": ""}
        shown["content"].append(content)

        def close(status: str = "incomplete") -> Iterator[bytes]:
            transcript = content["transcript"]
            # Who truncated it meanwhile has its beginning.
            whole = item.audio_ms == self.sound_ms
            end = self._audio_bytes if whole else item.audio_ms * self._format.bytes_per_ms
            item.sounds[0] = ItemSound(end, make=self._sound_again)
            yield write("response.output_audio.done", **part)
            yield write("response.output_audio_transcript.done", **part, transcript=transcript)
            yield write("response.content_part.done", **part, part={"type": "audio", "transcript": transcript})
            yield from self._close_item(item, place, status)

        self._open.append(close)
        yield events
        deltas = SoundDeltas(self._writer, part)
        while (phrase := self._phrase) is not None:
            words, audio, encoded = phrase
            told = start = 0
            pieces = deque(self._media.vocabulary.pieces(words, self._encoding))
            while pieces or start < len(audio):
                if self._room() <= 0:
                    self.incomplete = "max_output_tokens"
                    break
                # A word is told just before its sound, taking all letters for equally long ("our choice").
                if pieces and told * len(audio) <= start * len(words):
                    piece = pieces.popleft()
                    told += len(piece)
                    content["transcript"] += piece
                    self.text_tokens += 1
                    yield [self._writer.delta("response.output_audio_transcript.delta", part, "delta", piece)]
                    continue
                most = min(AUDIO_DELTA_MS, self._room() * OUTPUT_MS_PER_TOKEN) * self._format.bytes_per_ms
                before, start = start, min(start + most, len(audio))
                self._sent_audio(item, start - before)
                yield [deltas.write(cut_base64(encoded, audio, before, start))]
            self._phrase = None
            if self.incomplete:
                break
            self.work = self._make_phrase
            # Whoever pulls next has done the work.
            yield []
        self._open.remove(close)
        self.incomplete = self.incomplete or self._spoken.ends
        yield list(close("incomplete" if self.incomplete or self.failure else "completed"))

    def _call(self, call: ToolCall) -> Iterator[list[bytes]]:
        write = self._writer.write
        call_id = self._writer.ids.make("call_", 16)
        shown = {
            "id": self._writer.ids.make("item_"),
            "type": "function_call",
            "status": "in_progress",
            "name": call.name,
            "call_id": call_id,
            "arguments": "",
        }
        item, place, events = self._item(shown)
        named = {**place, "call_id": call_id}

        def close(status: str = "incomplete") -> Iterator[bytes]:
            yield write("response.function_call_arguments.done", **named, name=call.name, arguments=shown["arguments"])
            yield from self._close_item(item, place, status)

        self._open.append(close)
        yield events
        for piece in self._media.vocabulary.pieces(call.arguments, self._encoding):
            if self._room() <= 0:
                self.incomplete = "max_output_tokens"
                break
            shown["arguments"] += piece
            self.text_tokens += 1
            self._wait(self._pacing.itl)
            yield [self._writer.delta("response.function_call_arguments.delta", named, "delta", piece)]
        self._open.remove(close)
        yield list(close("incomplete" if self.incomplete else "completed"))

    def _room(self) -> int:
        """Output tokens that may still be sent."""
        limit = self._spoken.limit
        return _UNLIMITED if limit is None else limit - self.text_tokens - self.audio_tokens

    def _sent_audio(self, item: Item, size: int) -> None:
        """Count bytes of sound that are sent now."""
        before = self.sound_ms
        self._audio_bytes += size
        here = self.sound_ms
        item.audio_ms += here - before
        self.audio_tokens = -(-here // OUTPUT_MS_PER_TOKEN)
        # Speech is sent about four times as fast as it plays (observed: faster than real time).
        self._wait(size * SECOND // (self._format.bytes_per_ms * 1_000 * 4))

    def _message(self) -> dict[str, Any]:
        return {
            "id": self._writer.ids.make("item_"),
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }

    def _make_phrase(self) -> None:
        try:
            self._phrase = None if self._phrases is None else next(self._phrases, None)
        except MediaUnavailable as missing:
            self.failure = errors.extra_missing(str(missing))
        self.work = None

    def _wait(self, microseconds: int) -> None:
        """The event that is pulled now was due before; the next one is due later."""
        if self.due:
            self.due += microseconds


def _phrases(media: Media, spoken: Spoken, sound: SoundFormat, speed: float) -> Iterator[tuple[str, bytes]]:
    """Words and their sound."""
    for words, samples in media.speaker.speak_phrases(spoken.text, spoken.voice, sound.rate, speed=speed):
        yield words, samples if sound is PCM else media.codec.encode(samples, sound.name, sound.rate)


def _sound(media: Media, spoken: Spoken, sound: SoundFormat, speed: float) -> Iterator[bytes]:
    return (said for _, said in _phrases(media, spoken, sound, speed))


def _snapshot(item: Item) -> dict[str, Any]:
    """The item as it stands now: events that were written do not change when it does."""
    shown = dict(item.shown)
    shown.pop("previous", None)
    if "content" in shown:
        shown["content"] = [dict(part) for part in shown["content"]]
    return shown
