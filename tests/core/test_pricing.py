from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.catalog import Catalog
from understudy.core.endpoints.image_answer import TEXT_TOKENS_BESIDE, output_tokens
from understudy.core.pricing import DOLLAR, PriceList, Usage, charge, format_usd, parse_usd
from understudy_data import toml

NOW = 1_795_471_200_000_000
LAUNCH = 1_727_827_200_000_000  # 2024-10-02


@pytest.fixture(scope="module")
def prices() -> PriceList:
    return PriceList(toml("prices.toml"), NOW)


@pytest.mark.parametrize(
    ("name", "tier", "given_price", "cached", "made"),
    [
        ("gpt-4o", "default", "2.50", "1.25", "10"),
        ("gpt-4o", "flex", "1.25", "0.625", "5"),
        ("gpt-4o", "priority", "4.25", "2.125", "17"),
        ("gpt-5-nano", "default", "0.05", "0.005", "0.40"),
        ("gpt-5-nano", "batch", "0.025", "0.0025", "0.2"),
        ("gpt-5.4", "batch", "1.25", "0.13", "7.5"),
        ("o4-mini", "flex", "0.55", "0.138", "2.2"),
        ("gpt-4", "default", "30", "30", "60"),
    ],
)
def test_text_prices_are_those_published(
    prices: PriceList, name: str, tier: str, given_price: str, cached: str, made: str
) -> None:
    """Pico-dollars a token; without a published cached price the input price holds."""
    price = prices.find(name, tier).text
    assert [price.given, price.cached, price.made] == [
        parse_usd(usd) // 1_000_000 for usd in (given_price, cached, made)
    ]


def test_every_model_has_a_price_on_every_service_tier(prices: PriceList) -> None:
    """And each is a whole number of pico-dollars."""
    for model in Catalog(toml("models.toml"), toml("limits.toml")).models(NOW):
        for tier in ("default", "batch", "flex", "priority"):
            assert prices.find(model.price, tier).text.given >= 0


def test_realtime_cost_at_launch_what_the_launch_text_says() -> None:
    """Audio in 10 tokens a second: $0.06 a minute; out 20 tokens a second: $0.24 a minute."""
    price = PriceList(toml("prices.toml"), LAUNCH).find("gpt-4o-realtime-preview")
    assert charge(Usage(audio_in=600), price) == parse_usd("0.06")
    assert charge(Usage(audio_out=1_200), price) == parse_usd("0.24")


@pytest.mark.parametrize(
    ("quality", "published"),
    [
        ("low", ("0.005", "0.006", "0.006")),
        ("medium", ("0.011", "0.015", "0.015")),
        ("high", ("0.036", "0.052", "0.052")),
    ],
)
def test_the_nine_published_mini_prices_come_out_of_its_tokens(
    prices: PriceList, quality: str, published: tuple[str, str, str]
) -> None:
    """Image tokens and 308 text tokens at $8 a million, rounded as the page rounds."""
    price = prices.find("gpt-image-1-mini")
    for (width, height), usd in zip(((1024, 1024), (1024, 1536), (1536, 1024)), published, strict=True):
        usage = Usage(image_out=output_tokens(quality, width, height), text_out=TEXT_TOKENS_BESIDE)
        cost = Decimal(charge(usage, price)) / DOLLAR
        assert round(cost, 3) == Decimal(usd)


counts = st.integers(0, 10**9)


@given(text_in=counts, cached_in=counts, text_out=counts, audio_in=counts, audio_out=counts, image_in=counts)
def test_a_charge_is_usage_times_price_to_the_pico_dollar(
    text_in: int, cached_in: int, text_out: int, audio_in: int, audio_out: int, image_in: int
) -> None:
    """No fraction is lost, whatever the kinds; parts add up to the whole."""
    price = PriceList(toml("prices.toml"), NOW).find("gpt-realtime")
    usage = Usage(
        text_in=text_in,
        cached_in=cached_in,
        text_out=text_out,
        audio_in=audio_in,
        audio_out=audio_out,
        image_in=image_in,
    )
    expected = (
        text_in * 4_000_000 + cached_in * 400_000 + text_out * 16_000_000
        + audio_in * 32_000_000 + audio_out * 64_000_000 + image_in * 5_000_000
    )  # fmt: skip
    assert charge(usage, price) == expected
    parts = [Usage(text_in=text_in, text_out=text_out), Usage(cached_in=cached_in, image_in=image_in)]
    parts.append(Usage(audio_in=audio_in, audio_out=audio_out))
    assert sum(charge(part, price) for part in parts) == expected


@pytest.mark.parametrize(
    ("given_tokens", "cached", "made", "usd"),
    [
        (272_000, 0, 1_000_000, "15.68"),
        (272_001, 0, 1_000_000, "23.860005"),
        (1, 272_000, 0, "0.136005"),
        (2_000, 270_000, 0, "0.0725"),
    ],
)
def test_a_long_prompt_makes_the_whole_request_dearer(
    prices: PriceList, given_tokens: int, cached: int, made: int, usd: str
) -> None:
    """Above 272,000 tokens, cached ones too, gpt-5.4 costs twice for input and half as much again for output."""
    usage = Usage(text_in=given_tokens, cached_in=cached, text_out=made)
    assert charge(usage, prices.find("gpt-5.4")) == parse_usd(usd)


def test_pictures_minutes_characters_and_seconds_have_their_prices(prices: PriceList) -> None:
    """Each as published."""
    assert charge(Usage(pictures=2, picture="hd 1024x1792"), prices.find("dall-e-3")) == parse_usd("0.24")
    assert charge(Usage(milliseconds=90_000), prices.find("whisper-1")) == parse_usd("0.009")
    assert charge(Usage(characters=1_000), prices.find("tts-1")) == parse_usd("0.015")
    assert charge(Usage(video_seconds=8, video="720p"), prices.find("sora-2")) == parse_usd("0.8")


@given(st.integers(-(10**18), 10**18))
def test_amounts_are_written_and_read_without_loss(pico: int) -> None:
    """At least two decimals, no more than are needed."""
    text = format_usd(pico)
    assert Decimal(text) * DOLLAR == pico
    if pico >= 0:
        assert parse_usd(text) == pico


@pytest.mark.parametrize("text", ["", "five", "-1", "NaN", "Infinity", "0.0000000000001", "1e400"])
def test_amounts_that_are_none_are_refused_in_one_sentence(text: str) -> None:
    """With what is accepted."""
    with pytest.raises(ValueError, match="an amount of US dollars is a decimal number"):
        parse_usd(text)
