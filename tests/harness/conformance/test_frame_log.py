import json
from collections.abc import Iterator

import pytest
from websockets.frames import Frame, Opcode

from understudy_harness.conformance.frame_log import CLIENT, CLIENT_KEPT, MESSAGES_KEPT, SERVER, SERVER_KEPT, FrameLog


def frame(opcode: Opcode, data: bytes, *, by: str = SERVER, fin: bool = True) -> bytes:
    """A frame as one of the sides sends it."""
    return Frame(opcode, data, fin=fin).serialize(mask=by == CLIENT)


def ticking() -> Iterator[float]:
    """A clock that goes on by one at each look."""
    yield from (float(number) for number in range(1, 10**6))


@pytest.fixture
def log() -> FrameLog:
    """An empty one."""
    moments = ticking()
    return FrameLog(lambda: next(moments))


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_messages_are_read_however_the_bytes_come(log: FrameLog, size: int) -> None:
    """Both sides, control frames between the pieces of a message."""
    event = json.dumps({"type": "response.create", "event_id": "世"}, ensure_ascii=False).encode()
    data = frame(Opcode.TEXT, event[:40], fin=False) + frame(Opcode.PING, b"!") + frame(Opcode.CONT, event[40:])
    data += frame(Opcode.BINARY, b"\0") + frame(Opcode.CLOSE, b"\x03\xe9bye")
    for start in range(0, len(data), size):
        log.feed(SERVER, data[start : start + size])
    log.feed(CLIENT, frame(Opcode.PONG, b"!", by=CLIENT))
    assert [(seen.by, seen.kind, seen.frames) for seen in log.seen] == [
        (SERVER, "ping", 1),
        (SERVER, "text", 2),
        (SERVER, "binary", 1),
        (SERVER, "close", 1),
        (CLIENT, "pong", 1),
    ]
    assert [seen.at for seen in log.seen] == [1.0, 2.0, 3.0, 4.0, 5.0]
    _, text, binary, close, pong = log.seen
    assert (text.event["event_id"], text.type) == ("世", "response.create")
    assert (binary.event, binary.type, binary.close_code) == ({}, "", None)
    assert (close.close_code, close.close_reason, pong.data) == (1001, "bye", b"!")
    assert list(log.by(CLIENT)) == [pong]
    assert list(log.by(SERVER, "text")) == [text]


def test_a_close_without_a_code_is_1005(log: FrameLog) -> None:
    """As RFC 6455 has it."""
    log.feed(CLIENT, frame(Opcode.CLOSE, b"", by=CLIENT))
    assert log.seen[0].close_code == 1005


def test_memory_is_bounded(log: FrameLog) -> None:
    """Long messages are cut and counted, their type is still known; too many are counted alone."""
    long = json.dumps({"type": "response.output_audio.delta", "delta": "A" * (CLIENT_KEPT + 1000)}).encode()
    log.feed(SERVER, frame(Opcode.TEXT, long))
    log.feed(CLIENT, frame(Opcode.TEXT, long, by=CLIENT))
    assert [len(seen.data) for seen in log.seen] == [SERVER_KEPT, CLIENT_KEPT]
    assert {(seen.size, seen.type) for seen in log.seen} == {(len(long), "response.output_audio.delta")}
    assert log.seen[0].event == {}
    log.feed(SERVER, frame(Opcode.PING, b"") * MESSAGES_KEPT)
    assert (len(log.seen), log.left_out) == (MESSAGES_KEPT, 2)


def test_what_is_no_frame_is_noted(log: FrameLog) -> None:
    """Of the client; nothing after it is read."""
    log.feed(CLIENT, frame(Opcode.TEXT, b"{}"))
    assert log.broken == "incorrect masking"
    log.feed(CLIENT, frame(Opcode.TEXT, b"{}", by=CLIENT))
    assert log.seen == []


@pytest.mark.parametrize("message", [b"null", b"[]", b"{", b'{"type": {}}', b"\xff"])
def test_a_message_that_is_no_event_has_no_type(log: FrameLog, message: bytes) -> None:
    """And nothing is raised."""
    log.feed(CLIENT, frame(Opcode.TEXT, message, by=CLIENT))
    assert log.seen[0].type == ""
