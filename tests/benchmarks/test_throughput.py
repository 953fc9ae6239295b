"""The comparison: figures are made of what was counted, and who cannot be measured is named and left out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from benchmarks.figures import Section, goals_rendered, rendered
from benchmarks.servers import Server, Unavailable, free_port, running
from benchmarks.throughput import OURS, Rounds, Work, compared

BRIEF = Rounds(2, 0.05, 2, answer_seconds=0.3)
TINY = """
import asyncio, sys

HEAD = b"HTTP/1.1 %b\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n"
BODY = b"data: 1\\n\\ndata: 2\\n\\n"
CHUNKS = b"%x\\r\\n%b\\r\\n0\\r\\n\\r\\n" % (len(BODY), BODY)

async def serve(reader, writer):
    while not reader.at_eof():
        head = await reader.readuntil(b"\\r\\n\\r\\n")
        await reader.readexactly(int(head.partition(b"Content-Length: ")[2].partition(b"\\r\\n")[0]))
        if sys.argv[2] == "good":
            writer.write(HEAD % b"200 OK" + CHUNKS)
        elif sys.argv[2] == "refusing":
            writer.write(HEAD % b"503 Unavailable" + CHUNKS)
        elif sys.argv[2] == "hanging":
            writer.write(HEAD % b"200 OK")

async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()

asyncio.run(main())
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[[str], Callable[[], AbstractContextManager[Server]]]:
    """Starts small servers that are good, refuse, or hang."""
    script = tmp_path / "tiny.py"
    script.write_text(TINY, encoding="ascii")

    def of(manner: str) -> Callable[[], AbstractContextManager[Server]]:
        port = free_port()
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        return lambda: running(manner, [sys.executable, str(script), str(port), manner], url)

    return of


def test_figures_are_made_of_what_was_counted(
    tiny: Callable[[str], Callable[[], AbstractContextManager[Server]]],
) -> None:
    """Two events of nine bytes in each answer."""
    work = [Work(OURS, tiny("good"), [b"{}"], 4), Work("peer", tiny("good"), [b"{}", b"[]"], 4)]
    section = compared("Two", work, BRIEF, unit="event")
    assert not section.failed
    assert section.notes == []
    assert [row[""] for row in section.rows] == [OURS, "peer"]
    for row in section.rows:
        assert row["bytes/event"] == 9
        assert row["events/s"] > 0
    ours, peer = section.rows
    assert ours["its CPU / ours"] == 1
    assert peer["its CPU / ours"] == pytest.approx(peer["CPU µs/event"] / ours["CPU µs/event"], nan_ok=True)


@pytest.mark.parametrize(
    ("manner", "told"),
    [("hanging", "hanging did not answer within 0.3 seconds."), ("refusing", "refusing answered 503: data: 1")],
)
def test_a_peer_that_gives_no_good_answers_is_reported_and_left_out(
    tiny: Callable[[str], Callable[[], AbstractContextManager[Server]]], manner: str, told: str
) -> None:
    """In one sentence; the others are measured, and nothing of ours has failed."""
    work = [Work(OURS, tiny("good"), [b"{}"], 4), Work("peer", tiny(manner), [b"{}"], 4)]
    section = compared("Two", work, BRIEF, unit="request")
    assert [row[""] for row in section.rows] == [OURS]
    assert len(section.notes) == 1
    assert section.notes[0].startswith(told)
    assert not section.failed


def test_a_server_of_ours_that_hangs_fails_the_measurement(
    tiny: Callable[[str], Callable[[], AbstractContextManager[Server]]],
) -> None:
    """The peers' figures are kept, without a ratio."""
    work = [Work(OURS, tiny("hanging"), [b"{}"], 4), Work("peer", tiny("good"), [b"{}"], 4)]
    section = compared("Two", work, BRIEF, unit="request")
    assert section.failed
    assert [(row[""], row["its CPU / ours"]) for row in section.rows] == [("peer", None)]


def test_a_server_that_never_listens_is_reported() -> None:
    """After its time."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        pytest.raises(Unavailable, match=r"^mute did not listen within 0\.1 seconds\.$"),
        running("mute", command, f"http://127.0.0.1:{free_port()}/", start_seconds=0.1),
    ):
        pass


def test_a_server_that_ends_is_reported_with_its_last_words() -> None:
    """Its exit code, and the last line that it wrote."""
    command = [sys.executable, "-c", "import sys; sys.exit('no such model')"]
    with (
        pytest.raises(Unavailable, match=r"^short ended with exit code 1: no such model$"),
        running("short", command, f"http://127.0.0.1:{free_port()}/"),
    ):
        pass


def test_tables_show_missing_and_unknown_figures_as_such() -> None:
    """Neither as a number."""
    rows = [{"": "a", "CPU": 12.345, "ratio": 1.0}, {"": "b", "CPU": float("nan"), "ratio": None}]
    text = rendered(Section("Title", rows, notes=["A note."]), markdown=True)
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    assert lines[0] == ["", "CPU", "ratio"]
    assert lines[2:] == [["a", "12.3", "1.00"], ["b", "not known", ""]]
    assert text.startswith("### Title\n")
    assert text.endswith("\nA note.")
    assert goals_rendered([Section("Title")], markdown=True) == ""
