"""Faults on a real socket: what a client that reads bytes sees."""

from __future__ import annotations

import json
import os
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from understudy import MockServer

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say: 世界 🌍"}]}
STREAM = {**CHAT, "stream": True}


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def server(running: MockServer) -> MockServer:
    running.reset()
    return running


def connected(server: MockServer) -> socket.socket:
    address = urlsplit(server.base_url)
    plain = socket.create_connection((address.hostname, address.port), timeout=20)
    if address.scheme == "http":
        return plain
    context = ssl.create_default_context(cafile=server.ca_file)
    return context.wrap_socket(plain, server_hostname=address.hostname)


def ask(connection: socket.socket, path: str, body: Any, fault: Any = None) -> None:
    data = json.dumps(body).encode()
    head = [
        f"POST {path} HTTP/1.1",
        "host: localhost",
        "authorization: Bearer sk-tier5-raw",
        "content-type: application/json",
        f"content-length: {len(data)}",
    ]
    if fault is not None:
        head.append(f"x-understudy-fault: {fault if isinstance(fault, str) else json.dumps(fault)}")
    connection.sendall("\r\n".join([*head, "", ""]).encode() + data)


def read_to_the_end(connection: socket.socket) -> tuple[bytes, str]:
    """What comes, and how it ended: `fin`, `rst` or `open` (nothing more for a moment)."""
    data = b""
    while True:
        try:
            more = connection.recv(65_536)
        except ConnectionResetError:
            return data, "rst"
        except TimeoutError:
            return data, "open"
        if not more:
            return data, "fin"
        data += more


def played(server: MockServer, fault: Any, body: Any = CHAT, path: str = "/v1/chat/completions") -> tuple[bytes, str]:
    with closing(connected(server)) as connection:
        ask(connection, path, body, fault)
        # Only a fault that keeps the socket open is waited for.
        connection.settimeout(0.3 if isinstance(fault, dict) and fault.get("end") in ("hold", "keep") else 20)
        return read_to_the_end(connection)


PATHS = [
    pytest.param("/v1/chat/completions", CHAT, id="the short way"),
    pytest.param("/v1/images/generations", {"prompt": "x", "model": "no-such"}, id="through ASGI"),
]


@pytest.mark.parametrize(("path", "body"), PATHS)
@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        ({"silent": True, "end": "rst"}, "rst"),
        ({"silent": True, "end": "fin"}, "fin"),
        ({"silent": True, "end": "hold"}, "open"),
    ],
)
def test_a_server_that_answers_nothing_ends_the_connection_as_asked(
    server: MockServer, path: str, body: Any, fault: Any, ending: str
) -> None:
    """A reset is a real one."""
    assert played(server, fault, body, path) == (b"", ending)


@pytest.mark.parametrize(("path", "body"), PATHS)
def test_a_body_breaks_off_in_the_middle_with_a_reset(server: MockServer, path: str, body: Any) -> None:
    """The length that was announced never comes."""
    data, ending = played(server, {"length": 900, "cut": {"after_bytes": 40}, "end": "rst"}, body, path)
    head, _, rest = data.partition(b"\r\n\r\n")
    assert b"content-length: 900" in head
    assert b"transfer-encoding" not in head
    # A reset may overtake what the client has not read yet.
    assert ending == "rst"
    assert len(rest) <= 40


def test_a_stream_without_its_last_chunk_is_told_from_a_whole_one(server: MockServer) -> None:
    """The same events; httpx refuses the first and takes the second."""
    missing, ending = played(server, {"last_chunk": False, "end": "fin"}, STREAM)
    assert ending == "fin"
    assert b"[DONE]" in missing
    assert not missing.endswith(b"0\r\n\r\n")
    whole, _ = played(server, {"end": "fin"}, STREAM)
    assert whole.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


def test_the_connection_serves_the_next_request_when_it_is_kept(server: MockServer) -> None:
    """After a faulty answer that is framed well, on both ways."""
    with httpx.Client(base_url=server.base_url, headers={"authorization": "Bearer sk-a"}) as client:
        for path, body in (("/chat/completions", STREAM), ("/images/generations", {"model": "x"})):
            first = client.post(path, json=body, headers={"x-understudy-fault": '{"chunks": 3}'})
            again = client.post(path, json=body)
            assert first.extensions["network_stream"] is again.extensions["network_stream"]
            assert again.status_code == (200 if body is STREAM else 400)


def test_writes_are_cut_where_it_was_asked(server: MockServer) -> None:
    """Head and body, with a pause after each write; together they are the ordinary answer."""
    fault = {"segments": [1, 40], "end": "fin"}
    data, _ = played(server, fault)
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert data.endswith(b"\r\n0\r\n\r\n")
    with closing(connected(server)) as connection:
        ask(connection, "/v1/chat/completions", CHAT, {"segments": [5, 100_000], "pause": "50ms", "end": "fin"})
        assert connection.recv(65_536) == b"HTTP/"


def test_gzip_is_understood_by_a_client_unless_it_is_broken(server: MockServer) -> None:
    """By the decoder of httpx."""
    with httpx.Client(base_url=server.base_url, headers={"authorization": "Bearer sk-a"}) as client:
        good = client.post("/chat/completions", json=CHAT, headers={"x-understudy-fault": "gzip"})
        assert good.json()["choices"][0]["message"]["content"]
        with pytest.raises(httpx.DecodingError):
            client.post("/chat/completions", json=CHAT, headers={"x-understudy-fault": "broken-gzip"})


def test_what_was_cut_off_is_not_charged(server: MockServer) -> None:
    """A stream that broke after three events costs less than a whole one; the journal names the fault."""
    played(server, "cut-stream", STREAM)
    played(server, {"end": "fin"}, STREAM)
    cut, whole = (entry for entry in server.journal if entry.path == "/v1/chat/completions")
    assert (cut.fault, cut.complete) == ("cut, end", False)
    assert 0 < cut.charge < whole.charge
    assert whole.complete


def test_a_request_that_asks_for_an_unknown_fault_is_told_so(server: MockServer) -> None:
    """In one sentence, with the names that there are."""
    with httpx.Client(base_url=server.base_url, headers={"authorization": "Bearer sk-a"}) as client:
        refused = client.post("/chat/completions", json=CHAT, headers={"x-understudy-fault": "nonsense"})
    assert refused.status_code == 400
    assert "The header x-understudy-fault: 'nonsense' is neither a step as JSON nor a ready" in refused.text
    assert "reset-stream" in refused.text


def test_a_reset_is_real_under_tls_too() -> None:
    """Not a TLS goodbye. Python's TLS shows a reset as an end, so the socket below it is read."""
    with MockServer(tls=True) as server, closing(connected(server)) as connection:
        ask(connection, "/v1/chat/completions", CHAT, {"silent": True, "end": "rst"})
        with socket.socket(fileno=os.dup(connection.fileno())) as below:
            below.settimeout(20)
            assert read_to_the_end(below)[1] == "rst"


def test_scripts_are_set_and_taken_back_over_the_control_api(server: MockServer) -> None:
    """With how many calls each step has counted."""

    def control(method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{server.control_url}{path}", data, {"content-type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as refused:
            return json.load(refused)["error"]

    script = {
        "name": "flaky",
        "steps": [{"on": 1, "silent": True, "end": "rst"}, {"on": 2, "answer": "x", "status": 503}],
    }
    assert "'answer' names nothing here" in control("POST", "/faults", script)
    del script["steps"][1]["answer"]
    assert control("POST", "/faults", script)["steps"] == ["silent, end", "status 503"]
    assert played(server, None) == (b"", "rst")
    assert control("GET", "/faults") == [{"name": "flaky", "steps": ["silent, end", "status 503"], "seen": [1, 1]}]
    control("DELETE", "/faults?name=other")
    assert len(server.faults) == 1
    control("DELETE", "/faults?name=flaky")
    assert control("GET", "/faults") == []
