"""The plans' data: the rate card is the price list times 25, and dates decide what a plan includes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.dates import midnight
from understudy.core.plans_table import CREDIT, PlanTable, format_credits, is_plan_name, parse_credits
from understudy.core.pricing import DOLLAR, PriceList, Usage
from understudy_data import toml

NOW = midnight(date(2026, 9, 1))


@pytest.fixture(scope="module")
def table() -> PlanTable:
    return PlanTable(toml("plans.toml"), NOW)


def test_the_published_example_comes_out(table: PlanTable) -> None:
    """GPT-5.4, 20,000 in of which 15,000 cached, 1,000 out: 0.78125 credits."""
    model = table.model("gpt-5.4")
    assert model is not None
    usage = Usage(text_in=5_000, cached_in=15_000, text_out=1_000)
    assert format_credits(table.cost(model, usage)) == "0.78125"
    assert table.cost(model, usage, fast=True) == 2 * table.cost(model, usage)


@pytest.mark.parametrize("slug", ["gpt-5.5", "gpt-5.4", "gpt-5.2", "gpt-5.6-sol"])
def test_a_credit_is_four_cents_of_the_price_list(table: PlanTable, slug: str) -> None:
    """The card is the API's price in dollars times 25."""
    price = PriceList(toml("prices.toml"), NOW).find(slug, "default")
    model = table.model(slug)
    assert model is not None
    assert model.price.text.given == 25 * price.text.given * CREDIT // DOLLAR
    assert model.price.text.cached == 25 * price.text.cached * CREDIT // DOLLAR
    assert model.price.text.made == 25 * price.text.made * CREDIT // DOLLAR


def test_pro_is_twenty_times_plus(table: PlanTable) -> None:
    """And the five-times plan stands between them."""
    sizes = []
    for name in ("plus", "prolite", "pro"):
        plan = table.terms(name)
        assert plan is not None
        assert plan.primary is not None
        assert plan.secondary is not None
        sizes.append((plan.primary.allowance, plan.secondary.allowance))
    (five, week), *larger = sizes
    assert larger == [(5 * five, 5 * week), (20 * five, 20 * week)]


@pytest.mark.parametrize(
    ("day", "flexible", "codex", "videos"),
    [
        (date(2025, 10, 29), False, False, 0),
        (date(2025, 10, 30), True, False, 30),
        (date(2026, 1, 10), True, False, 0),
        (date(2026, 2, 2), True, True, 0),
    ],
)
def test_dates_decide_what_free_includes(day: date, flexible: bool, codex: bool, videos: int) -> None:
    """Credits since 30 October 2025, Sora for free until January 2026, Codex for free after that."""
    then = PlanTable(toml("plans.toml"), midnight(day))
    free = then.terms("free")
    assert free is not None
    assert (then.flexible, free.included, free.videos.allowance) == (flexible, codex, videos)


def test_plans_that_are_not_known_keep_their_name(table: PlanTable) -> None:
    """As clients do; the figures are those of Plus, or of the plan that the name stands for."""
    plus = table.terms("plus")
    assert plus is not None
    made_up = table.claimed("quantum")
    assert (made_up.name, made_up.primary) == ("quantum", plus.primary)
    assert table.claimed("k12").workspace


def test_models_come_with_their_day(table: PlanTable) -> None:
    """A model is not there before it was released, and a name of the platform is none of Codex."""
    assert PlanTable(toml("plans.toml"), midnight(date(2026, 3, 4))).model("gpt-5.4") is None
    assert table.model("gpt-4o") is None


@given(st.integers(0, 10**24 - 1))
def test_credits_are_written_exactly(pico: int) -> None:
    """What is written reads back as the same, without needless places."""
    text = format_credits(pico)
    assert parse_credits(text) == pico
    assert "." not in text or not text.endswith(("0", "."))


@pytest.mark.parametrize("text", ["", "-1", "1e3", "0.0000000000001", "five", "1" * 13])
def test_what_is_no_amount_of_credits_is_refused(text: str) -> None:
    """With the accepted form, and not more of the text than is good."""
    with pytest.raises(ValueError, match="an amount of credits is a decimal number"):
        parse_credits(text)


def test_names_of_plans_fit_into_a_header() -> None:
    """A token cannot smuggle lines into an answer."""
    assert is_plan_name("self_serve_business_usage_based")
    assert not is_plan_name("plus\r\nx: y")
    assert not is_plan_name("p" * 65)
