"""The application over a real socket: framing, bounds, the control API and its guard."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from understudy import MockServer

KEY = {"Authorization": "Bearer sk-door-0123456789"}
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say this is a test"}]}


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    with MockServer(body_limit="1MiB") as server:
        yield server


@pytest.fixture
def server(running: MockServer) -> MockServer:
    running.reset()
    return running


def connect(server: MockServer) -> http.client.HTTPConnection:
    address = urlsplit(server.base_url)
    assert address.hostname is not None
    return http.client.HTTPConnection(address.hostname, address.port, timeout=20)


def call(
    server: MockServer, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = connect(server)
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    connection.request(method, path, data, {**KEY, "Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    result = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return result


def without_transport(headers: dict[str, str]) -> dict[str, str]:
    moving = ("x-request-id", "cf-ray", "date", "x-ratelimit-", "connection", "keep-alive")
    return {name: value for name, value in headers.items() if not name.startswith(moving)}


def test_the_short_way_and_the_ordinary_way_give_the_same_bytes(server: MockServer) -> None:
    """A hot path is answered in the protocol's callback; asked to wait for 100-continue it goes through ASGI."""
    direct = call(server, "POST", "/v1/chat/completions", CHAT)
    server.reset()
    ordinary = call(server, "POST", "/v1/chat/completions?", CHAT)
    assert direct[0] == ordinary[0] == 200
    assert without_transport(direct[1]) == without_transport(ordinary[1])
    assert json.loads(direct[2]) | {"created": 0} == json.loads(ordinary[2]) | {"created": 0}


def test_successes_are_chunked_and_errors_announce_their_length(server: MockServer) -> None:
    """As the real API frames them."""
    _, headers, _ = call(server, "POST", "/v1/chat/completions", CHAT)
    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers
    _, headers, body = call(server, "POST", "/v1/chat/completions", {**CHAT, "messages": []})
    assert headers["content-length"] == str(len(body))
    assert "transfer-encoding" not in headers


def test_one_connection_serves_many_requests(server: MockServer) -> None:
    """Short way, stream, error and lookup take turns on it."""
    connection = connect(server)
    statuses = []
    for method, path, body in (
        ("POST", "/v1/chat/completions", CHAT),
        ("POST", "/v1/chat/completions", {**CHAT, "stream": True}),
        ("GET", "/v1/models", None),
        ("POST", "/v1/chat/completions", {**CHAT, "model": "gpt-nope"}),
        ("POST", "/v1/chat/completions", CHAT),
    ):
        connection.request(method, path, None if body is None else json.dumps(body), KEY)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [200, 200, 200, 404, 200]


def test_pipelined_requests_are_answered_in_order(server: MockServer) -> None:
    """Two at once in one packet, the first a stream."""
    requests = b"".join(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-door-0123456789\r\n"
        b"content-length: %d\r\n%b\r\n%b" % (len(body), extra, body)
        for body, extra in (
            (json.dumps({**CHAT, "stream": True}).encode(), b""),
            (json.dumps(CHAT).encode(), b"connection: close\r\n"),
        )
    )
    address = urlsplit(server.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as client:
        client.sendall(requests)
        received = b""
        while data := client.recv(65_536):
            received += data
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b"[DONE]") < received.index(b'"object": "chat.completion"')


def test_a_body_over_the_limit_is_refused_while_it_is_read(server: MockServer) -> None:
    """By its announced length at once, without one as soon as too much has come."""
    status, _, body = call(server, "POST", "/v1/images/generations", b"x" * (1024 * 1024 + 1))
    assert status == 413
    assert json.loads(body)["error"]["message"] == (
        "Maximum content size limit (1048576) exceeded (1048577 bytes read)"
    )
    address = urlsplit(server.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as client:
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-door-0123456789\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        received = b""
        client.settimeout(0.01)
        for _ in range(1_000):
            try:
                client.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
                received = client.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                break
            if received:
                break
        assert received.startswith(b"HTTP/1.1 413 ")


def test_a_client_that_leaves_a_stream_ends_the_work(server: MockServer) -> None:
    """The journal says that it was not complete, and charges less than the whole."""
    long = {**CHAT, "stream": True, "messages": [{"role": "user", "content": "Write exactly 20000 words about rain"}]}
    address = urlsplit(server.base_url)
    body = json.dumps(long).encode()
    with socket.create_connection((address.hostname, address.port), timeout=20) as client:
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-door-0123456789\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        assert client.recv(1_000).startswith(b"HTTP/1.1 200 OK")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    # Another call on its own connection: when it is answered, the loop has seen the reset before or sees it now.
    while server.journal[0].finished_at is None:
        call(server, "GET", "/v1/models")
    entry = server.journal[0]
    assert not entry.complete
    assert entry.usage is not None
    assert entry.usage.text_out < 20_000


def test_control_health_says_that_the_server_answers(server: MockServer) -> None:
    """With version, clock and counts."""
    call(server, "POST", "/v1/chat/completions", CHAT)
    status, _, body = call(server, "GET", "/_understudy/health")
    health = json.loads(body)
    assert (status, health["status"], health["journal"], health["accounts"]) == (200, "ok", 1, 1)


def test_control_journal_shows_what_happened_with_keys_masked(server: MockServer) -> None:
    """Filtered by path; never the key itself."""
    call(server, "POST", "/v1/chat/completions", CHAT)
    call(server, "GET", "/v1/models")
    _, _, body = call(server, "GET", "/_understudy/journal?path=/v1/chat/completions")
    page = json.loads(body)
    assert page["total"] == 1
    assert page["entries"][0]["model"] == "gpt-4o"
    assert page["entries"][0]["usage"]["text_out"] == 4
    assert json.loads(page["entries"][0]["body"]) == CHAT
    assert b"sk-door-0123456789" not in body


def test_control_reset_forgets_everything(server: MockServer) -> None:
    """Journal, accounts, faults and the clock's moves."""
    call(server, "POST", "/v1/chat/completions", CHAT)
    before = server.clock.now()
    server.clock.advance(3_600)
    assert call(server, "POST", "/_understudy/reset")[0] == 204
    assert len(server.journal) == 0
    assert server.clock.now() < before + 3_600_000_000


def test_control_advance_moves_the_clock(server: MockServer) -> None:
    """And says what it shows now."""
    before = server.clock.now()
    status, _, body = call(server, "POST", "/_understudy/clock/advance", {"seconds": 61})
    assert status == 200
    assert server.clock.now() >= before + 61_000_000
    assert json.loads(body)["now"].endswith("Z")


@pytest.mark.parametrize(
    "body", [{}, {"seconds": -1}, {"seconds": "soon"}, {"second": 1}, {"seconds": 1e300}, b"{", b""]
)
def test_control_refuses_what_it_cannot_use_in_one_sentence(server: MockServer, body: Any) -> None:
    """400, and the clock has not moved."""
    before = server.clock.now()
    status, _, answer = call(server, "POST", "/_understudy/clock/advance", body)
    assert status == 400
    assert json.loads(answer)["error"].startswith("POST /_understudy/clock/advance: ")
    assert server.clock.now() < before + 60_000_000


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example:8080"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "evil.example:8080"},
    ],
)
def test_control_is_closed_to_web_pages(server: MockServer, headers: dict[str, str]) -> None:
    """A foreign Origin or Host is refused, and nothing has happened."""
    call(server, "POST", "/v1/chat/completions", CHAT)
    status, _, body = call(server, "POST", "/_understudy/reset", headers=headers)
    assert status == 403
    assert "refused" in json.loads(body)["error"]
    assert len(server.journal) == 1


def test_control_is_documented(server: MockServer) -> None:
    """The generated documentation names every control call."""
    _, _, body = call(server, "GET", "/_understudy/openapi.json")
    assert {"/_understudy/health", "/_understudy/reset", "/_understudy/journal", "/_understudy/clock/advance"} <= set(
        json.loads(body)["paths"]
    )
    assert call(server, "GET", "/_understudy/docs")[0] == 200
