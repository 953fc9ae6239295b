"""What the parameters of sampling and streaming that chat and legacy completions share accept, and come to."""

from collections.abc import Mapping
from typing import Any

from understudy.core import errors
from understudy.core.parameters import array, boolean, fields, number, optional, string

LAST_TOKEN = {"cl100k_base": 100_257, "o200k_base": 199_999}
"""The highest that `logit_bias` takes: `<|endoftext|>` (reported 2023-08 for the one, the same rule for the other)."""

check_stream_options = fields({"include_usage": optional(boolean), "include_obfuscation": optional(boolean)})


def check_stop(path: str, value: Any) -> None:
    """A text, or up to four."""
    if type(value) is str:
        return
    if type(value) is not list:
        raise errors.wrong_type(path, "one of a string or array of strings", value)
    array(string(), maximum=4)(path, value)


def check_logit_bias(path: str, value: Any) -> None:
    """Biases from -100 to 100 by the number of a token, in decimal."""
    if type(value) is not dict:
        raise errors.wrong_type(path, "an object", value)
    for token, bias in value.items():
        if not token.isdecimal():
            raise errors.BadRequest(
                f"Invalid key in 'logit_bias': {token}. You should only be submitting non-negative integers.",
                param=path,
            )
        number(-100, 100)(f"{path}.{token}", bias)


def check_biased_tokens(biases: Mapping[str, Any], encoding: str) -> None:
    """Refuse tokens that a vocabulary does not have."""
    last = LAST_TOKEN[encoding]
    for token in biases:
        if len(token) > 32 or int(token) > last:
            text = f"Invalid key in 'logit_bias': {token}. Maximum value is {last}."
            raise errors.BadRequest(text, param="logit_bias")


def check_streamed(body: Mapping[str, Any]) -> None:
    """Refuse options of a stream where there is none."""
    if body.get("stream_options") is not None and not body.get("stream"):
        raise errors.BadRequest(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )


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
