"""Several processes that answer on one port: `understudy serve --workers N` over a shared store.

The parent opens the socket, and each worker is a `serve` of its own that inherits it. A worker that ends by itself is
replaced; when the parent is asked to stop, all of them are.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

_READY_SECONDS = 30
_STOP_SECONDS = 5
_LOOK_SECONDS = 0.2
_QUICK_SECONDS = 2
"""A worker that ends so soon after its start would end again: it is not replaced for ever."""
_QUICK_ENDS = 5


class WorkersError(RuntimeError):
    """The workers cannot be started, or do not stay alive."""


class Workers:
    """The worker processes of one server.

    Args:
        arguments: of the `serve` command line, as it was given.
        count: how many.
        listener: the open socket.
    """

    def __init__(self, arguments: Sequence[str], count: int, listener: socket.socket) -> None:
        self._arguments = list(arguments)
        self._count = count
        self._listener = listener
        self._running: list[tuple[subprocess.Popen[bytes], float]] = []
        self._stopping = False

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until a signal asks for the end.

        Args:
            on_ready: called once, when all workers answer.

        Raises:
            WorkersError: they do not come up, or do not stay alive.
        """
        numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        previous = {number: signal.signal(number, self._stop) for number in numbers}
        try:
            pipes = [self._start() for _ in range(self._count)]
            for pipe in pipes:
                self._await_ready(pipe)
            if not self._stopping:
                on_ready()
            self._watch()
        finally:
            self._end()
            for number, handler in previous.items():
                signal.signal(number, handler)

    @property
    def pids(self) -> list[int]:
        """Of the workers that run."""
        return [process.pid for process, _ in self._running]

    def _stop(self, number: int, frame: object) -> None:
        self._stopping = True

    def _start(self) -> int:
        reader, writer = os.pipe()
        descriptor = self._listener.fileno()
        command = [sys.executable, "-m", "understudy", "serve", *self._arguments]
        command += ["--listen-fd", str(descriptor), "--ready-fd", str(writer)]
        # In a group of their own: Ctrl-C reaches the parent alone, which then stops them in good order.
        process = subprocess.Popen(command, pass_fds=[descriptor, writer], start_new_session=True)  # noqa: S603 - ourselves
        os.close(writer)
        self._running.append((process, time.monotonic()))
        return reader

    def _await_ready(self, pipe: int) -> None:
        try:
            patience = time.monotonic() + _READY_SECONDS
            while not self._stopping:
                ready, _, _ = select.select([pipe], [], [], _LOOK_SECONDS)
                if ready:
                    if not os.read(pipe, 65_536):
                        raise WorkersError("A worker ended before it answered.")
                    return
                if time.monotonic() > patience:
                    raise WorkersError(f"A worker does not answer within {_READY_SECONDS} seconds.")
        finally:
            os.close(pipe)

    def _watch(self) -> None:
        quick = 0
        while not self._stopping:
            time.sleep(_LOOK_SECONDS)
            for place in list(self._running):
                process, started = place
                if process.poll() is None:
                    continue
                self._running.remove(place)
                quick = quick + 1 if time.monotonic() - started < _QUICK_SECONDS else 0
                if quick >= _QUICK_ENDS:
                    raise WorkersError("The workers do not stay alive.")
                if not self._stopping:
                    self._await_ready(self._start())

    def _end(self) -> None:
        for process, _ in self._running:
            process.terminate()
        for process, _ in self._running:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
