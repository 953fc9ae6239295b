"""What a scripted server does on one WebSocket: the client's events in, actions out. Nothing here touches a socket.

The steps of the case are played in order. What they leave alone is done as the API does it: the session is greeted,
its settings are taken, items are added, a response that is asked for is given with the standard answer, and what may
not be is refused with the API's own error. So a case says only what is special about it.

A client may be quicker than the script: a `wait` also takes an event that came since the `wait` before it, and `late`
holds events back until it is reached.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from understudy_harness.conformance.canary import Canary, filled
from understudy_harness.conformance.socket_events import BYTES_IN_MS, Event, Speaking, error, item_added, session
from understudy_harness.conformance.socket_steps import Close, Ping, Refuse, Step, on_dial, read_step

MODEL = "gpt-realtime"
_DECIDED = ("response.create", "response.cancel")
"""Events that a `wait` answers itself; all others are answered as usual even when they were waited for."""


class Accept(msgspec.Struct, frozen=True):
    """Complete the upgrade."""


class Message(msgspec.Struct, frozen=True):
    """Send a message, in frames of these pieces, with a ping after the first where there are several."""

    pieces: tuple[bytes, ...]
    binary: bool = False


class PingOnce(msgspec.Struct, frozen=True):
    """Send a ping."""

    payload: bytes


class Pause(msgspec.Struct, frozen=True):
    """Let time pass, and answer the client meanwhile."""

    seconds: float


class Drop(msgspec.Struct, frozen=True):
    """End the connection without a close frame."""

    reset: bool


Action = Accept | Refuse | Message | PingOnce | Pause | Close | Drop


class SocketScript:
    """The script of one connection.

    Args:
        steps: of the case, as tables.
        canary: of the call.
        dial: number of the connection among the call's, from 1.
        model: as the client named it.

    Raises:
        SocketError: a step cannot be used.
    """

    def __init__(self, steps: Sequence[Mapping[str, Any]], canary: Canary, dial: int = 1, model: str = MODEL) -> None:
        self._names = {"canary": canary.word, "text": canary.text, "key": canary.key}
        read = [read_step(table) for table in steps]
        self._steps = deque(step for step in read if on_dial(step, dial))
        self._canary = canary
        self._dial = dial
        self._settings: Event = {"model": model, "output_modalities": ["audio"], "tools": [], "instructions": ""}
        self._ready: deque[Action] = deque()
        self._cut_in = ""
        self._events = 0
        self._responses = 0
        self._pings = 0
        self._items = 0
        self._buffered = 0
        self._last_item: str | None = None
        self._speaking: dict[str, Speaking] = {}
        self._user_items: dict[str, Event] = {}
        self._active: Speaking | None = None
        self._unwaited: list[Event] = []
        self._waited: Event = {}
        self._wish: Event | None = None
        self._ready.extend(self._open())

    def next(self) -> Action | None:
        """What to do now; None when it is the client's turn."""
        while not self._ready and self._steps:
            if not self._play(self._steps[0]):
                return None
            self._steps.popleft()
        return self._ready.popleft() if self._ready else None

    def next_answer(self) -> Action | None:
        """What the client's events have led to, and no step: what is done during a pause."""
        return self._ready.popleft() if self._ready else None

    def receive(self, message: str | bytes) -> None:
        """Take a message of the client."""
        try:
            event = json.loads(message)
        except ValueError:
            event = None
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            self._say([error("invalid_event", "The 'type' field is missing.")])
            return
        wanted = next((step for step in self._steps if step.wait is not None or step.late is not None), None)
        if wanted is not None and _matches(event, wanted.wait or wanted.late or ""):
            self._unwaited.append(event)
            if wanted.late is not None or event["type"] in _DECIDED:
                return
        self._answer(event)

    def _open(self) -> Iterator[Action]:
        first = self._steps[0] if self._steps else None
        if first is not None and first.refuse is not None:
            self._steps.clear()
            yield msgspec.convert(filled(msgspec.to_builtins(first.refuse), self._names), Refuse)
            return
        yield Accept()
        if first is not None and first.accept is not None:
            self._steps.popleft()
            if not first.accept:
                return
        yield self._message(session("session.created", self._settings))

    # The steps.

    def _play(self, step: Step) -> bool:
        """Make a step's actions; False while it waits for the client."""
        if step.wait is not None:
            return self._take(step.wait)
        if step.late is not None:
            late, self._unwaited = self._unwaited, []
            for event in late:
                self._answer(event)
            return True
        self._cut_in = step.cut_in
        self._ready.extend(self._actions(step))
        self._cut_in = ""
        return True

    def _take(self, wanted: str | dict[str, Any]) -> bool:
        for place, event in enumerate(self._unwaited):
            if _matches(event, wanted):
                del self._unwaited[: place + 1]
                self._waited = event
                self._wish = event if event["type"] == "response.create" else self._wish
                return True
        return False

    def _actions(self, step: Step) -> Iterator[Action]:
        speaking = self._active
        if step.send is not None:
            for table in step.send if isinstance(step.send, list) else [step.send]:
                yield self._message(self._filled(table))
        elif step.speech is not None:
            yield from self._messages(self._hear(begins=step.speech == "started"))
        elif step.begin is not None:
            yield from self._messages(self._begin(step.begin))
        elif step.answer is not None:
            yield from self._messages(self._whole(step.answer.name, step.answer.text))
        elif step.ping is not None:
            yield from self._pinging(step.ping)
        elif step.sound is not None and (speaking := self._speaking.get(step.sound.of, speaking)) is not None:
            yield from self._messages(speaking.play(step.sound.ms, step.sound.pieces))
        elif step.say is not None and speaking is not None:
            yield from self._messages(speaking.say(filled(step.say.text, self._names), step.say.pieces))
        elif step.tool is not None and speaking is not None:
            yield from self._messages(speaking.call(step.tool.name, step.tool.arguments))
        elif step.done is not None and speaking is not None:
            done = {"reason": step.done.reason, "error": step.done.error}
            details = {key: value for key, value in done.items() if value is not None}
            yield from self._messages(self._end(step.done.status, details or None))
        elif step.pause is not None:
            yield Pause(step.pause)
        elif step.text is not None:
            yield Message((filled(step.text, self._names).encode(),))
        elif step.binary is not None:
            yield Message((step.binary.encode(),), binary=True)
        elif step.close is not None:
            yield step.close
        elif step.drop is not None:
            yield Drop(step.drop == "rst")

    def _pinging(self, ping: Ping) -> Iterator[Action]:
        for _ in range(ping.count):
            self._pings += 1
            yield PingOnce(b"ping %d " % self._pings + b"." * (ping.size - len(b"ping %d " % self._pings)))
            if ping.sound_ms and self._active is not None:
                yield from self._messages(self._active.play(ping.sound_ms, 1))
            if ping.every_s:
                yield Pause(ping.every_s)

    def _filled(self, table: Mapping[str, Any]) -> Event:
        """An event with its texts; `{event_id}` alone is the id of the event that was waited for, or null."""
        event: Event = filled(dict(table), self._names)
        if isinstance(about := event.get("error"), dict) and about.get("event_id") == "{event_id}":
            event["error"] = {**about, "event_id": self._waited.get("event_id")}
        return event

    def _hear(self, *, begins: bool) -> Iterator[Event]:
        """Voice detection, in the API's order; the item has its id from the begin on."""
        kind = "input_audio_buffer.speech_"
        if begins:
            self._items += 1
            yield {"type": f"{kind}started", "audio_start_ms": 0, "item_id": self._user_item}
            return
        yield {"type": f"{kind}stopped", "audio_end_ms": self._buffered // BYTES_IN_MS, "item_id": self._user_item}
        yield from self._committed()

    # Responses.

    def _begin(self, name: str, asked: Event | None = None) -> Iterator[Event]:
        """A response, to the wish that was waited for unless another is given; each wish has one."""
        asked, self._wish = asked or self._wish, None
        given = None if asked is None else asked.get("response")
        metadata = given.get("metadata") if isinstance(given, dict) else None
        self._responses += 1
        # Connections have names of their own: no id comes twice.
        name = name or f"{self._dial}_{self._responses}"
        textual = self._settings.get("output_modalities") == ["text"]
        speaking = self._active = self._speaking[name] = Speaking(
            name, self._last_item, textual=textual, metadata=metadata
        )
        self._last_item = speaking.item
        yield speaking.created()

    def _whole(self, name: str, text: str, asked: Event | None = None) -> Iterator[Event]:
        yield from self._begin(name, asked)
        if self._active is not None:
            yield from self._active.say(filled(text, self._names), 3)
        yield from self._end("completed", None)

    def _end(self, status: str, details: Event | None) -> Iterator[Event]:
        if self._active is not None:
            speaking, self._active = self._active, None
            yield from speaking.done(status, details)

    # What the API does by itself.

    def _answer(self, event: Event) -> None:
        answers = {
            "session.update": self._update,
            "conversation.item.create": self._add,
            "conversation.item.delete": self._delete,
            "conversation.item.retrieve": self._retrieve,
            "conversation.item.truncate": self._truncate,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "response.create": self._respond,
            "response.cancel": self._cancel,
        }
        answer = answers.get(event["type"])
        if answer is None:
            refused = f"Invalid value: '{event['type']}'. Supported values are: {', '.join(answers)}."
            self._say([error("invalid_value", refused, event.get("event_id"))])
        else:
            self._say(answer(event))

    def _update(self, event: Event) -> Iterator[Event]:
        changes = event.get("session")
        self._settings |= changes if isinstance(changes, dict) else {}
        yield session("session.updated", self._settings)

    def _add(self, event: Event) -> Iterator[Event]:
        given = event.get("item")
        self._items += 1
        usual = {"id": self._user_item, "status": "completed"}
        yield from self._added({**usual, **(given if isinstance(given, dict) else {})})

    def _retrieve(self, event: Event) -> Iterator[Event]:
        id = event.get("item_id")
        items = {speaking.item: speaking.message for speaking in self._speaking.values()} | self._user_items
        if id in items:
            yield {"type": "conversation.item.retrieved", "item": items[id]}
        else:
            words = f"Item '{id}' not found"
            yield error("item_retrieve_invalid_item_id", words, event.get("event_id"))

    def _delete(self, event: Event) -> Iterator[Event]:
        yield {"type": "conversation.item.deleted", "item_id": event.get("item_id")}

    def _truncate(self, event: Event) -> Iterator[Event]:
        """Past the end of the sound it is refused, in the API's words."""
        heard = next((each.sound for each in self._speaking.values() if each.item == event.get("item_id")), 0)
        ends, length = event.get("audio_end_ms"), heard // BYTES_IN_MS
        if not isinstance(ends, int) or ends > length:
            words = f"Audio content of {length}ms is already shorter than {ends}ms"
            yield error("invalid_value", words, event.get("event_id"))
            return
        place = {key: event.get(key) for key in ("item_id", "content_index", "audio_end_ms")}
        yield {"type": "conversation.item.truncated", **place}

    def _append(self, event: Event) -> Iterator[Event]:
        self._buffered += len(str(event.get("audio", ""))) * 3 // 4
        yield from ()

    def _commit(self, event: Event) -> Iterator[Event]:
        if self._buffered < 100 * BYTES_IN_MS:
            words = "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio."
            yield error("input_audio_buffer_commit_empty", words, event.get("event_id"))
            return
        self._items += 1
        yield from self._committed()

    def _committed(self) -> Iterator[Event]:
        self._buffered = 0
        content = [{"type": "input_audio", "transcript": None}]
        id = self._user_item
        yield {"type": "input_audio_buffer.committed", "previous_item_id": self._last_item, "item_id": id}
        yield from self._added({"id": id, "type": "message", "status": "completed", "role": "user", "content": content})

    @property
    def _user_item(self) -> str:
        return f"item_{self._dial}_user_{self._items}"

    def _added(self, item: Event) -> Iterator[Event]:
        previous, self._last_item = self._last_item, str(item["id"])
        self._user_items[self._last_item] = item
        yield from item_added(previous, item)

    def _clear(self, event: Event) -> Iterator[Event]:
        self._buffered = 0
        yield {"type": "input_audio_buffer.cleared"}

    def _respond(self, event: Event) -> Iterator[Event]:
        if self._active is not None:
            words = f"Conversation already has an active response in progress: {self._active.id}. Wait until the "
            words += "response is finished before creating a new one."
            yield error("conversation_already_has_active_response", words, event.get("event_id"))
            return
        yield from self._whole("", "{text}", event)

    def _cancel(self, event: Event) -> Iterator[Event]:
        if self._active is None:
            words = "Cancellation failed: no active response found"
            yield error("response_cancel_not_active", words, event.get("event_id"))
            return
        yield from self._end("cancelled", {"reason": "client_cancelled"})

    # Events as messages.

    def _say(self, events: Iterable[Event]) -> None:
        self._ready.extend(self._messages(events))

    def _messages(self, events: Iterable[Event]) -> Iterator[Action]:
        for event in events:
            yield self._message(event)

    def _message(self, event: Event) -> Message:
        self._events += 1
        rest = {key: value for key, value in event.items() if key != "type"}
        numbered = {"type": event["type"], "event_id": f"event_{self._dial}_{self._events}", **rest}
        return Message(_cut(json.dumps(numbered, ensure_ascii=False).encode(), self._cut_in.encode()))


def _cut(message: bytes, character: bytes) -> tuple[bytes, ...]:
    """A message in three pieces, cut twice within the first such character of several bytes; else in one."""
    place = message.find(character) if len(character) > 1 else -1
    if place < 0:
        return (message,)
    return message[: place + 1], message[place + 1 : place + 2], message[place + 2 :]


def _matches(event: Mapping[str, Any], wanted: str | Mapping[str, Any]) -> bool:
    if isinstance(wanted, str):
        return event.get("type") == wanted
    return all(_at(event, path) == value for path, value in wanted.items())


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
