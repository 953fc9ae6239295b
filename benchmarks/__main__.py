"""`python -m benchmarks [names] [--quick] [--markdown]`: measure, print tables, write JSON.

The servers run on the first core, the generator on the second; rounds alternate; everybody is warmed up first. Judge by
processor time and by ratios within one run: absolute figures drift from machine to machine and from hour to hour.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import Section, as_json, goals_rendered, rendered
from benchmarks.limiter import limiter
from benchmarks.pacing import paced_streams
from benchmarks.realtime import realtime
from benchmarks.scale import scale
from benchmarks.servers import GENERATOR_CORE, pinned
from benchmarks.start import start_up
from benchmarks.throughput import json_chat, streamed_chat

MEASUREMENTS: dict[str, Callable[..., Section]] = {
    "json": json_chat,
    "sse": streamed_chat,
    "paced": paced_streams,
    "realtime": realtime,
    "start": start_up,
    "scale": scale,
    "limiter": limiter,
}
_VERSIONS = ("understudy", "uvicorn", "uvloop", "httptools", "fastapi", "msgspec", "websockets")
RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for, everything by default.

    Returns:
        1 when something of ours could not be measured, else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="less of everything: figures to look at, not to quote")
    parser.add_argument("--markdown", action="store_true", help="tables as docs/performance.md has them")
    parser.add_argument("--json", type=Path, default=RESULTS / "latest.json", help="where the figures go")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no measurement {unknown[0]!r}; there are {', '.join(MEASUREMENTS)}")
    begun = time.perf_counter()
    print(_machine(markdown=options.markdown), flush=True)
    sections: dict[str, Section] = {}
    with pinned(GENERATOR_CORE):
        for name, measure in MEASUREMENTS.items():
            if not options.names or name in options.names:
                print(f"measuring {name}", file=sys.stderr, flush=True)
                sections[name] = measure(quick=options.quick)
                print(f"\n{rendered(sections[name], markdown=options.markdown)}", flush=True)
    goals = list(sections.values())
    print(f"\n{goals_rendered(goals, markdown=options.markdown)}")
    facts = {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": _machine(markdown=False), "quick": options.quick}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({**facts, "sections": as_json(sections)}, indent=2) + "\n", encoding="utf-8")
    print(f"{time.perf_counter() - begun:.0f} seconds; figures in {options.json}", file=sys.stderr)
    return int(any(section.failed for section in sections.values()))


def _machine(*, markdown: bool) -> str:
    cores = os.cpu_count()
    load = ""
    if hasattr(os, "getloadavg"):
        # Who reads must know whether the machine had other work.
        load = f", load before {os.getloadavg()[0]:.1f}"
    versions = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
    text = (
        f"{time.strftime('%Y-%m-%d')}, {platform.system()} {platform.machine()} with {cores} cores{load}, "
        f"Python {platform.python_version()}, {versions}"
    )
    return f"{text}." if markdown else text


if __name__ == "__main__":
    sys.exit(main())
