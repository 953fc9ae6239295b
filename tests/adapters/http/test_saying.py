"""`GET /_understudy/say` and `understudy say` make speech that the server hears word for word."""

from __future__ import annotations

from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import openai
import pytest

from understudy import MockServer, cli
from understudy.media.codecs import FORMATS, sound_format

QUESTION = "What is the weather like in Lisbon?"


def asked(server: MockServer, **query: str) -> tuple[str, bytes]:
    """Type and bytes of an answer."""
    with urlopen(f"{server.control_url}/say?{urlencode(query)}", timeout=30) as answer:
        return answer.headers["content-type"], answer.read()


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "opus"])
def test_what_was_said_is_transcribed_to_the_same_words(format: str) -> None:
    """By the very server that said it, in every container that the transcription takes."""
    with MockServer() as server, openai.OpenAI(base_url=server.base_url, api_key="sk-any", max_retries=0) as client:
        _, sound = asked(server, text=QUESTION, voice="coral", format=format)
        name = "question.ogg" if format == "opus" else f"question.{format}"
        heard = client.audio.transcriptions.create(model="whisper-1", file=(name, sound))
        assert heard.text == QUESTION


def test_each_format_is_what_it_says() -> None:
    """Bare samples have no type of their own."""
    with MockServer() as server:
        types = {format: asked(server, text="Hi", format=format, rate="24000")[0] for format in FORMATS}
    assert types["mp3"] == "audio/mpeg"
    assert {types[format] for format in ("pcm16", "g711_ulaw", "g711_alaw")} == {"application/octet-stream"}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({}, "text: Field required"),
        ({"text": "Hi", "voice": "bob"}, "there is no voice 'bob'; there are alloy"),
        ({"text": "Hi", "format": "midi"}, "the format is wav, mp3"),
        ({"text": "Hi", "rate": "7"}, "the rate is 8000 to 48000"),
        ({"text": "x" * 5000}, "at most 4096 characters"),
    ],
)
def test_what_cannot_be_said_is_refused_in_a_sentence(query: dict[str, str], sentence: str) -> None:
    """With what is accepted."""
    with MockServer() as server, pytest.raises(HTTPError) as refused:
        asked(server, **query)
    assert refused.value.code == 400
    assert sentence in refused.value.read().decode()


def test_the_command_line_writes_a_file_of_the_kind_of_its_name(tmp_path: Path) -> None:
    """Or of the kind that is named."""
    assert cli.main(["say", "Hello", "-o", str(tmp_path / "hello.mp3")]) == 0
    assert sound_format((tmp_path / "hello.mp3").read_bytes()) == "mp3"
    assert cli.main(["say", "Hello", "-o", str(tmp_path / "hello"), "--voice", "echo", "--rate", "16000"]) == 0
    assert (tmp_path / "hello").read_bytes().startswith(b"RIFF")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-o", "x.midi"], "the format is wav, mp3, flac"),
        (["-o", "x.wav", "--voice", "bob"], "there is no voice 'bob'"),
        (["-o", "none/x.wav"], "--output"),
    ],
)
def test_the_command_line_refuses_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    """And writes nothing."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["say", "Hello", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []
