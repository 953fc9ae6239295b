"""The sound of realtime sessions: telephony's formats, who has finished speaking, and who says nothing for long."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.core.realtime.test_session import SERVER_EVENT, Talk, append, kinds, tone

from understudy.core.media import Sound
from understudy.core.realtime.sound_formats import PCM, format_of

if TYPE_CHECKING:
    from tests.conftest import Api

pytest.importorskip("espeakng_loader")


@pytest.fixture
def talk(make_api: Callable[..., Api]) -> Talk:
    return Talk(make_api(tier=5))


def update(**audio: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "realtime", "audio": audio}}


def spoken(events: list[dict[str, Any]]) -> bytes:
    deltas = [event["delta"] for event in events if event["type"] == "response.output_audio.delta"]
    return b"".join(map(base64.b64decode, deltas))


def response_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    (response,) = [event["response"] for event in events if event["type"] == "response.done"]
    assert isinstance(response, dict)
    return response


@pytest.mark.parametrize(("form", "name"), [("audio/pcmu", "g711_ulaw"), ("audio/pcma", "g711_alaw")])
def test_a_telephone_call_is_heard_and_answered_in_its_format(talk: Talk, form: str, name: str) -> None:
    """Frames of 20 ms, as telephony sends them; both sides word for word, and counted by their length."""
    media = talk.api.simulator.media
    updated = talk.send(
        update(
            input={"format": {"type": form}, "transcription": {"model": "gpt-4o-mini-transcribe"}},
            output={"format": {"type": form}},
        )
    )
    assert updated[0]["session"]["audio"]["input"]["format"] == {"type": form}
    words = "Where is my parcel, please?"
    sound = media.codec.encode(media.speaker.speak(words, "alloy", 8_000), name, 8_000)
    silence = media.codec.encode(bytes(16_000), name, 8_000)
    said = []
    whole = sound + silence
    for start in range(0, len(whole), 160):
        said += talk.send(append(whole[start : start + 160]))
    heard = [event["transcript"] for event in said if event["type"].endswith("transcription.completed")]
    assert heard == [words]
    (usage,) = [event["usage"] for event in said if event["type"].endswith("transcription.completed")]
    assert abs(usage["input_token_details"]["audio_tokens"] - len(sound) / 800) <= 4
    events = talk.pull()
    answer = spoken(events)
    transcript = response_of(events)["output"][0]["content"][0]["transcript"]
    decoded = media.codec.decode(answer, 24_000, raw=name, raw_rate=8_000)
    assert isinstance(decoded, Sound)
    assert media.ear.hear(decoded).text == transcript
    tokens = response_of(events)["usage"]["output_token_details"]["audio_tokens"]
    assert tokens == -(-(len(answer) // 8) // 50)
    for event in [*said, *events]:
        SERVER_EVENT.validate_python(event)


@pytest.mark.parametrize("form", ["audio/pcmu", "audio/pcma"])
@pytest.mark.parametrize("amplitude", [100, 700, 3_000, 20_000])
def test_a_level_is_the_same_in_every_format(make_api: Callable[..., Api], form: str, amplitude: int) -> None:
    """Within what G.711 rounds."""
    sound = format_of({"type": form})
    codec = make_api().simulator.media.codec
    # Samples of 24 kHz taken for samples of 8 kHz: a lower tone.
    pcm = tone(20, amplitude)
    assert sound.level(codec.encode(pcm, sound.name, 8_000)) == pytest.approx(PCM.level(pcm), rel=0.05, abs=20)


def test_speed_makes_speech_shorter_and_leaves_it_whole(talk: Talk) -> None:
    """As the words are the rule's, the lengths can be compared."""
    talk.api.simulator.rules.when().reply("One two three four five six seven eight nine ten.")
    lengths = []
    for speed in (0.5, 1.0, 1.5):
        talk.send(update(output={"speed": speed}), {"type": "response.create"})
        sound = spoken(talk.pull())
        lengths.append(len(sound))
    assert lengths[0] > 1.5 * lengths[1] > 1.5 * 1.3 * lengths[2]


@pytest.mark.parametrize(
    ("eagerness", "words", "silence"),
    [
        ("auto", "I would like a cup of tea.", 500),
        ("auto", "I would like to", 4_000),
        ("high", "I would like to", 2_000),
        ("high", "I would like a cup of tea.", 300),
        ("low", "I would like to", 8_000),
    ],
)
def test_semantic_detection_waits_for_the_end_of_the_sentence(
    talk: Talk, eagerness: str, words: str, silence: int
) -> None:
    """As long as its eagerness says, at most; fields of the other kind are gone."""
    (updated,) = talk.send(update(input={"turn_detection": {"type": "semantic_vad", "eagerness": eagerness}}))
    assert updated["session"]["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": eagerness,
        "create_response": True,
        "interrupt_response": True,
    }
    SERVER_EVENT.validate_python(updated)
    sound = talk.api.simulator.media.speaker.speak(words, "alloy")
    assert [event["type"] for event in talk.send(append(sound))] == ["input_audio_buffer.speech_started"]
    waited = 0
    while not (said := talk.send(append(bytes(960)))):
        waited += 20
        assert waited < 9_000
    assert said[0]["type"] == "input_audio_buffer.speech_stopped"
    # The speech itself ends in a little silence.
    assert silence - 400 <= waited <= silence


def test_a_caller_who_says_nothing_is_asked(talk: Talk) -> None:
    """After the sound of the answer has played and the timeout is over; once, until the next answer."""
    talk.send(update(input={"turn_detection": {"type": "server_vad", "idle_timeout_ms": 6_000}}))
    talk.send(append(tone(600) + bytes(24_000)))
    sound = spoken(talk.pull())
    now = talk.api.clock.now()
    assert talk.session.deadline == pytest.approx(now + len(sound) // 48 * 1_000 + 6_000_000, abs=2_000)
    talk.api.clock.advance((talk.session.deadline - now) / 1_000_000 + 0.01)
    said = [SERVER_EVENT.validate_json(event) for event in talk.session.wake(talk.api.clock.now())]
    assert [event.type for event in said] == [
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    assert said[0].item_id == said[1].item_id
    assert talk.session.deadline > now + 3_000_000_000
    assert kinds(talk.pull())[-2:] == ["response.done", "rate_limits.updated"]
    # Who speaks is not asked.
    talk.send(append(tone(100)))
    assert talk.session.deadline > now + 3_000_000_000


def test_a_timeout_is_only_for_server_detection(talk: Talk) -> None:
    (refused,) = talk.send(update(input={"turn_detection": {"type": "semantic_vad", "idle_timeout_ms": 6_000}}))
    assert refused["error"]["code"] == "unknown_parameter"
    assert refused["error"]["param"] == "session.audio.input.turn_detection.idle_timeout_ms"
