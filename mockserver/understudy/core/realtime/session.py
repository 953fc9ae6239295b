"""A realtime session of the GA interface: client events in, server events out.

    receive(frame, now)  what a client event leads to at once
    pull(now)            the next event of the response under way, with the moment it is due
    work                 what must be done before `pull` (making speech); may be run in another thread
    deadline, wake(now)  the moment the session ends by itself, and what is said then

Every event of the client is one row of `_HANDLERS`. A wrong event is answered with an `error` that names it, and the
session lives on. Order of events as recorded in 2025-12 to 2026-09.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.accounts import Account, Admission
from understudy.core.catalog import Model
from understudy.core.errors import ApiError
from understudy.core.journal import JournalEntry
from understudy.core.limits import Cost, Trio
from understudy.core.media import Heard
from understudy.core.parameters import anything, integer, optional, string
from understudy.core.pricing import Usage, charge
from understudy.core.realtime.beta import BetaWriter, new_beta_session, read_event
from understudy.core.realtime.conversation import Conversation, Item, checked_item
from understudy.core.realtime.hearing import (
    DEFAULT_TRANSCRIBER,
    Transcript,
    check_model,
    hear,
    is_sentence,
    understood,
)
from understudy.core.realtime.input_audio import InputAudio, Started, detector_of
from understudy.core.realtime.response import ResponseRun, Spoken
from understudy.core.realtime.session_fields import (
    RESPONSE,
    SESSION,
    TRANSCRIPTION_SESSION,
    merged,
    new_session,
    new_transcription_session,
    session_lifetime,
)
from understudy.core.realtime.sound_formats import SoundFormat, format_of
from understudy.core.realtime.wire import EventWriter, WireIds
from understudy.core.replies import text, tools
from understudy.core.rule_answers import Script, ScriptedUsage
from understudy.core.rule_request import RuleRequest
from understudy.core.simulator import Simulator, rate_limited
from understudy.core.usage_log import Spent

_decode = msgspec.json.Decoder().decode
_CACHED_STEP = 64
"""Tokens of the conversation that were read before are cached in whole steps ("our choice")."""


class Close(msgspec.Struct, frozen=True):
    """The end of the socket, said by the server."""

    code: int
    reason: str


class RealtimeSession:
    """One session.

    Args:
        simulator: whose accounts, prices and media it uses.
        account: whose session it is.
        model: the one that was asked for.
        seed: decides everything by chance.
        now: microseconds since the epoch.
        entry: the session's line in the journal.
        transcribes: whether it answers nothing and only transcribes.
        beta: whether the client speaks the beta interface.
        start_from: an update that holds from the beginning.

    Attributes:
        close: set when the session has ended by itself.
    """

    def __init__(
        self,
        simulator: Simulator,
        account: Account,
        model: Model,
        *,
        seed: bytes,
        now: int,
        entry: JournalEntry,
        transcribes: bool = False,
        beta: bool = False,
        start_from: dict[str, Any] | None = None,
    ) -> None:
        self._simulator = simulator
        self._account = account
        self._model = model
        self._entry = entry
        self._ids = WireIds(seed)
        self._beta = beta
        self._writer = BetaWriter(self._ids) if beta else EventWriter(self._ids)
        self._transcribes = transcribes
        session_id = self._ids.make("sess_")
        lifetime = session_lifetime(simulator.settings.era)
        if transcribes:
            begun = new_transcription_session(session_id, now)
        elif beta:
            begun = new_beta_session(session_id, model.id, now, lifetime)
        else:
            begun = new_session(session_id, model.id, now, lifetime)
        self._fields = merged(begun, start_from or {})
        self._conversation = Conversation(self._ids.make("conv_"))
        self._input = InputAudio(format_of(self._fields["audio"]["input"]["format"]))
        self._speech_item = ""
        self._run: ResponseRun | None = None
        self._asked: dict[str, Any] = {}
        self._read_before = 0
        self._input_usage = (0, 0)
        self._counted: ScriptedUsage | None = None
        self.close: Close | None = None
        self._lifetime = lifetime
        self._expires_at = now + lifetime
        self._idle_at: int | None = None
        self._count(1)

    @property
    def work(self) -> Callable[[], None] | None:
        """What must be done before `pull`, None when nothing."""
        return None if self._run is None else self._run.work

    @property
    def deadline(self) -> int:
        """When `wake` has something to say: the caller has been silent for long, or the session ends."""
        return self._expires_at if self._idle_at is None else min(self._idle_at, self._expires_at)

    def is_responding(self) -> bool:
        """Whether a response is under way."""
        return self._run is not None

    @property
    def response_id(self) -> str | None:
        """Of the response under way, None while there is none."""
        return None if self._run is None else self._run.id

    def start(self) -> bytes:
        """The first event."""
        return self._writer.write("session.created", session=self._fields)

    def receive(self, frame: str | bytes, now: int) -> list[bytes]:
        """What a frame of the client leads to at once."""
        if not isinstance(frame, str):
            binary = errors.BadRequest("Binary frames are not accepted.", code="invalid_event")
            return [self._writer.error(binary, None)]
        try:
            event = _decode(frame.encode("utf-8", "surrogatepass"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return [
                self._writer.error(
                    errors.BadRequest("The event could not be parsed as JSON.", code="invalid_json"), None
                )
            ]
        event_id = event.get("event_id") if isinstance(event, dict) else None
        named = event_id if isinstance(event_id, str) else None
        try:
            return [said for said in self._handle(event, now) if said]
        except ApiError as refused:
            return [self._writer.error(refused, named)]

    def pull(self, now: int) -> tuple[int, list[bytes]] | None:
        """The next events of the response and when they are due (0: at once); None when none is under way.

        There may be no event in it: then there is `work` to do first.
        """
        run = self._run
        if run is None:
            return None
        pulled = run.pull()
        if pulled is not None:
            due, event = pulled
            return due, [event] if event else []
        status = "incomplete" if run.incomplete else "completed"
        details = {"type": "incomplete", "reason": run.incomplete} if run.incomplete else None
        return 0, self._finish(status, details, now)

    def wake(self, now: int) -> list[bytes]:
        """What is said when the deadline has come."""
        if self._idle_at is not None and self._idle_at <= now < self._expires_at:
            return [said for said in self._miss_caller(now) if said]
        if now < self._expires_at:
            return []
        minutes = self._lifetime // 60_000_000
        message = f"Your session hit the maximum duration of {minutes} minutes."
        said = self._cut("cancelled", {"type": "cancelled", "reason": "turn_detected"}, now) if self._run else []
        self.close = Close(1001, message)
        self._entry.closed = 1001
        return [*filter(None, said), self._writer.error(errors.BadRequest(message, code="session_expired"), None)]

    def _miss_caller(self, now: int) -> Iterator[bytes]:
        """Nobody has spoken for the idle timeout: an empty turn is committed, and answered."""
        self._idle_at = None
        item_id = self._ids.make("item_")
        here = self._input.written_ms
        start = max(0, here - round(self._input.milliseconds))
        yield self._writer.write(
            "input_audio_buffer.timeout_triggered", audio_start_ms=start, audio_end_ms=here, item_id=item_id
        )
        samples = self._input.samples
        self._input.clear()
        yield from self._committed(item_id, samples, now)
        if self._run is None:
            yield from self._respond({}, now)

    def end(self, now: int) -> None:
        """The client has gone: what was sent is charged."""
        if self._run is not None:
            self._cut("cancelled", {"type": "cancelled", "reason": "client_cancelled"}, now)
        if self._entry.finished_at is None:
            self._count(-1)
        self._entry.finished_at = now

    def _count(self, difference: int) -> None:
        def change(account: Account) -> None:
            account.organization.sessions += difference

        self._simulator.store.change(self._account, change)

    def _handle(self, event: Any, now: int) -> Iterator[bytes]:
        if type(event) is not dict:
            raise errors.BadRequest("The event must be a JSON object.", code="invalid_json")
        kind = event.get("type")
        if kind is None:
            raise errors.BadRequest("The 'type' field is missing.", code="invalid_event")
        handler = _HANDLERS.get(kind) if isinstance(kind, str) else None
        if handler is None:
            raise errors.invalid_value("type", kind, tuple(_HANDLERS))
        if self._beta:
            event = read_event(event)
        if self._transcribes and kind.startswith("response."):
            raise errors.BadRequest(
                f"The '{kind}' event is not supported in transcription sessions.", code="invalid_event", param="type"
            )
        return handler(self, event, now)

    def _update_session(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        # What a client of the beta interface wrote was checked by its own names.
        known = anything if self._beta else TRANSCRIPTION_SESSION if self._transcribes else SESSION
        _check(event, {"session": known}, ("session",))
        wanted = event["session"].get("audio") or {}
        name = ((wanted.get("input") or {}).get("transcription") or {}).get("model")
        if name is not None:
            check_model(name, self._simulator.find_model(name, self._account))
        voice = (wanted.get("output") or {}).get("voice")
        if voice is not None and voice != self._fields["audio"]["output"]["voice"] and self._has_spoken():
            raise errors.BadRequest(
                "Cannot update a conversation's voice if assistant audio is present.", code="cannot_update_voice"
            )
        self._fields = merged(self._fields, event["session"])
        self._input.use(format_of(self._fields["audio"]["input"]["format"]))
        self._idle_at = None
        yield self._writer.write("session.updated", session=self._fields)

    def _append(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        _check(event, {"audio": string()}, ("audio",))
        self._input.append(event["audio"])
        detection = self._fields["audio"]["input"]["turn_detection"]
        if detection is None:
            return
        detector = detector_of(detection)
        while (change := self._input.detect(detector, self._is_finished)) is not None:
            if isinstance(change, Started):
                self._idle_at = None
                self._speech_item = self._ids.make("item_")
                yield self._writer.write(
                    "input_audio_buffer.speech_started", audio_start_ms=change.at_ms, item_id=self._speech_item
                )
                if self._run is not None and detection["interrupt_response"]:
                    self._entry.interrupted += 1
                    yield from self._cut("cancelled", {"type": "cancelled", "reason": "turn_detected"}, now)
            else:
                yield self._writer.write(
                    "input_audio_buffer.speech_stopped", audio_end_ms=change.at_ms, item_id=self._speech_item
                )
                yield from self._committed(self._speech_item, self._input.take_turn(), now)
                if detection.get("create_response") and self._run is None:
                    yield from self._respond({}, now)

    def _is_finished(self, samples: bytes) -> bool:
        """Whether what was said so far is a whole sentence; server_vad does not ask what was said."""
        detection = self._fields["audio"]["input"]["turn_detection"]
        return detection["type"] != "semantic_vad" or is_sentence(self._hear(samples))

    def _hear(self, samples: bytes) -> Heard | None:
        return hear(samples, self._simulator.media, self._input.format)

    def _commit(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        _check(event, {}, ())
        samples = self._input.commit()
        yield from self._committed(self._ids.make("item_"), samples, now)

    def _committed(self, item_id: str, samples: bytes, now: int) -> Iterator[bytes]:
        heard = self._hear(samples)
        item = Item(
            {
                "id": item_id,
                "type": "message",
                "status": "completed",
                "role": "user",
                "content": [{"type": "input_audio", "transcript": None}],
            },
            round(self._input.format.milliseconds(len(samples))),
            understood(heard),
        )
        previous = self._conversation.insert(item, None)
        yield self._writer.write("input_audio_buffer.committed", previous_item_id=previous, item_id=item_id)
        yield from self._announced(item, previous)
        wanted = self._fields["audio"]["input"]["transcription"]
        if wanted is not None and heard is not None:
            yield from self._transcribed(item, heard, wanted.get("model") or DEFAULT_TRANSCRIBER, now)

    def _transcribed(self, item: Item, heard: Heard, name: str, now: int) -> Iterator[bytes]:
        simulator = self._simulator
        model = check_model(name, simulator.find_model(name, self._account))
        transcript = Transcript(heard, model, simulator.media)
        kind = "conversation.item.input_audio_transcription"
        place = {"item_id": item.id, "content_index": 0}
        for piece in transcript.deltas():
            yield self._writer.write(f"{kind}.delta", **place, delta=piece)
        item.shown["content"][0]["transcript"] = transcript.text
        usage = transcript.shown_usage()
        yield self._writer.write(f"{kind}.completed", **place, transcript=transcript.text, usage=usage)
        amount = charge(transcript.usage, simulator.prices.find(model.price))
        spent = Spent("audio_transcriptions", model.snapshot, "default", transcript.usage, amount)
        simulator.store.settle(self._account, spent, now)
        self._entry.charge += amount

    def _clear(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        _check(event, {}, ())
        self._input.clear()
        yield self._writer.write("input_audio_buffer.cleared")

    def _create_item(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        _check(event, {"item": checked_item, "previous_item_id": optional(string())}, ("item",))
        item = self._made(event["item"])
        previous = self._conversation.insert(item, event.get("previous_item_id"))
        yield from self._announced(item, previous)

    def _made(self, given: dict[str, Any]) -> Item:
        shown: dict[str, Any] = {
            "id": given.get("id") or self._ids.make("item_"),
            "type": given["type"],
            "status": "completed",
        }
        audio_ms = 0
        heard: str | None = None
        if given["type"] == "message":
            shown["role"] = given["role"]
            shown["content"] = []
            for part in given["content"]:
                kept = dict(part)
                if "audio" in kept:
                    sound = InputAudio(self._input.format if given["role"] == "user" else self._output_format)
                    sound.append(kept.pop("audio") or "")
                    audio_ms += round(sound.milliseconds)
                    if kept["type"] == "input_audio" and kept.get("transcript") is None:
                        heard = (heard or "") + understood(self._hear(sound.samples))
                    kept.setdefault("transcript", None)
                shown["content"].append(kept)
        else:
            if given["type"] == "function_call":
                shown["name"] = given["name"]
                shown["call_id"] = given.get("call_id") or self._ids.make("call_", 16)
                shown["arguments"] = given["arguments"]
            else:
                shown["call_id"] = given["call_id"]
                shown["output"] = given["output"]
        return Item(shown, audio_ms, heard)

    @property
    def _output_format(self) -> SoundFormat:
        return format_of(self._fields["audio"].get("output", {}).get("format"))

    def _announced(self, item: Item, previous: str | None) -> Iterator[bytes]:
        for kind in ("conversation.item.added", "conversation.item.done"):
            yield self._writer.write(kind, previous_item_id=previous, item=item.shown)

    def _retrieve_item(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        _check(event, {"item_id": string()}, ("item_id",))
        item = self._conversation.items[self._conversation.find(event["item_id"])]
        yield self._writer.write("conversation.item.retrieved", item=item.shown)

    def _delete_item(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        _check(event, {"item_id": string()}, ("item_id",))
        del self._conversation.items[self._conversation.find(event["item_id"])]
        yield self._writer.write("conversation.item.deleted", item_id=event["item_id"])

    def _truncate_item(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        names = ("item_id", "content_index", "audio_end_ms")
        _check(event, {"item_id": string(), "content_index": integer(0), "audio_end_ms": integer(0)}, names)
        item = self._conversation.items[self._conversation.find(event["item_id"])]
        parts = item.shown.get("content") or []
        place, end = event["content_index"], event["audio_end_ms"]
        if item.shown.get("role") != "assistant" or place >= len(parts) or parts[place]["type"] != "output_audio":
            raise errors.BadRequest("Only model output audio messages can be truncated.", param="item_id")
        if end > item.audio_ms:
            raise errors.BadRequest(f"Audio content of {item.audio_ms}ms is already shorter than {end}ms")
        # The server drops the transcript: the client knows what was heard, the server does not.
        item.audio_ms = end
        self._entry.truncated += 1
        parts[place]["transcript"] = ""
        yield self._writer.write("conversation.item.truncated", item_id=item.id, content_index=place, audio_end_ms=end)

    def _create_response(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        _check(event, {"response": anything if self._beta else optional(RESPONSE)}, ())
        if self._run is not None:
            raise errors.BadRequest(
                f"Conversation already has an active response in progress: {self._run.id}. Wait until the response is "
                "finished before creating a new one.",
                code="conversation_already_has_active_response",
            )
        return self._respond(event.get("response") or {}, now)

    def _cancel(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        _check(event, {"response_id": optional(string())}, ())
        asked = event.get("response_id")
        if self._run is None or (asked is not None and asked != self._run.id):
            raise errors.BadRequest("Cancellation failed: no active response found", code="response_cancel_not_active")
        yield from self._cut("cancelled", {"type": "cancelled", "reason": "client_cancelled"}, now)

    def _clear_output(self, event: dict[str, Any], now: int) -> Iterator[bytes]:
        raise errors.BadRequest(
            "The 'output_audio_buffer.clear' event is only supported for WebRTC and SIP connections.",
            code="invalid_event",
            param="type",
        )

    def _respond(self, asked: dict[str, Any], now: int) -> Iterator[bytes]:
        items = self._context(asked)
        settings = {**self._fields, **{name: value for name, value in asked.items() if value is not None}}
        output = merged(self._fields["audio"], asked.get("audio") or {})["output"]
        self._asked = {**settings, "audio": {"output": {"format": output["format"], "voice": output["voice"]}}}
        self._asked["out_of_band"] = asked.get("conversation") == "none"
        self._asked["metadata"] = asked.get("metadata")
        script = self._script(items, settings, now)
        read = self._tokens(items, settings["instructions"])
        admission = self._simulator.store.admit(
            self._account, self._model, Cost(tokens=sum(read)), now, self._ids.seed()[:16]
        )
        if not isinstance(admission, Admission):
            raise errors.not_simulated("Realtime over a shared store is")
        refusal: ApiError | None = None
        if admission.quota is not None:
            refusal = self._simulator.quota_error(admission.quota, errors.out_of_credits())
        elif admission.refusal is not None:
            refusal = rate_limited(admission.refusal, self._model, self._account)
        elif script is not None:
            refusal = script.error
        response_id = self._ids.make("resp_")
        if refusal is not None:
            # Recorded: the failed response.done comes at once, without a response.created.
            error = {"type": refusal.type, "code": refusal.code, "message": refusal.message}
            failed = self._shown(response_id, "failed", {"type": "failed", "error": error}, [], None)
            yield self._writer.write("response.done", response=failed)
            return
        self._input_usage = read
        self._idle_at = None
        self._counted = None if script is None else script.usage
        spoken = self._decide(items, settings, output["voice"], script)
        out_of_band = self._asked["out_of_band"]
        self._run = ResponseRun(
            response_id,
            spoken,
            format=format_of(output["format"]),
            speed=float(output.get("speed") or 1.0),
            writer=self._writer,
            media=self._simulator.media,
            encoding=self._model.encoding,
            pacing=self._simulator.settings.pacing,
            now=now,
            on_item=None if out_of_band else self._added,
        )
        yield self._writer.write("response.created", response=self._shown(response_id, "in_progress", None, [], None))

    def _added(self, item: Item) -> str | None:
        previous = self._conversation.insert(item, None)
        item.shown["previous"] = previous
        return previous

    def _context(self, asked: dict[str, Any]) -> list[Item]:
        """The items that the response reads: the conversation's, or those it was given."""
        given = asked.get("input")
        if given is None:
            return list(self._conversation.items)
        items = []
        for place, entry in enumerate(given):
            path = f"response.input[{place}]"
            if isinstance(entry, dict) and entry.get("type") == "item_reference":
                items.append(self._conversation.items[self._conversation.find(entry.get("id"))])
            else:
                checked_item(path, entry)
                items.append(self._made(entry))
        return items

    def _tokens(self, items: list[Item], instructions: str | None) -> tuple[int, int]:
        vocabulary, encoding = self._simulator.media.vocabulary, self._model.encoding
        text_tokens, audio_tokens = vocabulary.count(instructions or "", encoding), 0
        for item in items:
            said, heard = item.tokens(vocabulary, encoding)
            text_tokens += said
            audio_tokens += heard
        return text_tokens, audio_tokens

    def _script(self, items: list[Item], settings: dict[str, Any], now: int) -> Script | None:
        """What the first rule that is meant says to what was said so far, heard words included."""
        rules = self._simulator.rules
        if not rules:
            return None
        said = [{"role": turn.role, "content": turn.text} for turn in _turns(items)]
        body = {**settings, "input": said}
        account = self._account
        asked = RuleRequest("realtime", "/v1/realtime", self._model.id, account.key, account.id, body)
        script = rules.script(asked, now)
        if script is not None:
            self._entry.rule = script.rule
        return script

    def _decide(self, items: list[Item], settings: dict[str, Any], voice: Any, script: Script | None) -> Spoken:
        seed = self._ids.seed()
        last_user = next((place for place in range(len(items) - 1, -1, -1) if items[place].is_user), -1)
        later = items[last_user + 1 :]
        modality = settings["output_modalities"][0]
        limit = settings["max_output_tokens"]
        named = voice if isinstance(voice, str) else "alloy"
        ends = None if script is None else _ENDS.get(script.finish_reason or "")

        def spoken(said: str, calls: tuple[tools.ToolCall, ...]) -> Spoken:
            return Spoken(said, calls, modality, named, None if limit in ("inf", None) else limit, ends)

        calls: tuple[tools.ToolCall, ...] = ()
        if script is not None and script.tool_calls:
            return spoken("", tuple(tools.ToolCall(call.name, "function", call.payload) for call in script.tool_calls))
        if script is not None and (script.text is not None or script.refusal is not None):
            return spoken(script.text or script.refusal or "", ())
        if settings["tools"]:
            conversation = tools.Conversation(
                last_user=items[last_user].text if last_user >= 0 else "",
                answered=bool(items) and items[-1].shown["type"] == "function_call_output",
                called=frozenset(item.shown["name"] for item in later if item.shown["type"] == "function_call"),
            )
            wrapped = [{"type": "function", "function": _plain(tool)} for tool in settings["tools"]]
            choice = settings["tool_choice"]
            if isinstance(choice, dict):
                choice = {"type": "function", "function": {"name": choice.get("name")}}
            try:
                calls = tools.decide(wrapped, choice, settings.get("parallel_tool_calls"), conversation, seed)
            except tools.UnsatisfiableTool as failure:
                raise errors.BadRequest(str(failure), code="invalid_function_parameters", param="tools") from failure
        said = ""
        if not calls:
            said = text.compose(_turns(items), seed, style=_SPOKEN if modality == "audio" else text.DEFAULT)
        return spoken(said, calls)

    def _cut(self, status: str, details: dict[str, Any], now: int) -> list[bytes]:
        run = self._run
        assert run is not None  # noqa: S101 - callers have looked
        return [*run.cut(), *self._finish(status, details, now)]

    def _finish(self, status: str, details: dict[str, Any] | None, now: int) -> list[bytes]:
        """End the response that is under way: charge it, and say what it came to."""
        run, self._run = self._run, None
        self._entry.turns += 1
        assert run is not None  # noqa: S101 - callers have looked
        text_in, audio_in = self._input_usage
        text_out, audio_out = run.text_tokens, run.audio_tokens
        cached = min(self._read_before, text_in + audio_in) // _CACHED_STEP * _CACHED_STEP
        counted = self._counted
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
        cached_audio = cached - cached_text
        made = text_out + audio_out
        usage = {
            "total_tokens": text_in + audio_in + made,
            "input_tokens": text_in + audio_in,
            "output_tokens": made,
            "input_token_details": {
                "text_tokens": text_in,
                "audio_tokens": audio_in,
                "image_tokens": 0,
                "cached_tokens": cached,
                "cached_tokens_details": {
                    "text_tokens": cached_text,
                    "audio_tokens": cached_audio,
                    "image_tokens": 0,
                },
            },
            "output_token_details": {"text_tokens": text_out, "audio_tokens": audio_out},
        }
        self._read_before = text_in + audio_in + made
        detection = self._fields["audio"]["input"]["turn_detection"]
        idle_ms = None if detection is None else detection.get("idle_timeout_ms")
        if idle_ms is not None and status == "completed":
            # It counts from the end of the sound, which plays from the end of the response on (API reference).
            self._idle_at = now + (sum(item.audio_ms for item in run.items) + idle_ms) * 1_000
        self._charge(
            Usage(
                text_in=text_in - cached_text,
                cached_in=cached_text,
                text_out=text_out,
                audio_in=audio_in - cached_audio,
                cached_audio_in=cached_audio,
                audio_out=audio_out,
            ),
            now,
        )
        done = self._shown(run.id, status, details, [item.shown for item in run.items], usage)
        events = [self._writer.write("response.done", response=done)]
        trio = self._simulator.store.draw(self._account, self._model, now, made)
        if isinstance(trio, Trio):
            limit = {
                "name": "tokens",
                "limit": trio.limit,
                "remaining": trio.remaining,
                "reset_seconds": trio.reset // 1000 / 1000,
            }
            events.append(self._writer.write("rate_limits.updated", rate_limits=[limit]))
        return events

    def _charge(self, usage: Usage, now: int) -> None:
        simulator = self._simulator
        amount = charge(usage, simulator.prices.find(self._model.price))
        spent = Spent("completions", self._model.snapshot, "default", usage, amount)
        simulator.store.settle(self._account, spent, now)
        self._entry.charge += amount

    def _shown(
        self,
        response_id: str,
        status: str,
        details: dict[str, Any] | None,
        output: list[dict[str, Any]],
        usage: dict[str, Any] | None,
    ) -> dict[str, Any]:
        asked = self._asked
        beta = {"temperature": asked["temperature"]} if self._beta else {}
        return {
            **beta,
            "object": "realtime.response",
            "id": response_id,
            "status": status,
            "status_details": details,
            "output": [{name: value for name, value in item.items() if name != "previous"} for item in output],
            "conversation_id": None if asked["out_of_band"] else self._conversation.id,
            "output_modalities": asked["output_modalities"],
            "max_output_tokens": asked["max_output_tokens"],
            "audio": asked["audio"],
            "usage": usage,
            "metadata": asked["metadata"],
        }

    def _has_spoken(self) -> bool:
        return any(item.audio_ms and not item.is_user for item in self._conversation.items)


_SPOKEN = text.Style(spoken=True)
_ENDS = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why a response is incomplete, by the finish reason that a rule gives."""

_Handler = Callable[[RealtimeSession, dict[str, Any], int], Iterator[bytes]]
_HANDLERS: dict[str, _Handler] = {
    "session.update": RealtimeSession._update_session,
    "input_audio_buffer.append": RealtimeSession._append,
    "input_audio_buffer.commit": RealtimeSession._commit,
    "input_audio_buffer.clear": RealtimeSession._clear,
    "conversation.item.create": RealtimeSession._create_item,
    "conversation.item.truncate": RealtimeSession._truncate_item,
    "conversation.item.delete": RealtimeSession._delete_item,
    "conversation.item.retrieve": RealtimeSession._retrieve_item,
    "response.create": RealtimeSession._create_response,
    "response.cancel": RealtimeSession._cancel,
    "output_audio_buffer.clear": RealtimeSession._clear_output,
}


def _check(event: dict[str, Any], known: dict[str, Any], required: tuple[str, ...]) -> None:
    """Check an event's own fields; their paths begin with their own names."""
    for name in required:
        if name not in event:
            raise errors.missing(name)
    for name in event:
        if name not in known and name not in ("type", "event_id"):
            raise errors.unknown_parameter(name)
    if event.get("event_id") is not None:
        string(512)("event_id", event["event_id"])
    for name, check in known.items():
        if name in event:
            check(name, event[name])


def _plain(tool: dict[str, Any]) -> dict[str, Any]:
    return {name: tool[name] for name in ("name", "description", "parameters") if tool.get(name) is not None}


def _turns(items: list[Item]) -> list[text.Turn]:
    turns = []
    for item in items:
        if item.shown["type"] == "function_call_output":
            turns.append(text.Turn("tool", item.text))
        elif item.shown["type"] == "message":
            turns.append(text.Turn(item.shown["role"], item.text))
    return turns
