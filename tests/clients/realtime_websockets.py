"""Bare websockets: keys as browsers send them, a telephone call in μ-law, a transcription session, errors, an interruption."""

import sys

sys.path.pop(0)

import base64
import json
import os
import urllib.parse
import urllib.request

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

BASE = os.environ["OPENAI_BASE_URL"]
KEY = os.environ["OPENAI_API_KEY"]
URL = BASE.replace("http", "ws", 1) + "/realtime"


def speech(text: str, form: str = "g711_ulaw", rate: int = 8_000) -> bytes:
    """What a caller says, as a telephone sends it, and a second of silence."""
    query = urllib.parse.urlencode({"text": text, "format": form, "rate": rate})
    with urllib.request.urlopen(f"{BASE.removesuffix('/v1')}/_understudy/say?{query}") as answer:
        return answer.read() + b"\xff" * rate


def send(socket: ClientConnection, **event: object) -> None:
    """One event."""
    socket.send(json.dumps(event))


def until(socket: ClientConnection, kind: str) -> list[dict]:
    """Events up to one of this type."""
    seen: list[dict] = []
    while not seen or seen[-1]["type"] != kind:
        seen.append(json.loads(socket.recv(timeout=20)))
    return seen


def say(socket: ClientConnection, sound: bytes, size: int = 160) -> None:
    """In the pieces of 20 ms of a telephone."""
    for start in range(0, len(sound), size):
        send(socket, type="input_audio_buffer.append", audio=base64.b64encode(sound[start : start + size]).decode())


protocols = ["realtime", f"openai-insecure-api-key.{KEY}"]
with connect(f"{URL}?model=gpt-realtime", subprotocols=protocols) as socket:
    assert socket.subprotocol == "realtime"
    assert until(socket, "session.created")[0]["session"]["object"] == "realtime.session"
    print("a key in the sub-protocol")

    phone = {"type": "audio/pcmu"}
    heard = {"format": phone, "transcription": {"model": "whisper-1"}, "turn_detection": {"type": "server_vad"}}
    audio = {"input": heard, "output": {"format": phone}}
    send(socket, type="session.update", session={"type": "realtime", "audio": audio})
    until(socket, "session.updated")
    say(socket, speech("Say one two three."))
    seen = until(socket, "response.done")
    kinds = [event["type"] for event in seen]
    assert kinds[:3] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ], kinds
    (told,) = [event for event in seen if event["type"].endswith("transcription.completed")]
    assert told["transcript"] == "Say one two three.", told
    deltas = [event["delta"] for event in seen if event["type"] == "response.output_audio.delta"]
    seconds = sum(len(base64.b64decode(delta)) for delta in deltas) / 8_000
    assert 0.5 < seconds < 10, seconds
    print("a telephone call")

    until(socket, "rate_limits.updated")
    words = "Repeat after me: " + "The train leaves at nine and comes back at noon. " * 8
    content = [{"type": "input_text", "text": words}]
    send(socket, type="conversation.item.create", item={"type": "message", "role": "user", "content": content})
    send(socket, type="response.create")
    first = until(socket, "response.output_audio.delta")[-1]
    say(socket, speech("Wait, stop."))
    seen = until(socket, "response.done")
    assert seen[-1]["response"]["status_details"]["reason"] == "turn_detected", seen[-1]
    send(socket, type="conversation.item.truncate", item_id=first["item_id"], content_index=0, audio_end_ms=120)
    assert until(socket, "conversation.item.truncated")[-1]["audio_end_ms"] == 120
    print("an interruption")

    until(socket, "rate_limits.updated")
    for wrong, code in (
        ("{", "invalid_json"),
        ('{"type": "response.sing"}', "invalid_value"),
        ('{"type": "input_audio_buffer.append", "audio": "?"}', "invalid_value"),
        ('{"type": "input_audio_buffer.clear", "loud": true}', "unknown_parameter"),
        ('{"type": "response.cancel"}', "response_cancel_not_active"),
    ):
        socket.send(wrong)
        assert until(socket, "error")[-1]["error"]["code"] == code, (wrong, code)
    print("errors")

with connect(f"{URL}?intent=transcription", additional_headers={"Authorization": f"Bearer {KEY}"}) as socket:
    until(socket, "session.created")
    heard = {"transcription": {"model": "gpt-4o-transcribe"}, "turn_detection": None}
    send(socket, type="session.update", session={"type": "transcription", "audio": {"input": heard}})
    say(socket, speech("Where is my parcel?", "pcm16", 24_000), 9_600)
    send(socket, type="input_audio_buffer.commit")
    told = until(socket, "conversation.item.input_audio_transcription.completed")
    assert told[-1]["transcript"] == "Where is my parcel?", told[-1]
    print("a transcription session")

with connect(f"{URL}?model=gpt-realtime", additional_headers={"Authorization": "Bearer sk-invalid-key"}) as socket:
    assert until(socket, "error")[-1]["error"]["code"] == "invalid_api_key"
    try:
        socket.recv(timeout=20)
    except ConnectionClosed as closed:
        assert closed.rcvd.code == 3000, closed
    print("a wrong key")
