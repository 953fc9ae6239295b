"""The pytest plugin: fixtures, the marker, options, and what a failed test is told.

Nothing of the server is imported until a fixture needs it, so that a test run which never uses Understudy pays
next to nothing for having it installed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from understudy import MockServer
    from understudy_harness.escapes import EscapeGuard
    from understudy_harness.sleeping import TestClock

FIXTURES = frozenset(
    (
        "mockserver",
        "mockserver_env",
        "mockserver_patch",
        "openai_client",
        "async_openai_client",
        "virtual_clock",
        "understudy_server",
    )
)
MARKER = "understudy"
_GUARD: pytest.StashKey[EscapeGuard] = pytest.StashKey()
_SERVER: pytest.StashKey[MockServer] = pytest.StashKey()
_MARKER_HELP = (
    "understudy(tier, credits, plan, usage_limit, spend_limit, auto_recharge, limits, scenario, faults, rules, "
    "latency, seed): what the accounts of this test start with, and what happens to them."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ours."""
    group = parser.getgroup("understudy", "Understudy, a local stand-in for the OpenAI API")
    group.addoption(
        "--understudy-seed",
        metavar="N",
        type=int,
        default=0,
        help="Decides everything by chance: same seed and calls, same bytes. Shown when a test fails. Default: 0.",
    )
    group.addoption(
        "--understudy-url",
        metavar="URL",
        default=None,
        help="Base URL (with /v1) of a server that is running already, to use in place of one in this process.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER_HELP)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before a test that uses us: no call may escape to the real API."""
    if not _is_ours(item):
        return
    from understudy_harness.escapes import EscapeGuard

    names: Any = getattr(item, "fixturenames", ())
    item.stash[_GUARD] = guard = EscapeGuard(patched="mockserver_patch" in names)
    guard.start()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """After its fixtures are gone, the guard goes too."""
    try:
        return (yield)
    finally:
        guard = item.stash.get(_GUARD, None)
        if guard is not None:
            guard.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that let a call escape, and tell of a failed one what happened."""
    report = yield
    if report.when == "call" and report.failed:
        _tell_how_to_replay(item, call, report)
    guard = item.stash.get(_GUARD, None)
    if guard is None:
        return report
    if guard.escaped and report.when in ("call", "teardown") and not report.skipped:
        told = "\n".join(map(guard.sentence, guard.escaped))
        if report.passed:
            report.outcome = "failed"
            report.longrepr = told
        else:
            report.sections.append(("Understudy: calls that escaped", told))
        guard.escaped = []
    server = item.stash.get(_SERVER, None)
    if report.when == "call" and report.failed and server is not None:
        from understudy_harness.expect import story

        told = story(tuple(server.journal))
        if getattr(server, "simulator", None) is not None:
            told += f"\n\nTo repeat it: --understudy-seed={server.simulator.settings.seed}"
        report.sections.append(("Understudy: the calls of this test", told))
    return report


def _tell_how_to_replay(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Write the last example of a failed Hypothesis test as a scenario, and say where."""
    if "hypothesis" not in sys.modules:
        return
    from understudy_harness.replays import scenario_text, write_scenario

    machines = sys.modules.get("understudy_harness.strategies.machines")
    server: Any = item.stash.get(_SERVER, None)
    text = ""
    if machines is not None and call.excinfo is not None and isinstance(call.excinfo.value, machines.LifeError):
        text = machines.last_life()
    elif server is not None and getattr(server, "simulator", None) is not None and len(server.journal):
        if not getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            return
        from understudy_harness.marking import account_of

        text = scenario_text(server, item.name, account_of(item))
    if text:
        path = write_scenario(item.config.rootpath, item.nodeid, text)
        report.sections.append(("Understudy: to replay it", f"understudy scenarios run {path}"))


@pytest.fixture(scope="session")
def understudy_server(pytestconfig: pytest.Config) -> Iterator[MockServer]:
    """The server of this test session, started at its first use; tests ask for `mockserver` instead."""
    url = pytestconfig.getoption("--understudy-url")
    if url is not None:
        from understudy_harness.remote import RemoteServer, RemoteServerError

        try:
            # The same words as those of a MockServer, as far as they can be said from elsewhere.
            elsewhere: Any = RemoteServer(url)
        except RemoteServerError as problem:
            raise pytest.UsageError(f"--understudy-url: {problem}") from None
        yield elsewhere
        return
    from understudy import MockServer

    with MockServer(seed=pytestconfig.getoption("--understudy-seed")) as server:
        yield server


@pytest.fixture
def mockserver(understudy_server: MockServer, request: pytest.FixtureRequest) -> Iterator[MockServer]:
    """A mock server that nothing has happened to: fresh accounts, journal, faults, rules and clock.

    Each test has a port of its own, so that a late request of one test never enters the next one.
    """
    from understudy_harness.marking import apply_marker

    server, node = understudy_server, request.node
    server.reset()
    node.stash[_SERVER] = server
    try:
        apply_marker(server, node)
        instance = request.instance
        if instance is not None and hasattr(instance, "assertEqual"):
            # Methods of unittest.TestCase take no fixtures.
            instance.mockserver = server
        yield server
    finally:
        server.renew()


@pytest.fixture
def mockserver_env(mockserver: MockServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Variables by which programs and frameworks find `mockserver`, set for this process and all that it starts.

    OPENAI_BASE_URL and OPENAI_API_KEY; with `tls` also those that make programs trust it.
    """
    host = mockserver.address.reachable_host
    variables = {
        "OPENAI_BASE_URL": mockserver.base_url,
        "OPENAI_API_KEY": mockserver.account.key,
        **mockserver.trust_variables,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        # A proxy knows nothing of this machine's loopback.
        monkeypatch.setenv(name, host, prepend=",")
    return variables


@pytest.fixture
def mockserver_patch(mockserver: MockServer) -> Iterator[MockServer]:
    """`mockserver`, which also answers what httpx and httpx2 send to `https://api.openai.com`.

    For code whose client cannot be pointed elsewhere. Requests to other hosts go where they went.
    """
    from understudy_harness.patching import Patch

    patch = Patch(mockserver)
    patch.start()
    try:
        yield mockserver
    finally:
        patch.stop()


@pytest.fixture
def virtual_clock(mockserver: MockServer) -> Iterator[TestClock]:
    """The clock of `mockserver`, which stands still until it is advanced, and jumps over the server's own waits.

    Of a server elsewhere it is what that was started with.
    """
    from understudy.core.clock import VirtualClock
    from understudy_harness.sleeping import TestClock

    simulator: Any = mockserver.simulator  # None of a server elsewhere
    if simulator is None:
        yield TestClock(mockserver)
        return
    passing = simulator.clock
    simulator.clock = VirtualClock(passing.now(), autojump=True)
    try:
        yield TestClock(mockserver)
    finally:
        simulator.clock = passing


@pytest.fixture
def openai_client(mockserver: MockServer) -> Iterator[OpenAI]:
    """The official client, pointed at `mockserver` with the key of the test's own account."""
    openai = pytest.importorskip("openai", reason="the fixture openai_client needs the package 'openai'")
    client = openai.OpenAI(
        base_url=mockserver.base_url,
        websocket_base_url=mockserver.websocket_base_url,
        api_key=mockserver.account.key,
    )
    with client:
        yield client


@pytest.fixture
def async_openai_client(mockserver: MockServer) -> AsyncOpenAI:
    """The official asynchronous client, for any event loop: pytest-asyncio's, anyio's or `asyncio.run`.

    It keeps no connection open between calls, so that none outlives the test's loop.
    """
    openai = pytest.importorskip("openai", reason="the fixture async_openai_client needs the package 'openai'")
    http = importlib.import_module(openai.DefaultAsyncHttpxClient.__mro__[1].__module__.partition(".")[0])
    client: AsyncOpenAI = openai.AsyncOpenAI(
        base_url=mockserver.base_url,
        websocket_base_url=mockserver.websocket_base_url,
        api_key=mockserver.account.key,
        http_client=openai.DefaultAsyncHttpxClient(limits=http.Limits(max_keepalive_connections=0)),
    )
    return client


def _is_ours(item: pytest.Item) -> bool:
    names: Any = getattr(item, "fixturenames", ())
    return not FIXTURES.isdisjoint(names) or item.get_closest_marker(MARKER) is not None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each example of a Hypothesis test that uses us starts clean."""
    if "hypothesis" not in sys.modules:
        return
    from understudy_harness.examples import start_examples_clean

    for item in items:
        if _is_ours(item):
            start_examples_clean(item, FIXTURES, lambda item: item.stash.get(_SERVER, None))


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Whoever has the marker has the server too: what it says must not be said in vain."""
    names: Any = getattr(item, "fixturenames", None)
    if isinstance(names, list) and "mockserver" not in names and item.get_closest_marker(MARKER) is not None:
        names.append("mockserver")
