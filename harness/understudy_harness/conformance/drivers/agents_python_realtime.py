"""What the driver of the Agents SDK for Python does in realtime: a session of its runner, which keeps the conversation.

The runner asks for answers, runs tools and cuts off what was interrupted; the driver listens, as an application does.
Texts and the status of an answer are read from the server's events that the session hands on.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from agents import FunctionTool
from agents.realtime import RealtimeAgent, RealtimeRunner

from understudy_harness.conformance.drivers.lines import Run

_PIECE = 4_800
"""Bytes of 100 ms."""
_TEXTS = ("response.output_text.delta", "response.output_audio_transcript.delta")


async def realtime(client: Any, run: Run) -> dict[str, Any]:
    """One conversation."""
    given = run.input
    agent = RealtimeAgent(
        name="Assistant",
        instructions=given.get("instructions"),
        tools=[_tool(run, each) for each in given.get("tools") or ()],
    )
    url = f"{run.base_url.replace('http', 'ws', 1)}/realtime?model={given['model']}"
    settings = {"output_modalities": [given.get("output", "text")]}
    model = {"url": url, "api_key": run.api_key, "initial_model_settings": settings}
    async with await RealtimeRunner(agent).run(model_config=model) as session:
        return await _Listener(run, session).converse()


def _tool(run: Run, tool: Mapping[str, Any]) -> FunctionTool:
    async def itself(context: Any, arguments: str) -> str:
        run.tool(tool["name"], json.loads(arguments or "{}"))
        return str(tool["returns"])

    return FunctionTool(tool["name"], tool["description"], tool["parameters"], itself, strict_json_schema=False)


class _Listener:
    def __init__(self, run: Run, session: Any) -> None:
        self._run = run
        self._session = session
        self._answers: dict[str, int] = {}
        self._speaking: set[str] = set()
        self._owed = 0
        self._sound = 0
        self._changed = asyncio.Event()

    async def converse(self) -> dict[str, Any]:
        """Every turn, until the last is done or the session has no more events."""
        hearing = asyncio.ensure_future(self._hear())
        doing = asyncio.ensure_future(self._do())
        try:
            await asyncio.wait((hearing, doing), return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                hearing.result()
                if not doing.done():
                    raise ConnectionError("the session has no more events")
            await doing
        finally:
            for task in (hearing, doing):
                task.cancel()
            await asyncio.gather(hearing, doing, return_exceptions=True)
        return self._run.seen()

    async def _hear(self) -> None:
        async for event in self._session:
            self._take(event)
            self._changed.set()

    def _take(self, event: Any) -> None:
        run = self._run
        if event.type == "audio":
            self._sound += len(event.audio.data)
            run.say(event="audio", size=len(event.audio.data), item=event.item_id)
        elif event.type == "audio_interrupted":
            run.say(event="interrupted")
        elif event.type == "error":
            code = getattr(event.error, "code", None)
            run.say(event="error", code=code, text=getattr(event.error, "message", None) or str(event.error))
            # The session ties no error to what was asked for: before an answer has begun, any of the API's may be
            # about it. What the SDK itself finds fault with is an exception.
            if not self._speaking and not isinstance(event.error, Exception):
                self._owed = 0
        elif event.type == "raw_model_event":
            raw = getattr(event.data, "data", None)
            if event.data.type == "raw_server_event" and isinstance(raw, dict):
                self._take_raw(raw)

    def _take_raw(self, event: Mapping[str, Any]) -> None:
        kind, run = event.get("type"), self._run
        if kind == "response.created":
            id = event["response"]["id"]
            self._answers[id] = len(self._answers)
            self._speaking.add(id)
            self._owed = max(0, self._owed - 1)
            self._sound = 0
            run.finish(None, self._answers[id])
        elif kind in _TEXTS:
            run.delta(event["delta"], self._answers.get(event["response_id"], 0))
        elif kind == "response.done":
            response = event["response"]
            self._speaking.discard(response["id"])
            run.finish(response["status"], self._answers.setdefault(response["id"], len(self._answers)))
            calls = [item for item in response.get("output") or () if item.get("type") == "function_call"]
            # The runner answers with what the tools gave back, and asks.
            self._owed += bool(calls) and response["status"] == "completed"

    async def _do(self) -> None:
        for turn in self._run.input["turns"]:
            await self._turn(turn)

    async def _turn(self, turn: Mapping[str, Any]) -> None:
        match turn["do"]:
            case "say":
                self._owed += 1
                await self._session.send_message(turn["text"])
            case "sound":
                sound = base64.b64decode(turn["pcm"])
                for start in range(0, len(sound), _PIECE):
                    await self._session.send_audio(sound[start : start + _PIECE])
                    if "pace" in turn:
                        await asyncio.sleep(0.1 / turn["pace"])
            case "wait":
                await self._until(lambda: not self._owed and not self._speaking)
            case "interrupt":
                wanted = turn.get("ms", 0) * _PIECE / 100
                await self._until(lambda: (bool(self._speaking) and self._sound >= wanted) or not self._owed)
                await self._session.interrupt()
            case "pause":
                await asyncio.sleep(turn["ms"] / 1000)

    async def _until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self._changed.clear()
            await self._changed.wait()
