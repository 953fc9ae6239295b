"""`python -m benchmarks`: measure, print a table, write JSON.

The servers run on the first core, the generator on the second; rounds alternate; everybody is warmed up first. Judge by
processor time and by ratios within one run: absolute figures drift from machine to machine and from hour to hour.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import process
from benchmarks.load import Measured, cycle, drive, paced_lateness, post

_SYSTEM = "You are a helpful assistant that answers briefly and to the point, in plain words."
_ASKED = "Please explain how a client should wait between its retries when the server answers with a rate limit error."
_MESSAGES = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _ASKED}]
_KEYS = 64
_GAP = 0.02


def body(**more: Any) -> bytes:
    """The request of all servers: some 330 bytes."""
    return json.dumps({"model": "gpt-4o-mini", "messages": _MESSAGES, "temperature": 0.7, **more}).encode()


def requests_for(server: process.Server, data: bytes, keys: int = _KEYS) -> list[bytes]:
    """The same request from many accounts, so that no limit is met."""
    return [post(server.url, data, f"sk-benchmark-{number:08d}") for number in range(keys)]


def run(server: process.Server, data: bytes, count: int, connections: int) -> tuple[Measured, float]:
    """A round, and the server's processor seconds."""
    requests = requests_for(server, data)
    before = server.cpu_seconds()
    measured = uvloop_run(drive(server.url, cycle(requests, count), connections))
    return measured, server.cpu_seconds() - before


def uvloop_run(work: Any) -> Any:
    """Run a coroutine on uvloop."""
    import uvloop

    return uvloop.run(work)


def compared(
    peers: dict[str, Callable[[], Any]], data: bytes, count: int, warm: int, rounds: int, connections: int
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Measure all servers in alternating rounds; the second answer says who was skipped, and why."""
    rows: dict[str, list[dict[str, float]]] = {}
    skipped: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        servers = []
        for name, start in peers.items():
            try:
                servers.append(stack.enter_context(start()))
            except RuntimeError as reason:
                skipped[name] = str(reason)
        for server in list(servers):
            try:
                run(server, data, warm, connections)
            except (TimeoutError, OSError) as reason:
                servers.remove(server)
                skipped[server.name] = str(reason)
        for _ in range(rounds):
            for server in servers:
                measured, cpu = run(server, data, count, connections)
                if measured.errors:
                    raise RuntimeError(f"{server.name} answered {measured.errors} requests with an error")
                units = measured.events or measured.requests
                rows.setdefault(server.name, []).append(
                    {
                        "cpu_us": cpu / units * 1e6,
                        "per_second": units / measured.seconds,
                        "p50_ms": measured.percentile(0.5) * 1e3,
                        "p99_ms": measured.percentile(0.99) * 1e3,
                    }
                )
    return {name: {key: median(row[key] for row in taken) for key in taken[0]} for name, taken in rows.items()}, skipped


def paced(streams: int) -> dict[str, float]:
    """Lateness of many streams paced at 20 ms."""
    text = "Tell me about rain in exactly 80 words."
    messages = [{"role": "user", "content": text}]
    data = json.dumps({"model": "gpt-4o-mini", "stream": True, "messages": messages}).encode()
    with process.ours("--latency", "ttft=500ms,itl=20ms") as server:
        request = requests_for(server, data, 1)[0]
        asyncio.run(paced_lateness(server.url, request, 1, _GAP))
        before, start = server.cpu_seconds(), time.perf_counter()
        late = sorted(asyncio.run(paced_lateness(server.url, request, streams, _GAP)))
        cores = (server.cpu_seconds() - before) / (time.perf_counter() - start)
    return {
        "streams": streams,
        "p50_ms": late[len(late) // 2] * 1e3,
        "p99_ms": late[int(len(late) * 0.99)] * 1e3,
        "cores": cores,
    }


def realtime(sessions: int) -> dict[str, float]:
    """Audio deltas of spoken answers over WebSockets, unpaced: how many a second, and the server's cost of one."""
    from websockets.asyncio.client import connect

    say = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": _SPOKEN}]}

    async def one(url: str, number: int) -> int:
        deltas = 0
        headers = {"Authorization": f"Bearer sk-voice-{number}"}
        async with connect(url, additional_headers=headers, max_size=None) as socket:
            for _ in range(4):
                await socket.send(json.dumps({"type": "conversation.item.create", "item": say}))
                await socket.send(json.dumps({"type": "response.create"}))
                async for text in socket:
                    deltas += '"response.output_audio.delta"' in text[:200]
                    if '"response.done"' in text[:200]:
                        break
        return deltas

    async def all_of_them(url: str) -> int:
        return sum(await asyncio.gather(*(one(url, number) for number in range(sessions))))

    with process.ours() as server:
        url = server.url.replace("http:", "ws:").replace("/chat/completions", "/realtime?model=gpt-realtime")
        asyncio.run(all_of_them(url))
        before, start = server.cpu_seconds(), time.perf_counter()
        deltas = asyncio.run(all_of_them(url))
        seconds = time.perf_counter() - start
        return {
            "sessions": sessions,
            "deltas_per_second": deltas / seconds,
            "cpu_us_per_delta": (server.cpu_seconds() - before) / deltas * 1e6,
        }


def limiter() -> float:
    """Microseconds of one decision of the store in memory, and of its headers."""
    from understudy.core.accounts import AccountTerms
    from understudy.core.catalog import Catalog
    from understudy.core.headers import rate_limits
    from understudy.core.limits import Cost
    from understudy.core.tiers import TierTable
    from understudy.stores.memory import MemoryStore
    from understudy_data import toml

    now = time.time_ns() // 1_000
    store = MemoryStore(lambda key: AccountTerms(1, 10**18), TierTable(toml("tiers.toml"), now))
    model = Catalog(toml("models.toml"), toml("limits.toml")).find("gpt-4o-mini", now)
    account = store.account("sk-a", now)
    if model is None or account is None:
        raise RuntimeError("the data has no gpt-4o-mini")
    cost, count = Cost(20), 50_000
    begin = time.process_time()
    for number in range(count):
        rate_limits(store.admit(account, model, cost, now + number * 200_000, b"x"), with_images=False)
    return (time.process_time() - begin) / count * 1e6


_SPOKEN = "Please read this to me: the quick brown fox jumps over the lazy dog near the bank of the river."
_START = """
import json, time, urllib.request
begin = time.perf_counter()
import understudy
imported = time.perf_counter() - begin
from understudy import MockServer
import understudy.server, understudy.adapters.http.application
body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}).encode()
begin = time.perf_counter()
with MockServer() as server:
    headers = {"Authorization": "Bearer sk-a", "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(server.base_url + "/chat/completions", body, headers)).read()
    first = time.perf_counter() - begin
    begin = time.perf_counter()
    for _ in range(100):
        server.reset()
    reset = (time.perf_counter() - begin) / 100
print(json.dumps({"import_ms": imported * 1e3, "thread_ms": first * 1e3, "reset_ms": reset * 1e3}))
"""


def start_up(times: int) -> dict[str, float]:
    """Milliseconds of imports, of a server in a thread to its first answer, of a reset, and of a cold process."""
    threads = []
    cold = []
    data = body()
    for _ in range(times):
        said = subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True, check=True)
        threads.append(json.loads(said.stdout))
        begin = time.perf_counter()
        with process.ours() as server:
            uvloop_run(drive(server.url, requests_for(server, data, 1), 1))
            cold.append((time.perf_counter() - begin) * 1e3)
    return {**{key: median(row[key] for row in threads) for key in threads[0]}, "cold_ms": median(cold)}


def scale(count: int) -> dict[str, float]:
    """Processor microseconds a request with few and many accounts, and with a short and a long journal."""
    data = body()
    figures: dict[str, float] = {}
    for accounts in (64, 1_000, 100_000):
        name = f"{accounts:,} accounts"
        with process.ours("--journal-limit", "100") as server:
            requests = requests_for(server, data, accounts)
            uvloop_run(drive(server.url, cycle(requests, max(accounts, 5_000)), 16))
            before = server.cpu_seconds()
            uvloop_run(drive(server.url, cycle(requests, count), 16))
            figures[name] = (server.cpu_seconds() - before) / count * 1e6
    with process.ours("--journal-limit", "100000") as server:
        requests = requests_for(server, data)
        uvloop_run(drive(server.url, cycle(requests, 100_000), 16))
        before = server.cpu_seconds()
        uvloop_run(drive(server.url, cycle(requests, count), 16))
        figures["journal of 100,000"] = (server.cpu_seconds() - before) / count * 1e6
    return figures


def table(title: str, rows: dict[str, dict[str, float]], unit: str) -> None:
    """Print a comparison, with ratios against ours."""
    mine = rows["understudy"]
    print(f"\n{title}\n{'':24}{'CPU us/' + unit:>14}{unit + 's/s':>14}{'p50 ms':>9}{'p99 ms':>9}{'ours/its CPU':>14}")
    for name, row in rows.items():
        print(
            f"{name:24}{row['cpu_us']:14.1f}{row['per_second']:14,.0f}{row['p50_ms']:9.2f}{row['p99_ms']:9.2f}"
            f"{mine['cpu_us'] / max(row['cpu_us'], 0.001):14.2f}"
        )


def main() -> None:
    """Measure everything, or with --quick a little of it."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="fewer requests and one round")
    arguments.add_argument("--json", type=Path, default=Path("benchmarks/results/latest.json"), help="where figures go")
    options = arguments.parse_args()
    os.sched_setaffinity(0, {1})
    count, warm, rounds = (4_000, 2_000, 1) if options.quick else (40_000, 20_000, 3)
    peers: dict[str, Callable[[], Any]] = {
        "understudy": process.ours,
        "raw ASGI constant": process.constant,
        "ordinary FastAPI": process.ordinary,
        "aimock": process.aimock,
    }
    result: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("understudy", "uvicorn", "uvloop", "fastapi", "msgspec")},
    }
    result["json"], result["skipped"] = compared(peers, body(), count, warm, rounds, 16)
    table("JSON chat, 16 connections", result["json"], "request")
    streamed = body(stream=True, max_tokens=100)
    result["sse"], _ = compared(peers, streamed, count // 40, warm // 20, rounds, 8)
    table("SSE, unpaced, 8 connections", result["sse"], "event")
    result["paced"] = [paced(streams) for streams in ((50,) if options.quick else (300, 500))]
    for row in result["paced"]:
        late = f"late p50 {row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms"
        print(f"\nSSE paced at 20 ms, {row['streams']:.0f} streams: {late}, {row['cores']:.2f} core")
    result["realtime"] = realtime(2 if options.quick else 8)
    print(
        "\nRealtime, spoken answers: " + ", ".join(f"{name} {value:,.1f}" for name, value in result["realtime"].items())
    )
    result["limiter_us"] = limiter()
    print(f"\nLimiter, a decision over all dimensions with its headers: {result['limiter_us']:.1f} us")
    result["start"] = start_up(1 if options.quick else 5)
    print("\nStart: " + ", ".join(f"{name[:-3]} {value:.1f} ms" for name, value in result["start"].items()))
    result["scale"] = scale(count // 2)
    print("Scale, CPU us/request: " + ", ".join(f"{name} {value:.1f}" for name, value in result["scale"].items()))
    for name, reason in result["skipped"].items():
        print(f"Skipped {name}: {reason}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\nWritten to {options.json}")


if __name__ == "__main__":
    main()
