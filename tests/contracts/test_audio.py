"""Speech and what is heard of it, by the unmodified SDK: the words go out as sound and come back as words."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import av
import httpx
import openai
import pytest
from openai.types.audio import Transcription, TranscriptionVerbose

from understudy import MockServer

WORDS = "The kite is red. It flies over the sea, and seven gulls follow it."


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(credits="5.00") as server:
        yield server


@pytest.fixture
def client(server: MockServer) -> Iterator[openai.OpenAI]:
    server.reset()
    with openai.OpenAI(base_url=server.base_url, api_key="sk-tier1-audio", max_retries=0) as client:
        yield client


@pytest.fixture
def http(server: MockServer) -> Iterator[httpx.Client]:
    server.reset()
    with httpx.Client(base_url=server.base_url, headers={"authorization": "Bearer sk-tier1-audio"}, timeout=30) as http:
        yield http


def seconds(file: bytes) -> float:
    """How long a decoder hears."""
    with av.open(io.BytesIO(file)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def say(client: openai.OpenAI, text: str = WORDS, **options: Any) -> bytes:
    whole: dict[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "alloy", "response_format": "wav", **options}
    return client.audio.speech.create(input=text, **whole).content


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav"])
def test_speech_in_every_format_is_heard_word_for_word(client: openai.OpenAI, form: str) -> None:
    """By a real decoder it lasts as long as it takes to say; by the ear it says what was asked for."""
    file = say(client, response_format=form)
    assert 3 < seconds(file) < 8
    name = {"opus": "ogg", "aac": "mp4"}.get(form, form)
    heard = client.audio.transcriptions.create(model="whisper-1", file=(f"a.{name}", file))
    assert heard.text == WORDS


def test_bare_samples_are_what_the_file_holds(client: openai.OpenAI) -> None:
    """24,000 a second of 16 bit."""
    assert len(say(client, response_format="pcm")) / 48_000 == pytest.approx(seconds(say(client)), abs=0.1)


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_speed_changes_the_length(client: openai.OpenAI, speed: float) -> None:
    """In proportion where it is slower; faster, the pauses that the words' mark needs stay. The words stay, too."""
    usual = seconds(say(client))
    file = say(client, speed=speed)
    if speed < 1:
        assert seconds(file) == pytest.approx(usual / speed, rel=0.25)
    else:
        assert seconds(file) < usual
    assert client.audio.transcriptions.create(model="whisper-1", file=("a.wav", file)).text == WORDS


def test_headers_of_speech_are_the_recorded_ones(http: httpx.Client, recorded: Callable[[str], dict[str, Any]]) -> None:
    """And the tokens that it takes; the file is an MP3."""
    real = recorded("ruby_llm/post-audio-speech-1")
    answer = http.post("audio/speech", json=real["request"]["json"])
    assert answer.headers["content-type"] == real["response"]["headers"]["content-type"]
    assert answer.headers["transfer-encoding"] == "chunked"
    limit = int(answer.headers["x-ratelimit-limit-tokens"])
    assert limit - int(answer.headers["x-ratelimit-remaining-tokens"]) == 16
    assert answer.headers["x-openai-proxy-wasm"] == "v0.1"
    assert 3 < seconds(answer.content) < 5


def test_speech_as_events(http: httpx.Client) -> None:
    """Together they are the file; the last one counts."""
    asked = {"model": "gpt-4o-mini-tts", "input": WORDS, "voice": "coral", "response_format": "pcm"}
    answer = http.post("audio/speech", json={**asked, "stream_format": "sse"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\r\n\r\n") if line]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"
    whole = http.post("audio/speech", json=asked).content
    assert events[-1]["usage"]["output_tokens"] == -(-len(whole) // 2_400)


def test_speech_costs_by_characters_or_by_tokens(server: MockServer, client: openai.OpenAI) -> None:
    """tts-1 $15 a million characters, gpt-4o-mini-tts by its words and its sound."""
    account = server.account("sk-tier1-audio")
    say(client, model="tts-1")
    assert float(account.spent) == pytest.approx(len(WORDS) * 15e-6)
    before = account.spent
    said = len(say(client, response_format="pcm")) // 2_400
    assert float(account.spent - before) == pytest.approx(said * 12e-6, rel=0.05)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"voice": None}, "voice"),
        ({"input": ""}, "input"),
        ({"input": "a" * 4_097}, "input"),
        ({"voice": "nobody"}, "voice"),
        ({"model": "tts-1", "voice": "marin"}, "voice"),
        ({"model": "tts-1", "stream_format": "sse"}, "stream_format"),
        ({"response_format": "midi"}, "response_format"),
        ({"speed": 5}, "speed"),
        ({"pitch": 1}, "pitch"),
    ],
)
def test_wrong_speech_is_refused(http: httpx.Client, body: dict[str, Any], param: str) -> None:
    """By the parameter that is wrong."""
    answer = http.post("audio/speech", json={"model": "gpt-4o-mini-tts", "input": "Hi", "voice": "alloy", **body})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_transcripts_in_every_format_of_whisper(client: openai.OpenAI) -> None:
    """Times lie within the sound and follow each other."""
    file = say(client)
    length = seconds(file)

    def ask(form: Any, **options: Any) -> Any:
        return client.audio.transcriptions.create(
            model="whisper-1", file=("a.wav", file), response_format=form, **options
        )

    assert ask("text") == WORDS + "\n"
    verbose = ask("verbose_json", timestamp_granularities=["word", "segment"])
    assert isinstance(verbose, TranscriptionVerbose)
    assert verbose.language == "english"
    assert verbose.duration == pytest.approx(length, abs=0.05)
    assert verbose.words is not None
    assert verbose.segments is not None
    assert [word.word for word in verbose.words][:4] == ["The", "kite", "is", "red"]
    times = [time for word in verbose.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] <= length + 0.01
    assert [segment.text.strip() for segment in verbose.segments] == WORDS.replace(". ", ".|").split("|")
    assert ask("srt").startswith("1\n00:00:00,000 --> 00:00:0")
    assert ask("vtt").startswith("WEBVTT\n\n00:00:00.000 --> 00:00:0")


def test_usage_is_counted_as_recorded(
    http: httpx.Client, client: openai.OpenAI, recorded: Callable[[str], dict[str, Any]]
) -> None:
    """Whole seconds of whisper-1, tokens of the others; names in the recorded order."""
    file = say(client)

    def ask(**data: str) -> Any:
        return http.post("audio/transcriptions", files={"file": ("a.wav", file)}, data=data).json()

    real = recorded("ai-gateway/post-audio-transcriptions-1")["response"]["json"]
    first = ask(model="whisper-1")
    assert list(first) == list(real)
    assert first["usage"] == {"type": "duration", "seconds": math.ceil(seconds(file))}
    real = recorded("ruby_llm/post-audio-transcriptions-1")["response"]["json"]
    shown = ask(model="gpt-4o-transcribe-diarize", response_format="diarized_json", chunking_strategy="auto")
    assert list(shown) == list(real)
    assert list(shown["segments"][0]) == list(real["segments"][0])
    assert list(shown["usage"]) == list(real["usage"])
    assert shown["usage"]["input_tokens"] == int(seconds(file) * 10)


def test_transcripts_are_streamed(http: httpx.Client, client: openai.OpenAI) -> None:
    """Deltas that make the text, or segments; framed as recorded, with `[DONE]`."""
    file = say(client)
    for model, kind in (
        ("gpt-4o-transcribe", "transcript.text.delta"),
        ("gpt-4o-transcribe-diarize", "transcript.text.segment"),
    ):
        answer = http.post(
            "audio/transcriptions", files={"file": ("a.wav", file)}, data={"model": model, "stream": "true"}
        )
        *lines, done, rest = answer.text.split("\r\n\r\n")
        assert (done, rest) == ("data: [DONE]", "")
        events = [json.loads(line.removeprefix("data: ")) for line in lines]
        assert {event["type"] for event in events[:-1]} == {kind}
        assert "".join(event.get("delta", event.get("text")) for event in events[:-1]).strip() == WORDS
        assert events[-1]["text"] == WORDS
    pieces = client.audio.transcriptions.create(
        model="gpt-4o-mini-transcribe", file=("a.wav", file), stream=True, include=["logprobs"]
    )
    shown = list(pieces)
    deltas = [event for event in shown if event.type == "transcript.text.delta"]
    assert "".join(event.delta for event in deltas) == WORDS
    assert all(event.logprobs for event in deltas)


def test_other_sounds_have_a_text_that_says_so(client: openai.OpenAI) -> None:
    """Never nothing; a rule says what is heard instead."""
    silence = io.BytesIO()
    with av.open(silence, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=32_000)
        frame.planes[0].update(bytes(64_000))
        frame.sample_rate = 16_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    heard = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", silence.getvalue()))
    assert isinstance(heard, Transcription)
    assert heard.text == "[audio of 2.0 seconds in an undetermined language]"


def test_a_rule_says_what_is_heard(server: MockServer, client: openai.OpenAI) -> None:
    """As it does in chat."""
    server.rules.when(endpoint="transcriptions").reply("Good morning.")
    heard = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", say(client)))
    assert heard.text == "Good morning."


def test_translations_mark_what_is_not_english(http: httpx.Client, client: openai.OpenAI) -> None:
    """English stays as it is; the body has the text alone, as recorded."""

    def translate(file: bytes) -> Any:
        return http.post("audio/translations", files={"file": ("a.wav", file)}, data={"model": "whisper-1"}).json()

    assert translate(say(client)) == {"text": WORDS}
    file = say(client, "Der Drachen ist rot und fliegt über das Meer.")
    assert translate(file) == {"text": "[german] Der Drachen ist rot und fliegt über das Meer."}


@pytest.mark.parametrize(
    ("file", "data", "status", "words"),
    [
        (None, {}, 400, "Missing required parameter: 'file'."),
        (("a.txt", b"text"), {}, 400, "Invalid file format. Supported formats: ['flac'"),
        (("a.wav", b"RIFFnothing"), {}, 400, "The audio file could not be decoded or its format is not supported."),
        (("a.wav", b"no"), {"model": "gpt-4o-transcribe"}, 400, "Audio file might be corrupted or unsupported"),
        (("a.wav", b"x" * (25 * 1024 * 1024 + 1)), {}, 413, "413: Maximum content size limit (26214400) exceeded"),
        (("a.wav", b"x"), {"response_format": "midi"}, 400, "Invalid value: 'midi'."),
        (
            ("a.wav", b"x"),
            {"model": "gpt-4o-transcribe", "response_format": "srt"},
            400,
            "is not compatible with model",
        ),
        (("a.wav", b"x"), {"language": "english"}, 400, "ISO-639-1"),
        (("a.wav", b"x"), {"temperature": "2"}, 400, "decimal above maximum value"),
        (("a.wav", b"x"), {"timestamp_granularities[]": "word"}, 400, "verbose_json"),
        (("a.wav", b"x"), {"sharpness": "1"}, 400, "Unknown parameter: 'sharpness'."),
        (("a.wav", b"x"), {"model": "none"}, 404, "The model `none` does not exist"),
        (("a.wav", b"x"), {"model": "gpt-4o"}, 400, "does not support transcriptions"),
    ],
)
def test_wrong_requests_for_transcripts_are_refused(
    http: httpx.Client, file: Any, data: dict[str, str], status: int, words: str
) -> None:
    """In the words of the real API where they were reported."""
    whole = {"model": "whisper-1", **data}
    answer = http.post("audio/transcriptions", files={"file": file} if file else {"other": b""}, data=whole)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]["message"]
