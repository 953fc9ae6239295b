"""A plan's allowance and credits: what is included first, exactly so long, and not a pico-credit more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from understudy.core.clock import DAY, HOUR, MINUTE
from understudy.core.ledger import PURCHASE_LIFETIME
from understudy.core.plans import Charged, PlanState, Stop, Window, view
from understudy.core.plans_table import CREDIT, FIXED, FLEXIBLE, PlanTerms, WindowTerms

START = 1_795_471_200_000_000
FIVE_HOURS, WEEK = 5 * HOUR, 7 * DAY


def terms(
    primary: int = 100, secondary: int = 300, *, name: str = "plus", credits: bool = True, included: bool = True
) -> PlanTerms:
    return PlanTerms(
        name=name,
        primary=WindowTerms(FIVE_HOURS, primary * CREDIT),
        secondary=WindowTerms(WEEK, secondary * CREDIT),
        videos=WindowTerms(DAY, 3),
        included=included,
        credits=credits,
        unlimited=False,
        workspace=False,
    )


def test_the_allowance_is_used_before_credits() -> None:
    """A turn larger than what is left takes the rest from the purchased credits."""
    state = PlanState(terms(), FLEXIBLE)
    state.buy(50 * CREDIT, START)
    assert state.charge(80 * CREDIT, START, "m") == Charged(allowance=80 * CREDIT)
    assert state.charge(30 * CREDIT, START, "m") == Charged(allowance=20 * CREDIT, credits=10 * CREDIT)
    assert state.credits.balance == 40 * CREDIT
    assert state.admit(START) is None


def test_a_window_starts_at_its_first_use_and_resets_at_its_deadline() -> None:
    """Not a microsecond earlier, and the next window starts at the next use, not at the reset."""
    state = PlanState(terms(), FIXED)
    first = START + 7 * MINUTE
    assert state.admit(first) is None
    state.charge(100 * CREDIT, first + MINUTE, "m")
    deadline = first + FIVE_HOURS
    assert state.resets_at(first + MINUTE) == deadline
    assert state.admit(deadline - 1) is Stop.LIMIT
    assert state.admit(deadline + HOUR) is None
    assert state.primary is not None
    assert state.primary.started_at == deadline + HOUR
    assert state.secondary is not None
    assert state.secondary.used == 100 * CREDIT


def test_the_week_stops_turns_that_the_five_hours_would_let_in() -> None:
    """Both windows hold at once, and the wait is for the one that is full."""
    state = PlanState(terms(primary=100, secondary=150), FIXED)
    state.charge(100 * CREDIT, START, "m")
    later = START + FIVE_HOURS
    assert state.charge(100 * CREDIT, later, "m") == Charged(allowance=50 * CREDIT, uncovered=50 * CREDIT)
    assert state.admit(later) is Stop.LIMIT
    assert state.resets_at(later) == START + WEEK


def test_credits_end_in_the_same_refusal() -> None:
    """At a balance of 0 the limit holds again; it never goes below."""
    state = PlanState(terms(), FLEXIBLE)
    state.charge(100 * CREDIT, START, "m")
    assert state.admit(START) is Stop.LIMIT
    state.buy(CREDIT, START)
    assert state.admit(START) is None
    assert state.charge(3 * CREDIT, START, "m") == Charged(credits=CREDIT, uncovered=2 * CREDIT)
    assert state.credits.balance == 0
    assert state.admit(START) is Stop.LIMIT


def test_fixed_mode_sells_and_uses_no_credits() -> None:
    """Before flexible credits the limit ends the work until the window resets."""
    state = PlanState(terms(), FLEXIBLE)
    state.buy(50 * CREDIT, START)
    state.mode = FIXED
    state.charge(100 * CREDIT, START, "m")
    assert state.admit(START) is Stop.LIMIT
    with pytest.raises(ValueError, match="mode fixed"):
        state.buy(CREDIT, START)


def test_plans_without_codex_credits_keep_what_they_bought() -> None:
    """Free and Go are sent to Plus; what they bought for videos carries Codex on once they are there."""
    state = PlanState(terms(name="free", credits=False), FLEXIBLE)
    state.buy(50 * CREDIT, START)
    state.charge(100 * CREDIT, START, "m")
    assert state.admit(START) is Stop.LIMIT
    state.adopt(terms())
    assert state.admit(START) is None


def test_a_plan_without_codex_says_so() -> None:
    """Whatever was bought."""
    state = PlanState(terms(included=False), FLEXIBLE)
    state.buy(50 * CREDIT, START)
    assert state.admit(START) is Stop.NOT_INCLUDED


def test_an_upgrade_keeps_what_was_used() -> None:
    """The window under way goes on with the larger allowance."""
    state = PlanState(terms(), FIXED)
    state.admit(START)
    state.charge(100 * CREDIT, START, "m")
    state.adopt(terms(primary=2_000, secondary=6_000, name="pro"))
    seen = view(state, 10 * CREDIT, START)
    assert seen.plan == "pro"
    assert seen.primary is not None
    assert (seen.primary.used_percent, seen.primary.reset_after_seconds) == (5, 18_000)


def test_purchased_credits_expire_after_a_year() -> None:
    """Twelve months from the purchase."""
    state = PlanState(terms(), FLEXIBLE)
    state.buy(50 * CREDIT, START)
    assert view(state, 10 * CREDIT, START + PURCHASE_LIFETIME - 1).credits == 50 * CREDIT
    assert view(state, 10 * CREDIT, START + PURCHASE_LIFETIME).credits == 0


def test_videos_of_the_day_come_before_bought_ones() -> None:
    """All that were asked for, or none."""
    state = PlanState(terms(), FLEXIBLE)
    assert state.make_videos(2, 10 * CREDIT, START)
    assert not state.make_videos(2, 10 * CREDIT, START)
    state.buy(25 * CREDIT, START)
    assert state.make_videos(2, 10 * CREDIT, START)
    assert (state.videos.left, state.bought_videos(10 * CREDIT, START)) == (0, 1)
    assert view(state, 10 * CREDIT, START + DAY).videos_left == 3


@given(
    used=st.integers(0, 10**15),
    allowance=st.integers(1, 10**15),
    now=st.integers(0, 2 * FIVE_HOURS),
)
def test_a_hundred_percent_means_that_nothing_is_left(used: int, allowance: int, now: int) -> None:
    """Percentages are rounded down, and the shown reset is never before the real one."""
    state = PlanState(terms(), FIXED)
    state.primary = Window(WindowTerms(FIVE_HOURS, allowance))
    state.primary.take(min(used, allowance), START)
    full = state.primary.left == 0
    moment = START + now
    seen = view(state, CREDIT, moment).primary
    assert seen is not None
    if now < FIVE_HOURS:
        assert (seen.used_percent == 100) == full
        assert 0 <= seen.reset_at * 1_000_000 - (START + FIVE_HOURS) < 1_000_000
    else:
        assert (seen.used_percent, seen.used) == (0, 0)


class PlanLife(RuleBasedStateMachine):
    """Any life of a plan, beside a plain book of what was used when."""

    @initialize(mode=st.sampled_from([FIXED, FLEXIBLE]))
    def begin(self, mode: str) -> None:
        self.now = START
        self.state = PlanState(terms(), mode)
        self.costs = 0
        self.bought = 0
        self.from_allowance: list[tuple[int, int]] = []

    @rule(
        wait=st.one_of(
            st.integers(0, 2 * FIVE_HOURS), st.sampled_from([FIVE_HOURS - 1, FIVE_HOURS, WEEK - 1, WEEK, 365 * DAY])
        )
    )
    def wait(self, wait: int) -> None:
        self.now += wait

    @rule(cost=st.integers(0, 150 * CREDIT))
    def turn(self, cost: int) -> None:
        """A turn that is let in and charged; one that is not changes nothing."""
        before = (self.state.charged, self.state.credits.balance_at(self.now))
        full = self.state.is_full(self.now)
        usable = self.state.usable_credits(self.now)
        stop = self.state.admit(self.now)
        assert stop is (Stop.LIMIT if full and not usable else None)
        if stop is not None:
            assert (self.state.charged, self.state.credits.balance_at(self.now)) == before
            return
        left = min(window.left for window in self.state.windows)
        charged = self.state.charge(cost, self.now, "m")
        self.costs += cost
        self.from_allowance.append((self.now, charged.allowance))
        assert charged.allowance == min(cost, left)
        if charged.credits:
            assert any(window.left == 0 for window in self.state.windows)
        if charged.uncovered:
            assert self.state.usable_credits(self.now) == 0

    @precondition(lambda self: self.state.mode == FLEXIBLE)
    @rule(amount=st.integers(1, 100 * CREDIT))
    def buy(self, amount: int) -> None:
        self.state.buy(amount, self.now)
        self.bought += amount

    @rule()
    def windows_end_at_their_deadline(self) -> None:
        """A window that was begun is there until its last microsecond, and gone at its deadline."""
        self.state.refresh(self.now)
        for window in self.state.windows:
            if window.started_at is None:
                continue
            deadline = window.started_at + window.terms.length
            assert self.now < deadline
            used = window.used
            window.refresh(deadline - 1)
            assert window.used == used
            assert window.started_at is not None

    @invariant()
    def no_window_gives_more_than_its_allowance(self) -> None:
        """Between the start of a window and its reset, counted from the book."""
        for window in self.state.windows:
            window.refresh(self.now)
            since = window.started_at
            if since is None:
                continue
            taken = sum(amount for at, amount in self.from_allowance if at >= since)
            assert taken == window.used <= window.terms.allowance

    @invariant()
    def every_cost_went_somewhere(self) -> None:
        """Sum of charges = sum of usage x rate."""
        charged = self.state.charged
        assert charged.allowance + charged.credits + charged.uncovered == self.costs
        assert sum(amount for _, amount in self.from_allowance) == charged.allowance

    @invariant()
    def credits_are_bought_spent_or_expired(self) -> None:
        """The balance never goes below 0."""
        ledger = self.state.credits
        balance = ledger.balance_at(self.now)
        expired = -sum(entry.amount for entry in ledger.entries if entry.kind == "expiry")
        assert balance == self.bought - self.state.charged.credits - expired >= 0


TestPlanLife = PlanLife.TestCase
