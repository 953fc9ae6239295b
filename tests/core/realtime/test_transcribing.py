"""Transcripts of what callers say: their pieces and figures, and every way in which there may be none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.realtime.test_hearing import KIND, WORDS, said
from tests.core.realtime.test_session import SERVER_EVENT, Talk, append

from understudy.core.catalog import RateLimits
from understudy.core.pricing import DOLLAR
from understudy.core.realtime import state as session_state

if TYPE_CHECKING:
    from tests.conftest import Api

COMMIT = {"type": "input_audio_buffer.commit"}
LOGPROBS = "item.input_audio_transcription.logprobs"


def transcribing(model: str, *, include: list[str] | None = None, **more: Any) -> dict[str, Any]:
    audio = {"input": {"transcription": {"model": model, **more}, "turn_detection": None}}
    session = {"type": "realtime", "output_modalities": ["text"], "audio": audio, "include": include}
    return {"type": "session.update", "session": session}


@pytest.fixture
def talk(make_api: Callable[..., Api]) -> Talk:
    return Talk(make_api(tier=5))


def told(talk: Talk) -> list[dict[str, Any]]:
    """What is told of the transcript of WORDS."""
    events = [event for event in talk.send(append(said(WORDS)), COMMIT) if event["type"].startswith(KIND)]
    for event in events:
        parsed = SERVER_EVENT.validate_python(event)
        assert parsed.type == event["type"]
    return events


def failure(talk: Talk) -> dict[str, Any]:
    """The one event of a transcript that fails; the session answers what it heard all the same."""
    [event] = told(talk)
    assert event["type"] == f"{KIND}.failed"
    assert event["content_index"] == 0
    assert event["error"]["message"].startswith(f"Input transcription failed for item '{event['item_id']}'.")
    talk.send({"type": "response.create"})
    assert talk.pull()[-2]["response"]["output"][0]["content"][0]["text"] == "One two three"
    [item] = talk.send({"type": "conversation.item.retrieve", "item_id": event["item_id"]})
    assert item["item"]["content"][0]["transcript"] is None
    error = event["error"]
    assert isinstance(error, dict)
    return error


def test_tokens_come_with_how_likely_they_were(talk: Talk) -> None:
    """Where the session includes them: in each delta those of its piece, at the end all."""
    talk.send(transcribing("gpt-4o-transcribe", include=[LOGPROBS]))
    *deltas, done = told(talk)
    pieces = [entry for event in deltas for entry in event["logprobs"]]
    assert pieces == done["logprobs"]
    assert "".join(entry["token"] for entry in pieces) == done["transcript"] == WORDS
    assert all(math.exp(entry["logprob"]) <= 1 for entry in pieces)
    assert len(pieces) == done["usage"]["output_tokens"]
    talk.send(transcribing("gpt-4o-transcribe"))
    assert all("logprobs" not in event for event in told(talk))


def test_what_the_model_was_told_is_counted(talk: Talk) -> None:
    """As text tokens of the input, and charged as such."""
    talk.send(transcribing("gpt-4o-transcribe", prompt="Names: Ada, Grace"))
    usage = told(talk)[-1]["usage"]
    details = usage["input_token_details"]
    assert details["text_tokens"] > 0
    assert usage["input_tokens"] == details["text_tokens"] + details["audio_tokens"]
    by_hand = usage["input_tokens"] * 2.5 + usage["output_tokens"] * 10
    assert talk.entry.charge == pytest.approx(by_hand * DOLLAR / 1_000_000)


def test_a_model_that_tells_speakers_tells_segments(talk: Talk) -> None:
    """In place of deltas, with their seconds."""
    talk.send(transcribing("gpt-4o-transcribe-diarize"))
    *segments, done = told(talk)
    assert [event["type"] for event in segments] == [f"{KIND}.segment"] * len(segments)
    assert "".join(event["text"] for event in segments).strip() == done["transcript"] == WORDS
    assert 0 <= segments[0]["start"] < segments[-1]["end"]


def test_the_streaming_model_wants_no_detection(talk: Talk) -> None:
    """It is charged by the second; beside turn detection it is refused, and nothing changes."""
    update = transcribing("gpt-realtime-whisper")
    update["session"]["audio"]["input"].pop("turn_detection")
    [refused] = talk.send(update)
    assert refused["error"]["param"] == "session.audio.input.turn_detection"
    talk.send(transcribing("gpt-realtime-whisper"))
    assert told(talk)[-1]["usage"]["type"] == "duration"


def test_a_transcript_fails_when_the_limits_are_reached(talk: Talk) -> None:
    """Those of the model that transcribes; in the reported words, and nothing is charged for it."""
    account = talk.api.simulator.account("sk-voice-0123456789")
    account.project.limit("whisper-1", RateLimits(rpm=1))
    talk.send(transcribing("whisper-1"))
    assert told(talk)[-1]["type"] == f"{KIND}.completed"
    before = talk.entry.charge
    [event] = told(talk)
    assert talk.entry.charge == before
    assert event["error"] == {
        "type": "server_error",
        "code": None,
        "message": f"Input transcription failed for item '{event['item_id']}'. 429 Too Many Requests",
        "param": None,
    }


def test_a_transcript_fails_without_credits(make_api: Callable[..., Api]) -> None:
    """The session goes on hearing."""
    talk = Talk(make_api(tier=5, credits=1))
    talk.send(transcribing("whisper-1"))
    assert told(talk)[-1]["type"] == f"{KIND}.completed"
    [event] = told(talk)
    assert event["error"]["message"].endswith("429 Too Many Requests")


def test_a_rule_fails_a_transcript_or_says_what_was_heard(talk: Talk) -> None:
    """Only rules that name `transcriptions`; those of the session's answers do not count it."""
    rules = talk.api.simulator.rules
    rules.when(endpoint="transcriptions").fail(500).reply("Say nothing")
    answer = rules.when(last_message="Say").reply("One two three")
    talk.send(transcribing("gpt-4o-mini-transcribe"))
    error = failure(talk)
    assert error["type"] == "server_error"
    assert answer.answered == 1
    assert told(talk)[-1]["transcript"] == "Say nothing"
    assert answer.seen == 1


def test_a_transcript_fails_where_nothing_can_hear(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra it is not silently missing."""
    monkeypatch.setattr(session_state, "hear", lambda *_: None)
    talk.send(transcribing("gpt-4o-mini-transcribe"))
    [event] = told(talk)
    assert event["error"]["code"] == "extra_not_installed"
    assert "is not installed" in event["error"]["message"]


def test_a_transcript_fails_for_an_account_that_lost_the_model(talk: Talk) -> None:
    """Its tier had it when the session asked for it."""
    talk.send(transcribing("gpt-4o-transcribe"))
    account = talk.api.simulator.account("sk-voice-0123456789")
    account.organization.set_tier(0, talk.api.clock.now())
    [event] = told(talk)
    assert event["error"]["code"] == "model_not_found"
