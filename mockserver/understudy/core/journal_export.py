"""The journal written out: one JSON object a line, and HTTP Archive 1.2 for the viewers of browsers and proxies."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from understudy import __version__
from understudy.core.clock import SECOND
from understudy.core.dates import iso_time
from understudy.core.pricing import format_usd
from understudy.core.serialise import encode

if TYPE_CHECKING:
    from understudy.core.journal import JournalEntry

_INNER = ("received", "answer_headers", "answer", "body", "weight", "query")
_STREAM = "text/event-stream"


def facts(entry: "JournalEntry") -> dict[str, Any]:
    """An entry as JSON can hold it: times in ISO 8601, the charge in US dollars too."""
    shown: dict[str, Any] = {name: getattr(entry, name) for name in entry.__struct_fields__ if name not in _INNER}
    shown["usage"] = msgspec.to_builtins(entry.usage)
    shown["at"] = iso_time(entry.at)
    shown["finished_at"] = None if entry.finished_at is None else iso_time(entry.finished_at)
    shown["due"] = iso_time(entry.due) if entry.due else None
    shown["charge_usd"] = format_usd(entry.charge)
    shown["waited"] = entry.waited
    shown["retry_after"] = entry.retry_after
    shown["body"] = None if entry.body is None else entry.body.decode("utf-8", "replace")
    return shown


def json_lines(entries: "Iterable[JournalEntry]") -> str:
    """One entry a line."""
    return "".join(f"{encode(facts(entry)).decode()}\n" for entry in entries)


def har(entries: "Iterable[JournalEntry]") -> dict[str, Any]:
    """HTTP Archive 1.2; what it has no word for stands in fields that begin with an underscore."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "understudy", "version": __version__},
            "entries": [_archived(entry) for entry in entries],
        }
    }


def _archived(entry: "JournalEntry") -> dict[str, Any]:
    wait = entry.waited * 1000
    end = entry.at if entry.finished_at is None else entry.finished_at
    whole = max((end - entry.at) * 1000 / SECOND, wait)
    return {
        "startedDateTime": iso_time(entry.at),
        "time": whole,
        "request": _request(entry),
        "response": _response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": whole - wait},
        "_number": entry.number,
        "_key": entry.key,
        "_account": entry.account,
        "_model": entry.model,
        "_error": entry.error,
        "_fault": entry.fault,
        "_rule": entry.rule,
        "_chargeUSD": format_usd(entry.charge),
        "_complete": entry.complete,
        "_chunks": entry.chunks,
        **({"_turns": entry.turns, "_interrupted": entry.interrupted} if entry.turns else {}),
        **({"_closed": entry.closed} if entry.closed else {}),
    }


def _request(entry: "JournalEntry") -> dict[str, Any]:
    headers = _headers((entry.headers or {}).items())
    if entry.key:
        headers.append({"name": "authorization", "value": f"Bearer {entry.key}"})
    host = (entry.headers or {}).get(b"host", b"localhost").decode("latin-1")
    query = entry.query.decode("latin-1")
    shown: dict[str, Any] = {
        "method": entry.method,
        "url": f"http://{host}{entry.path}" + (f"?{query}" if query else ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "queryString": [
            {"name": name, "value": value}
            for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
        ],
        "headersSize": -1,
        "bodySize": entry.body_size,
    }
    if entry.body_size:
        kind = (entry.headers or {}).get(b"content-type", b"").decode("latin-1")
        shown["postData"] = {"mimeType": kind, "text": (entry.body or b"").decode("utf-8", "replace")}
    return shown


def _response(entry: "JournalEntry") -> dict[str, Any]:
    headers = _headers(entry.answer_headers or ())
    kinds = [pair["value"] for pair in headers if pair["name"] == "content-type"]
    content: dict[str, Any] = {"size": entry.answer_size, "mimeType": (kinds or [_STREAM if entry.streamed else ""])[0]}
    if entry.answer is not None:
        content["text"] = entry.answer.decode("utf-8", "replace")
    return {
        "status": entry.status,
        "statusText": HTTPStatus(entry.status).phrase if entry.status in HTTPStatus._value2member_map_ else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1 if entry.streamed else entry.answer_size,
    }


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> list[dict[str, str]]:
    return [{"name": name.decode("latin-1"), "value": value.decode("latin-1")} for name, value in pairs]
