"""Webhooks are delivered to real receivers on this machine, once, and what came of it is told."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest

from understudy.adapters.webhooks import deliver
from understudy.core.webhooks import event, webhook_to

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes ...").decode()
TOLD = event("realtime.call.incoming", {"call_id": "rtc_1", "sip_headers": []}, 1_795_471_200_000_000, b"seed")


class Receiver(ThreadingHTTPServer):
    """An application: keeps what it is told, and answers as it is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.told: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.location = ""

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["content-length"]))
        server.told.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(server.status)
        if server.location:
            self.send_header("location", server.location)
        self.end_headers()

    def log_message(self, *given: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_receiver_can_check_what_it_is_told(receiver: Receiver) -> None:
    """By its own clock and with the official SDK, whatever the server's clock shows."""
    delivery = deliver(TOLD, webhook_to(receiver.url("/hook?app=1"), SECRET))
    assert (delivery.status, delivery.error, delivery.event_id) == (200, None, TOLD.id)
    ((path, headers, body),) = receiver.told
    assert path == "/hook?app=1"
    assert headers["content-type"] == "application/json"
    read = openai.OpenAI(api_key="sk-x").webhooks.unwrap(body, headers, secret=SECRET)
    assert read.id == TOLD.id


@pytest.mark.parametrize("status", [400, 500])
def test_an_answer_that_is_no_success_is_told(receiver: Receiver, status: int) -> None:
    """And nothing is tried again."""
    receiver.status = status
    delivery = deliver(TOLD, webhook_to(receiver.url(), SECRET))
    assert (delivery.status, delivery.error) == (status, f"{receiver.url()} answered {status}.")
    assert len(receiver.told) == 1


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    """They might lead away from this machine."""
    receiver.status, receiver.location = 307, receiver.url("/elsewhere")
    delivery = deliver(TOLD, webhook_to(receiver.url(), SECRET))
    assert delivery.status == 307
    assert delivery.error is not None
    assert [path for path, _, _ in receiver.told] == ["/hook"]


def test_where_nobody_listens_that_is_told() -> None:
    """In a sentence with the URL."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/hook"
        delivery = deliver(TOLD, webhook_to(url, SECRET))
    assert delivery.status is None
    assert delivery.error is not None
    assert delivery.error.startswith(f"{url} did not answer: ")


def test_a_name_that_is_another_machine_hears_nothing(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even "localhost", where the machine's own table says something else."""
    monkeypatch.setattr(socket.socket, "getpeername", lambda _: ("192.0.2.1", 80))
    url = receiver.url().replace("127.0.0.1", "localhost")
    delivery = deliver(TOLD, webhook_to(url, SECRET))
    assert delivery.error == "localhost is not this machine, so nothing was sent."
    assert receiver.told == []
