"""The server of one case, for a person with curl or a client of their own."""

import asyncio
from collections.abc import Callable, Iterator

from understudy.adapters.wallclock import wall_now
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case import Case
from understudy_harness.conformance.case_server import CaseServer
from understudy_harness.conformance.explain import curl
from understudy_harness.conformance.live import prepare_live
from understudy_harness.conformance.wire_log import Exchange, Socket


async def play(case: Case, port: int, write: Callable[[str], None]) -> None:
    """Play the server of a case, or of one of its parts, until cancelled.

    A line is written for each answered request, and for each message of a WebSocket.

    Raises:
        OSError: the port is in use.
    """
    canary = Canary.new()
    created = wall_now() // 1_000_000
    server = CaseServer(
        (lambda each, second: case.script(each, created, {"second": second})) if case.serve else None,
        wall_now,
        port,
        second=(lambda each, _: case.second_script(each, created)) if case.second else None,
        prepare=None if case.live is None else prepare_live(case.live, canary),
        sockets=case.socket_script if case.socket else None,
    )
    await server.start()
    server.expect(canary)
    log = server.log
    told = 0
    heard: dict[int, int] = {}
    changed = asyncio.Event()
    log.on_change = changed.set
    write(f"{case.id}: {case.title}\n{server.base_url}\n{curl(case, server.base_url)}")
    try:
        while True:
            while told < len(log.exchanges) and log.exchanges[told].answered is not None:
                write(_line(log.exchanges[told], log.exchanges[told - 1] if told else None))
                told += 1
            for socket in log.sockets:
                for line in _talk(socket, heard.get(socket.number, 0)):
                    write(line)
                heard[socket.number] = len(socket.frames.seen) if socket.frames is not None else 0
            changed.clear()
            await changed.wait()
    finally:
        await server.stop()


def _talk(socket: Socket, start: int) -> Iterator[str]:
    """What has been said over a WebSocket since so many messages: events by their type, the rest by its kind."""
    for seen in () if socket.frames is None else socket.frames.seen[start:]:
        what = seen.type or seen.kind
        if seen.kind == "close":
            what = f"close {seen.close_code} {seen.close_reason}".rstrip()
        yield f"socket {socket.number}, {seen.at - socket.opened:.3f} s: {seen.by} {what}"


def _line(exchange: Exchange, before: Exchange | None) -> str:
    wait = ""
    if before is not None and before.answered is not None:
        wait = f", {exchange.started - before.answered:.3f} s after answer {before.number}"
    return f"request {exchange.number}{wait}: {exchange.method} {exchange.target} -> {exchange.status}"
