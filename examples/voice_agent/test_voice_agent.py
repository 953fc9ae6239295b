import wave

import pytest
from voice_agent import RATE, VoiceAgent

import understudy

pytest.importorskip("av", reason="needs understudy[speech]")


def said(text):
    return understudy.say(text, voice="coral", format="pcm16", rate=RATE)


def test_a_conversation(mockserver, tmp_path):
    with VoiceAgent(mockserver.websocket_base_url, mockserver.account.key, "Be brief.") as agent:
        first = agent.hear(said("What is the weather like in Lisbon?"))
        second = agent.hear(said("Thank you, goodbye."))
        assert first
        assert second
        agent.save(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as file:
        seconds = file.getnframes() / file.getframerate()
    assert 4 < seconds < 60


def test_what_it_says_aloud_is_what_its_words_say(mockserver, openai_client, tmp_path):
    with VoiceAgent(mockserver.websocket_base_url, mockserver.account.key, "Be brief.") as agent:
        words = agent.hear(b"\0" * RATE)
        del agent.sound[:RATE]
        agent.save(tmp_path / "answer.wav")
    heard = openai_client.audio.transcriptions.create(
        model="whisper-1", file=("answer.wav", (tmp_path / "answer.wav").read_bytes())
    )
    assert heard.text.split() == words.split()


def test_it_hears_the_caller(mockserver):
    with VoiceAgent(mockserver.websocket_base_url, mockserver.account.key, "Be brief.") as agent:
        words = agent.hear(said("Say one two three"))
    assert "one two three" in words.lower()
