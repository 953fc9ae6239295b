"""Usage tiers: what qualifies for them, and how much an organization may use in a month."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from understudy.core.catalog import TIERS
from understudy.core.clock import DAY
from understudy.core.dates import midnight
from understudy.core.pricing import parse_usd


class Tier(msgspec.Struct, frozen=True):
    """One row of the table.

    Attributes:
        paid: pico-dollars of credits bought so far that qualify.
        days: microseconds since the first payment that qualify.
        monthly: pico-dollars that may be used in a calendar month.
    """

    paid: int
    days: int
    monthly: int


class TierTable:
    """All tiers by number, 0 (free) to 5.

    Args:
        data: parsed `tiers.toml`.
        era: the date that holds, microseconds since the epoch: whether days since the first payment count.
    """

    def __init__(self, data: Mapping[str, Any], era: int) -> None:
        until: date = data["days_until"]
        self.days_count = era < midnight(until)
        self.tiers: tuple[Tier, ...] = tuple(
            Tier(
                paid=parse_usd(row["paid"]),
                days=row["days"] * DAY if self.days_count else 0,
                monthly=parse_usd(row["monthly"]),
            )
            for row in (data["tiers"][name] for name in TIERS)
        )

    def reached(self, paid: int, first_payment: int | None, now: int) -> int:
        """The highest tier that payments qualify for.

        Args:
            paid: pico-dollars bought so far.
            first_payment: when, microseconds since the epoch; None while there was none.
            now: the same.
        """
        if first_payment is None:
            return 0
        return max(
            number for number, tier in enumerate(self.tiers) if paid >= tier.paid and now - first_payment >= tier.days
        )

    def next_promotion(self, paid: int, first_payment: int | None, now: int) -> int | None:
        """The next moment at which time alone promotes, None when only a payment can."""
        if first_payment is None:
            return None
        moments = [
            first_payment + tier.days for tier in self.tiers if paid >= tier.paid and now < first_payment + tier.days
        ]
        return min(moments, default=None)
