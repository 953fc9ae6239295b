"""Gateways of a few lines: one that passes everything on, and some that do not."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from understudy_harness.conformance import runner
from understudy_harness.conformance.cli import conform


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Gateway:
    """Passes bytes on, in both directions, a connection for a connection."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    def answer(self, data: bytes) -> bytes:
        """What becomes of a piece of the answer."""
        return data

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            behind, out = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.close()
            return
        self.writers.append(out)
        ways = [
            asyncio.ensure_future(self.pump(reader, out, lambda data: data)),
            asyncio.ensure_future(self.pump(behind, writer, self.answer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        await self.ended(ways)
        for end in (out, writer):
            end.close()

    async def ended(self, ways: list["asyncio.Future[None]"]) -> None:
        """One side has hung up: so does the other."""
        for way in ways:
            way.cancel()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(change(data))
                await writer.drain()


class LosesTheWait(Gateway):
    """Leaves Retry-After out."""

    def answer(self, data: bytes) -> bytes:
        return data.replace(b"retry-after:", b"x-was-there:")


class HidesErrors(Gateway):
    """Makes one error of all."""

    def answer(self, data: bytes) -> bytes:
        return b"HTTP/1.1 500 Oops" + data[data.index(b"\r\n") :] if data[9:10] == b"4" else data


class ReadsToTheEnd(Gateway):
    """Goes on reading for a client that is gone."""

    async def ended(self, ways: list["asyncio.Future[None]"]) -> None:
        await ways[1]

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change) -> None:
        while data := await reader.read(65536):
            with contextlib.suppress(OSError):
                writer.write(change(data))
                await writer.drain()


class KeepsBack(Gateway):
    """Answers by itself for a while, as some do after failures."""

    refusals = 1

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusals == 0:
            await super().connected(reader, writer)
            return
        self.refusals -= 1
        self.writers.append(writer)
        body = b'{"error": {"message": "No deployments available, try again in 5 seconds."}}'
        head = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nconnection: close\r\n"
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()


class KeepsAllBack(KeepsBack):
    """For ever."""

    refusals = -1


@contextlib.contextmanager
def running(kind: type[Gateway]) -> Iterator[Gateway]:
    gateway = kind(free_port())
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(gateway.connected, "127.0.0.1", 0))
    gateway.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield gateway
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for writer in gateway.writers:
            writer.transport.abort()
        # What was cut is gone a turn later, and whoever waited for it ends in the next.
        for _ in range(3):
            loop.run_until_complete(asyncio.sleep(0))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def judged(kind: type[Gateway], selected: str) -> str:
    with running(kind) as gateway:
        arguments = ["--gateway", f"http://127.0.0.1:{gateway.port}/v1", "--upstream-port", str(gateway.upstream)]
        done = CliRunner().invoke(
            conform, ["run", *arguments, "--select", selected, "--verbose", "--strict"], catch_exceptions=False
        )
    return done.output


def test_a_gateway_that_passes_everything_on_is_sound() -> None:
    """A refusal with its wait, errors as they are, events however they are cut."""
    output = judged(Gateway, "1.1,2.5,2.9,2.10,4.1,4.5,4.6")
    assert "MUST 6/6 · SHOULD 1/1" in output, output


@pytest.mark.parametrize(
    ("kind", "selected"), [(LosesTheWait, "1.1"), (HidesErrors, "2.5"), (HidesErrors, "1.1"), (HidesErrors, "2.6")]
)
def test_a_gateway_that_does_not_is_failed(kind: type[Gateway], selected: str) -> None:
    """By what arrives in front of it."""
    assert "MUST 0/1" in judged(kind, selected)


@pytest.mark.parametrize(("kind", "verdict"), [(Gateway, "MUST 1/1"), (ReadsToTheEnd, "MUST 0/1")])
def test_a_gateway_hangs_up_behind_when_it_is_hung_up_on_in_front(
    kind: type[Gateway], verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that reads on is seen on the connection behind it."""
    monkeypatch.setattr(runner, "RUNS", 1)
    assert verdict in judged(kind, "15.2")


def test_what_a_gateway_keeps_back_for_a_while_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was seen of the case yet, and what is kept back hangs on the cases before."""
    monkeypatch.setattr(runner, "KEPT_BACK_S", 0.01)
    assert "MUST 1/1" in judged(KeepsBack, "4.1")


def test_of_what_a_gateway_never_passes_on_nothing_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told what the gateway said."""
    monkeypatch.setattr(runner, "KEPT_BACK_S", 0.01)
    output = judged(KeepsAllBack, "4.1")
    assert "1 inconclusive" in output
    assert "the gateway passed nothing on, and said:" in output
    assert "try again in 5 seconds" in output


def test_what_a_gateway_failed_is_told_in_the_words_of_its_own_expectations() -> None:
    """They are others than a client's."""
    assert "but requests was 1" in judged(LosesTheWait, "1.1")


def test_a_port_that_is_taken_keeps_the_suite_from_judging() -> None:
    """In a sentence; that is not the gateway's fault."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ["run", "--gateway", "http://127.0.0.1:1/v1", "--upstream-port", port, "--select", "2.5"]
        done = CliRunner().invoke(conform, arguments)
    assert done.exit_code == 3
    assert f"port {port} cannot be listened on" in done.output
