"""`MockServer`: the server in a thread of this process, for tests and scripts."""

import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from understudy.adapters.serving import Server, listen
from understudy.adapters.tls import LocalAuthority
from understudy.assembly import build_simulator
from understudy.config import Settings, python_settings
from understudy.core.accounts import Account
from understudy.core.clock import Clock
from understudy.core.faults import Faults
from understudy.core.journal import Journal

_START_SECONDS = 30
_STOP_SECONDS = 10
DEFAULT_KEY = "sk-understudy"


class MockServerError(RuntimeError):
    """The server could not be started or stopped."""


class Accounts:
    """The accounts of a server, by key."""

    def __init__(self, server: "MockServer") -> None:
        self._server = server

    def __getitem__(self, key: str) -> Account:
        """The account of a key, made on first sight; from now on it is not aged out."""
        account = self._server.simulator.account(key)
        account.pinned = True
        return account

    def __iter__(self) -> Iterator[Account]:
        """Every account that is held."""
        return iter(self._server.simulator.store.accounts())


class MockServer:
    """A server that starts in a thread and stops with the `with` block.

        with MockServer(tier=1, credits="5.00") as server:
            client = OpenAI(base_url=server.base_url, api_key=server.account.key)

    Args:
        settings: those of the command line, with underscores; the port is a free one unless it is named.

    Attributes:
        settings: as they came out.
        simulator: the core.
        accounts: by key.

    Raises:
        SettingError: a setting that cannot be used.
        OSError: the port is in use (when the block is entered).
    """

    def __init__(self, **settings: Any) -> None:
        self.settings: Settings = python_settings(settings)
        self.simulator = build_simulator(self.settings)
        self.accounts = Accounts(self)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._authority: LocalAuthority | None = None
        self._port = 0
        self._key = next(iter(self.settings.keys)) if self.settings.keys else DEFAULT_KEY

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def base_url(self) -> str:
        """What a client is pointed at, with `/v1`."""
        return f"{self._origin('http')}/v1"

    @property
    def websocket_base_url(self) -> str:
        """The same for WebSockets, for clients that do not derive it."""
        return f"{self._origin('ws')}/v1"

    @property
    def control_url(self) -> str:
        """The control API."""
        return f"{self._origin('http')}/_understudy"

    @property
    def ca_file(self) -> str | None:
        """Under `tls`: the file with the certificate of the authority that clients must trust."""
        return None if self._authority is None else str(self._authority.certificate)

    @property
    def clock(self) -> Clock:
        """What time it is, and `advance`."""
        return self.simulator.clock

    @property
    def account(self) -> Account:
        """The account that is meant when no key is named; `account.key` is its key."""
        return self.accounts[self._key]

    @property
    def journal(self) -> Journal:
        """What happened."""
        return self.simulator.journal

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self.simulator.faults

    def reset(self) -> None:
        """Forget accounts, faults and the journal, and take back every move of the clock."""
        self.simulator.reset()

    def start(self) -> Self:
        """Listen and answer; returns when the first request would be answered."""
        if self._thread is not None:
            raise MockServerError("this server is running already")
        from understudy.adapters.http.application import create_application

        settings = self.settings
        listener = listen(settings.host, settings.port)
        self._port = listener.getsockname()[1]
        if settings.tls:
            self._authority = LocalAuthority(settings.host)
        application = create_application(
            self.simulator,
            control_token=settings.control_token,
            body_limit=settings.body_limit,
            host=settings.host,
        )
        ready = threading.Event()
        server = self._server = Server(
            application,
            certificates=None if self._authority is None else self._authority.server_chain,
            on_ready=ready.set,
        )
        failures: list[BaseException] = []

        def run() -> None:
            try:
                server.run(sockets=[listener])
            except BaseException as failure:  # noqa: BLE001 - it is raised where the server was started
                failures.append(failure)
            finally:
                ready.set()
                listener.close()

        self._thread = threading.Thread(target=run, name="understudy", daemon=True)
        self._thread.start()
        if not ready.wait(_START_SECONDS) or failures or not server.started:
            cause = failures[0] if failures else None
            self.stop()
            raise MockServerError(f"the server did not start: {cause or 'no answer'}") from cause
        return self

    def stop(self) -> None:
        """Close streams and sockets and end the thread; a stopped server may be started again."""
        thread, self._thread = self._thread, None
        if thread is not None and self._server is not None:
            self._server.should_exit = True
            thread.join(_STOP_SECONDS)
            if thread.is_alive():
                raise MockServerError(f"the server did not stop within {_STOP_SECONDS} seconds")
        if self._authority is not None:
            self._authority.close()
            self._authority = None

    def _origin(self, scheme: str) -> str:
        if self._thread is None:
            raise MockServerError("this server is not running: use it in a with block, or call start()")
        host = self.settings.host
        host = f"[{host}]" if ":" in host else host
        return f"{scheme}{'s' if self.settings.tls else ''}://{host}:{self._port}"
