"""Ephemeral keys of the beta interface."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.realtime.test_client_secrets import made as made_ga

from understudy.core.dates import parse_moment
from understudy.core.messages import Request
from understudy.core.realtime.door import Turned, open_session
from understudy.core.realtime.session import RealtimeSession

if TYPE_CHECKING:
    from tests.conftest import Api

SESSIONS, TRANSCRIPTIONS = "/v1/realtime/sessions", "/v1/realtime/transcription_sessions"
BETA = {b"openai-beta": b"realtime=v1"}


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    return make_api(tier=5)


def made(api: Api, path: str, body: Any) -> dict[str, Any]:
    answer = api.send("POST", path, json.dumps(body).encode())
    assert answer.status == 200, answer.body
    return dict(answer.json)


def opened(api: Api, value: str, query: bytes, headers: dict[bytes, bytes] = BETA) -> RealtimeSession | Turned:
    request = Request("GET", "/v1/realtime", {b"authorization": b"Bearer " + value.encode(), **headers}, query=query)
    what = open_session(api.simulator, request, [], api.clock.now()).what
    assert isinstance(what, RealtimeSession | Turned)
    return what


def test_a_key_opens_the_session_that_it_was_made_with(api: Api) -> None:
    """Flat, on its maker's account, for a minute by the clock."""
    asked = {"model": "gpt-4o-realtime-preview", "voice": "verse", "modalities": ["text"], "temperature": 0.6}
    session = made(api, SESSIONS, asked)
    assert {name: session[name] for name in asked} == asked
    assert session["object"] == "realtime.session"
    secret = session["client_secret"]
    assert secret["value"].startswith("ek_")
    assert secret["expires_at"] == api.clock.now() // 1_000_000 + 60
    what = opened(api, secret["value"], b"model=gpt-4o-realtime-preview")
    assert isinstance(what, RealtimeSession)
    begun = json.loads(what.start())["session"]
    assert {name: begun[name] for name in asked} == asked
    assert begun["client_secret"] is None
    assert api.simulator.journal[-1].account == api.simulator.account("sk-test-0123456789").id
    api.clock.advance(60)
    turned = opened(api, secret["value"], b"model=gpt-4o-realtime-preview")
    assert isinstance(turned, Turned)
    assert turned.close.code == 3000


def test_a_key_may_hold_longer(api: Api) -> None:
    """Each path has its own name for that, as the types of the SDK do."""
    for path, name in ((SESSIONS, "expires_after"), (TRANSCRIPTIONS, "expires_at")):
        session = made(api, path, {"client_secret": {name: {"anchor": "created_at", "seconds": 300}}})
        assert session["client_secret"]["expires_at"] == api.clock.now() // 1_000_000 + 300


def test_a_transcription_session_is_made_likewise(api: Api) -> None:
    """Its key opens such a session, whether the query says so or not."""
    asked = {
        "input_audio_format": "g711_alaw",
        "input_audio_transcription": {"model": "gpt-4o-transcribe", "language": "en"},
        "turn_detection": None,
        "include": ["item.input_audio_transcription.logprobs"],
    }
    session = made(api, TRANSCRIPTIONS, asked)
    assert {name: session[name] for name in asked} == asked
    assert session["object"] == "realtime.transcription_session"
    for query in (b"", b"intent=transcription"):
        what = opened(api, session["client_secret"]["value"], query)
        assert isinstance(what, RealtimeSession)
        begun = json.loads(what.start())
        assert begun["type"] == "transcription_session.created"
        assert {name: begun["session"][name] for name in asked} == asked


def test_a_key_is_of_one_interface(api: Api) -> None:
    """In the reported words."""
    ours = made(api, SESSIONS, {})["client_secret"]["value"]
    theirs = made_ga(api, {})["value"]
    for value, headers, message in (
        (theirs, BETA, "You cannot start a Realtime beta session with a GA client secret."),
        (
            ours,
            {},
            "You cannot start a Realtime GA session with a beta client secret. Please use "
            "/v1/realtime/client_secrets endpoint.",
        ),
    ):
        turned = opened(api, value, b"model=gpt-realtime", headers)
        assert isinstance(turned, Turned)
        assert turned.close.reason == "invalid_request_error.api_version_mismatch"
        assert json.loads(turned.event)["error"]["message"] == f"API version mismatch. {message}"


@pytest.mark.parametrize(
    ("path", "body", "code", "param"),
    [
        (SESSIONS, {"voice": "bogus"}, "invalid_value", "voice"),
        (SESSIONS, {"modalities": ["audio"]}, "invalid_value", "modalities"),
        (SESSIONS, {"temperature": 2}, "decimal_above_max_value", "temperature"),
        (SESSIONS, {"audio": {}}, "unknown_parameter", "audio"),
        (SESSIONS, {"model": "gpt-4o"}, "invalid_model", "model"),
        (SESSIONS, {"model": 5}, "invalid_type", "model"),
        (
            SESSIONS,
            {"client_secret": {"expires_after": {"seconds": 9}}},
            "integer_below_min_value",
            "client_secret.expires_after.seconds",
        ),
        (SESSIONS, {"truncation": "never"}, "invalid_value", "truncation"),
        (SESSIONS, {"tracing": "always"}, "invalid_value", "tracing"),
        (SESSIONS, {"include": ["bogus"]}, "invalid_value", "include[0]"),
        (
            TRANSCRIPTIONS,
            {"input_audio_transcription": {"model": "gpt-realtime-whisper"}},
            "invalid_value",
            "turn_detection",
        ),
        (TRANSCRIPTIONS, {"voice": "alloy"}, "unknown_parameter", "voice"),
        (TRANSCRIPTIONS, {"turn_detection": {"type": "none"}}, "invalid_value", "turn_detection.type"),
        (
            TRANSCRIPTIONS,
            {"input_audio_transcription": {"model": "gpt-4o"}},
            "invalid_value",
            "input_audio_transcription.model",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(api: Api, path: str, body: Any, code: str, param: str) -> None:
    refused = api.send("POST", path, json.dumps(body).encode())
    assert refused.status == 400
    assert (refused.error["code"], refused.error["param"]) == (code, param)


def test_each_path_has_its_time(make_api: Callable[..., Api]) -> None:
    """Before it there is no such URL; after it only who refuses what is over says so."""
    ga = "/v1/realtime/client_secrets"
    for day, there in (
        ("2024-10-02", ()),
        ("2025-01-01", (SESSIONS,)),
        ("2025-04-01", (SESSIONS, TRANSCRIPTIONS)),
        ("2026-11-01", (SESSIONS, TRANSCRIPTIONS, ga)),
    ):
        api = make_api(tier=5, at=parse_moment(day))
        for path in (SESSIONS, TRANSCRIPTIONS, ga):
            answer = api.send("POST", path, b"{}")
            assert answer.status == (200 if path in there else 404), (day, path)
            if path not in there:
                assert answer.error["message"] == f"Invalid URL (POST {path})"
    api = make_api(tier=5, reject_retired=True)
    for path in (SESSIONS, TRANSCRIPTIONS):
        refused = api.send("POST", path, b"{}")
        assert (refused.status, refused.error["code"]) == (400, "beta_api_shape_disabled")
    assert api.send("POST", ga, b"{}").status == 200
