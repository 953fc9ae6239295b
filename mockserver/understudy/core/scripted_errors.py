"""What follows from the status of an error that a script answers with."""

from understudy.core.errors import INVALID_REQUEST, Layer


def layer_of(status: int) -> Layer:
    """Which layer of the real service answers with a status (recorded traffic, 2023-2026)."""
    return Layer.EDGE if status in (401, 403, 404, 405, 413, 429) else Layer.ENGINE


def error_type(status: int, code: str | None) -> str:
    """`error.type` where the script leaves it out, as recorded for such errors (2023-2026)."""
    if status >= 500:
        return "server_error"
    if status == 429:
        return "insufficient_quota" if code == "insufficient_quota" else "requests"
    return INVALID_REQUEST
