"""Driver for LiveKit Agents' realtime session of the OpenAI plugin, as its own agents use it.

python -m understudy_harness.conformance.drivers.livekit_python

It is the layer below an agent: it dials again by itself and knows which answer belongs to which wish, but the tools
and the loudspeaker are the agent's.
"""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

import aiohttp
from livekit import rtc
from livekit.plugins import openai

from understudy_harness.conformance.drivers.lines import Driver, Run, introduced
from understudy_harness.conformance.drivers.openai_errors import kind_of_code

_RATE = 24_000
_PIECE = 2_400


class Conversation:
    """One session and the turns in it.

    Args:
        run: the `run` line.
        session: of the plugin.
    """

    def __init__(self, run: Run, session: Any) -> None:
        self._run = run
        self._session = session
        self._wishes: list[asyncio.Future[Any]] = []
        self._reading: list[asyncio.Task[None]] = []
        self._begun = asyncio.Event()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        session.on("generation_created", self._begin)
        session.on("error", self._report)

    async def converse(self) -> dict[str, Any]:
        """Every turn; the fields of the result."""
        doing = asyncio.ensure_future(self._do())
        await asyncio.wait((doing, self._ended), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            doing.cancel()
        if self._ended.done():
            self._ended.result()
        await doing
        return self._run.seen()

    def _begin(self, event: Any) -> None:
        index = len(self._run.choices)
        self._run.delta(None, index)
        self._reading.append(asyncio.ensure_future(self._read(event, index)))
        self._begun.set()

    async def _read(self, event: Any, index: int) -> None:
        async for message in event.message_stream:
            await asyncio.gather(self._words(message, index), self._sound(message))

    async def _words(self, message: Any, index: int) -> None:
        async for text in message.text_stream:
            self._run.delta(str(text), index)

    async def _sound(self, message: Any) -> None:
        async for frame in message.audio_stream:
            self._run.say(event="audio", size=len(frame.data) * 2, item=message.message_id)

    def _report(self, event: Any) -> None:
        told = described(event.error)
        self._run.say(event="error", code=told.get("code"), text=told["message"])
        if not event.recoverable and not self._ended.done():
            self._ended.set_exception(event.error)

    async def _do(self) -> None:
        if "instructions" in self._run.input:
            await self._session.update_instructions(self._run.input["instructions"])
        for turn in self._run.input["turns"]:
            await self._turn(turn)

    async def _turn(self, turn: Mapping[str, Any]) -> None:
        match turn["do"]:
            case "say":
                context = self._session.chat_ctx.copy()
                context.add_message(role="user", content=turn["text"])
                await self._session.update_chat_ctx(context)
                self._begun.clear()
                self._wishes.append(self._session.generate_reply())
            case "sound":
                sound = base64.b64decode(turn["pcm"])
                for start in range(0, len(sound), 2 * _PIECE):
                    piece = sound[start : start + 2 * _PIECE]
                    self._session.push_audio(rtc.AudioFrame(piece, _RATE, 1, len(piece) // 2))
                    if "pace" in turn:
                        await asyncio.sleep(0.1 / turn["pace"])
            case "wait":
                await asyncio.gather(*self._wishes)
                # The event of a generation comes in the loop's next turn.
                await asyncio.sleep(0)
                await asyncio.gather(*self._reading)
            case "interrupt":
                await self._begun.wait()
                self._session.interrupt()
            case "pause":
                await asyncio.sleep(turn["ms"] / 1000)


async def realtime(http: aiohttp.ClientSession, run: Run) -> dict[str, Any]:
    """One conversation."""
    model = openai.realtime.RealtimeModel(
        model=run.input["model"],
        base_url=run.base_url,
        api_key=run.api_key,
        modalities=[run.input.get("output", "text")],
        http_session=http,
    )
    session = model.session()
    try:
        return await Conversation(run, session).converse()
    finally:
        await session.aclose()
        await model.aclose()


def described(error: Exception) -> dict[str, Any]:
    """Describe what it raised or reported; what is wrapped in it is told as well."""
    body = getattr(error, "body", None)
    code = getattr(error, "code", None) or getattr(body, "code", None)
    words = [str(error), getattr(body, "message", None)]
    cause = error.__cause__
    status = getattr(cause, "status", None)
    told = {"message": "; ".join(filter(None, words)), "type": type(error).__name__, "code": code, "status": status}
    connection = "Connection" in type(error).__name__
    return {**told, "kind": "connection" if connection else kind_of_code(code, "other")}


INTRODUCTION = introduced(
    "livekit-agents, realtime session",
    "livekit-agents",
    "https://github.com/livekit/agents",
    client={"http": f"aiohttp {aiohttp.__version__}"},
    ops=["realtime"],
    can=["cancel", "parallel"],
)

if __name__ == "__main__":
    Driver(INTRODUCTION, lambda run: aiohttp.ClientSession(), realtime, described, lambda http: http.close()).serve()
