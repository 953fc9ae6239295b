from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy import setting_values
from understudy.adapters.wallclock import wall_now
from understudy.core.account_changes import read_usd
from understudy.core.pacing import REALISTIC, Pacing
from understudy.core.pricing import DOLLAR, format_usd


@pytest.mark.parametrize(
    ("parse", "given", "value"),
    [
        (setting_values.boolean, True, True),
        (setting_values.boolean, "Yes", True),
        (setting_values.boolean, "0", False),
        (setting_values.whole(0, 9), 7, 7),
        (setting_values.whole(0, 9), " 7 ", 7),
        (setting_values.whole(-9, 9), "-7", -7),
        (setting_values.word("real", "virtual"), "Virtual", "virtual"),
        (setting_values.host, "localhost", "localhost"),
        (setting_values.host, "::1", "::1"),
        (setting_values.token, "s3cret/==", "s3cret/=="),
        (setting_values.path, "keys.toml", Path("keys.toml")),
        (setting_values.path, Path("keys.toml"), Path("keys.toml")),
        (setting_values.size, 4096, 4096),
        (setting_values.size, "50MiB", 50 * 2**20),
        (setting_values.size, "50 MB", 50 * 10**6),
        (setting_values.size, "2KiB", 2048),
        (setting_values.tier, "free", 0),
        (setting_values.tier, "Tier1", 1),
        (setting_values.tier, 5, 5),
        (read_usd, "1000.00", 1000 * DOLLAR),
        (read_usd, Decimal("0.1"), DOLLAR // 10),
        (read_usd, 5, 5 * DOLLAR),
        (read_usd, 5.1, 51 * DOLLAR // 10),
        (setting_values.latency, "none", Pacing()),
        (setting_values.latency, "realistic", REALISTIC),
        (setting_values.latency, "ttft=300ms,itl=20ms", Pacing(ttft=300_000, itl=20_000)),
        (setting_values.day, "2024-10-02", 1_727_827_200_000_000),
        (setting_values.day, date(2024, 10, 2), 1_727_827_200_000_000),
    ],
)
def test_a_value_is_read_from_text_and_from_what_toml_and_python_have(parse: Any, given: Any, value: Any) -> None:
    """Every face of the settings may spell a value in its own way."""
    assert parse(given) == value


@pytest.mark.parametrize(
    ("parse", "given"),
    [
        (setting_values.boolean, "maybe"),
        (setting_values.boolean, 1),
        (setting_values.whole(0, 9), "10"),
        (setting_values.whole(0, 9), "1_0"),
        (setting_values.whole(0, 9), "٣"),
        (setting_values.whole(0, 9), True),
        (setting_values.whole(0, 9), 3.0),
        (setting_values.whole(0, 9), "9" * 10_000),
        (setting_values.word("real"), "unreal"),
        (setting_values.host, "http://localhost"),
        (setting_values.host, "localhost:8080"),
        (setting_values.host, ""),
        (setting_values.token, ""),
        (setting_values.token, "two words"),
        (setting_values.token, "schlüssel"),
        (setting_values.path, ""),
        (setting_values.path, "a\0b"),
        (setting_values.path, 1.5),
        (setting_values.size, "0"),
        (setting_values.size, "-1"),
        (setting_values.size, "1 iB"),
        (setting_values.size, "1k"),
        (setting_values.tier, "6"),
        (setting_values.tier, "gold"),
        (read_usd, "-1"),
        (read_usd, "1e9"),
        (read_usd, "NaN"),
        (read_usd, float("inf")),
        (read_usd, 0.1 + 0.2),
        (read_usd, "0.0000000000001"),
        (read_usd, "9" * 13),
        (read_usd, True),
        (setting_values.latency, "slow"),
        (setting_values.latency, f"ttft={'9' * 400}ms"),
        (setting_values.day, "2024-02-30"),
        (setting_values.day, "20241002"),
        (setting_values.day, "2019-01-01"),
        (setting_values.day, datetime(2024, 10, 2, tzinfo=UTC)),
        (setting_values.day, None),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(parse: Any, given: Any) -> None:
    """Nothing is guessed from a wrong value."""
    with pytest.raises((ValueError, ArithmeticError)):
        parse(given)


@given(st.integers(min_value=0, max_value=10**24 - 1))
def test_money_is_exact(pico: int) -> None:
    """Every amount of up to 12 digits on either side of the point is read to the pico-dollar."""
    assert read_usd(format_usd(pico)) == pico


def test_today_is_no_date() -> None:
    """Who names today means the newest data and the real time, not last midnight."""
    now = datetime.fromtimestamp(wall_now() / 1_000_000, UTC)
    assert setting_values.day(now.date().isoformat()) is None
    assert setting_values.day(now.date() - timedelta(days=2)) is not None
