"""A driver as a process: lines go to it and come from it; its crashes are seen; it is ended when it does not end."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.protocol import (
    Cancel,
    Final,
    Hello,
    Introduction,
    Progress,
    ProtocolError,
    Run,
    Stop,
    decode_introduction,
    decode_line,
    encode_line,
)

HELLO_S = 30.0
"""Time to introduce itself: a cold start of a JVM or of Node on a slow machine."""
STOP_S = 5.0
"""Time to end after `stop`."""
LINE_LIMIT = 64 * 1024 * 1024
COMPLAINTS_KEPT = 1024 * 1024
"""Bytes kept of standard error for one run."""
_HIDDEN_FROM_DRIVERS = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class DriverError(Exception):
    """The driver did not do its part."""


class DriverNotFound(DriverError):
    """There is no such program."""


class DriverCrashed(DriverError):
    """It ended, or broke the protocol and was ended.

    Attributes:
        returncode: how it ended, None when it was the suite that ended it.
    """

    def __init__(self, problem: str, returncode: int | None = None) -> None:
        super().__init__(problem)
        self.returncode = returncode


class Attempt:
    """A run under way.

    Attributes:
        final: its last line, or the DriverCrashed that took its place.
        progress: (loop time, line) so far.
        said: the raw lines, for the search for secrets.
    """

    def __init__(self) -> None:
        self.final: asyncio.Future[Final] = asyncio.get_running_loop().create_future()
        self.progress: list[tuple[float, Progress]] = []
        self.said = bytearray()
        self._heard: asyncio.Future[None] | None = None

    def take(self, line: Progress) -> None:
        """Note a line while it runs."""
        self.progress.append((asyncio.get_running_loop().time(), line))
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(None)

    def heard(self) -> "asyncio.Future[None]":
        """Is done at the next line."""
        self._heard = asyncio.get_running_loop().create_future()
        return self._heard

    def fail(self, crash: DriverCrashed) -> None:
        """Let the run end with a crash."""
        if not self.final.done():
            self.final.set_exception(crash)
            self.final.exception()  # a run that was given up is awaited by nobody


class Driver(Protocol):
    """What the runner asks of a driver."""

    async def start(self) -> Introduction:
        """Start it, or start it anew."""

    def run(self, message: Run) -> Attempt:
        """Begin a run."""

    def cancel(self, seq: int) -> None:
        """Ask for a run to be given up."""

    def complaints(self) -> bytes:
        """What came on standard error since this was last asked."""

    @property
    def alive(self) -> bool:
        """Whether it can be asked to run something."""

    def add_to(self, evidence: Evidence) -> None:
        """Add what only this kind of driver has seen of the run, before it is judged."""

    async def end(self, within: float) -> bool:
        """Tell it to end while calls are under way, and end it by force after so many seconds.

        Returns:
            whether it ended by itself, and not in a crash.
        """

    async def kill(self) -> None:
        """End it by force."""

    async def stop(self) -> None:
        """End it in order."""


class DriverProcess:
    """A driver started from a command.

    Args:
        command: program and arguments.

    Attributes:
        ended_by_itself: whether it ended when it was last told to stop.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self.ended_by_itself = False
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._attempts: dict[int, Attempt] = {}
        self._complaints = bytearray()
        self._crash: DriverCrashed | None = None

    @property
    def alive(self) -> bool:
        """Whether it can be asked to run something."""
        return self._process is not None and self._process.returncode is None and self._crash is None

    async def start(self) -> Introduction:
        """Start it, or start it anew.

        Raises:
            DriverNotFound: there is no such program.
            DriverCrashed: it did not introduce itself.
            ProtocolError: its introduction is not as the protocol has it.
        """
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_LIMIT,
                env=environment_for_drivers(os.environ),
                # Its own group, so that what it starts ends with it, and Ctrl-C is the suite's to handle.
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError) as problem:
            program = self._command[0]
            raise DriverNotFound(f"the driver's program {program!r} cannot be started: {problem.strerror}") from None
        self._crash = None
        self._readers = [asyncio.create_task(self._read_complaints(process))]
        try:
            self._write(Hello())
            line = await asyncio.wait_for(_read_line(process), HELLO_S)
            introduction = decode_introduction(line)
        except TimeoutError:
            await self.kill()
            raise self._silent(f"did not answer hello within {HELLO_S:.0f} s") from None
        except _Ended:
            await self.kill()
            raise self._silent("ended before it answered hello") from None
        except ProtocolError:
            await self.kill()
            raise
        self._readers.append(asyncio.create_task(self._read_lines(process)))
        return introduction

    def run(self, message: Run) -> Attempt:
        """Begin a run."""
        attempt = Attempt()
        if self._crash is not None:
            attempt.fail(self._crash)
            return attempt
        self._attempts[message.seq] = attempt
        self._write(message)
        return attempt

    def cancel(self, seq: int) -> None:
        """Ask for a run to be given up."""
        self._write(Cancel(seq))

    def complaints(self) -> bytes:
        """What came on standard error since this was last asked."""
        taken = bytes(self._complaints)
        self._complaints.clear()
        return taken

    def add_to(self, evidence: Evidence) -> None:
        """Nothing: the lines say all."""

    async def kill(self) -> None:
        """End it by force, with all that it started."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            kill_group(process)
        await process.wait()
        await self._finish_reading()

    async def end(self, within: float) -> bool:
        """Tell it to stop, whatever is under way; see `Driver.end`."""
        await self.stop(within)
        return self.ended_by_itself and self._process is not None and self._process.returncode == 0

    async def stop(self, within: float = STOP_S) -> None:
        """End it in order; by force when it does not end in time."""
        process = self._process
        if process is None:
            return
        self.ended_by_itself = False
        if process.returncode is None:
            self._write(Stop())
            try:
                await asyncio.wait_for(process.wait(), within)
                self.ended_by_itself = True
            except TimeoutError:
                kill_group(process)
                await process.wait()
        await self._finish_reading()

    def _write(self, message: Hello | Run | Cancel | Stop) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(encode_line(message))

    async def _read_lines(self, process: asyncio.subprocess.Process) -> None:
        problem = "the driver ended"
        try:
            while True:
                self._take(await _read_line(process))
        except _Ended:
            await process.wait()
            if process.returncode:
                problem += f" with {_ending(process.returncode)}"
        except ProtocolError as broken:
            problem = str(broken)
            kill_group(process)
        self._crash = DriverCrashed(problem, process.returncode)
        for attempt in self._attempts.values():
            attempt.fail(self._crash)
        self._attempts.clear()

    def _take(self, line: bytes) -> None:
        told = decode_line(line)
        attempt = self._attempts.get(told.seq)
        if attempt is None:
            raise ProtocolError(line, "a line about a run that is not under way")
        attempt.said += line
        if isinstance(told, Progress):
            attempt.take(told)
        else:
            del self._attempts[told.seq]
            attempt.final.set_result(told)

    async def _read_complaints(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            return
        while data := await process.stderr.read(64 * 1024):
            self._complaints += data
            del self._complaints[: max(0, len(self._complaints) - COMPLAINTS_KEPT)]

    async def _finish_reading(self) -> None:
        """Read what was written before the end; a grandchild that holds the pipe is not waited for."""
        readers, self._readers = self._readers, []
        if readers:
            _, late = await asyncio.wait(readers, timeout=1.0)
            for reader in late:
                reader.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await reader
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _silent(self, problem: str) -> DriverCrashed:
        lines = self._complaints.decode("utf-8", "replace").strip().splitlines()
        words = f"; standard error ends with: {lines[-1]}" if lines else ""
        return DriverCrashed(
            f"the driver {problem}{words}", None if self._process is None else self._process.returncode
        )


class _Ended(Exception):
    """Nothing more will come."""


async def _read_line(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise _Ended
    try:
        line = await process.stdout.readline()
    except ValueError:
        raise ProtocolError(b"", f"a line is longer than {LINE_LIMIT} bytes") from None
    if not line:
        raise _Ended
    return line


def environment_for_drivers(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would point a client elsewhere: OPENAI_* variables and proxies."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("OPENAI_") and name.lower() not in _HIDDEN_FROM_DRIVERS
    }


def kill_group(process: asyncio.subprocess.Process) -> None:
    """End a process by force, with all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"signal {signal.Signals(-returncode).name}"
    except ValueError:
        return f"signal {-returncode}"
