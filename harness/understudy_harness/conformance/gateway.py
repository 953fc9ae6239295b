"""The gateway's seat: the suite on both sides of a program that passes calls on.

In front stands the reference client, which tries nothing again by itself; behind stands the server of the case, on a
port that the gateway was told beforehand. It stands in for a driver.
"""

import asyncio
from typing import Any

import msgspec

from understudy_harness.conformance.driver import Attempt
from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.protocol import Client, Final, Introduction, Progress, Run, decode_line
from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.driver import INTRODUCTION, perform

BLIND = frozenset(("no_secret", "no_unclosed_warning", "sockets_closed_within", "error.type"))
"""Words that mean nothing here: a gateway keeps its connections, and prints where the suite does not look."""


class GatewayDriver:
    """Calls a gateway.

    Args:
        url: its base URL, with `/v1`.
        key: the key that it takes; None for the run's own, which it is then expected to pass on.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def alive(self) -> bool:
        """Always: what stands in front is here."""
        return True

    async def start(self) -> Introduction:
        """Introduce the gateway by its address."""
        client = Client(f"gateway {self._url}", "", language="gateway")
        return Introduction(client, list(INTRODUCTION["ops"]), list(INTRODUCTION["can"]))

    def run(self, message: Run) -> Attempt:
        """Make the call through the gateway."""
        attempt = Attempt()
        run: dict[str, Any] = msgspec.to_builtins(message)
        run["options"] = {**run.get("options", {}), "retries": 0}
        run |= {"base_url": self._url, "api_key": self._key or message.api_key}
        self._tasks[message.seq] = asyncio.ensure_future(self._perform(run, attempt))
        return attempt

    def cancel(self, seq: int) -> None:
        """Hang up."""
        if seq in self._tasks:
            self._tasks[seq].cancel()

    def complaints(self) -> bytes:
        """None: a gateway writes where it likes."""
        return b""

    def add_to(self, evidence: Evidence) -> None:
        """Nothing: the lines say all."""

    async def end(self, within: float) -> bool:
        """Hang up everywhere: what stands in front does not end."""
        await self.kill()
        return True

    async def kill(self) -> None:
        """Hang up everywhere."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def stop(self) -> None:
        """Hang up everywhere."""
        await self.kill()

    async def _perform(self, run: dict[str, Any], attempt: Attempt) -> None:
        def say(line: Any) -> None:
            told = decode_line(msgspec.json.encode(line))
            if isinstance(told, Progress):
                attempt.take(told)

        line = msgspec.json.encode(await perform(ReferenceClient, run, say=say))
        attempt.said += line
        told = decode_line(line)
        if isinstance(told, Final) and not attempt.final.done():
            attempt.final.set_result(told)
