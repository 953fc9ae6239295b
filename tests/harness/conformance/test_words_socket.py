import json
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from understudy_harness.conformance import words
from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.expectation_reader import parse_expectation
from understudy_harness.conformance.expectations import Slack
from understudy_harness.conformance.frame_log import CLIENT, SERVER, FrameLog
from understudy_harness.conformance.protocol import Choice, Failure, Progress, Result
from understudy_harness.conformance.words import WORDS


@pytest.fixture
def evidence(make_evidence) -> Evidence:
    """Two connections: the first dropped with an item open, the second with a ping that is answered late."""
    made = make_evidence(
        [(0.0, 0.0), (5.0, 5.0)],
        result=Result(choices=[Choice("Half", "cancelled"), Choice(None), Choice("Whole", "completed")]),
        progress=[
            (1.0, Progress(1, "error", text="Rate limit reached", code="rate_limit_exceeded")),
            (2.0, Progress(1, "audio", size=100, item="item_old")),
            (3.0, Progress(1, "audio", size=50, item="resp_new")),
        ],
    )
    first, second = (_connect(made, number) for number in (0, 1))
    _say(first, CLIENT, 0.1, {"type": "session.update", "session": {"tools": [{"name": "f"}]}})
    _say(first, SERVER, 0.2, {"type": "conversation.item.added", "item": {"id": "item_a"}})
    _say(first, CLIENT, 0.3, {"type": "conversation.item.truncate", "audio_end_ms": 900})
    _control(first, SERVER, 0.4, Opcode.CLOSE, b"\x03\xf3upstream.failed")
    _say(second, CLIENT, 5.1, {"type": "conversation.item.create", "item": {"id": "item_a"}})
    _say(second, CLIENT, 5.2, {"type": "conversation.item.truncate", "audio_end_ms": 1200})
    _control(second, SERVER, 5.3, Opcode.PING, b"p")
    _control(second, CLIENT, 5.9, Opcode.PONG, b"p")
    _control(second, CLIENT, 6.0, Opcode.CLOSE, b"\x03\xf1")
    return made


def _connect(evidence: Evidence, number: int) -> FrameLog:
    evidence.log.exchanges[number].headers.append(("Upgrade", "WebSocket"))
    frames = evidence.log.sockets[number].frames = FrameLog(lambda: 0.0)
    return frames


def _say(frames: FrameLog, by: str, at: float, event: dict[str, Any]) -> None:
    _control(frames, by, at, Opcode.TEXT, json.dumps(event).encode())


def _control(frames: FrameLog, by: str, at: float, opcode: Opcode, data: bytes) -> None:
    frames.feed(by, Frame(opcode, data).serialize(mask=by == CLIENT))
    frames.seen[-1].at = at


@pytest.mark.parametrize(
    "holds",
    [
        "ws.dials == 2",
        'ws.sent("conversation.item.truncate") == 2 and ws.sent("response.create") == 0',
        'ws.got("conversation.item.added") == 1',
        'ws.field("conversation.item.truncate", 1, "audio_end_ms") == "900"',
        'ws.most("conversation.item.truncate", "audio_end_ms") == 1200',
        'ws.first(1) == "session.update" and ws.first(2) == "conversation.item.create"',
        'ws.first_field(1, "session.tools.0.name") == "f" and ws.first_field(2, "item.id") == "item_a"',
        "ws.pings == 1 and ws.slowest_pong <= 0.61 and ws.slowest_pong >= 0.59",
        "ws.closed_with(1009) == 1 and ws.closed_with(1000) == 0",
        "ws.reused_ids == 1",
        'told("rate limit reached") and told("RATE_LIMIT_EXCEEDED") and not told("quota")',
        "errors_told == 1",
        "not close_code_told and not close_reason_told",
        'heard == 150 and heard_of("old") == 100 and heard_of("new") == 50 and heard_of("other") == 0',
        'has_answer("Half") and not has_answer("Hal") and not has_ok_answer',
        'passes_for_whole("Who") and not passes_for_whole("Half") and passes_for_whole("")',
    ],
)
def test_what_the_words_say(holds: str, evidence: Evidence) -> None:
    """Of two connections and a report."""
    assert parse_expectation(holds, WORDS).met(evidence, Slack())


@pytest.mark.parametrize(
    "expression",
    [
        'ws.field("conversation.item.truncate", 3, "audio_end_ms") != "1"',
        'ws.most("response.create", "x") >= 0',
        'ws.first(3) != "session.update"',
        'ws.first_field(3, "x") != "y"',
        'heard_of("old") >= 0',
        "ws.slowest_pong >= 0",
        "close_code_told",
    ],
)
def test_what_was_not_seen_has_no_value(expression: str, make_evidence) -> None:
    """Nothing can be said of it, neither way."""
    made = make_evidence([(0.0, 0.0)], progress=[(1.0, Progress(1, "audio", size=5))])
    assert not parse_expectation(expression, WORDS).met(made, Slack())


def test_a_missing_pong_is_no_quick_one(evidence: Evidence) -> None:
    """Nor is one with another payload."""
    frames = evidence.log.sockets[0].frames
    assert frames is not None
    _control(frames, SERVER, 0.5, Opcode.PING, b"q")
    _control(frames, CLIENT, 0.6, Opcode.PONG, b"")
    assert not parse_expectation("ws.slowest_pong <= 100", WORDS).met(evidence, Slack())


def test_the_close_is_told_by_the_last_error_too(evidence: Evidence) -> None:
    """In its words, its code or its kind."""
    call = evidence.call
    call.result, call.failure = None, Failure("connection", "closed with 1011 (upstream.failed)")
    assert parse_expectation("close_code_told and close_reason_told", WORDS).met(evidence, Slack())


def test_the_standard_answer_must_be_whole(evidence: Evidence) -> None:
    """One that was cut off is none."""
    evidence.call.result = Result(choices=[Choice(evidence.canary.text, "cancelled")])
    assert not parse_expectation("has_ok_answer", WORDS).met(evidence, Slack())
    evidence.call.result = Result(choices=[Choice("Other"), Choice(evidence.canary.text)])
    assert parse_expectation("has_ok_answer", WORDS).met(evidence, Slack())


def test_no_word_stands_in_two_tables() -> None:
    """The later one would be meant wherever the first was."""
    tables = [table for name, table in vars(words).items() if name.endswith("_WORDS")]
    assert len(tables) > 4
    assert all(WORDS[name] is word for table in tables for name, word in table.items())
