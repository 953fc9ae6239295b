import wave

import pytest
from voice_conversation import RATE, Line

import understudy
from understudy_harness.expect import expect

numpy = pytest.importorskip("numpy", reason="needs understudy[speech]")
pytest.importorskip("av", reason="needs understudy[speech]")

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Tell the weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
STORY = "Please repeat after me: The train leaves at nine. It comes back at noon. It has green seats and a small bar."
QUESTIONS = ["What is the weather in Lisbon?", STORY, "Wait. Say goodbye."]


def get_weather(city):
    return f"It is sunny in {city}, 21 degrees."


def said(words):
    return understudy.say(words, voice="coral", format="pcm16", rate=RATE)


@pytest.fixture
def call(mockserver):
    tools = {"get_weather": get_weather}
    with Line(mockserver.websocket_base_url, mockserver.account.key, "Be brief.", tools, [WEATHER]) as line:
        line.pause(300)
        for number, words in enumerate(QUESTIONS):
            line.say(words, said(words))
            line.listen(until_ms=1_500 if number == 1 else None)
            if number != 1:
                line.pause(400)
        yield line


def loudness(sound):
    """Of each tenth of a second, in decibels of full scale."""
    frames = sound[: len(sound) // 2_400 * 2_400].reshape(-1, 2_400).astype(float)
    return 20 * numpy.log10(numpy.sqrt((frames**2).mean(axis=1)) / 32_768 + 1e-9)


def test_the_file_is_the_conversation_as_it_was_heard(call, tmp_path):
    call.save(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, RATE, 2)
        sound = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert len(sound) == call.now_ms * RATE // 1_000
    assert 12 < len(sound) / RATE < 60
    assert numpy.abs(sound).max() < 32_000
    for channel, who in enumerate(("caller", "agent")):
        heard = loudness(sound[:, channel])
        speaks = numpy.zeros(len(heard), bool)
        for part in call.parts:
            if part.who == who:
                first, after = part.start_ms // 100, part.end_ms // 100 + 1
                speaks[first:after] = True
                # Speech, not just something: as loud as speech is, with little silence in it.
                assert -30 < heard[first:after].max() < -10
                assert (heard[first:after] > -50).mean() > 0.7
        assert (heard[~speaks] < -100).all()


def test_the_caller_cuts_in(call):
    agent = [part for part in call.parts if part.who == "agent"]
    caller = [part for part in call.parts if part.who == "caller"]
    assert [part.interrupted for part in agent] == [False, True, False]
    cut, interruption = agent[1], caller[2]
    # The agent was in the middle of it, and fell silent within two tenths of a second.
    assert cut.start_ms < interruption.start_ms < cut.end_ms <= interruption.start_ms + 200
    assert agent[2].start_ms > interruption.end_ms
    both = [start for start in range(cut.start_ms, cut.end_ms, 100) if start >= interruption.start_ms]
    assert len(both) <= 2
    agent_sound = numpy.frombuffer(bytes(call.agent), "<i2")
    place = cut.end_ms * RATE // 1_000
    assert numpy.abs(agent_sound[place - 4_800 : place]).max() > 300
    assert not agent_sound[place : agent[2].start_ms * RATE // 1_000].any()


def test_the_agent_hears_calls_and_answers(call, mockserver):
    assert call.called == [("get_weather", {"city": "Lisbon"})]
    answers = [part.words for part in call.parts if part.who == "agent"]
    assert "21 degrees" in answers[0]
    assert "goodbye" in answers[2].lower()
    expect(mockserver.journal).truncated_what_was_not_heard()
    (entry,) = mockserver.journal
    assert entry.truncated == 1
