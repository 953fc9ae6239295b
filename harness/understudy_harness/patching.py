"""`https://api.openai.com` answered by the mock server, for code whose client cannot be pointed elsewhere.

The transports of httpx and httpx2 are patched where a request leaves the library, above whatever mocks their
connections (respx): requests to the real API go to the mock server, all others on their way. In this process they need
no socket: parts of a stream, pacing and faults are those of the in-process transports.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from understudy import MockServer

HOST = "api.openai.com"
LIBRARIES = ("httpx", "httpx2")
"""As far as they are installed; what others (requests, aiohttp, urllib) let out is stopped."""
_METHODS = (("HTTPTransport", "handle_request"), ("AsyncHTTPTransport", "handle_async_request"))


class Patch:
    """While it stands, requests of httpx and httpx2 to the real API are answered by a server.

    Args:
        server: that answers; one elsewhere is asked over its socket.
    """

    def __init__(self, server: MockServer) -> None:
        self._server = server
        self._before: list[tuple[Any, str, Any]] = []

    def start(self) -> None:
        """Stand."""
        for name in LIBRARIES:
            if find_spec(name) is None:
                continue
            library = import_module(name)
            answers = _answers(self._server, name)
            for owner, method in _METHODS:
                kind = getattr(library, owner)
                before = kind.__dict__[method]
                self._before.append((kind, method, before))
                setattr(kind, method, _routed(before, answers, is_async=method == "handle_async_request"))

    def stop(self) -> None:
        """Stand no more: everything is as it was."""
        while self._before:
            kind, method, before = self._before.pop()
            setattr(kind, method, before)


def _answers(server: Any, library: str) -> Callable[[Any, Any], Any]:
    """What a request to the real API becomes: the transport that takes it, and the request."""
    if server.simulator is None:
        return lambda transport, request: (transport, _redirected(request, server.base_url))
    import understudy

    ours = getattr(understudy, f"{library}_transport")(server)
    return lambda transport, request: (ours, request)


def _routed(before: Any, answers: Callable[[Any, Any], Any], *, is_async: bool) -> Any:
    def meant(request: Any) -> bool:
        return bool(request.url.host == HOST)

    if is_async:

        async def handle_async_request(transport: Any, request: Any) -> Any:
            if not meant(request):
                return await before(transport, request)
            taker, asked = answers(transport, request)
            return await (before(taker, asked) if taker is transport else taker.handle_async_request(asked))

        return handle_async_request

    def handle_request(transport: Any, request: Any) -> Any:
        if not meant(request):
            return before(transport, request)
        taker, asked = answers(transport, request)
        return before(taker, asked) if taker is transport else taker.handle_request(asked)

    return handle_request


def _redirected(request: Any, base_url: str) -> Any:
    """The same request to a server elsewhere."""
    address = urlsplit(base_url)
    request.url = request.url.copy_with(scheme=address.scheme, host=address.hostname, port=address.port)
    request.headers["host"] = address.netloc
    return request
