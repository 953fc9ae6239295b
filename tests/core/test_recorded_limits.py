"""Every pair of limits that the real API was seen to send is sent here, too."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from understudy.core.accounts import Account, AccountTerms, admit
from understudy.core.catalog import Catalog, RateLimits
from understudy.core.dates import midnight
from understudy.core.limits import Cost
from understudy.core.organizations import found_organization, found_project
from understudy.core.pricing import DOLLAR
from understudy.core.tiers import TierTable
from understudy_data import toml

NOW = midnight(date(2026, 11, 23))
CATALOG = Catalog(toml("models.toml"), toml("limits.toml"))
TABLE = TierTable(toml("tiers.toml"), NOW)
FILE = Path(__file__).parent.parent / "recorded" / "rate_limit_pairs.toml"
PAIRS = tomllib.loads(FILE.read_text(encoding="utf-8"))["pairs"]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['model']} {pair['requests']}/{pair.get('tokens')}")
def test_a_recorded_pair_is_sent(pair: dict[str, Any]) -> None:
    """By the tier that has it; or, for older tables and limits of one's own, by what was granted."""
    model = CATALOG.find(pair["model"], NOW)
    assert model is not None
    tier = pair.get("tier", 1)
    organization = found_organization(None, "sk-a", AccountTerms(tier, DOLLAR), TABLE, NOW)
    account = Account(
        "sk-a", AccountTerms(tier, DOLLAR), organization, found_project(organization, None, "sk-a", NOW), NOW
    )
    if "tier" not in pair:
        own = RateLimits(rpm=pair["requests"], tpm=pair.get("tokens"))
        account.project.limit(model.limit_group, own)
        organization.increase(model.limit_group, own)
    admission = admit(account, model, Cost(1), NOW, b"")
    requests = admission.requests if "tier" in pair else admission.project_requests
    tokens = admission.tokens if "tier" in pair else admission.project_tokens
    assert requests is not None
    assert (requests.limit, requests.remaining) == (pair["requests"], pair["requests"] - 1)
    assert (None if tokens is None else tokens.limit) == pair.get("tokens")


def test_most_recorded_pairs_are_those_of_a_tier() -> None:
    """Weighed by how often they were seen; nearly all of what is left is older than 2025."""
    of_a_tier = [pair for pair in PAIRS if "tier" in pair]
    assert sum(pair["seen"] for pair in of_a_tier) > 0.9 * sum(pair["seen"] for pair in PAIRS)
