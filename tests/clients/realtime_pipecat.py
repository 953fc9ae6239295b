"""Pipecat's OpenAI realtime service in a pipeline that is fed with audio frames: speech, a tool, an interruption, a wrong key."""

import sys

sys.path.pop(0)

import asyncio
import os
import urllib.parse
import urllib.request

from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

logger.remove()
BASE = os.environ["OPENAI_BASE_URL"]
URL = BASE.replace("http", "ws", 1) + "/realtime"
LONG = "Repeat after me: " + "The train leaves at nine and comes back at noon. " * 4
RATE = 24_000
PIECE = 2 * RATE // 50
ran: list[str] = []


def speech(text: str) -> bytes:
    """A caller who says it and then is silent."""
    query = urllib.parse.urlencode({"text": text, "format": "pcm16"})
    with urllib.request.urlopen(f"{BASE.removesuffix('/v1')}/_understudy/say?{query}") as answer:
        return answer.read() + bytes(RATE * 2)


class Listener(FrameProcessor):
    """Notes what comes down and up the pipeline."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.put_nowait(frame)
        await self.push_frame(frame, direction)

    async def until(self, kind: type) -> list[Frame]:
        seen = []
        while not seen or not isinstance(seen[-1], kind):
            seen.append(await asyncio.wait_for(self.frames.get(), 20))
        return seen


async def get_weather(call) -> None:
    """Tell the weather of a city."""
    ran.append(call.arguments["city"])
    await call.result_callback({"weather": f"sunny in {call.arguments['city']}, 21 degrees"})


def service(key: str) -> OpenAIRealtimeLLMService:
    """The service under trial, noting what it sends and is told."""
    heard = events.InputAudioTranscription(model="gpt-4o-mini-transcribe")
    audio = events.AudioConfiguration(
        input=events.AudioInput(transcription=heard, turn_detection=events.TurnDetection(silence_duration_ms=500))
    )
    properties = events.SessionProperties(audio=audio, instructions="Be brief.")
    settings = OpenAIRealtimeLLMService.Settings(model="gpt-realtime", session_properties=properties)
    return OpenAIRealtimeLLMService(api_key=key, base_url=URL, settings=settings)


async def started(worker: PipelineWorker) -> asyncio.Task:
    """Run it beside us."""
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    return asyncio.create_task(runner.run())


async def try_out() -> None:
    """Everything once."""
    llm = service(os.environ["OPENAI_API_KEY"])
    sent: list[str] = []
    ordinary = llm.send_client_event

    async def send_and_note(event: events.ClientEvent) -> None:
        sent.append(event.type)
        await ordinary(event)

    llm.send_client_event = send_and_note
    llm.register_function("get_weather", get_weather)
    city = {"city": {"type": "string"}}
    tools = ToolsSchema([FunctionSchema("get_weather", "Tell the weather of a city", city, ["city"])])
    context = LLMContext([{"role": "user", "content": "Say one two three"}], tools)
    pair = LLMContextAggregatorPair(context)
    before, after = Listener(), Listener()
    task = PipelineWorker(
        Pipeline([pair.user(), before, llm, after, pair.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
    )
    running = await started(task)

    async def say(text: str) -> None:
        pcm = speech(text)
        for start in range(0, len(pcm) - PIECE, PIECE):
            await task.queue_frame(InputAudioRawFrame(pcm[start : start + PIECE], RATE, 1))
            await asyncio.sleep(0.01)

    def words(seen: list[Frame]) -> str:
        return "".join(frame.text for frame in seen if isinstance(frame, TTSTextFrame)).lower()

    await task.queue_frame(LLMRunFrame())
    seen = await after.until(LLMFullResponseEndFrame)
    assert "one two three" in words(seen), words(seen)
    print("text")

    await say("Say four five six.")
    seen = await after.until(LLMFullResponseEndFrame)
    assert any(isinstance(frame, TTSAudioRawFrame) for frame in seen)
    assert "four five six" in words(seen), words(seen)
    seen = await before.until(TranscriptionFrame)
    assert seen[-1].text == "Say four five six.", seen[-1]
    print("speech")

    await say("What is the weather in Paris?")
    seen = await after.until(LLMFullResponseEndFrame)
    while "21" not in words(seen):
        seen = await after.until(LLMFullResponseEndFrame)
    assert ran == ["Paris"], ran
    print("tool")

    await say(LONG)
    await after.until(TTSAudioRawFrame)
    await say("Wait, stop.")
    await after.until(LLMFullResponseEndFrame)
    assert "conversation.item.truncate" in sent, sent
    seen = await after.until(LLMFullResponseEndFrame)
    assert words(seen)
    print("interruption")
    frames = list(after.frames._queue) + list(before.frames._queue)
    assert not [frame for frame in frames if isinstance(frame, ErrorFrame)]
    await task.cancel()
    await running

    wrong = service("sk-invalid-key")
    above = Listener()
    task = PipelineWorker(Pipeline([above, wrong]))
    running = await started(task)
    seen = await above.until(ErrorFrame)
    assert "invalid_api_key" in seen[-1].error, seen[-1]
    await task.cancel()
    await running
    print("a wrong key")


asyncio.run(asyncio.wait_for(try_out(), 90))
