"""ChatGPT's back end for Codex: turns, headers, refusals, usage, and the way back from a limit."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from understudy.core.clock import HOUR, MINUTE
from understudy.core.dates import midnight
from understudy.core.pacing import Pacing
from understudy.core.plans_accounts import PlanChange
from understudy.core.plans_table import CREDIT, format_credits
from understudy.core.pricing import DOLLAR

RESPONSES = "/backend-api/codex/responses"
USAGE = "/backend-api/wham/usage"
KEY = "sk-plus-codex"
HEADERS = [
    "x-codex-plan-type",
    "x-codex-active-limit",
    "x-codex-primary-used-percent",
    "x-codex-primary-window-minutes",
    "x-codex-primary-reset-at",
    "x-codex-primary-reset-after-seconds",
    "x-codex-secondary-used-percent",
    "x-codex-secondary-window-minutes",
    "x-codex-secondary-reset-at",
    "x-codex-secondary-reset-after-seconds",
    "x-codex-primary-over-secondary-limit-percent",
    "x-codex-credits-has-credits",
    "x-codex-credits-unlimited",
    "x-codex-credits-balance",
]


def bearer(plan: str, account: str = "acct-1") -> str:
    claims = {"https://api.openai.com/auth": {"chatgpt_plan_type": plan, "chatgpt_account_id": account}}
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims)]
    return ".".join([*parts, "unsigned"])


def turn(api: Any, text: str = "Say exactly: one two three", *, key: str = KEY, **fields: Any) -> Any:
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    body = {"model": "gpt-5.4", "input": [message], "store": False, "stream": True, **fields}
    return api.send("POST", RESPONSES, json.dumps(body).encode(), key=key)


def events(result: Any) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in result.body.decode().splitlines() if line.startswith("data: ")]


def use_up(api: Any, key: str = KEY, **change: Any) -> None:
    api.simulator.plans.set_plan(
        api.simulator.account(key), PlanChange(**(change or {"primary_used_percent": 100})), api.clock.now()
    )


def test_a_turn_comes_in_the_events_that_the_cli_reads(api: Any) -> None:
    """The order of a Responses stream, numbered from 0, whose deltas are the text, and the usage in the last alone."""
    result = turn(api)
    assert result.status == 200
    assert result.headers["content-type"] == "text/event-stream; charset=utf-8"
    told = events(result)
    kinds = [event["type"] for event in told]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    said = "".join(event["delta"] for event in told if event["type"] == "response.output_text.delta")
    item = told[-2]["item"]
    assert item["content"][0]["text"] == said == "one two three"
    assert item["id"][4:22] == told[-1]["response"]["id"][5:23]
    usage = told[-1]["response"]["usage"]
    assert usage["output_tokens"] == 3
    assert usage["total_tokens"] == usage["input_tokens"] + 3
    assert told[0]["response"]["usage"] is None


def test_a_turn_is_charged_to_the_allowance_by_the_rate_card(api: Any) -> None:
    """And neither to the platform's credits nor to its limits."""
    account = api.simulator.account(KEY)
    balance = account.organization.ledger.balance
    result = turn(api)
    usage = events(result)[-1]["response"]["usage"]
    cost = usage["input_tokens"] * 62_500_000 + usage["output_tokens"] * 375_000_000
    charged = api.simulator.plans.view(account, api.clock.now()).charged
    assert (charged.allowance, charged.credits) == (cost, 0)
    assert account.organization.ledger.balance == balance
    assert account.organization.usage.cells() == []
    assert not [name for name in result.headers if name.startswith("x-ratelimit")]


def test_fast_mode_costs_twice(api: Any) -> None:
    """The CLI says `service_tier` priority for it."""
    turn(api, key="sk-plus-slow")
    turn(api, key="sk-plus-fast", service_tier="priority")
    slow, fast = (
        api.simulator.plans.view(api.simulator.account(key), api.clock.now()).charged.allowance
        for key in ("sk-plus-slow", "sk-plus-fast")
    )
    assert fast == 2 * slow


def test_a_cut_turn_is_charged_for_what_was_made(make_api: Callable[..., Any]) -> None:
    """The deltas that were handed over, not the rest."""
    api = make_api()
    body = {
        "model": "gpt-5.4",
        "input": [{"role": "user", "content": "Say exactly: one two three"}],
        "store": False,
        "stream": True,
    }
    api.send("POST", RESPONSES, json.dumps(body).encode(), key=KEY, stop_after=6)
    (entry,) = api.simulator.journal.select(path=RESPONSES)
    assert (entry.usage.text_out, entry.complete) == (2, False)


def test_headers_on_200_and_429_are_the_same_set(api: Any) -> None:
    """Plan, windows and credits; a refusal says besides what was reached."""
    good = turn(api).headers
    use_up(api)
    bad = turn(api).headers
    for name in HEADERS:
        assert name in good, name
        assert name in bad, name
    assert good["x-codex-plan-type"] == "plus"
    assert (good["x-codex-primary-window-minutes"], good["x-codex-secondary-window-minutes"]) == ("300", "10080")
    assert good["x-codex-credits-has-credits"] == "False"
    assert int(good["x-codex-primary-reset-at"]) * 1_000_000 == api.clock.now() + 5 * HOUR
    assert bad["x-codex-primary-used-percent"] == "100"
    assert bad["x-codex-rate-limit-reached-type"] == "rate_limit_reached"
    assert "x-codex-rate-limit-reached-type" not in good


def test_limit_wait_and_go_on(make_api: Callable[..., Any]) -> None:
    """Fixed mode: the limit ends the work until the very second that the refusal names."""
    api = make_api(mode="fixed")
    turn(api)
    use_up(api)
    api.clock.advance(60)
    refused = turn(api)
    assert refused.status == 429
    wait = 5 * 3600 - 60
    assert refused.json == {
        "error": {
            "type": "usage_limit_reached",
            "message": "The usage limit has been reached",
            "plan_type": "plus",
            "resets_at": api.clock.now() // 1_000_000 + wait,
            "eligible_promo": None,
            "resets_in_seconds": wait,
        }
    }
    assert refused.headers["content-type"] == "application/json"
    assert "x-codex-credits-balance" not in refused.headers
    assert "retry-after" not in refused.headers
    api.clock.advance(wait - 1)
    assert turn(api).status == 429
    api.clock.advance(1)
    assert turn(api).status == 200


def test_limit_buy_balance_and_go_on(api: Any) -> None:
    """Flexible mode: purchased credits carry on at once, fall with every turn, and end in the same 429."""
    use_up(api)
    assert turn(api).status == 429
    account = api.simulator.account(KEY)
    api.simulator.plans.buy_credits(account, 3 * CREDIT // 1000, api.clock.now())
    first = turn(api)
    assert first.status == 200
    assert (first.headers["x-codex-credits-has-credits"], first.headers["x-codex-credits-balance"]) == ("True", "0.003")
    usage = events(first)[-1]["response"]["usage"]
    left = 3 * CREDIT // 1000 - usage["input_tokens"] * 62_500_000 - usage["output_tokens"] * 375_000_000
    assert left > 0
    assert turn(api).headers["x-codex-credits-balance"] == format_credits(left)
    while (last := turn(api)).status == 200:
        pass
    assert last.json["error"]["type"] == "usage_limit_reached"
    assert last.headers["x-codex-credits-balance"] == "0"
    api.clock.advance(5 * 3600)
    assert turn(api).headers["x-codex-primary-used-percent"] == "0"


def test_a_full_week_outlasts_the_five_hours(api: Any) -> None:
    """The refusal names the window that is full."""
    use_up(api, secondary_used_percent=100)
    assert turn(api).json["error"]["resets_in_seconds"] == 604_800
    api.clock.advance(604_800)
    assert turn(api).status == 200


@pytest.mark.parametrize("key", ["sk-tier1-pro-credits-0-x", bearer("pro")])
def test_the_plan_comes_from_the_key_or_from_the_login(api: Any, key: str) -> None:
    """Words of the key, or `chatgpt_plan_type`; else the setting."""
    assert turn(api, key=key).headers["x-codex-plan-type"] == "pro"
    assert turn(api, key="sk-any").headers["x-codex-plan-type"] == "plus"


def test_a_fresh_token_continues_the_window_and_an_upgrade_is_seen(api: Any) -> None:
    """The account is the login's, whatever the token; a plan that was set holds until a token names another."""
    use_up(api, key="acct-1")
    assert turn(api, key=bearer("plus")).status == 429
    upgraded = turn(api, key=bearer("pro"))
    assert upgraded.status == 200
    assert (upgraded.headers["x-codex-plan-type"], upgraded.headers["x-codex-primary-used-percent"]) == ("pro", "5")
    use_up(api, key="acct-1", plan="go")
    assert turn(api, key=bearer("pro")).headers["x-codex-plan-type"] == "go"
    assert turn(api, key=bearer("plus")).headers["x-codex-plan-type"] == "plus"


def test_what_was_set_before_the_first_login_holds(api: Any) -> None:
    """An allowance of one's own under the plan that the token names; another plan than the token's."""
    use_up(api, key="acct-1", primary_allowance=1)
    assert turn(api, key=bearer("plus")).status == 200
    assert turn(api, key=bearer("plus")).status == 429
    use_up(api, key="acct-2", plan="go")
    assert turn(api, key=bearer("plus", "acct-2")).headers["x-codex-plan-type"] == "go"


def test_a_plan_without_codex_is_not_included(make_api: Callable[..., Any]) -> None:
    """Free had no Codex in 2025."""
    api = make_api(at=midnight(date(2025, 12, 1)))
    refused = turn(api, key="sk-free-1", model="gpt-5.1-codex-max")
    assert refused.status == 429
    error = refused.json["error"]
    assert (error["type"], error["plan_type"], "resets_at" in error) == ("usage_not_included", "free", False)


def test_free_has_the_week_as_its_only_window(api: Any) -> None:
    """In the primary slot; the other one has no minutes, which clients read as none."""
    head = turn(api, key="sk-free-1").headers
    assert (head["x-codex-primary-window-minutes"], head["x-codex-secondary-window-minutes"]) == ("10080", "0")
    assert head["x-codex-secondary-reset-at"] == ""


def test_usage_based_plans_have_no_windows(api: Any) -> None:
    """`rate_limit` is null, and credits have no balance."""
    key = bearer("enterprise_cbp_usage_based")
    assert turn(api, key=key).headers["x-codex-credits-unlimited"] == "True"
    told = api.send("GET", USAGE, key=key).json
    assert (told["rate_limit"], told["credits"]["unlimited"], told["credits"]["balance"]) == (None, True, None)


@pytest.mark.parametrize("path", [USAGE, "/backend-api/codex/usage", "/api/codex/usage"])
def test_the_usage_endpoint_shows_what_the_headers_say(api: Any, path: str) -> None:
    """In the shape of the one production body; asking starts no window."""
    assert api.send("GET", path, key=KEY).json["rate_limit"]["primary_window"]["reset_after_seconds"] == 18_000
    api.clock.advance(60)
    use_up(api, primary_used_percent=46)
    account = api.simulator.account(KEY)
    api.simulator.plans.buy_credits(account, 321 * CREDIT + CREDIT // 2, api.clock.now())
    told = api.send("GET", path, key=KEY).json
    now = api.clock.now() // 1_000_000
    assert told["plan_type"] == "plus"
    assert told["rate_limit"] == {
        "allowed": True,
        "limit_reached": False,
        "primary_window": {
            "used_percent": 46,
            "limit_window_seconds": 18_000,
            "reset_after_seconds": 18_000,
            "reset_at": now + 18_000,
        },
        "secondary_window": {
            "used_percent": 0,
            "limit_window_seconds": 604_800,
            "reset_after_seconds": 604_800,
            "reset_at": now + 604_800,
        },
    }
    assert told["credits"] == {
        "has_credits": True,
        "unlimited": False,
        "overage_limit_reached": False,
        "balance": "321.5",
        "approx_local_messages": [40, 210],
        "approx_cloud_messages": [8, 40],
    }


def test_usage_at_the_limit(api: Any) -> None:
    """Reached, and not allowed; with credits reached, and allowed."""
    use_up(api)
    told = api.send("GET", USAGE, key=KEY).json
    assert (told["rate_limit"]["allowed"], told["rate_limit"]["limit_reached"]) == (False, True)
    assert told["rate_limit_reached_type"] == {"type": "rate_limit_reached"}
    api.simulator.plans.buy_credits(api.simulator.account(KEY), CREDIT, api.clock.now())
    told = api.send("GET", USAGE, key=KEY).json
    assert (told["rate_limit"]["allowed"], told["rate_limit"]["limit_reached"]) == (True, True)
    assert told["rate_limit_reached_type"] is None


def test_the_accounts_check_names_the_account_that_the_caller_names(api: Any) -> None:
    """Header before token; the origin is where the request was, as https unless a proxy says otherwise."""
    head = {"chatgpt-account-id": "acct-9", "host": "codex.test:8443"}
    told = api.send("GET", "/backend-api/wham/accounts/check", key=bearer("plus"), headers=head).json
    (account,) = told["accounts"]
    assert account["id"] == told["default_account_id"] == "acct-9"
    assert told["account_ordering"] == ["acct-9"]
    assert account["workspace_backend_origin"] == "https://codex.test:8443"
    assert (account["plan_type"], account["structure"]) == ("plus", "personal")
    told = api.send("GET", "/backend-api/wham/accounts/check", key=bearer("plus"), headers={"host": "a b"}).json
    assert told["accounts"][0]["workspace_backend_origin"] == "NO_CONSTRAINT"
    assert told["default_account_id"] == "acct-1"


def test_a_workspace_has_policies_and_a_person_has_none(api: Any) -> None:
    """The CLI does not start on a workspace plan before it has read them."""
    bundle = "/backend-api/wham/config/bundle"
    assert api.send("GET", bundle, key=bearer("business")).json == {}
    assert api.send("GET", bundle, key=bearer("plus", "acct-2")).status == 400


def test_the_upgrade_is_answered_426(api: Any) -> None:
    """After which the CLI takes POST without a word."""
    assert api.send("GET", RESPONSES, key=KEY).status == 426


def test_the_models_list_is_that_of_the_date(make_api: Callable[..., Any]) -> None:
    """Newest first, with all that the CLI's reader insists on, and every one of them answers."""
    api = make_api(at=midnight(date(2026, 3, 20)))
    models = api.send("GET", "/backend-api/codex/models", key=KEY).json["models"]
    assert [model["slug"] for model in models][:2] == ["gpt-5.4", "gpt-5.4-mini"]
    assert [model["priority"] for model in models] == sorted(model["priority"] for model in models)
    for model in models:
        assert turn(api, model=model["slug"]).status == 200


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"model": "gpt-4o"}, "The 'gpt-4o' model is not supported when using Codex with a ChatGPT account."),
        ({"store": True}, "Store must be set to false"),
        ({"store": None}, "Store must be set to false"),
        ({"stream": False}, "Stream must be set to true"),
        ({"input": "Hello"}, "Input must be a list"),
    ],
)
def test_what_the_back_end_refuses(api: Any, fields: dict[str, Any], text: str) -> None:
    """400 with a `detail`; the plan is not touched."""
    refused = turn(api, **fields)
    assert (refused.status, refused.json) == (400, {"detail": text})
    assert api.send("GET", USAGE, key=KEY).json["rate_limit"]["primary_window"]["used_percent"] == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b'{"a":' * 3000])
def test_bodies_that_are_no_json_object(api: Any, body: bytes) -> None:
    """The platform's words for it."""
    refused = api.send("POST", RESPONSES, body, key=KEY)
    assert (refused.status, refused.error["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    "items",
    [
        [],
        [None, 7, "text", [], {}],
        [{"type": "message", "role": 7, "content": 7}],
        [{"role": "user", "content": [None, {"text": 7}]}],
        [{"type": "function_call_output", "call_id": "call_1", "output": [{"type": "input_text", "text": "42"}]}],
        [{"type": "reasoning", "summary": [], "encrypted_content": "x"}],
    ],
)
def test_any_input_is_answered(api: Any, items: list[Any]) -> None:
    """What is no text says nothing; tools of any shape are counted or passed over."""
    tools = [None, {"type": "web_search"}, {"type": "function", "name": 7}, {"name": "f", "parameters": 7}]
    assert events(turn(api, input=items, tools=tools))[-1]["type"] == "response.completed"


def test_without_a_bearer_and_elsewhere(api: Any) -> None:
    """401 and 404 in the platform's envelope: the CLI bears both."""
    assert api.send("GET", USAGE, key=None).status == 401
    assert api.send("GET", "/backend-api/ps/plugins/installed", key=KEY).status == 404
    assert api.send("DELETE", RESPONSES, key=KEY).status == 405


def test_a_turn_is_paced(make_api: Callable[..., Any]) -> None:
    """First token after TTFT, then one ITL for each; the same seed says the same words."""
    api = make_api(pacing=Pacing(ttft=MINUTE, itl=1_000))
    result = turn(api)
    dues = [due for due, _ in result.parts]
    assert dues[0] == api.clock.now() + MINUTE
    assert dues == sorted(dues)
    assert dues[-1] - dues[0] == 3_000
    again = make_api(pacing=Pacing(ttft=MINUTE, itl=1_000))
    assert turn(again).body == result.body


def test_platform_credits_do_not_matter(make_api: Callable[..., Any]) -> None:
    """A ChatGPT plan is another purse than the API's."""
    api = make_api(credits=0)
    assert turn(api).status == 200
    assert api.chat(key=KEY).status == 429
    assert make_api(credits=5 * DOLLAR).chat(key=KEY).status == 200


SHELL = {
    "type": "function",
    "name": "shell_command",
    "description": "Runs a shell command and returns its output",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {"command": {"type": "string", "description": "The shell command to run"}},
        "required": ["command"],
        "additionalProperties": False,
    },
}


def test_a_shell_tool_is_called_and_its_output_talked_about(api: Any) -> None:
    """As on `/v1/responses`, over the same code; tools of a kind that nobody knows are passed over."""
    text = "Run the shell command `ls -la`"
    told = events(turn(api, text, tools=[SHELL, {"type": "telepathy"}]))
    (call,) = [item for item in told[-1]["response"]["output"] if item["type"] == "function_call"]
    assert json.loads(call["arguments"]) == {"command": "ls -la"}
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "README.md"}
    last = events(turn(api, input=[message, call, output], tools=[SHELL]))[-1]["response"]["output"][-1]
    assert "README.md" in last["content"][0]["text"]


def test_a_structured_answer_is_an_instance_of_its_schema(api: Any) -> None:
    """What `codex exec --output-schema` asks for."""
    schema = {
        "type": "object",
        "properties": {"files": {"type": "integer"}},
        "required": ["files"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "name": "codex_output_schema", "strict": True, "schema": schema}
    message = {"type": "message", "role": "user", "content": "How many files?"}
    body = {"model": "gpt-5.4", "input": [message], "store": False, "stream": True, "text": {"format": form}}
    result = api.send("POST", RESPONSES, json.dumps(body).encode(), key=KEY)
    last = events(result)[-1]["response"]["output"][-1]
    assert set(json.loads(last["content"][0]["text"])) == {"files"}
