"""Clients that hold realtime conversations wrongly, each in one way: groups 11 and 12."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode

from understudy_harness.conformance.reference.client import CallFailed, ReferenceClient
from understudy_harness.conformance.reference.realtime import Conversation, Reply
from understudy_harness.conformance.reference.socket import Closed, Refused, Socket


class HidesRefusals(Conversation):
    """Says that something went wrong, and not what."""

    def refusal(self, refused: Refused, wait: float | None) -> CallFailed:
        """An error without status, code and words."""
        return CallFailed("connection", "could not connect")

    def on_error(self, error: Mapping[str, Any]) -> None:
        """Logged, where nobody reads it."""

    def words_for(self, closed: Closed) -> str:
        """No reason either."""
        return "could not connect"


class DialsOnAndOn(Conversation):
    """Takes every refusal for bad luck."""

    def may_redial(self, status: int, attempt: int) -> bool:
        """Up to eight times."""
        return attempt < 8


class DialsAtOnce(Conversation):
    """Dials again without waiting."""

    async def connect(self) -> Socket:
        """Two attempts for one."""
        try:
            return await super().connect()
        except Refused:
            return await super().connect()


class _Deaf(ClientProtocol):
    """Reads pings and thinks no more of them."""

    def send_frame(self, frame: Frame) -> None:
        """Everything but pongs."""
        if frame.opcode is not Opcode.PONG:
            super().send_frame(frame)


class _Curt(ClientProtocol):
    """Answers pings with empty hands."""

    def send_frame(self, frame: Frame) -> None:
        """A pong loses its payload."""
        if frame.opcode is Opcode.PONG:
            frame = Frame(Opcode.PONG, b"")
        super().send_frame(frame)


class _DeafSocket(Socket):
    protocol_class = _Deaf


class _CurtSocket(Socket):
    protocol_class = _Curt


class _FrameByFrame(Socket):
    def take(self, frame: Frame) -> str | bytes | None:
        """Each frame is a message."""
        if frame.opcode in (Opcode.TEXT, Opcode.CONT):
            return bytes(frame.data).decode("utf-8", "replace")
        return None


class _DecodesPieces(Socket):
    def take(self, frame: Frame) -> str | bytes | None:
        """A message whose pieces were decoded one by one."""
        if frame.opcode in (Opcode.TEXT, Opcode.CONT):
            frame = Frame(frame.opcode, bytes(frame.data).decode("utf-8", "replace").encode(), fin=frame.fin)
        return super().take(frame)


class _Small(Socket):
    max_size = 1024 * 1024


class AnswersNoPings(Conversation):
    """Never sends a pong."""

    socket_class = _DeafSocket


class AnswersPingsEmptily(Conversation):
    """Sends pongs that no ping asked for."""

    socket_class = _CurtSocket


class TakesFramesForEvents(Conversation):
    """Knows no fragmented messages."""

    socket_class = _FrameByFrame


class DecodesEachFrame(Conversation):
    """Breaks characters that were cut in two."""

    socket_class = _DecodesPieces


class TakesOneMebibyte(Conversation):
    """Leaves the library's limit as it is."""

    socket_class = _Small


class DiesOfOddFrames(Conversation):
    """Takes every message for an event."""

    def take(self, message: str | bytes) -> None:
        """Raises ValueError, TypeError, AttributeError."""
        self.on_event({**json.loads(message)})
        self._changed.set()


class HidesCloseReasons(Conversation):
    """Reports every end alike."""

    def words_for(self, closed: Closed) -> str:
        """What it says of a cut cable, too."""
        return "the connection was closed"


class CallsHalfAnAnswerWhole(Conversation):
    """Ends what is open as if it had ended."""

    def on_closed(self, closed: Closed) -> None:
        """Whatever had come was all there was."""
        if self.active is not None:
            self.active.finish = "completed"
        super().on_closed(closed)


class TakesAnEndForSuccess(Conversation):
    """Stops when the server does, and is content."""

    async def run(self) -> dict[str, Any]:
        """What had come by then."""
        try:
            return await super().run()
        except CallFailed:
            return {"choices": self.told(), "ran": self.ran}


class WaitsForGoodbyes(Conversation):
    """Notices an end only by its close frame, and not even then does anybody learn of it."""

    def on_closed(self, closed: Closed) -> None:
        """Nobody is told."""


class RefusesNewEvents(Conversation):
    """Knows every event there will ever be."""

    known = ("session.", "conversation.", "response.output", "response.content", "input_audio_buffer.", "error")
    also = ("response.created", "response.done", "response.function_call_arguments.delta")

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Raises ValueError."""
        if not event["type"].startswith(self.known + self.also):
            raise ValueError(f"unknown event {event['type']}")
        super().on_event(event)


class DiesOfErrors(Conversation):
    """Takes each error for the last."""

    def on_error(self, error: Mapping[str, Any]) -> None:
        """The session ends."""
        self.ended = CallFailed("other", error.get("message") or "", code=error.get("code"))


class AsksAtOnce(Conversation):
    """Asks whether or not an answer is under way, and forgets what was refused."""

    def ask_if_owed(self) -> None:
        """Always now."""
        if self.owed:
            self.owed = False
            self.request_answer()

    def on_refused_ask(self, code: str | None, error: Mapping[str, Any]) -> None:
        """It was asked, was it not."""
        self.asked = None


class HammersUntilAnswered(Conversation):
    """Asks again at once when it was refused."""

    def ask_if_owed(self) -> None:
        """Always now."""
        if self.owed:
            self.owed = False
            self.request_answer()

    def request_answer(self) -> None:
        """After a breath."""
        self.asked = self.asked or ""
        asyncio.get_running_loop().call_later(0.02, super().request_answer)


class AsksForEachTool(Conversation):
    """Asks once for the answer and once for the tool."""

    def run_tool(self, call: Mapping[str, Any]) -> None:
        """And then asks, as it will when the answer has ended."""
        super().run_tool(call)
        self.request_answer()


class LosesErrors(Conversation):
    """Never looks an error's event up."""

    def on_refused_ask(self, code: str | None, error: Mapping[str, Any]) -> None:
        """The answer may come yet."""


class CutsByTheClock(Conversation):
    """Takes the time since the first sound for what was heard."""

    def heard_ms(self, reply: Reply) -> int:
        """However long ago that was."""
        return round((asyncio.get_running_loop().time() - (reply.started or 0.0)) * 1000)

    def on_barge_in(self) -> None:
        """Cuts even what has long been heard."""
        speaking = next((reply for reply in reversed(self.replies.values()) if reply.started is not None), None)
        self.active = speaking
        super().on_barge_in()
        self.active = None


class PlaysLateSound(Conversation):
    """Plays whatever comes."""

    def is_stale(self, reply: Reply) -> bool:
        """Never."""
        return False


class DropsTheNextAnswer(Conversation):
    """Drops all sound once it was interrupted."""

    def is_stale(self, reply: Reply) -> bool:
        """Whoever it is that speaks."""
        return any(each.muted for each in self.replies.values())


class IgnoresFailedAnswers(Conversation):
    """Looks for errors in `error` events alone."""

    def on_failed(self, reply: Reply, error: Mapping[str, Any]) -> None:
        """An answer without words."""
        reply.finish = None
        self.ask_if_owed()


class DialsAgain(Conversation):
    """Dials again when it was cut off, as it should, and asks again; the wrong ones below do some of it wrongly."""

    dialled = 0

    def on_closed(self, closed: Closed) -> None:
        """A first end is not the end."""
        if self.dialled or closed.code != 1006:
            super().on_closed(closed)
            return
        self.dialled += 1
        self.redialling = asyncio.ensure_future(self._redial())

    async def _redial(self) -> None:
        await self.socket.close()
        self.before_redial()
        self.owed, self.active = True, None
        self.socket = await self.dial()
        self.reading = asyncio.ensure_future(self.listen())
        await self.resume()
        self.ask_if_owed()

    def before_redial(self) -> None:
        """What was under way."""

    async def resume(self) -> None:
        """What the new session is told."""
        await self.set_up()


class DialsAgainUnprepared(DialsAgain):
    """Goes on where it was, in a session that knows nothing."""

    async def resume(self) -> None:
        """Nothing: it was all said before."""


class DialsAgainWithOldIds(DialsAgain):
    """Tells the new session about the old one's items."""

    async def resume(self) -> None:
        """History under its ids."""
        await self.set_up()
        for reply in self.replies.values():
            content = [{"type": "output_text", "text": reply.text}]
            item = {"id": reply.item, "type": "message", "role": "assistant", "content": content}
            await self.send({"type": "conversation.item.create", "item": item})


class DialsAgainAndRepeatsTools(DialsAgain):
    """Runs each tool when it is called, and again when it dials again."""

    def before_redial(self) -> None:
        """Twice for each call that it knows of."""
        for reply in self.replies.values():
            for call in reply.calls * 2:
                self.ran.append({"name": call["name"], "arguments": {}})


class DialsAgainAndCallsItWhole(DialsAgain):
    """Files half an answer under those that are complete."""

    def before_redial(self) -> None:
        """Done is done."""
        for reply in self.replies.values():
            reply.finish = "completed"


def _client(held: type[Conversation]) -> type[ReferenceClient]:
    """A client that is sound but for its conversations."""
    return type(held.__name__, (ReferenceClient,), {"conversation": held, "__doc__": held.__doc__})


WRONG_ABOUT_REALTIME: dict[str, type[ReferenceClient]] = {
    name: _client(held)
    for name, held in {
        "hides-refusals": HidesRefusals,
        "dials-on-and-on": DialsOnAndOn,
        "dials-at-once": DialsAtOnce,
        "answers-no-pings": AnswersNoPings,
        "answers-pings-emptily": AnswersPingsEmptily,
        "takes-frames-for-events": TakesFramesForEvents,
        "decodes-each-frame": DecodesEachFrame,
        "takes-one-mebibyte": TakesOneMebibyte,
        "dies-of-odd-frames": DiesOfOddFrames,
        "hides-close-reasons": HidesCloseReasons,
        "calls-half-an-answer-whole": CallsHalfAnAnswerWhole,
        "takes-an-end-for-success": TakesAnEndForSuccess,
        "waits-for-goodbyes": WaitsForGoodbyes,
        "refuses-new-events": RefusesNewEvents,
        "dies-of-errors": DiesOfErrors,
        "asks-at-once": AsksAtOnce,
        "hammers-until-answered": HammersUntilAnswered,
        "asks-for-each-tool": AsksForEachTool,
        "loses-errors": LosesErrors,
        "cuts-by-the-clock": CutsByTheClock,
        "plays-late-sound": PlaysLateSound,
        "drops-the-next-answer": DropsTheNextAnswer,
        "ignores-failed-answers": IgnoresFailedAnswers,
        "dials-again-unprepared": DialsAgainUnprepared,
        "dials-again-with-old-ids": DialsAgainWithOldIds,
        "dials-again-and-repeats-tools": DialsAgainAndRepeatsTools,
        "dials-again-and-calls-it-whole": DialsAgainAndCallsItWhole,
    }.items()
}
"""Each by the name under which the driver takes it."""
