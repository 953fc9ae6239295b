"""What an organization used, by minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from understudy.core import usage_log
from understudy.core.clock import DAY, MINUTE
from understudy.core.pricing import Usage
from understudy.core.usage_log import Spent, UsageLog, usage_kind


def spent(amount: int = 1, model: str = "gpt-4o", **used: int) -> Spent:
    return Spent("completions", model, "default", Usage(**used), amount)  # type: ignore[arg-type] # counts only


def test_calls_of_one_minute_are_added_up() -> None:
    """By project, key, model and service tier."""
    log = UsageLog()
    log.add("proj_a", "key_a", spent(3, text_in=10, text_out=2), 0)
    log.add("proj_a", "key_a", spent(4, text_in=1, cached_in=5), MINUTE - 1)
    log.add("proj_a", "key_a", spent(5), MINUTE)
    log.add("proj_a", "key_b", spent(6), 0)
    cells = {cell.name: cell for cell in log.cells()}
    first = cells[0, "completions", "proj_a", "key_a", "gpt-4o", "default", ""]
    assert (first.requests, first.amount, first.width) == (2, 7, MINUTE)
    assert first.used == Usage(text_in=11, text_out=2, cached_in=5)
    assert len(cells) == 3


@given(st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(0, 10**15), st.integers(0, 10**6)), max_size=60))
def test_folding_loses_nothing(calls: list[tuple[int, int, int]]) -> None:
    """The oldest minutes become days; sums stay."""
    kept = usage_log.CELLS_KEPT
    usage_log.CELLS_KEPT = 5
    try:
        log = UsageLog()
        for at, amount, tokens in sorted(calls):
            log.add("proj_a", "key_a", spent(amount, text_in=tokens), at)
    finally:
        usage_log.CELLS_KEPT = kept
    cells = log.cells()
    assert sum(cell.requests for cell in cells) == len(calls)
    assert sum(cell.amount for cell in cells) == sum(amount for _, amount, _ in calls)
    assert sum(cell.used.text_in for cell in cells) == sum(tokens for _, _, tokens in calls)
    assert sum(cell.width == MINUTE for cell in cells) <= 5
    assert all(cell.name[0] % cell.width == 0 for cell in cells)


def test_pictures_are_told_apart_by_where_they_come_from_and_their_size() -> None:
    """As the images endpoint groups them."""
    usage = Usage(images=1, picture="1024x1024")
    assert usage_kind("images", "/v1/images/edits", usage) == ("images", "image.edit 1024x1024")
    assert usage_kind("images", "/v1/images/generations", usage) == ("images", "image.generation 1024x1024")
    assert usage_kind("chat", "/v1/chat/completions", usage) == ("completions", "")
