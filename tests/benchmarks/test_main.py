"""`python -m benchmarks`: what it runs, what it prints, what it writes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import MEASUREMENTS, main
from benchmarks.pacing import GAP, Stream
from benchmarks.servers import free_port, running

ROOT = Path(__file__).parents[2]


def test_a_named_measurement_is_run_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The limiter needs no server."""
    file = tmp_path / "results" / "figures.json"
    assert main(["limiter", "--quick", "--markdown", "--json", str(file)]) == 0
    printed = capsys.readouterr().out
    written = json.loads(file.read_text(encoding="utf-8"))
    assert list(written["sections"]) == ["limiter"]
    assert written["quick"] is True
    [row] = written["sections"]["limiter"]["rows"]
    assert 0 < row["best µs"] <= row["µs"]
    assert "### Limiter" in printed
    assert "### Goals" in printed
    assert row[""] in printed


def test_an_unknown_measurement_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With those that there are."""
    with pytest.raises(SystemExit) as ended:
        main(["jsom"])
    assert ended.value.code == 2
    assert f"there is no measurement 'jsom'; there are {', '.join(MEASUREMENTS)}" in capsys.readouterr().err


def test_lateness_counts_from_the_most_punctual_event() -> None:
    """Opening with the first text, three texts, finish, end: all 5 ms late but the second text."""
    places = [0, 0, 1, 2, 3, 3]
    stream = Stream(0.0, [1.005 + GAP * place for place in places])
    stream.arrivals[2] -= 0.005
    assert stream.lateness() == pytest.approx([0.005, 0.005, 0, 0.005, 0.005, 0.005])
    stream.arrivals = [1 + (GAP + 0.001) * place for place in [0, *range(40), 40, 40]]
    assert stream.drift() > 0.025


def test_processor_time_is_that_of_the_server() -> None:
    """A process that is busy for some of it."""
    script = "import socket, time; s = socket.create_server(('127.0.0.1', {})); [None for _ in range(10**7)]; s.accept(); time.sleep(60)"
    port = free_port()
    with running("busy", [sys.executable, "-c", script.format(port)], f"http://127.0.0.1:{port}/") as server:
        used = server.cpu_seconds()
        while used == used and used < 0.05:
            used = server.cpu_seconds()
    assert used != used or 0.05 <= used < 60


def test_the_page_has_the_tables_that_the_command_prints() -> None:
    """A heading for each measurement, and the goals."""
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    assert "python -m benchmarks --markdown" in page
    for heading in ("JSON chat", "SSE, unpaced", "SSE, paced", "Realtime", "Start", "Scale", "Limiter", "Goals"):
        assert re.search(rf"^### {heading}", page, re.MULTILINE), heading
