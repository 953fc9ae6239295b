"""The plan of one account: what is included comes first, then purchased credits.

    allowance of both windows  ->  purchased credits (flexible mode)  ->  429 until a window resets

A window starts at its first use and ends one length later, exactly; it is then unused again until the next use. The two
windows of Codex hold at once: what is taken from one is taken from the other, and either one, when full, stops new
turns. A turn that was let in is finished: what neither allowance nor credits cover is not charged to anybody, but
counted (pricing page, 2026-07: an active turn may finish past the limit; that the balance stops at 0 is our choice).

All figures are integers: pico-credits (see `plans_table`) and videos. Everything is a function of state and `now`.
"""

from enum import Enum

import msgspec

from understudy.core.clock import SECOND
from understudy.core.ledger import Ledger
from understudy.core.plans_table import FLEXIBLE, PlanTerms, WindowTerms


class Window:
    """An allowance that comes anew.

    Attributes:
        terms: length and allowance.
        used: in this window; never more than the allowance.
        started_at: microseconds since the epoch, None while nothing was used.
    """

    __slots__ = ("started_at", "terms", "used")

    def __init__(self, terms: WindowTerms) -> None:
        self.terms = terms
        self.used = 0
        self.started_at: int | None = None

    @property
    def left(self) -> int:
        """What may still be used."""
        return self.terms.allowance - self.used

    def refresh(self, now: int) -> None:
        """End the window when its time is over."""
        if self.started_at is not None and now >= self.started_at + self.terms.length:
            self.started_at = None
            self.used = 0

    def start(self, now: int) -> None:
        """Begin, unless it has begun."""
        if self.started_at is None:
            self.started_at = now

    def take(self, amount: int, now: int) -> None:
        """Use so much of what is left."""
        if not 0 <= amount <= self.left:
            raise ValueError(f"{amount} is not between 0 and the {self.left} that are left")
        self.start(now)
        self.used += amount

    def set_used(self, percent: int, now: int) -> None:
        """Put the window where so many hundredths are used, beginning now if it has not begun."""
        if not 0 <= percent <= 100:
            raise ValueError(f"a used percentage is a whole number from 0 to 100, not {percent}")
        self.used = self.terms.allowance * percent // 100
        self.start(now)

    def change(self, terms: WindowTerms) -> None:
        """Other terms for the window under way; what was used stays used, as far as the allowance goes."""
        self.terms = terms
        self.used = min(self.used, terms.allowance)

    def reset_at(self, now: int) -> int:
        """When it ends, microseconds since the epoch; of an unused one, as if it began now."""
        return (now if self.started_at is None else self.started_at) + self.terms.length


class Charged(msgspec.Struct, frozen=True):
    """Where the cost of one turn went, in pico-credits; the sum is the cost.

    Attributes:
        allowance: taken from the windows.
        credits: taken from purchased credits.
        uncovered: of a turn that went past both.
    """

    allowance: int = 0
    credits: int = 0
    uncovered: int = 0


class Stop(Enum):
    """Why no turn may begin; the values are the wire's."""

    NOT_INCLUDED = "usage_not_included"
    LIMIT = "usage_limit_reached"


class PlanState:
    """The plan of one account and what was used of it.

    Attributes:
        terms: of the plan.
        mode: `fixed` or `flexible`.
        primary, secondary: windows of Codex, None where the plan has none.
        videos: the window of Sora.
        credits: what was bought; a ledger of pico-credits.
        charged: sums of all turns.
        claimed: the plan that the token of a login named last.
        named: the plan that the key's words named last, or that was set by hand.
    """

    __slots__ = ("charged", "claimed", "credits", "mode", "named", "primary", "secondary", "terms", "videos")

    def __init__(self, terms: PlanTerms, mode: str) -> None:
        self.mode = mode
        self.credits = Ledger()
        self.charged = Charged()
        self.claimed: str | None = None
        self.named: str | None = None
        self.primary: Window | None = None
        self.secondary: Window | None = None
        self.videos = Window(terms.videos)
        self.terms = terms
        self.adopt(terms)

    @property
    def windows(self) -> tuple[Window, ...]:
        """Those of Codex that the plan has."""
        return tuple(window for window in (self.primary, self.secondary) if window is not None)

    def adopt(self, terms: PlanTerms) -> None:
        """Go over to another plan: windows under way go on with its terms, credits stay (our choice)."""
        self.terms = terms
        self.primary = _changed(self.primary, terms.primary)
        self.secondary = _changed(self.secondary, terms.secondary)
        self.videos.change(terms.videos)

    def refresh(self, now: int) -> None:
        """Bring up to date what changes by time: windows that are over, credits that have expired."""
        for window in self.windows:
            window.refresh(now)
        self.videos.refresh(now)
        self.credits.balance_at(now)

    def usable_credits(self, now: int) -> int:
        """Pico-credits that Codex may go on with; 0 in fixed mode, and on plans whose Codex takes none."""
        if self.mode != FLEXIBLE or not self.terms.credits:
            return 0
        return max(self.credits.balance_at(now), 0)

    def admit(self, now: int) -> Stop | None:
        """Let a turn begin, which starts the windows; or say why not, which changes nothing."""
        self.refresh(now)
        if not self.terms.included:
            return Stop.NOT_INCLUDED
        if self.is_full(now) and not self.usable_credits(now) and not self._is_unlimited():
            return Stop.LIMIT
        for window in self.windows:
            window.start(now)
        return None

    def is_full(self, now: int) -> bool:
        """Whether the allowance is used up: a window is full, or the plan includes none."""
        self.refresh(now)
        windows = self.windows
        return not windows or any(window.left == 0 for window in windows)

    def resets_at(self, now: int) -> int | None:
        """When the allowance has room again, microseconds since the epoch; None when no time brings it."""
        self.refresh(now)
        return max((window.reset_at(now) for window in self.windows if window.left == 0), default=None)

    def charge(self, cost: int, now: int, note: str) -> Charged:
        """Charge a turn that was let in: allowance first, then purchased credits.

        Args:
            cost: pico-credits.
            now: microseconds since the epoch; a turn that ends after a reset is charged to the new window.
            note: the model.
        """
        if cost < 0:
            raise ValueError(f"a turn cannot cost {cost} pico-credits")
        self.refresh(now)
        windows = self.windows
        included = min((cost, *(window.left for window in windows))) if windows else 0
        for window in windows:
            window.take(included, now)
        owed = cost - included
        paid = owed if self._is_unlimited() else min(owed, self.usable_credits(now))
        if not self._is_unlimited():
            self.credits.charge(paid, now, note)
        charged = Charged(included, paid, owed - paid)
        sums = self.charged
        self.charged = Charged(
            sums.allowance + charged.allowance, sums.credits + charged.credits, sums.uncovered + charged.uncovered
        )
        return charged

    def buy(self, amount: int, now: int) -> None:
        """Buy pico-credits, valid for 12 months.

        Raises:
            ValueError: nothing is bought, or the mode is fixed.
        """
        if self.mode != FLEXIBLE:
            raise ValueError("in mode fixed there are none; set the mode to flexible")
        self.credits.grant(amount, "purchased", now)

    def make_videos(self, count: int, price: int, now: int) -> bool:
        """Take Sora videos, all or none: those of the day first, then credits, `price` pico-credits each."""
        if count < 1:
            raise ValueError(f"at least one video is made, not {count}")
        self.refresh(now)
        included = min(count, max(self.videos.left, 0))
        owed = (count - included) * price
        if owed and (self.mode != FLEXIBLE or self.credits.balance_at(now) < owed):
            return False
        if included:
            self.videos.take(included, now)
        self.credits.charge(owed, now, "sora")
        return True

    def bought_videos(self, price: int, now: int) -> int:
        """How many more videos the credits buy."""
        return max(self.credits.balance_at(now), 0) // price if self.mode == FLEXIBLE else 0

    def _is_unlimited(self) -> bool:
        return self.terms.unlimited and self.mode == FLEXIBLE


class WindowView(msgspec.Struct, frozen=True):
    """A window as it is shown.

    Attributes:
        used_percent: whole hundredths, rounded down: 100 means that nothing is left.
        window_seconds: its length.
        reset_at: seconds since the epoch, rounded up, so that who waits for it is let in.
        reset_after_seconds: the same from now.
        used, allowance: pico-credits.
    """

    used_percent: int
    window_seconds: int
    reset_at: int
    reset_after_seconds: int
    used: int
    allowance: int


class PlanView(msgspec.Struct, frozen=True):
    """A plan as headers, the usage endpoint and the control API show it.

    Attributes:
        plan: its name.
        mode: `fixed` or `flexible`.
        workspace: whether it is a workspace's, not a person's.
        included: whether Codex is part of the plan.
        primary, secondary: windows of Codex, None where the plan has none.
        allowed: whether a turn may begin.
        limit_reached: whether the allowance is used up.
        has_credits: whether Codex may go on with credits.
        unlimited: whether those have no balance.
        credits: purchased pico-credits that are left.
        next_expiry: when the next of them expire, microseconds since the epoch.
        videos, videos_left: of Sora, in a day and still today.
        videos_bought: how many more the credits buy.
        videos_reset_after_seconds: until the day's videos come anew.
        charged: where the cost of all turns went.
    """

    plan: str
    mode: str
    workspace: bool
    included: bool
    primary: WindowView | None
    secondary: WindowView | None
    allowed: bool
    limit_reached: bool
    has_credits: bool
    unlimited: bool
    credits: int
    next_expiry: int | None
    videos: int
    videos_left: int
    videos_bought: int
    videos_reset_after_seconds: int
    charged: Charged


def view(state: PlanState, video_price: int, now: int) -> PlanView:
    """How a plan stands at `now`; `video_price` is pico-credits of one more video."""
    state.refresh(now)
    usable = state.usable_credits(now)
    unlimited = state.terms.unlimited and state.mode == FLEXIBLE
    full = state.is_full(now)
    return PlanView(
        plan=state.terms.name,
        mode=state.mode,
        workspace=state.terms.workspace,
        included=state.terms.included,
        primary=_window_view(state.primary, now),
        secondary=_window_view(state.secondary, now),
        allowed=state.terms.included and (not full or usable > 0 or unlimited),
        limit_reached=bool(state.windows) and full,
        has_credits=usable > 0 or unlimited,
        unlimited=unlimited,
        credits=max(state.credits.balance_at(now), 0),
        next_expiry=state.credits.next_expiry,
        videos=state.videos.terms.allowance,
        videos_left=state.videos.left,
        videos_bought=state.bought_videos(video_price, now),
        videos_reset_after_seconds=seconds_up(state.videos.reset_at(now) - now),
        charged=state.charged,
    )


def seconds_up(micro: int) -> int:
    """Whole seconds, rounded up."""
    return -(-micro // SECOND)


def _window_view(window: Window | None, now: int) -> WindowView | None:
    if window is None:
        return None
    terms = window.terms
    reset_at = window.reset_at(now)
    return WindowView(
        used_percent=100 * window.used // terms.allowance,
        window_seconds=terms.length // SECOND,
        reset_at=seconds_up(reset_at),
        reset_after_seconds=seconds_up(reset_at - now),
        used=window.used,
        allowance=terms.allowance,
    )


def _changed(window: Window | None, terms: WindowTerms | None) -> Window | None:
    if terms is None:
        return None
    if window is None:
        return Window(terms)
    window.change(terms)
    return window
