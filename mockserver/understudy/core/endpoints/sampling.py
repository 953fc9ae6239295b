"""What the sampling parameters that chat and legacy completions share come to."""

from collections.abc import Mapping
from typing import Any


def is_greedy(body: Mapping[str, Any]) -> bool:
    """Whether nothing is left to chance: `temperature` 0 or `top_p` 0."""
    return body.get("temperature") == 0 or body.get("top_p") == 0


def cut_at_stops(said: str, stops: str | list[str] | None) -> str:
    """A text up to the first of the texts at which it shall end."""
    if not stops:
        return said
    given = [stops] if isinstance(stops, str) else stops
    places = [place for stop in given if stop and (place := said.find(stop)) >= 0]
    return said[: min(places)] if places else said
