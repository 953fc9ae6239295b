"""Cases in which the mock server itself answers, with its limits and its ledger, in the standard answer's words."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from understudy.account_handle import AccountHandle
from understudy.core.accounts import Account
from understudy.core.limits import Cost
from understudy.core.simulator import Simulator
from understudy.server import Accounts
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.forms import MODEL

if TYPE_CHECKING:
    from understudy_harness.conformance.case import Live


def prepare_live(live: "Live", canary: Canary) -> Callable[[Simulator], None]:
    """What sets a simulator up for a run, before its first request.

    Raises (when called):
        AccountError: the account is given something that it cannot have.
    """

    def prepare(simulator: Simulator) -> None:
        simulator.rules.when().reply(canary.text)
        account = account_of(simulator, canary)
        account.set(tier=live.tier)
        if live.credits is not None:
            account.set(credits=live.credits)
        if live.limits:
            account.limit_project(MODEL, **live.limits)
        if live.used:
            _use(simulator, account.key, live.used)

    return prepare


def set_limits(simulator: Simulator, canary: Canary, **limits: int) -> None:
    """Give the account of a run's key other limits of the cases' model from now on."""
    account_of(simulator, canary).limit_project(MODEL, **limits)


def account_of(simulator: Simulator, canary: Canary) -> AccountHandle:
    """The account of a run's key."""
    return Accounts(simulator)[canary.key]


def _use(simulator: Simulator, key: str, requests: int) -> None:
    """Let requests have been made just now, as far as the limits of the key's project go."""
    now = simulator.clock.now()
    accounts = Accounts(simulator)
    group = accounts.model(MODEL).limit_group

    def use(account: Account) -> None:
        meter = account.project.meter(group, now)
        if meter is not None:
            meter.take(Cost(requests=requests))

    accounts.change(key, use)
