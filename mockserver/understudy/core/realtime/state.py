"""What a session knows: whose it is, its settings, its conversation, what it hears, and the response under way.

The handlers of client events share it; `session.py` owns it.
"""

from collections import deque
from typing import Any

import msgspec

from understudy.core.accounts import Account
from understudy.core.catalog import Model
from understudy.core.journal import JournalEntry
from understudy.core.media import Heard
from understudy.core.realtime.conversation import Conversation, Item, Tokens
from understudy.core.realtime.hearing import hear
from understudy.core.realtime.input_audio import InputAudio
from understudy.core.realtime.reading import Piece, Reading
from understudy.core.realtime.response import ResponseRun
from understudy.core.realtime.sound_formats import SoundFormat, format_of
from understudy.core.realtime.transitions import InputPhase, Machine, OutputPhase, ResponsePhase, SessionPhase
from understudy.core.realtime.wire import EventWriter, WireIds
from understudy.core.rule_answers import ScriptedUsage
from understudy.core.simulator import Simulator


class Playing(msgspec.Struct, eq=False):
    """Sound of one response in the output buffer of a call.

    Attributes:
        response: id of the response that says it.
        item: that holds it.
        since: when it begins to play, microseconds since the epoch.
        until: when all of it will have been played.
    """

    response: str
    item: Item
    since: int
    until: int


class Asked(msgspec.Struct, eq=False):
    """A response: what was asked for, and what has come of it.

    Attributes:
        id: `resp_…`.
        settings: the session's, with those of `response.create` laid over them.
        metadata: of `response.create`.
        conversation: the conversation's id, None for a response beside it.
        reading: its input.
        known: tokens of it that were read before.
        reserved: output tokens that were set aside for it.
        began: when, microseconds since the epoch.
        counted: counts that a rule gives.
        machine: how far it is.
        run: what is being said.
    """

    id: str
    settings: dict[str, Any]
    metadata: Any
    conversation: str | None
    reading: Reading
    known: Tokens
    reserved: int
    began: int
    counted: ScriptedUsage | None
    machine: Machine
    run: ResponseRun | None = None

    @property
    def running(self) -> ResponseRun:
        """What is being said; to be asked of a response under way alone."""
        assert self.run is not None  # noqa: S101 - it is under way
        return self.run


class SessionState:
    """Everything that the parts of a session share.

    Attributes:
        simulator: whose accounts, prices and media it uses.
        account: whose session it is.
        model: the one that was asked for.
        entry: the session's line in the journal.
        ids: makes its ids.
        writer: writes its events.
        beta: whether the client speaks the beta interface.
        transcribes: whether it answers nothing and only transcribes.
        plays: whether the server plays the sound, as it does in calls.
        fields: the session object.
        conversation: its items.
        input: audio that is not yet committed.
        speech_item: id of the item that somebody speaks now.
        under_way: responses under way; that of the conversation and those beside it, the next one first.
        known: what the last response of the conversation read and made.
        idle_at: when a caller has been silent for too long.
        playing: sound in the output buffer of a call; the first is played now.
        phase, hearing, answering, output: the machines of the session, of its input, of the conversation's response and
            of the sound that is played.
    """

    def __init__(
        self,
        simulator: Simulator,
        account: Account,
        model: Model,
        entry: JournalEntry,
        ids: WireIds,
        writer: EventWriter,
        fields: dict[str, Any],
        *,
        beta: bool,
        transcribes: bool,
        plays: bool,
    ) -> None:
        self.simulator = simulator
        self.account = account
        self.model = model
        self.entry = entry
        self.ids = ids
        self.writer = writer
        self.beta = beta
        self.transcribes = transcribes
        self.plays = plays
        self.fields = fields
        self.conversation = Conversation(ids.make("conv_"))
        self.input = InputAudio(format_of(fields["audio"]["input"]["format"]))
        self.speech_item = ""
        self.under_way: list[Asked] = []
        self.known: list[Piece] = []
        self.idle_at: int | None = None
        self.playing: deque[Playing] = deque()
        begins = SessionPhase.ON_CALL if plays else SessionPhase.CONVERSING
        self.phase = Machine("session", SessionPhase.TRANSCRIBING if transcribes else begins)
        self.hearing = Machine("input", InputPhase.QUIET)
        self.answering = Machine("response", ResponsePhase.NONE)
        self.output = Machine("output", OutputPhase.SILENT)

    @property
    def detection(self) -> dict[str, Any] | None:
        """How turns are detected, None when the client commits."""
        detection: dict[str, Any] | None = self.fields["audio"]["input"]["turn_detection"]
        return detection

    @property
    def output_format(self) -> SoundFormat:
        """Of what is said."""
        return format_of(self.fields["audio"].get("output", {}).get("format"))

    @property
    def responding(self) -> Asked | None:
        """The conversation's response that is under way."""
        return next((response for response in self.under_way if response.conversation is not None), None)

    def has_spoken(self) -> bool:
        """Whether the conversation holds sound of the assistant."""
        return any(item.audio_ms and not item.is_user for item in self.conversation.items)

    def hear(self, samples: bytes) -> Heard | None:
        """What is said in samples of the input's format."""
        return hear(samples, self.simulator.media, self.input.format)

    def find_item(self, item_id: object) -> Item:
        """An item of the conversation.

        Raises:
            BadRequest: there is none of that id.
        """
        return self.conversation.items[self.conversation.find(item_id)]
