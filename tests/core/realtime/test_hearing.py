"""A session hears what Understudy's own voices say, answers it, and transcribes it where that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.realtime.test_session import MANUAL, Talk, append, kinds, tone

import understudy

if TYPE_CHECKING:
    from tests.conftest import Api

KIND = "conversation.item.input_audio_transcription"
WORDS = "Say one two three"


def said(text: str) -> bytes:
    return understudy.say(text, voice="coral", format="pcm16", rate=24_000)


def transcribing(model: str | None) -> dict[str, Any]:
    wanted = None if model is None else {"model": model, "language": "en"}
    audio = {"input": {"transcription": wanted, "turn_detection": None}}
    return {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"], "audio": audio}}


@pytest.fixture
def talk(make_api: Callable[..., Api]) -> Talk:
    return Talk(make_api(tier=5))


def answer(events: list[dict[str, Any]]) -> str:
    """What the model says in text."""
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


def test_what_is_spoken_is_answered(talk: Talk) -> None:
    """As if it had been written; without a transcript nothing of it is told."""
    talk.send(transcribing(None))
    events = talk.send(append(said(WORDS)), {"type": "input_audio_buffer.commit"}, {"type": "response.create"})
    assert not [event for event in events if event["type"].startswith(KIND)]
    assert answer(events + talk.pull()) == "One two three"


@pytest.mark.parametrize("size", [960, 4_800, 100_002])
def test_the_cutting_of_the_audio_does_not_matter(talk: Talk, size: int) -> None:
    """However many appends it comes in."""
    talk.send(transcribing("gpt-4o-mini-transcribe"))
    pcm = said(WORDS)
    for start in range(0, len(pcm), size):
        talk.send(append(pcm[start : start + size]))
    events = talk.send({"type": "input_audio_buffer.commit"})
    assert events[-1]["transcript"] == WORDS


@pytest.mark.parametrize("speed", [0.25, 0.6, 1.0, 1.5])
@pytest.mark.parametrize(
    "words",
    [
        "No.",
        "Well, I think so, but, you know, maybe not.",
        "Hello there. I would like to book a table, for four, at 19:30.",
        "My number is 5, 5, 5, 1, 2, 3, 4.",
        "Bonjour, je voudrais, s'il vous plaît, une chambre à 3.5 euros.",
        "こんにちは、せかい。おげんきですか。",
    ],
)
def test_a_turn_is_over_when_a_phrase_is(talk: Talk, words: str, speed: float) -> None:
    """With voice detection as it is by default, no phrase is cut in its middle, at any speed and in any pieces."""
    voice = ("alloy", "onyx", "ballad")[len(words) % 3]
    parts = talk.api.simulator.media.speaker.speak_phrases(words, voice, speed=speed)
    pcm = b"".join(sound for _, sound in parts) + bytes(24_000)
    transcription = {"model": "gpt-4o-mini-transcribe"}
    detection = {"type": "server_vad", "create_response": False}
    audio = {"input": {"transcription": transcription, "turn_detection": detection}}
    talk.send({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
    size = int(4_801 * speed) * 2
    events = [event for start in range(0, len(pcm), size) for event in talk.send(append(pcm[start : start + size]))]
    heard = [event["transcript"].strip() for event in events if event["type"] == f"{KIND}.completed"]
    # In Japanese nothing stands between phrases.
    assert (" " if words.isascii() or "à" in words else "").join(heard) == words


def test_a_transcript_is_told_in_pieces_and_charged_by_tokens(talk: Talk) -> None:
    """Deltas, then the whole with its usage; the item has it from then on."""
    talk.send(transcribing("gpt-4o-mini-transcribe"))
    pcm = said(WORDS)
    before = talk.entry.charge
    events = talk.send(append(pcm), {"type": "input_audio_buffer.commit"})
    assert kinds(events) == [
        "input_audio_buffer.committed", "conversation.item.added", "conversation.item.done",
        f"{KIND}.delta", f"{KIND}.completed",
    ]  # fmt: skip
    deltas = [event["delta"] for event in events if event["type"] == f"{KIND}.delta"]
    assert len(deltas) > 1
    done = events[-1]
    assert "".join(deltas) == done["transcript"] == WORDS
    assert done["usage"]["type"] == "tokens"
    # A token for 100 ms.
    assert done["usage"]["input_token_details"]["audio_tokens"] == -(-len(pcm) // 4_800)
    assert talk.entry.charge > before
    (found,) = talk.send({"type": "conversation.item.retrieve", "item_id": done["item_id"]})
    assert found["item"]["content"][0]["transcript"] == WORDS


def test_whisper_tells_it_at_once_and_is_charged_by_the_second(talk: Talk) -> None:
    """One delta."""
    talk.send(transcribing("whisper-1"))
    events = talk.send(append(said(WORDS)), {"type": "input_audio_buffer.commit"})
    assert [event["delta"] for event in events if event["type"] == f"{KIND}.delta"] == [WORDS]
    usage = events[-1]["usage"]
    assert usage["type"] == "duration"
    assert usage["seconds"] >= 1


def test_other_sound_has_a_text_that_stands_for_it(talk: Talk) -> None:
    """Never nothing; the model does not take it for words."""
    talk.send(transcribing("whisper-1"))
    events = talk.send(append(tone(700)), {"type": "input_audio_buffer.commit"}, {"type": "response.create"})
    transcript = next(event["transcript"] for event in events if event["type"] == f"{KIND}.completed")
    assert transcript.startswith("[audio of 0.7 seconds")
    assert "0.7 seconds" not in answer(events + talk.pull())


def test_the_detector_hears_too(talk: Talk) -> None:
    """Speech between silences is committed, transcribed and answered by itself."""
    audio = {"input": {"transcription": {"model": "whisper-1"}}}
    talk.send(
        {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"], "audio": audio}}
    )
    silence = b"\0" * 48 * 600
    events = talk.send(append(silence + said(WORDS) + silence))
    assert [event["transcript"] for event in events if event["type"] == f"{KIND}.completed"] == [WORDS]
    assert answer(events + talk.pull()) == "One two three"


def test_audio_in_an_item_is_heard(talk: Talk) -> None:
    """Without the buffer."""
    talk.send(MANUAL, {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}})
    content = [{"type": "input_audio", "audio": append(said(WORDS))["audio"]}]
    item = {"type": "message", "role": "user", "content": content}
    talk.send({"type": "conversation.item.create", "item": item})
    assert answer(talk.send({"type": "response.create"}) + talk.pull()) == "One two three"


def test_another_model_is_refused(talk: Talk) -> None:
    """When the session is updated, not when somebody speaks."""
    (refused,) = talk.send(transcribing("gpt-4o"))
    assert refused["type"] == "error"
    assert refused["error"]["param"] == "session.audio.input.transcription.model"
