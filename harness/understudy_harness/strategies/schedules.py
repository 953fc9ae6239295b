"""Schedules of calls: who asks what when, on the virtual clock."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from understudy_harness.strategies.chat import chat_requests


class ScheduledCall(NamedTuple):
    """One call.

    Attributes:
        at: seconds after the beginning.
        key: of the caller.
        request: the body of a chat completion.
    """

    at: float
    key: str
    request: dict[str, Any]


def schedules(
    max_calls: int = 8, keys: tuple[str, ...] = ("sk-tier1-a", "sk-tier1-b")
) -> st.SearchStrategy[list[ScheduledCall]]:
    """Calls in the order of their times; several may come at once."""
    calls = st.builds(
        ScheduledCall,
        at=st.sampled_from((0.0, 0.0, 0.1, 1.0, 30.0, 60.0)) | st.floats(0, 120),
        key=st.sampled_from(keys),
        request=chat_requests(),
    )
    return st.lists(calls, min_size=1, max_size=max_calls).map(lambda found: sorted(found, key=lambda call: call.at))
