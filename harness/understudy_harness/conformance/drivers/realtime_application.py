"""The application that the drivers of bare realtime sockets share: it does the turns, and nothing for the client.

It sends what its turns say, as they say it, and takes each event as the client hands it over. It holds no answer back,
retries nothing and repairs nothing: what a client does not do is not done.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from understudy_harness.conformance.drivers.lines import Run

_PIECE = 4_800
"""Bytes of 100 ms."""
_TEXTS = ("response.output_text.delta", "response.output_audio_transcript.delta")
Event = Mapping[str, Any]


class SessionOver(Exception):
    """The client has no more events, and has not said why."""


class Application:
    """One conversation.

    Args:
        run: the `run` line.
        send: hands the client an event to send.
    """

    def __init__(self, run: Run, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._run = run
        self._send = send
        self._asked: list[str] = []
        self._answers: dict[str, int] = {}
        self._speaking: set[str] = set()
        self._sound = 0
        self._changed = asyncio.Event()

    async def converse(self, events: AsyncIterator[Event]) -> dict[str, Any]:
        """Do every turn; the fields of the result.

        Args:
            events: as the client hands them over, ending when it does.

        Raises:
            SessionOver: the events end before the turns do.
        """
        hearing = asyncio.ensure_future(self._hear(events))
        doing = asyncio.ensure_future(self._do())
        try:
            await asyncio.wait((hearing, doing), return_when=asyncio.FIRST_COMPLETED)
            # A write that fails says less than what is still to be read.
            if doing.done() and doing.exception() is not None:
                await asyncio.wait((hearing,), timeout=1.0)
            if hearing.done():
                hearing.result()
                if not doing.done():
                    raise SessionOver("the client has no more events")
            await doing
        finally:
            for task in (hearing, doing):
                task.cancel()
            await asyncio.gather(hearing, doing, return_exceptions=True)
        return self._run.seen()

    async def _hear(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self._take(event)
            self._changed.set()

    async def _do(self) -> None:
        given = self._run.input
        session: dict[str, Any] = {"type": "realtime", "output_modalities": [given.get("output", "text")]}
        if "instructions" in given:
            session["instructions"] = given["instructions"]
        await self._send({"type": "session.update", "session": session})
        for turn in given["turns"]:
            await self._turn(turn)

    async def _turn(self, turn: Mapping[str, Any]) -> None:
        match turn["do"]:
            case "say":
                content = [{"type": "input_text", "text": turn["text"]}]
                item = {"type": "message", "role": "user", "content": content}
                await self._send({"type": "conversation.item.create", "item": item})
                self._asked.append(f"event_ask_{len(self._answers)}_{len(self._asked)}")
                await self._send({"type": "response.create", "event_id": self._asked[-1]})
            case "sound":
                sound = base64.b64decode(turn["pcm"])
                for start in range(0, len(sound), _PIECE):
                    audio = base64.b64encode(sound[start : start + _PIECE]).decode()
                    await self._send({"type": "input_audio_buffer.append", "audio": audio})
                    if "pace" in turn:
                        await asyncio.sleep(0.1 / turn["pace"])
            case "wait":
                await self._until(lambda: not self._asked and not self._speaking)
            case "interrupt":
                wanted = turn.get("ms", 0) * _PIECE / 100
                await self._until(lambda: (bool(self._speaking) and self._sound >= wanted) or not self._asked)
                await self._send({"type": "response.cancel"})
            case "pause":
                await asyncio.sleep(turn["ms"] / 1000)

    async def _until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self._changed.clear()
            await self._changed.wait()

    def _take(self, event: Event) -> None:
        kind, run = event.get("type"), self._run
        if kind == "error":
            error = event.get("error") or {}
            run.say(event="error", code=error.get("code"), text=error.get("message"))
            self._asked = [each for each in self._asked if each != error.get("event_id")]
        elif kind == "response.created":
            id = event["response"]["id"]
            self._answers[id] = len(self._answers)
            self._speaking.add(id)
            self._asked = self._asked[1:]
            self._sound = 0
            run.finish(None, self._answers[id])
        elif kind in _TEXTS:
            run.delta(event["delta"], self._answers.get(event["response_id"], 0))
        elif kind == "response.output_audio.delta":
            size = len(base64.b64decode(event["delta"]))
            self._sound += size
            run.say(event="audio", size=size, item=event.get("item_id"))
        elif kind == "response.done":
            self._end(event["response"])

    def _end(self, response: Event) -> None:
        index = self._answers.setdefault(response["id"], len(self._answers))
        self._speaking.discard(response["id"])
        self._run.finish(response["status"], index)
        error = (response.get("status_details") or {}).get("error")
        if error:
            self._run.say(event="error", code=error.get("code") or error.get("type"), text=error.get("message"))
