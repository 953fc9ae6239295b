"""The plans as data: what each includes, what a credit buys, and which models Codex has with a ChatGPT login.

Credits are integers of pico-credits: $0.04 each, counted as finely as money. Every figure of the rate card is then a
whole number of them for one token.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from understudy.core.clock import SECOND
from understudy.core.dates import midnight
from understudy.core.pricing import DOLLAR, Price, TokenPrice, Usage, charge, format_usd, parse_usd

CREDIT = DOLLAR
"""Pico-credits of one credit: credits are counted in as many parts as dollars are."""
FLEXIBLE, FIXED = "flexible", "fixed"
MODES = (FIXED, FLEXIBLE)
"""`fixed`: the limit ends the work until the window resets; `flexible`: purchased credits carry it on."""

_MILLION = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class WindowTerms(msgspec.Struct, frozen=True):
    """One window of a plan.

    Attributes:
        length: microseconds.
        allowance: what may be used in one length: pico-credits, or videos.
    """

    length: int
    allowance: int


class PlanTerms(msgspec.Struct, frozen=True):
    """What a plan includes.

    Attributes:
        name: as on the wire.
        primary, secondary: the windows of Codex, None where there is none.
        videos: those of Sora.
        included: whether Codex is part of the plan at all.
        credits: whether Codex goes on with purchased credits.
        unlimited: credits without a balance.
        workspace: whether it is a workspace's, not a person's.
    """

    name: str
    primary: WindowTerms | None
    secondary: WindowTerms | None
    videos: WindowTerms
    included: bool
    credits: bool
    unlimited: bool
    workspace: bool


class CodexModel(msgspec.Struct, frozen=True):
    """A model of Codex with a ChatGPT login.

    Attributes:
        slug: as requested.
        name: as shown.
        price: pico-credits by token.
        hidden: not shown in the list.
        released: microseconds since the epoch.
    """

    slug: str
    name: str
    price: Price
    hidden: bool
    released: int


class PlanTable:
    """All plans and the rate card.

    Args:
        data: parsed `plans.toml`.
        on: the date that holds, microseconds since the epoch.

    Attributes:
        flexible: whether credits can be bought on that date.
        models: those of that date, newest first.
        credits_for_video: pico-credits of one more video.
        sora_ended: whether Sora is over on that date.
    """

    def __init__(self, data: Mapping[str, Any], on: int) -> None:
        self._data = data
        self._on = on
        self._same: Mapping[str, str] = data["same_as"]
        self._terms: dict[str, PlanTerms] = {name: self._read(name) for name in data["plans"]}
        self._fast_factor: int = data["fast_factor"]
        self.flexible = midnight(data["flexible_since"]) <= on
        self.credits_for_video = parse_credits(data["sora"]["credits_for_video"])
        self.sora_ended = midnight(data["sora"]["ended"]) <= on
        models = [_read_model(entry) for entry in data["models"]]
        self.models = tuple(model for model in models if model.released <= on)
        self._by_slug = {model.slug: model for model in self.models}

    @property
    def names(self) -> tuple[str, ...]:
        """Every plan that has terms of its own."""
        return tuple(self._terms)

    def terms(self, name: str) -> PlanTerms | None:
        """What a plan includes, None for a name that no plan bears."""
        return self._terms.get(name)

    def claimed(self, name: str) -> PlanTerms:
        """The terms of a plan that a login names; one that is not known keeps its name and has those of Plus.

        Clients accept unknown names, too (source of a public Codex client, 2026); the figures are our choice.
        """
        known = self._terms.get(name)
        if known is not None:
            return known
        return msgspec.structs.replace(self._terms[self._same.get(name, "plus")], name=name)

    def model(self, slug: str) -> CodexModel | None:
        """The model of a name, None when Codex has none of it on this date."""
        return self._by_slug.get(slug)

    def cost(self, model: CodexModel, usage: Usage, *, fast: bool = False) -> int:
        """Pico-credits of a turn: tokens by the rate card."""
        return charge(usage, model.price) * (self._fast_factor if fast else 1)

    def _read(self, name: str) -> PlanTerms:
        entry = self._data["plans"][name]
        included = entry.get("included")
        return PlanTerms(
            name=name,
            primary=self._window(entry.get("primary")),
            secondary=self._window(entry.get("secondary")),
            videos=WindowTerms(self._data["sora"]["window"] * SECOND, self._videos(name)),
            included=included is None or midnight(included) <= self._on,
            credits=entry.get("credits", False),
            unlimited=entry.get("unlimited", False),
            workspace=entry.get("workspace", False),
        )

    def _window(self, entry: Mapping[str, Any] | None) -> WindowTerms | None:
        if entry is None:
            return None
        return WindowTerms(self._data["windows"][entry["window"]] * SECOND, parse_credits(entry["allowance"]))

    def _videos(self, name: str) -> int:
        rows = self._data["sora"]["videos"]
        begun = [row["videos"] for row in rows.get(name, rows["plus"]) if midnight(row["since"]) <= self._on]
        return int(begun[-1]) if begun else 0


def is_plan_name(text: str) -> bool:
    """Whether a text may be the name of a plan, known or not."""
    return _NAME.fullmatch(text) is not None


def parse_credits(text: str) -> int:
    """Pico-credits of a decimal string of credits.

    Raises:
        ValueError: no decimal number, below zero, a trillion or more, or finer than a pico-credit.
    """
    try:
        return parse_usd(text)
    except ValueError:
        raise ValueError(
            f"an amount of credits is a decimal number of at least 0 such as 25 or 9.99, not {text[:64]!r}"
        ) from None


def format_credits(pico: int) -> str:
    """Credits as the wire has them: a decimal string with no more places than are needed (`9.99`, `0`)."""
    return format_usd(pico).rstrip("0").rstrip(".")


def _read_model(entry: Mapping[str, Any]) -> CodexModel:
    given, cached, made = (_per_token(words) for words in entry["card"])
    tokens = TokenPrice(given, cached, made)
    return CodexModel(
        slug=entry["slug"],
        name=entry["name"],
        price=Price(text=tokens, audio=tokens, image=tokens),
        hidden=entry.get("hidden", False),
        released=midnight(entry["released"]),
    )


def _per_token(credits: str) -> int:
    pico = parse_credits(credits)
    if pico % _MILLION:
        raise ValueError(f"{credits} credits for 1,000,000 tokens is not a whole number of pico-credits a token")
    return pico // _MILLION
