"""`mockserver_patch`: code that can only ask https://api.openai.com is answered, with httpx and with httpx2."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
import respx

from understudy import MockServer
from understudy_harness.expect import expect
from understudy_harness.patching import LIBRARIES, Patch

if TYPE_CHECKING:
    from understudy_harness.sleeping import TestClock

URL = "https://api.openai.com/v1/chat/completions"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say one two three"}]}
HEAD = {"authorization": "Bearer sk-any-patched"}
INSTALLED = [name for name in LIBRARIES if find_spec(name) is not None]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing but the patch can lead to a mock server."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)


def test_the_sdk_needs_no_base_url(mockserver_patch: MockServer) -> None:
    """Synchronous, asynchronous, and as a stream that is left early."""
    with openai.OpenAI(api_key="sk-mine") as client:
        assert str(client.base_url) == "https://api.openai.com/v1/"
        messages: Any = BODY["messages"]
        answer = client.chat.completions.create(model="gpt-4o-mini", messages=messages)
        assert answer.choices[0].message.content == "One two three"
        with client.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True) as stream:
            next(iter(stream))

        async def ask() -> Any:
            async with openai.AsyncOpenAI(api_key="sk-mine") as other:
                return await other.chat.completions.create(model="gpt-4o-mini", messages=messages)

        assert asyncio.run(ask()).choices[0].message.content == "One two three"
    assert [entry.complete for entry in mockserver_patch.journal] == [True, False, True]
    expect(mockserver_patch.journal).to("/v1/chat/completions").called(3)


@pytest.mark.parametrize("name", INSTALLED)
def test_every_patched_library_is_answered(mockserver_patch: MockServer, name: str) -> None:
    """By functions, by clients of both kinds, and by transports that were made before."""
    library = import_module(name)
    assert library.post(URL, json=BODY, headers=HEAD).json()["choices"][0]["message"]["content"] == "One two three"
    with library.Client() as client, client.stream("POST", URL, json={**BODY, "stream": True}, headers=HEAD) as told:
        lines = [line for line in told.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert len(lines) > 4

    async def ask() -> Any:
        async with library.AsyncClient() as other:
            return await other.post(URL, json=BODY, headers=HEAD)

    assert asyncio.run(ask()).status_code == 200
    assert len(mockserver_patch.journal) == 3


@pytest.mark.parametrize("name", INSTALLED)
def test_faults_act(mockserver_patch: MockServer, name: str) -> None:
    """A reset is the library's own error."""
    library = import_module(name)
    mockserver_patch.faults.add({"on": 1, "silent": True, "end": "rst"}, {"on": 2, "status": 503})
    with pytest.raises(library.ReadError, match="reset by peer"):
        library.post(URL, json=BODY, headers=HEAD)
    assert library.post(URL, json=BODY, headers=HEAD).status_code == 503
    assert library.post(URL, json=BODY, headers=HEAD).status_code == 200


@pytest.mark.understudy(tier=1, credits="0.00")
def test_the_marker_sets_what_every_key_meets(mockserver_patch: MockServer) -> None:
    """As with the fixture mockserver."""
    messages: Any = BODY["messages"]
    with openai.OpenAI(api_key="sk-whatever", max_retries=0) as client, pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(model="gpt-4o-mini", messages=messages)
    assert refused.value.code == "insufficient_quota"


def test_a_back_off_costs_no_time(mockserver_patch: MockServer, virtual_clock: TestClock) -> None:
    """The SDK's own retries, on the virtual clock."""
    mockserver_patch.faults.add({"on": "1-2", "status": 503, "headers": {"retry-after": "20"}})
    with virtual_clock.patch_sleep(), openai.OpenAI(api_key="sk-mine") as client:
        messages: Any = BODY["messages"]
        client.chat.completions.create(model="gpt-4o-mini", messages=messages)
    expect(mockserver_patch.journal).to("/v1/chat/completions").retried(2).waited_at_least(20).and_then_succeeded()


def test_respx_mocks_all_others_at_the_same_time(mockserver_patch: MockServer) -> None:
    """Each has its hosts."""
    with respx.mock() as mocked:
        mocked.get("https://weather.example/rome").respond(json={"degrees": 21})
        assert httpx.get("https://weather.example/rome").json() == {"degrees": 21}
        assert httpx.post(URL, json=BODY, headers=HEAD).status_code == 200
        assert len(mocked.calls) == 1
    assert len(mockserver_patch.journal) == 1


def test_a_server_elsewhere_answers_over_its_socket() -> None:
    """As `--understudy-url` has it."""
    from understudy_harness.remote import RemoteServer

    with MockServer() as server:
        elsewhere: Any = RemoteServer(server.base_url)
        patch = Patch(elsewhere)
        patch.start()
        try:
            for name in INSTALLED:
                assert import_module(name).post(URL, json=BODY, headers=HEAD).status_code == 200
        finally:
            patch.stop()
        assert len(server.journal) == len(INSTALLED)


@pytest.fixture
def untouched() -> Iterator[None]:
    """The libraries are as they were, whatever the test does."""
    kinds = [
        getattr(import_module(name), kind) for name in INSTALLED for kind in ("HTTPTransport", "AsyncHTTPTransport")
    ]
    before = [dict(kind.__dict__) for kind in kinds]
    yield
    assert [dict(kind.__dict__) for kind in kinds] == before


@pytest.mark.usefixtures("untouched")
def test_afterwards_everything_is_as_it_was(pytester: pytest.Pytester) -> None:
    """Also when the test fails."""
    pytester.makepyfile(
        """
        import httpx

        before = httpx.HTTPTransport.handle_request

        def test_fails(mockserver_patch):
            assert httpx.HTTPTransport.handle_request is not before
            assert False

        def test_after():
            assert httpx.HTTPTransport.handle_request is before
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio").assert_outcomes(passed=1, failed=1)


def test_what_it_cannot_see_is_stopped_in_a_sentence(pytester: pytest.Pytester) -> None:
    """urllib, requests and aiohttp look the name up: the test fails and says what to use."""
    pytester.makepyfile(
        """
        import urllib.request

        def test_swallows(mockserver_patch):
            try:
                urllib.request.urlopen("https://api.openai.com/v1/models", timeout=1)
            except OSError:
                pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*mockserver_patch answers httpx and httpx2*mockserver_env*"])
