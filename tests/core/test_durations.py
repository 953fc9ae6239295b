import pytest

from understudy.core.durations import go_duration


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0s"),
        (600, "0s"),
        (1_000, "1ms"),
        (3_900, "3ms"),
        (12_000, "12ms"),
        (120_000, "120ms"),
        (233_700, "233ms"),
        (1_000_000, "1s"),
        (1_146_000, "1.146s"),
        (1_200_000, "1.2s"),
        (8_640_000, "8.64s"),
        (11_054_000, "11.054s"),
        (20_000_000, "20s"),
        (60_052_000, "1m0.052s"),
        (73_588_000, "1m13.588s"),
        (360_000_000, "6m0s"),
        (432_000_000, "7m12s"),
        (864_000_000, "14m24s"),
        (1_728_000_000, "28m48s"),
        (4_105_745_000, "1h8m25.745s"),
        (86_400_000_000, "24h0m0s"),
    ],
)
def test_durations_print_as_recorded(microseconds: int, text: str) -> None:
    """Go's text form, truncated to whole milliseconds (recorded traffic, 2023-2026)."""
    assert go_duration(microseconds) == text
