"""In-process transports: `httpx2.Client(transport=understudy.httpx2_transport())`."""

from importlib import import_module
from typing import Any

from understudy.adapters.inprocess.transport import transport
from understudy.server import MockServer

__all__ = ["httpx2_transport", "httpx_transport"]


def httpx_transport(server: MockServer | None = None) -> Any:
    """A transport for `httpx.Client` and `httpx.AsyncClient` that answers in this process, without a socket.

        server = MockServer(tier=1)
        client = OpenAI(api_key="sk-any", http_client=httpx.Client(transport=httpx_transport(server)))

    Args:
        server: whose accounts, rules, faults and journal hold; it need not be started. One of its own when None.

    Raises:
        ModuleNotFoundError: httpx is not installed.
    """
    return _made("httpx", server)


def httpx2_transport(server: MockServer | None = None) -> Any:
    """The same for `httpx2`, which openai 3 and newer use."""
    return _made("httpx2", server)


def _made(library: str, server: MockServer | None) -> Any:
    server = MockServer() if server is None else server
    return transport(import_module(library), server.simulator, server.settings.body_limit)
