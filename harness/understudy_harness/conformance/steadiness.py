"""Whether the suite itself kept time: a verdict that hangs on the clock is worth nothing when the judge nodded off.

Two watchers run beside each case, in the event loop that also takes the times: a timer that should ring every few
milliseconds, and a byte sent over a loopback socket that should arrive at once. How late the latest of them was is
the run's lag.
"""

import asyncio
import contextlib
import socket
from types import TracebackType
from typing import Self

WORST_LAG_S = 0.020
"""A run during which the suite was later than this proves nothing about time."""
_TICK_S = 0.005
_PROBE_EVERY = 4


class Steadiness:
    """Watches the event loop while a `with` block runs.

    Attributes:
        worst: the most seconds that a watcher was late so far.
    """

    def __init__(self) -> None:
        self.worst = 0.0

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        self._near, self._far = _loopback_pair()
        self._watchers = [asyncio.ensure_future(self._tick()), asyncio.ensure_future(self._probe())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Watch no longer."""
        for watcher in self._watchers:
            watcher.cancel()
        for watcher in self._watchers:
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
        self._near.close()
        self._far.close()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _TICK_S
            await asyncio.sleep(_TICK_S)
            self.worst = max(self.worst, loop.time() - due)

    async def _probe(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_S * _PROBE_EVERY)
            sent = loop.time()
            self._near.send(b".")
            await loop.sock_recv(self._far, 1)
            self.worst = max(self.worst, loop.time() - sent)


def _loopback_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection through the machine's own network, as the clients use it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    near.setblocking(False)
    far.setblocking(False)
    return near, far
