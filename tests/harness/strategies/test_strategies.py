"""What the strategies make is taken by a real server, and shrinks and repeats as Hypothesis has it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.sdk.recent import TYPES_ARE_RECENT

import understudy
from understudy import MockServer
from understudy.core.faults import FaultScript
from understudy.core.replies.strict import check_strict
from understudy_harness.strategies import (
    AccountLife,
    Framing,
    ScheduledCall,
    Sound,
    accounts,
    chat_requests,
    fault_scripts,
    framings,
    image_requests,
    invalid_chat_requests,
    json_schemas,
    realtime_events,
    schedules,
    sounds,
)

SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture(scope="module")
def http() -> Iterator[Any]:
    """A client without a socket."""
    import httpx

    with httpx.Client(transport=understudy.httpx_transport(MockServer(tier=5, credits="100000"))) as client:
        yield client


def post(http: Any, path: str, body: dict[str, Any], key: str = "sk-tier5-strategies") -> Any:
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    head = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return http.post(f"http://understudy/v1{path}", content=content, headers=head)


@given(request=chat_requests())
@settings(max_examples=150, deadline=None, suppress_health_check=SHARED)
def test_chat_requests_are_answered(http: Any, request: dict[str, Any]) -> None:
    """With 200, and the answer is what the SDK's types expect."""
    answer = post(http, "/chat/completions", request)
    assert answer.status_code == 200, answer.text
    if request.get("stream"):
        assert answer.text.endswith("data: [DONE]\n\n")
    elif TYPES_ARE_RECENT:
        from openai.types.chat import ChatCompletion

        ChatCompletion.model_validate_json(answer.content, strict=True)


@given(request=invalid_chat_requests())
@settings(max_examples=60, deadline=None, suppress_health_check=SHARED)
def test_invalid_chat_requests_are_refused(http: Any, request: dict[str, Any]) -> None:
    """With 400 in the envelope."""
    answer = post(http, "/chat/completions", request)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@given(request=image_requests())
@settings(max_examples=6, deadline=None, suppress_health_check=SHARED)
def test_image_requests_are_answered(http: Any, request: dict[str, Any]) -> None:
    """With as many pictures as were asked for."""
    answer = post(http, "/images/generations", request)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == request.get("n", 1)


@given(schema=json_schemas())
def test_schemas_are_strict(schema: dict[str, Any]) -> None:
    """As the API's own check has it."""
    check_strict(schema, name="made", path="response_format")


@given(script=fault_scripts())
def test_fault_scripts_are_understood(script: list[dict[str, Any]]) -> None:
    """Each step by itself."""
    for step in script:
        FaultScript.parse(step)


def events_of(chunks: list[bytes]) -> list[str]:
    """A plain reader of events, from the standard (WHATWG HTML, 9.2): data joined, comments and other fields left."""
    text = b"".join(chunks).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    found: list[str] = []
    data: list[str] = []
    for line in text.split("\n"):
        if not line:
            if data:
                found.append("\n".join(data))
            data = []
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
    return found


@given(framing=framings())
def test_a_framing_says_what_it_says(framing: Framing) -> None:
    """However it is written and cut."""
    assert events_of(framing.chunks) == framing.events
    assert all(framing.chunks)
    assert all(isinstance(json.loads(event), dict) for event in framing.events[:-1])
    assert framing.events[-1] == "[DONE]"


@given(event=realtime_events(malformed=False))
def test_realtime_events_are_objects_of_the_sdk(event: dict[str, Any]) -> None:
    """Those that are not malformed."""
    pytest.importorskip("openai.types.realtime")
    from openai.types.realtime import RealtimeClientEvent
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(RealtimeClientEvent)
    adapter.validate_python(event)
    if event["type"] == "input_audio_buffer.append":
        assert len(base64.b64decode(event["audio"])) % 2 == 0


@given(sound=sounds())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_sounds_are_decoded_and_speech_is_heard(sound: Sound) -> None:
    """Every format; what was said is heard word for word."""
    from understudy.core.media import Heard
    from understudy.media.codecs import FfmpegCodec
    from understudy.media.ear import WatermarkEar

    if sound.format in ("pcm16", "g711_ulaw", "g711_alaw"):
        assert sound.data
        return
    heard = WatermarkEar(FfmpegCodec()).listen(sound.data)
    assert isinstance(heard, Heard)
    if sound.words:
        assert heard.text == sound.words
    else:
        assert heard.milliseconds > 50


@given(life=accounts())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_accounts_live_their_lives(life: AccountLife) -> None:
    """The balance is that of what did not expire; nothing is refused."""
    server = MockServer(clock="virtual")
    account = life.live(server)
    assert account.balance >= 0
    assert int(account.tier.removeprefix("tier")) >= life.tier


@given(calls=schedules(max_calls=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_schedules_are_played_on_the_clock(calls: list[ScheduledCall]) -> None:
    """In the order of their times."""
    import httpx

    server = MockServer(clock="virtual")
    begun = server.clock.now()
    with httpx.Client(transport=understudy.httpx_transport(server)) as client:
        for call in calls:
            ahead = begun + round(call.at * 1e6) - server.clock.now()
            server.clock.advance(max(ahead, 0) / 1e6)
            assert post(client, "/chat/completions", call.request, call.key).status_code in (200, 404, 429)
    assert len(server.journal) == len(calls)
