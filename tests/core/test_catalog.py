from __future__ import annotations

from itertools import pairwise

import pytest

from understudy.core.catalog import TIERS, Catalog, parse_tier
from understudy_data import toml

NOW = 1_795_471_200_000_000
MAY_2024 = 1_715_000_000_000_000


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog(toml("models.toml"), toml("limits.toml"))


@pytest.mark.parametrize(
    ("name", "snapshot"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"),
        ("gpt-5-nano", "gpt-5-nano-2025-08-07"),
        ("gpt-5-pro", "gpt-5-pro-2025-10-06"),
        ("gpt-5.2", "gpt-5.2-2025-12-11"),
        ("gpt-5.4", "gpt-5.4-2026-03-05"),
        ("gpt-5.4-mini", "gpt-5.4-mini-2026-03-17"),
        ("gpt-5.5", "gpt-5.5-2026-04-23"),
        ("gpt-5.6", "gpt-5.6-sol"),
        ("o3", "o3-2025-04-16"),
        ("o3-mini", "o3-mini-2025-01-31"),
        ("o4-mini", "o4-mini-2025-04-16"),
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
        ("gpt-4", "gpt-4-0613"),
        ("gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct:20230824-v2"),
        ("davinci-002", "davinci:2023-07-21-v2"),
        ("text-embedding-ada-002", "text-embedding-ada-002-v2"),
        ("text-embedding-3-small", "text-embedding-3-small"),
        ("gpt-audio", "gpt-audio-2025-08-28"),
        ("gpt-audio-mini", "gpt-audio-mini-2025-12-15"),
        ("gpt-4o-audio-preview", "gpt-4o-audio-preview-2025-06-03"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
    ],
)
def test_names_resolve_as_recorded(catalog: Catalog, name: str, snapshot: str) -> None:
    """The dated name that answers carry."""
    model = catalog.find(name, NOW)
    assert model is not None
    assert model.snapshot == snapshot


@pytest.mark.parametrize(
    ("name", "tier", "requests", "tokens"),
    [
        ("gpt-4o", 1, 500, 30_000),
        ("gpt-4o", 3, 5_000, 800_000),
        ("gpt-4o", 4, 10_000, 2_000_000),
        ("gpt-4o", 5, 10_000, 30_000_000),
        ("gpt-4o-mini", 1, 10_000, 200_000),
        ("gpt-4o-mini", 3, 5_000, 4_000_000),
        ("gpt-4o-mini", 5, 30_000, 150_000_000),
        ("gpt-4o-mini", 0, 200, 100_000),
        ("gpt-5", 1, 500, 500_000),
        ("gpt-5", 5, 15_000, 40_000_000),
        ("gpt-5-mini", 5, 30_000, 180_000_000),
        ("gpt-5-nano", 1, 500, 200_000),
        ("gpt-5.4", 2, 5_000, 1_000_000),
        ("gpt-4", 1, 10_000, 10_000),
        ("gpt-4", 3, 5_000, 80_000),
        ("gpt-3.5-turbo", 5, 10_000, 50_000_000),
        ("gpt-3.5-turbo-instruct", 2, 3_500, 90_000),
        ("davinci-002", 1, 3_000, 250_000),
        ("o4-mini", 3, 5_000, 4_000_000),
        ("gpt-audio-mini", 2, 400, 200_000),
        ("text-embedding-3-small", 1, 3_000, 1_000_000),
        ("text-embedding-3-small", 3, 5_000, 5_000_000),
        ("text-embedding-ada-002", 5, 10_000, 10_000_000),
        ("gpt-4o-mini-search-preview", 1, 100, 6_000),
        ("gpt-4o-mini-search-preview", 2, 500, 45_000),
        ("gpt-4.1-mini", 1, 500, 200_000),
    ],
)
def test_limits_are_the_recorded_pairs(catalog: Catalog, name: str, tier: int, requests: int, tokens: int) -> None:
    """What x-ratelimit-limit-requests (the day's where there is a daily limit) and -tokens showed."""
    model = catalog.find(name, NOW)
    assert model is not None
    limits = model.limits[tier]
    assert limits is not None
    assert (limits.rpd or limits.rpm, limits.tpm) == (requests, tokens)


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("gpt-9-mini", "gpt-5.4-mini"),
        ("gpt-9", "gpt-5.5"),
        ("gpt-7.3-nano-2028-02-01", "gpt-5.4-nano"),
        ("gpt-4o-2027-01-01", "gpt-4o"),
        ("gpt-4o-mini-latest", "gpt-4o-mini"),
        ("o7-mini", "o4-mini"),
        ("gpt-image-3", "gpt-image-2"),
        ("gpt-realtime-4-mini", "gpt-realtime-2.1-mini"),
        ("text-embedding-4-large", "text-embedding-3-large"),
        ("ft:gpt-4o-mini-2024-07-18:acme::AbC123", "gpt-4o-mini"),
    ],
)
def test_names_of_a_known_family_take_its_figures(catalog: Catalog, name: str, listed: str) -> None:
    """And are echoed as they were asked for."""
    model = catalog.find(name, NOW)
    assert model is not None
    assert (model.listed, model.id, model.snapshot) == (listed, name, name)


@pytest.mark.parametrize(
    "name",
    ["gpt-4.1-nano-wrong", "gpt-nope", "text-embedding-4-ultra", "text-embedding-4", "gpt-", "", "gpt-9-mini-", "x" * 9_999,
     "ft:gpt-nope:acme::1", "GPT-4o", "gpt-4o-2024-13", "gpt-5\n"],
)  # fmt: skip
def test_any_other_name_does_not_exist(catalog: Catalog, name: str) -> None:
    """The grammar is strict."""
    assert catalog.find(name, NOW) is None


def test_a_model_exists_from_its_release_on(catalog: Catalog) -> None:
    """In May 2024 there is neither gpt-4o-mini nor gpt-5; retired models are found with their date."""
    assert catalog.find("gpt-4o-mini", MAY_2024) is None
    assert catalog.find("gpt-4", MAY_2024) is not None
    retired = catalog.find("dall-e-2", NOW)
    assert retired is not None
    assert retired.retired is not None
    assert retired.retired < NOW


def test_names_from_requests_are_remembered_in_bounds() -> None:
    """A million invented names cost no memory."""
    catalog = Catalog(toml("models.toml"), toml("limits.toml"))
    for number in range(6_000):
        catalog.find(f"gpt-9-mini-2027-01-{number % 28 + 1:02d}", NOW)
        catalog.find(f"ft:gpt-4o:acme::{number}", NOW)
        catalog.find(f"gpt-nope-{number}", NOW)
    assert len(catalog._found) <= 4_096


def test_every_model_of_the_data_can_be_built(catalog: Catalog) -> None:
    """Each has a family, limits on some tier, a vocabulary, and is listed once."""
    models = catalog.models(NOW)
    names = [model.id for model in models]
    assert len(names) == len(set(names)) > 100
    for model in models:
        assert any(limits is not None for limits in model.limits)
        assert model.encoding in ("o200k_base", "cl100k_base")


def test_image_models_share_one_bucket(catalog: Catalog) -> None:
    """Recorded: "for limit gpt-image"; chat models have buckets of their own."""
    groups = {name: catalog.find(name, NOW) for name in ("gpt-image-1", "gpt-image-1-mini", "gpt-5", "gpt-5.4")}
    assert {name: model.limit_group for name, model in groups.items() if model is not None} == {
        "gpt-image-1": "gpt-image",
        "gpt-image-1-mini": "gpt-image",
        "gpt-5": "gpt-5",
        "gpt-5.4": "gpt-5.4",
    }


@pytest.mark.parametrize(("text", "number"), [("free", 0), ("1", 1), ("5", 5), ("tier3", 3), (" Tier2 ", 2)])
def test_tiers_are_spelled_two_ways(text: str, number: int) -> None:
    """As settings and as keys do."""
    assert parse_tier(text) == number


@pytest.mark.parametrize("text", ["", "0", "6", "tier6", "tier", "one"])
def test_other_tiers_are_refused_with_what_is_accepted(text: str) -> None:
    """In one sentence."""
    with pytest.raises(ValueError, match="a usage tier is free, 1, 2, 3, 4 or 5"):
        parse_tier(text)


def test_tiers_qualify_in_rising_order() -> None:
    """Each costs at least what the one below it costs, and allows at least as much."""
    tiers = [toml("tiers.toml")["tiers"][name] for name in TIERS]
    for lower, higher in pairwise(tiers):
        assert float(lower["paid"]) < float(higher["paid"]) or lower["paid"] == "0"
        assert float(lower["monthly"]) <= float(higher["monthly"])
        assert lower["days"] <= higher["days"]
