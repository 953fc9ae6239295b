"""Servers under measurement: started on the first core, and what they cost the processor."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
_TICK = os.sysconf("SC_CLK_TCK")


class Server:
    """A running server.

    Attributes:
        name: in the table.
        url: of its chat endpoint.
        pid: its process.
    """

    def __init__(self, name: str, url: str, pid: int) -> None:
        self.name = name
        self.url = url
        self.pid = pid

    def cpu_seconds(self) -> float:
        """Processor time that it has used, in user and system mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when somebody listens."""
    for _ in range(2_000):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise RuntimeError("the server did not start")


@contextlib.contextmanager
def running(name: str, command: list[str], port: int) -> Iterator[Server]:
    """A server process, pinned to the first core, gone afterwards."""
    process = subprocess.Popen(
        command, cwd=HERE.parent, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, {0})
    )
    try:
        wait_for(port, process)
        yield Server(name, f"http://127.0.0.1:{port}/v1/chat/completions", process.pid)
    finally:
        process.kill()
        process.wait()


def ours(*settings: str) -> "contextlib.AbstractContextManager[Server]":
    """`understudy serve`, everything switched on, with more credits than a run can spend."""
    port = free_port()
    command = [sys.executable, "-m", "understudy", "serve", "--port", str(port), "--credits", "1000000", *settings]
    return running("understudy", command, port)


def constant() -> "contextlib.AbstractContextManager[Server]":
    """The raw ASGI callable."""
    port = free_port()
    return running("raw ASGI constant", [sys.executable, "-m", "benchmarks.peers", "constant", str(port)], port)


def ordinary() -> "contextlib.AbstractContextManager[Server]":
    """The ordinary FastAPI app."""
    port = free_port()
    return running("ordinary FastAPI", [sys.executable, "-m", "benchmarks.peers", "ordinary", str(port)], port)


def aimock() -> "contextlib.AbstractContextManager[Server]":
    """The peer from npm.

    Raises:
        RuntimeError: with the reason why it cannot run here.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise RuntimeError("node and npm are not installed")
    folder = HERE / "node"
    if not (folder / "node_modules").exists():
        done = subprocess.run([npm, "install", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError("npm could not install @copilotkit/aimock")
    # What is found on PATH may be a wrapper, whose processor time would tell nothing.
    binary = subprocess.run([node, "-p", "process.execPath"], capture_output=True, text=True, check=True).stdout.strip()
    port = free_port()
    return running("aimock", [binary, str(folder / "serve.mjs"), str(port)], port)
