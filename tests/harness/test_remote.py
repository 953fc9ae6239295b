"""A server elsewhere, held like one of this process."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import openai
import pytest
from tests.projects import without_plugins

from understudy import MockServer
from understudy.core.rules import RuleError
from understudy_harness.expect import expect
from understudy_harness.remote import RemoteServer, RemoteServerError

ASK: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}]}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(clock="virtual", tier=1, credits="5.00") as server:
        yield server


@pytest.fixture(params=["here", "elsewhere"])
def held(request: pytest.FixtureRequest, server: MockServer) -> Any:
    """The same server, both ways."""
    server.reset()
    return server if request.param == "here" else RemoteServer(server.base_url)


def ask(held: Any, **more: Any) -> str | None:
    with openai.OpenAI(base_url=held.base_url, api_key=held.account.key, max_retries=0) as client:
        return client.chat.completions.create(**ASK, **more).choices[0].message.content


def test_accounts_are_read_and_set(held: Any) -> None:
    """Tier, credits, amounts."""
    assert (held.account.tier, held.account.balance) == ("tier1", Decimal("5.00"))
    held.account.set(tier=3, credits="0")
    assert held.account.tier == "tier3"
    with pytest.raises(openai.RateLimitError, match="exceeded your current quota"):
        ask(held)
    held.account.buy("7.00")
    held.account.give("1.00")
    assert ask(held)
    assert Decimal("7.99") < held.account.balance < Decimal("8.00")
    assert 0 < held.account.spent < Decimal("0.01")
    assert held.account("sk-other", tier=2).tier == "tier2"
    assert held.account.id.startswith("acct_")


def test_the_journal_is_asked_in_the_same_sentences(held: Any) -> None:
    """Entries are the same, with what the client was told."""
    held.rules.when().fail(429, times=1, retry_after=2).reply("Well.")
    with pytest.raises(openai.RateLimitError):
        ask(held)
    held.clock.advance(2)
    assert ask(held) == "Well."
    assert len(held.journal) == 2
    expect(held.journal).to("/v1/chat/completions").retried(1).waited_as_told().and_then_succeeded()
    assert held.journal[0].retry_after == 2
    assert held.journal[-1].usage.text_out == 2
    assert held.journal.select(key=held.account.key)[0].json["model"] == "gpt-4o"
    assert held.journal.select(model="gpt-5") == []
    assert len(held.journal.to_har()["log"]["entries"]) == 2


def test_rules_and_faults_are_set_and_taken_back(held: Any) -> None:
    """By builder and by table; a mistake is told at once."""
    held.rules.add({"name": "first", "when": {"last_message": "hello"}, "reply": "One."})
    held.rules.when(model="gpt-4o").reply("Two.", times=1).reply("Three.")
    assert len(held.rules) == 2
    assert ask(held) == "One."
    held.rules.remove("first")
    assert [ask(held), ask(held)] == ["Two.", "Three."]
    with pytest.raises(RuleError, match="'reply' must be a text"):
        held.rules.add({"reply": 5})
    held.rules.clear()
    assert not held.rules
    held.faults.add({"status": 503})
    assert len(held.faults) == 1
    with pytest.raises(openai.InternalServerError):
        ask(held)
    held.faults.clear()
    assert ask(held)


def test_the_clock_moves_forward_only(held: Any) -> None:
    """And shows what it was moved by."""
    before = held.clock.now()
    held.clock.advance(3600)
    assert held.clock.now() == before + 3_600_000_000
    with pytest.raises(ValueError, match="time only moves forward"):
        held.clock.advance(-1)
    held.reset()
    assert held.clock.now() == before


def test_what_cannot_be_said_from_elsewhere_is_refused(server: MockServer) -> None:
    """In one sentence each."""
    remote = RemoteServer(server.base_url)
    with pytest.raises(RuleError, match="cannot be sent to a server elsewhere"):
        remote.rules.when(where=len).reply("x")
    with pytest.raises(RemoteServerError, match="start it with --scenario NAME"):
        remote.play("overloaded")
    with pytest.raises(RemoteServerError, match="no URL of a server"):
        RemoteServer("localhost:8080")
    with pytest.raises(RemoteServerError, match=r"There is no Understudy server at http://127\.0\.0\.1:9/v1"):
        RemoteServer("http://127.0.0.1:9/v1")
    with pytest.raises(RemoteServerError, match="tier"):
        remote.account.set(tier=9)


def test_the_plugin_uses_a_server_that_runs_already(pytester: pytest.Pytester, server: MockServer) -> None:
    """With `--understudy-url`; what the control API cannot say is an error."""
    server.reset()
    pytester.makepyfile(
        """
        import pytest
        from understudy_harness.expect import expect

        ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}]}

        @pytest.mark.understudy(tier=2, rules={"reply": "Scripted."}, faults={"on": 1, "status": 503})
        def test_marked(mockserver, openai_client, virtual_clock, mockserver_env):
            assert mockserver.account.tier == "tier2"
            with virtual_clock.patch_sleep():
                assert openai_client.chat.completions.create(**ASK).choices[0].message.content == "Scripted."
            expect(mockserver.journal).retried(1).and_then_succeeded()

        def test_clean(mockserver):
            assert len(mockserver.journal) == 0
            assert mockserver.account.tier == "tier1"
            assert not mockserver.rules

        def test_fails(openai_client):
            openai_client.models.list()
            assert False

        @pytest.mark.understudy(seed=5)
        def test_seed():
            pass
        """
    )
    result = pytester.runpytest_subprocess(*without_plugins(), f"--understudy-url={server.base_url}")
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines(["*seed cannot be set of a server elsewhere*"])
    result.stdout.fnmatch_lines(["1*GET /v1/models*200*"])
    result = pytester.runpytest_subprocess(*without_plugins(), "--understudy-url=http://127.0.0.1:9/v1")
    result.stdout.fnmatch_lines(["*--understudy-url: There is no Understudy server at http://127.0.0.1:9/v1*"])
