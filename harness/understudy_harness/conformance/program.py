"""The program's seat: any program that makes one kind of call, judged without a line of code about it.

For each call the program is started with `OPENAI_BASE_URL` and `OPENAI_API_KEY` set. Seen are the wire, the exit code
and the output. It stands in for a driver: how the program ended is read as its final line.

- success: exit code 0 and the run's text on standard output (or without that, where it need not be there)
- error: another exit code, or no such text and something on standard error
- exit code 0, no such text and no word on standard error: a success with the wrong text
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from understudy_harness.conformance.driver import (
    STOP_S,
    Attempt,
    DriverNotFound,
    environment_for_drivers,
    kill_group,
)
from understudy_harness.conformance.evidence import Call, Evidence
from understudy_harness.conformance.protocol import Choice, Client, Failure, Final, Introduction, Partial, Result, Run
from understudy_harness.conformance.words import SEEN_IN_PROGRAMS, WORDS

OUTPUT_KEPT = 1024 * 1024
"""Bytes kept of each output stream of one run; more is read and thrown away."""
ABILITIES = ("tools", "n", "retries", "timeout", "logs", "headers", "cancel")
"""What no case of this seat is left out for: the program does what it does."""
BLIND = frozenset(WORDS) - SEEN_IN_PROGRAMS
"""Words whose value cannot be seen from here."""
_CRASH_SIGNALS = [
    getattr(signal, name) for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE") if hasattr(signal, name)
]
_CRASHES = frozenset(code for number in _CRASH_SIGNALS for code in (-number, 128 + number))
"""Exit codes of a program that did not end but break; a shell in front of it tells them as 128 and more."""
_WITH_TEXT = ("chat", "stream", "responses", "parse", "agent", "realtime")
"""Operations whose answer has the run's text in it; pictures, vectors, sounds and lists have none."""
_LOCAL = "127.0.0.1,localhost,::1"


class ProgramDriver:
    """Starts a program for each call.

    Args:
        command: program and arguments.
        kind: the operation that it makes.
        expect_stdout: whether the run's text must be on its standard output, where the call's answer has a text.
    """

    def __init__(self, command: Sequence[str], kind: str, *, expect_stdout: bool = True) -> None:
        self._command = list(command)
        self._kind = kind
        self._expect_stdout = expect_stdout and kind in _WITH_TEXT
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._trap = _Trap()
        self._ends: list[_End] = []

    @property
    def alive(self) -> bool:
        """Always: it is started for each call."""
        return True

    async def start(self) -> Introduction:
        """Set the trap, and introduce the program by its name."""
        await self._trap.start()
        name = " ".join([PurePath(self._command[0]).name, *(PurePath(word).name for word in self._command[1:3])])
        return Introduction(Client(name, "", language="program"), [self._kind], list(ABILITIES))

    def run(self, message: Run) -> Attempt:
        """Start the program."""
        attempt = Attempt()
        end = _End()
        self._ends.append(end)
        self._task = asyncio.ensure_future(self._perform(message, attempt, end))
        return attempt

    def cancel(self, seq: int) -> None:
        """Interrupt the program, as Ctrl-C does."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)

    def complaints(self) -> bytes:
        """What came on standard error of the last runs; asked before a case, it begins anew."""
        complained = b"".join(end.stderr for end in self._ends)
        if all(end.read for end in self._ends):
            self._ends.clear()
        return complained

    def add_to(self, evidence: Evidence) -> None:
        """Read how the program ended each time, now that the text of each call is known."""
        evidence.values["trapped"] = self._trap.taken()
        ends = self._ends[-len(evidence.calls) :]
        evidence.stdout = b"".join(end.stdout for end in ends)
        evidence.exit_code = ends[0].exit_code if ends else None
        for call, end in zip(evidence.calls, ends, strict=False):
            end.read = True
            if end.exit_code is not None:
                self._read(call, end)

    def _read(self, call: Call, end: "_End") -> None:
        words = end.stderr.decode("utf-8", "replace").strip()
        found = says(end.stdout, call.canary.text)
        text = call.canary.text if found else end.stdout.decode("utf-8", "replace").strip()
        if end.exit_code == 0 and (found or not self._expect_stdout or not words):
            # Where the text need not be there, ending well is all that is asked.
            call.result = Result([Choice(text=text if self._expect_stdout else call.canary.text)])
            call.failure = None
        else:
            message = call.canary.masked(words or f"exit code {end.exit_code}")
            call.result = None
            call.failure = Failure("other", message, partial=Partial([Choice(text=text)]) if text else None)

    async def end(self, within: float) -> bool:
        """Interrupt the program; see `Driver.end`. Whatever exit code it chooses then is its own."""
        self.cancel(0)
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=within)
        code = None if self._process is None else self._process.returncode
        await self._end()
        return code is not None and code not in _CRASHES

    async def kill(self) -> None:
        """End the program by force."""
        await self._end()

    async def stop(self) -> None:
        """End what is left."""
        await self._end()
        await self._trap.stop()

    async def _end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            kill_group(self._process)
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=STOP_S)

    async def _perform(self, message: Run, attempt: Attempt, end: "_End") -> None:
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(message),
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError) as problem:
            attempt.final.set_exception(
                DriverNotFound(f"the program {self._command[0]!r} cannot be started: {problem.strerror}")
            )
            return
        end.stdout, end.stderr, _ = await asyncio.gather(_kept(process.stdout), _kept(process.stderr), process.wait())
        end.exit_code = process.returncode
        if not attempt.final.done():
            attempt.final.set_result(Final(message.seq, result=Result()))

    def _environment(self, message: Run) -> dict[str, str]:
        options = message.options
        own = {
            "OPENAI_BASE_URL": message.base_url,
            "OPENAI_API_KEY": message.api_key,
            "OPENAI_LOG": "debug" if options.debug_log else None,
            "OPENAI_ORG_ID": options.organization,
            "OPENAI_PROJECT_ID": options.project,
            "SSL_CERT_FILE": options.ca_file,
            "NODE_EXTRA_CA_CERTS": options.ca_file,
            **self._trap.variables(),
        }
        return environment_for_drivers(os.environ) | {name: value for name, value in own.items() if value is not None}


class _End:
    """How one start of the program ended.

    Attributes:
        stdout, stderr: what it wrote.
        exit_code: None while it runs.
        read: whether it has become evidence.
    """

    def __init__(self) -> None:
        self.stdout = b""
        self.stderr = b""
        self.exit_code: int | None = None
        self.read = False


def says(output: bytes, text: str) -> bool:
    """Whether a text stands in the output of a program: as it is, or as it is written in JSON."""
    shown = output.decode("utf-8", "replace")
    return text in shown or json.dumps(text)[1:-1] in shown


class _Trap:
    """A proxy that takes no request: who asks it was about to talk to somebody else than the suite's server."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._caught = 0

    async def start(self) -> None:
        """Listen on a free port."""
        if self._server is None:
            self._server = await asyncio.start_server(self._catch, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def variables(self) -> Mapping[str, str]:
        """What points a program's requests to it, but for those to this machine."""
        if self._server is None:
            return {}
        url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        return {
            **{spelled: url for name in names for spelled in (name, name.lower())},
            "NO_PROXY": _LOCAL,
            "no_proxy": _LOCAL,
        }

    def taken(self) -> int:
        """Connections since this was last asked."""
        caught, self._caught = self._caught, 0
        return caught

    async def _catch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._caught += 1
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()


async def _kept(stream: asyncio.StreamReader | None) -> bytes:
    """All of a stream is read, its beginning is kept."""
    kept = bytearray()
    while stream is not None and (data := await stream.read(64 * 1024)):
        kept += data[: max(0, OUTPUT_KEPT - len(kept))]
    return bytes(kept)
