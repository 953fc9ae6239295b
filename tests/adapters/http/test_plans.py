"""Plans over the control API: limit, buy, balance, go on."""

from __future__ import annotations

import dataclasses
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from understudy import MockServer
from understudy.core.account_changes import AccountError

KEY = "sk-plus-control"
PLAN = f"/accounts/{KEY}/plan"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(clock="virtual") as server:
        yield server


@pytest.fixture(autouse=True)
def fresh(server: MockServer) -> None:
    server.reset()


def call(server: MockServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{server.control_url}{path}",
        None if body is None else json.dumps(body).encode(),
        {"content-type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def turn(server: MockServer) -> tuple[int, dict[str, str]]:
    body = {"model": "gpt-5.4", "input": [{"role": "user", "content": "Hello"}], "store": False, "stream": True}
    request = urllib.request.Request(
        server.base_url.removesuffix("/v1") + "/backend-api/codex/responses",
        json.dumps(body).encode(),
        {"authorization": f"Bearer {KEY}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            answer.read()
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as refused:
        return refused.code, dict(refused.headers)


def test_limit_buy_balance_go_on(server: MockServer) -> None:
    """The circle, over http alone."""
    assert turn(server)[0] == 200
    status, plan = call(server, "PATCH", PLAN, {"primary_used_percent": 100})
    assert (status, plan["allowed"], plan["primary"]["used_percent"]) == (200, False, 100)
    assert turn(server)[0] == 429
    status, plan = call(server, "POST", f"{PLAN}/credits", {"credits": "25"})
    assert (status, plan["allowed"], plan["credits"]) == (200, True, "25")
    status, headers = turn(server)
    assert (status, headers["x-codex-credits-balance"]) == (200, "25")
    plan = call(server, "GET", PLAN)[1]
    assert plan["charged_to_credits"] not in ("0", None)
    assert plan["credits"].startswith("24.9")


def test_an_allowance_of_ones_own(server: MockServer) -> None:
    """Small enough to be reached by one turn."""
    plan = call(server, "PATCH", PLAN, {"plan": "pro", "mode": "fixed", "primary_allowance": "0.000001"})[1]
    assert (plan["plan"], plan["mode"], plan["primary"]["allowance"]) == ("pro", "fixed", "0.000001")
    assert turn(server)[0] == 200
    assert turn(server)[0] == 429
    server.clock.advance(5 * 3600)
    assert turn(server)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "word"),
    [
        ("PATCH", PLAN, {"plan": "gold"}, "There is no plan 'gold'"),
        ("PATCH", PLAN, {"mode": "soft"}, "mode cannot be 'soft'"),
        ("PATCH", PLAN, {"primary_used_percent": 101}, "0 to 100"),
        ("PATCH", PLAN, {"plan": "free", "secondary_used_percent": 5}, "no secondary window"),
        ("PATCH", PLAN, {"primary_allowance": "0"}, "primary_allowance cannot be 0"),
        ("PATCH", PLAN, {"primary_allowance": "a lot"}, "primary_allowance cannot be 'a lot'"),
        ("PATCH", PLAN, {"videos_used": 31}, "0 to 30"),
        ("PATCH", PLAN, {"colour": "red"}, "colour"),
        ("POST", f"{PLAN}/credits", {"credits": "-5"}, "credits cannot be '-5'"),
        ("POST", f"{PLAN}/credits", {"credits": 0}, "credits cannot be 0"),
        ("POST", f"{PLAN}/credits", {}, "credits"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    server: MockServer, method: str, path: str, body: Any, word: str
) -> None:
    """One sentence, 400, and the plan as it was."""
    before = call(server, "GET", PLAN)[1]
    status, refused = call(server, method, path, {**body, **({"plan": "pro"} if "mode" in body else {})})
    assert status == 400
    assert word in refused["error"]
    assert call(server, "GET", PLAN)[1] == before


def test_python_says_the_same(server: MockServer) -> None:
    """The account's handle: set, buy, look."""
    account = server.accounts[KEY]
    assert account.set_plan(primary_used_percent=100).allowed is False
    assert account.buy_plan_credits("9.99").credits == "9.99"
    assert call(server, "GET", PLAN)[1] == dataclasses.asdict(account.plan())
    for facts, word in (
        ({"colour": "red"}, "A plan has no 'colour'"),
        ({"primary_used_percent": "50"}, "accepted: a whole number"),
        ({"plan": 7}, "accepted: a word"),
    ):
        with pytest.raises(AccountError, match=word):
            account.set_plan(**facts)
    with pytest.raises(AccountError, match="credits cannot be 'True'"):
        account.buy_plan_credits(True)


def test_no_credits_in_fixed_mode(server: MockServer) -> None:
    """Before they could be bought."""
    call(server, "PATCH", PLAN, {"mode": "fixed"})
    status, refused = call(server, "POST", f"{PLAN}/credits", {"credits": "25"})
    assert status == 400
    assert "No credits were bought: in mode fixed there are none; set the mode to flexible." in refused["error"]


def test_settings_decide_plan_and_mode() -> None:
    """Of keys and logins that name none."""
    with MockServer(plan="go", mode="fixed") as server:
        plan = call(server, "GET", "/accounts/sk-any/plan")[1]
    assert (plan["plan"], plan["mode"]) == ("go", "fixed")
    with MockServer(date="2025-10-29") as server:
        assert call(server, "GET", "/accounts/sk-any/plan")[1]["mode"] == "fixed"
