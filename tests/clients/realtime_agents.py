"""The OpenAI Agents SDK's realtime runner: text, speech, a tool, a handoff, an interruption, a wrong key."""

import sys

sys.path.pop(0)

import asyncio
import os
import urllib.parse
import urllib.request

from agents import function_tool, set_tracing_disabled
from agents.realtime import RealtimeAgent, RealtimeRunner

set_tracing_disabled(True)
BASE = os.environ["OPENAI_BASE_URL"]
URL = BASE.replace("http", "ws", 1) + "/realtime?model=gpt-realtime"
LONG = "Repeat after me: " + "The rain falls on the roof and on the street. " * 8
ran: list[str] = []


@function_tool
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    ran.append(city)
    return f"It is sunny in {city}, 21 degrees."


def speech(text: str) -> list[bytes]:
    """A caller who says it and then is silent, in pieces of 100 ms."""
    query = urllib.parse.urlencode({"text": text, "format": "pcm16"})
    with urllib.request.urlopen(f"{BASE.removesuffix('/v1')}/_understudy/say?{query}") as answer:
        pcm = answer.read() + bytes(48_000)
    return [pcm[start : start + 4_800] for start in range(0, len(pcm), 4_800)]


async def until(session: object, *kinds: str) -> list:
    """What comes until one of these, raw types of the server included."""
    seen = []
    async for event in session:
        seen.append(event)
        assert event.type != "error", event
        raw = event.data if event.type == "raw_model_event" else None
        server = raw.data.get("type") if raw is not None and raw.type == "raw_server_event" else None
        if event.type in kinds or server in kinds:
            return seen
    raise AssertionError("the session has ended")


def servers(seen: list, kind: str) -> list[dict]:
    """The raw events of one type."""
    raws = [
        event.data.data for event in seen if event.type == "raw_model_event" and event.data.type == "raw_server_event"
    ]
    return [raw for raw in raws if raw["type"] == kind]


def spoken(session: object) -> list[str]:
    """What the agent said, by the SDK's history."""
    said = []
    for item in session._history:
        if item.type == "message" and item.role == "assistant":
            said += [part.transcript or "" for part in item.content if part.type == "audio"]
    return said


async def try_out() -> None:
    """Everything once."""
    billing = RealtimeAgent(name="Billing", instructions="Answers questions about billing.")
    agent = RealtimeAgent(name="Host", instructions="Be brief.", tools=[get_weather], handoffs=[billing])
    heard = {"transcription": {"model": "gpt-4o-mini-transcribe"}, "turn_detection": {"type": "server_vad"}}
    model = {"url": URL, "initial_model_settings": {"audio": {"input": heard}}}
    async with await RealtimeRunner(agent).run(model_config=model) as session:
        await session.send_message("Say one two three")
        await until(session, "agent_end")
        assert "one two three" in spoken(session)[-1].lower(), spoken(session)
        print("text")

        for piece in speech("Say four five six."):
            await session.send_audio(piece)
        seen = await until(session, "agent_end")
        assert any(event.type == "audio" for event in seen)
        assert "four five six" in spoken(session)[-1].lower(), spoken(session)
        users = [item.content[0] for item in session._history if item.type == "message" and item.role == "user"]
        assert users[-1].transcript == "Say four five six.", users
        print("speech")

        for piece in speech("What is the weather in Paris?"):
            await session.send_audio(piece)
        await until(session, "tool_end")
        assert ran == ["Paris"], ran
        seen = await until(session, "audio_end")
        await until(session, "agent_end")
        assert "21" in spoken(session)[-1], spoken(session)
        print("tool")

        await session.send_message(LONG)
        await until(session, "audio")
        for piece in speech("Wait, stop."):
            await session.send_audio(piece)
        seen = await until(session, "audio_interrupted")
        seen += await until(session, "conversation.item.truncated")
        (done,) = servers(seen, "response.done")
        assert done["response"]["status"] == "cancelled", done
        await until(session, "agent_end")
        print("interruption")

        await session.send_message("Please transfer me to billing, I have a question about billing.")
        seen = await until(session, "handoff")
        assert seen[-1].to_agent.name == "Billing"
        await until(session, "agent_end")
        print("handoff")

    try:
        async with await RealtimeRunner(agent).run(model_config={**model, "api_key": "sk-invalid-key"}) as session:
            async for event in session:
                if event.type == "error":
                    assert "invalid_api_key" in str(event.error), event
                    print("a wrong key")
                    return
    except Exception as refused:
        assert "3000" in str(refused), repr(refused)
        print("a wrong key")


asyncio.run(asyncio.wait_for(try_out(), 60))
