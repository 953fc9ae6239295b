"""What is left of Sora's app: how many videos there are today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from understudy.core.dates import midnight
from understudy.core.plans_accounts import PlanChange
from understudy.core.plans_table import CREDIT

PATH = "/backend/nf/check"


def balance(api: Any, key: str) -> dict[str, Any]:
    told: dict[str, Any] = api.send("GET", PATH, key=key).json["rate_limit_and_credit_balance"]
    return told


def test_the_day_has_the_videos_of_the_plan(api: Any) -> None:
    """30 on Plus, 100 on Pro, and none for free since January 2026."""
    counts = [balance(api, key)["estimated_num_videos_remaining"] for key in ("sk-plus-1", "sk-pro-1", "sk-free-1")]
    assert counts == [30, 100, 0]


def test_credits_buy_more_videos(make_api: Callable[..., Any]) -> None:
    """Ten for four dollars: ten credits each; the day comes anew 24 hours after its first video."""
    api = make_api(at=midnight(date(2025, 11, 5)))
    plans, account = api.simulator.plans, api.simulator.account("sk-free-1")
    plans.set_plan(account, PlanChange(videos_used=30), api.clock.now())
    assert balance(api, "sk-free-1") == {
        "estimated_num_videos_remaining": 0,
        "estimated_num_purchased_videos_remaining": 0,
        "credit_remaining": 0,
        "rate_limit_reached": True,
        "access_resets_in_seconds": 86_400,
    }
    plans.buy_credits(account, 100 * CREDIT, api.clock.now())
    api.clock.advance(3_600)
    bought = balance(api, "sk-free-1")
    assert bought["estimated_num_purchased_videos_remaining"] == 10
    assert (bought["rate_limit_reached"], bought["access_resets_in_seconds"]) == (False, 82_800)
    api.clock.advance(82_800)
    assert balance(api, "sk-free-1")["estimated_num_videos_remaining"] == 30


def test_the_end_of_sora_is_kept_where_retired_things_are_rejected(make_api: Callable[..., Any]) -> None:
    """404, which clients read as: no Sora."""
    over = make_api(at=midnight(date(2026, 4, 26)), reject_retired=True)
    assert over.send("GET", PATH, key="sk-plus-1").status == 404
    before = make_api(at=midnight(date(2026, 4, 25)), reject_retired=True)
    assert before.send("GET", PATH, key="sk-plus-1").status == 200
