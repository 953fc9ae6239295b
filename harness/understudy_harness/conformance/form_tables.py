"""Answers of one body, as the fault language has them."""

from base64 import b64encode
from typing import Any

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"
Table = dict[str, Any]


def whole(body: bytes, kind: str = JSON) -> Table:
    """An answer of one text, for the fault language."""
    return {"status": 200, "headers": {"content-type": kind}, "text": body.decode()}


def binary(body: bytes, kind: str) -> Table:
    """An answer of any bytes, for the fault language."""
    return {"status": 200, "headers": {"content-type": kind}, "base64": b64encode(body).decode()}
