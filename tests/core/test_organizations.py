"""Organizations: promotion, monthly limits, recharge, limits of projects; all of it by time that is handed in."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from understudy.core.accounts import Account, admit, draw, settle
from understudy.core.catalog import Catalog, Model, RateLimits
from understudy.core.clock import DAY, HOUR, MINUTE, SECOND
from understudy.core.dates import midnight
from understudy.core.limits import Cost
from understudy.core.organizations import (
    PROJECTS_KEPT,
    Organization,
    Quota,
    TooManyProjectsError,
    found_organization,
    found_project,
)
from understudy.core.pricing import DOLLAR, Usage
from understudy.core.terms import AccountTerms, AutoRecharge
from understudy.core.tiers import TierTable
from understudy.core.usage_log import Spent
from understudy_data import toml

NOW = midnight(date(2026, 11, 23))
CATALOG = Catalog(toml("models.toml"), toml("limits.toml"))
TABLE = TierTable(toml("tiers.toml"), NOW)
WITH_DAYS = TierTable(toml("tiers.toml"), midnight(date(2025, 6, 1)))
GIFTS = ("promotional", "gift")


def model(name: str) -> Model:
    found = CATALOG.find(name, NOW)
    assert found is not None
    return found


MINI = model("gpt-4o-mini")


def make(tier: int = 1, credits: int = 10 * DOLLAR, table: TierTable = TABLE, **facts: object) -> Account:
    terms = AccountTerms(tier, credits, **facts)  # type: ignore[arg-type] # the facts are the terms' own
    organization = found_organization(None, "sk-a", terms, table, NOW)
    return Account("sk-a", terms, organization, found_project(organization, None, "sk-a", NOW), NOW)


def call(account: Account, now: int, tokens: int = 10) -> object:
    return admit(account, MINI, Cost(tokens), now, b"")


def spend(account: Account, amount: int, now: int) -> None:
    settle(account, Spent("completions", "gpt-4o-mini-2024-07-18", "default", Usage(text_in=1), amount), now)


def quota(account: Account, now: int) -> Quota | None:
    return admit(account, MINI, Cost(), now, b"").quota


def test_a_purchase_promotes_at_once() -> None:
    """The headers of the next call are the new tier's."""
    account = make(tier=0)
    assert admit(account, MINI, Cost(), NOW, b"").tokens.limit == 100_000  # type: ignore[union-attr]
    account.organization.buy(50 * DOLLAR, NOW)
    assert account.organization.tier == 2
    assert admit(account, MINI, Cost(), NOW, b"").tokens.limit == 2_000_000  # type: ignore[union-attr]


def test_starting_credits_and_gifts_promote_nobody() -> None:
    """Only what is bought counts."""
    account = make(tier=0, credits=2_000 * DOLLAR)
    account.organization.give(2_000 * DOLLAR, "gift", NOW)
    account.organization.give(2_000 * DOLLAR, "promotional", NOW)
    assert quota(account, NOW) is None
    assert account.organization.tier == 0


def test_time_promotes_where_days_count() -> None:
    """A call on the seventh day after the payment finds the account on the tier that it had paid for."""
    account = make(tier=0, table=WITH_DAYS)
    account.organization.buy(100 * DOLLAR, NOW)
    assert account.organization.tier == 1
    call(account, NOW + 7 * DAY - 1)
    assert account.organization.tier == 1
    call(account, NOW + 7 * DAY)
    assert account.organization.tier == 3


def test_an_account_that_was_put_on_a_tier_stays_until_it_buys_its_way_up() -> None:
    """What it had bought before counts no further than that."""
    account = make(tier=0)
    account.organization.buy(1_000 * DOLLAR, NOW)
    account.organization.set_tier(1, NOW)
    call(account, NOW + DAY)
    assert account.organization.tier == 1


@given(st.data())
@settings(max_examples=40)
def test_promotion_never_lowers_a_limit(data: st.DataObject) -> None:
    """Of no model, in no dimension, from whatever tier."""
    name = data.draw(
        st.sampled_from(["gpt-3.5-turbo", "gpt-4o", "gpt-4.1", "o3-mini", "gpt-5", "gpt-image-1", "gpt-realtime"])
    )
    account = make(tier=data.draw(st.integers(0, 4)))
    asked, organization = model(name), account.organization
    before = organization.limits_for(asked)
    for amount in data.draw(st.lists(st.integers(1, 600), min_size=1, max_size=4)):
        organization.buy(amount * DOLLAR, NOW)
        after = organization.limits_for(asked)
        if before is not None:
            assert after is not None
            for dimension in RateLimits.__struct_fields__:
                was, is_now = getattr(before, dimension), getattr(after, dimension)
                if dimension == "batch":
                    # Where no batch queue is published, there is none; elsewhere None is no limit.
                    was, is_now = was or 0, is_now or 0
                assert is_now is None or (was is not None and is_now >= was), dimension
        before = after


def test_a_month_ends_at_midnight_utc_of_its_last_day() -> None:
    """The usage limit refuses, and the first moment of the next month lets in."""
    account = make(tier=1, credits=1_000 * DOLLAR)
    spend(account, 100 * DOLLAR, NOW)
    assert quota(account, NOW) is Quota.USAGE
    end = midnight(date(2026, 12, 1))
    assert quota(account, end - 1) is Quota.USAGE
    assert quota(account, end) is None
    assert account.organization.spent == 0


def test_limits_of_money_are_asked_in_their_order() -> None:
    """Balance, the tier's month, the organization's own limit, the project's."""
    account = make(tier=1, credits=150 * DOLLAR)
    organization, project = account.organization, account.project
    project.spend_limit = 10 * DOLLAR
    organization.spend_limit = 20 * DOLLAR
    spend(account, 9 * DOLLAR, NOW)
    assert quota(account, NOW) is None
    spend(account, DOLLAR, NOW)
    assert quota(account, NOW) is Quota.PROJECT_SPEND
    spend(account, 10 * DOLLAR, NOW)
    assert quota(account, NOW) is Quota.SPEND
    spend(account, 80 * DOLLAR, NOW)
    assert quota(account, NOW) is Quota.USAGE
    organization.usage_limit = 1_000 * DOLLAR
    assert quota(account, NOW) is Quota.SPEND
    spend(account, 50 * DOLLAR, NOW)
    assert quota(account, NOW) is Quota.CREDITS


def test_a_quota_takes_nothing_from_the_buckets() -> None:
    """A quota 429 carries no rate-limit headers."""
    account = make(credits=0)
    refused = admit(account, MINI, Cost(10), NOW, b"")
    assert (refused.quota, refused.requests, refused.tokens) == (Quota.CREDITS, None, None)
    account.organization.buy(DOLLAR, NOW)
    let_in = admit(account, MINI, Cost(10), NOW, b"")
    assert let_in.requests is not None
    assert let_in.requests.remaining == 9_999


def test_auto_recharge_buys_up_to_its_target_and_no_more_than_its_cap() -> None:
    """What it buys promotes like any purchase."""
    account = make(tier=0, credits=6 * DOLLAR, recharge=AutoRecharge(5 * DOLLAR, 25 * DOLLAR, 70 * DOLLAR))
    organization = account.organization
    assert quota(account, NOW) is None
    assert organization.ledger.balance == 6 * DOLLAR
    spend(account, 2 * DOLLAR, NOW)
    assert quota(account, NOW) is None
    assert (organization.ledger.balance, organization.recharged) == (25 * DOLLAR, 21 * DOLLAR)
    assert organization.tier == 1
    spend(account, 45 * DOLLAR, NOW)
    assert quota(account, NOW) is None
    assert (organization.ledger.balance, organization.recharged) == (25 * DOLLAR, 66 * DOLLAR)
    spend(account, 28 * DOLLAR, NOW)
    assert quota(account, NOW) is None
    assert (organization.ledger.balance, organization.recharged) == (DOLLAR, 70 * DOLLAR)
    spend(account, DOLLAR, NOW)
    assert quota(account, NOW) is Quota.CREDITS
    assert quota(account, midnight(date(2026, 12, 1))) is None


def test_a_year_after_its_purchase_credit_is_gone() -> None:
    """And the call that comes then is refused."""
    account = make(credits=0)
    account.organization.buy(5 * DOLLAR, NOW)
    assert quota(account, NOW + 365 * DAY - 1) is None
    assert quota(account, NOW + 365 * DAY) is Quota.CREDITS


def test_an_increase_stands_above_the_tier() -> None:
    """For the models of one limit group; what it does not name, and what would be less, stays the tier's."""
    account = make(tier=1)
    organization = account.organization
    organization.increase("gpt-4o-mini", RateLimits(rpm=9_000, tpm=1))
    limits = organization.limits_for(MINI)
    assert limits is not None
    assert (limits.rpm, limits.rpd, limits.tpm) == (9_000, 10_000, 200_000)
    assert organization.limits_for(model("gpt-4o")) == model("gpt-4o").limits[1]
    organization.increase("gpt-4o-mini", None)
    assert organization.limits_for(MINI) == MINI.limits[1]


def test_an_increase_can_open_a_model_that_the_tier_lacks() -> None:
    """With the figures that were granted, and no other limit."""
    account = make(tier=0)
    assert admit(account, model("gpt-4o"), Cost(), NOW, b"").unavailable
    account.organization.increase("gpt-4o", RateLimits(rpm=1))
    first, second = (admit(account, model("gpt-4o"), Cost(), NOW, b"") for _ in range(2))
    assert (first.refusal, second.refusal is None) == (None, False)


def test_a_project_has_less_under_its_organization() -> None:
    """Its own bucket refuses, and says so; another project of the organization goes on."""
    account = make(tier=1)
    organization = account.organization
    account.project.limit("gpt-4o-mini", RateLimits(rpm=2, tpm=1_000))
    admissions = [admit(account, MINI, Cost(10), NOW, b"") for _ in range(3)]
    assert [each.refusal is None for each in admissions] == [True, True, False]
    refusal = admissions[2].refusal
    assert refusal is not None
    assert (refusal.of_project, refusal.dimension, refusal.limit, refusal.wait) == (True, "rpm", 2, 30 * SECOND)
    assert admissions[0].project_tokens is not None
    assert admissions[0].project_tokens.remaining == 990
    other = Account("sk-b", AccountTerms(1, 0), organization, organization.add_project("other", NOW), NOW)
    assert admit(other, MINI, Cost(10), NOW, b"").refusal is None


def test_a_long_request_draws_on_the_buckets_of_long_context() -> None:
    """gpt-4.1 above 128,000 tokens; the ordinary bucket stays full."""
    account = make(tier=2)
    long = admit(account, model("gpt-4.1"), Cost(128_001), NOW, b"")
    assert long.tokens is not None
    assert (long.tokens.limit, long.tokens.remaining) == (500_000, 500_000 - 128_001)
    short = admit(account, model("gpt-4.1"), Cost(128_000), NOW, b"")
    assert short.tokens is not None
    assert (short.tokens.limit, short.tokens.remaining) == (450_000, 450_000 - 128_000)


def test_models_of_one_limit_group_share_their_buckets() -> None:
    """A dated name and the plain one."""
    account = make(tier=1)
    admit(account, MINI, Cost(1_000), NOW, b"")
    dated = admit(account, model("gpt-4o-mini-2024-07-18"), Cost(1_000), NOW, b"")
    assert dated.tokens is not None
    assert dated.tokens.remaining == 198_000


def test_a_batch_queue_holds_what_the_tier_has() -> None:
    """Batches wait together up to the limit; one that has ended makes room; the free tier has no queue."""
    organization = make(tier=1).organization
    assert organization.enqueue(MINI, 1_500_000) is None
    assert organization.enqueue(MINI, 500_001) == 2_000_000
    assert organization.enqueue(MINI, 500_000) is None
    organization.dequeue(MINI, 1_500_000)
    assert organization.enqueued == {"gpt-4o-mini": 500_000}
    organization.dequeue(MINI, 500_000)
    assert organization.enqueued == {}
    assert make(tier=0).organization.enqueue(MINI, 1) == 0


def test_minutes_of_audio_are_a_dimension_of_their_own() -> None:
    """Counted in seconds: a hundred minutes a minute on tier 1."""
    account = make(tier=1)
    heard = model("gpt-realtime-whisper")
    assert admit(account, heard, Cost(audio=5_999), NOW, b"").refusal is None
    refusal = admit(account, heard, Cost(audio=2), NOW, b"").refusal
    assert refusal is not None
    assert (refusal.dimension, refusal.limit, refusal.wait) == ("apm", 6_000, 10_000)
    assert admit(account, heard, Cost(audio=2), NOW + refusal.wait, b"").refusal is None


def test_what_is_drawn_later_never_overdraws() -> None:
    """As far as there is any."""
    account = make(tier=1)
    admit(account, MINI, Cost(150_000), NOW, b"")
    trio = draw(account, MINI, NOW, 10**9)
    assert trio is not None
    assert trio.remaining == 0


def test_projects_are_bounded() -> None:
    """A thousand, as the API has it."""
    organization = make().organization
    for number in range(PROJECTS_KEPT - 1):
        organization.add_project(f"{number}", NOW)
    assert len({project.id for project in organization.projects.values()}) == PROJECTS_KEPT
    with pytest.raises(TooManyProjectsError, match="1000 projects already"):
        organization.add_project("one more", NOW)


def test_projects_of_one_name_differ_between_organizations() -> None:
    """Their ids hold the organization's."""
    terms = AccountTerms(1, 0)
    acme = found_organization("acme", "sk-a", terms, TABLE, NOW)
    other = found_organization("other", "sk-b", terms, TABLE, NOW)
    assert found_project(acme, "search", "sk-a", NOW).id != found_project(other, "search", "sk-b", NOW).id
    assert found_project(acme, "search", "sk-z", NOW) is found_project(acme, "search", "sk-a", NOW)


def test_ids_that_are_given_are_taken() -> None:
    """A keys file may name the ids that a client's configuration has."""
    organization = found_organization("org-AbC123", "sk-a", AccountTerms(1, 0), TABLE, NOW)
    assert organization.id == "org-AbC123"
    assert found_project(organization, "proj_XyZ789", "sk-a", NOW).id == "proj_XyZ789"


class Life(RuleBasedStateMachine):
    """A whole life of an account: calls, purchases, time, tiers; what holds at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.account = make(tier=1, credits=3 * DOLLAR, table=WITH_DAYS)
        self.now = NOW
        self.used = 0
        self.since = NOW
        self.charged = 0
        self.month = 0

    @property
    def organization(self) -> Organization:
        return self.account.organization

    @rule(tokens=st.integers(1, 150_000), price=st.integers(0, DOLLAR))
    def calls(self, tokens: int, price: int) -> None:
        before = quota_of(self.organization, self.account, self.now)
        admission = admit(self.account, MINI, Cost(tokens), self.now, b"")
        assert admission.quota is before
        if admission.quota is None and admission.refusal is None:
            spend(self.account, price, self.now)
            self.charged += price

    @rule(dollars=st.integers(1, 400))
    def buys(self, dollars: int) -> None:
        tier = self.organization.tier
        self.organization.buy(dollars * DOLLAR, self.now)
        assert self.organization.tier >= tier
        assert (
            quota_of(self.organization, self.account, self.now) is not Quota.CREDITS
            or self.organization.ledger.balance <= 0
        )

    @rule(kind=st.sampled_from(GIFTS), dollars=st.integers(1, 10), days=st.integers(1, 40))
    def is_given(self, kind: str, dollars: int, days: int) -> None:
        self.organization.give(dollars * DOLLAR, kind, self.now, self.now + days * DAY)  # type: ignore[arg-type]

    @rule(step=st.sampled_from((SECOND, MINUTE, HOUR, DAY, 9 * DAY, 40 * DAY)))
    def time_passes(self, step: int) -> None:
        self.now += step

    @precondition(lambda self: self.organization.ledger.paid)
    @rule()
    def is_demoted(self) -> None:
        self.organization.set_tier(1, self.now)

    @invariant()
    def the_balance_is_the_sum_of_the_ledger(self) -> None:
        ledger = self.organization.ledger
        assert ledger.balance == ledger.checkpoint.amount + sum(entry.amount for entry in ledger.entries)

    @invariant()
    def what_was_charged_is_what_the_usage_log_adds_up(self) -> None:
        assert sum(cell.amount for cell in self.organization.usage.cells()) == self.charged

    @invariant()
    def the_month_never_holds_more_than_was_charged(self) -> None:
        assert 0 <= self.organization.spent == self.account.project.spent <= self.charged


def quota_of(organization: Organization, account: Account, now: int) -> Quota | None:
    return organization.quota(account.project, now)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
