"""Fault scripts: what goes wrong, in the fault language."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

STATUSES = (400, 401, 404, 408, 409, 429, 500, 502, 503, 504)
_answers = st.sampled_from(STATUSES).flatmap(
    lambda status: st.fixed_dictionaries(
        {"status": st.just(status)},
        optional={"headers": st.integers(1, 30).map(lambda seconds: {"retry-after": str(seconds)})}
        if status in (429, 503)
        else {},
    )
)
_endings = st.sampled_from(("fin", "rst"))
_cuts = st.one_of(
    st.integers(0, 5).map(lambda events: {"after_events": events}),
    st.integers(1, 400).map(lambda size: {"after_bytes": size}),
    st.sampled_from(("character", "escape")).map(lambda place: {"inside": place}),
)
_deliveries = st.one_of(
    st.fixed_dictionaries({"cut": _cuts, "end": _endings}),
    st.fixed_dictionaries({"silent": st.just(True), "end": _endings}),
    st.integers(1, 20).map(lambda seconds: {"delay": f"{seconds}s"}),
    st.lists(st.integers(1, 50), min_size=1, max_size=3).map(lambda sizes: {"segments": sizes}),
    st.sampled_from(("lf", "crlf", "cr")).map(lambda newline: {"framing": {"newline": newline}}),
)


def fault_scripts(max_steps: int = 3) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Steps for the first calls, each of one call; `mockserver.faults.add(*script)` sets them."""
    steps = st.lists(_answers | _deliveries, min_size=1, max_size=max_steps)
    return steps.map(lambda found: [{"on": number, **step} for number, step in enumerate(found, 1)])
