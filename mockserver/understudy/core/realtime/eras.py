"""Which parts of Realtime there are at a date, and what they are refused with before and after.

Dates from the changelog and the deprecations page. Refusals as users reported them in 2025 and 2026: the version that a
secret was made for, and the beta interface after its end.
"""

from understudy.core import errors
from understudy.core.dates import parse_moment

GA = parse_moment("2025-08-28")
"""The GA interface, client secrets and calls."""
EPHEMERAL_KEYS = parse_moment("2024-12-17")
"""`POST /v1/realtime/sessions`."""
TRANSCRIPTION_SESSIONS = parse_moment("2025-03-20")
"""`POST /v1/realtime/transcription_sessions` and `?intent=transcription`."""
TRACED = parse_moment("2025-06-03")
"""Sessions of the beta interface show `speed` and `tracing`, and have another order (logged 2025-06)."""
BETA_ENDED = parse_moment("2026-05-12")


def require(start: int, era: int, method: str, path: str) -> None:
    """Refuse what is not there yet, as any unknown URL; raises NotFound."""
    if era < start:
        raise errors.unknown_url(method, path)


def require_beta(era: int, *, reject_retired: bool) -> None:
    """Refuse the beta interface where it is over and what is over is refused; raises BadRequest."""
    if reject_retired and era >= BETA_ENDED:
        raise errors.BadRequest(
            "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
            code="beta_api_shape_disabled",
        )


def require_version(*, session_is_beta: bool, secret_is_beta: bool) -> None:
    """Refuse a secret that was made for the other interface; raises BadRequest."""
    if session_is_beta and not secret_is_beta:
        message = "You cannot start a Realtime beta session with a GA client secret."
    elif secret_is_beta and not session_is_beta:
        message = (
            "You cannot start a Realtime GA session with a beta client secret. Please use /v1/realtime/client_secrets "
            "endpoint."
        )
    else:
        return
    raise errors.BadRequest(f"API version mismatch. {message}", code="api_version_mismatch")
