"""The clock of a test: it stands still until it is advanced, and sleeps can be made to advance it."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from understudy.server_handle import ServerHandle

SERVER_THREAD = "understudy"
"""Name of the thread that a server answers in: its own waits are real."""


class TestClock:
    """The clock of a server, as a test holds it.

    Args:
        server: whose clock it is.
    """

    __test__ = False  # it is no test, whatever its name says

    def __init__(self, server: ServerHandle) -> None:
        self._server = server

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self._server.clock.now()

    def advance(self, seconds: float) -> None:
        """Move forward; buckets refill and waiting streams go on. ValueError when `seconds` is negative."""
        self._server.clock.advance(seconds)

    @contextmanager
    def patch_sleep(self) -> Iterator[None]:
        """Let `time.sleep`, `asyncio.sleep` and `anyio.sleep` advance this clock instead, within the `with` block.

        An SDK's back-off then costs no time. What was imported by name before (`from time import sleep`) still sleeps.
        """
        advance = self.advance
        real_sleep, real_asyncio = time.sleep, asyncio.sleep

        def sleep(seconds: float) -> None:
            if _in_server() or seconds <= 0:
                real_sleep(seconds)
            else:
                advance(seconds)

        async def sleep_async(delay: float, result: Any = None) -> Any:
            if _in_server() or delay <= 0:
                return await real_asyncio(delay, result)
            advance(delay)
            return await real_asyncio(0, result)

        replaced: list[tuple[Any, Any]] = [(time, sleep), (asyncio, sleep_async), (asyncio.tasks, sleep_async)]
        anyio: Any = sys.modules.get("anyio")
        if anyio is not None:
            replaced += [(anyio, _anyio_sleep(anyio.sleep, advance))]
        before = [(module, module.sleep) for module, _ in replaced]
        for module, substitute in replaced:
            module.sleep = substitute
        try:
            yield
        finally:
            for module, real in before:
                module.sleep = real


def _anyio_sleep(real: Callable[..., Any], advance: Callable[[float], None]) -> Callable[..., Any]:
    async def sleep(delay: float) -> None:
        if not _in_server() and delay > 0:
            advance(delay)
            delay = 0
        await real(delay)

    return sleep


def _in_server() -> bool:
    return threading.current_thread().name == SERVER_THREAD
