"""What may happen in a session, and what follows: four small machines as one table of data.

    session    converses, on a call or not, or transcribes, until it has ended
    input      is quiet, or somebody speaks into the input audio buffer
    response   there is none, it is asked for, it is under way (each response beside the conversation has its own)
    output     of a call: sound is played to the caller, or none

Everything that moves a machine is a row of `TABLES`: a client's event by its type, or an inner `Moment`. A row says
where the machine goes, which server events are said, in their order, and which moments may come of it at once. A row
that is a `Refusal` is answered with an `error` event and moves nothing. The machines read this table, the tests hold
sessions to it, and `docs/make_realtime_states.py` draws it.

Client events from the OpenAPI document 2026-08-21; what follows them as recorded in 2025-12 to 2026-09.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from understudy.core import errors


class SessionPhase(Enum):
    """What a session is for, until it ends."""

    CONVERSING = "conversing"
    ON_CALL = "on a call"
    TRANSCRIBING = "transcribing"
    ENDED = "ended"


class InputPhase(Enum):
    """Who speaks into the input audio buffer, as voice activity detection hears it."""

    QUIET = "quiet"
    SPEAKING = "speaking"


class ResponsePhase(Enum):
    """How far a response is."""

    NONE = "none"
    ASKED = "asked"
    UNDER_WAY = "under way"


class OutputPhase(Enum):
    """Whether the server plays sound to the caller of a call (WebRTC, SIP)."""

    SILENT = "silent"
    PLAYING = "playing"


class Moment(Enum):
    """What happens by itself, or comes of a client's event."""

    SPEECH_BEGAN = "speech began"
    SPEECH_ENDED = "speech ended"
    TURN_ENDED = "turn ended"
    CALLER_SILENT = "caller was silent"
    EARS_CHANGED = "another format or no detection"
    TRANSCRIBED = "turn transcribed"
    ADMITTED = "admitted"
    TURNED_AWAY = "turned away"
    WRONG = "asked wrongly"
    NEXT_IS_DUE = "next event is due"
    ALL_SAID = "all was said"
    SOUND_BEGAN = "sound began"
    PLAYED_OUT = "all was played"
    TIME_IS_UP = "session's time is up"
    CLIENT_GONE = "client has gone"


Phase = SessionPhase | InputPhase | ResponsePhase | OutputPhase
Trigger = str | Moment


class Move(msgspec.Struct, frozen=True):
    """A row of the table.

    Attributes:
        to: the phase that follows.
        says: server events, in their order; any of them may be missing or come more than once.
        then: moments that may come of it at once.
    """

    to: Phase
    says: tuple[str, ...] = ()
    then: tuple[Moment, ...] = ()


class Refusal(msgspec.Struct, frozen=True):
    """A row that is refused; `{…}` in the message is filled in by the machine that refuses."""

    message: str
    code: str
    param: str | None = None


_ITEM = ("conversation.item.added", "conversation.item.done")
_COMMITTED = ("input_audio_buffer.committed", *_ITEM)
_TRANSCRIPTION = (
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.segment",
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
)
_OPENING = (
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
)
_DELTAS = (
    "response.output_text.delta",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.function_call_arguments.delta",
)
_CLOSING = (
    "response.output_text.done",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.function_call_arguments.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
)
_CLEARED = ("output_audio_buffer.cleared", "conversation.item.truncated")
_DONE = ("response.done", "rate_limits.updated")
_ASK = Move(ResponsePhase.ASKED, then=(Moment.ADMITTED, Moment.TURNED_AWAY, Moment.WRONG))
_NOTHING_TO_CANCEL = Refusal("Cancellation failed: no active response found", "response_cancel_not_active")
_NO_RESPONSES = Refusal(
    "The '{event}' event is not supported in transcription sessions.", "invalid_event", param="type"
)
# A client of a WebSocket plays its sound itself, so there is no buffer to clear; the words are "our choice".
_NO_BUFFER = Refusal(
    "The 'output_audio_buffer.clear' event is only supported for WebRTC and SIP connections.",
    "invalid_event",
    param="type",
)

_SESSION_EVENTS: dict[Trigger, tuple[str, ...]] = {
    "session.update": ("session.updated",),
    "input_audio_buffer.append": (),
    "input_audio_buffer.commit": (),
    "input_audio_buffer.clear": (),
    "conversation.item.create": _ITEM,
    "conversation.item.truncate": ("conversation.item.truncated",),
    "conversation.item.delete": ("conversation.item.deleted",),
    "conversation.item.retrieve": ("conversation.item.retrieved",),
    "response.create": (),
    "response.cancel": (),
}


def _session(phase: SessionPhase) -> dict[Trigger, Move | Refusal]:
    rows: dict[Trigger, Move | Refusal] = {event: Move(phase, said) for event, said in _SESSION_EVENTS.items()}
    if phase is SessionPhase.TRANSCRIBING:
        rows["response.create"] = rows["response.cancel"] = _NO_RESPONSES
    rows["output_audio_buffer.clear"] = Move(phase) if phase is SessionPhase.ON_CALL else _NO_BUFFER
    rows[Moment.TIME_IS_UP] = Move(SessionPhase.ENDED, ("error",))
    rows[Moment.CLIENT_GONE] = Move(SessionPhase.ENDED)
    return rows


TABLES: Mapping[str, Mapping[Phase, Mapping[Trigger, Move | Refusal]]] = {
    "session": {
        SessionPhase.CONVERSING: _session(SessionPhase.CONVERSING),
        SessionPhase.ON_CALL: _session(SessionPhase.ON_CALL),
        SessionPhase.TRANSCRIBING: _session(SessionPhase.TRANSCRIBING),
        SessionPhase.ENDED: {},
    },
    "input": {
        InputPhase.QUIET: {
            "input_audio_buffer.append": Move(InputPhase.QUIET, then=(Moment.SPEECH_BEGAN,)),
            "input_audio_buffer.commit": Move(InputPhase.QUIET, _COMMITTED, then=(Moment.TRANSCRIBED,)),
            "input_audio_buffer.clear": Move(InputPhase.QUIET, ("input_audio_buffer.cleared",)),
            Moment.SPEECH_BEGAN: Move(
                InputPhase.SPEAKING, ("input_audio_buffer.speech_started",), then=(Moment.SPEECH_ENDED,)
            ),
            Moment.CALLER_SILENT: Move(
                InputPhase.QUIET, ("input_audio_buffer.timeout_triggered", *_COMMITTED), then=(Moment.TRANSCRIBED,)
            ),
            Moment.TRANSCRIBED: Move(InputPhase.QUIET, _TRANSCRIPTION),
            Moment.EARS_CHANGED: Move(InputPhase.QUIET),
        },
        InputPhase.SPEAKING: {
            "input_audio_buffer.append": Move(InputPhase.SPEAKING, then=(Moment.SPEECH_ENDED,)),
            "input_audio_buffer.commit": Move(InputPhase.QUIET, _COMMITTED, then=(Moment.TRANSCRIBED,)),
            "input_audio_buffer.clear": Move(InputPhase.QUIET, ("input_audio_buffer.cleared",)),
            Moment.SPEECH_ENDED: Move(
                InputPhase.QUIET,
                ("input_audio_buffer.speech_stopped", *_COMMITTED),
                then=(Moment.TRANSCRIBED, Moment.TURN_ENDED, Moment.SPEECH_BEGAN),
            ),
            Moment.EARS_CHANGED: Move(InputPhase.QUIET),
        },
    },
    "response": {
        ResponsePhase.NONE: {
            "response.create": _ASK,
            "response.cancel": _NOTHING_TO_CANCEL,
            Moment.TURN_ENDED: _ASK,
            Moment.CALLER_SILENT: _ASK,
        },
        ResponsePhase.ASKED: {
            Moment.ADMITTED: Move(ResponsePhase.UNDER_WAY, ("response.created", "rate_limits.updated")),
            # Recorded: a response that is turned away is done at once, without having been created.
            Moment.TURNED_AWAY: Move(ResponsePhase.NONE, ("response.done",)),
            Moment.WRONG: Move(ResponsePhase.NONE, ("error",)),
        },
        ResponsePhase.UNDER_WAY: {
            "response.create": Refusal(
                "Conversation already has an active response in progress: {response}. Wait until the response is "
                "finished before creating a new one.",
                "conversation_already_has_active_response",
            ),
            "response.cancel": Move(ResponsePhase.NONE, (*_CLOSING, *_DONE)),
            Moment.SPEECH_BEGAN: Move(ResponsePhase.NONE, (*_CLOSING, *_DONE)),
            Moment.NEXT_IS_DUE: Move(
                ResponsePhase.UNDER_WAY, (*_OPENING, *_DELTAS, *_CLOSING), then=(Moment.SOUND_BEGAN,)
            ),
            Moment.ALL_SAID: Move(ResponsePhase.NONE, _DONE),
            Moment.TIME_IS_UP: Move(ResponsePhase.NONE, (*_CLOSING, *_DONE)),
            Moment.CLIENT_GONE: Move(ResponsePhase.NONE),
        },
    },
    "output": {
        OutputPhase.SILENT: {
            "output_audio_buffer.clear": Move(OutputPhase.SILENT),
            Moment.SOUND_BEGAN: Move(OutputPhase.PLAYING, ("output_audio_buffer.started",)),
        },
        OutputPhase.PLAYING: {
            "output_audio_buffer.clear": Move(OutputPhase.SILENT, _CLEARED),
            Moment.SPEECH_BEGAN: Move(OutputPhase.SILENT, _CLEARED),
            Moment.PLAYED_OUT: Move(OutputPhase.SILENT, ("output_audio_buffer.stopped",)),
        },
    },
}

BEGINNINGS: Mapping[str, tuple[Phase, ...]] = {
    "session": (SessionPhase.CONVERSING, SessionPhase.ON_CALL, SessionPhase.TRANSCRIBING),
    "input": (InputPhase.QUIET,),
    "response": (ResponsePhase.NONE,),
    "output": (OutputPhase.SILENT,),
}
"""Where each machine may begin."""

CLIENT_EVENTS = tuple(row for row in TABLES["session"][SessionPhase.CONVERSING] if isinstance(row, str))
"""Types of all events that a client may send, in the order in which an error lists them."""


class Machine:
    """One machine of the table.

    Args:
        name: of its table.
        phase: where it begins.

    Attributes:
        phase: where it is.
    """

    __slots__ = ("_table", "phase")

    def __init__(self, name: str, phase: Phase) -> None:
        self._table = TABLES[name]
        self.phase = phase

    def take(self, trigger: Trigger, **facts: Any) -> None:
        """Go where the table says.

        Args:
            trigger: a client's event, or a moment.
            facts: what the message of a refusal names.

        Raises:
            BadRequest: the table refuses it.
            KeyError: the table has no such row, which is an error of the machine.
        """
        row = self._table[self.phase][trigger]
        if isinstance(row, Refusal):
            raise errors.BadRequest(row.message.format(**facts), code=row.code, param=row.param)
        self.phase = row.to

    def can(self, trigger: Trigger) -> bool:
        """Whether the table has a row for it here that is not a refusal."""
        return isinstance(self._table[self.phase].get(trigger), Move)
