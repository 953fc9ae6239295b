"""Usage tiers: what qualifies."""

from __future__ import annotations

from datetime import date

import pytest

from understudy.core.clock import DAY
from understudy.core.dates import midnight
from understudy.core.pricing import DOLLAR
from understudy.core.tiers import TierTable
from understudy_data import toml

NOW = midnight(date(2026, 11, 23))
EARLY = TierTable(toml("tiers.toml"), midnight(date(2025, 1, 1)))
LATE = TierTable(toml("tiers.toml"), NOW)


@pytest.mark.parametrize(
    ("paid", "tier"), [(0, 0), (4.99, 0), (5, 1), (49.99, 1), (50, 2), (100, 3), (250, 4), (999.99, 4), (1_000, 5)]
)
def test_since_2026_what_was_paid_decides_alone(paid: float, tier: int) -> None:
    """Rate-limit guide of 2026-07-15."""
    assert LATE.reached(round(paid * 100) * DOLLAR // 100, NOW, NOW) == tier
    assert LATE.next_promotion(round(paid * 100) * DOLLAR // 100, NOW, NOW) is None


@pytest.mark.parametrize(("days", "tier"), [(0, 1), (6, 1), (7, 3), (13, 3), (14, 4), (29, 4), (30, 5)])
def test_before_days_since_the_first_payment_counted_too(days: int, tier: int) -> None:
    """7 days for tiers 2 and 3, 14 for tier 4, 30 for tier 5."""
    assert EARLY.reached(1_000 * DOLLAR, NOW, NOW + days * DAY) == tier
    assert EARLY.reached(1_000 * DOLLAR, NOW, NOW + (days + 1) * DAY - 1) == tier


def test_the_next_promotion_by_time_alone_is_known() -> None:
    """So that nobody has to look for it at every call."""
    assert EARLY.next_promotion(1_000 * DOLLAR, NOW, NOW) == NOW + 7 * DAY
    assert EARLY.next_promotion(1_000 * DOLLAR, NOW, NOW + 7 * DAY) == NOW + 14 * DAY
    assert EARLY.next_promotion(60 * DOLLAR, NOW, NOW + 7 * DAY) is None
    assert EARLY.next_promotion(0, None, NOW) is None


def test_nobody_who_never_paid_is_promoted() -> None:
    """The free tier asks for no payment."""
    assert EARLY.reached(0, None, NOW) == LATE.reached(0, None, NOW) == 0
