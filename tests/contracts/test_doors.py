"""One contract over every door: the same calls, the same answers, whichever way they come in."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

import understudy
from understudy import MockServer
from understudy.adapters.http.application import create_application
from understudy_harness.patching import Patch

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "without-sockets.md"
CHAT = "/v1/chat/completions"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say one two three"}]}
HEAD = {"authorization": "Bearer sk-any-door"}
WHOLE_AT_ONCE = "stock ASGI transports of httpx serve the application, too, but collect the whole body first"
CANNOT = {
    ("asgi", "chunks"): WHOLE_AT_ONCE,
    ("asgi", "leaving"): WHOLE_AT_ONCE,
    ("asgi", "reset"): WHOLE_AT_ONCE,
    ("asgi", "refusing"): "nor a refused connection",
}
"""What a door cannot do honestly, and the words in which the page says so."""


class Door:
    """One way in.

    Attributes:
        name: of it.
        server: behind it.
        library: httpx or httpx2.
    """

    def __init__(self, name: str, server: MockServer, library: Any, client: Any) -> None:
        self.name = name
        self.server = server
        self.library = library
        self._client = client

    def post(self, path: str, **arguments: Any) -> Any:
        """The answer."""
        return self._client.post(path, headers=HEAD, **arguments)

    def get(self, path: str) -> Any:
        """The answer."""
        return self._client.get(path, headers=HEAD)

    def stream(self, body: dict[str, Any]) -> Any:
        """A context with an answer that comes part by part."""
        return self._client.stream("POST", CHAT, json=body, headers=HEAD)

    def may(self, what: str) -> None:
        """End the test where the door cannot do it: then the page says so."""
        words = CANNOT.get((self.name, what))
        if words is not None:
            assert words in " ".join(PAGE.read_text(encoding="utf-8").split())
            pytest.skip(f"{self.name} cannot: {words}")


class AsgiClient:
    """A stock ASGI transport, for synchronous tests."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def post(self, path: str, **arguments: Any) -> httpx.Response:
        """The answer."""
        return self._ask("POST", path, **arguments)

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        """The answer."""
        return self._ask("GET", path, **arguments)

    def _ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._application)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(ask())


def open_socket(opened: ExitStack) -> Door:
    server = opened.enter_context(MockServer())
    return Door("socket", server, httpx, opened.enter_context(httpx.Client(base_url=server.base_url[:-3])))


def open_tls(opened: ExitStack) -> Door:
    server = opened.enter_context(MockServer(tls=True))
    context = ssl.create_default_context(cafile=server.ca_file)
    client = httpx.Client(base_url=server.base_url[:-3], verify=context)
    return Door("tls", server, httpx, opened.enter_context(client))


def open_asgi(opened: ExitStack) -> Door:
    server = MockServer()
    application = create_application(server.simulator, body_limit=server.settings.body_limit)
    return Door("asgi", server, httpx, AsgiClient(application))


def open_transport(name: str) -> Callable[[ExitStack], Door]:
    def opener(opened: ExitStack) -> Door:
        library = import_module(name)
        server = MockServer()
        transport = getattr(understudy, f"{name}_transport")(server)
        client = library.Client(transport=transport, base_url="http://door")
        return Door(name, server, library, opened.enter_context(client))

    return opener


def open_patch(name: str) -> Callable[[ExitStack], Door]:
    def opener(opened: ExitStack) -> Door:
        library = import_module(name)
        server = opened.enter_context(MockServer())
        patch = Patch(server)
        patch.start()
        opened.callback(patch.stop)
        client = library.Client(base_url="https://api.openai.com")
        return Door(f"patched {name}", server, library, opened.enter_context(client))

    return opener


DOORS: dict[str, tuple[str, Callable[[ExitStack], Door]]] = {
    "socket": ("httpx", open_socket),
    "tls": ("httpx", open_tls),
    "asgi": ("httpx", open_asgi),
    "httpx": ("httpx", open_transport("httpx")),
    "httpx2": ("httpx2", open_transport("httpx2")),
    "patched httpx": ("httpx", open_patch("httpx")),
    "patched httpx2": ("httpx2", open_patch("httpx2")),
}


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    library, opener = DOORS[request.param]
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    with ExitStack() as opened:
        yield opener(opened)


def test_an_answer(door: Door) -> None:
    """Body, headers, journal."""
    answer = door.post(CHAT, json=BODY)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "One two three"
    assert answer.headers["x-ratelimit-limit-requests"]
    assert answer.headers["x-request-id"].startswith("req_")
    assert [entry.status for entry in door.server.journal] == [200]


def test_a_refusal(door: Door) -> None:
    """The envelope, and the length that refusals announce."""
    answer = door.post(CHAT, json={**BODY, "temperature": 9})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "temperature"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert door.get("/v1/models/none").status_code == 404


def test_a_stream_says_everything(door: Door) -> None:
    """To its end."""
    answer = door.post(CHAT, json={**BODY, "stream": True})
    events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    said = [json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events[:-1]]
    assert ("".join(said), events[-1]) == ("One two three", "[DONE]")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_stream_comes_part_by_part(door: Door) -> None:
    """Its first part before its last one is made."""
    door.may("chunks")
    door.server.rules.when().reply("word " * 40_000)
    with door.stream({**BODY, "stream": True}) as answer:
        parts = answer.iter_raw()
        next(parts)
        assert door.server.journal[-1].finished_at is None
        assert len(list(parts)) > 10
    assert door.server.journal[-1].complete


def test_who_leaves_early_is_seen(door: Door) -> None:
    """The journal says that the stream was left."""
    door.may("leaving")
    door.server.rules.when().reply("word " * 40_000)
    with door.stream({**BODY, "stream": True}) as answer:
        next(answer.iter_raw())
    (entry,) = [entry for entry in door.server.journal if entry.path == CHAT]
    for _ in range(200):
        if entry.finished_at is not None:
            break
        door.get("/v1/models/gpt-4o")
    assert entry.complete is False


def test_a_status_that_is_a_fault(door: Door) -> None:
    """And a page of HTML from a proxy; then everything is as usual."""
    door.server.faults.add(
        {"on": 1, "status": 429, "headers": {"retry-after": "7"}},
        {"on": 2, "status": 502, "headers": {"content-type": "text/html"}, "text": "<html>Bad gateway</html>"},
    )
    first, second, third = (door.post(CHAT, json=BODY) for _ in range(3))
    assert (first.status_code, first.headers["retry-after"]) == (429, "7")
    assert (second.status_code, "<html" in second.text.lower()) == (502, True)
    assert third.status_code == 200


def test_a_reset(door: Door) -> None:
    """Is the error that the library raises for it."""
    door.may("reset")
    door.server.faults.add({"on": 1, "silent": True, "end": "rst"})
    with pytest.raises((door.library.ReadError, door.library.RemoteProtocolError)):
        door.post(CHAT, json=BODY)
    assert door.post(CHAT, json=BODY).status_code == 200


def test_a_server_that_is_down(door: Door) -> None:
    """Refuses connections, and answers at the same address when it is up again."""
    door.may("refusing")
    assert door.post(CHAT, json=BODY).status_code == 200
    with door.server.refusing():
        for _ in range(2):
            with pytest.raises(door.library.ConnectError):
                door.post(CHAT, json=BODY)
    assert door.post(CHAT, json=BODY).status_code == 200
    assert len(door.server.journal) == 2


def test_a_packed_answer(door: Door) -> None:
    """Is unpacked by the client."""
    door.server.faults.add({"gzip": True})
    assert door.post(CHAT, json=BODY).json()["object"] == "chat.completion"


def test_a_large_upload(door: Door) -> None:
    """A form of two megabytes, byte for byte."""
    content = bytes(range(256)) * 8_192
    form = {"data": {"purpose": "user_data"}, "files": {"file": ("a.bin", content)}}
    made = door.post("/v1/files", **form)
    assert made.json()["bytes"] == len(content)
    batch = door.post("/v1/files", data={"purpose": "batch"}, files={"file": ("a.jsonl", content)})
    assert door.get(f"/v1/files/{batch.json()['id']}/content").content == content


def test_bytes_that_are_no_ascii(door: Door) -> None:
    """In both directions."""
    door.server.rules.when(last_message="日本").reply("🪁 凧")
    asked = {**BODY, "messages": [{"role": "user", "content": "日本語で"}]}
    assert door.post(CHAT, json=asked).json()["choices"][0]["message"]["content"] == "🪁 凧"
