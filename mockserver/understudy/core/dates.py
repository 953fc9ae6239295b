"""Dates from microseconds since the epoch, by arithmetic: no time zone, no locale, no clock."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from understudy.core.clock import DAY, SECOND

_DAY_NAMES = ("Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed")  # 1 January 1970 was a Thursday
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT")
_EPOCH = date(1970, 1, 1).toordinal()


def midnight(day: date) -> int:
    """The moment at which a day (UTC) begins, in microseconds since the epoch."""
    return (day.toordinal() - _EPOCH) * DAY


def parse_moment(text: str) -> int:
    """The moment that an ISO 8601 date or time names, in microseconds since the epoch; UTC where it names no zone.

    Raises:
        ValueError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:64]!r} is no ISO 8601 date or time such as 2026-12-31") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def month_around(now: int) -> tuple[int, int]:
    """The first moment of the calendar month (UTC) that a moment lies in, and of the one after it."""
    year, month, _ = civil(now // DAY)
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return midnight(date(year, month, 1)), midnight(date(*following, 1))


def civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a count of days since 1 January 1970 (proleptic Gregorian calendar)."""
    # Count from 1 March of year 0, so that the leap day is the last of its year.
    shifted = days + 719_468
    era, of_era = divmod(shifted, 146_097)
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return year_of_era + era * 400 + (month <= 2), month, day


@lru_cache(maxsize=8)
def http_date_of_second(second: int) -> bytes:
    """IMF-fixdate of a second since the epoch: `Thu, 14 Aug 2025 01:10:35 GMT`."""
    days, rest = divmod(second, 86_400)
    year, month, day = civil(days)
    hour, rest = divmod(rest, 3_600)
    minute, seconds = divmod(rest, 60)
    return (
        f"{_DAY_NAMES[days % 7]}, {day:02d} {_MONTH_NAMES[month - 1]} {year:04d} "
        f"{hour:02d}:{minute:02d}:{seconds:02d} GMT"
    ).encode()


def http_date(now: int) -> bytes:
    """IMF-fixdate of a moment in microseconds since the epoch."""
    return http_date_of_second(now // SECOND)


def parse_http_date(text: str) -> int | None:
    """The moment of an IMF-fixdate, in microseconds since the epoch; None when it is none."""
    found = _HTTP_DATE.fullmatch(text)
    if found is None or found[2] not in _MONTH_NAMES:
        return None
    day, month, year, hour, minute, second = (
        int(found[1]), _MONTH_NAMES.index(found[2]) + 1, *map(int, found.group(3, 4, 5, 6)),
    )  # fmt: skip
    try:
        return midnight(date(year, month, day)) + ((hour * 60 + minute) * 60 + second) * SECOND
    except ValueError:
        return None


def iso_date(now: int) -> str:
    """`2025-08-14` of a moment in microseconds since the epoch."""
    year, month, day = civil(now // (86_400 * SECOND))
    return f"{year:04d}-{month:02d}-{day:02d}"


def iso_time(now: int) -> str:
    """`2025-08-14T01:10:35.123456Z` of a moment in microseconds since the epoch."""
    seconds, micro = divmod(now, SECOND)
    rest = seconds % 86_400
    return f"{iso_date(now)}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{micro:06d}Z"
