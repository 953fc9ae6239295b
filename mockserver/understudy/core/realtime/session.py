"""A realtime session: client events in, server events out.

    receive(frame, now)  what a client event leads to at once
    due                  the moment of the next events of the responses under way
    work                 what must be done before they can be pulled (making speech); may be run in another thread
    pull(now)            the next events, which count as sent
    deadline, wake(now)  the moment the session ends by itself, and what is said then
    waiting, told(x)     over a shared store: what must be awaited before anything else, and what follows

What may happen when stands in `transitions.py`; each event of the client has a handler here. A wrong event is answered
with an `error` that names it, and the session lives on. Order of events as recorded in 2025-12 to 2026-09.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.catalog import Model
from understudy.core.journal import JournalEntry
from understudy.core.realtime import items, playing, responding, turns, updating
from understudy.core.realtime.beta import BETA_EVENTS, BetaWriter, new_beta_session, read_event
from understudy.core.realtime.session_fields import merged, new_session, new_transcription_session, session_lifetime
from understudy.core.realtime.state import Asked, SessionState
from understudy.core.realtime.steps import Runner, Steps, audible
from understudy.core.realtime.transitions import CLIENT_EVENTS, Moment
from understudy.core.realtime.wire import EventWriter, WireIds
from understudy.core.simulator import Simulator

_decode = msgspec.json.Decoder().decode

_HANDLERS: dict[str, Callable[[SessionState, dict[str, Any], int], Steps]] = {
    "session.update": updating.update_session,
    "input_audio_buffer.append": turns.append,
    "input_audio_buffer.commit": turns.commit,
    "input_audio_buffer.clear": turns.clear,
    "conversation.item.create": items.create_item,
    "conversation.item.truncate": items.truncate_item,
    "conversation.item.delete": items.delete_item,
    "conversation.item.retrieve": items.retrieve_item,
    "response.create": responding.create_response,
    "response.cancel": responding.cancel,
    "output_audio_buffer.clear": playing.clear_output,
}


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
        plays: whether the server plays the sound itself, as it does in calls (WebRTC, SIP).

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
        plays: bool = False,
    ) -> None:
        ids = WireIds(seed)
        session_id = ids.make("sess_")
        lifetime = session_lifetime(simulator.settings.era)
        if transcribes:
            begun = new_transcription_session(session_id, now, lifetime)
        elif beta:
            begun = new_beta_session(session_id, model.id, now, lifetime)
        else:
            begun = new_session(session_id, model.id, now, lifetime)
        self._state = SessionState(
            simulator,
            account,
            model,
            entry,
            ids,
            BetaWriter(ids, simulator.settings.era) if beta else EventWriter(ids),
            merged(begun, start_from or {}),
            beta=beta,
            transcribes=transcribes,
            plays=plays,
        )
        self.close: Close | None = None
        self._lifetime = lifetime
        self._expires_at = now + lifetime
        self._is_hung_up = False
        self._is_counted = True
        self._runner = Runner(self._state.writer.error)
        self._runner.run(self._counted(1))

    @property
    def work(self) -> Callable[[], None] | None:
        """What must be done before `pull`, None when nothing."""
        response = self._next()
        return None if response is None else response.running.work

    @property
    def due(self) -> int | None:
        """When the next events may be pulled (0: at once), None while no response is under way."""
        response = self._next()
        return None if response is None else response.running.due

    @property
    def deadline(self) -> int:
        """When `wake` has something to say: sound has been played, the caller is silent, or the session ends."""
        if self._is_hung_up:
            return 0
        moments = (self._state.idle_at, playing.played_at(self._state), self._expires_at)
        return min(moment for moment in moments if moment is not None)

    def is_responding(self) -> bool:
        """Whether a response is under way."""
        return bool(self._state.under_way)

    def start(self) -> bytes:
        """The first event."""
        return self._state.writer.write("session.created", session=self._state.fields)

    def receive(self, frame: str | bytes, now: int) -> list[bytes]:
        """What a frame of the client leads to at once."""
        writer = self._state.writer
        if not isinstance(frame, str):
            return [writer.error(errors.BadRequest("Binary frames are not accepted.", code="invalid_event"), None)]
        try:
            event = _decode(frame.encode("utf-8", "surrogatepass"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            no_json = errors.BadRequest("The event could not be parsed as JSON.", code="invalid_json")
            return [writer.error(no_json, None)]
        event_id = event.get("event_id") if isinstance(event, dict) else None
        named = event_id if isinstance(event_id, str) else None
        return self._runner.run(self._handle(event, now), named)

    @property
    def waiting(self) -> Awaitable[Any] | None:
        """What must be awaited before anything else is asked of the session, None for nothing; see `told`."""
        return self._runner.waiting

    def told(self, answer: Any) -> list[bytes]:
        """What follows when what was awaited is there."""
        return self._runner.told(answer)

    def failed(self) -> list[bytes]:
        """What follows when the shared store does not answer."""
        return self._runner.failed()

    def pull(self, now: int) -> list[bytes]:
        """The next events of the responses under way, when they are due; they count as sent.

        There may be none: then there is `work` to do first. Responses that run along take turns.
        """
        response = self._next()
        if response is None:
            return []
        before_ms = response.running.sound_ms
        pulled = response.running.pull()
        if pulled is None:
            return self._runner.run(responding.finish(self._state, response, now))
        response.machine.take(Moment.NEXT_IS_DUE)
        self._state.under_way.remove(response)
        self._state.under_way.append(response)
        return audible([*playing.sound_sent(self._state, response, before_ms, now), *pulled])

    def _next(self) -> Asked | None:
        """The response whose events are due first."""
        under_way = self._state.under_way
        if len(under_way) == 1:
            return under_way[0]
        return min(under_way, key=lambda response: response.running.due, default=None)

    def wake(self, now: int) -> list[bytes]:
        """What is said when the deadline has come."""
        state = self._state
        if self._is_hung_up:
            self.end(now)
            self.close = Close(1000, "The call has ended.")
            state.entry.closed = 1000
            return []
        played_at = playing.played_at(state)
        if played_at is not None and played_at <= now < self._expires_at:
            return audible(playing.played_out(state))
        if state.idle_at is not None and state.idle_at <= now < self._expires_at:
            return self._runner.run(turns.miss_caller(state, now))
        if now < self._expires_at:
            return []
        return self._runner.run(self._time_is_up(now))

    def _time_is_up(self, now: int) -> Steps:
        state = self._state
        minutes = self._lifetime // 60_000_000
        message = f"Your session hit the maximum duration of {minutes} minutes."
        yield from self._end_responses(Moment.TIME_IS_UP, "turn_detected", now)
        state.phase.take(Moment.TIME_IS_UP)
        self.close = Close(1001, message)
        state.entry.closed = 1001
        yield state.writer.error(errors.BadRequest(message, code="session_expired"), None)

    def hang_up(self) -> None:
        """The call that the session belongs to is over: `wake` is due at once, and closes the socket."""
        self._is_hung_up = True

    def journal_in(self, entry: JournalEntry) -> None:
        """Another socket has joined the session: from now on its line in the journal is this one."""
        self._state.entry = entry

    def end(self, now: int) -> None:
        """The client has gone: what was sent is charged; there may be something `waiting` after that, too."""
        state = self._state
        self._runner.drop()
        state.entry.finished_at = now
        self._runner.run(self._ended(now))

    def _ended(self, now: int) -> Steps:
        state = self._state
        yield from self._end_responses(Moment.CLIENT_GONE, "client_cancelled", now)
        if state.phase.can(Moment.CLIENT_GONE):
            state.phase.take(Moment.CLIENT_GONE)
        if self._is_counted:
            self._is_counted = False
            yield from self._counted(-1)

    def _end_responses(self, moment: Moment, reason: str, now: int) -> Steps:
        state = self._state
        details = {"type": "cancelled", "reason": reason}
        for response in list(state.under_way):
            yield from responding.cut(state, response, moment, details, now)

    def _counted(self, difference: int) -> Steps:
        """One session more of the organization, or one less."""

        def change(account: Account) -> None:
            account.organization.sessions += difference

        changed = self._state.simulator.store.change(self._state.account, change)
        if changed is not None:
            yield changed

    def _handle(self, event: Any, now: int) -> Steps:
        if type(event) is not dict:
            raise errors.BadRequest("The event must be a JSON object.", code="invalid_json")
        kind = event.get("type")
        if kind is None:
            raise errors.BadRequest("The 'type' field is missing.", code="invalid_event")
        known = BETA_EVENTS if self._state.beta else CLIENT_EVENTS
        if not isinstance(kind, str) or kind not in known:
            raise errors.invalid_value("type", kind, known)
        if self._state.beta:
            event = read_event(event, transcribes=self._state.transcribes)
            kind = event["type"]
        self._state.phase.take(kind, event=kind)
        yield from _HANDLERS[kind](self._state, event, now)
