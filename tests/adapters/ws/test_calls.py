"""A telephone call as an application lives it, with the official SDK: told, accepted, joined, talked on, hung up."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from understudy import MockServer

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes ...").decode()

pytest.importorskip("openai.resources.realtime.calls", reason="this SDK has no calls")

Act = Callable[[Any], None]
"""What an application does with an event."""


@pytest.fixture(params=["here", "elsewhere"])
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The same server held both ways."""
    with MockServer(clock="virtual", tier=5) as server:
        if request.param == "here":
            yield server
        else:
            from understudy_harness.remote import RemoteServer

            yield RemoteServer(server.base_url)


@pytest.fixture
def client(server: Any) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=server.base_url,
        websocket_base_url=server.websocket_base_url,
        api_key=server.account.key,
        webhook_secret=SECRET,
        max_retries=0,
    ) as client:
        yield client


@pytest.fixture
def application(client: openai.OpenAI) -> Iterator[Callable[[Act], str]]:
    """Starts an application that does something with each event, and gives its URL back."""
    running: list[ThreadingHTTPServer] = []

    def start(act: Act) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                act(client.webhooks.unwrap(body, dict(self.headers)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *given: Any) -> None:
                pass

        http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(http)
        threading.Thread(target=http.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{http.server_port}/webhook"

    yield start
    for http in running:
        http.shutdown()
        http.server_close()


def drain(connection: Any) -> None:
    """Hear the rest."""
    while True:
        connection.recv()


def say(connection: Any, text: str) -> str:
    """Ask for an answer in text."""
    content = [{"type": "input_text", "text": text}]
    connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    connection.response.create()
    for event in connection:
        if event.type == "response.done":
            return str(event.response.output[0].content[0].text)
    raise AssertionError("the connection ended")


def test_a_call_from_the_bell_to_the_end(server: Any, client: openai.OpenAI, application: Callable[[Act], str]) -> None:
    """The application accepts while it is told, then talks and hangs up; the socket is closed."""

    def accept(event: Any) -> None:
        assert event.type == "realtime.call.incoming"
        assert {header.name for header in event.data.sip_headers} >= {"From", "To", "Call-ID"}
        client.realtime.calls.accept(
            event.data.call_id, type="realtime", model="gpt-realtime", output_modalities=["text"]
        )

    call = server.calls.ring(webhook=application(accept), secret=SECRET)
    assert call.delivery is not None
    assert (call.delivery["status"], call.delivery["error"]) == (200, None)
    assert (call.state, call.model) == ("active", "gpt-realtime")
    with client.realtime.connect(call_id=call.id) as connection:
        assert connection.recv().type == "session.created"
        assert say(connection, "Say one two three") == "One two three"
        client.realtime.calls.hangup(call.id)
        with pytest.raises(ConnectionClosed) as closed:
            drain(connection)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000
    assert call.state == "ended"
    with pytest.raises(openai.BadRequestError, match=call.id):
        client.realtime.calls.hangup(call.id)


def test_the_caller_may_hang_up(server: Any, client: openai.OpenAI) -> None:
    """Before the call was accepted, or in the middle of it."""
    impatient = server.calls.ring()
    impatient.hang_up()
    assert impatient.state == "ended"
    with pytest.raises(openai.BadRequestError, match="No active call"):
        client.realtime.calls.accept(impatient.id, type="realtime")
    call = server.calls.ring()
    client.realtime.calls.accept(call.id, type="realtime", instructions="Hold the line.")
    with client.realtime.connect(call_id=call.id) as connection:
        assert connection.recv().session.instructions == "Hold the line."
        call.hang_up()
        with pytest.raises(ConnectionClosed):
            connection.recv()
    with pytest.raises(ValueError, match="No active call"):
        call.hang_up()


def test_a_call_is_rejected_or_referred(server: Any, client: openai.OpenAI) -> None:
    """Test code sees with what."""
    rejected, referred = server.calls.ring(), server.calls.ring(sip_headers={"From": "sip:alice@127.0.0.1"})
    client.realtime.calls.reject(rejected.id, status_code=486)
    client.realtime.calls.accept(referred.id, type="realtime")
    client.realtime.calls.refer(referred.id, target_uri="tel:+14255550101")
    assert (rejected.state, rejected.status_code) == ("rejected", 486)
    assert (referred.state, referred.target_uri) == ("referred", "tel:+14255550101")
    assert referred.sip_headers == [("From", "sip:alice@127.0.0.1")]
    assert [each.id for each in server.calls] == [rejected.id, referred.id]
    assert server.calls[rejected.id].status_code == 486
    with pytest.raises(KeyError):
        server.calls["rtc_nope"]


def test_a_client_that_comes_back_finds_its_seat_free(server: Any, client: openai.OpenAI) -> None:
    """At once, also out of the middle of what was being said; while it sits, nobody else does."""
    call = server.calls.ring()
    client.realtime.calls.accept(call.id, type="realtime", output_modalities=["text"])
    # With a full queue the client would not hear that its closing was answered.
    options: Any = {"max_queue": None}
    for _ in range(10):
        with client.realtime.connect(call_id=call.id, websocket_connection_options=options) as connection:
            assert connection.recv().type == "session.created"
            connection.response.create()
    with client.realtime.connect(call_id=call.id, websocket_connection_options=options) as connection:
        connection.recv()
        with client.realtime.connect(call_id=call.id) as other:
            assert other.recv().error.code == "call_already_joined"


def test_nobody_joins_a_call_that_is_not_there(server: Any, client: openai.OpenAI) -> None:
    """The upgrade is answered 404."""
    with pytest.raises(InvalidStatus) as refused, client.realtime.connect(call_id="rtc_nope"):
        pass
    assert refused.value.response.status_code == 404


def test_a_deaf_application_is_told_of(server: Any) -> None:
    """The call comes in all the same."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/webhook"
        call = server.calls.ring(webhook=url, secret=SECRET)
    assert call.delivery is not None
    assert call.delivery["error"].startswith(f"{url} did not answer: ")
    assert call.state == "incoming"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"webhook": "http://example.com/", "secret": SECRET}, "no call leaves it"),
        ({"webhook": "http://127.0.0.1/", "secret": "x"}, "whsec_"),
        ({"webhook": "http://127.0.0.1/"}, "both its URL and its secret"),
        ({"sip_headers": [("From", "a\nb")]}, "no value of a SIP header"),
        ({"key": "sk-tier1-tier2"}, "tier"),
    ],
)
def test_a_call_that_cannot_come_in_is_refused_in_a_sentence(server: Any, wanted: dict[str, Any], said: str) -> None:
    """And does not."""
    with pytest.raises(ValueError, match=said):
        server.calls.ring(**wanted)
    assert len(server.calls) == 0


def test_an_offer_of_a_browser_opens_a_call(server: Any, client: openai.OpenAI) -> None:
    """The SDK sends it as a form, and finds the call's id in `Location`."""
    from tests.core.realtime.test_session_description import OFFER

    answer = client.realtime.calls.with_raw_response.create(
        sdp=OFFER, session={"type": "realtime", "model": "gpt-realtime", "output_modalities": ["text"]}
    )
    assert (answer.http_response.status_code, answer.headers["content-type"]) == (201, "application/sdp")
    call_id = answer.headers["location"].rpartition("/")[2]
    assert server.calls[call_id].view()["kind"] == "webrtc"
    with client.realtime.connect(call_id=call_id) as connection:
        connection.recv()
        assert say(connection, "Say hello") == "Hello"
