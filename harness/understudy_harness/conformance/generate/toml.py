"""Values as TOML: as much of the language as case files use. What no screen shows is escaped."""

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def line(name: str, told: Any) -> str:
    """`name = value`."""
    return f"{key(name)} = {value(told)}"


def key(name: str) -> str:
    """A key, in quotes where it needs some."""
    return name if _BARE.fullmatch(name) else _text(name)


def value(told: Any) -> str:
    """A value on one line.

    Raises:
        TypeError: TOML has no such value; it has no null.
    """
    match told:
        case bool():
            return "true" if told else "false"
        case int() | float():
            return repr(told)
        case str():
            return _text(told)
        case Mapping():
            fields = ", ".join(line(name, each) for name, each in told.items())
            return f"{{ {fields} }}" if fields else "{}"
        case list() | tuple():
            return f"[{', '.join(map(value, told))}]"
    raise TypeError(f"TOML has no {type(told).__name__}")


def _text(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in quoted)


def _escaped(letter: str) -> str:
    number = ord(letter)
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"
