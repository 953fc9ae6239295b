"""What the official Python SDK raises, in the words of the protocol; other clients hand its exceptions on."""

import json
import sys
from typing import Any

import openai

_KINDS = {400: "bad_request", 401: "auth", 403: "permission", 404: "not_found", 408: "timeout", 422: "bad_request"}
_KINDS_BY_CODE = {"insufficient_quota": "quota", "rate_limit_exceeded": "rate_limit", "server_error": "server"}
"""Of errors inside a stream, which have no status."""


def http() -> Any:
    """The HTTP library below the SDK, which has another name since version 3."""
    return sys.modules.get("httpx2") or sys.modules.get("httpx")


def http_version() -> str:
    """Its name and version, for the introduction."""
    library = http()
    return "" if library is None else f"{library.__name__} {library.__version__}"


def described(error: Exception) -> dict[str, Any]:
    """Describe what the SDK raised."""
    told: dict[str, Any] = {"kind": _kind(error), "message": str(error), "type": type(error).__name__}
    told["status"] = _status(error)
    if isinstance(body := getattr(error, "body", None), str):
        # Where the server's words were no object, the SDK keeps them here.
        told["message"] = f"{error} {body}"
    if isinstance(error, openai.APIError):
        told |= {"code": error.code, "request_id": getattr(error, "request_id", None)}
    if isinstance(error, openai.APIStatusError):
        wait = error.response.headers.get("retry-after", "")
        told["retry_after_s"] = float(wait) if wait.isdigit() else None
    return told


def kind_of_status(status: int, code: str | None = None) -> str:
    """The protocol's word for an answer with such a status."""
    if status == 429:
        return "quota" if code == "insufficient_quota" else "rate_limit"
    return _KINDS.get(status, "server" if status >= 500 else "other")


def kind_of_code(code: str | None, otherwise: str) -> str:
    """The protocol's word for an error inside a stream."""
    return _KINDS_BY_CODE.get(code or "", otherwise)


def _status(error: Exception) -> int | None:
    """Its status; classes that others derive from the SDK's keep all kinds of things there."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _kind(error: Exception) -> str:
    library = http()
    if isinstance(error, (openai.APITimeoutError, library.TimeoutException)):
        return "timeout"
    # Inside a stream it is the HTTP library's own exception that the caller gets.
    if isinstance(error, (openai.APIConnectionError, library.TransportError)):
        return "connection"
    if isinstance(error, openai.APIError):
        status = _status(error)
        return kind_of_code(error.code, "protocol") if status is None else kind_of_status(status, error.code)
    if isinstance(error, openai.LengthFinishReasonError):
        return "length"
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return "content_filter"
    return "protocol" if isinstance(error, json.JSONDecodeError) else "other"
