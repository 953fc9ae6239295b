"""The store of one process: accounts in a dict, answered at once, without a thread or a task."""

from collections import OrderedDict
from collections.abc import Callable

from understudy.core.accounts import (
    ACCOUNTS_KEPT,
    IDLE_LIFETIME,
    Account,
    AccountTerms,
    Admission,
    Organization,
    admit,
)
from understudy.core.catalog import Model, RateLimits


class MemoryStore:
    """Accounts in the order of their last use, so that ageing out looks at the oldest only.

    Args:
        terms_of: what the account of a key starts with.
    """

    answers_at_once = True

    def __init__(self, terms_of: Callable[[str], AccountTerms]) -> None:
        self._terms_of = terms_of
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._shared: dict[str, Organization] = {}

    def __len__(self) -> int:
        """How many accounts are held."""
        return len(self._accounts)

    def account(self, key: str, now: int) -> Account:
        """The account of a key, made on first sight."""
        accounts = self._accounts
        account = accounts.get(key)
        if account is None:
            self._age_out(now)
            terms = self._terms_of(key)
            account = accounts[key] = Account(key, terms, self._organization(key, terms, now), now)
        else:
            accounts.move_to_end(key)
        return account

    def accounts(self) -> list[Account]:
        """All accounts, the one used longest ago first."""
        return list(self._accounts.values())

    def admit(
        self,
        account: Account,
        model: Model,
        limits: RateLimits,
        now: int,
        requests: int,
        tokens: int,
        images: int,
        fingerprint: bytes,
    ) -> Admission:
        """Decide about one call; see `core.accounts.admit`."""
        return admit(
            account, model, limits, now, requests=requests, tokens=tokens, images=images, fingerprint=fingerprint
        )

    def settle(self, account: Account, amount: int, now: int, note: str) -> None:
        """Charge what a call came to."""
        account.organization.ledger.charge(amount, now, note)

    def reset(self) -> None:
        """Forget every account."""
        self._accounts.clear()
        self._shared.clear()

    def forget(self, key: str) -> None:
        """Forget one account; its key then starts anew."""
        self._accounts.pop(key, None)

    def _organization(self, key: str, terms: AccountTerms, now: int) -> Organization:
        if terms.organization is None:
            return Organization(key, terms, now)
        shared = self._shared.get(terms.organization)
        if shared is None:
            shared = self._shared[terms.organization] = Organization(terms.organization, terms, now)
        return shared

    def _age_out(self, now: int) -> None:
        # Two looks for each new account are enough to keep up, and keep the cost of a call flat.
        for _ in range(2):
            if len(self._accounts) < ACCOUNTS_KEPT:
                return
            oldest = next(iter(self._accounts.values()))
            if now - oldest.last_used < IDLE_LIFETIME:
                return
            if oldest.pinned:
                self._accounts.move_to_end(oldest.key)
            else:
                del self._accounts[oldest.key]
