"""Running a command in our place: with our input and output, told of the signals that we get."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType

_FORWARDED = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_FROM_TERMINAL = ("SIGINT", "SIGQUIT")
_SIGNALLED = 128


class Child:
    """A command, and the signals that are forwarded to it while `run` runs."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._missed: list[int] = []

    def run(self) -> int:
        """Start the command and wait for its end; in the main thread only, for only that gets signals.

        Returns:
            Its exit code; 128 + N when signal N ended it, as shells have it.

        Raises:
            FileNotFoundError: there is no such command.
            OSError: it cannot be run.
        """
        numbers = [getattr(signal, name) for name in _FORWARDED if hasattr(signal, name)]
        previous = {number: signal.signal(number, self._forward) for number in numbers}
        try:
            # Descriptors that were left open for the command reach it; our own are not inheritable.
            self._process = subprocess.Popen(self._command, env=self._environment, close_fds=False)  # noqa: S603 - it is what we were asked for
            for number in self._missed:
                self._process.send_signal(number)
            code = self._process.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        return _SIGNALLED - code if code < 0 else code

    def _forward(self, number: int, frame: FrameType | None) -> None:
        if self._process is None:
            self._missed.append(number)
        elif not (signal.Signals(number).name in _FROM_TERMINAL and _is_foreground()):
            self._process.send_signal(number)


def _is_foreground() -> bool:
    """Whether our command gets the signals of the terminal's keys by itself; a second one would be one too many."""
    with suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False
