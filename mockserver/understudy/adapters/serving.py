"""Running the application on a socket: the one set-up of uvicorn, for the foreground and for a thread.

Of uvicorn we take the configuration and the protocols, which read and write the connections. Its own server class looks
ten times a second whether it should stop, waits on stopping without an end, and raises the signal that stopped it anew;
ours wakes for nothing, and is gone within a second whatever its clients do.
"""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from understudy.adapters.http.asgi import Application
from understudy.adapters.wire.direct import DirectProtocol
from understudy.adapters.wire.websocket import FarewellProtocol

FINISH_SECONDS = 0.3
"""After this long, answers and sockets under way are cut; whoever reads a stream sees that it is incomplete."""
CUT_SECONDS = 0.15
"""Connections whose last bytes do not leave within this time are reset."""
_TURNS = 50
"""Turns of the loop in which connections that were cut are given up, before it is waited for them."""

KEEP_ALIVE_SECONDS = 75
"""An idle connection is kept for so long (our choice): longer than clients keep theirs, or they would now and then send
a request into a connection that is just being closed."""

WEBSOCKET_MESSAGE_LIMIT = 32 * 1024 * 1024
"""Bytes of one message (our choice: twice the 15 MiB of an audio event, in base64)."""

_log = logging.getLogger("understudy")


class MockServerError(RuntimeError):
    """The server could not be started or stopped.

    - `CannotListenError`: there is no such address here, or it may not be used
      - `PortInUseError`: somebody else listens there
    """


class CannotListenError(MockServerError):
    """An address that cannot be listened on.

    Attributes:
        host, port: the address.
    """

    def __init__(self, host: str, port: int, problem: str) -> None:
        super().__init__(f"Cannot listen on {host} port {port}: {problem}.")
        self.host = host
        self.port = port


class PortInUseError(CannotListenError):
    """Somebody else listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, "the port is in use; choose another, or 0 for a free one")


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Args:
        host: an address or name of this machine.
        port: 0 for a free one.

    Raises:
        CannotListenError: the port is in use, may not be used, or the host is not this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as failure:
        raise CannotListenError(host, port, f"{host!r} is not known ({failure.strerror})") from None
    # Where a name has both (localhost), the address that everybody tries.
    family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        # Elsewhere than on POSIX the option would let two servers share a port.
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as failure:
        listener.close()
        if failure.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from None
        raise CannotListenError(host, port, os.strerror(failure.errno or 0).lower()) from None
    return listener


class Server:
    """The application on one listening socket.

    Args:
        application: answers.
        listener: is closed when the server ends.
        certificates: file with key and chain for TLS, or None.
        beside: makes what runs while the server serves, and ends when it is cancelled; None for nothing.
    """

    def __init__(
        self,
        application: Application,
        listener: socket.socket,
        *,
        certificates: Path | None,
        beside: Callable[[], Coroutine[Any, Any, None] | None] = lambda: None,
    ) -> None:
        self._beside = beside
        self._listener = listener
        self._config = uvicorn.Config(
            application,
            http=DirectProtocol,
            ws=FarewellProtocol,
            # The application itself must arrive at the protocol, unwrapped.
            interface="asgi3",
            proxy_headers=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ws_max_size=WEBSOCKET_MESSAGE_LIMIT,
            # Base64 of sound hardly shrinks, and trying costs ten times what sending does (our choice).
            ws_per_message_deflate=False,
            ssl_certfile=certificates,
        )
        self._config.load()
        self._stop_asked = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._state = ServerState()
        self._accepting: asyncio.Server | None = None
        self._refusing: set[asyncio.Task[None]] = set()

    def run(self, on_ready: Callable[[], None]) -> None:
        """Answer until stopped; in the main thread also until SIGINT, SIGTERM or SIGHUP.

        Args:
            on_ready: called once, in the server's loop, when requests are answered.
        """
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve(on_ready))
        finally:
            self._listener.close()

    def stop(self) -> None:
        """Make `run` return; from any thread, at any time, as often as one likes."""
        self._stop_asked = True
        loop = self._loop
        if loop is not None:
            # The loop may have ended just now by itself.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._stopping.set)

    def move(self, listener: socket.socket, seconds: float) -> None:
        """Answer on another socket from now on; whoever talks to the old one is cut off at once.

        Args:
            listener: an open one; it is closed when the server ends.
            seconds: to wait for it, at most.

        Raises:
            MockServerError: the server does not run, or did not move in time.
        """
        self._carry_out(self._move(listener), seconds)

    def refuse(self, seconds: float) -> None:
        """Close the socket and cut everybody off: connections are refused until the server moves to another one.

        Args:
            seconds: to wait for it, at most.

        Raises:
            MockServerError: the server does not run, or did not close in time.
        """
        self._carry_out(self._refuse(), seconds)

    def adopt(self, connection: socket.socket, seconds: float) -> None:
        """Answer on a connection that came another way than by the listening socket.

        Args:
            connection: a connected one; from now on it is the server's.
            seconds: to wait for it, at most.

        Raises:
            MockServerError: the server does not run, or did not take it in time.
        """
        self._carry_out(self._adopt(connection), seconds)

    async def _adopt(self, connection: socket.socket) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> DirectProtocol:
        return DirectProtocol(config=self._config, server_state=self._state, app_state={})

    def refuse_for(self, seconds: float) -> None:
        """Refuse connections for a time, then listen on the same address again; to be called in the server's loop.

        Where somebody else took the port meanwhile, the server ends: nobody could reach it any more.
        """
        if self._loop is None:
            raise MockServerError("This server is not running.")
        work = self._loop.create_task(self._refuse_for(seconds))
        self._refusing.add(work)
        work.add_done_callback(self._refusing.discard)

    async def _refuse_for(self, seconds: float) -> None:
        host, port = self._listener.getsockname()[:2]
        await self._refuse()
        await asyncio.sleep(seconds)
        try:
            self._listener = listen(host, port)
        except CannotListenError as problem:
            _log.error("%s", problem)
            self._stopping.set()
            return
        self._accepting = await self._accept()

    def _carry_out(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        if self._loop is None:
            work.close()
            raise MockServerError("This server is not running.")
        try:
            asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)
        except TimeoutError:
            raise MockServerError(f"The server did not change its socket within {seconds} seconds.") from None

    async def _move(self, listener: socket.socket) -> None:
        before, old = self._accepting, self._listener
        self._listener = listener
        self._accepting = await self._accept()
        if before is not None:
            before.close()
        old.close()
        await self._cut()

    async def _refuse(self) -> None:
        if self._accepting is not None:
            self._accepting.close()
            self._accepting = None
        self._listener.close()
        await self._cut()

    async def _cut(self) -> None:
        """End all connections at once."""
        state = self._state
        with _unlogged_cancellations():
            for connection in list(state.connections):
                connection.transport.abort()
            for task in list(state.tasks):
                task.cancel()
            for _ in range(_TURNS):
                if not (state.connections or state.tasks):
                    return
                await asyncio.sleep(0)
            await _drained(state, CUT_SECONDS)

    async def _accept(self) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            self._protocol,
            sock=self._listener,
            ssl=self._config.ssl,
        )

    async def _serve(self, on_ready: Callable[[], None]) -> None:
        loop = self._loop = asyncio.get_running_loop()
        state = self._state
        self._accepting = await self._accept()
        _log.info("listening on %s port %d", *self._listener.getsockname()[:2])
        # Further signals while the connections end change nothing: it is over within a second.
        work = self._beside()
        beside = None if work is None else loop.create_task(work)
        with _signals(loop, self._stopping.set):
            try:
                on_ready()
                if not self._stop_asked:
                    await self._stopping.wait()
            finally:
                for task in self._refusing:
                    task.cancel()
                if self._accepting is not None:
                    self._accepting.close()
                await _close(state)
                if beside is not None:
                    beside.cancel()
                    await asyncio.wait((beside,))


async def _close(state: ServerState) -> None:
    """End every connection: politely, then firmly, then by force."""
    _log.info("stopping, with %d connections open", len(state.connections))
    # Idle connections end now, sockets say goodbye, answers may be finished.
    for connection in list(state.connections):
        connection.shutdown()
    if await _drained(state, FINISH_SECONDS):
        return
    for connection in list(state.connections):
        connection.transport.close()
    if await _drained(state, CUT_SECONDS):
        return
    for connection in list(state.connections):
        connection.transport.abort()
    with _unlogged_cancellations():
        for task in list(state.tasks):
            task.cancel()
        await _drained(state, CUT_SECONDS)


async def _drained(state: ServerState, seconds: float) -> bool:
    """Wait until no connection and no task is left; they tell nobody when they go, so they are looked for."""
    loop = asyncio.get_running_loop()
    patience = loop.time() + seconds
    while state.connections or state.tasks:
        if loop.time() >= patience:
            return False
        await asyncio.sleep(0.005)
    return True


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    """Stop on the signals that ask for it, where they can be received: in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if sys.platform == "win32":
        previous = signal.signal(signal.SIGBREAK, lambda number, frame: loop.call_soon_threadsafe(stop))
        interrupt = signal.signal(signal.SIGINT, lambda number, frame: loop.call_soon_threadsafe(stop))
        try:
            yield
        finally:
            signal.signal(signal.SIGBREAK, previous)
            signal.signal(signal.SIGINT, interrupt)
        return
    # Under nohup a hang-up is ignored, and stays so.
    hang_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    numbers = (signal.SIGINT, signal.SIGTERM, *hang_up)
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextmanager
def _unlogged_cancellations() -> Iterator[None]:
    """Keep uvicorn from reporting as a failure of the application what is the end that we make of it."""

    def is_failure(record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))

    logger = logging.getLogger("uvicorn.error")
    logger.addFilter(is_failure)
    try:
        yield
    finally:
        logger.removeFilter(is_failure)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def set_log_level(level: str) -> None:
    """Say from which level on (`debug`, `info`, `warning`, `error`) Understudy logs."""
    _log.setLevel(level.upper())


def log_to_stderr() -> None:
    """Send logs to standard error; of the libraries below us warnings only, for their details hold keys."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
