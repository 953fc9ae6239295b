"""openai-python over realtime sessions: text, speech that is heard, a tool, an interruption, errors; also the beta interface."""

import sys

sys.path.pop(0)

import asyncio
import base64
import json
import os
import urllib.parse
import urllib.request

import openai

BASE = os.environ["OPENAI_BASE_URL"]
SOCKETS = BASE.replace("http", "ws", 1)
# Those of 1.x and 2.x make wss of any base URL.
client = openai.OpenAI(websocket_base_url=SOCKETS)
asynchronous = openai.AsyncOpenAI(websocket_base_url=SOCKETS)
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Tell the weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
LONG = "Repeat after me: " + "The rain falls on the roof and on the street. " * 8


def speech(text: str) -> list[str]:
    """A caller who says it and then is silent, in pieces as a microphone gives them: base64 of 100 ms."""
    query = urllib.parse.urlencode({"text": text, "format": "pcm16"})
    with urllib.request.urlopen(f"{BASE.removesuffix('/v1')}/_understudy/say?{query}") as answer:
        pcm = answer.read() + bytes(48_000)
    return [base64.b64encode(pcm[start : start + 4_800]).decode() for start in range(0, len(pcm), 4_800)]


def message(text: str) -> dict:
    """What the user writes."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def settings(*, beta: bool, **named: object) -> dict:
    """A session in the shape of either interface; `modality` of the answers, `turns` for a caller who is heard."""
    heard = {"model": "gpt-4o-mini-transcribe"} if named.get("turns") else None
    detection = {"type": "server_vad"} if named.get("turns") else None
    tools = {"tools": named["tools"]} if "tools" in named else {}
    if beta:
        modalities = ["text"] if named.get("modality") == "text" else ["audio", "text"]
        return {"modalities": modalities, "turn_detection": detection, "input_audio_transcription": heard, **tools}
    audio = {"input": {"turn_detection": detection, "transcription": heard}}
    return {"type": "realtime", "output_modalities": [named.get("modality", "audio")], "audio": audio, **tools}


def synchronously() -> None:
    """A turn in text, and what a wrong event is told."""
    with client.realtime.connect(model="gpt-realtime") as connection:
        assert connection.recv().type == "session.created"
        connection.session.update(session=settings(beta=False, modality="text"))
        connection.conversation.item.create(item=message("Say one two three"))
        connection.response.create()
        text = ""
        for event in connection:
            if event.type == "response.output_text.delta":
                text += event.delta
            elif event.type == "response.done":
                break
        assert text == "One two three", text
        assert event.response.usage.output_tokens == 3
        connection.conversation.item.retrieve(item_id="item_nobody", event_id="mine")
        connection.response.cancel()
        told = [event.error for event in connection_events(connection, 2, "error")]
        assert [(error.code, error.event_id) for error in told] == [
            ("item_retrieve_invalid_item_id", "mine"),
            ("response_cancel_not_active", None),
        ], told
    print("text, errors")


def connection_events(connection: object, count: int, kind: str) -> list:
    """The next events of a kind."""
    found = []
    for event in connection:
        if event.type == kind:
            found.append(event)
        if len(found) == count:
            return found
    raise AssertionError("the connection has ended")


async def a_call(manager: object, *, beta: bool) -> None:
    """Speech, a tool, an interruption; each event was parsed by the SDK."""
    name = "beta" if beta else "ga"
    audio_delta = "response.audio.delta" if beta else "response.output_audio.delta"
    audio_text = "response.audio_transcript.delta" if beta else "response.output_audio_transcript.delta"
    async with manager as connection:
        await connection.session.update(session=settings(beta=beta, turns=True, tools=[TOOL]))

        async def say(text: str) -> None:
            for piece in speech(text):
                await connection.input_audio_buffer.append(audio=piece)

        async def until(kind: str, seen: list) -> object:
            async for event in connection:
                assert type(event).__name__ != "dict", event
                assert event.type != "error", event
                seen.append(event)
                if event.type == kind:
                    return event
            raise AssertionError("the connection has ended")

        seen: list = []
        await say("Say one two three.")
        done = await until("response.done", seen)
        heard = [event.transcript for event in seen if event.type.endswith("input_audio_transcription.completed")]
        assert heard == ["Say one two three."], heard
        said = "".join(event.delta for event in seen if event.type == audio_text)
        assert said == done.response.output[0].content[0].transcript, said
        assert "one two three" in said.lower(), said
        sound = b"".join(base64.b64decode(event.delta) for event in seen if event.type == audio_delta)
        assert done.response.usage.output_token_details.audio_tokens == -(-len(sound) // 2_400)
        print(name, "speech")

        seen.clear()
        await say("What is the weather in Paris?")
        done = await until("response.done", seen)
        call = done.response.output[0]
        assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "get_weather", {"city": "Paris"})
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "It is sunny, 21 degrees."}
        await connection.conversation.item.create(item=result)
        await connection.response.create()
        done = await until("response.done", seen)
        assert "21" in done.response.output[0].content[0].transcript, done
        print(name, "tool")

        seen.clear()
        await connection.conversation.item.create(item=message(LONG))
        await connection.response.create(response={"tool_choice": "none"})
        await until(audio_delta, seen)
        await say("Wait, stop.")
        done = await until("response.done", seen)
        assert (done.response.status, done.response.status_details.reason) == ("cancelled", "turn_detected"), done
        item = done.response.output[0]
        assert (item.status, len(item.content[0].transcript) < len(LONG) / 2) == ("incomplete", True), item
        await connection.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=100)
        assert (await until("conversation.item.truncated", seen)).audio_end_ms == 100
        # What the caller said is answered.
        if not any(event.type == "response.done" and event is not done for event in seen):
            await until("response.done", seen)
        print(name, "interruption")


async def refused() -> None:
    """A wrong key is told in an event, before the socket is closed."""
    wrong = openai.AsyncOpenAI(api_key="sk-invalid-key", websocket_base_url=SOCKETS)
    async with wrong.realtime.connect(model="gpt-realtime") as connection:
        event = await connection.recv()
        assert (event.type, event.error.code) == ("error", "invalid_api_key"), event
        try:
            await connection.recv()
        except Exception as closed:
            assert "3000" in str(closed), closed
        else:
            raise AssertionError("it should have been closed")
    print("a wrong key")


if "--beta" in sys.argv:
    beta = asynchronous.beta.realtime.connect(model="gpt-4o-realtime-preview")
    asyncio.run(a_call(beta, beta=True))
else:
    synchronously()
    asyncio.run(a_call(asynchronous.realtime.connect(model="gpt-realtime"), beta=False))
    asyncio.run(refused())
