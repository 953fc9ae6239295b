"""Reading the values of settings: from a text, or from what TOML and Python have, to what the server uses.

Every parser takes what was given and raises ValueError (or ArithmeticError, for a figure too large to compute with)
when it cannot be used. What is accepted is said in the table of settings, beside the parser's name.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from understudy.adapters.wallclock import wall_now
from understudy.core.catalog import parse_tier
from understudy.core.clock import DAY
from understudy.core.dates import midnight
from understudy.core.pacing import Pacing, parse_pacing

FIRST_DAY = date(2020, 6, 11)
"""The API was announced (OpenAI, "OpenAI API", 2020-06-11)."""
LAST_DAY = date(2100, 1, 1)
"""Our choice."""


_UNITS = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_SIZE = re.compile(r"([0-9]{1,12})\s*([kmg]?i?b?)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REDIS = re.compile(r"(rediss?|unix)://[\x21-\x7e]{1,500}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,512}")


def boolean(given: Any) -> bool:
    """Read true or false; a text may also say yes, no, on, off, 1 or 0."""
    if isinstance(given, bool):
        return given
    word = given.strip().lower() if isinstance(given, str) else ""
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError


def whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    """Make a parser of whole numbers within bounds (both included)."""

    def parse(given: Any) -> int:
        text = _written(given)
        if not _WHOLE.fullmatch(text) or not minimum <= int(text) <= maximum:
            raise ValueError
        return int(text)

    return parse


def switch_or(minimum: int, maximum: int) -> Callable[[Any], bool | int]:
    """Make a parser of on, off, or a whole number within bounds (both included)."""
    number = whole(minimum, maximum)

    def parse(given: Any) -> bool | int:
        if isinstance(given, bool):
            return given
        text = _written(given).lower()
        return {"on": True, "off": False}[text] if text in ("on", "off") else number(text)

    return parse


def hint(given: Any) -> bool | None:
    """Read off (None), true or false."""
    if isinstance(given, str) and given.strip().lower() == "off":
        return None
    return boolean(given)


def word(*accepted: str) -> Callable[[Any], str]:
    """Make a parser of one of some words, in lower case."""

    def parse(given: Any) -> str:
        found = _written(given).lower()
        if found not in accepted:
            raise ValueError
        return found

    return parse


def host(given: Any) -> str:
    """Read an IP address or a host name, without port."""
    text = _written(given)
    if ":" in text:
        ip_address(text)
    elif not _HOST.fullmatch(text):
        raise ValueError
    return text


def token(given: Any) -> str:
    """Read a text that fits into an `Authorization` header."""
    text = _written(given)
    if not _TOKEN.fullmatch(text):
        raise ValueError
    return text


def path(given: Any) -> Path:
    """Read a path; an empty one would be the current folder, which nobody means."""
    text = str(given) if isinstance(given, Path) else _written(given)
    if not text or "\0" in text:
        raise ValueError
    return Path(text)


def table_or_path(given: Any) -> Mapping[str, Any] | Path:
    """Read a table as it stands in a settings file or in Python, or the path of a file with one."""
    return dict(given) if isinstance(given, Mapping) else path(given)


def tables_or_path(given: Any) -> Sequence[Mapping[str, Any]] | Path:
    """Read an array of tables as it stands in a settings file or in Python, or the path of a file with one."""
    return list(given) if isinstance(given, list | tuple) else path(given)


def scenario(given: Any) -> Any:
    """Read a scenario: a table or the thing itself in Python, else a name or the path of a file."""
    if not isinstance(given, str | Path):
        if isinstance(given, bool | int | Decimal | date | list | tuple):
            raise ValueError
        return given
    found = path(given)
    # A name stays one: only a path in a settings file is relative to that file.
    return found if found.suffix == ".toml" else str(found)


def store(given: Any) -> str:
    """Read where accounts live: `memory`, or the URL of a Redis."""
    text = _written(given)
    if text != "memory" and not _REDIS.fullmatch(text):
        raise ValueError
    return text


def size(given: Any) -> int:
    """Read a number of bytes above 0, perhaps with a unit: `67108864`, `64MiB`, `64MB`."""
    match = _SIZE.fullmatch(_written(given).lower())
    if match is None or match[2] not in _UNITS or int(match[1]) == 0:
        raise ValueError
    return int(match[1]) * _UNITS[match[2]]


def day(given: Any) -> int | None:
    """Read a date: midnight UTC in microseconds since the epoch; None for today, which is what no date means."""
    if type(given) is not date:
        text = _written(given)
        if not _DAY.fullmatch(text):
            raise ValueError
        given = date.fromisoformat(text)
    if not FIRST_DAY <= given <= LAST_DAY:
        raise ValueError
    start = midnight(given)
    return None if start == wall_now() // DAY * DAY else start


def tier(given: Any) -> int:
    """Read a usage tier: 0 (free) to 5."""
    return parse_tier(_written(given))


def latency(given: Any) -> Pacing:
    """Read how long the model takes."""
    return parse_pacing(_written(given))


def _written(given: Any) -> str:
    """Spell what was given as a settings file or a command line would."""
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal | date):
        raise ValueError
    return str(given).strip()
