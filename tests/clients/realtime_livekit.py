"""LiveKit Agents' OpenAI realtime model in an AgentSession with a microphone and a loudspeaker of its own, without a room."""

import sys

sys.path.pop(0)

import asyncio
import os
import time
import urllib.parse
import urllib.request

from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool, llm
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from livekit.plugins import openai
from openai.types.realtime import AudioTranscription
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad

BASE = os.environ["OPENAI_BASE_URL"]
LONG = "Repeat after me: " + "The train leaves at nine and comes back at noon. " * 8
RATE = 24_000
PIECE = RATE // 50
ran: list[str] = []


def speech(text: str) -> bytes:
    """A caller who says it and then is silent."""
    query = urllib.parse.urlencode({"text": text, "format": "pcm16"})
    with urllib.request.urlopen(f"{BASE.removesuffix('/v1')}/_understudy/say?{query}") as answer:
        return answer.read() + bytes(RATE * 2)


class Microphone(AudioInput):
    """Gives frames of 20 ms of what is said."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    def say(self, text: str) -> None:
        """Say it now."""
        pcm = speech(text)
        for start in range(0, len(pcm) - 2 * PIECE, 2 * PIECE):
            self._frames.put_nowait(rtc.AudioFrame(pcm[start : start + 2 * PIECE], RATE, 1, PIECE))

    async def __anext__(self) -> rtc.AudioFrame:
        # At the pace of speech: LiveKit's `response.cancel` names no response, and would meet the next one.
        await asyncio.sleep(0.02)
        return await self._frames.get()


class Loudspeaker(AudioOutput):
    """Plays at the real pace, and knows how far it came."""

    def __init__(self) -> None:
        super().__init__(label="loudspeaker", capabilities=AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self.heard: asyncio.Event = asyncio.Event()
        self._length = 0.0
        self._started = 0.0
        self._end: asyncio.TimerHandle | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._length:
            self._started = time.time()
            self.on_playback_started(created_at=self._started)
        self._length += frame.duration
        self.heard.set()

    def flush(self) -> None:
        super().flush()
        if self._length:
            left = max(0.0, self._started + self._length - time.time())
            self._end = asyncio.get_running_loop().call_later(left, self._finished, self._length, False)

    def clear_buffer(self) -> None:
        if self._length:
            self._finished(min(self._length, time.time() - self._started), True)

    def _finished(self, position: float, interrupted: bool) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
        self._length = 0.0
        self.on_playback_finished(playback_position=position, interrupted=interrupted)


@function_tool
async def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    ran.append(city)
    return f"It is sunny in {city}, 21 degrees."


async def try_out() -> None:
    """Everything once."""
    model = openai.realtime.RealtimeModel(
        base_url=BASE,
        turn_detection=ServerVad(type="server_vad", create_response=True, interrupt_response=True),
        input_audio_transcription=AudioTranscription(model="gpt-4o-mini-transcribe"),
    )
    microphone, loudspeaker = Microphone(), Loudspeaker()
    errors: list = []
    items: asyncio.Queue = asyncio.Queue()
    async with AgentSession(llm=model) as session:
        session.on("error", errors.append)
        session.on("conversation_item_added", lambda event: items.put_nowait(event.item))
        session.input.audio, session.output.audio = microphone, loudspeaker
        await session.start(Agent(instructions="Be brief.", tools=[get_weather]))

        async def until(role: str) -> llm.ChatMessage:
            while True:
                item = await asyncio.wait_for(items.get(), 20)
                assert not errors, errors
                if item.type == "message" and item.role == role:
                    return item

        microphone.say("Say one two three.")
        assert (await until("user")).text_content == "Say one two three."
        assert "one two three" in (await until("assistant")).text_content.lower()
        print("speech")

        microphone.say("What is the weather in Paris?")
        await until("user")
        answer = await until("assistant")
        assert ran == ["Paris"], ran
        assert "21" in answer.text_content, answer
        print("tool")

        events: list[dict] = []
        live = session._activity.realtime_llm_session
        live.on("openai_client_event_queued", events.append)
        live.on("openai_server_event_received", events.append)
        loudspeaker.heard.clear()
        session.generate_reply(user_input=LONG)
        await asyncio.wait_for(loudspeaker.heard.wait(), 20)
        microphone.say("Wait, stop.")
        cut = await until("assistant")
        assert cut.interrupted, cut
        answer = await until("assistant")
        assert answer.text_content
        told = [event if isinstance(event, dict) else event.model_dump() for event in events]
        kinds = [event["type"] for event in told]
        assert "conversation.item.truncate" in kinds, kinds
        assert "conversation.item.truncated" in kinds, kinds
        # The server has cancelled by itself: LiveKit's own `response.cancel` comes too late, and it ignores the answer.
        codes = {event["error"]["code"] for event in told if event["type"] == "error"}
        assert codes <= {"response_cancel_not_active"}, codes
        print("interruption")
    assert not errors, errors

    wrong = openai.realtime.RealtimeModel(base_url=BASE, api_key="sk-invalid-key")
    told = asyncio.get_running_loop().create_future()
    live = wrong.session()
    live.on("error", lambda event: told.done() or told.set_result(event))
    refused = await asyncio.wait_for(told, 20)
    assert "invalid_api_key" in repr(refused.error), refused
    print("a wrong key")
    await model.aclose()
    await wrong.aclose()


asyncio.run(asyncio.wait_for(try_out(), 90))
