"""The pytest plugin, as other projects use it: in a process of its own, without any conftest."""

from __future__ import annotations

import pytest
from tests.projects import without_plugins


def run(pytester: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    """A project of one file, without any conftest."""
    pytester.makepyfile(code)
    return pytester.runpytest_subprocess(*without_plugins(), "-W", "error", *arguments)


def test_fixtures_work_without_a_conftest(pytester: pytest.Pytester) -> None:
    """The server, both clients, the account, the clock and the journal."""
    run(
        pytester,
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
        """,
    ).assert_outcomes(passed=4)


def test_each_test_starts_clean(pytester: pytest.Pytester) -> None:
    """Journal, faults, rules, limits and balance of one test never reach the next; the server is the same."""
    run(
        pytester,
        """
        import pytest

        servers = set()

        @pytest.mark.parametrize("turn", range(3))
        def test_clean(turn, mockserver, openai_client):
            assert len(mockserver.journal) == 0
            assert mockserver.account.organization.ledger.balance == 1000 * 10**12
            assert not mockserver.faults
            assert not mockserver.rules
            servers.add(mockserver)
            assert len(servers) == 1
            mockserver.faults.add({"status": 500, "on": "9.."})
            mockserver.rules.when(last_message="never").reply("never")
            answer = openai_client.chat.completions.with_raw_response.create(
                model="gpt-4o", messages=[{"role": "user", "content": "Say hello"}]
            )
            assert answer.headers["x-ratelimit-remaining-requests"] == "9999"
        """,
    ).assert_outcomes(passed=3)


def test_a_run_that_does_not_use_it_does_not_import_the_server(pytester: pytest.Pytester) -> None:
    """Having it installed costs next to nothing."""
    run(
        pytester,
        """
        import sys

        def test_light():
            loaded = {"understudy", "fastapi", "uvicorn", "msgspec", "splintr"} & set(sys.modules)
            assert not loaded
        """,
    ).assert_outcomes(passed=1)


def test_without_the_sdk_the_client_fixture_says_so(pytester: pytest.Pytester) -> None:
    """In one sentence."""
    pytester.makeconftest("import sys; sys.modules['openai'] = None")
    result = run(pytester, "def test_client(openai_client): pass", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the fixture openai_client needs the package 'openai'*"])


def test_a_late_request_never_enters_the_next_test(pytester: pytest.Pytester) -> None:
    """Neither over an open connection nor over a new one."""
    run(
        pytester,
        """
        import http.client, threading, time
        from urllib.parse import urlsplit

        left = {}

        def send(connection):
            connection.request("GET", "/v1/models/gpt-4o", headers={"authorization": "Bearer sk-late-0123456789"})
            return connection.getresponse().read()

        def test_first(mockserver):
            address = urlsplit(mockserver.base_url)
            left["address"] = address.hostname, address.port
            left["open"] = http.client.HTTPConnection(*left["address"], timeout=5)
            assert send(left["open"])
            assert len(mockserver.journal) == 1

        def test_second(mockserver):
            for connection in (left["open"], http.client.HTTPConnection(*left["address"], timeout=5)):
                try:
                    send(connection)
                except (OSError, http.client.HTTPException):
                    continue
                raise AssertionError("it was answered")
            assert len(mockserver.journal) == 0
        """,
    ).assert_outcomes(passed=2)


def test_the_marker_sets_every_account_that_the_test_uses_first(pytester: pytest.Pytester) -> None:
    """Account, faults, rules, latency; the closest marker has the last word, and the next test begins anew."""
    run(
        pytester,
        """
        import openai, pytest

        ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}]}

        @pytest.mark.understudy(tier=1, credits="5.00")
        class TestMarked:
            def test_class(self, mockserver):
                assert mockserver.account.tier == mockserver.accounts["sk-other"].tier == "tier1"
                assert str(mockserver.accounts["sk-third"].balance) == "5.00"

            @pytest.mark.understudy(tier=2, rules=[{"reply": "Scripted."}], faults={"on": 1, "status": 503})
            def test_closest(self, mockserver, openai_client):
                assert mockserver.account.tier == "tier2"
                assert str(mockserver.account.balance) == "5.00"
                client = openai_client.with_options(max_retries=0)
                with pytest.raises(openai.InternalServerError):
                    client.chat.completions.create(**ASK)
                assert client.chat.completions.create(**ASK).choices[0].message.content == "Scripted."

        def test_unmarked(mockserver):
            assert mockserver.account.tier == "tier5"

        @pytest.mark.understudy(scenario="overloaded", credits="0.50")
        def test_story(mockserver):
            assert [rule.table["answers"][0]["error"] for rule in mockserver.rules] == [503]
            assert str(mockserver.account.balance) == "0.50"

        @pytest.mark.understudy(latency="ttft=2s")
        def test_latency(mockserver, openai_client, virtual_clock):
            before = virtual_clock.now()
            openai_client.chat.completions.create(**ASK)
            assert virtual_clock.now() - before >= 2_000_000
        """,
    ).assert_outcomes(passed=5)


def test_a_seed_decides_and_is_told_when_a_test_fails(pytester: pytest.Pytester) -> None:
    """By the option for the run, by the marker for a test; beside it, the calls of the test."""
    code = """
        import pytest

        def ask(client):
            made = client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": "Tell me about rivers"}]
            )
            return made.choices[0].message.content

        words = []

        @pytest.mark.understudy(seed=7)
        def test_marked(openai_client):
            words.append(ask(openai_client))

        def test_fails(openai_client):
            words.append(ask(openai_client))
            assert len(words) == 2
            assert words[0] == words[1], "another seed"
        """
    run(pytester, code, "--understudy-seed=7").assert_outcomes(passed=2)
    failed = run(pytester, code, "--understudy-seed=8")
    failed.assert_outcomes(passed=1, failed=1)
    failed.stdout.fnmatch_lines(
        [
            "*Understudy: the calls of this test*",
            "#*at*key*call*model*status*took*charge*",
            "1*sk-under*POST /v1/chat/completions*gpt-4o*200*",
            "To repeat it: --understudy-seed=8",
        ]
    )


def test_a_marker_that_cannot_be_used_is_an_error_with_a_sentence(pytester: pytest.Pytester) -> None:
    """Even when the test asks for no fixture: it is never said in vain."""
    wrong = {
        "teir=1": "*@pytest.mark.understudy has no 'teir'; did you mean tier?*",
        "tier=9": "*@pytest.mark.understudy: scenario 'marker': 'account': tier cannot be 9; accepted: *",
        "scenario='none'": "*@pytest.mark.understudy: scenario 'none': there is none of that name*",
        "rules={'rely': 1}": "*@pytest.mark.understudy: Rule 1: 'rely' is not known*",
        "faults={'status': 99}": "*@pytest.mark.understudy: Fault: 'status' must be *",
        "seed='x'": "*@pytest.mark.understudy: seed must be a whole number*",
        "1": "*@pytest.mark.understudy takes keywords only, such as tier=1, not 1.*",
    }
    tests = [f"@pytest.mark.understudy({marker})\ndef test_{place}(): pass\n" for place, marker in enumerate(wrong)]
    result = run(pytester, "import pytest\n\n" + "\n".join(tests))
    result.assert_outcomes(errors=len(wrong))
    result.stdout.fnmatch_lines_random(list(wrong.values()))


def test_a_call_that_escapes_fails_the_test_even_when_it_is_swallowed(pytester: pytest.Pytester) -> None:
    """Sync and async, and in a thread; nothing leaves, and other tests are left alone."""
    result = run(
        pytester,
        """
        import asyncio, os, socket, threading
        import openai, pytest

        ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}]}

        def swallow():
            try:
                openai.OpenAI(api_key="sk-real", base_url="https://api.openai.com/v1", max_retries=0).models.list()
            except openai.APIConnectionError:
                pass

        def test_sync(mockserver):
            swallow()

        def test_async(mockserver):
            async def call():
                async with openai.AsyncOpenAI(api_key="sk", base_url="https://api.openai.com/v1", max_retries=0) as client:
                    try:
                        await client.models.list()
                    except openai.APIConnectionError:
                        pass
            asyncio.run(call())

        @pytest.mark.understudy(tier=1)
        def test_in_a_thread():
            thread = threading.Thread(target=swallow)
            thread.start()
            thread.join()

        def test_by_a_proxy(mockserver, monkeypatch):
            swallow()

        def test_no_escape(openai_client):
            assert openai_client.models.list().data

        def test_other():
            assert socket.getaddrinfo.__module__ == "socket"
        """,
    )
    result.assert_outcomes(passed=2, failed=4)
    result.stdout.fnmatch_lines(["*A call went to api.openai.com, not to the mock server, and was stopped: *"])


def test_a_proxy_does_not_let_a_call_escape(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look the name up itself."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    result = run(
        pytester,
        """
        import os, openai

        def test_escape(mockserver):
            try:
                openai.OpenAI(api_key="sk-real", base_url="https://api.openai.com/v1", max_retries=0).models.list()
            except openai.APIConnectionError:
                pass

        def test_afterwards():
            assert "openai.com" not in os.environ.get("NO_PROXY", "")
        """,
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*A call went to api.openai.com*"])


def test_programs_and_frameworks_find_the_server_by_variables(pytester: pytest.Pytester) -> None:
    """Set for the test alone, and for what it starts; methods of unittest have the server as an attribute."""
    run(
        pytester,
        """
        import os, subprocess, sys, unittest
        import openai, pytest

        PROGRAM = "import openai; print(openai.OpenAI().models.retrieve('gpt-4o').id)"

        def test_child(mockserver, mockserver_env):
            done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
            assert done.stdout == "gpt-4o\\n", done.stderr
            assert mockserver.journal[0].path == "/v1/models/gpt-4o"
            assert mockserver_env["OPENAI_BASE_URL"] == os.environ["OPENAI_BASE_URL"] == mockserver.base_url

        def test_gone():
            assert "OPENAI_BASE_URL" not in os.environ

        @pytest.mark.usefixtures("mockserver_env")
        class ModelsTest(unittest.TestCase):
            @pytest.mark.understudy(tier="free")
            def test_tier(self):
                with openai.OpenAI(max_retries=0) as client:
                    with self.assertRaises(openai.NotFoundError):
                        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
                self.assertEqual(len(self.mockserver.journal), 1)
        """.replace("\\\\n", "\\n"),
    ).assert_outcomes(passed=3)


def test_an_sdk_backs_off_without_any_time(pytester: pytest.Pytester) -> None:
    """Sync and async; the journal has the waits, on the virtual clock."""
    result = run(
        pytester,
        """
        import asyncio, time
        import pytest
        from understudy_harness.expect import expect

        ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}]}
        SLOW = [{"answers": [{"error": {"status": 429, "retry_after": 30}, "times": 2}, {"reply": "At last."}]}]

        @pytest.mark.understudy(rules=SLOW)
        def test_sync(mockserver, openai_client, virtual_clock):
            began = time.monotonic()
            with virtual_clock.patch_sleep():
                openai_client.chat.completions.create(**ASK)
            assert time.monotonic() - began < 5
            expect(mockserver.journal).retried(2).waited_at_least(30).waited_as_told().and_then_succeeded()

        @pytest.mark.understudy(rules=SLOW)
        def test_async(mockserver, async_openai_client, virtual_clock):
            async def ask():
                await async_openai_client.chat.completions.create(**ASK)
            began = time.monotonic()
            with virtual_clock.patch_sleep():
                asyncio.run(ask())
            assert time.monotonic() - began < 5
            expect(mockserver.journal).retried(2).waited_at_least(30).and_then_succeeded()

        def test_it_stands_still_and_is_put_back(mockserver, virtual_clock):
            before = virtual_clock.now()
            real = time.sleep
            with virtual_clock.patch_sleep():
                time.sleep(3600)
            assert time.sleep is real
            assert virtual_clock.now() == mockserver.clock.now() == before + 3_600_000_000

        def test_real_time_again(mockserver):
            assert abs(mockserver.clock.now() - time.time() * 1e6) < 60e6
        """,
    )
    result.assert_outcomes(passed=4)


def test_a_test_starts_nothing_after_the_first(pytester: pytest.Pytester) -> None:
    """Neither threads nor open files grow: what a test costs is a reset. Its time is a benchmark's matter."""
    result = run(
        pytester,
        """
        import os
        import threading

        import pytest

        seen = set()

        @pytest.mark.parametrize("turn", range(100))
        def test_quick(turn, mockserver):
            files = len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0
            if turn:
                seen.add((threading.active_count(), files))
                assert len(seen) <= 1, seen
        """,
    )
    result.assert_outcomes(passed=100)
