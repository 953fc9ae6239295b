"""Running the application on a socket: one set-up of uvicorn for the foreground and for a thread."""

import logging
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from understudy.adapters.http.application import HttpApplication
from understudy.adapters.wire.direct import DirectProtocol

SHUTDOWN_SECONDS = 1
"""Streams and sockets under way are cut after this long."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OSError: the port is in use, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


class Server(uvicorn.Server):
    """uvicorn, telling when it listens; the caller has the socket already.

    Args:
        application: answers.
        certificates: file with key and chain for TLS, or None.
        on_ready: called once in the server's loop, when requests are answered.
    """

    def __init__(
        self, application: HttpApplication, *, certificates: Path | None, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=DirectProtocol,
                ws="websockets-sansio",
                # The application itself must arrive at the protocol, unwrapped.
                interface="asgi3",
                proxy_headers=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                ws_max_size=32 * 1024 * 1024,
                ssl_certfile=certificates,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()


def quiet_uvicorn(level: str) -> None:
    """Logging to standard error at a level, for Understudy and the server below it."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=level.upper())
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(max(logging.getLevelName(level.upper()), logging.WARNING))
