"""The pytest plugin, as other projects use it: in a process of its own, without any conftest."""

from __future__ import annotations

import pytest


def test_fixtures_work_without_a_conftest(pytester: pytest.Pytester) -> None:
    """The server, both clients, the account, the clock and the journal."""
    pytester.makepyfile(
        """
        import asyncio

        HELLO = [{"role": "user", "content": "Say hello"}]

        def test_sync(mockserver, openai_client):
            openai_client.chat.completions.create(model="gpt-4o", messages=HELLO)
            assert len(mockserver.journal) == 1
            assert mockserver.journal[0].account == mockserver.account.id

        def test_async(mockserver, async_openai_client):
            async def ask():
                return await async_openai_client.chat.completions.create(model="gpt-4o", messages=HELLO)
            assert asyncio.run(ask()).choices
            assert len(mockserver.journal) == 1

        def test_clock(mockserver):
            before = mockserver.clock.now()
            mockserver.clock.advance(86_400)
            assert mockserver.clock.now() >= before + 86_400_000_000

        def test_the_clock_is_back(mockserver):
            import time
            assert abs(mockserver.clock.now() - time.time() * 1_000_000) < 60_000_000
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error").assert_outcomes(passed=4)


def test_each_test_starts_clean(pytester: pytest.Pytester) -> None:
    """Journal, faults, limits and balance of one test never reach the next; the server is the same."""
    pytester.makepyfile(
        """
        import pytest

        ports = set()

        @pytest.mark.parametrize("turn", range(3))
        def test_clean(turn, mockserver, openai_client):
            assert len(mockserver.journal) == 0
            assert mockserver.account.organization.ledger.balance == 1000 * 10**12
            assert not mockserver.faults
            ports.add(mockserver.base_url)
            assert len(ports) == 1
            mockserver.faults.add({"status": 500, "on": "9.."})
            answer = openai_client.chat.completions.with_raw_response.create(
                model="gpt-4o", messages=[{"role": "user", "content": "Say hello"}]
            )
            assert answer.headers["x-ratelimit-remaining-requests"] == "9999"
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=3)


def test_a_run_that_does_not_use_it_does_not_import_the_server(pytester: pytest.Pytester) -> None:
    """Having it installed costs next to nothing."""
    pytester.makepyfile(
        """
        import sys

        def test_light():
            loaded = {"understudy", "fastapi", "uvicorn", "msgspec", "splintr"} & set(sys.modules)
            assert not loaded
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_without_the_sdk_the_client_fixture_says_so(pytester: pytest.Pytester) -> None:
    """In one sentence."""
    pytester.makeconftest("import sys; sys.modules['openai'] = None")
    pytester.makepyfile("def test_client(openai_client): pass")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the fixture openai_client needs the package 'openai'*"])
