"""`wrk`, where it is installed: a generator in C, which a fast server does not outrun."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.servers import Server, Unavailable

GRACE_SECONDS = 15

_SCRIPT = """
local bodies, keys, turn = {}, %d, 0
for line in io.lines("bodies") do bodies[#bodies + 1] = line end
local headers = { ["Content-Type"] = "application/json" }
request = function()
  turn = turn + 1
  headers["Authorization"] = string.format("Bearer sk-benchmark-%%08d", turn %% keys)
  return wrk.format("POST", nil, headers, bodies[turn %% #bodies + 1])
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\nfigures {"requests": %%d, "seconds": %%f, "p50_ms": %%f, "p99_ms": %%f, "errors": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def is_installed() -> bool:
    """Whether `wrk` is on the path."""
    return shutil.which("wrk") is not None


def round_of(server: Server, bodies: list[bytes], connections: int, keys: int, seconds: float) -> dict[str, Any]:
    """A round: requests, seconds, p50_ms, p99_ms.

    Raises:
        Unavailable: an answer was missing or told of an error.
    """
    length = max(1, round(seconds))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bodies").write_bytes(b"\n".join(bodies) + b"\n")
        Path(folder, "script.lua").write_text(_SCRIPT % keys, encoding="ascii")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{length}s", "--latency", "-s", "script.lua", server.url]
        try:
            said = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=length + GRACE_SECONDS, check=True
            ).stdout
        except subprocess.SubprocessError as failure:
            raise Unavailable(f"{server.name} could not be measured with wrk: {type(failure).__name__}.") from failure
    figures: dict[str, Any] = json.loads(said.partition("\nfigures ")[2] or "{}")
    if not figures.get("requests") or figures["errors"]:
        raise Unavailable(f"{server.name} left {figures.get('errors', 'all')} of wrk's requests without a good answer.")
    return figures
