"""Accounts over the control API: what is there, what is set, and what is refused without a change."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from understudy import MockServer
from understudy.core.spoken_answers import SpokenAnswer

KEY = "sk-tier1-credits-0-control"
CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def server(running: MockServer) -> MockServer:
    running.reset()
    return running


def call(server: MockServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{server.control_url}{path}",
        None if body is None else json.dumps(body).encode(),
        {"content-type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)
    return answer.status, json.loads(text) if text else None


def chat(server: MockServer, key: str) -> int:
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions",
        json.dumps(CHAT).encode(),
        {"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def test_limit_buy_balance_go_on(server: MockServer) -> None:
    """The circle: without credits 429, after a purchase the next call succeeds and is charged."""
    assert chat(server, KEY) == 429
    status, account = call(server, "POST", f"/accounts/{KEY}/credits", {"amount": "5.00"})
    assert (status, account["balance"], account["tier"]) == (200, "5.00", "tier1")
    assert chat(server, KEY) == 200
    status, ledger = call(server, "GET", f"/accounts/{KEY}/ledger")
    assert status == 200
    assert [entry["kind"] for entry in ledger["entries"]] == ["grant", "charge"]
    _, account = call(server, "GET", f"/accounts/{KEY}")
    assert account["balance"] == ledger["balance"] < "5.00"
    assert account["spent"] == ledger["entries"][1]["amount"].removeprefix("-")


def test_an_account_is_found_by_its_id_too(server: MockServer) -> None:
    """Which is what journals show."""
    _, by_key = call(server, "GET", f"/accounts/{KEY}")
    assert call(server, "GET", f"/accounts/{by_key['id']}") == (200, by_key)
    assert by_key["key"] == "sk-tier1**************trol"
    assert KEY not in json.dumps(call(server, "GET", "/accounts"))


def test_buying_promotes(server: MockServer) -> None:
    """At once: the limits of the next call are those of the new tier."""
    call(server, "POST", f"/accounts/{KEY}/credits", {"amount": "50.00"})
    _, account = call(server, "GET", f"/accounts/{KEY}")
    assert account["tier"] == "tier2"
    assert account["usage_limit"] == "500.00"
    _, limits = call(server, "GET", f"/accounts/{KEY}/limits/gpt-4o-mini")
    assert limits["limits"]["tpm"] == 2_000_000


def test_facts_are_set_together(server: MockServer) -> None:
    """And read back."""
    recharge = {"threshold": "1", "target": "10", "monthly_cap": "30"}
    facts = {"tier": "4", "credits": "0.5", "spend_limit": "20", "auto_recharge": recharge, "plan": "plus"}
    status, account = call(server, "PATCH", f"/accounts/{KEY}", facts)
    assert status == 200
    # Half a dollar is below the threshold: it is bought up to ten at once.
    assert (account["tier"], account["balance"], account["spend_limit"]) == ("tier4", "10.00", "20.00")
    assert account["auto_recharge"] == {"threshold": "1.00", "target": "10.00", "monthly_cap": "30.00"}
    status, account = call(server, "PATCH", f"/accounts/{KEY}", {"auto_recharge": None, "spend_limit": None})
    assert (status, account["auto_recharge"], account["spend_limit"]) == (200, None, None)


def test_a_granted_increase_stands_above_the_tier(server: MockServer) -> None:
    """Until it is taken back; a project may have less."""
    path = f"/accounts/{KEY}/limits/gpt-4o-mini"
    _, granted = call(server, "PUT", path, {"rpm": 9_000, "tpm": 10})
    assert (granted["limits"]["rpm"], granted["limits"]["tpm"]) == (9_000, 200_000)
    _, own = call(server, "PUT", f"{path}?scope=project", {"rpm": 2})
    assert own["project_limits"] == {"rpm": 2}
    call(server, "PATCH", f"/accounts/{KEY}", {"credits": "1"})
    assert [chat(server, KEY) for _ in range(3)] == [200, 200, 429]
    _, back = call(server, "DELETE", path)
    assert back["limits"]["rpm"] == 500
    _, back = call(server, "DELETE", f"{path}?scope=project")
    assert back["project_limits"] is None


def test_a_forgotten_account_starts_anew(server: MockServer) -> None:
    """From the words of its key."""
    call(server, "POST", f"/accounts/{KEY}/credits", {"amount": "7"})
    assert call(server, "DELETE", f"/accounts/{KEY}") == (204, None)
    assert call(server, "GET", f"/accounts/{KEY}")[1]["balance"] == "0.00"


def test_a_forgotten_account_has_no_cached_prompt(server: MockServer) -> None:
    """Nor the answers it was given."""
    simulator = server.simulator
    call(server, "PATCH", f"/accounts/{KEY}", {"credits": "1"})
    organization = simulator.account(KEY).organization.id
    simulator.prompts.reuse(organization, b"", range(2_000), simulator.clock.now())
    simulator.spoken.keep(organization, "audio_1", SpokenAnswer("Hello", 10, simulator.clock.now()))
    call(server, "DELETE", f"/accounts/{KEY}")
    assert len(simulator.prompts) == len(simulator.spoken) == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "credits", {"amount": "much"}, 400, "amount cannot be 'much'; accepted: US dollars"),
        ("POST", "credits", {"amount": "0"}, 400, "cannot be 0"),
        ("POST", "credits", {"amount": "-1"}, 400, "amount cannot be '-1'"),
        ("POST", "credits", {"amount": "5", "expires": "2001-01-01"}, 400, "a moment in the future"),
        ("POST", "credits", {"amount": "5", "expires": "soon"}, 400, "'soon' is no ISO 8601 date"),
        ("POST", "credits", {"amount": "5", "kind": "stolen"}, 400, "kind"),
        ("POST", "credits", {"amount": "5", "to": "me"}, 400, "to"),
        ("POST", "credits", {}, 400, "amount"),
        ("PATCH", "", {"tier": "7"}, 400, "tier cannot be '7'; accepted: free, 1, 2, 3, 4 or 5"),
        ("PATCH", "", {"tier": "2", "credits": "lots"}, 400, "credits cannot be 'lots'"),
        ("PATCH", "", {"tier": None}, 400, "tier cannot be null"),
        ("PATCH", "", {"tier": "2", "auto_recharge": {"threshold": 5, "target": 5}}, 400, "more than the threshold"),
        ("PATCH", "", {"tier": "2", "status": "asleep"}, 400, "status cannot be 'asleep'; accepted: active"),
        ("PATCH", "", {"tier": "2", "plan": "gold"}, 400, "plan cannot be 'gold'"),
        ("PUT", "limits/gpt-nope", {"rpm": 5}, 400, "There is no model 'gpt-nope'"),
        ("PUT", "limits/gpt-4o", {"rpm": 0}, 400, "rpm cannot be 0; accepted: a whole number above 0"),
        ("PUT", "limits/gpt-4o", {"rps": 5}, 400, "rps"),
    ],
)
def test_bad_input_is_refused_in_a_sentence_and_changes_nothing(
    server: MockServer, method: str, path: str, body: Any, status: int, words: str
) -> None:
    """With what is accepted."""
    _, before = call(server, "GET", f"/accounts/{KEY}")
    refused, answer = call(server, method, f"/accounts/{KEY}/{path}".rstrip("/"), body)
    assert refused == status
    assert words in answer["error"]
    assert call(server, "GET", f"/accounts/{KEY}") == (200, before)


def test_what_names_no_account_is_not_found(server: MockServer) -> None:
    """An id that was never given, and a key whose words contradict each other."""
    assert call(server, "GET", "/accounts/acct_nope") == (
        404,
        {"error": "GET /_understudy/accounts/acct_nope: There is no account 'acct_nope'."},
    )
    status, answer = call(server, "GET", "/accounts/sk-tier1-tier2-x")
    assert (status, answer["error"].partition(": ")[2]) == (400, "This key says its usage tier twice, differently.")


def test_every_path_is_documented(server: MockServer) -> None:
    """With the shape of what it answers."""
    _, document = call(server, "GET", "/openapi.json")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            answer = operation["responses"].get("200")
            kinds = [] if answer is None else list(answer["content"].values())
            assert all(kind["schema"] for kind in kinds), (method, path)
            assert answer is None or kinds, (method, path)
    assert "/_understudy/accounts/{account}/credits" in document["paths"]
