import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from understudy.adapters.tls import LocalAuthority
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case_server import HOST, CaseServer
from understudy_harness.conformance.frame_log import CLIENT, SERVER
from understudy_harness.conformance.socket_script import SocketScript

NOW = 1_755_133_835_250_000
ONE, OTHER = Canary("sk-one", "word-one"), Canary("sk-other", "word-other")


def play(steps: list[dict[str, Any]], act: Callable[[CaseServer], Awaitable[Any]], **more: Any) -> CaseServer:
    """Let somebody act before a server with a script."""

    async def run() -> CaseServer:
        server = CaseServer(None, lambda: NOW, sockets=lambda *given: SocketScript(steps, *given), **more)
        await server.start()
        for canary in (ONE, OTHER):
            server.expect(canary)
        server.begin()
        try:
            async with asyncio.timeout(20):
                await act(server)
        finally:
            await server.stop()
        return server

    return asyncio.run(run())


def dial(server: CaseServer, key: str = ONE.key, **more: Any) -> connect:
    """A connection of the library's own client."""
    url = server.base_url.replace("http", "ws", 1) + "/realtime?model=gpt-x"
    return connect(url, additional_headers={"Authorization": f"Bearer {key}"}, max_size=None, proxy=None, **more)


async def until(socket: ClientConnection, type: str) -> list[dict[str, Any]]:
    """Events up to one of a type."""
    told = []
    async for message in socket:
        told.append(json.loads(message))
        if told[-1]["type"] == type:
            break
    return told


def test_each_call_has_its_own_script_and_counts_its_own_connections() -> None:
    """By its key; the model is the one that was asked for."""

    async def act(server: CaseServer) -> None:
        for canary, dials in ((ONE, 2), (OTHER, 1)):
            for number in range(1, dials + 1):
                async with dial(server, canary.key) as socket:
                    assert json.loads(await socket.recv())["session"]["model"] == "gpt-x"
                    await socket.send('{"type": "response.create"}')
                    done = (await until(socket, "response.done"))[-1]["response"]
                    assert done["id"] == f"resp_{number}_1"
                    assert done["output"][0]["content"][0]["transcript"] == canary.text

    server = play([], act)
    assert [exchange.status for exchange in server.log.exchanges] == [101, 101, 101]
    assert all(exchange.answer.endswith(b"\r\n\r\n") for exchange in server.log.exchanges)
    for socket in server.log.sockets:
        assert socket.closed_by in ("client", "server")
        assert socket.frames is not None
        assert [seen.type for seen in socket.frames.by(CLIENT, "text")] == ["response.create"]
        assert [seen.close_code for seen in socket.frames.by(CLIENT, "close")] == [1000]
        assert [seen.type for seen in socket.frames.by(SERVER, "text")][-1] == "response.done"


def test_an_upgrade_can_be_refused_and_the_next_one_taken() -> None:
    """With status, headers and the API's form of an error."""
    refuse = {"status": 429, "headers": {"retry-after": "2"}, "error": {"code": "rate_limit_exceeded"}}

    async def act(server: CaseServer) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with dial(server):
                pass
        response = refused.value.response
        assert (response.status_code, response.headers["retry-after"]) == (429, "2")
        assert json.loads(response.body)["error"] == {
            "message": "Too Many Requests", "type": "invalid_request_error", "param": None,
            "code": "rate_limit_exceeded",
        }  # fmt: skip
        async with dial(server) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"

    server = play([{"dial": 1, "refuse": refuse}], act)
    assert [exchange.status for exchange in server.log.exchanges] == [429, 101]
    assert [socket.frames is not None for socket in server.log.sockets] == [False, True]


def test_pings_are_answered_and_pieces_put_together() -> None:
    """By a client that does so: the log has both."""
    steps = [{"begin": "x"}, {"say": {"text": "世", "pieces": 1}, "cut_in": "世"}, {"ping": {"count": 2}}, {"done": {}}]

    async def act(server: CaseServer) -> None:
        async with dial(server) as socket:
            told = await until(socket, "response.done")
            assert [event["delta"] for event in told if event["type"].endswith("transcript.delta")] == ["世"]

    (socket,) = play(steps, act).log.sockets
    assert socket.frames is not None
    pings = [seen.data for seen in socket.frames.by(SERVER, "ping")]
    assert len(pings) == 3
    assert [seen.data for seen in socket.frames.by(CLIENT, "pong")] == pings
    assert max(seen.frames for seen in socket.frames.by(SERVER)) == 3


@pytest.mark.parametrize(
    ("step", "code", "reason"),
    [
        ({"close": {"code": 1011, "reason": "upstream.failed"}}, 1011, "upstream.failed"),
        ({"drop": "fin"}, None, ""),
        ({"drop": "rst"}, None, ""),
    ],
)
def test_connections_are_closed_or_dropped(step: dict[str, Any], code: int | None, reason: str) -> None:
    """By the server, as its script says, once a pause is over in which the client is answered."""

    async def act(server: CaseServer) -> None:
        async with dial(server) as socket:
            await socket.recv()
            await socket.send('{"type": "session.update", "session": {}}')
            assert (await until(socket, "session.updated"))[-1]["type"] == "session.updated"
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert isinstance(closed.value, ConnectionClosedError)
            got = closed.value.rcvd
            assert (None if got is None else got.code, "" if got is None else got.reason) == (code, reason)

    (socket,) = play([{"pause": 0.2}, step], act).log.sockets
    assert socket.closed_by == "server"


def test_a_run_that_is_over_ends_what_is_open(capfd: pytest.CaptureFixture[str]) -> None:
    """A script that waits for ever is cut off, and nothing is written about it."""

    async def act(server: CaseServer) -> None:
        socket = await dial(server)
        await socket.recv()

    (socket,) = play([{"wait": "never"}], act).log.sockets
    assert socket.closed_by == "suite"
    assert capfd.readouterr().err == ""


def test_wss_is_served_with_a_certificate_to_trust() -> None:
    """The log reads what is inside."""
    with contextlib.closing(LocalAuthority(HOST)) as authority:

        async def act(server: CaseServer) -> None:
            trusted = ssl.create_default_context(cafile=server.ca_file)
            async with dial(server, ssl=trusted) as socket:
                assert json.loads(await socket.recv())["type"] == "session.created"

        server = play([], act, authority=authority)
    assert server.origin.startswith("https://")
    frames = server.log.sockets[0].frames
    assert frames is not None
    assert [seen.type for seen in frames.by(SERVER, "text")] == ["session.created"]
