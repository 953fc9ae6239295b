"""How accounts are refused: whose headers, whose quota, and when to come again."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from understudy.core.catalog import RateLimits
from understudy.core.dates import midnight
from understudy.core.headers import RetryHeaders
from understudy.core.messages import Request
from understudy.core.pricing import DOLLAR
from understudy.core.realtime.door import Turned, open_session
from understudy.core.realtime.session import RealtimeSession

if TYPE_CHECKING:
    from tests.conftest import Api, Result

KEY = "sk-test-0123456789"


def burst(api: Api, count: int) -> Result:
    """The last of so many calls."""
    for _ in range(count - 1):
        api.chat()
    return api.chat()


def test_headers_may_name_the_keys_own_organization_and_project(api: Api) -> None:
    """As answers show them; an empty header counts as none."""
    shown = api.chat().headers
    own = {"OpenAI-Organization": shown["openai-organization"], "OpenAI-Project": shown["openai-project"]}
    assert api.chat(headers=own).status == 200
    assert api.chat(headers=dict.fromkeys(own, "")).status == 200


@pytest.mark.parametrize(
    ("what", "code"), [("Organization", "mismatched_organization"), ("Project", "mismatched_project")]
)
def test_headers_that_name_another_are_refused(api: Api, what: str, code: str) -> None:
    """401, before the limiter, with the reported words."""
    refused = api.chat(headers={f"OpenAI-{what}": "org-somebody-else"})
    assert (refused.status, refused.error["code"]) == (401, code)
    assert refused.error["message"] == f"OpenAI-{what} header should match {what.lower()} for API key"
    assert "x-ratelimit-limit-requests" not in refused.headers
    assert api.chat().headers["x-ratelimit-remaining-requests"] == "499"


def test_a_refused_burst_says_when_to_come_again(api: Api) -> None:
    """Seconds and milliseconds, rounded up, and no x-should-retry (defaults)."""
    refused = burst(api, 501)
    assert refused.status == 429
    assert (refused.headers["retry-after"], refused.headers["retry-after-ms"]) == ("1", "120")
    assert "x-should-retry" not in refused.headers


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RetryHeaders(retry_after=False), {"retry-after-ms": "120"}),
        (RetryHeaders(retry_after_ms=False), {"retry-after": "1"}),
        (RetryHeaders(7, 1_500, should_retry=False), {"retry-after": "7", "retry-after-ms": "1500", "x-should-retry": "false"}),
        (RetryHeaders(False, 0, should_retry=True), {"retry-after-ms": "0", "x-should-retry": "true"}),
    ],
)  # fmt: skip
def test_each_retry_header_is_switchable(
    make_api: Callable[..., Api], wanted: RetryHeaders, expected: dict[str, str]
) -> None:
    """On, off, or a figure of one's own."""
    refused = burst(make_api(retry=wanted), 501)
    names = ("retry-after", "retry-after-ms", "x-should-retry")
    assert {name: refused.headers[name] for name in names if name in refused.headers} == expected


def test_a_spent_quota_says_no_wait_unless_it_is_told_to(make_api: Callable[..., Api]) -> None:
    """Nobody knows when somebody will buy; figures of one's own go on every 429."""
    refused = make_api(credits=0).chat()
    assert refused.status == 429
    assert not {"retry-after", "retry-after-ms"} & set(refused.headers)
    refused = make_api(credits=0, retry=RetryHeaders(30, should_retry=False)).chat()
    assert (refused.headers["retry-after"], refused.headers["x-should-retry"]) == ("30", "false")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("credits", "credit_balance_exhausted"),
        ("usage", "organization_usage_limit_exceeded"),
        ("spend", "organization_spend_limit_exceeded"),
        ("project", "project_spend_limit_exceeded"),
    ],
)
def test_the_codes_of_2026_tell_the_limits_apart(make_api: Callable[..., Api], state: str, code: str) -> None:
    """By a setting; without it all of them are insufficient_quota. On images it is 400 either way."""
    for codes, expected in ((True, code), (False, "insufficient_quota")):
        api = make_api(quota_codes=codes, credits=0 if state == "credits" else DOLLAR)
        account = api.simulator.account(KEY)
        if state == "usage":
            account.organization.usage_limit = 0
        elif state == "spend":
            account.organization.spend_limit = 0
        elif state == "project":
            account.project.spend_limit = 0
        refused = api.chat()
        assert (refused.status, refused.error["type"], refused.error["code"]) == (429, "insufficient_quota", expected)
        picture = api.send("POST", "/v1/images/generations", b'{"model":"gpt-image-1-mini","prompt":"a cat"}')
        assert (picture.status, picture.error["code"]) == (400, "billing_hard_limit_reached")


def test_a_projects_own_limit_is_shown_and_named(api: Api) -> None:
    """Its trios beside the organization's, and its id in the refusal (recorded 2025)."""
    account = api.simulator.account(KEY)
    account.project.limit("gpt-4o", RateLimits(rpm=2, tpm=1_000))
    first = api.chat()
    assert first.headers["x-ratelimit-limit-project-tokens"] == "1000"
    assert first.headers["x-ratelimit-remaining-project-requests"] == "1"
    assert first.headers["x-ratelimit-limit-tokens"] == "30000"
    refused = burst(api, 2)
    assert refused.status == 429
    where = f"gpt-4o in project {account.project.id} organization {account.organization.id} on requests per min (RPM)"
    assert refused.error["message"].startswith(f"Rate limit reached for {where}: Limit 2, Used 2, Requested 1.")


def test_images_in_messages_have_a_trio_of_their_own(make_api: Callable[..., Api]) -> None:
    """250,000 a minute on gpt-4o, 50,000 on gpt-4o-mini (recorded 2025); calls without images do not show it."""
    picture = BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    url = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    api = make_api()
    for model, limit, reset in (("gpt-4o", "250000", "0s"), ("gpt-4o-mini", "50000", "1ms")):
        headers = api.chat({"model": model, "messages": [{"role": "user", "content": content}]}).headers
        assert headers["x-ratelimit-limit-input-images"] == limit
        assert headers["x-ratelimit-remaining-input-images"] == str(int(limit) - 1)
        assert headers["x-ratelimit-reset-input-images"] == reset
    assert "x-ratelimit-limit-input-images" not in api.chat().headers


def open_one(api: Api) -> RealtimeSession | Turned:
    request = Request("GET", "/v1/realtime", {b"authorization": f"Bearer {KEY}".encode()})
    request.query = b"model=gpt-4o-realtime-preview-2024-10-01"
    return open_session(api.simulator, request, [], api.clock.now()).what


def test_sessions_at_launch_are_bounded_by_the_tier(make_api: Callable[..., Api]) -> None:
    """Ten at tier 1 ("our choice"); one that ends makes room; months later nothing of the kind."""
    api = make_api(tier=1, at=midnight(date(2024, 11, 1)))
    sessions = [open_one(api) for _ in range(10)]
    refused = open_one(api)
    assert isinstance(refused, Turned)
    assert b"session_limit_exceeded" in refused.event
    first = sessions[0]
    assert isinstance(first, RealtimeSession)
    first.end(api.clock.now())
    first.end(api.clock.now())
    assert isinstance(open_one(api), RealtimeSession)
    assert isinstance(open_one(api), Turned)
    later = make_api(tier=1, at=midnight(date(2025, 3, 1)))
    assert all(isinstance(open_one(later), RealtimeSession) for _ in range(20))
