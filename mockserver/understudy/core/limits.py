"""Rate limits: continuously refilling token buckets, exact to the microsecond.

A bucket of capacity L refills at L per window (60 s, or a day). It keeps what is *used*; used drains by
L per window until it is 0. After one request at 500 RPM: used 1, remaining 499, full again in
1/500 x 60 s = 120 ms. All header figures recorded from the real API fit this arithmetic.

Everything is an integer. Let L / window = num / den in lowest terms, window in microseconds: then `used`
is kept times `den`, and a microsecond drains `num`. No fraction is ever rounded away, so over any interval T
a bucket grants at most L + rate x T, exactly. (Both factors stay below 2**53 for every published limit, so
that the same arithmetic is exact in Lua's doubles.)

Dimensions: `rpm`, `rpd` (requests), `tpm`, `tpd` (LLM tokens), `ipm` (images), `apm` (seconds of audio).
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
    # Our choice: the limit is published in minutes of audio a minute, no refusal by it was recorded.
    "apm": ("audio seconds per min", "audio"),
}


_KINDS = "rtia"


class Bucket:
    """One dimension of one limit.

    Attributes:
        dimension: `rpm`, `rpd`, `tpm`, `tpd`, `ipm` or `apm`.
        kind: which of a call's costs it takes; see `Cost.amounts`.
        capacity: the limit.
        window: microseconds in which that much drains.
        num: what a microsecond drains, in units of 1/den.
        den: units in one request, token or image.
    """

    __slots__ = ("_at", "_used", "capacity", "den", "dimension", "kind", "num", "window")

    def __init__(self, dimension: str, capacity: int, window: int, now: int) -> None:
        divisor = gcd(capacity, window)
        self.dimension = dimension
        self.kind = _KINDS.index(dimension[0])
        self.capacity = capacity
        self.window = window
        self.num = capacity // divisor
        self.den = window // divisor
        self._used = 0
        self._at = now

    @classmethod
    def of(cls, dimension: str, capacity: int, window: int, used: int, at: int) -> "Bucket":
        """A bucket of which so much was used, in units of 1/den, at a moment."""
        bucket = cls(dimension, capacity, window, at)
        bucket.restore(used, at)
        return bucket

    @property
    def mark(self) -> tuple[int, int]:
        """What was used, in units of 1/den, and when; `restore` puts it back."""
        return self._used, self._at

    def restore(self, used: int, at: int) -> None:
        """Put back what `mark` told of a bucket of the same capacity."""
        self._used, self._at = used, at

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


class Cost:
    """What a call takes from the buckets.

    Attributes:
        tokens: LLM tokens, as estimated before they are counted.
        images: pictures.
        amounts: requests (1 for a call), tokens, images, seconds of audio: in the order of a bucket's `kind`.
    """

    __slots__ = ("amounts", "images", "tokens")

    def __init__(self, tokens: int = 0, images: int = 0, audio: int = 0, requests: int = 1) -> None:
        self.tokens = tokens
        self.images = images
        self.amounts = (requests, tokens, images, audio)


class Refusal:
    """Why a request did not fit: what the message of a 429 says.

    Attributes:
        dimension: `rpm`, `rpd`, `tpm`, `tpd`, `ipm` or `apm`.
        limit: its capacity.
        used: rounded, as the message shows it.
        requested: what the request would take.
        wait: microseconds until it fits, None when it never does.
        of_project: whether a limit of the project refuses, not one of the organization.
    """

    __slots__ = ("dimension", "limit", "of_project", "requested", "used", "wait")

    def __init__(
        self, dimension: str, limit: int, used: int, requested: int, wait: int | None, *, of_project: bool = False
    ) -> None:
        self.dimension = dimension
        self.limit = limit
        self.used = used
        self.requested = requested
        self.wait = wait
        self.of_project = of_project

    @property
    def words(self) -> str:
        """The dimension as the message names it."""
        return _WORDS[self.dimension][0]

    @property
    def error_type(self) -> str:
        """`error.type` of the 429."""
        return _WORDS[self.dimension][1]


class Meter:
    """All buckets of one account for one limit group: they are taken together or not at all.

    Attributes:
        limits: what the buckets are made of.
        buckets: in the order in which a refusal names them.
        dormant: those of former limits that these do not have: a tier that has them again goes on with what was used.
        requests, tokens, images: those that the headers report, None where there is no such limit.
    """

    __slots__ = ("buckets", "dormant", "images", "limits", "requests", "tokens")

    def __init__(self, limits: RateLimits, now: int, former: "Meter | None" = None) -> None:
        self.limits = limits
        self.buckets = [Bucket(dimension, capacity, window, now) for dimension, capacity, window in dimensions(limits)]
        by_dimension = {bucket.dimension: bucket for bucket in self.buckets}
        self.dormant: list[Bucket] = []
        if former is not None:
            for bucket in (*former.buckets, *former.dormant):
                if (heir := by_dimension.get(bucket.dimension)) is not None:
                    heir.carry_over(bucket, now)
                else:
                    self.dormant.append(bucket)
        # The request headers report the day where there is a daily limit (recorded traffic).
        self.requests = by_dimension.get("rpd") or by_dimension.get("rpm")
        self.tokens = by_dimension.get("tpm") or by_dimension.get("tpd")
        self.images = by_dimension.get("ipm")

    def exceeded(self, cost: Cost, now: int) -> Bucket | None:
        """The first bucket that has no room, None when everything fits."""
        amounts = cost.amounts
        for bucket in self.buckets:
            if bucket.used(now) + amounts[bucket.kind] * bucket.den > bucket.capacity * bucket.den:
                return bucket
        return None

    def take(self, cost: Cost) -> None:
        """Use everything; the caller has asked `exceeded` at the same moment."""
        for bucket in self.buckets:
            bucket.take(cost.amounts[bucket.kind])

    def take_refused(self, now: int) -> None:
        """What a refused call costs: one request, as far as one is left, and nothing else."""
        for bucket in self.buckets:
            if bucket.kind == 0 and bucket.has_room(1, now):
                bucket.take(1)

    def draw(self, tokens: int, now: int) -> None:
        """Take tokens that turned out to be needed after a call was let in, as far as there are any.

        Fewer than none give back what was taken and not needed.
        """
        if self.tokens is None:
            return
        if tokens < 0:
            self.tokens.used(now)  # what has come back by itself until now
            self.tokens.give_back(-tokens)
        else:
            self.tokens.take(min(tokens, self.tokens.remaining(now)))


def dimensions(limits: RateLimits) -> list[tuple[str, int, int]]:
    """The buckets of some limits: dimension, capacity, and window in microseconds.

    Their order is that in which refusals name them; it is a guess of the sources: "our choice".
    """
    audio = None if limits.audio_minutes is None else limits.audio_minutes * 60
    return [
        (dimension, capacity, window)
        for dimension, capacity, window in (
            ("rpm", limits.rpm, MINUTE),
            ("rpd", limits.rpd, DAY),
            ("tpm", limits.tpm, MINUTE),
            ("tpd", limits.tpd, DAY),
            ("ipm", limits.ipm, MINUTE),
            ("apm", audio, MINUTE),
        )
        if capacity is not None
    ]


def acquire(meter: Meter, project: Meter | None, cost: Cost, now: int) -> Refusal | None:
    """Take everything at once from the buckets of an organization and, under them, of a project; or say what refuses.

    A refused call costs one request, as far as one is left, and nothing else.
    """
    bucket = meter.exceeded(cost, now)
    of_project = False
    if bucket is None and project is not None:
        bucket = project.exceeded(cost, now)
        of_project = bucket is not None
    if bucket is None:
        meter.take(cost)
        if project is not None:
            project.take(cost)
        return None
    refusal = refusal_of(bucket, cost, now, of_project=of_project)
    meter.take_refused(now)
    if project is not None:
        project.take_refused(now)
    return refusal


def refusal_of(bucket: Bucket, cost: Cost, now: int, *, of_project: bool) -> Refusal:
    """What the message says of a bucket that has no room."""
    used = bucket.used(now)
    requested = cost.amounts[bucket.kind]
    # The wait counts from the state that the client will meet: without what the refusal itself takes, which is in the
    # request buckets alone.
    wait = None if requested > bucket.capacity else bucket.wait(requested, now)
    rounded = (2 * used + bucket.den) // (2 * bucket.den)
    return Refusal(bucket.dimension, bucket.capacity, rounded, requested, wait, of_project=of_project)


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
