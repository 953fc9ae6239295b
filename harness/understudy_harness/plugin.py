"""The pytest plugin: fixtures and markers only.

Nothing of the server is imported until a fixture needs it, so that a test run which never uses Understudy pays
next to nothing for having it installed.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from understudy import MockServer


@pytest.fixture(scope="session")
def understudy_server() -> Iterator[MockServer]:
    """The server of this test session, started at its first use; tests ask for `mockserver` instead."""
    from understudy import MockServer

    with MockServer() as server:
        yield server


@pytest.fixture
def mockserver(understudy_server: MockServer) -> Iterator[MockServer]:
    """A mock server that nothing has happened to: fresh accounts, journal, faults and clock."""
    understudy_server.reset()
    yield understudy_server
    understudy_server.reset()


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
