"""Rate limits: continuously refilling token buckets, exact to the microsecond.

A bucket of capacity L refills at L per window (60 s, or a day). It keeps what is *used*; used drains by
L per window until it is 0. After one request at 500 RPM: used 1, remaining 499, full again in
1/500 x 60 s = 120 ms. All header figures recorded from the real API fit this arithmetic.

Everything is an integer. Let L / window = num / den in lowest terms, window in microseconds: then `used`
is kept times `den`, and a microsecond drains `num`. No fraction is ever rounded away, so over any interval T
a bucket grants at most L + rate x T, exactly. (Both factors stay below 2**53 for every published limit, so
that the same arithmetic is exact in Lua's doubles.)

Dimensions: `rpm`, `rpd` (requests), `tpm`, `tpd` (LLM tokens), `ipm` (images).
"""

from math import gcd

from understudy.core.catalog import RateLimits
from understudy.core.clock import DAY, MINUTE

_WORDS = {
    "rpm": ("requests per min (RPM)", "requests"),
    "rpd": ("requests per day (RPD)", "requests"),
    "tpm": ("tokens per min (TPM)", "tokens"),
    "tpd": ("tokens per day (TPD)", "tokens"),
    "ipm": ("input-images per min", "input-images"),
}


class Bucket:
    """One dimension of one limit.

    Attributes:
        dimension: `rpm`, `rpd`, `tpm`, `tpd` or `ipm`.
        capacity: the limit.
        num: what a microsecond drains, in units of 1/den.
        den: units in one request, token or image.
    """

    __slots__ = ("_at", "_used", "capacity", "den", "dimension", "num")

    def __init__(self, dimension: str, capacity: int, window: int, now: int) -> None:
        divisor = gcd(capacity, window)
        self.dimension = dimension
        self.capacity = capacity
        self.num = capacity // divisor
        self.den = window // divisor
        self._used = 0
        self._at = now

    def used(self, now: int) -> int:
        """What is used at `now`, in units of 1/den."""
        elapsed = now - self._at
        if elapsed > 0:
            left = self._used - elapsed * self.num
            self._used = left if left > 0 else 0
            self._at = now
        return self._used

    def has_room(self, cost: int, now: int) -> bool:
        """Whether `cost` fits now."""
        return self.used(now) + cost * self.den <= self.capacity * self.den

    def take(self, cost: int) -> None:
        """Use `cost`; the caller has asked `has_room` at the same moment."""
        self._used += cost * self.den

    def give_back(self, cost: int) -> None:
        """Undo a part of an earlier `take`."""
        left = self._used - cost * self.den
        self._used = left if left > 0 else 0

    def carry_over(self, former: "Bucket", now: int) -> None:
        """Start with what was used under a former limit, never beyond this one's capacity."""
        units = former.used(now) * self.den // former.den
        self._used = min(units, self.capacity * self.den)

    def remaining(self, now: int) -> int:
        """Whole requests, tokens or images that fit now."""
        return (self.capacity * self.den - self.used(now)) // self.den

    def reset(self, now: int) -> int:
        """Microseconds until the bucket is full again, truncated."""
        return self.used(now) // self.num if self.num else 0

    def wait(self, cost: int, now: int) -> int:
        """Microseconds until `cost` fits, rounded up; the caller knows that it can fit at all."""
        missing = self.used(now) + cost * self.den - self.capacity * self.den
        return -(-missing // self.num) if missing > 0 else 0


class Refusal:
    """Why a request did not fit: what the message of a 429 says.

    Attributes:
        dimension: `rpm`, `rpd`, `tpm`, `tpd` or `ipm`.
        limit: its capacity.
        used: rounded, as the message shows it.
        requested: what the request would take.
        wait: microseconds until it fits, None when it never does.
    """

    __slots__ = ("dimension", "limit", "requested", "used", "wait")

    def __init__(self, dimension: str, limit: int, used: int, requested: int, wait: int | None) -> None:
        self.dimension = dimension
        self.limit = limit
        self.used = used
        self.requested = requested
        self.wait = wait

    @property
    def words(self) -> str:
        """The dimension as the message names it."""
        return _WORDS[self.dimension][0]

    @property
    def error_type(self) -> str:
        """`error.type` of the 429."""
        return _WORDS[self.dimension][1]


class Meter:
    """All buckets of one account for one limit group: they are taken together or not at all."""

    __slots__ = ("_buckets", "images", "limits", "requests", "tokens")

    def __init__(self, limits: RateLimits, now: int, former: "Meter | None" = None) -> None:
        self.limits = limits
        self._buckets: list[Bucket] = []
        for dimension, capacity, window in (
            ("rpm", limits.rpm, MINUTE),
            ("rpd", limits.rpd, DAY),
            ("tpm", limits.tpm, MINUTE),
            ("tpd", limits.tpd, DAY),
            ("ipm", limits.ipm, MINUTE),
        ):
            if capacity is not None:
                self._buckets.append(Bucket(dimension, capacity, window, now))
        by_dimension = {bucket.dimension: bucket for bucket in self._buckets}
        if former is not None:
            for bucket in former._buckets:
                if (heir := by_dimension.get(bucket.dimension)) is not None:
                    heir.carry_over(bucket, now)
        # The request headers report the day where there is a daily limit (recorded traffic).
        self.requests = by_dimension.get("rpd") or by_dimension.get("rpm")
        self.tokens = by_dimension.get("tpm") or by_dimension.get("tpd")
        self.images = by_dimension.get("ipm")

    def acquire(self, now: int, requests: int = 1, tokens: int = 0, images: int = 0) -> Refusal | None:
        """Take everything at once, or say which dimension refuses.

        A refused call costs one request, as far as one is left, and nothing else. The order of the
        dimensions in the message (RPM, RPD, TPM, TPD, images) is a guess of the sources: "our choice".
        """
        for bucket in self._buckets:
            kind = bucket.dimension[0]
            cost = requests if kind == "r" else tokens if kind == "t" else images
            if bucket.used(now) + cost * bucket.den > bucket.capacity * bucket.den:
                return self._refuse(bucket, cost, now)
        for bucket in self._buckets:
            kind = bucket.dimension[0]
            bucket.take(requests if kind == "r" else tokens if kind == "t" else images)
        return None

    def _refuse(self, bucket: Bucket, cost: int, now: int) -> Refusal:
        used = bucket.used(now)
        # The wait counts from the state that the client will meet: without what the refusal itself takes,
        # which is in the request buckets alone.
        wait = None if cost > bucket.capacity else bucket.wait(cost, now)
        refusal = Refusal(bucket.dimension, bucket.capacity, (2 * used + bucket.den) // (2 * bucket.den), cost, wait)
        for request_bucket in self._buckets:
            if request_bucket.dimension[0] == "r" and request_bucket.has_room(1, now):
                request_bucket.take(1)
        return refusal

    def give_back(self, tokens: int = 0, requests: int = 0) -> None:
        """Return what was reserved and not used."""
        for bucket in self._buckets:
            kind = bucket.dimension[0]
            if kind == "t" and tokens:
                bucket.give_back(tokens)
            elif kind == "r" and requests:
                bucket.give_back(requests)


class Trio:
    """Limit, remaining and reset of one kind, as the headers show them.

    Attributes:
        limit: capacity.
        remaining: whole units left.
        reset: microseconds until full.
    """

    __slots__ = ("limit", "remaining", "reset")

    def __init__(self, bucket: Bucket, now: int) -> None:
        self.limit = bucket.capacity
        self.remaining = bucket.remaining(now)
        self.reset = bucket.reset(now)
