"""Whether the suite itself kept time: a verdict that hangs on the clock is worth nothing when the judge nodded off.

Two watchers run beside each case, in the event loop that also takes the times: a timer that should ring every few
milliseconds, and a byte sent over a loopback socket that should arrive at once. How late the latest of them was is
the run's lag. What counts is whether the suite was late just when something happened: who nods while a client waits two
seconds has missed nothing.
"""

import asyncio
import contextlib
import socket
from bisect import bisect_left
from collections.abc import Iterable
from types import TracebackType
from typing import Self

WORST_LAG_S = 0.020
"""A time that was taken while the suite was later than this may be wrong by as much."""
WORST_DOUBT_S = 0.25
"""A suite that was later than this just when something happened may have changed what happened (our choice: the
tightest pause of a script leaves a client more than twice that)."""
_TICK_S = 0.005
_PROBE_EVERY = 4


class Steadiness:
    """Watches the event loop while a `with` block runs.

    Attributes:
        worst: the most seconds that a watcher was late so far.
    """

    def __init__(self) -> None:
        self.worst = 0.0
        # Bounded by the length of a run: at most one for each of the two watchers in 20 ms.
        self._stalls: list[tuple[float, float]] = []

    def doubt(self, moments: Iterable[float]) -> float:
        """How late the suite was when it took certain times, at worst.

        Args:
            moments: by the loop's clock.
        """
        taken = sorted(moments)
        touched = (end - begin for begin, end in self._stalls if _any_within(taken, begin, end + _TICK_S))
        return max(touched, default=0.0)

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
            self._note(due, loop.time())

    async def _probe(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_S * _PROBE_EVERY)
            sent = loop.time()
            self._near.send(b".")
            await loop.sock_recv(self._far, 1)
            self._note(sent, loop.time())

    def _note(self, due: float, came: float) -> None:
        self.worst = max(self.worst, came - due)
        if came - due > WORST_LAG_S:
            self._stalls.append((due, came))


def _any_within(moments: list[float], begin: float, end: float) -> bool:
    """Whether one of some moments, in order, is in a span."""
    place = bisect_left(moments, begin)
    return place < len(moments) and moments[place] <= end


def _loopback_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection through the machine's own network, as the clients use it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    near.setblocking(False)
    far.setblocking(False)
    return near, far
