"""`session.update`: a partial update of the session, checked whole before anything changes."""

from collections.abc import Iterator
from typing import Any

from understudy.core import errors
from understudy.core.parameters import anything
from understudy.core.realtime.beta import wrong_kind
from understudy.core.realtime.event_fields import check_event
from understudy.core.realtime.hearing import BETA_TRANSCRIBER, TRANSCRIBER, check_model
from understudy.core.realtime.session_fields import SESSION, TRANSCRIPTION_SESSION, merged
from understudy.core.realtime.session_options import check_token_limits
from understudy.core.realtime.sound_formats import format_of
from understudy.core.realtime.state import SessionState
from understudy.core.realtime.transitions import Moment

_STREAMS = ("gpt-realtime-whisper",)


def update_session(state: SessionState, event: dict[str, Any], now: int) -> Iterator[bytes]:
    """`session.update`."""
    # What a client of the beta interface wrote was checked by its own names.
    known = anything if state.beta else TRANSCRIPTION_SESSION if state.transcribes else SESSION
    given = event.get("session")
    if isinstance(given, dict) and given.get("type") == ("realtime" if state.transcribes else "transcription"):
        raise wrong_kind(transcribes=state.transcribes, param="session.type")
    check_event(event, {"session": known}, ("session",))
    wanted = event["session"].get("audio") or {}
    name = ((wanted.get("input") or {}).get("transcription") or {}).get("model")
    if name is not None:
        model = state.simulator.find_model(name, state.account)
        check_model(name, model, BETA_TRANSCRIBER if state.beta else TRANSCRIBER)
    check_token_limits(event["session"].get("truncation"), state.model)
    voice = (wanted.get("output") or {}).get("voice")
    if voice is not None and voice != state.fields["audio"]["output"]["voice"] and state.has_spoken():
        raise errors.BadRequest(
            "Cannot update a conversation's voice if assistant audio is present.", code="cannot_update_voice"
        )
    fields = merged(state.fields, event["session"])
    _check_detection(fields["audio"]["input"])
    state.fields = fields
    if state.input.use(format_of(state.fields["audio"]["input"]["format"])) or state.detection is None:
        state.hearing.take(Moment.EARS_CHANGED)
    state.idle_at = None
    yield state.writer.write("session.updated", session=state.fields)


def _check_detection(hears: dict[str, Any]) -> None:
    """Refuse a model that streams by itself beside detected turns (OpenAI's guide; the words are "our choice")."""
    model = (hears["transcription"] or {}).get("model")
    if model in _STREAMS and hears["turn_detection"] is not None:
        raise errors.BadRequest(
            f"Turn detection is not supported with the transcription model '{model}'. Set turn_detection to null.",
            code="invalid_value",
            param="session.audio.input.turn_detection",
        )
