"""Cases in which the mock server itself answers, with its limits and its ledger, in the standard answer's words."""

from collections.abc import Callable

from understudy.account_handle import AccountHandle
from understudy.core.simulator import Simulator
from understudy.server import Accounts
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case import Case
from understudy_harness.conformance.forms import MODEL


def prepare_live(case: Case, canary: Canary) -> Callable[[Simulator], None]:
    """What sets a simulator up for a run of a case, before its first request.

    Raises (when called):
        AccountError: the case gives the account something that it cannot have.
    """

    def prepare(simulator: Simulator) -> None:
        simulator.rules.when().reply(canary.text)
        live, account = case.live, account_of(simulator, canary)
        if live is None:
            return
        account.set(tier=live.tier)
        if live.credits is not None:
            account.set(credits=live.credits)
        if live.limits:
            account.limit_project(MODEL, **live.limits)

    return prepare


def account_of(simulator: Simulator, canary: Canary) -> AccountHandle:
    """The account of a run's key."""
    return Accounts(simulator)[canary.key]
