"""The fields of a client's event, beside its type and its own id."""

from typing import Any

from understudy.core import errors
from understudy.core.parameters import Check, string

_EVENT_ID = string(512)


def check_event(event: dict[str, Any], known: dict[str, Check], required: tuple[str, ...] = ()) -> None:
    """Check an event's own fields; their paths begin with their own names.

    Args:
        event: as it came.
        known: how each field is checked.
        required: fields that must be there.

    Raises:
        BadRequest: with the real message, param and code.
    """
    for name in required:
        if name not in event:
            raise errors.missing(name)
    for name in event:
        if name not in known and name not in ("type", "event_id"):
            raise errors.unknown_parameter(name)
    if event.get("event_id") is not None:
        _EVENT_ID("event_id", event["event_id"])
    for name, check in known.items():
        if name in event:
            check(name, event[name])
