import asyncio
import json
import ssl
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from understudy import MockServer, MockServerError, SettingError
from understudy.adapters.serving import PortInUseError, listen
from understudy.core.pricing import DOLLAR
from understudy.server_handle import ServerHandle

GUARD = 60
"""Seconds after which a test that hangs is ended; nothing waits for them."""
HELLO = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file in the current folder."""
    monkeypatch.chdir(tmp_path)


def call(server: MockServer, method: str, path: str, body: Any = None, *, key: str | None = "sk-a") -> HTTPResponse:
    """One request on a connection of its own, which ends when the response has been read."""
    url = urlsplit(server.base_url)
    assert url.hostname is not None
    connection = HTTPConnection(url.hostname, url.port, timeout=GUARD)
    if url.scheme == "https":
        context = ssl.create_default_context(cafile=server.ca_file)
        connection = HTTPSConnection(url.hostname, url.port, timeout=GUARD, context=context)
    headers = {"connection": "close"} | ({} if key is None else {"authorization": f"Bearer {key}"})
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    return connection.getresponse()


def test_a_server_answers_in_its_block_and_not_after() -> None:
    """It starts when the block is entered, on a free port, and is gone when it is left."""
    with MockServer() as server:
        port = urlsplit(server.base_url).port
        with call(server, "POST", "/v1/chat/completions", HELLO) as response:
            assert response.status == 200
            assert json.load(response)["object"] == "chat.completion"
    assert port is not None
    listen("127.0.0.1", port).close()


def test_its_urls_are_those_that_clients_are_given() -> None:
    """All on the one port."""
    with MockServer() as server:
        port = server.address.port
        assert server.base_url == f"http://127.0.0.1:{port}/v1"
        assert server.websocket_base_url == f"ws://127.0.0.1:{port}/v1"
        assert server.control_url == f"http://127.0.0.1:{port}/_understudy"
        assert server.ca_file is None
        assert server.trust_variables == {}


def test_a_server_that_does_not_run_has_no_urls() -> None:
    """A sentence instead of a client that fails to connect."""
    with pytest.raises(MockServerError, match="This server is not running"):
        _ = MockServer().base_url


def test_servers_side_by_side_share_nothing() -> None:
    """Nested or parallel: each has its own accounts, journal and clock."""
    with MockServer(tier=1) as outer, MockServer(tier=2) as inner:
        assert outer.base_url != inner.base_url
        with call(inner, "POST", "/v1/chat/completions", HELLO) as response:
            assert response.status == 200
        assert (len(outer.journal), len(inner.journal)) == (0, 1)
        outer.clock.advance(1_000_000)
        assert outer.clock.now() - inner.clock.now() > 900_000 * 1_000_000
        assert (outer.account.organization.tier, inner.account.organization.tier) == (1, 2)


def test_accounts_are_found_by_key() -> None:
    """The one of a test needs no name; others are made when they are asked for."""
    with MockServer(credits="5.00") as server:
        assert server.account == server.accounts["sk-understudy"]
        other = server.accounts["sk-other"]
        assert other is not server.account
        assert other.organization.ledger.balance_at(server.clock.now()) == 5 * DOLLAR
        assert {account.key for account in server.accounts} == {"sk-understudy", "sk-other"}


def test_the_account_of_strict_keys_is_that_of_the_first(tmp_path: Path) -> None:
    """So that a client made with `server.account.key` is let in."""
    (tmp_path / "keys.toml").write_text("[keys.sk-one]\n[keys.sk-two]\n", encoding="utf-8")
    with MockServer(keys="keys.toml") as server:
        assert server.account.key == "sk-one"
        with call(server, "GET", "/v1/models", key=server.account.key) as response:
            assert response.status == 200
        with call(server, "GET", "/v1/models", key="sk-three") as response:
            assert response.status == 401


def test_reset_makes_it_as_new() -> None:
    """Between tests: accounts, journal and clock."""
    with MockServer() as server:
        with call(server, "POST", "/v1/chat/completions", HELLO):
            server.clock.advance(3_600)
        before = server.clock.now()
        assert len(server.journal) == 1
        server.reset()
        assert len(server.journal) == 0
        assert list(server.accounts) == []
        assert server.clock.now() < before


def test_settings_that_cannot_be_used_stop_it_at_once() -> None:
    """Before anything is started."""
    with pytest.raises(SettingError, match=r"Setting tier \(Python keyword tier\) cannot be 'gold'"):
        MockServer(tier="gold")


def test_a_port_in_use_is_said_when_it_starts() -> None:
    """And leaves a server that may be started again."""
    with closing(listen("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = MockServer(port=port)
        with pytest.raises(PortInUseError, match=f"Cannot listen on 127.0.0.1 port {port}: the port is in use"):
            server.start()
        server.stop()
    with server:
        assert server.address.port == port


def test_a_server_starts_again_with_the_state_it_had() -> None:
    """For tests of clients that lose their connection."""
    server = MockServer()
    with server, call(server, "POST", "/v1/chat/completions", HELLO):
        pass
    with server, call(server, "GET", "/v1/models") as response:
        assert response.status == 200
        assert len(server.journal) == 2


def test_a_running_server_is_not_started_twice() -> None:
    """And stopping one that does not run is nothing."""
    with MockServer() as server:
        with pytest.raises(MockServerError, match="running already"):
            server.start()
        server.stop()
        server.stop()


def test_a_stream_and_a_socket_are_closed_when_it_stops() -> None:
    """The stream is cut, the socket closed with 1001, and both are noticed by whoever reads."""
    with MockServer(latency="itl=1000s") as server:
        response = call(server, "POST", "/v1/chat/completions", {**HELLO, "stream": True})
        assert response.readline().startswith(b"data: ")
        url = f"{server.websocket_base_url}/realtime?model=gpt-realtime"
        with connect(url, additional_headers={"authorization": "Bearer sk-a"}) as client:
            assert json.loads(client.recv(GUARD))["type"] == "session.created"
            server.stop()
            with pytest.raises(ConnectionClosed) as caught:
                client.recv(GUARD)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001
        with response, pytest.raises(Exception, match="IncompleteRead"):
            response.read()


def test_stopping_ends_the_thread() -> None:
    """Nothing of it is left."""
    before = set(threading.enumerate())
    with MockServer():
        assert "understudy" in [thread.name for thread in set(threading.enumerate()) - before]
    assert set(threading.enumerate()) <= before


def test_https_and_wss_are_spoken_on_one_port() -> None:
    """By a certificate that the server's own authority signed, and whose files go away with it."""
    with MockServer(tls=True) as server:
        assert server.base_url.startswith("https://127.0.0.1:")
        assert server.ca_file is not None
        with call(server, "POST", "/v1/chat/completions", HELLO) as response:
            assert response.status == 200
        context = ssl.create_default_context(cafile=server.ca_file)
        url = f"{server.websocket_base_url}/realtime?model=gpt-realtime"
        headers = {"authorization": "Bearer sk-a"}
        with connect(url, ssl=context, additional_headers=headers) as client:
            assert json.loads(client.recv(GUARD))["type"] == "session.created"
        assert server.trust_variables["NODE_EXTRA_CA_CERTS"] == server.ca_file
        file = Path(server.ca_file)
        assert file.exists()
    assert not file.exists()


def test_a_script_that_never_stops_its_server_ends_all_the_same() -> None:
    """Without a word on standard error, and without leaving files."""
    script = "import understudy\nserver = understudy.MockServer(tls=True).start()\nprint(server.ca_file)\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=GUARD)
    assert done.stderr == ""
    assert not Path(done.stdout.strip()).exists()


def test_what_tests_use_of_a_server_is_what_it_has() -> None:
    """The protocol, which a server elsewhere follows too, names nothing that this one lacks."""
    used = [name for name in vars(ServerHandle) if not name.startswith("_")]
    assert "base_url" in used
    assert not [name for name in used if not hasattr(MockServer, name) and name not in vars(MockServer())]


def test_the_control_api_lets_a_server_be_down_for_a_while() -> None:
    """Who is connected is cut off once the answer has left; then the same port answers again."""
    with MockServer() as server, httpx.Client(base_url=server.address.control_url) as client:
        wrong = client.post("refuse", json={"seconds": 0})
        assert wrong.status_code == 400
        assert "seconds" in wrong.json()["error"]
        assert client.post("refuse", json={"seconds": 0.3}).status_code == 202
        refused = 0
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                answer = httpx.get(f"{server.address.control_url}/health")
            except httpx.ConnectError:
                refused += 1
                continue
            except httpx.TransportError:
                continue
            if refused:
                break
        assert refused
        assert answer.json()["accounts"] == 0
    with MockServer() as server:
        server.simulator.refuse_for = None
        answer = httpx.post(f"{server.address.control_url}/refuse", json={"seconds": 1})
        assert answer.status_code == 409


def test_a_server_can_end_while_it_refuses() -> None:
    """Nothing is left running."""
    with MockServer() as server:
        assert httpx.post(f"{server.address.control_url}/refuse", json={"seconds": 3_000}).status_code == 202


@pytest.mark.skipif(
    int(version("websockets").partition(".")[0]) < 14, reason="takes no socket that is not TCP before websockets 14"
)
def test_a_connection_needs_no_port() -> None:
    """Each is one of its own; http and WebSockets alike."""
    with MockServer() as server:
        with closing(server.connection()) as plain:
            plain.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-any\r\n\r\n")
            assert plain.recv(1_000).startswith(b"HTTP/1.1 200 OK")
        url = "ws://nowhere.invalid/v1/realtime?model=gpt-realtime"
        key = {"Authorization": "Bearer sk-any"}
        with connect(url, sock=server.connection(), additional_headers=key) as session:
            assert '"session.created"' in str(session.recv(timeout=20))
        assert [entry.status for entry in server.journal] == [200, 101]
    with pytest.raises(MockServerError):
        server.connection()
    with MockServer(tls=True) as secure, pytest.raises(MockServerError, match="speaks no TLS"):
        secure.connection()


async def _greeted(server: MockServer) -> str:
    from websockets.asyncio.client import connect as connect_async

    url = "ws://nowhere.invalid/v1/realtime?model=gpt-realtime"
    key = {"Authorization": "Bearer sk-any"}
    async with connect_async(url, sock=server.connection(), additional_headers=key) as session:
        return str(await session.recv())


def test_a_connection_needs_no_port_in_asyncio() -> None:
    with MockServer() as server:
        assert '"session.created"' in asyncio.run(_greeted(server))
