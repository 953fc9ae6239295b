from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from understudy.core.dates import http_date, iso_date, iso_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.integers(min_value=0, max_value=4_102_444_800_000_000 - 1)


@given(moments)
def test_http_dates_are_those_of_the_standard_library(now: int) -> None:
    """IMF-fixdate, for any moment of this century."""
    moment = _EPOCH + timedelta(microseconds=now)
    assert http_date(now).decode() == format_datetime(moment.replace(microsecond=0), usegmt=True)


@given(moments)
def test_iso_dates_are_those_of_the_standard_library(now: int) -> None:
    """Dates and times in UTC."""
    moment = _EPOCH + timedelta(microseconds=now)
    assert iso_date(now) == moment.date().isoformat()
    assert iso_time(now) == moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
