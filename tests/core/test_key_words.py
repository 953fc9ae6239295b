"""Keys that spell a state."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Api

from understudy.core.key_words import WORDS, KeyWordsError, read_key
from understudy.core.pricing import DOLLAR, format_usd
from understudy.core.terms import AccountTerms, KeyStatus

DEFAULT = AccountTerms(5, 1000 * DOLLAR, organization="acme", plan="go")


@pytest.mark.parametrize(
    ("key", "tier", "credits", "plan", "status"),
    [
        ("sk-anything", 5, 1000 * DOLLAR, "go", KeyStatus.ACTIVE),
        ("sk-proj-aB3-xyz", 5, 1000 * DOLLAR, "go", KeyStatus.ACTIVE),
        ("sk-free-x", 0, 1000 * DOLLAR, "free", KeyStatus.ACTIVE),
        ("sk-tier3-x", 3, 1000 * DOLLAR, "go", KeyStatus.ACTIVE),
        ("sk-credits-0-x", 5, 0, "go", KeyStatus.ACTIVE),
        ("sk-tier1-credits-0.02-anything", 1, DOLLAR // 50, "go", KeyStatus.ACTIVE),
        ("sk-credits-5.00-free-plus", 0, 5 * DOLLAR, "plus", KeyStatus.ACTIVE),
        ("sk-invalid-x", 5, 1000 * DOLLAR, "go", KeyStatus.INVALID),
        ("sk-x-revoked", 5, 1000 * DOLLAR, "go", KeyStatus.REVOKED),
        ("sk-noaccess", 5, 1000 * DOLLAR, "go", KeyStatus.NO_ACCESS),
        ("sk-admin-x", 5, 1000 * DOLLAR, "go", KeyStatus.ADMIN),
        ("sk-freedom-tier33x-invalidated", 5, 1000 * DOLLAR, "go", KeyStatus.ACTIVE),
        ("free-tier1", 5, 1000 * DOLLAR, "go", KeyStatus.ACTIVE),
    ],
)
def test_whole_words_after_sk_spell_the_state(key: str, tier: int, credits: int, plan: str, status: KeyStatus) -> None:
    """Parts of words say nothing, nor does a key of another shape."""
    terms = read_key(key, DEFAULT)
    assert (terms.tier, terms.credits, terms.plan, terms.status) == (tier, credits, plan, status)
    assert terms.organization == "acme"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("sk-credits-lots-x", "'credits' is followed by 'lots'"),
        ("sk-credits", "'credits' is followed by ''"),
        ("sk-tier6-x", "'tier6', and the usage tiers are free and tier1 to tier5"),
        ("sk-tier1-tier2", "its usage tier twice"),
        ("sk-free-tier1", "its usage tier twice"),
        ("sk-credits-1-credits-2", "its amount of credits twice"),
        ("sk-plus-pro", "its plan twice"),
        ("sk-invalid-revoked", "its state twice"),
    ],
)
def test_what_cannot_be_understood_is_refused(key: str, words: str) -> None:
    """Rather than taken for something else; the API says so in its envelope."""
    with pytest.raises(KeyWordsError, match=words):
        read_key(key, DEFAULT)
    refused = Api().chat(key=key)
    assert (refused.status, refused.error["code"]) == (401, "invalid_api_key")
    assert words in refused.error["message"]


@given(st.integers(0, 10**18))
def test_any_amount_is_exact(pico: int) -> None:
    """To the pico-dollar."""
    assert read_key(f"sk-credits-{format_usd(pico)}-x", DEFAULT).credits == pico


def test_every_word_of_the_table_works() -> None:
    """The example keys differ from the default in what their line says."""
    for word, example, _ in WORDS:
        assert read_key(example, DEFAULT) != DEFAULT or word == "admin", word


@pytest.mark.parametrize(
    ("key", "code"),
    [("sk-invalid-0123456789", "invalid_api_key"), ("sk-revoked-0123456789", "invalid_api_key"), ("sk-noaccess-0123456789", "no_organization")],
)  # fmt: skip
def test_a_client_picks_its_refusal_by_its_key(key: str, code: str) -> None:
    """401 in the real envelope, on every path, and the key is masked."""
    api = Api()
    for path in ("/v1/chat/completions", "/v1/models"):
        refused = api.send("GET" if path.endswith("models") else "POST", path, b"{}", key=key)
        assert (refused.status, refused.error["code"], refused.error["type"]) == (401, code, "invalid_request_error")
        assert key not in json.dumps(refused.error)


def test_a_client_picks_its_tier_and_credits_by_its_key() -> None:
    """The headers show the tier; the last cents are spent, then the quota is gone."""
    api = Api(tier=5)
    first = api.chat(key="sk-tier2-x")
    assert first.headers["x-ratelimit-limit-tokens"] == "450000"
    assert api.chat(key="sk-credits-0-x").error["code"] == "insufficient_quota"
    statuses = []
    for _ in range(4):
        statuses.append(api.chat({"model": "gpt-4o"}, key="sk-tier1-credits-0.0001-x").status)
        api.clock.advance(60)
    assert statuses[0] == 200
    assert statuses[-1] == 429
