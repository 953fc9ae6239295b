"""Every kind of session, whatever its client sends and whenever: nothing breaks, and what was opened is closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.realtime.test_playing import Call
from tests.core.realtime.test_session import NEWEST, SERVER_EVENT, TOOL, Talk, client_events

from understudy.core.dates import parse_moment
from understudy.core.realtime.session import RealtimeSession

if TYPE_CHECKING:
    from tests.conftest import Api

BETA = parse_moment("2024-12-20")

flat_events = st.sampled_from(
    (
        {"type": "session.update", "session": {"modalities": ["text"]}},
        {"type": "session.update", "session": {"turn_detection": None}},
        {"type": "session.update", "session": {"turn_detection": {"type": "server_vad"}}},
        {"type": "session.update", "session": {"input_audio_format": "g711_ulaw", "tools": [TOOL]}},
        {"type": "session.update", "session": {"input_audio_transcription": {"model": "whisper-1"}}},
        {"type": "response.create", "response": {"conversation": "none", "input": [], "modalities": ["text"]}},
    )
)


def beta(make_api: Callable[..., Api]) -> Talk:
    return Talk(make_api(tier=5, at=BETA), "gpt-4o-realtime-preview")


def call(make_api: Callable[..., Api]) -> Talk:
    return Call(make_api(tier=5))


def transcribing(make_api: Callable[..., Api]) -> Talk:
    talk = Talk(make_api(tier=5))
    api = talk.api
    account = api.simulator.account("sk-voice-0123456789")
    model = api.simulator.find_model("gpt-4o-mini-transcribe", account)
    assert model is not None
    talk.session = RealtimeSession(
        api.simulator, account, model, seed=b"words", now=api.clock.now(), entry=talk.entry, transcribes=True
    )
    return talk


@pytest.mark.parametrize("begin", [beta, call, transcribing])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(client_events | flat_events, st.integers(0, 40), st.sampled_from((0, 1, 7))), max_size=14)
)
def test_no_session_breaks_and_what_is_opened_is_closed(
    make_api: Callable[..., Api], begin: Callable[[Callable[..., Api]], Talk], steps: list[tuple[Any, int, int]]
) -> None:
    """Time passes between the events, too: callers fall silent, and sound is played to its end."""
    talk = begin(make_api)
    account = talk.api.simulator.account("sk-voice-0123456789")
    open_before = account.organization.sessions
    said: list[dict[str, Any]] = []
    newest = "none"
    for event, pulls, seconds in steps:
        sent = json.loads(json.dumps(event).replace(NEWEST, newest))
        said += talk.send(sent)
        newest = next((each["item"]["id"] for each in reversed(said) if "item" in each), newest)
        said += talk.pull(most=pulls) if pulls else []
        talk.api.clock.advance(seconds)
        if talk.session.deadline <= talk.api.clock.now():
            said += [json.loads(each) for each in talk.session.wake(talk.api.clock.now())]
    said += talk.pull()
    types = [event["type"] for event in said]
    for kind in ("response.output_item", "response.content_part"):
        assert types.count(f"{kind}.added") == types.count(f"{kind}.done")
    assert types.count("response.created") <= types.count("response.done")
    assert len({event["event_id"] for event in said}) == len(said)
    if begin is not beta:
        for event in said:
            SERVER_EVENT.validate_python(event)
    talk.session.end(talk.api.clock.now())
    assert account.organization.sessions == open_before - 1
