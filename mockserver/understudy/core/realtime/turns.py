"""Turns of the caller: audio that is appended, who speaks in it, and what is committed."""

from typing import Any

from understudy.core.parameters import string
from understudy.core.realtime.conversation import Item
from understudy.core.realtime.event_fields import check_event
from understudy.core.realtime.hearing import is_sentence, understood
from understudy.core.realtime.input_audio import Started, detector_of
from understudy.core.realtime.item_sounds import ItemSound
from understudy.core.realtime.items import announced
from understudy.core.realtime.playing import interrupted
from understudy.core.realtime.responding import cut, respond
from understudy.core.realtime.state import SessionState
from understudy.core.realtime.steps import Steps
from understudy.core.realtime.transcribing import transcribe
from understudy.core.realtime.transitions import InputPhase, Moment


def append(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`input_audio_buffer.append`."""
    check_event(event, {"audio": string()}, ("audio",))
    state.input.append(event["audio"])
    state.hearing.take("input_audio_buffer.append")
    detection = state.detection
    if detection is None:
        return
    detector = detector_of(detection)

    def is_finished(samples: bytes) -> bool:
        # server_vad does not ask what was said.
        return detection["type"] != "semantic_vad" or is_sentence(state.hear(samples))

    while True:
        speaking = state.hearing.phase is InputPhase.SPEAKING
        change = state.input.detect(detector, is_finished, speaking=speaking)
        if change is None:
            return
        answers = bool(detection.get("create_response")) and not state.transcribes
        if isinstance(change, Started):
            yield from _speech_began(state, change.at_ms, now, interrupts=bool(detection.get("interrupt_response")))
        else:
            yield from _speech_ended(state, change.at_ms, now, answers=answers)


def _speech_began(state: SessionState, at_ms: int, now: int, *, interrupts: bool) -> Steps:
    state.hearing.take(Moment.SPEECH_BEGAN)
    state.idle_at = None
    state.speech_item = state.ids.make("item_")
    yield state.writer.write("input_audio_buffer.speech_started", audio_start_ms=at_ms, item_id=state.speech_item)
    if interrupts and state.responding is not None:
        state.entry.interrupted += 1
        details = {"type": "cancelled", "reason": "turn_detected"}
        yield from cut(state, state.responding, Moment.SPEECH_BEGAN, details, now)
    if interrupts:
        yield from interrupted(state, now)


def _speech_ended(state: SessionState, at_ms: int, now: int, *, answers: bool) -> Steps:
    state.hearing.take(Moment.SPEECH_ENDED)
    yield state.writer.write("input_audio_buffer.speech_stopped", audio_end_ms=at_ms, item_id=state.speech_item)
    yield from _committed(state, state.speech_item, state.input.take_turn(), now)
    if answers and state.answering.can(Moment.TURN_ENDED):
        yield from respond(state, Moment.TURN_ENDED, {}, now)


def commit(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`input_audio_buffer.commit`."""
    check_event(event, {})
    samples = state.input.commit()
    # What was announced when somebody began to speak is this item.
    spoken = state.speech_item if state.hearing.phase is InputPhase.SPEAKING else state.ids.make("item_")
    state.hearing.take("input_audio_buffer.commit")
    yield from _committed(state, spoken, samples, now)


def clear(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`input_audio_buffer.clear`."""
    check_event(event, {})
    state.input.clear()
    state.hearing.take("input_audio_buffer.clear")
    yield state.writer.write("input_audio_buffer.cleared")


def miss_caller(state: SessionState, now: int) -> Steps:
    """Nobody has spoken for the idle timeout: an empty turn is committed, and answered."""
    state.idle_at = None
    if not state.hearing.can(Moment.CALLER_SILENT):
        return
    state.hearing.take(Moment.CALLER_SILENT)
    item_id = state.ids.make("item_")
    here = state.input.written_ms
    start = max(0, here - round(state.input.milliseconds))
    yield state.writer.write(
        "input_audio_buffer.timeout_triggered", audio_start_ms=start, audio_end_ms=here, item_id=item_id
    )
    samples = state.input.samples
    state.input.clear()
    yield from _committed(state, item_id, samples, now)
    if state.answering.can(Moment.CALLER_SILENT):
        yield from respond(state, Moment.CALLER_SILENT, {}, now)


def _committed(state: SessionState, item_id: str, samples: bytes, now: int) -> Steps:
    heard = state.hear(samples)
    item = Item(
        {
            "id": item_id,
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        },
        round(state.input.format.milliseconds(len(samples))),
        understood(heard),
        sounds={0: ItemSound.of(samples)},
    )
    previous = state.conversation.insert(item, None)
    yield state.writer.write("input_audio_buffer.committed", previous_item_id=previous, item_id=item_id)
    yield from announced(state, item, previous)
    yield from transcribe(state, item, heard, now)
