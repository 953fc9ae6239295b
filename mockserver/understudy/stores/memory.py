"""The store of one process: accounts in a dict, answered at once, without a thread or a task."""

from collections import OrderedDict
from collections.abc import Callable

from understudy.core import accounts as core
from understudy.core.accounts import ACCOUNTS_KEPT, IDLE_LIFETIME, Account, Admission
from understudy.core.catalog import Model
from understudy.core.kept import KeptPage
from understudy.core.limits import Cost, Trio
from understudy.core.organizations import Organization, found_organization, found_project
from understudy.core.snapshots import Snapshot, read_snapshot, write_snapshot
from understudy.core.store import Change, Changed
from understudy.core.terms import AccountTerms
from understudy.core.tiers import TierTable
from understudy.core.usage_log import Spent


class MemoryStore:
    """Accounts in the order of their last use, so that ageing out looks at the oldest only.

    Args:
        terms_of: what the account of a key starts with; None for a key that is not accepted.
        tiers: what promotes an organization.
    """

    answers_at_once = True

    def __init__(self, terms_of: Callable[[str], AccountTerms | None], tiers: TierTable) -> None:
        self._terms_of = terms_of
        self._tiers = tiers
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._shared: dict[str, Organization] = {}

    def __len__(self) -> int:
        """How many accounts are held."""
        return len(self._accounts)

    def account(self, key: str, now: int) -> Account | None:
        """The account of a key, made on first sight; None when the key is not accepted."""
        accounts = self._accounts
        account = accounts.get(key)
        if account is None:
            terms = self._terms_of(key)
            if terms is None:
                return None
            self._age_out(now)
            organization = self._organization(key, terms, now)
            project = found_project(organization, terms.project, key, now)
            account = self.add(Account(key, terms, organization, project, now))
        else:
            accounts.move_to_end(key)
        return account

    def add(self, account: Account) -> Account:
        """Take an account in whose key was made while the server ran."""
        self._accounts[account.key] = account
        account.organization.api_keys[account.key_id] = account
        return account

    def accounts(self) -> list[Account]:
        """All accounts, the one used longest ago first."""
        return list(self._accounts.values())

    def admit(self, account: Account, model: Model, cost: Cost, now: int, fingerprint: bytes) -> Admission:
        """Decide about one call; see `core.accounts.admit`."""
        return core.admit(account, model, cost, now, fingerprint)

    def draw(self, account: Account, model: Model, now: int, tokens: int) -> Trio | None:
        """Take what an admitted call turned out to need; see `core.accounts.draw`."""
        return core.draw(account, model, now, tokens)

    def settle(self, account: Account, spent: Spent, now: int) -> None:
        """Charge what a call came to."""
        core.settle(account, spent, now)

    def change(self, account: Account, change: Change[Changed]) -> Changed:
        """Read or set anything of an account and its organization."""
        return change(account)

    def keep(self, account: Account, kind: str, id: str, value: bytes) -> None:
        """Keep a value in the account's project."""
        account.organization.kept.put(account.project.id, kind, id, value)

    def keep_soon(self, account: Account, kind: str, id: str, value: bytes) -> None:
        """The same at once."""
        self.keep(account, kind, id, value)

    def kept(self, account: Account, kind: str, id: str) -> bytes | None:
        """A value of the account's project, None when there is none."""
        return account.organization.kept.get(account.project.id, kind, id)

    def drop(self, account: Account, kind: str, id: str) -> bool:
        """Keep a value no longer; whether it was there."""
        return account.organization.kept.drop(account.project.id, kind, id)

    def kept_page(
        self, account: Account, kind: str, after: str | None, limit: int, *, newest_first: bool
    ) -> KeptPage | None:
        """Values of a kind in the order they came; see `core.kept.Kept.page`."""
        return account.organization.kept.page(account.project.id, kind, after, limit, newest_first=newest_first)

    def snapshot(self, now: int) -> bytes:
        """All of it; see `core.snapshots`."""
        return write_snapshot(Snapshot(now, self.accounts(), dict(self._shared)))

    def take_up(self, data: bytes) -> int:
        """Hold what `snapshot` told, in the place of everything.

        Returns:
            The moment of the snapshot, microseconds since the epoch.

        Raises:
            SnapshotError: it told something else; nothing was taken up.
        """
        snapshot = read_snapshot(data, self._tiers)
        self._accounts = OrderedDict((account.key, account) for account in snapshot.accounts)
        self._shared = dict(snapshot.shared)
        return snapshot.now

    def reset(self) -> None:
        """Forget every account."""
        self._accounts.clear()
        self._shared.clear()

    def tell_others(self, message: dict[str, float | bool]) -> None:
        """There are no others."""

    def accompany(self, hear: Callable[[dict[str, float | bool]], None]) -> None:
        """Nothing runs beside."""

    def forget(self, key: str) -> None:
        """Forget one account; its key then starts anew."""
        account = self._accounts.pop(key, None)
        if account is not None:
            account.organization.api_keys.pop(account.key_id, None)

    def _organization(self, key: str, terms: AccountTerms, now: int) -> Organization:
        if terms.organization is None:
            return found_organization(None, key, terms, self._tiers, now)
        shared = self._shared.get(terms.organization)
        if shared is None:
            shared = found_organization(terms.organization, key, terms, self._tiers, now)
            self._shared[terms.organization] = shared
        return shared

    def _age_out(self, now: int) -> None:
        # Two looks for each new account are enough to keep up, and keep the cost of a call flat.
        for _ in range(2):
            if len(self._accounts) < ACCOUNTS_KEPT:
                return
            oldest = next(iter(self._accounts.values()))
            if now - oldest.last_used < IDLE_LIFETIME:
                return
            if oldest.pinned or oldest.organization.pinned:
                self._accounts.move_to_end(oldest.key)
            else:
                self.forget(oldest.key)
