import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.catalog import RateLimits
from understudy.core.clock import DAY, MINUTE, SECOND
from understudy.core.durations import go_duration
from understudy.core.limits import Bucket, Cost, Meter, Refusal, Trio, acquire


def spent(limit: int, cost: int, window: int = MINUTE) -> Bucket:
    bucket = Bucket("tpm", limit, window, now=0)
    bucket.take(cost)
    return bucket


@pytest.mark.parametrize(
    ("limit", "cost", "window", "reset"),
    [
        (200_000, 4, MINUTE, "1ms"),
        (200_000, 13, MINUTE, "3ms"),
        (200_000, 779, MINUTE, "233ms"),
        (6_000, 26, MINUTE, "260ms"),
        (30_000, 4, MINUTE, "8ms"),
        (30_000, 7, MINUTE, "14ms"),
        (40_000_000, 1_814, MINUTE, "2ms"),
        (30_000_000, 1_814, MINUTE, "3ms"),
        (45_000, 18, MINUTE, "24ms"),
        (500, 1, MINUTE, "120ms"),
        (3_000, 1, MINUTE, "20ms"),
        (3_500, 1, MINUTE, "17ms"),
        (5_000, 1, MINUTE, "12ms"),
        (10_000, 1, MINUTE, "6ms"),
        (15_000, 1, MINUTE, "4ms"),
        (30_000, 1, MINUTE, "2ms"),
        (400, 1, MINUTE, "150ms"),
        (10_000, 1, DAY, "8.64s"),
        (150_000_000, 4, MINUTE, "0s"),
    ],
)
def test_reset_headers_are_those_recorded(limit: int, cost: int, window: int, reset: str) -> None:
    """Time until full, truncated to whole milliseconds."""
    trio = Trio(spent(limit, cost, window), now=0)
    assert (trio.limit, trio.remaining, go_duration(trio.reset)) == (limit, limit - cost, reset)


@pytest.mark.parametrize(
    ("limit", "used", "requested", "wait"),
    [
        (200_000, 195_869, 4_412, "84ms"),
        (50_000, 47_949, 3_006, "1.146s"),
        (30_000, 22_999, 12_528, "11.054s"),
        (30_000, 28_039, 3_906, "3.89s"),
        (30_000, 18_928, 11_159, "174ms"),
        (30_000, 29_937, 385, "644ms"),
    ],
)
def test_token_refusals_name_the_recorded_wait(limit: int, used: int, requested: int, wait: str) -> None:
    """(used + requested - limit) x 60 s / limit, for six messages of the real API."""
    meter = Meter(RateLimits(tpm=limit), now=0)
    assert acquire(meter, None, Cost(tokens=used), 0) is None
    refusal = acquire(meter, None, Cost(tokens=requested), 0)
    assert refusal is not None
    assert refusal.wait is not None
    assert (refusal.used, refusal.requested, go_duration(refusal.wait)) == (used, requested, wait)


@pytest.mark.parametrize(
    ("limits", "words", "kind", "wait"),
    [
        (RateLimits(rpm=3), "requests per min (RPM)", "requests", "20s"),
        (RateLimits(rpd=200), "requests per day (RPD)", "requests", "7m12s"),
        (RateLimits(rpd=50), "requests per day (RPD)", "requests", "28m48s"),
        (RateLimits(rpd=2_000), "requests per day (RPD)", "requests", "43.2s"),
    ],
)
def test_request_refusals_name_the_recorded_wait(limits: RateLimits, words: str, kind: str, wait: str) -> None:
    """A full bucket gives one request each window / limit."""
    meter = Meter(limits, now=0)
    capacity = limits.rpm or limits.rpd or 0
    assert all(acquire(meter, None, Cost(), 0) is None for _ in range(capacity))
    refusal = acquire(meter, None, Cost(), 0)
    assert refusal is not None
    assert refusal.wait is not None
    assert (refusal.words, refusal.error_type, refusal.used, go_duration(refusal.wait)) == (words, kind, capacity, wait)


def test_a_request_larger_than_the_bucket_never_fits() -> None:
    """It has no wait to name."""
    refusal = acquire(Meter(RateLimits(tpm=200_000), now=0), None, Cost(480_002), 0)
    assert refusal is not None
    assert refusal.wait is None


def test_a_refused_call_costs_one_request_and_no_tokens() -> None:
    """As far as a request is left; buckets do not overdraw."""
    meter = Meter(RateLimits(rpm=2, tpm=100), now=0)
    assert meter.requests is not None
    assert meter.tokens is not None
    assert acquire(meter, None, Cost(tokens=90), 0) is None
    for left in (0, 0):
        refusal = acquire(meter, None, Cost(tokens=90), 0)
        assert refusal is not None
        assert meter.requests.remaining(0) == left
        assert meter.tokens.remaining(0) == 10


def test_all_dimensions_are_taken_at_once_or_none() -> None:
    """A full image bucket leaves the tokens alone."""
    meter = Meter(RateLimits(tpm=1_000, ipm=1), now=0)
    assert meter.tokens is not None
    assert acquire(meter, None, Cost(tokens=100, images=1), 0) is None
    assert acquire(meter, None, Cost(tokens=100, images=1), 0) is not None
    assert meter.tokens.remaining(0) == 900


def test_the_request_headers_show_the_day_where_there_is_a_daily_limit() -> None:
    """Recorded: 10,000 a day shows 9,999 and 8.64 s after one request."""
    meter = Meter(RateLimits(rpm=500, rpd=10_000, tpm=200_000), now=0)
    assert acquire(meter, None, Cost(tokens=16), 0) is None
    assert meter.requests is not None
    trio = Trio(meter.requests, 0)
    assert (trio.limit, trio.remaining, go_duration(trio.reset)) == (10_000, 9_999, "8.64s")


def test_another_tier_keeps_what_was_used() -> None:
    """A promotion raises what is left by the difference; it never gives a second burst."""
    low = Meter(RateLimits(rpm=10), now=0)
    assert acquire(low, None, Cost(requests=8), 0) is None
    high = Meter(RateLimits(rpm=100), now=0, former=low)
    assert high.requests is not None
    assert high.requests.remaining(0) == 92
    lower = Meter(RateLimits(rpm=5), now=0, former=high)
    assert lower.requests is not None
    assert lower.requests.remaining(0) == 0


steps = st.lists(
    st.tuples(st.integers(min_value=0, max_value=90 * SECOND), st.integers(min_value=1, max_value=60)), max_size=80
)


@settings(max_examples=200, deadline=None)
@given(limit=st.integers(min_value=1, max_value=50), steps=steps)
def test_over_any_interval_a_bucket_grants_at_most_its_limit_and_what_refilled(
    limit: int, steps: list[tuple[int, int]]
) -> None:
    """Limit + rate x T, for every pair of grants in any history, exactly."""
    meter = Meter(RateLimits(tpm=limit), now=0)
    now = 0
    granted: list[tuple[int, int]] = []
    for wait, cost in steps:
        now += wait
        if acquire(meter, None, Cost(tokens=cost), now) is None:
            granted.append((now, cost))
    for first in range(len(granted)):
        total = 0
        for moment, cost in granted[first:]:
            total += cost
            assert total * MINUTE <= limit * MINUTE + limit * (moment - granted[first][0])


@settings(max_examples=200, deadline=None)
@given(limit=st.integers(min_value=1, max_value=200_000_000), data=st.data())
def test_who_waits_as_told_is_let_in_and_not_before(limit: int, data: st.DataObject) -> None:
    """The wait is exact to the microsecond, for every published magnitude of limit."""
    first = data.draw(st.integers(min_value=1, max_value=limit))
    second = data.draw(st.integers(min_value=1, max_value=limit))
    meter = Meter(RateLimits(tpm=limit), now=0)
    assert acquire(meter, None, Cost(tokens=first), 0) is None
    refusal = acquire(meter, None, Cost(tokens=second), 0)
    if refusal is None:
        assert first + second <= limit
        return
    assert isinstance(refusal, Refusal)
    assert refusal.wait is not None
    assert acquire(meter, None, Cost(tokens=second), refusal.wait - 1) is not None
    assert acquire(meter, None, Cost(tokens=second), refusal.wait) is None


@given(limit=st.integers(min_value=1, max_value=180_000_000))
def test_the_arithmetic_stays_exact_in_doubles(limit: int) -> None:
    """Every number stays below 2**53, so that a store that counts in doubles decides the same."""
    for window in (MINUTE, DAY):
        bucket = Bucket("tpm", min(limit, 10_000 if window == DAY else limit), window, now=0)
        assert bucket.capacity * bucket.den < 2**53 * 2
        assert bucket.num < 2**53
