"""The file in which a server keeps what it holds between its runs: accounts, money, limits, stored objects.

It is written when the server stops, whole or not at all, and read when one starts. It holds keys in plain text, so only
its owner may read it.
"""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from understudy.core.clock import SECOND
from understudy.core.simulator import Simulator
from understudy.core.snapshots import SnapshotError
from understudy.stores.memory import MemoryStore


class StateFileError(Exception):
    """The file cannot be read or written.

    Attributes:
        path: of the file.
        problem: what is wrong, without the file's name.
    """

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"The state file {path} {problem}.")


class StateFile:
    """Where the state of a memory store is kept.

    Args:
        path: of the file; a file that is not there begins with nothing.
        simulator: whose state it is, over a memory store; its clock is moved ahead to the state's moment where it lies
            behind, as time does not go back.
    """

    def __init__(self, path: Path, simulator: Simulator) -> None:
        if not isinstance(simulator.store, MemoryStore):
            raise TypeError("a shared store outlives the server without a file")
        self._path = path
        self._store = simulator.store
        self._clock = simulator.clock

    def read(self) -> None:
        """Take up what the file says.

        Raises:
            StateFileError: it cannot be read, or is no state of this version; nothing was taken up.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            # A path that could never be written is better refused now than when the server stops.
            if not self._path.parent.is_dir():
                raise StateFileError(self._path, "cannot be written: its folder does not exist") from None
            return
        except OSError as error:
            raise StateFileError(self._path, f"cannot be read: {error.strerror}") from None
        try:
            behind = self._store.take_up(data) - self._clock.now()
        except SnapshotError as problem:
            raise StateFileError(self._path, str(problem)) from None
        if behind > 0:
            self._clock.advance(behind / SECOND)

    def write(self) -> None:
        """Write all of the store.

        Raises:
            StateFileError: it cannot be written; the file is as it was.
        """
        data = self._store.snapshot(self._clock.now())
        written: Path | None = None
        try:
            with NamedTemporaryFile(dir=self._path.parent, prefix=f".{self._path.name}.", delete=False) as file:
                written = Path(file.name)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            written.replace(self._path)
        except OSError as error:
            if written is not None:
                with suppress(OSError):
                    written.unlink()
            raise StateFileError(self._path, f"cannot be written: {error.strerror}") from None
