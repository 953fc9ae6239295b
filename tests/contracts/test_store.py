"""One contract over every store: the same history leads to the same decisions, and nothing is let through twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from understudy.core.account_view import view_account, view_ledger
from understudy.core.accounts import Account, AccountTerms, Admission
from understudy.core.catalog import Catalog, Model, RateLimits
from understudy.core.clock import DAY, HOUR, MINUTE, SECOND
from understudy.core.dates import midnight
from understudy.core.key_words import read_key
from understudy.core.limits import Cost, Trio
from understudy.core.organizations import Quota
from understudy.core.plans_table import PlanTable
from understudy.core.pricing import DOLLAR, Usage
from understudy.core.store import Store
from understudy.core.terms import AutoRecharge, KeyStatus
from understudy.core.tiers import TierTable
from understudy.core.usage_log import Spent
from understudy.stores.memory import MemoryStore
from understudy_data import toml

if TYPE_CHECKING:
    from tests.contracts.conftest import RedisServer

NOW = midnight(date(2026, 11, 23))
CATALOG = Catalog(toml("models.toml"), toml("limits.toml"))
TIERS = TierTable(toml("tiers.toml"), midnight(date(2025, 6, 1)))
DEFAULT = AccountTerms(1, 10 * DOLLAR)
SHARED = {"sk-one": "acme", "sk-two": "acme"}


def model(name: str) -> Model:
    found = CATALOG.find(name, NOW)
    assert found is not None
    return found


MINI = model("gpt-4o-mini")
KEYS = (f"sk-{number}" for number in range(10**9))


def terms_of(key: str) -> AccountTerms | None:
    if key.startswith("sk-nobody"):
        return None
    shared = SHARED.get(key)
    return read_key(key, DEFAULT) if shared is None else AccountTerms(2, 5 * DOLLAR, shared)


class Shop:
    """A store, asked without await."""

    def __init__(self, store: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.store: Store = store
        self.loop = loop

    def run(self, given: Any) -> Any:
        async def awaited() -> Any:
            return await given

        return self.loop.run_until_complete(awaited()) if isinstance(given, Awaitable) else given

    def account(self, key: str, now: int = NOW) -> Account:
        account = self.run(self.store.account(key, now))
        assert isinstance(account, Account)
        return account

    def admit(self, account: Account, now: int = NOW, tokens: int = 10, of: Model = MINI) -> Admission:
        admission = self.run(self.store.admit(account, of, Cost(tokens), now, b"x"))
        assert isinstance(admission, Admission)
        return admission

    def spend(self, account: Account, amount: int, now: int = NOW) -> None:
        spent = Spent("completions", "gpt-4o-mini-2024-07-18", "default", Usage(text_in=7, text_out=amount % 5), amount)

        async def settled() -> None:
            self.store.settle(account, spent, now)
            drained = getattr(self.store, "settled", None)
            if drained is not None:
                await drained()

        self.loop.run_until_complete(settled())

    def change(self, account: Account, change: Callable[[Account], Any]) -> Any:
        return self.run(self.store.change(account, change))

    def view(self, account: Account, now: int = NOW) -> Any:
        return self.change(account, lambda each: view_account(each, now))


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def redis_store(server: RedisServer) -> Any:
    from understudy.stores import redis

    with pytest.MonkeyPatch.context() as patience:
        # What is decided here does not depend on how soon: a machine that is busy may take its time.
        patience.setattr(redis, "TIMEOUT_SECONDS", 60.0)
        return redis.RedisStore(server.url, terms_of, TIERS)


@pytest.fixture(params=["memory", "redis"])
def shop(request: pytest.FixtureRequest, loop: asyncio.AbstractEventLoop) -> Iterator[Shop]:
    if request.param == "memory":
        yield Shop(MemoryStore(terms_of, TIERS), loop)
        return
    store = redis_store(request.getfixturevalue("redis_server"))
    shop = Shop(store, loop)
    shop.run(store.reset())
    yield shop
    loop.run_until_complete(store.close())


@pytest.fixture
def pair(redis_server: RedisServer, loop: asyncio.AbstractEventLoop) -> Iterator[tuple[Shop, Shop]]:
    """Two processes' stores over one Redis."""
    stores = [redis_store(redis_server) for _ in range(2)]
    first, second = (Shop(store, loop) for store in stores)
    first.run(first.store.reset())
    yield first, second
    for store in stores:
        loop.run_until_complete(store.close())


def test_an_account_starts_as_its_key_says(shop: Shop) -> None:
    """And a key that is not accepted has none."""
    view = shop.view(shop.account("sk-tier3-credits-0.02-x"))
    assert (view.tier, view.balance) == ("tier3", "0.02")
    assert shop.run(shop.store.account("sk-nobody", NOW)) is None
    with pytest.raises(ValueError, match="twice"):
        shop.run(shop.store.account("sk-tier1-tier2", NOW))


def test_keys_of_one_organization_share_its_money(shop: Shop) -> None:
    """Each has its own project."""
    one, two = shop.account("sk-one"), shop.account("sk-two")
    shop.spend(one, DOLLAR)
    assert shop.view(two).balance == "4.00"
    assert shop.view(one).project.id != shop.view(two).project.id
    assert (shop.view(one).project.spent, shop.view(two).project.spent) == ("1.00", "0.00")


def test_a_burst_is_let_in_up_to_the_limit_and_refills(shop: Shop) -> None:
    """500 a minute on tier 1; the refusal names the wait, and the client that obeys is let in."""
    account = shop.account("sk-burst")
    admissions = [shop.admit(account) for _ in range(503)]
    assert [each.refusal is None for each in admissions].count(True) == 500
    refusal = admissions[-1].refusal
    assert refusal is not None
    assert (refusal.dimension, refusal.limit, refusal.used, refusal.wait) == ("rpm", 500, 500, 120_000)
    assert shop.admit(account, NOW + 119_999).refusal is not None
    assert shop.admit(account, NOW + 240_000).refusal is None


def test_ten_thousand_calls_at_once_let_exactly_the_limit_through(shop: Shop) -> None:
    """Never one more."""
    account = shop.account("sk-crowd")

    async def crowd() -> list[Admission]:
        gate = asyncio.Semaphore(50)

        async def one() -> Admission:
            async with gate:
                given = shop.store.admit(account, MINI, Cost(1), NOW, b"")
                return await given if isinstance(given, Awaitable) else given

        return await asyncio.gather(*(one() for _ in range(10_000)))

    admissions = shop.loop.run_until_complete(crowd())
    assert sum(each.refusal is None for each in admissions) == 500


def test_money_refuses_before_the_limits(shop: Shop) -> None:
    """With the reason; what is bought lets the next call in."""
    account = shop.account("sk-credits-0-poor")
    refused = shop.admit(account)
    assert (refused.quota, refused.requests) == (Quota.CREDITS, None)
    shop.change(account, lambda each: each.organization.buy(DOLLAR, NOW))
    assert shop.admit(account).quota is None
    shop.change(account, lambda each: setattr(each.organization, "spend_limit", DOLLAR // 2))
    shop.spend(account, DOLLAR // 2)
    assert shop.admit(account).quota is Quota.SPEND
    shop.change(account, lambda each: setattr(each.organization, "usage_limit", DOLLAR // 4))
    assert shop.admit(account).quota is Quota.USAGE
    shop.spend(account, DOLLAR)
    assert shop.admit(account).quota is Quota.CREDITS


def test_amounts_beyond_what_a_double_holds_are_exact(shop: Shop) -> None:
    """A pico-dollar counts beside a million dollars."""
    account = shop.account("sk-credits-1000000-rich")
    shop.change(account, lambda each: setattr(each.organization, "usage_limit", 10**18))
    shop.spend(account, 10**18 - 1)
    assert shop.view(account).balance == "0.000000000001"
    assert shop.admit(account).quota is None
    shop.spend(account, 1)
    assert shop.admit(account).quota is Quota.CREDITS


def test_time_changes_what_it_should(shop: Shop) -> None:
    """A promotion by days, an expiry, a month, a recharge: by the call that meets them."""
    account = shop.account("sk-free-time")
    shop.change(account, lambda each: each.organization.start_anew(0, NOW))
    shop.change(account, lambda each: each.organization.buy(100 * DOLLAR, NOW))
    assert shop.admit(account).tokens.limit == 200_000  # type: ignore[union-attr]
    assert shop.admit(account, NOW + 7 * DAY).tokens.limit == 4_000_000  # type: ignore[union-attr]
    shop.spend(account, 30 * DOLLAR, NOW + 7 * DAY)
    december = midnight(date(2026, 12, 1))
    shop.admit(account, december)
    assert shop.view(account, december).spent == "0.00"
    assert shop.admit(account, NOW + 364 * DAY).quota is None
    assert shop.admit(account, NOW + 365 * DAY).quota is Quota.CREDITS
    recharge = AutoRecharge(5 * DOLLAR, 20 * DOLLAR)
    shop.change(account, lambda each: setattr(each.organization, "recharge", recharge))
    assert shop.admit(account, NOW + 365 * DAY).quota is None
    assert shop.view(account, NOW + 365 * DAY).balance == "20.00"


def test_projects_and_increases_are_held(shop: Shop) -> None:
    """A project's own limit refuses in its name; an increase lifts the organization's."""
    account = shop.account("sk-limits")
    shop.change(account, lambda each: each.project.limit("gpt-4o-mini", RateLimits(rpm=2)))
    shop.change(account, lambda each: each.organization.increase("gpt-4o-mini", RateLimits(rpm=9_000)))
    admissions = [shop.admit(account) for _ in range(3)]
    assert admissions[0].project_requests is not None
    assert admissions[0].project_requests.remaining == 1
    refusal = admissions[2].refusal
    assert refusal is not None
    assert (refusal.of_project, refusal.wait) == (True, 30 * SECOND)
    shop.change(account, lambda each: each.project.limit("gpt-4o-mini", None))
    assert shop.admit(account).refusal is None


def test_a_revoked_key_is_told_so(shop: Shop) -> None:
    """Its status is what the next look finds."""
    account = shop.account("sk-revocable")
    shop.change(account, Account.revoke)
    assert shop.view(shop.account("sk-revocable")).status == "revoked"


def test_a_key_that_was_made_meanwhile_is_known(shop: Shop) -> None:
    """It is of the organization that made it."""
    owner = shop.account("sk-owner")
    project = shop.change(owner, lambda each: each.organization.add_project("search", NOW).id)
    owner = shop.account("sk-owner")
    made = Account("sk-svcacct-made", AccountTerms(0, 0), owner.organization, owner.organization.projects[project], NOW)
    shop.run(shop.store.add(made))
    again = shop.account("sk-svcacct-made")
    assert (again.organization.id, again.project.id) == (owner.organization.id, project)
    shop.spend(again, DOLLAR)
    assert shop.view(owner).balance == "9.00"


def test_what_is_drawn_later_is_taken_as_far_as_there_is(shop: Shop) -> None:
    """And shown."""
    account = shop.account("sk-draw")
    shop.admit(account, tokens=150_000)
    trio = shop.run(shop.store.draw(account, MINI, NOW, 20_000))
    assert isinstance(trio, Trio)
    assert (trio.limit, trio.remaining) == (200_000, 30_000)
    trio = shop.run(shop.store.draw(account, MINI, NOW, 10**9))
    assert trio.remaining == 0


def test_what_was_set_aside_and_not_needed_is_given_back(shop: Shop) -> None:
    """By drawing fewer than none; never more than was used."""
    account = shop.account("sk-back")
    shop.admit(account, tokens=150_000)
    trio = shop.run(shop.store.draw(account, MINI, NOW, -40_000))
    assert isinstance(trio, Trio)
    assert trio.remaining == 90_000
    trio = shop.run(shop.store.draw(account, MINI, NOW + SECOND, -(10**9)))
    assert (trio.remaining, trio.reset) == (200_000, 0)


def test_the_ledger_folds_and_loses_nothing(shop: Shop) -> None:
    """Balance = folded + entries, after more charges than are kept."""
    account = shop.account("sk-long")
    for _ in range(1_050):
        shop.spend(account, 10**6)
    ledger = shop.change(account, lambda each: view_ledger(each, NOW, 1_000))
    assert (ledger.balance, len(ledger.entries), ledger.folded_entries) == ("9.99895", 1_000, 51)
    cells = shop.change(
        account, lambda each: [(cell.requests, cell.amount) for cell in each.organization.usage.cells()]
    )
    assert cells == [(1_050, 1_050 * 10**6)]


def test_a_plan_is_kept(shop: Shop) -> None:
    """With what was used of it."""
    from understudy.core.plans_accounts import Plans

    plans = Plans(PlanTable(toml("plans.toml"), NOW))
    account = shop.account("sk-plus-codex")
    shop.change(account, lambda each: plans.buy_credits(each, 10**12, NOW).credits)
    view = shop.change(account, lambda each: plans.view(each, NOW))
    assert (view.plan, view.credits) == ("plus", 10**12)


def test_forgetting_and_resetting_start_anew(shop: Shop) -> None:
    """One account, or all."""
    first, second = shop.account("sk-first"), shop.account("sk-second")
    for account in (first, second):
        shop.spend(account, DOLLAR)
    shop.run(shop.store.forget("sk-first"))
    assert (shop.view(shop.account("sk-first")).balance, shop.view(second).balance) == ("10.00", "9.00")
    shop.run(shop.store.reset())
    assert shop.view(shop.account("sk-second")).balance == "10.00"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("admit"), st.integers(0, 250_000)),
        st.tuples(st.just("spend"), st.integers(0, 3 * DOLLAR)),
        st.tuples(st.just("buy"), st.integers(1, 120 * DOLLAR)),
        st.tuples(st.just("gift"), st.integers(1, 20)),
        st.tuples(st.just("wait"), st.sampled_from([1, SECOND, 7 * SECOND, MINUTE, HOUR, DAY, 8 * DAY, 31 * DAY])),
        st.tuples(st.just("tier"), st.integers(0, 5)),
        st.tuples(st.just("draw"), st.integers(-50_000, 100_000)),
        st.tuples(st.just("limit"), st.integers(1, 50)),
    ),
    max_size=25,
)


def shown(admission: Admission) -> Any:
    trios = (admission.requests, admission.tokens, admission.project_requests, admission.project_tokens)
    refusal = admission.refusal
    return (
        admission.quota,
        admission.unavailable,
        admission.repeat,
        [None if trio is None else (trio.limit, trio.remaining, trio.reset) for trio in trios],
        None
        if refusal is None
        else (refusal.dimension, refusal.used, refusal.requested, refusal.wait, refusal.of_project),
    )


@example(steps=[("admit", 0), ("tier", 2), ("draw", 0), ("tier", 0), ("admit", 0)])
@example(steps=[("admit", 0), ("tier", 2), ("admit", 0), ("tier", 0), ("admit", 0)])
@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_memory_and_redis_decide_alike(pair: tuple[Shop, Shop], loop: asyncio.AbstractEventLoop, steps: Any) -> None:
    """The same history, the same decisions, money and limits; two processes take turns at Redis."""
    memory = Shop(MemoryStore(terms_of, TIERS), loop)
    decide_alike(steps, lambda turn, now: (memory, pair[turn % 2]))


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_store_that_was_written_and_read_decides_as_before(loop: asyncio.AbstractEventLoop, steps: Any) -> None:
    """The same history, the same decisions, money and limits, whether it stopped between any two calls or not."""
    memory, written = MemoryStore(terms_of, TIERS), MemoryStore(terms_of, TIERS)

    def shops(turn: int, now: int) -> tuple[Shop, Shop]:
        assert written.take_up(written.snapshot(now)) == now
        return Shop(memory, loop), Shop(written, loop)

    decide_alike(steps, shops)


def decide_alike(steps: Any, shops: Callable[[int, int], tuple[Shop, Shop]]) -> None:
    """Play a history in two shops, which may be others at each turn, and compare what they say."""
    key = next(KEYS)
    now = NOW
    for turn, (step, amount) in enumerate(steps):
        told = []
        for shop in shops(turn, now):
            account = shop.account(key, now)
            if step == "admit":
                told.append(shown(shop.admit(account, now, amount)))
            elif step == "spend":
                shop.spend(account, amount, now)
            elif step == "buy":
                shop.change(account, lambda each, amount=amount, now=now: each.organization.buy(amount, now))
            elif step == "gift":
                expires = now + amount * DAY
                shop.change(
                    account, lambda each, until=expires, now=now: each.organization.give(DOLLAR, "gift", now, until)
                )
            elif step == "tier":
                shop.change(account, lambda each, tier=amount, now=now: each.organization.set_tier(tier, now))
            elif step == "limit":
                own = RateLimits(rpm=amount, tpm=1_000 * amount)
                shop.change(account, lambda each, own=own: each.project.limit("gpt-4o-mini", own))
            elif step == "draw":
                trio = shop.run(shop.store.draw(account, MINI, now, amount))
                told.append(None if trio is None else (trio.limit, trio.remaining, trio.reset))
            told.append(shop.view(account, now))
        assert told[: len(told) // 2] == told[len(told) // 2 :], (step, amount)
        if step == "wait":
            now += amount


def test_more_than_it_can_count_is_refused(pair: tuple[Shop, Shop]) -> None:
    """In a sentence, and nothing has changed."""
    shop = pair[0]
    with pytest.raises(ValueError, match=r"counts to \$4,000,000"):
        shop.run(shop.store.account("sk-credits-5000000-x", NOW))
    account = shop.account("sk-rich")
    with pytest.raises(ValueError, match=r"counts to \$4,000,000"):
        shop.change(account, lambda each: each.organization.give(5_000_000 * DOLLAR, "gift", NOW))
    assert shop.view(account).balance == "10.00"


def test_what_one_process_changes_the_other_meets_at_its_next_call(pair: tuple[Shop, Shop]) -> None:
    """A tier, a revoked key: without being told."""
    first, second = pair
    mine, theirs = first.account("sk-both"), second.account("sk-both")
    assert second.admit(theirs).tokens.limit == 200_000  # type: ignore[union-attr]
    first.change(mine, lambda each: each.organization.set_tier(5, NOW))
    assert second.admit(theirs).tokens.limit == 150_000_000  # type: ignore[union-attr]
    first.change(mine, Account.revoke)
    assert second.admit(theirs).revoked
    assert second.account("sk-both").status is KeyStatus.REVOKED


def test_two_processes_that_write_at_once_lose_nothing(pair: tuple[Shop, Shop]) -> None:
    """A hundred purchases and as many charges from both."""
    first, second = pair
    accounts = [shop.account("sk-busy") for shop in pair]

    async def buy(shop: Shop, account: Account) -> None:
        change = shop.store.change(account, lambda each: each.organization.give(DOLLAR, "gift", NOW))
        assert isinstance(change, Awaitable)
        await change
        shop.store.settle(account, Spent("completions", "m", "default", Usage(), DOLLAR // 2), NOW)

    async def both() -> None:
        for _ in range(25):
            await asyncio.gather(*(buy(shop, account) for shop, account in zip(pair, accounts, strict=True)))
        for shop in pair:
            await shop.store.settled()  # type: ignore[attr-defined]

    first.loop.run_until_complete(both())
    assert first.view(accounts[0]) == second.view(accounts[1])
    assert first.view(accounts[0]).balance == "35.00"
