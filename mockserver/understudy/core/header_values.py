"""Headers that a script names: their values, with moments that are written when they are sent.

In a value `{now+3s:http_date}` becomes a moment: `now`, a shift in ms, s, m, h or d, and a form out of http_date, iso
and unix ("our choice").
"""

import re
from collections.abc import Mapping

from understudy.core.fault_steps import HeaderValue
from understudy.core.wording import is_whole, shown

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING = ("content-length", "transfer-encoding")


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
