import io
import re

import pytest

from understudy_harness.conformance.protocol import Client, Introduction
from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.conformance.results import CaseResult
from understudy_harness.conformance.verdict import Judgement, Mark, Verdict
from understudy_harness.reports.console import Console
from understudy_harness.reports.progress import Progress, estimate, now_and_then
from understudy_harness.reports.screen import Screen

INTRODUCTION = Introduction(Client("made", "1"), [])


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Tells the time it was set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def followed(make_case, virtually):
    """Plays events to a progress line and gives back all it showed."""

    def follow(count: int, play, **options) -> list[str]:
        shown: list[str] = []
        clock = Clock()
        cases = [make_case(id=f"9.{number}-made") for number in range(1, count + 1)]

        async def whole() -> None:
            progress = Progress(shown.append, clock, **options)
            progress.suite_started(INTRODUCTION, cases, [])
            play(progress, cases, clock)
            progress.stop()

        virtually(whole())
        return shown

    return follow


def test_the_line_says_what_is_running_and_what_failed(followed) -> None:
    """Cases may run side by side, and end in any order."""

    def play(progress, cases, clock) -> None:
        for case in cases[:3]:
            progress.case_started(case)
        progress.case_finished(CaseResult(cases[2], Judgement(Verdict.FAILED, Mark.SILENT)))
        progress.case_finished(CaseResult(cases[0], Judgement(Verdict.OK)))
        progress.case_finished(CaseResult(cases[3], Judgement(Verdict.UNSUPPORTED)))  # never started

    shown = followed(4, play)
    assert shown[0].startswith("0/4 · ")
    assert shown[3].endswith("9.1-made, 9.2-made and 1 more")
    assert shown[-2] == "3/4 · 1 failed (1 in silence) · a few seconds left · 9.2-made"
    assert shown[-1] == ""


def test_the_time_left_is_by_an_earlier_run_and_then_by_the_pace(followed) -> None:
    """Four cases of a minute each at first; they take half of that."""
    earlier = {f"9.{number}-made": 60.0 for number in range(1, 5)}

    def play(progress, cases, clock) -> None:
        for case in cases[:3]:
            progress.case_started(case)
            clock.now += 30.0
            progress.case_finished(CaseResult(case, Judgement(Verdict.OK)))

    shown = followed(4, play, earlier=earlier)
    assert shown[0] == "0/4 · about 4 min left"
    assert shown[-2] == "3/4 · about 30 s left"


def test_a_log_is_told_now_and_then() -> None:
    """Not at every change, never with nothing, and not at once."""
    clock, written = Clock(), []
    show = now_and_then(written.append, clock, 30.0)
    for clock.now, words in ((0.0, "a"), (29.0, "b"), (30.0, "c"), (31.0, "d"), (59.0, "e"), (61.0, ""), (62.0, "f")):
        show(words)
    assert written == ["c", "f"]


def test_a_case_is_estimated_at_the_waits_that_it_asks_for(cases, make_case) -> None:
    """Two seconds of Retry-After are waited for; a case that waits for nothing is quick."""
    assert 2.0 < estimate(cases["1.1"]) < 3.0
    assert estimate(make_case()) < 0.5


def test_the_line_is_redrawn_below_the_lines_that_stay(run_suite, monkeypatch) -> None:
    """What a terminal shows in the end has no trace of it."""
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    screen = Screen(terminal, {})
    console = Console(screen.line, paint=screen.paint)
    run_suite(WRONG["swallows-errors"], ["1.10", "1.11"], listeners=[console, Progress(screen.status, lambda: 0.0)])
    text = terminal.getvalue()
    assert "0/2 · a few seconds left · 1.10-budget" in text
    assert "\x1b[1;31mFAILED silent\x1b[0m" in text
    rows = [re.sub(r".*\r\x1b\[K", "", row) for row in text.split("\n")]
    assert not any("left" in row for row in rows)
    assert rows[-1] == ""
    drawn = re.findall(r"(\d+/2 · [^\r\n]*)", text)
    assert max(map(len, drawn)) < 60


@pytest.mark.parametrize(
    ("stream", "environment", "live", "coloured"),
    [
        (Terminal, {}, True, True),
        (Terminal, {"NO_COLOR": "1"}, True, False),
        (Terminal, {"TERM": "dumb"}, False, False),
        (io.StringIO, {}, False, False),
    ],
)
def test_a_log_gets_neither_colours_nor_the_line(stream, environment, live, coloured) -> None:
    """NO_COLOR takes the colours away from a terminal; a dumb one cannot be redrawn."""
    written = stream()
    screen = Screen(written, environment)
    assert (screen.live, screen.coloured) == (live, coloured)
    screen.status("1/2")
    screen.line(screen.paint("OK", "good"))
    assert ("\x1b[32m" in written.getvalue()) is coloured
    assert ("1/2" in written.getvalue()) is live
    assert "OK" in written.getvalue()


def test_a_log_in_an_old_code_page_does_not_end_the_run() -> None:
    """What it cannot hold is written as an escape."""
    raw = io.BytesIO()
    log = io.TextIOWrapper(raw, "cp1252")
    Screen(log, {}).line("Hello, 世界")
    assert raw.getvalue().rstrip() == b"Hello, \\u4e16\\u754c"


def test_progress_of_a_real_run_ends_with_nothing(run_suite) -> None:
    """The last thing shown is an empty line, and no timer is left."""
    shown: list[str] = []
    run_suite(ReferenceClient, ["1.10", "1.11"], listeners=[Progress(shown.append, lambda: 0.0)])
    assert shown[-1] == ""
    assert [words for words in shown if words][-1] == "1/2 · a few seconds left · 1.11-retries-off"
