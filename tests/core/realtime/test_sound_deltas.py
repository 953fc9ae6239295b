"""The events that carry sound, and the words that go along with it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.realtime.test_session import Talk

from understudy.core.pacing import REALISTIC
from understudy.core.realtime import eras
from understudy.core.realtime.beta import BetaWriter
from understudy.core.realtime.sound_deltas import SoundDeltas, cut_base64, in_base64
from understudy.core.realtime.wire import EventWriter, WireIds

if TYPE_CHECKING:
    from tests.conftest import Api

PART = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}


@given(st.binary(max_size=200), st.integers(0, 200), st.integers(0, 200))
def test_a_slice_of_base64_is_base64_of_the_slice(sound: bytes, start: int, end: int) -> None:
    """Wherever it is cut."""
    start, end = sorted((min(start, len(sound)), min(end, len(sound))))
    assert cut_base64(in_base64(sound), sound, start, end) == base64.b64encode(sound[start:end])


@pytest.mark.parametrize("writer", [EventWriter(WireIds(b"a")), BetaWriter(WireIds(b"a"), eras.GA)])
def test_a_delta_is_the_event_that_the_writer_would_write(writer: EventWriter) -> None:
    """Byte for byte but for the id, in both interfaces; and no two have the same id."""
    deltas = SoundDeltas(writer, PART)
    ordinary = json.loads(writer.write("response.output_audio.delta", **PART, delta="AAAA"))
    first, second = (json.loads(deltas.write(b"AAAA")) for _ in range(2))
    assert list(first) == list(ordinary)
    assert {**first, "event_id": ""} == {**ordinary, "event_id": ""}
    assert len({first["event_id"], second["event_id"], ordinary["event_id"]}) == 3
    assert all(len(event["event_id"]) == len("event_") + 21 for event in (first, second, ordinary))


def test_words_are_told_along_with_their_sound(make_api: Callable[..., Api]) -> None:
    """Never more than a delta ahead of the sound, and never behind it: where an answer is cut, so is its transcript."""
    pytest.importorskip("espeakng_loader")
    talk = Talk(make_api(tier=5))
    words = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    talk.api.simulator.rules.when().reply(words)
    talk.send({"type": "response.create"})
    said = talk.pull()
    sizes = [len(event["delta"]) for event in said if event["type"] == "response.output_audio.delta"]
    sounded = told = 0
    for event in said:
        if event["type"] == "response.output_audio.delta":
            assert told / len(words) >= sounded / sum(sizes)
            sounded += len(event["delta"])
        elif event["type"] == "response.output_audio_transcript.delta":
            assert told / len(words) <= sounded / sum(sizes)
            told += len(event["delta"])
    assert (told, sounded) == (len(words), sum(sizes))


def test_speech_is_sent_four_times_as_fast_as_it_plays(make_api: Callable[..., Api]) -> None:
    """With a latency each delta is due a quarter of its length after the one before."""
    pytest.importorskip("espeakng_loader")
    talk = Talk(make_api(tier=5, pacing=REALISTIC))
    clock = talk.api.clock
    talk.api.simulator.rules.when().reply("One two three four five six seven eight nine ten. And eleven, and twelve.")
    asked = clock.now()
    talk.send({"type": "response.create"})
    sent: list[tuple[int, int]] = []
    while talk.session.is_responding():
        if talk.session.work is not None:
            talk.session.work()
        due = talk.session.due
        assert due is not None
        clock.advance(max(due - clock.now(), 0) / 1_000_000)
        for event in map(json.loads, talk.session.pull(clock.now())):
            if event["type"] == "response.output_audio.delta":
                sent.append((clock.now() - asked, len(base64.b64decode(event["delta"])) // 48))
    played = 0
    for moment, milliseconds in sent:
        assert moment == pytest.approx(400_000 + played * 250, abs=2_000)
        played += milliseconds
    assert len(sent) > 20


def test_without_a_latency_all_of_it_is_due_at_once(make_api: Callable[..., Api]) -> None:
    """Whatever the clock says."""
    pytest.importorskip("espeakng_loader")
    talk = Talk(make_api(tier=5))
    talk.api.simulator.rules.when().reply("One two three. Four five six.")
    talk.send({"type": "response.create"})
    dues = set()
    while talk.session.is_responding():
        if talk.session.work is not None:
            talk.session.work()
        dues.add(talk.session.due)
        talk.session.pull(talk.api.clock.now())
    assert dues == {0}
