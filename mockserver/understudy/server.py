"""`MockServer`: the server in a thread of this process, for tests and scripts; below it `Service`, for any thread."""

import atexit
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from socket import socket, socketpair
from types import TracebackType
from typing import Any, Self

from understudy.account_handle import AccountHandle
from understudy.adapters.http.application import create_application
from understudy.adapters.serving import MockServerError, Server, listen, set_log_level
from understudy.adapters.tls import LocalAuthority
from understudy.address import Address
from understudy.assembly import build_simulator
from understudy.calls_handle import IncomingCalls, LocalCalls
from understudy.config import Settings, python_settings
from understudy.core.account_changes import AccountError, known_model
from understudy.core.accounts import Account
from understudy.core.catalog import Model
from understudy.core.clock import Clock
from understudy.core.faults import Faults
from understudy.core.journal import Journal
from understudy.core.key_words import KeyWordsError
from understudy.core.plans_accounts import Plans
from understudy.core.rules import Rules
from understudy.core.simulator import Simulator, UnknownKeyError
from understudy.core.store import Change, Changed
from understudy.scenarios import find_scenario
from understudy.state_file import StateFile, StateFileError

__all__ = ["AccountError", "Accounts", "MockServer", "MockServerError", "Service"]

_SHARED = "Accounts of a shared store are read and set by the control API."
_START_SECONDS = 30
_STOP_SECONDS = 10


class Service:
    """A simulator behind an address: the socket is open at once, `run` answers on it.

    Args:
        settings: of the server.
        simulator: answers.
        listener: an open socket to answer on, None to open one.

    Attributes:
        address: where.
        ca_file: under TLS the file with the certificate of the authority that clients must trust.
        trust_variables: environment variables by which programs trust it; empty without TLS.

    Raises:
        CannotListenError: the port is in use, may not be used, or the host is not this machine.
    """

    def __init__(self, settings: Settings, simulator: Simulator, listener: socket | None = None) -> None:
        set_log_level(settings.log_level)
        application = create_application(
            simulator, control_token=settings.control_token, body_limit=settings.body_limit, host=settings.host
        )
        with ExitStack() as opened:
            listener = opened.enter_context(closing(listener or listen(settings.host, settings.port)))
            authority = opened.enter_context(closing(LocalAuthority(settings.host))) if settings.tls else None
            chain = None if authority is None else authority.server_chain
            self._server = Server(
                application,
                listener,
                certificates=chain,
                beside=lambda: simulator.store.accompany(simulator.hear),
            )
            self._opened = opened.pop_all()
        # Of several workers one alone cannot close the port.
        simulator.refuse_for = self._server.refuse_for if settings.workers == 1 else None
        self._host = settings.host
        self._state = None if settings.state is None else StateFile(settings.state, simulator)
        self.address = Address(settings.host, listener.getsockname()[1], settings.tls)
        self.ca_file = None if authority is None else str(authority.certificate)
        self.trust_variables: Mapping[str, str] = {} if authority is None else authority.trust_variables()

    def __enter__(self) -> Self:
        """Nothing further to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back socket and files, whether `run` was called or not, and write the state file.

        Raises:
            MockServerError: the state file cannot be written.
        """
        self._opened.close()
        if self._state is not None:
            try:
                self._state.write()
            except StateFileError as problem:
                raise MockServerError(str(problem)) from None

    def run(self, on_ready: Callable[[], None]) -> None:
        """Answer until stopped; in the main thread also until a signal asks for the end.

        Args:
            on_ready: called once, when requests are answered.
        """
        self._server.run(on_ready)

    def stop(self) -> None:
        """Make `run` return, from any thread."""
        self._server.stop()

    def move(self) -> None:
        """Answer on another free port from now on; whoever talks to the old one is cut off at once."""
        listener = listen(self._host, 0)
        try:
            self._server.move(listener, _STOP_SECONDS)
        except BaseException:
            listener.close()
            raise
        self.address = Address(self._host, listener.getsockname()[1], self.address.tls)

    def connection(self) -> socket:
        """The other end of a new connection to this server."""
        ours, theirs = socketpair()
        try:
            self._server.adopt(ours, _STOP_SECONDS)
        except BaseException:
            ours.close()
            theirs.close()
            raise
        return theirs

    def refuse(self) -> None:
        """Refuse connections; whoever is connected is cut off."""
        self._server.refuse(_STOP_SECONDS)

    def accept(self) -> None:
        """Listen on the same port again; raises CannotListenError where somebody else took it meanwhile."""
        listener = listen(self._host, self.address.port)
        try:
            self._server.move(listener, _STOP_SECONDS)
        except BaseException:
            listener.close()
            raise


class Accounts:
    """The accounts of a server, by key."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def __getitem__(self, key: str) -> AccountHandle:
        """Find the account of a key, made on first sight; from now on it is not aged out.

        Raises:
            AccountError: the key is not accepted, or its words contradict each other.
        """
        self.hold(key)
        return AccountHandle(self, key)

    def __iter__(self) -> Iterator[AccountHandle]:
        """Go over the accounts that are held."""
        held = self._simulator.store.accounts()
        if isinstance(held, Awaitable):
            raise MockServerError(_SHARED)
        return iter([AccountHandle(self, account.key) for account in held])

    @property
    def plans(self) -> Plans:
        """The plans of ChatGPT logins."""
        return self._simulator.plans

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self._simulator.clock.now()

    def model(self, name: str) -> Model:
        """The model of a name in the era that holds.

        Raises:
            AccountError: there is none.
        """
        return known_model(self._simulator.catalog, name, self._simulator.settings.era)

    def hold(self, key: str) -> Account:
        """The account itself; from now on it is not aged out."""
        if not self._simulator.store.answers_at_once:
            raise MockServerError(_SHARED)
        try:
            account = self._simulator.account(key)
        except (KeyWordsError, UnknownKeyError) as problem:
            raise AccountError(str(problem)) from None
        account.pinned = True
        return account

    def change(self, key: str, change: Change[Changed]) -> Changed:
        """Apply a pure function to an account."""
        result = self._simulator.store.change(self.hold(key), change)
        if isinstance(result, Awaitable):
            raise MockServerError(_SHARED)
        return result


class MockServer:
    """A server that starts in a thread and stops with the `with` block.

        with MockServer(tier=1, credits="5.00") as server:
            client = OpenAI(base_url=server.base_url, api_key=server.account.key)

    Any number of them run side by side. One that was stopped may be started again, with the state it had.

    Args:
        settings: those of the command line, with underscores; the port is a free one unless it is named.

    Attributes:
        settings: as they came out.
        simulator: the core.
        accounts: by key.

    Raises:
        SettingError: a setting that cannot be used.
        CannotListenError: the port is in use (when the block is entered).
    """

    def __init__(self, **settings: Any) -> None:
        self._take(python_settings(settings))

    @classmethod
    def with_settings(cls, settings: Settings) -> Self:
        """Make a server of settings that have been gathered already."""
        server = cls.__new__(cls)
        server._take(settings)
        return server

    def _take(self, settings: Settings) -> None:
        self.settings = settings
        self.simulator = build_simulator(settings)
        self.accounts = Accounts(self.simulator)
        self._service: Service | None = None
        self._thread: threading.Thread | None = None

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
        return self._running().address.base_url

    @property
    def websocket_base_url(self) -> str:
        """The same for WebSockets, for clients that do not derive it."""
        return self._running().address.websocket_base_url

    @property
    def control_url(self) -> str:
        """The control API."""
        return self._running().address.control_url

    @property
    def ca_file(self) -> str | None:
        """Under `tls`: the file with the certificate of the authority that clients must trust."""
        return self._running().ca_file

    @property
    def address(self) -> Address:
        """Where it is reached, and by which URLs."""
        return self._running().address

    @property
    def trust_variables(self) -> Mapping[str, str]:
        """Environment variables by which other programs trust that authority; empty without `tls`."""
        return self._running().trust_variables

    @property
    def clock(self) -> Clock:
        """What time it is, and `advance`."""
        return self.simulator.clock

    @property
    def account(self) -> AccountHandle:
        """The account that is meant when no key is named; `account.key` is its key, `account(key)` is another's."""
        return self.accounts[self.settings.client_key]

    @property
    def journal(self) -> Journal:
        """What happened."""
        return self.simulator.journal

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self.simulator.faults

    @property
    def rules(self) -> Rules:
        """What the model says, and when."""
        return self.simulator.rules

    @property
    def calls(self) -> IncomingCalls:
        """Realtime calls by telephone: `ring` lets one come in."""
        return IncomingCalls(LocalCalls(self.simulator), self.settings.client_key)

    def play(self, scenario: Any) -> None:
        """Begin a story, for the accounts and the calls that are to come; a reset ends it.

        Args:
            scenario: the name of a ready one, the path of a file, a table, or a `Scenario`.

        Raises:
            ScenarioError: there is none, or it cannot be understood.
        """
        find_scenario(scenario).apply(self.simulator)

    def reset(self) -> None:
        """Forget accounts, faults, rules and the journal, and take back every move of the clock.

        Rules of the settings stay.
        """
        if self.simulator.reset() is not None:
            raise MockServerError(_SHARED)

    def renew(self) -> None:
        """Begin anew on another free port: whoever still talks to the old one reaches nobody any more.

        Raises:
            MockServerError: it does not run.
        """
        self._running().move()
        self.reset()

    def connection(self) -> socket:
        """A connection to this server without a port and without a name to look up: the end of a pair of sockets.

        For libraries that connect by themselves but take a socket, as `websockets` and with it realtime sessions of
        the SDK do. It speaks no TLS.

        Raises:
            MockServerError: it does not run, or speaks TLS.
        """
        if self.settings.tls:
            raise MockServerError("A connection without a port speaks no TLS; start the server without 'tls'.")
        return self._running().connection()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Within the block connections are refused, as of a server that is down; then the same port answers again.

        Also for the transports of this server that need no socket. Whoever is connected is cut off.

        Raises:
            CannotListenError: somebody else took the port meanwhile.
        """
        service = self._service
        if service is not None:
            service.refuse()
        self.simulator.refuses_connections = True
        try:
            yield
        finally:
            self.simulator.refuses_connections = False
            if service is not None and service is self._service:
                service.accept()

    def start(self) -> Self:
        """Listen and answer; returns when the first request would be answered.

        Raises:
            CannotListenError: the port is in use, may not be used, or the host is not this machine.
            MockServerError: it runs already, or does not come up.
        """
        if self._thread is not None:
            raise MockServerError("This server is running already.")
        service = self._service = Service(self.settings, self.simulator)
        ready = threading.Event()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                service.run(ready.set)
            except BaseException as failure:
                failures.append(failure)
            finally:
                ready.set()

        self._thread = threading.Thread(target=run, name="understudy", daemon=True)
        # A script that ends without `stop` still closes its streams and removes its files.
        atexit.register(self.stop)
        self._thread.start()
        try:
            came_up = ready.wait(_START_SECONDS) and not failures
        except BaseException:
            self.stop()
            raise
        if not came_up:
            self.stop()
            cause = failures[0] if failures else None
            raise MockServerError(f"The server did not start: {cause or 'no answer'}.") from cause
        return self

    def stop(self) -> None:
        """Close streams and sockets and end the thread, within a second."""
        atexit.unregister(self.stop)
        service, self._service = self._service, None
        thread, self._thread = self._thread, None
        if service is None or thread is None:
            return
        with service:
            service.stop()
            thread.join(_STOP_SECONDS)
        if thread.is_alive():
            raise MockServerError(f"The server did not stop within {_STOP_SECONDS} seconds.")

    def _running(self) -> Service:
        if self._service is None:
            raise MockServerError("This server is not running: use it in a with block, or call start().")
        return self._service
