"""Tampered answers, byte for byte: what they say, how their events are written, where they end."""

import gzip
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.faults import FaultError, Faults, FaultScript
from understudy.core.headers import EVENT_STREAM, JSON
from understudy.core.messages import Answer, PlainStream, Request
from understudy.core.wire import Ending
from understudy_data import toml

NOW = 1_755_133_835_250_000
CHAT = Request("POST", "/v1/chat/completions", {})
WORDS = ["Hello", ", 世界", " 🌍"]


def chunk(content: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}], "usage": None}


CHUNKS = [*(chunk(word) for word in WORDS), chunk("", "stop")]


def event(value: Any) -> bytes:
    return b"data: " + (value.encode() if isinstance(value, str) else msgspec.json.encode(value)) + b"\n\n"


WHOLE = b"".join(map(event, [*CHUNKS, "[DONE]"]))


class Ended:
    """How the stream below was finished."""

    complete: bool | None = None


def stream(ended: Ended | None = None) -> Answer:
    def settle(now: int, complete: bool) -> None:
        if ended is not None:
            ended.complete = complete

    parts = [(0, event(each)) for each in [*CHUNKS, "[DONE]"]]
    return Answer(200, [(b"content-type", EVENT_STREAM)], PlainStream(iter(parts), settle))


def whole(body: bytes = b'{"choices": [{"message": {"content": "Hi"}}], "usage": {"total_tokens": 3}}') -> Answer:
    return Answer(200, [(b"content-type", JSON)], body)


def tampered(answer: Answer, **step: Any) -> Answer:
    fault = FaultScript.parse(step).next(CHAT, "sk-a", "gpt-4o", NOW)
    assert fault is not None
    assert fault.delivery is not None
    return fault.delivery.of(answer, NOW)


def parts(answer: Answer) -> list[tuple[int, bytes]]:
    assert not isinstance(answer.body, bytes)
    return list(answer.body.parts())


def sent(answer: Answer) -> bytes:
    return b"".join(data for _, data in parts(answer))


@pytest.mark.parametrize(
    ("framing", "written"),
    [
        ({}, WHOLE),
        ({"newline": "crlf"}, WHOLE.replace(b"\n", b"\r\n")),
        ({"newline": "cr"}, WHOLE.replace(b"\n", b"\r")),
        ({"space": False}, WHOLE.replace(b"data: ", b"data:")),
        ({"bom": True}, b"\xef\xbb\xbf" + WHOLE),
        ({"between": [": ping\n\n"]}, WHOLE.replace(b"}\n\n", b"}\n\n: ping\n\n")),
        ({"fields": ["id: 7", "retry: 10"]}, WHOLE.replace(b"data: ", b"id: 7\nretry: 10\ndata: ")),
        ({"done": "  [DONE] "}, WHOLE.replace(b"data: [DONE]", b"data:  [DONE] ")),
        ({"final": "newline"}, WHOLE[:-1]),
        ({"final": "nothing"}, WHOLE[:-2]),
    ],
)
def test_framing_writes_the_same_events_otherwise(framing: dict[str, Any], written: bytes) -> None:
    """Each way that a stream may legally, or nearly, be written."""
    assert sent(tampered(stream(), framing=framing)) == written


def test_several_lines_of_data_are_the_same_json() -> None:
    """Joined by line feeds, as the standard has it."""
    written = sent(tampered(stream(), framing={"several_lines": True}))
    blocks = written.decode().split("\n\n")
    assert blocks[0].count("data: ") > 3
    joined = "\n".join(line.removeprefix("data: ") for line in blocks[0].split("\n"))
    assert msgspec.json.decode(joined) == CHUNKS[0]


@pytest.mark.parametrize(
    ("events", "written"),
    [
        ([{"drop": "done"}], [*CHUNKS]),
        ([{"drop": "finish"}], [*CHUNKS[:3], "[DONE]"]),
        ([{"duplicate": 2}], [CHUNKS[0], CHUNKS[1], CHUNKS[1], *CHUNKS[2:], "[DONE]"]),
        ([{"swap": [1, 3]}], [CHUNKS[1], CHUNKS[2], CHUNKS[0], CHUNKS[3], "[DONE]"]),
        ([{"swap": [2, 99]}], [CHUNKS[0], CHUNKS[2], CHUNKS[3], "[DONE]", CHUNKS[1]]),
        ([{"insert": {"json": {"a": "@null"}}, "at": 2}], [CHUNKS[0], {"a": None}, *CHUNKS[1:], "[DONE]"]),
        ([{"insert": "late", "at": "end"}], [*CHUNKS, "[DONE]", "late"]),
        ([{"text": "broken", "at": 1}], ["broken", *CHUNKS[1:], "[DONE]"]),
        ([{"remove": "usage"}, {"set": {"choices.0.delta": "@null"}, "at": "finish"}], None),
    ],
)
def test_events_are_changed_one_by_one(events: list[dict[str, Any]], written: list[Any] | None) -> None:
    """Lost, doubled, out of order, added, replaced, edited."""
    if written is None:
        written = [{"choices": each["choices"]} for each in CHUNKS[:3]]
        written += [{"choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}, "[DONE]"]
    assert sent(tampered(stream(), events=events)) == b"".join(map(event, written))


def test_a_whole_body_is_changed_as_one_event_without_framing() -> None:
    """Its JSON is laid out anew; its head does not claim the old length."""
    answer = tampered(
        whole(), events=[{"set": {"usage": "@null", "choices.0.x.y": 1}}, {"remove": "choices.0.message"}]
    )
    assert msgspec.json.decode(sent(answer)) == {"choices": [{"x": {"y": 1}}], "usage": None}
    assert answer.wire is not None
    assert answer.wire.ordinary


@pytest.mark.parametrize(
    ("cut", "written"),
    [
        ({"after_events": 2}, b"".join(map(event, CHUNKS[:2]))),
        ({"after_events": 1, "after_bytes": 9}, event(CHUNKS[0]) + event(CHUNKS[1])[:9]),
        ({"after_bytes": 30}, WHOLE[:30]),
        ({"after_bytes": 0}, b""),
        ({"inside": "character"}, WHOLE[: WHOLE.index("世".encode()) + 1]),
        ({"after_events": 2, "inside": "character"}, WHOLE[: WHOLE.index("🌍".encode()) + 1]),
    ],
)
def test_a_cut_ends_the_body_to_the_byte_and_what_is_lost_is_not_charged(cut: dict[str, Any], written: bytes) -> None:
    """By events, bytes, or inside what must not be cut; the connection is then closed, without an end of the body."""
    ended = Ended()
    answer = tampered(stream(ended), cut=cut)
    assert sent(answer) == written
    assert not isinstance(answer.body, bytes)
    answer.body.finish(NOW, complete=True)
    assert ended.complete is False
    assert answer.wire is not None
    assert (answer.wire.ending, answer.wire.last_chunk) == (Ending.FIN, False)


def test_a_cut_inside_an_escape_ends_with_its_backslash() -> None:
    """Of a whole body as of a stream."""
    answer = tampered(whole(b'{"text": "a\\nb"}'), cut={"inside": "escape"}, end="rst")
    assert sent(answer) == b'{"text": "a\\'
    assert answer.wire is not None
    assert answer.wire.ending is Ending.RST


def test_a_stall_moves_what_follows_or_holds_it_for_ever() -> None:
    """A moment for a wait that ends; an open socket for one that does not."""
    late = parts(tampered(stream(), stall={"after_events": 1, "for": "5s"}))
    assert [due for due, _ in late] == [0, *[NOW + 5_000_000] * 4]
    ever = tampered(stream(), stall={"after_events": 1})
    assert sent(ever) == event(CHUNKS[0])
    assert ever.wire is not None
    assert ever.wire.ending is Ending.HOLD


def test_delay_and_pause_are_moments() -> None:
    """Counted from the arrival of the request."""
    answer = tampered(stream(), delay="2s", pause="30ms")
    assert answer.due == NOW + 2_000_000
    assert [due for due, _ in parts(answer)] == [answer.due + number * 30_000 for number in range(5)]


@given(sizes=st.lists(st.integers(1, 50), min_size=1, max_size=4))
def test_chunks_are_the_same_bytes_in_the_sizes_that_were_asked_for(sizes: list[int]) -> None:
    """Over and over; the last is what is left."""
    made = [data for _, data in parts(tampered(stream(), chunks=sizes))]
    assert b"".join(made) == WHOLE
    assert all(len(data) == sizes[number % len(sizes)] for number, data in enumerate(made[:-1]))


def test_gzip_can_be_unpacked_part_by_part_unless_it_is_broken() -> None:
    """Each event as soon as it has come."""
    answer = tampered(stream(), gzip=True)
    assert (b"content-encoding", b"gzip") in answer.headers
    unpacker = zlib.decompressobj(wbits=31)
    made = [unpacker.decompress(data) for _, data in parts(answer)]
    assert made[0] == event(CHUNKS[0])
    assert b"".join(made) == WHOLE
    with pytest.raises((zlib.error, gzip.BadGzipFile, EOFError)):
        gzip.decompress(sent(tampered(stream(), gzip="broken")))


def test_lengths_are_announced_wrong() -> None:
    """Of a body as of a stream, which is made whole for it."""
    short = tampered(whole(b"{}"), length="+10")
    assert short.wire is not None
    assert (short.wire.length, sent(short)) == (12, b"{}")
    long = tampered(stream(), length=5, cut={"after_bytes": 3})
    assert long.wire is not None
    assert (long.wire.length, sent(long)) == (5, WHOLE[:3])
    streamed = tampered(stream(), length="-1")
    assert streamed.wire is not None
    assert (streamed.wire.length, sent(streamed)) == (len(WHOLE) - 1, WHOLE)


def test_scripted_events_are_a_stream_of_their_own() -> None:
    """Texts, JSON, names and raw bytes."""
    script = FaultScript.parse(
        {
            "sse": ["[1]", {"json": {"a": 1}, "event": "error"}, {"raw": ": hi\n\n"}, {"text": "x"}],
            "headers": {"x-a": "b"},
        }
    )
    fault = script.next(CHAT, "sk-a", "gpt-4o", NOW)
    assert fault is not None
    assert fault.delivery is not None
    scripted = fault.answer(NOW)
    assert scripted is not None
    assert (scripted.status, scripted.content_type) == (200, EVENT_STREAM)
    answer = fault.delivery.of(Answer(200, [(b"content-type", scripted.content_type)], scripted.body), NOW)
    assert sent(answer) == b'data: [1]\n\nevent: error\ndata: {"a":1}\n\n: hi\n\ndata: x\n\n'


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"cut": {}}, "'cut' says nowhere: after_events, after_bytes or inside"),
        ({"cut": {"at": 1}}, "'cut.at' is not known; there are after_events, after_bytes, inside"),
        ({"cut": {"inside": "word"}}, "'cut.inside' must be character or escape, not 'word'"),
        ({"pause": 3}, '\'pause\' must be a time such as "30ms", "1.5s" or "2m", not 3'),
        ({"chunks": 0}, "'chunks' must be a whole number of at least 1, not 0"),
        ({"end": "bang"}, "'end' must be keep, fin, rst, hold, not 'bang'"),
        ({"gzip": "yes"}, "'gzip' must be true, false or \"broken\", not 'yes'"),
        ({"length": "5"}, "'length' must be a number of bytes, or \"+10\" or \"-10\", not '5'"),
        ({"silent": 1}, "'silent' must be true or false, not 1"),
        (
            {"events": [{"drop": 0}]},
            "'events.drop' must be the number of an event from 1 on, every, finish, done or the type of events",
        ),
        ({"events": [{"drop": 1, "half": 2}]}, "'events' must each do one thing"),
        ({"events": [{"swap": [3, 1]}]}, "'events.swap' must name two events in their order"),
        ({"events": [{"set": 1}]}, "'events.set' must be a table from paths to values"),
        (
            {"events": [{"insert": {"raw": "x", "text": "y"}}]},
            "'events.insert' must each have one of json, text and raw",
        ),
        ({"framing": {"newline": "lfcr"}}, "'framing.newline' must be lf, crlf, cr, not 'lfcr'"),
        ({"sse": ["x"], "text": "y"}, "'text' cannot stand beside 'sse'"),
        ({"probability": 2, "status": 500}, "'probability' must be a number from 0 to 1, not 2"),
        ({"during": "1m..2s", "status": 500}, "'during' must be like \"10s..1m\", not '1m..2s'"),
        ({}, "'status' is missing: a step says what is answered, or how"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_sentence(step: dict[str, Any], words: str) -> None:
    """It names the key and what is accepted."""
    with pytest.raises(FaultError) as refused:
        FaultScript.parse(step)
    assert words in str(refused.value)


def test_chance_follows_the_seed_and_keeps_its_share() -> None:
    """The same seed the same calls, another seed others; about a fifth of a thousand."""

    def played(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add({"status": 500, "probability": 0.2})
        return [faults.next(CHAT, "sk-a", "gpt-4o", NOW) is not None for _ in range(1_000)]

    assert played(1) == played(1) != played(2)
    assert 150 < sum(played(1)) < 250


def test_a_window_counts_from_the_first_call() -> None:
    """From its beginning to before its end."""
    script = FaultScript.parse({"status": 500, "during": "10s..20s"})
    seconds = [0, 9, 10, 19, 20, 30]
    met = [script.next(CHAT, "sk-a", "gpt-4o", NOW + second * 1_000_000) is not None for second in seconds]
    assert met == [False, False, True, True, False, False]
    assert not script.covers_every_call


@pytest.mark.parametrize("name", toml("faults.toml")["faults"])
def test_every_ready_fault_can_be_asked_for_by_name(name: str) -> None:
    """And changes something."""
    fault = Faults(0, toml("faults.toml")["faults"]).asked_for(name)
    assert fault.answer(NOW) is not None or fault.delivery is not None


@settings(max_examples=200)
@given(
    step=st.fixed_dictionaries(
        {},
        optional={
            "cut": st.fixed_dictionaries({"after_bytes": st.integers(0, 400)}),
            "chunks": st.integers(1, 90),
            "framing": st.fixed_dictionaries({"newline": st.sampled_from(["lf", "cr", "crlf"]), "bom": st.booleans()}),
            "events": st.lists(
                st.sampled_from(
                    [{"drop": 2}, {"duplicate": "every"}, {"half": 3}, {"swap": [1, 2]}, {"remove": "usage"}]
                ),
                max_size=3,
            ),
            "gzip": st.sampled_from([True, "broken"]),
            "stall": st.just({"after_events": 2, "for": "1s"}),
            "end": st.sampled_from(["keep", "fin", "rst", "hold"]),
        },
    ).filter(bool)
)
def test_any_tampering_ends_and_keeps_the_order_of_moments(step: dict[str, Any]) -> None:
    """However faults are combined."""
    answer = tampered(stream(), **step)
    dues = [due for due, _ in parts(answer)]
    assert dues == sorted(dues)
