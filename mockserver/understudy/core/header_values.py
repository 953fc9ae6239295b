"""Headers that a script names: their values, with moments that are written when they are sent.

In a value `{now+3s:http_date}` becomes a moment: `now`, a shift in ms, s, m, h or d, and a form out of http_date, iso
and unix ("our choice").
"""

import re
from collections.abc import Callable, Mapping

from understudy.core.clock import DAY, HOUR, MINUTE, SECOND
from understudy.core.dates import http_date, iso_time
from understudy.core.wording import is_whole, shown

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING = ("content-length", "transfer-encoding")


_BRACES = re.compile(r"\{now[^{}]*\}")
_MOMENT = re.compile(r"\{now(?:([+-])(\d{1,9})(ms|s|m|h|d))?:(http_date|iso|unix)\}")
_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_FORMS: dict[str, Callable[[int], bytes]] = {
    "http_date": http_date,
    "iso": lambda now: iso_time(now).encode(),
    "unix": lambda now: b"%d" % (now // SECOND),
}


class HeaderValue:
    """A header's value, with the moments that are still to be written into it.

    Args:
        text: as the script spells it, Latin-1.

    Raises:
        ValueError: what stands in braces is no moment.
    """

    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        self._parts: list[bytes | tuple[int, Callable[[int], bytes]]] = []
        end = 0
        for found in _BRACES.finditer(text):
            moment = _MOMENT.fullmatch(found[0])
            if moment is None:
                raise ValueError(f"has {found[0]!r}; a moment is spelled like {{now+3s:http_date}} or {{now:unix}}")
            sign, amount, unit, form = moment.groups()
            shift = int(amount) * _UNITS[unit] if amount else 0
            self._parts += [
                text[end : found.start()].encode("latin-1"),
                (-shift if sign == "-" else shift, _FORMS[form]),
            ]
            end = found.end()
        self._parts.append(text[end:].encode("latin-1"))

    def at(self, now: int) -> bytes:
        """The bytes to send at a moment, microseconds since the epoch."""
        return b"".join(part if isinstance(part, bytes) else part[1](now + part[0]) for part in self._parts)


class HeadersError(ValueError):
    """Headers that cannot be sent.

    Attributes:
        key: `headers`, or `headers.NAME`.
        problem: what is wrong, to be said after the key.
    """

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key} {problem}")
        self.key = key
        self.problem = problem


def read_headers(given: object) -> list[tuple[bytes, HeaderValue]]:
    """Read a table of headers; a list as a value sends the header several times.

    Raises:
        HeadersError: one of them cannot be sent.
    """
    if not isinstance(given, Mapping):
        raise HeadersError("headers", f"must be a table, not {shown(given)}")
    written = []
    for name, values in given.items():
        key = f"headers.{name}"
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise HeadersError(key, "is no name of a header")
        if name.lower() in _FRAMING:
            raise HeadersError(key, "belongs to the framing, which is the server's")
        for value in values if isinstance(values, list | tuple) else (values,):
            if not isinstance(value, str) and not is_whole(value):
                raise HeadersError(key, f"must be a text, a whole number or a list of them, not {shown(value)}")
            text = str(value)
            if any(ord(letter) > 255 or (ord(letter) < 32 and letter != "\t") for letter in text):
                raise HeadersError(key, f"must be Latin-1 without control characters, not {shown(value)}")
            try:
                written.append((name.lower().encode(), HeaderValue(text)))
            except ValueError as problem:
                raise HeadersError(key, str(problem)) from None
    return written
