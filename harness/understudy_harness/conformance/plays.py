"""How the calls of a case are made where the ordinary way (`stage.ordinary`) does not do: functions, by name.

A case names one by `play = "NAME"`. It is given the stage of the run: it begins calls, gives them up, waits, changes
the account, and may measure values, which expectations read by `value("name")`. It judges nothing.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from understudy_harness.conformance.plays_answers import both_ways
from understudy_harness.conformance.plays_life import life
from understudy_harness.conformance.plays_limits import four_workers, limits_are_raised
from understudy_harness.conformance.plays_stopping import ends_while_open

if TYPE_CHECKING:
    from understudy_harness.conformance.stage import Stage

Play = Callable[["Stage"], Awaitable[None]]

PLAYS: dict[str, Play] = {
    "both_ways": both_ways,
    "ends_while_open": ends_while_open,
    "four_workers": four_workers,
    "life": life,
    "limits_are_raised": limits_are_raised,
}
"""By the name that cases use."""
