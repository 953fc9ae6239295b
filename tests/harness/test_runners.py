"""The plugin under the runners that people use: pytest-xdist, pytest-asyncio, anyio and unittest."""

from __future__ import annotations

import pytest
from tests.projects import without_plugins


def test_xdist_gives_each_worker_a_server_of_its_own(pytester: pytest.Pytester) -> None:
    """Journals, limits and balances are each worker's."""
    pytest.importorskip("xdist")
    pytester.makepyfile(
        """
        import os
        import pytest

        HELLO = [{"role": "user", "content": "Say hello"}]

        @pytest.mark.understudy(tier=1, credits="5.00")
        @pytest.mark.parametrize("number", range(12))
        def test_alone(number, mockserver, openai_client):
            assert os.environ["PYTEST_XDIST_WORKER"].startswith("gw")
            openai_client.chat.completions.create(model="gpt-4o", messages=HELLO)
            assert len(mockserver.journal) == 1
            assert mockserver.account.spent < 5
        """
    )
    pytester.runpytest_subprocess(*without_plugins("xdist"), "-n", "2").assert_outcomes(passed=12)


def test_asynchronous_tests_of_pytest_asyncio(pytester: pytest.Pytester) -> None:
    """Each test has a loop of its own, and the client no connection out of another's."""
    pytest.importorskip("pytest_asyncio")
    pytester.makepyfile(
        """
        import asyncio
        import pytest

        HELLO = [{"role": "user", "content": "Say hello"}]

        @pytest.mark.asyncio
        @pytest.mark.parametrize("number", range(3))
        async def test_asked(number, mockserver, async_openai_client):
            ask = async_openai_client.chat.completions.create
            answers = await asyncio.gather(*(ask(model="gpt-4o", messages=HELLO) for _ in range(4)))
            assert len(answers) == len(mockserver.journal) == 4

        @pytest.mark.asyncio
        async def test_sleeping_costs_nothing(mockserver, virtual_clock):
            before = virtual_clock.now()
            with virtual_clock.patch_sleep():
                await asyncio.sleep(3600)
            assert virtual_clock.now() - before == 3_600_000_000
        """
    )
    settings = ("-o", "asyncio_default_fixture_loop_scope=function")
    pytester.runpytest_subprocess(*without_plugins("asyncio"), *settings).assert_outcomes(passed=4)


def test_asynchronous_tests_of_anyio(pytester: pytest.Pytester) -> None:
    """On asyncio, which the official client needs no more than that for."""
    pytester.makepyfile(
        """
        import anyio
        import pytest

        HELLO = [{"role": "user", "content": "Say hello"}]

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        @pytest.mark.parametrize("number", range(2))
        async def test_asked(number, mockserver, async_openai_client):
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(ask, async_openai_client)
            assert len(mockserver.journal) == 3

        async def ask(client):
            stream = await client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
            assert [chunk async for chunk in stream]
        """
    )
    pytester.runpytest_subprocess(*without_plugins("anyio")).assert_outcomes(passed=2)


def test_classes_of_unittest(pytester: pytest.Pytester) -> None:
    """Their methods take no fixtures: the server is an attribute."""
    pytester.makepyfile(
        """
        import unittest
        import openai
        import pytest

        HELLO = [{"role": "user", "content": "Say hello"}]

        @pytest.mark.understudy(tier=1)
        class Asked(unittest.TestCase):
            def ask(self):
                with openai.OpenAI(base_url=self.mockserver.base_url, api_key="sk-any") as client:
                    client.chat.completions.create(model="gpt-4o", messages=HELLO)

            def test_one(self):
                self.ask()
                self.assertEqual(len(self.mockserver.journal), 1)

            def test_two(self):
                self.ask()
                self.assertEqual(self.mockserver.account.tier, "tier1")
                self.assertEqual(len(self.mockserver.journal), 1)
        """
    )
    pytester.runpytest_subprocess(*without_plugins()).assert_outcomes(passed=2)
