"""The output audio buffer of a call (WebRTC, SIP): sound that the server plays at its pace, and that can be cleared.

A client of a WebSocket plays its sound itself, and is told nothing of this. In a call the server knows what was heard:
who interrupts or clears the buffer truncates the item there (OpenAI's guide "Realtime conversations"; the order of the
events that tell so is "our choice").
"""

from collections.abc import Iterator
from typing import Any

from understudy.core.realtime.event_fields import check_event
from understudy.core.realtime.state import Asked, Playing, SessionState
from understudy.core.realtime.steps import Steps
from understudy.core.realtime.transitions import Moment


def sound_sent(state: SessionState, response: Asked, before_ms: int, now: int) -> Iterator[bytes]:
    """Put sound into the buffer that a response has just made; tell when it begins to play at once.

    Args:
        state: of the session.
        response: that speaks.
        before_ms: how much sound it had made before.
        now: microseconds since the epoch.
    """
    sound_ms = response.running.sound_ms - before_ms
    if not state.plays or sound_ms <= 0 or response.conversation is None:
        return
    last = state.playing[-1] if state.playing else None
    if last is not None and last.response == response.id:
        last.until = max(last.until, now) + sound_ms * 1_000
        return
    # What is still in the buffer is played first.
    since = now if last is None else max(last.until, now)
    state.playing.append(Playing(response.id, response.running.items[-1], since, since + sound_ms * 1_000))
    if last is None:
        yield from _begun(state)


def played_at(state: SessionState) -> int | None:
    """When what is played now will have been played, and no more of it comes; None while that is not known."""
    if not state.playing:
        return None
    first = state.playing[0]
    return None if any(response.id == first.response for response in state.under_way) else first.until


def played_out(state: SessionState) -> Iterator[bytes]:
    """All sound of a response has been played; that of the next one begins."""
    first = state.playing.popleft()
    state.output.take(Moment.PLAYED_OUT)
    yield state.writer.write("output_audio_buffer.stopped", response_id=first.response)
    if state.playing:
        yield from _begun(state)


def clear_output(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`output_audio_buffer.clear`."""
    check_event(event, {})
    state.output.take("output_audio_buffer.clear")
    yield from _cleared(state, now)


def interrupted(state: SessionState, now: int) -> Iterator[bytes]:
    """Somebody speaks while sound is played."""
    if state.output.can(Moment.SPEECH_BEGAN):
        state.output.take(Moment.SPEECH_BEGAN)
        yield from _cleared(state, now)


def _begun(state: SessionState) -> Iterator[bytes]:
    state.output.take(Moment.SOUND_BEGAN)
    yield state.writer.write("output_audio_buffer.started", response_id=state.playing[0].response)


def _cleared(state: SessionState, now: int) -> Iterator[bytes]:
    """Nothing of what is in the buffer is played any more, and nothing of it has been heard."""
    dropped = list(state.playing)
    state.playing.clear()
    for each in dropped[:1]:
        yield state.writer.write("output_audio_buffer.cleared", response_id=each.response)
    for each in dropped:
        heard_ms = max(0, now - each.since) // 1_000
        if heard_ms < each.item.audio_ms and each.item in state.conversation.items:
            each.item.truncate(0, heard_ms, state.output_format)
            yield state.writer.write(
                "conversation.item.truncated", item_id=each.item.id, content_index=0, audio_end_ms=heard_ms
            )
