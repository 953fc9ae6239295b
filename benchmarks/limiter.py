"""What a decision of the limiter costs, without a server around it."""

import time
from statistics import median

from benchmarks.figures import Goal, Section
from understudy.core.accounts import Account, admit
from understudy.core.catalog import Catalog
from understudy.core.clock import SECOND
from understudy.core.headers import rate_limits
from understudy.core.limits import Cost
from understudy.core.organizations import found_organization, found_project
from understudy.core.terms import AccountTerms
from understudy.core.tiers import TierTable
from understudy_data import toml

_ERA = 1_790_000_000 * SECOND
_MODEL = "gpt-4o-mini"
_GOAL_US = 10.0


def limiter(*, quick: bool) -> Section:
    """Microseconds of a decision over all dimensions, its headers included."""
    count = 5_000 if quick else 20_000
    taken = sorted(_round(count) for _ in range(3 if quick else 7))
    value = median(taken)
    section = Section("Limiter")
    section.rows.append({"": "a decision: money, all dimensions, headers", "µs": value, "best µs": taken[0]})
    section.goals.append(Goal("Limiter: a decision", f"≤ {_GOAL_US:g} µs", f"{value:.1f} µs", value <= _GOAL_US))
    return section


def _round(count: int) -> float:
    model = Catalog(toml("models.toml"), toml("limits.toml")).find(_MODEL, _ERA)
    if model is None:
        raise LookupError(_MODEL)
    terms = AccountTerms(5, 1_000 * 10**12)
    organization = found_organization(None, "sk-a", terms, TierTable(toml("tiers.toml"), _ERA), _ERA)
    account = Account("sk-a", terms, organization, found_project(organization, None, "sk-a", _ERA), _ERA)
    cost = Cost(tokens=100)
    begin = time.perf_counter()
    now = _ERA
    for number in range(count):
        # Ten milliseconds between calls: they are all let in.
        now += 10_000
        admission = admit(account, model, cost, now, b"%016d" % number)
        rate_limits(admission, with_images=False)
    elapsed = time.perf_counter() - begin
    if admission.refusal is not None or admission.quota is not None:
        raise RuntimeError("the limiter refused what it was meant to let in")
    return elapsed / count * 1e6
