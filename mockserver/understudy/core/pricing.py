"""Prices: usage in, pico-dollars out. A dollar is 10**12 pico-dollars; every published price is a whole number of them.

$2.50 for 1,000,000 tokens is 2,500,000 pico-dollars a token. Prices have dates: `PriceList.find` takes the newest that
had begun on a day.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from understudy.core.dates import midnight

DOLLAR = 10**12
_MILLION = 1_000_000
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,12}))?")


class Usage(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a call used: LLM tokens by kind, and what is counted otherwise.

    Attributes:
        text_in, cached_in, text_out: text tokens; `text_in` without the cached ones.
        audio_in, cached_audio_in, audio_out: audio tokens.
        image_in, cached_image_in, image_out: image tokens.
        images: how many pictures were made, however they are priced.
        pictures: how many pictures at a price each, of the kind `picture` ("1024x1024", "hd 1024x1792").
        milliseconds: of audio at a price a minute.
        video_seconds: of the kind `video` ("720p").
        characters: of text at a price a million.
        cache_written: how many of `text_in` were kept for later prompts, where that costs.
        searches: of the web.
    """

    text_in: int = 0
    cached_in: int = 0
    text_out: int = 0
    audio_in: int = 0
    cached_audio_in: int = 0
    audio_out: int = 0
    image_in: int = 0
    cached_image_in: int = 0
    image_out: int = 0
    images: int = 0
    pictures: int = 0
    picture: str = ""
    milliseconds: int = 0
    video_seconds: int = 0
    video: str = ""
    characters: int = 0
    cache_written: int = 0
    searches: int = 0


class TokenPrice(msgspec.Struct, frozen=True):
    """Pico-dollars a token of one kind."""

    given: int
    cached: int
    made: int


class Price(msgspec.Struct, frozen=True):
    """What a model costs on some day, in pico-dollars.

    Attributes:
        text, audio, image: a token.
        minute: of audio.
        million_characters: of text.
        pictures: each, by kind.
        seconds: of video, by kind.
        search: of the web, each.
        long_prompt: input tokens above which the whole request costs more; 0 for a model that has no such bound.
    """

    text: TokenPrice
    audio: TokenPrice
    image: TokenPrice
    minute: int = 0
    million_characters: int = 0
    pictures: Mapping[str, int] = {}
    seconds: Mapping[str, int] = {}
    search: int = 0
    long_prompt: int = 0


def charge(usage: Usage, price: Price) -> int:
    """Pico-dollars of a call; parts of a pico-dollar (minutes, characters) are rounded up."""
    if price.long_prompt and usage.text_in + usage.cached_in + usage.image_in > price.long_prompt:
        price = of_long_prompt(price)
    total = usage.text_in * price.text.given + usage.cached_in * price.text.cached + usage.text_out * price.text.made
    if usage.audio_in or usage.audio_out or usage.cached_audio_in:
        total += _tokens(usage.audio_in, usage.cached_audio_in, usage.audio_out, price.audio)
    if usage.image_in or usage.image_out or usage.cached_image_in:
        total += _tokens(usage.image_in, usage.cached_image_in, usage.image_out, price.image)
    if usage.pictures:
        total += usage.pictures * price.pictures[usage.picture]
    if usage.milliseconds:
        total += -(-usage.milliseconds * price.minute // 60_000)
    if usage.characters:
        total += -(-usage.characters * price.million_characters // _MILLION)
    if usage.video_seconds:
        total += usage.video_seconds * price.seconds[usage.video]
    if usage.cache_written:
        # A quarter more than the input price (model pages of gpt-5.6, 2026).
        total += -(-usage.cache_written * price.text.given // 4)
    if usage.searches:
        total += usage.searches * price.search
    return total


def of_long_prompt(price: Price) -> Price:
    """Input at twice the price and output at one and a half (model pages of gpt-5.4 and newer, 2026)."""
    return msgspec.structs.replace(
        price, text=_dearer(price.text), audio=_dearer(price.audio), image=_dearer(price.image)
    )


def _dearer(price: TokenPrice) -> TokenPrice:
    return TokenPrice(given=2 * price.given, cached=2 * price.cached, made=-(-3 * price.made // 2))


def _tokens(given: int, cached: int, made: int, price: TokenPrice) -> int:
    return given * price.given + cached * price.cached + made * price.made


class PriceList:
    """The prices of all models on one day.

    Args:
        data: parsed `prices.toml`.
        on: the day, microseconds since the epoch.
    """

    def __init__(self, data: Mapping[str, Any], on: int) -> None:
        self._entries: Mapping[str, Sequence[Mapping[str, Any]]] = data["prices"]
        self._on = on
        self._found: dict[tuple[str, str], Price] = {}

    def names(self) -> list[str]:
        """All names of the table, in its order."""
        return list(self._entries)

    def find(self, name: str, service_tier: str = "default") -> Price:
        """The price of a name of the table.

        Args:
            name: `Model.price`.
            service_tier: default, batch, flex or priority; batch and flex are half the standard price unless the table
                says otherwise, and a model without a priority price is charged the standard one.
        """
        key = (name, service_tier)
        price = self._found.get(key)
        if price is None:
            price = self._found[key] = _price(self._entry(name), service_tier)
        return price

    def _entry(self, name: str) -> Mapping[str, Any]:
        entries = self._entries[name]
        begun = [entry for entry in entries if "since" not in entry or midnight(entry["since"]) <= self._on]
        # Before its first price a model costs its first price.
        return begun[-1] if begun else entries[0]


def _price(entry: Mapping[str, Any], service_tier: str) -> Price:
    half = service_tier in ("batch", "flex")
    words = entry.get("flex" if half else service_tier, entry["text"])
    text = _token_price(words, None)
    if half and "flex" not in entry:
        text = _halved(text)
    audio = _token_price(entry["audio"], text) if "audio" in entry else text
    image = _token_price(entry["image"], text) if "image" in entry else text
    if half:
        audio = _halved(audio) if "audio" in entry else audio
        image = _halved(image) if "image" in entry else image
    return Price(
        text=text,
        audio=audio,
        image=image,
        minute=parse_usd(entry.get("minute", "0")),
        million_characters=parse_usd(entry.get("million_characters", "0")),
        search=parse_usd(entry.get("search", "0")),
        pictures={kind: parse_usd(words) for kind, words in entry.get("picture", {}).items()},
        seconds={kind: parse_usd(words) for kind, words in entry.get("second", {}).items()},
        long_prompt=entry.get("long_prompt", 0),
    )


def _token_price(words: Sequence[str], text: TokenPrice | None) -> TokenPrice:
    given, cached, made = words
    return TokenPrice(
        given=_per_token(given),
        cached=_per_token(cached or given),
        made=_per_token(made) if made else (0 if text is None else text.made),
    )


def _halved(price: TokenPrice) -> TokenPrice:
    return TokenPrice(_half(price.given), _half(price.cached), _half(price.made))


def _half(pico: int) -> int:
    if pico % 2:
        raise ValueError(f"half of {pico} pico-dollars is not a whole number of them")
    return pico // 2


def _per_token(usd: str) -> int:
    pico = parse_usd(usd)
    if pico % _MILLION:
        raise ValueError(f"${usd} for 1,000,000 tokens is not a whole number of pico-dollars a token")
    return pico // _MILLION


def parse_usd(text: str) -> int:
    """Pico-dollars of a decimal string of dollars: `5`, `5.00`, `0.006`.

    Raises:
        ValueError: no decimal number, below zero, a trillion dollars or more, or finer than a pico-dollar.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"an amount of US dollars is a decimal number of at least 0 such as 5.00, not {text[:64]!r}")
    return int(match[1]) * DOLLAR + int((match[2] or "").ljust(12, "0"))


def format_usd(pico: int) -> str:
    """Dollars as a decimal string with at least two places and no more than are needed: `5.00`, `-0.000004`."""
    sign = "-" if pico < 0 else ""
    whole, part = divmod(abs(pico), DOLLAR)
    places = f"{part:012d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{places}"
