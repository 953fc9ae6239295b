from __future__ import annotations

from understudy.core.accounts import ACCOUNTS_KEPT, IDLE_LIFETIME, Account, AccountTerms
from understudy.core.clock import SECOND
from understudy.core.tiers import TierTable
from understudy.stores.memory import MemoryStore
from understudy_data import toml


class Held(MemoryStore):
    """A store that accepts every key."""

    def account(self, key: str, now: int) -> Account:
        account = super().account(key, now)
        assert account is not None
        return account


def make_store(**shared: str) -> Held:
    return Held(lambda key: AccountTerms(1, 10**12, organization=shared.get(key)), TierTable(toml("tiers.toml"), 0))


def test_an_account_is_made_on_first_sight_and_kept() -> None:
    """The same key, the same account."""
    store = make_store()
    assert store.account("sk-a", 0) is store.account("sk-a", 5)
    assert store.account("sk-a", 0).organization is not store.account("sk-b", 0).organization


def test_keys_of_one_organization_share_its_tier_and_ledger() -> None:
    """Each is still a project of its own."""
    store = make_store(one="acme", two="acme")
    first, second = store.account("one", 0), store.account("two", 0)
    assert first.organization is second.organization
    assert first.project != second.project


def test_idle_accounts_are_aged_out_when_there_are_many() -> None:
    """Those that were used, and those that were set by hand, stay."""
    store = make_store()
    store.account("sk-pinned", 0).pinned = True
    for number in range(ACCOUNTS_KEPT + 200):
        store.account(f"sk-{number}", 0)
    assert len(store) == ACCOUNTS_KEPT + 201
    later = IDLE_LIFETIME + SECOND
    busy = store.account("sk-5", 0)
    busy.last_used = later
    for number in range(2_000):
        store.account(f"sk-new-{number}", later).last_used = later
    held = {account.key for account in store.accounts()}
    assert {"sk-pinned", "sk-5"} <= held
    assert "sk-6" not in held
    assert len(store) < ACCOUNTS_KEPT + 2_100


def test_a_forgotten_account_starts_anew() -> None:
    """With its terms."""
    store = make_store()
    store.account("sk-a", 0).organization.ledger.charge(5, 0, "gpt-4o")
    store.forget("sk-a")
    assert store.account("sk-a", 0).organization.ledger.balance == 10**12
