"""`session.update`: a partial update of the session, checked whole before anything changes."""

from typing import Any

from understudy.core import errors
from understudy.core.parameters import anything
from understudy.core.realtime.beta import wrong_kind
from understudy.core.realtime.event_fields import check_event
from understudy.core.realtime.session_checks import check_fit
from understudy.core.realtime.session_fields import SESSION, TRANSCRIPTION_SESSION, merged
from understudy.core.realtime.sound_formats import format_of
from understudy.core.realtime.state import SessionState
from understudy.core.realtime.steps import Steps
from understudy.core.realtime.transitions import Moment


def update_session(state: SessionState, event: dict[str, Any], now: int) -> Steps:
    """`session.update`."""
    # What a client of the beta interface wrote was checked by its own names.
    known = anything if state.beta else TRANSCRIPTION_SESSION if state.transcribes else SESSION
    given = event.get("session")
    if isinstance(given, dict) and given.get("type") == ("realtime" if state.transcribes else "transcription"):
        raise wrong_kind(transcribes=state.transcribes, param="session.type")
    check_event(event, {"session": known}, ("session",))
    wanted = event["session"].get("audio") or {}
    voice = (wanted.get("output") or {}).get("voice")
    if voice is not None and voice != state.fields["audio"]["output"]["voice"] and state.has_spoken():
        raise errors.BadRequest(
            "Cannot update a conversation's voice if assistant audio is present.", code="cannot_update_voice"
        )
    fields = merged(state.fields, event["session"])
    simulator, account = state.simulator, state.account
    check_fit(
        event["session"],
        fields,
        None if state.transcribes else state.model,
        lambda name: simulator.find_model(name, account),
        beta=state.beta,
    )
    state.fields = fields
    if state.input.use(format_of(state.fields["audio"]["input"]["format"])) or state.detection is None:
        state.hearing.take(Moment.EARS_CHANGED)
    state.idle_at = None
    yield state.writer.write("session.updated", session=state.fields)
