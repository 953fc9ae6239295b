import asyncio
from email.utils import parsedate_to_datetime

import pytest

from understudy.core.faults import FaultScript
from understudy_harness.conformance.case_server import CaseServer
from understudy_harness.conformance.standard import Canary

NOW = 1_755_133_835_250_000
REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-a\r\nContent-Length: 2\r\n\r\n{}"


async def talk(server: CaseServer, *requests: bytes) -> list[bytes]:
    """Send requests over one connection, one after the other, and give back each answer."""
    host, port = server.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answers = []
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answers.append(head + await reader.readexactly(length))
    writer.close()
    await writer.wait_closed()
    return answers


@pytest.fixture
def serve(virtually):
    """Plays a script to requests; gives back the answers and the log."""

    def run(script: FaultScript, *requests: bytes):
        async def whole():
            server = CaseServer(script, lambda: NOW)
            await server.start()
            try:
                answers = await talk(server, *requests)
                while server.log.open_sockets:
                    await asyncio.sleep(0.01)
            finally:
                await server.stop()
            return answers, server.log

        return virtually(whole())

    return run


def test_a_case_is_played_with_the_headers_of_the_real_api(serve, cases) -> None:
    """The script's own on top; none of them twice; the date it names agrees with the answer's own."""
    canary = Canary.new()
    (refused, answered), log = serve(cases["1.3"].script(canary), REQUEST, REQUEST)
    lines = refused.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 429 Too Many Requests"
    headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
    assert len(headers) == len(dict(headers))
    told = dict(headers)
    wait = parsedate_to_datetime(told["retry-after"]) - parsedate_to_datetime(told["date"])
    assert wait.total_seconds() == 3
    assert told["content-type"] == "application/json; charset=utf-8"
    assert told["x-request-id"].startswith("req_")
    assert canary.text.encode() in answered
    assert [exchange.status for exchange in log.exchanges] == [429, 200]
    assert [bytes(exchange.answer) for exchange in log.exchanges] == [refused, answered]


def test_every_server_has_a_port_and_a_count_of_its_own(virtually, cases) -> None:
    """Two runs at once do not see each other."""

    async def both() -> list[bytes]:
        servers = [CaseServer(cases["1.5"].script(Canary.new()), lambda: NOW) for _ in range(2)]
        for server in servers:
            await server.start()
        assert servers[0].base_url != servers[1].base_url
        answers = [(await talk(server, REQUEST))[0] for server in servers]
        for server in servers:
            await server.stop()
        return answers

    assert [answer[:12] for answer in virtually(both())] == [b"HTTP/1.1 429"] * 2


def test_stopping_cuts_what_is_open_and_says_that_it_was_the_suite(virtually, cases) -> None:
    """A connection that a client left behind must not outlive its run."""

    async def left_open() -> CaseServer:
        server = CaseServer(cases["1.5"].script(Canary.new()), lambda: NOW)
        await server.start()
        host, port = server.base_url.removeprefix("http://").removesuffix("/v1").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        await server.stop()
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection(host, int(port))
        writer.close()
        return server

    (socket,) = virtually(left_open()).log.sockets
    assert socket.closed is not None
    assert socket.closed_by == "suite"


def test_the_users_own_settings_change_nothing(serve, cases, monkeypatch) -> None:
    """A verdict must not hang on the environment."""
    monkeypatch.setenv("UNDERSTUDY_CREDITS", "nonsense")
    monkeypatch.setenv("UNDERSTUDY_CLOCK", "virtual")
    (answer,), _ = serve(cases["1.11"].script(Canary.new()), REQUEST)
    assert answer.startswith(b"HTTP/1.1 429")
