"""The `format`s of JSON Schema texts: one made up, and whether a given text keeps one.

Structured outputs name nine (date-time, time, date, duration, email, hostname, ipv4, ipv6, uuid: OpenAI
documentation 2026-07); schemas of ordinary tools use more.
"""

import re
from collections.abc import Callable
from random import Random

from understudy.core.replies.hints import iso_date, iso_time
from understudy.core.replies.sample_values import a_date, a_time, a_uuid

_PLACEHOLDER_HOSTS = ("example.com", "example.org", "api.example.net")


def _one_of(*texts: str) -> Callable[[Random], str]:
    return lambda rng: texts[int(rng.random() * len(texts))]


MAKERS: dict[str, Callable[[Random], str]] = {
    "date-time": lambda rng: f"{a_date(rng)}T{a_time(rng)}Z",
    "date": a_date,
    "time": lambda rng: f"{a_time(rng)}Z",
    "duration": _one_of("PT30M", "PT2H", "P1D", "P1W", "P3M"),
    "email": _one_of("alex@example.com", "sam@example.org", "jo@example.net"),
    "idn-email": _one_of("alex@example.com", "jörg@example.org"),
    "hostname": _one_of(*_PLACEHOLDER_HOSTS),
    "idn-hostname": _one_of(*_PLACEHOLDER_HOSTS),
    "ipv4": lambda rng: f"192.0.2.{1 + int(rng.random() * 254)}",
    "ipv6": lambda rng: f"2001:db8::{1 + int(rng.random() * 0xFFFE):x}",
    "uuid": a_uuid,
    "uri": _one_of("https://example.com/", "https://example.org/about"),
    "uri-reference": _one_of("/about", "https://example.com/"),
    "iri": _one_of("https://example.com/", "https://example.org/über"),
    "iri-reference": _one_of("/about", "https://example.com/"),
    "uri-template": _one_of("/items/{id}", "https://example.com/{name}"),
    "json-pointer": _one_of("/items/0", "/name"),
    "relative-json-pointer": _one_of("0", "1/name"),
    "regex": _one_of("^[a-z]+$", "[0-9]{4}"),
    "byte": _one_of("aGVsbG8=", "d29ybGQ="),
}
"""A text of each format, from a random source. Addresses are those reserved for documentation."""

_SHAPES: dict[str, str] = {
    "date-time": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})",
    "duration": r"P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)(?<!P)",
    "email": r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    "hostname": r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-)){0,8}",
    "ipv4": r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "uri": r"[a-z][a-z0-9+.-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+",
}
_COMPILED = {name: re.compile(shape) for name, shape in _SHAPES.items()}


def kept(text: str, name: str) -> str | None:
    """Return `text` in the spelling that the format asks for, or None if it is no such thing.

    Formats that this module does not know keep any text, as validators do.
    """
    if name == "date":
        return iso_date(text)
    if name == "time":
        clock = iso_time(text) if text[:1].isdecimal() or text[:1].isalpha() else None
        return f"{clock}Z" if clock else None
    if name not in MAKERS:
        return text
    shape = _COMPILED.get(name)
    return text if shape is not None and shape.fullmatch(text) else None
