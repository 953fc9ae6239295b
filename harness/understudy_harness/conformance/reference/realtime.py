"""Realtime conversations of the reference client: each decision that a case is about is a method of its own."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from understudy_harness.conformance.reference.client import CallFailed, ReferenceClient
from understudy_harness.conformance.reference.socket import Closed, Refused, Socket

BYTES_IN_MS = 48
_PIECE = 100 * BYTES_IN_MS
_GOODBYE_S = 1.0
"""Time to read what was said before the end."""
_TEXTS = ("response.output_text.delta", "response.output_audio_transcript.delta")
_TOO_EARLY = "conversation_already_has_active_response"
_TOO_LATE = "response_cancel_not_active"
_BAD_KEY = "invalid_api_key"


class Reply:
    """An answer.

    Attributes:
        id: of the response.
        item: id of its message; `content` is the index of the part that sounds.
        text: what it has said.
        finish: its status at its end.
        sound: bytes of its sound.
        started: when its first sound was played, by the loop's time.
        muted: whether the rest of its sound is not for the user.
        calls: its tool calls.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self.item: str | None = None
        self.content = 0
        self.text = ""
        self.finish: str | None = None
        self.sound = 0
        self.started: float | None = None
        self.muted = False
        self.calls: list[Mapping[str, Any]] = []


class Conversation:
    """One session and what the application does in it.

    Args:
        client: whose settings are used.
        input: of the operation `realtime`.
    """

    socket_class = Socket

    def __init__(self, client: ReferenceClient, input: Mapping[str, Any]) -> None:
        self.client = client
        self.input = input
        self.replies: dict[str, Reply] = {}
        self.ran: list[dict[str, Any]] = []
        self.active: Reply | None = None
        self.asked: str | None = None
        self.owed = False
        self.ended: Closed | CallFailed | None = None
        self.usage: dict[str, Any] | None = None
        self._asks = 0
        self._sending: set[asyncio.Future[None]] = set()
        self._changed = asyncio.Event()
        self.socket: Socket
        self.reading: asyncio.Future[None]

    async def run(self) -> dict[str, Any]:
        """All turns; the fields of a result.

        Raises:
            CallFailed: the session could not be had, or ended too early, or an answer failed.
        """
        try:
            self.socket = await self.dial()
            self.reading = asyncio.ensure_future(self.listen())
            try:
                await self.set_up()
                for turn in self.input["turns"]:
                    await self.turn(turn)
            except Closed as closed:
                # What the server said before it closed is still to be read, and says more than a failed write.
                await asyncio.wait((self.reading,), timeout=_GOODBYE_S)
                self.ended = self.ended or closed
            finally:
                self.reading.cancel()
                # One at a time reads: the goodbye waits for the reader's end.
                await asyncio.wait((self.reading,))
                await self.socket.close()
            if self.ended is not None:
                raise self.failure(self.ended)
        except CallFailed as failed:
            failed.choices, failed.ran = self.told(), self.ran
            raise
        return {"choices": self.told(), "ran": self.ran, "usage": self.usage}

    def told(self) -> list[dict[str, Any]]:
        """The answers as the driver protocol has them."""
        return [{"text": reply.text, "finish": reply.finish} for reply in self.replies.values()]

    # The connection.

    async def dial(self) -> Socket:
        """Connect; once more when the server says when.

        Raises:
            CallFailed: it does not want to.
        """
        attempt = 0
        while True:
            try:
                return await self.connect()
            except Refused as refused:
                wait = self.client.named_wait(dict(refused.response.headers.raw_items()))
                if not self.may_redial(refused.response.status_code, attempt) or self.client.too_long(wait):
                    raise self.refusal(refused, wait) from None
                await asyncio.sleep(self.client.wait(wait, attempt))
            except (OSError, Closed) as problem:
                raise CallFailed("connection", str(problem)) from None
            attempt += 1

    async def connect(self) -> Socket:
        """One attempt."""
        key = {"Authorization": f"Bearer {self.client.api_key}"}
        return await self.socket_class.open(self.url, {**self.client.headers, **key}, self.client.ca_file)

    @property
    def url(self) -> str:
        """Where to."""
        base = urlsplit(self.client.base_url)
        query = f"{base.query}&" if base.query else ""
        return urlunsplit(
            (
                {"http": "ws", "https": "wss"}[base.scheme],
                base.netloc,
                f"{base.path.rstrip('/')}/realtime",
                f"{query}model={self.input['model']}",
                "",
            )
        )

    def may_redial(self, status: int, attempt: int) -> bool:
        """Whether a refused upgrade is tried again: as any other request."""
        return self.client.may_retry(status, attempt)

    def refusal(self, refused: Refused, wait: float | None) -> CallFailed:
        """What is reported of a refused upgrade."""
        status = refused.response.status_code
        try:
            error = json.loads(refused.response.body)["error"]
            code, message = error.get("code"), error.get("message")
        except (ValueError, TypeError, KeyError, AttributeError):
            code, message = None, None
        kind = self.client.kind_of(status, code)
        return CallFailed(kind, message or str(refused), status=status, code=code, retry_after_s=wait)

    def failure(self, ended: Closed | CallFailed) -> CallFailed:
        """What is reported when the session has ended."""
        if isinstance(ended, CallFailed):
            return ended
        return CallFailed("auth" if _BAD_KEY in ended.reason else "connection", self.words_for(ended))

    def words_for(self, closed: Closed) -> str:
        """The server's words, as far as there are some."""
        return str(closed)

    async def listen(self) -> None:
        """Take what the server says, until the connection is over."""
        try:
            async for message in self.socket.messages():
                self.take(message)
        except Closed as closed:
            self.on_closed(closed)
        except Exception as bug:  # what breaks the loop ends the session
            self.ended = self.ended or CallFailed("other", f"{type(bug).__name__}: {bug}")
        self._changed.set()

    def on_closed(self, closed: Closed) -> None:
        """The connection is over: whoever waits is told."""
        self.ended = self.ended or closed

    # What the server says.

    def take(self, message: str | bytes) -> None:
        """A message; one that is no event is nobody's."""
        try:
            event = json.loads(message)
        except ValueError:
            return
        if isinstance(event, dict) and isinstance(event.get("type"), str):
            self.on_event(event)
            self._changed.set()

    def on_event(self, event: Mapping[str, Any]) -> None:
        """An event; one of a type that we do not know is left alone."""
        kind = event["type"]
        if kind == "error":
            self.on_error(event.get("error") or {})
        elif kind == "response.created":
            self.on_begin(event["response"])
        elif kind == "response.output_item.added" and event["item"].get("type") == "message":
            self.reply(event).item = event["item"]["id"]
        elif kind in _TEXTS:
            self.reply(event).text += event["delta"]
            self.client.say(event="delta", text=event["delta"], index=len(self.replies) - 1)
        elif kind == "response.output_audio.delta":
            self.on_sound(self.reply(event), event)
        elif kind == "response.output_item.done" and event["item"].get("type") == "function_call":
            self.reply(event).calls.append(event["item"])
        elif kind == "response.done":
            self.on_done(event["response"])
        elif kind == "input_audio_buffer.speech_started":
            self.on_barge_in()

    def reply(self, event: Mapping[str, Any]) -> Reply:
        """The answer that an event is about."""
        id = event["response_id"]
        return self.replies.setdefault(id, Reply(id))

    def on_begin(self, response: Mapping[str, Any]) -> None:
        """An answer begins, ours or one that the server thought of."""
        self.active = self.replies[response["id"]] = Reply(response["id"])
        self.asked = None

    def on_sound(self, reply: Reply, event: Mapping[str, Any]) -> None:
        """Sound to be played, unless the user has cut the answer off."""
        size = len(base64.b64decode(event["delta"]))
        if self.is_stale(reply):
            return
        reply.item, reply.content = event["item_id"], event["content_index"]
        reply.started = reply.started or asyncio.get_running_loop().time()
        reply.sound += size
        self.client.say(event="audio", size=size, item=reply.item)

    def is_stale(self, reply: Reply) -> bool:
        """Whether an answer's sound is no longer wanted."""
        return reply.muted

    def on_done(self, response: Mapping[str, Any]) -> None:
        """An answer ends: its tools are run, and what was held back is asked for now."""
        reply = self.replies.setdefault(response["id"], Reply(response["id"]))
        reply.finish = response["status"]
        usage = response.get("usage") or {}
        self.usage = {"prompt_tokens": usage.get("input_tokens"), "completion_tokens": usage.get("output_tokens")}
        self.active = None if self.active is reply else self.active
        if reply.finish == "failed":
            self.on_failed(reply, (response.get("status_details") or {}).get("error") or {})
            return
        if reply.calls and reply.finish == "completed":
            for call in reply.calls:
                self.run_tool(call)
            self.owed = True
        self.ask_if_owed()

    def on_failed(self, reply: Reply, error: Mapping[str, Any]) -> None:
        """An answer came to nothing."""
        code = error.get("code")
        kind = "rate_limit" if code == "rate_limit_exceeded" else self.client.kind_of(400, code)
        self.ended = self.ended or CallFailed(kind, error.get("message") or "the response failed", code=code)

    def on_error(self, error: Mapping[str, Any]) -> None:
        """Something that we asked for was refused; the session goes on."""
        code = error.get("code")
        if code != _TOO_LATE:
            self.client.say(event="error", code=code, text=error.get("message"))
        if self.asked is not None and error.get("event_id") == self.asked:
            self.on_refused_ask(code, error)

    def on_refused_ask(self, code: str | None, error: Mapping[str, Any]) -> None:
        """The answer that we asked for will not come, or not now."""
        self.asked = None
        if code == _TOO_EARLY:
            self.owed = True
            self.ask_if_owed()
        else:
            self.ended = self.ended or CallFailed("bad_request", error.get("message") or "refused", code=code)

    def on_barge_in(self) -> None:
        """The user speaks: whatever is being said stops, and the server learns how much of it was heard."""
        speaking = next((reply for reply in reversed(self.replies.values()) if reply.started is not None), None)
        if speaking is None or speaking.muted:
            return
        speaking.muted = True
        self.client.say(event="interrupted")
        heard, whole = self.heard_ms(speaking), speaking.sound // BYTES_IN_MS
        if speaking.item is not None and (heard < whole or speaking is self.active):
            place = {"item_id": speaking.item, "content_index": speaking.content}
            self.send_later({"type": "conversation.item.truncate", **place, "audio_end_ms": heard})

    def heard_ms(self, reply: Reply) -> int:
        """How much of an answer the user can have heard: no more than there was."""
        elapsed = asyncio.get_running_loop().time() - (reply.started or 0.0)
        return min(round(elapsed * 1000), reply.sound // BYTES_IN_MS)

    # What we say.

    async def set_up(self) -> None:
        """The session's settings."""
        tools = [
            {"type": "function", **{key: tool[key] for key in ("name", "description", "parameters")}}
            for tool in self.input.get("tools") or ()
        ]
        session: dict[str, Any] = {"type": "realtime", "output_modalities": [self.input.get("output", "text")]}
        if self.input.get("instructions"):
            session["instructions"] = self.input["instructions"]
        if tools:
            session["tools"] = tools
        await self.send({"type": "session.update", "session": session})

    async def turn(self, turn: Mapping[str, Any]) -> None:
        """One turn; see `RealtimeTurn`.

        Raises:
            Closed: the session has ended.
        """
        match turn["do"]:
            case "say":
                content = [{"type": "input_text", "text": turn["text"]}]
                item = {"type": "message", "role": "user", "content": content}
                await self.send({"type": "conversation.item.create", "item": item})
                self.ask()
            case "sound":
                await self.play(base64.b64decode(turn["pcm"]), turn.get("pace"))
            case "wait":
                await self.until(lambda: self.active is None and self.asked is None and not self.owed)
            case "interrupt":
                await self.until(lambda: self.has_come(turn.get("ms")))
                self.interrupt()
            case "pause":
                await asyncio.sleep(turn["ms"] / 1000)

    def has_come(self, ms: float | None) -> bool:
        """Whether so much of the latest answer is there, or all of it."""
        reply = next(reversed(self.replies.values()), None)
        return reply is not None and (not ms or reply.sound >= ms * BYTES_IN_MS or reply.finish is not None)

    def interrupt(self) -> None:
        """The user wants to hear no more."""
        if self.active is not None:
            self.active.muted = True
            self.client.say(event="interrupted")
            self.send_later({"type": "response.cancel", "response_id": self.active.id})

    async def play(self, sound: bytes, pace: float | None) -> None:
        """Send the user's sound."""
        for start in range(0, len(sound), _PIECE):
            audio = base64.b64encode(sound[start : start + _PIECE]).decode()
            await self.send({"type": "input_audio_buffer.append", "audio": audio})
            if pace:
                await asyncio.sleep(0.1 / pace)

    def ask(self) -> None:
        """Ask for an answer: now, or when the one under way has ended."""
        self.owed = True
        self.ask_if_owed()

    def ask_if_owed(self) -> None:
        """Ask, if an answer is owed and none is under way."""
        if self.owed and self.active is None and self.asked is None:
            self.owed = False
            self.request_answer()

    def request_answer(self) -> None:
        """Send the event, under an id by which its refusal is known."""
        self._asks += 1
        self.asked = f"event_ask_{self._asks}"
        self.send_later({"type": "response.create", "event_id": self.asked})

    def run_tool(self, call: Mapping[str, Any]) -> None:
        """Run a tool and hand in what it gives back."""
        told = {"name": call["name"], "arguments": json.loads(call["arguments"] or "{}")}
        self.ran.append(told)
        self.client.say(event="tool", **told)
        tools = {tool["name"]: tool["returns"] for tool in self.input.get("tools") or ()}
        output = tools.get(call["name"], "no such tool")
        item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
        self.send_later({"type": "conversation.item.create", "item": item})

    def send_later(self, event: Mapping[str, Any]) -> None:
        """Send from where nobody can wait; in order all the same."""
        sending = asyncio.ensure_future(self._send_quietly(event))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _send_quietly(self, event: Mapping[str, Any]) -> None:
        try:
            await self.send(event)
        except Closed as closed:
            self.on_closed(closed)

    async def send(self, event: Mapping[str, Any]) -> None:
        """Send an event.

        Raises:
            Closed: the connection is over.
        """
        await self.socket.send(json.dumps(event))

    async def until(self, reached: Any) -> None:
        """Wait for what the server says to come to something.

        Raises:
            Closed: the session has ended before.
            CallFailed: what was waited for has failed.
        """
        while self.ended is None and not reached():
            self._changed.clear()
            await self._changed.wait()
        if self.ended is not None:
            raise self.ended


async def realtime(client: ReferenceClient, input: Mapping[str, Any]) -> dict[str, Any]:
    """One conversation.

    Raises:
        CallFailed: see `Conversation.run`.
    """
    return await (client.conversation or Conversation)(client, input).run()
