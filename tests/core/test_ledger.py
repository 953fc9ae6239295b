import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from understudy.core.clock import DAY
from understudy.core.ledger import ENTRIES_KEPT, PURCHASE_LIFETIME, GrantKind, Ledger

DOLLAR = 10**12


def test_grants_are_spent_soonest_expiring_first() -> None:
    """What would be lost first is used first; what never expires is used last."""
    ledger = Ledger()
    ledger.grant(5 * DOLLAR, "starting", now=0)
    ledger.grant(5 * DOLLAR, "promotional", now=0, expires_at=9 * DAY)
    ledger.grant(5 * DOLLAR, "promotional", now=0, expires_at=2 * DAY)
    ledger.charge(6 * DOLLAR, now=1, note="gpt-4o")
    assert [(grant.remaining, grant.expires_at) for grant in ledger.grants] == [
        (4 * DOLLAR, 9 * DAY),
        (5 * DOLLAR, None),
    ]


def test_what_is_in_flight_may_take_the_balance_below_zero_and_the_next_grant_pays_it() -> None:
    """Nothing is forgiven and nothing is charged twice."""
    ledger = Ledger()
    ledger.grant(1 * DOLLAR, "starting", now=0)
    ledger.charge(3 * DOLLAR, now=1, note="gpt-4o")
    assert ledger.balance_at(1) == -2 * DOLLAR
    ledger.grant(5 * DOLLAR, "purchased", now=2)
    assert ledger.balance_at(2) == 3 * DOLLAR
    assert [grant.remaining for grant in ledger.grants] == [3 * DOLLAR]


def test_bought_credit_ends_after_twelve_months_and_starting_credit_never() -> None:
    """Only purchases count as paid."""
    ledger = Ledger()
    ledger.grant(7 * DOLLAR, "starting", now=0)
    ledger.grant(5 * DOLLAR, "purchased", now=0)
    assert ledger.paid == 5 * DOLLAR
    assert ledger.balance_at(PURCHASE_LIFETIME - 1) == 12 * DOLLAR
    assert ledger.balance_at(PURCHASE_LIFETIME) == 7 * DOLLAR
    assert ledger.entries[-1].kind == "expiry"


def test_a_grant_of_nothing_is_refused() -> None:
    """And nothing has changed."""
    ledger = Ledger()
    with pytest.raises(ValueError, match="above 0"):
        ledger.grant(0, "purchased", now=0)
    assert ledger.balance == 0
    assert not ledger.entries


def test_old_entries_are_folded_and_the_sum_stays() -> None:
    """Memory is bounded; the balance is still the sum of all there ever was."""
    ledger = Ledger()
    ledger.grant(DOLLAR, "starting", now=0)
    for moment in range(3 * ENTRIES_KEPT):
        ledger.charge(1, now=moment, note="gpt-4o")
    assert len(ledger.entries) == ENTRIES_KEPT
    assert ledger.checkpoint.entries == 2 * ENTRIES_KEPT + 1
    assert ledger.checkpoint.amount + sum(entry.amount for entry in ledger.entries) == ledger.balance
    assert ledger.balance == DOLLAR - 3 * ENTRIES_KEPT


amounts = st.integers(min_value=1, max_value=20 * DOLLAR)


class LedgerLife(RuleBasedStateMachine):
    """Any history of grants, charges, refunds and time."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.now = 0

    @rule(
        amount=amounts, kind=st.sampled_from(["starting", "purchased", "promotional", "gift"]), days=st.integers(1, 90)
    )
    def grant(self, amount: int, kind: GrantKind, days: int) -> None:
        expires = self.now + days * DAY if kind == "promotional" else None
        self.ledger.grant(amount, kind, self.now, expires)

    @rule(amount=amounts)
    def charge(self, amount: int) -> None:
        before = self.ledger.balance_at(self.now)
        self.ledger.charge(amount, self.now, "gpt-4o")
        assert self.ledger.balance == before - amount

    @rule(amount=amounts)
    def refund(self, amount: int) -> None:
        before = self.ledger.balance_at(self.now)
        self.ledger.refund(amount, self.now, "gpt-4o")
        assert self.ledger.balance == before + amount

    @rule(days=st.integers(1, 400))
    def wait(self, days: int) -> None:
        self.now += days * DAY
        self.ledger.balance_at(self.now)

    @invariant()
    def the_balance_is_the_sum_of_the_ledger(self) -> None:
        entries = sum(entry.amount for entry in self.ledger.entries)
        assert self.ledger.balance == self.ledger.checkpoint.amount + entries

    @invariant()
    def the_balance_is_what_is_left_of_the_grants_less_what_is_overdrawn(self) -> None:
        left = sum(grant.remaining for grant in self.ledger.grants)
        assert self.ledger.balance == left or (left == 0 and self.ledger.balance < 0)

    @invariant()
    def no_expired_grant_is_left(self) -> None:
        self.ledger.balance_at(self.now)
        assert all(grant.expires_at is None or grant.expires_at > self.now for grant in self.ledger.grants)


TestLedgerLife = LedgerLife.TestCase
TestLedgerLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
