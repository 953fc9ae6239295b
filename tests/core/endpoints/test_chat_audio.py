"""Sound in chat: answers said aloud, sounds in messages, and turns that refer to what was said."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from openai.types.chat import ChatCompletion

from understudy import say
from understudy.core.clock import SECOND
from understudy.core.media import Heard, Sound
from understudy.core.pricing import PriceList, charge
from understudy.core.spoken_answers import KEPT, SpokenAnswer, SpokenAnswers
from understudy.media.codecs import FfmpegCodec
from understudy.media.ear import WatermarkEar
from understudy.media.vocabulary import BundledVocabulary
from understudy_data import toml

if TYPE_CHECKING:
    from tests.conftest import Api

CODEC = FfmpegCodec()
vocabulary = BundledVocabulary()
MODEL = {"model": "gpt-audio-mini"}
QUESTION = [{"role": "user", "content": "Tell me about rain in 12 words."}]


def spoken(format: str = "wav", voice: str = "alloy", **more: Any) -> dict[str, Any]:
    return {
        **MODEL,
        "messages": QUESTION,
        "modalities": ["text", "audio"],
        "audio": {"voice": voice, "format": format},
        **more,
    }


def hearing(file: bytes, format: str = "wav", **more: Any) -> dict[str, Any]:
    sound = {"type": "input_audio", "input_audio": {"data": b64encode(file).decode(), "format": format}}
    content = [{"type": "text", "text": "What is being said?"}, sound]
    return {**MODEL, "messages": [{"role": "user", "content": content}], **more}


def understood(file: bytes) -> str:
    heard = WatermarkEar(CODEC).listen(file)
    assert isinstance(heard, Heard)
    return heard.text


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "opus", "aac", "pcm16"])
def test_an_answer_is_said_aloud_in_every_format(api: Api, format: str) -> None:
    """It plays, lasts as long as its tokens say, and the words stand beside it in place of the content."""
    result = api.chat(spoken(format))
    completion = ChatCompletion.model_validate_json(result.body, strict=True)
    message = completion.choices[0].message
    assert message.content is None
    assert message.audio is not None
    assert len(message.audio.transcript.split()) == 12
    sound = CODEC.decode(b64decode(message.audio.data), raw="pcm16" if format == "pcm16" else None)
    assert isinstance(sound, Sound)
    details = result.json["usage"]["completion_tokens_details"]
    assert 0 <= sound.milliseconds - (details["audio_tokens"] - 1) * 50 <= 50 + 90
    assert len(message.audio.transcript) / 25 < sound.milliseconds / 1_000 < len(message.audio.transcript) / 6


def test_a_spoken_message_has_the_recorded_fields(api: Api) -> None:
    """Keys in order, an id that holds its moment, an end 3,601 seconds after the call, and usage by modality."""
    result = api.chat(spoken("opus"))
    message = result.json["choices"][0]["message"]
    assert list(message) == ["role", "content", "refusal", "annotations", "audio"]
    audio = message["audio"]
    assert list(audio) == ["id", "data", "expires_at", "transcript"]
    created = result.json["created"]
    assert audio["expires_at"] == created + 3_601
    assert audio["id"][:6] == "audio_"
    assert int(audio["id"][6:14], 16) == created + 1
    assert len(audio["id"]) == 38
    usage = result.json["usage"]
    details = usage["completion_tokens_details"]
    assert details["text_tokens"] == vocabulary.count(audio["transcript"], "o200k_base") + 4
    assert usage["completion_tokens"] == details["text_tokens"] + details["audio_tokens"]
    assert usage["prompt_tokens_details"] == {
        "cached_tokens": 0, "audio_tokens": 0, "text_tokens": usage["prompt_tokens"], "image_tokens": 0,
    }  # fmt: skip


def test_sound_is_charged_at_its_own_price(make_api: Callable[..., Api]) -> None:
    """What is said, and what is heard, by audio tokens; the words by text tokens."""
    api = make_api(tier=2)
    api.chat(spoken())
    api.chat(hearing(CODEC.encode(bytes(48_000), "wav")))
    said, heard = list(api.simulator.journal)[-2:]
    assert said.usage.audio_out > 20
    assert heard.usage.audio_in == 10
    price = PriceList(toml("prices.toml"), api.clock.now()).find("gpt-audio-mini", "default")
    for entry in (said, heard):
        usage = entry.usage
        assert entry.charge == charge(usage, price)
        dollars = (usage.text_in * 0.6 + usage.text_out * 2.4 + usage.audio_in * 10 + usage.audio_out * 20) / 1e6
        assert entry.charge == pytest.approx(dollars * 1e12)


def test_voices_say_the_same_words_with_other_sounds(api: Api) -> None:
    """The seed decides the words."""
    audios = [
        api.chat(spoken(voice=voice, seed=1)).json["choices"][0]["message"]["audio"] for voice in ("echo", "nova")
    ]
    assert audios[0]["transcript"] == audios[1]["transcript"]
    assert audios[0]["data"] != audios[1]["data"]


def test_a_stream_is_the_words_and_then_the_sound_of_each_phrase(make_api: Callable[..., Api]) -> None:
    """An id first, `expires_at` last; together they are what the whole answer is."""
    body = spoken("pcm16", messages=[{"role": "user", "content": "Tell me about rain in 40 words."}])
    whole = make_api(tier=2).chat({**body, "seed": 7}).json
    result = make_api(tier=2).chat({**body, "seed": 7, "stream": True, "stream_options": {"include_usage": True}})
    events = result.events
    assert events[-1] == "[DONE]"
    deltas = [event["choices"][0]["delta"] for event in events[:-2]]
    assert [*deltas[0]] == ["role", "content", "refusal", "audio"]
    assert deltas[0]["content"] is None
    audio = whole["choices"][0]["message"]["audio"]
    kinds = ["".join(delta.get("audio", {})) for delta in deltas[1:]]
    assert kinds[-2:] == ["expires_at", ""]
    assert set(kinds[:-2]) == {"transcript", "data"}
    assert kinds[0] == "transcript"
    assert kinds.index("data") < len(kinds) - 1 - kinds[::-1].index("transcript")
    parts = [delta["audio"] for delta in deltas if "audio" in delta]
    assert "".join(part.get("transcript", "") for part in parts) == audio["transcript"]
    assert b"".join(b64decode(part.get("data", "")) for part in parts) == b64decode(audio["data"])
    assert events[-3]["choices"][0]["finish_reason"] == "stop"
    assert events[-2]["usage"] == whole["usage"]


def test_a_stream_that_is_left_is_charged_for_what_was_sent(make_api: Callable[..., Api]) -> None:
    """Fewer tokens than the whole, but not none."""
    api = make_api(tier=2)
    api.chat({**spoken("pcm16", seed=7), "stream": True})
    api.chat({**spoken("pcm16", seed=7), "stream": True}, stop_after=22)
    whole, cut = (entry.usage for entry in list(api.simulator.journal)[-2:])
    assert 0 < cut.audio_out < whole.audio_out
    assert 0 < cut.text_out <= whole.text_out


def test_a_limit_holds_for_words_and_sound_together(api: Api) -> None:
    """Cut in proportion, with `length`."""
    result = api.chat(spoken(max_completion_tokens=60)).json
    assert result["choices"][0]["finish_reason"] == "length"
    assert 30 < result["usage"]["completion_tokens"] <= 60
    assert result["choices"][0]["message"]["audio"]["transcript"]


def test_a_later_turn_refers_to_what_was_said(api: Api) -> None:
    """Its sound counts again, at the rate of what is said, beside its words."""
    first = api.chat(spoken()).json
    audio = first["choices"][0]["message"]["audio"]
    turns = [*QUESTION, {"role": "assistant", "audio": {"id": audio["id"]}}, {"role": "user", "content": "And snow?"}]
    second = api.chat(spoken(messages=turns)).json
    details = second["usage"]["prompt_tokens_details"]
    said = first["usage"]["completion_tokens_details"]
    assert details["audio_tokens"] == said["audio_tokens"]
    plain = [turns[0], {"role": "assistant", "content": ""}, turns[2]]
    base = api.chat(spoken(messages=plain)).json["usage"]["prompt_tokens"]
    assert details["text_tokens"] == base + said["text_tokens"]


def test_what_was_said_is_forgotten_after_an_hour(make_api: Callable[..., Api]) -> None:
    """By the clock; and another organization never knew it."""
    api = make_api(tier=2)
    id = api.chat(spoken()).json["choices"][0]["message"]["audio"]["id"]
    turns = [*QUESTION, {"role": "assistant", "audio": {"id": id}}, {"role": "user", "content": "And snow?"}]
    error = api.chat(spoken(messages=turns), key="sk-other-0123456789").error
    assert (error["code"], error["param"]) == ("invalid_value", "messages[1].audio.id")
    assert error["message"] == f"Audio response with id '{id}' was not found."
    api.clock.advance(3_600)
    assert api.chat(spoken(messages=turns)).status == 200
    api.clock.advance(1)
    error = api.chat(spoken(messages=turns)).error
    assert error["message"] == f"Audio response with id '{id}' expired and is no longer available."


def test_spoken_answers_that_are_kept_are_bounded() -> None:
    """Those said longest ago go first."""
    answers = SpokenAnswers()
    for number in range(KEPT + 5):
        answers.keep("org", str(number), SpokenAnswer("", 0, SECOND))
    assert len(answers) == KEPT
    assert answers.find("org", "4") is None
    assert answers.find("org", "5") is not None


def test_a_sound_in_a_message_counts_as_recorded(
    make_api: Callable[..., Api], recorded: Callable[[str], dict[str, Any]]
) -> None:
    """Two real calls: 0.14 s of beeps are 1 audio token, and 4 text tokens come with a sound."""
    exchange = recorded("ai-gateway/post-chat-completions-1")
    result = make_api(tier=2).chat(exchange["request"]["json"])
    assert result.status == 200
    theirs = exchange["response"]["json"]["usage"]
    assert result.json["usage"]["prompt_tokens"] == theirs["prompt_tokens"]
    assert result.json["usage"]["prompt_tokens_details"] == theirs["prompt_tokens_details"]
    # Of the other recording only the length is left: 3.72 s.
    usage = make_api(tier=2).chat(hearing(CODEC.encode(bytes(2 * 89_350), "wav"))).json["usage"]
    assert usage["prompt_tokens_details"] == {
        "cached_tokens": 0, "audio_tokens": 37, "text_tokens": 16, "image_tokens": 0,
    }  # fmt: skip


@pytest.mark.parametrize("format", ["wav", "mp3"])
def test_our_own_speech_is_understood_word_for_word(api: Api, format: str) -> None:
    """It is the user's words: the answer is about them, and a tool gets its arguments from them."""
    words = "What is the weather in Paris?"
    sound = {
        "type": "input_audio",
        "input_audio": {"data": b64encode(say(words, "nova", format)).decode(), "format": format},
    }
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": parameters}}
    body = {**MODEL, "messages": [{"role": "user", "content": [sound]}]}
    call = api.chat({**body, "tools": [tool]}).json["choices"][0]["message"]["tool_calls"][0]
    assert call["function"]["arguments"] == '{"city":"Paris"}'
    answer = api.chat(body).json["choices"][0]["message"]["content"].lower()
    assert "weather" in answer or "paris" in answer


def test_what_the_model_said_is_understood_when_it_comes_back(make_api: Callable[..., Api]) -> None:
    """A spoken answer, as the next speaker's question."""
    api = make_api(tier=2)
    audio = api.chat(spoken("mp3")).json["choices"][0]["message"]["audio"]
    assert understood(b64decode(audio["data"])) == audio["transcript"]


def test_sound_that_nobody_understands_is_answered_by_its_length(api: Api) -> None:
    """Never nothing."""
    result = api.chat(hearing(CODEC.encode(bytes(96_000), "mp3"), "mp3")).json
    assert result["choices"][0]["message"]["content"]


WAV = CODEC.encode(bytes(48_000), "wav")
MP3 = CODEC.encode(bytes(48_000), "mp3")


@pytest.mark.parametrize(
    ("body", "message", "code", "param"),
    [
        (
            spoken("mp3", stream=True),
            "Unsupported value: 'audio.format' does not support 'mp3' when stream=true. Supported values are: 'pcm16'.",
            "unsupported_value",
            "audio.format",
        ),
        (
            {**MODEL, "messages": QUESTION},
            "This model requires that either input content or output modality contain audio.",
            "invalid_value",
            "model",
        ),
        (
            {**MODEL, "messages": QUESTION, "modalities": ["audio"]},
            "Missing required parameter: 'audio'.",
            "missing_required_parameter",
            "audio",
        ),
        (
            {**spoken(), "audio": {"format": "wav"}},
            "Missing required parameter: 'audio.voice'.",
            "missing_required_parameter",
            "audio.voice",
        ),
        (
            spoken(voice="nobody"),
            "Invalid value: 'nobody'. Supported values are: 'alloy', 'ash', 'ballad', 'coral', 'echo', 'fable', 'onyx', "
            "'nova', 'sage', 'shimmer', 'verse', 'marin', and 'cedar'.",
            "invalid_value",
            "audio.voice",
        ),
        (
            {**spoken(), "audio": {"format": "wav", "voice": {"id": "voice_1"}}},
            "Voice with id 'voice_1' not found.",
            "voice_not_found",
            "audio.voice.id",
        ),
        (
            spoken("ogg"),
            "Invalid value: 'ogg'. Supported values are: 'wav', 'aac', 'mp3', 'flac', 'opus', and 'pcm16'.",
            "invalid_value",
            "audio.format",
        ),
        (
            {**hearing(WAV), "model": "gpt-4o"},
            "Invalid 'messages[0]'. Content blocks are expected to be either text or image_url type.",
            "invalid_value",
            "messages[0]",
        ),
        (
            {**spoken(), "model": "gpt-4o"},
            "Invalid value: 'audio'. Supported values are: 'text'.",
            "invalid_value",
            "modalities[1]",
        ),
        ({**spoken(), "model": "gpt-5.6"}, "Unknown parameter: 'modalities'.", "unknown_parameter", "modalities"),
        (
            hearing(WAV, "ogg"),
            "Invalid value: 'ogg'. Supported values are: 'wav' and 'mp3'.",
            "invalid_value",
            "messages[0].content[1].input_audio.format",
        ),
        (
            hearing(MP3, "wav"),
            "This model does not support the format you provided.",
            "unsupported_format",
            "messages",
        ),
        (
            hearing(b"noise" * 100),
            "This model does not support the format you provided.",
            "unsupported_format",
            "messages",
        ),
        (
            hearing(WAV[:44]),
            "The data provided for 'input_audio' is not of valid wav format.",
            "invalid_value",
            "messages.[0].content.[1].input_audio.data",
        ),
    ],
)
def test_what_cannot_be_said_or_heard_is_refused(
    make_api: Callable[..., Api], body: dict[str, Any], message: str, code: str, param: str
) -> None:
    """In the words that were recorded or reported, as far as they are known."""
    result = make_api(tier=5).chat(body)
    assert result.status == 400
    assert result.error == {"message": message, "type": "invalid_request_error", "param": param, "code": code}


@pytest.mark.parametrize("data", ["data:audio/wav;base64,UklGRg==", "not base64!", ""])
def test_data_that_is_no_base64_is_no_sound(api: Api, data: str) -> None:
    """Also a data URL, which was reported to be refused with these words (2025-03)."""
    body = hearing(WAV)
    body["messages"][0]["content"][1]["input_audio"]["data"] = data
    assert api.chat(body).error["message"] == "This model does not support the format you provided."


def test_several_answers_are_several_speeches(api: Api) -> None:
    """Each with an id of its own; usage is their sum."""
    result = api.chat(spoken(n=2)).json
    first, second = (choice["message"]["audio"] for choice in result["choices"])
    assert first["id"] != second["id"]
    text = sum(vocabulary.count(audio["transcript"], "o200k_base") + 4 for audio in (first, second))
    assert result["usage"]["completion_tokens_details"]["text_tokens"] == text


def test_a_tool_call_is_not_said_aloud(api: Api) -> None:
    """It stays what it is."""
    tool = {"type": "function", "function": {"name": "rain", "parameters": {"type": "object", "properties": {}}}}
    choice = api.chat(spoken(tools=[tool], tool_choice="required")).json["choices"][0]
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "rain"
    assert "audio" not in choice["message"]
