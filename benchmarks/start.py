"""How long starting takes, and a reset between tests."""

import json
import subprocess
import sys
import time
from statistics import median

from benchmarks import load, servers
from benchmarks.figures import Goal, Section
from benchmarks.servers import Unavailable

_SCRIPT_SECONDS = 60
_SCRIPT = """
import json, time, urllib.request
begin = time.perf_counter()
import understudy
imported = time.perf_counter() - begin
from understudy import MockServer
import understudy.server
begin = time.perf_counter()
with MockServer() as server:
    body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    headers = {"Authorization": "Bearer sk-a", "Content-Type": "application/json"}
    request = urllib.request.Request(server.base_url + "/chat/completions", body, headers)
    urllib.request.urlopen(request, timeout=20).read()
    first = time.perf_counter() - begin
    resets = []
    for _ in range(100):
        urllib.request.urlopen(request, timeout=20).read()
        begin = time.perf_counter()
        server.reset()
        resets.append(time.perf_counter() - begin)
print(json.dumps([imported * 1e3, first * 1e3, sorted(resets)[50] * 1e3]))
"""
_GOALS = {
    "import understudy": 30.0,
    "MockServer to its first answer, imported before": 150.0,
    "reset": 1.0,
    "understudy serve, cold, to its first answer": 800.0,
}


def start_up(*, quick: bool) -> Section:
    """Milliseconds until things answer."""
    section = Section("Start")
    taken: dict[str, list[float]] = {name: [] for name in _GOALS}
    times = 1 if quick else 5
    try:
        for _ in range(times):
            for name, value in zip(_GOALS, [*_in_one_process(), _cold()], strict=True):
                taken[name].append(value)
    except Unavailable as reason:
        section.notes.append(str(reason))
        section.failed = True
        return section
    for name, goal in _GOALS.items():
        value = median(taken[name])
        section.rows.append({"": name, "ms": value})
        section.goals.append(Goal(f"Start: {name}", f"≤ {goal:g} ms", f"{value:.3g} ms", value <= goal))
    return section


def _in_one_process() -> list[float]:
    try:
        said = subprocess.run(
            [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True, timeout=_SCRIPT_SECONDS
        )
    except subprocess.SubprocessError as failure:
        raise Unavailable(f"MockServer could not be measured: {type(failure).__name__}.") from failure
    figures: list[float] = json.loads(said.stdout)
    return figures


def _cold() -> float:
    begin = time.perf_counter()
    with servers.understudy() as server:
        load.run(load.drive(server.name, server.url, load.repeated(server.url, load.chat(), 1), 1))
        return (time.perf_counter() - begin) * 1e3
