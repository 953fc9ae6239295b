"""The tables that the command line prints: what keys spell, usage tiers, limits, prices."""

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from understudy.core.catalog import TIERS, Catalog, RateLimits
from understudy.core.clock import DAY
from understudy.core.key_words import WORDS
from understudy.core.pricing import Price, PriceList, TokenPrice, format_usd, of_long_prompt
from understudy.core.tiers import TierTable
from understudy_data import toml

_LIMITS = (
    ("rpm", "requests/min"),
    ("rpd", "requests/day"),
    ("tpm", "tokens/min"),
    ("tpd", "tokens/day"),
    ("ipm", "images/min"),
    ("audio_minutes", "audio min/min"),
    ("batch", "enqueued batch tokens"),
)
_MILLION = 1_000_000


class UnknownModelError(LookupError):
    """A name that is no model on the day.

    Attributes:
        name: of it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no model {name!r}; `understudy prices` lists those that have a price.")
        self.name = name


def key_words() -> str:
    """What a key may spell."""
    note = (
        "Words combine: sk-tier1-credits-0.02-anything. What no word says holds as in the settings.\n"
        "With --keys only the keys of that file are accepted, and their words mean nothing."
    )
    return f"{_table(('word', 'example', 'what the key is'), WORDS)}\n\n{note}"


def usage_tiers(era: int) -> str:
    """What qualifies for the tiers on a day, and how much may be used in a month."""
    table = TierTable(toml("tiers.toml"), era)
    rows = [
        (name, _usd(tier.paid), str(tier.days // DAY) if table.days_count else "-", _usd(tier.monthly))
        for name, tier in zip(TIERS, table.tiers, strict=True)
    ]
    return _table(("tier", "credits bought", "days since first payment", "monthly usage limit"), rows)


def limits(name: str, era: int) -> str:
    """The limits of a model by usage tier.

    Raises:
        UnknownModelError: there is no such model on the day.
    """
    model = Catalog(toml("models.toml"), toml("limits.toml")).find(name, era)
    if model is None:
        raise UnknownModelError(name)
    text = f"{name}: limit group {model.limit_group}\n\n{_limits(model.limits)}"
    if model.long is not None:
        text += (
            f"\n\nrequests above {model.long_from:,} tokens: limit group {model.long.limit_group}\n\n"
            f"{_limits(model.long.limits)}"
        )
    return text


def prices(name: str | None, era: int) -> str:
    """What a model costs on a day, or all of them.

    Raises:
        UnknownModelError: there is no such model on the day.
    """
    listed = PriceList(toml("prices.toml"), era)
    if name is None:
        rows = [row for each in listed.names() for row in _costs(each, listed.find(each))]
    else:
        model = Catalog(toml("models.toml"), toml("limits.toml")).find(name, era)
        if model is None:
            raise UnknownModelError(name)
        rows = []
        for service_tier in ("default", "flex", "priority"):
            rows += _costs(f"{name} ({service_tier})", listed.find(model.price, service_tier))
    return _table(("model", "US dollars for", "input", "cached", "output"), rows)


def _limits(by_tier: Sequence[RateLimits | None]) -> str:
    shown = [(field, words) for field, words in _LIMITS if any(getattr(row, field, None) for row in by_tier)]
    rows = [
        (tier, *("not available" if row is None else _count(getattr(row, field)) for field, _ in shown))
        for tier, row in zip(TIERS, by_tier, strict=True)
    ]
    return _table(("tier", *(words for _, words in shown)), rows)


def _costs(name: str, price: Price) -> Iterator[tuple[str, ...]]:
    kinds = [("text", price.text)]
    kinds += [(kind, each) for kind, each in (("audio", price.audio), ("image", price.image)) if each != price.text]
    for kind, each in kinds:
        if each != TokenPrice(0, 0, 0):
            amounts = (_usd(pico * _MILLION) for pico in (each.given, each.cached, each.made))
            yield name, f"1M {kind} tokens", *amounts
    if price.long_prompt:
        text = of_long_prompt(price).text
        amounts = (_usd(pico * _MILLION) for pico in (text.given, text.cached, text.made))
        yield name, f"1M text tokens, prompt above {price.long_prompt:,}", *amounts
    if price.minute:
        yield name, "a minute of audio", _usd(price.minute), "", ""
    if price.million_characters:
        yield name, "1M characters", _usd(price.million_characters), "", ""
    for kind, pico in price.pictures.items():
        yield name, f"a picture, {kind}", "", "", _usd(pico)
    for kind, pico in price.seconds.items():
        yield name, f"a second of video, {kind}", "", "", _usd(pico)


def _count(figure: int | None) -> str:
    return "-" if figure is None else f"{figure:,}"


def _usd(pico: int) -> str:
    return f"${format_usd(pico)}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return tabulate(rows, headers=head, tablefmt="simple", disable_numparse=True)
