"""Moves: what happens to an account, or to the clock, while it is used: the next step of a scenario's story.

    [[moves]]
    before = 4                        # the fourth call of an account
    advance = "24h"                   # the clock

    [[moves]]
    before = 4
    buy = "50"                        # credits; likewise give, set, increase, plan, buy_plan_credits

A move is made once for each account, just before that call is looked at. The language is our choice.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from understudy.core.account_changes import AccountError, account_change, known_model, parse_limits, read_amount
from understudy.core.accounts import Account
from understudy.core.catalog import Catalog
from understudy.core.clock import DAY, HOUR, MINUTE, SECOND
from understudy.core.plans_accounts import PlanChange, Plans
from understudy.core.plans_changes import plan_change, read_credits
from understudy.core.wording import is_whole, shown

MOVES_KEPT = 1_000
"""Moves of one scenario ("our choice")."""
ACCOUNTS_COUNTED = 10_000
"""Accounts whose calls are counted; further ones are left alone ("our choice")."""
_KEYS = ("before", "advance", "buy", "give", "set", "increase", "plan", "buy_plan_credits")
_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_LONGEST = 36_525 * DAY
_SETTABLE = ("tier", "credits", "usage_limit", "spend_limit", "project_spend_limit", "auto_recharge", "status", "plan")


class MoveError(ValueError):
    """A move that cannot be understood, in one sentence.

    Attributes:
        key: what is wrong in it.
        problem: in words.
        position: of the move among the others, from 0.
    """

    def __init__(self, key: str, problem: str, position: int) -> None:
        super().__init__(f"Move {position + 1}: {key!r} {problem}.")
        self.key = key
        self.problem = problem
        self.position = position


class World:
    """What moves may need beside an account.

    Attributes:
        catalog, plans: the models, and the plans of logins.
        era: whose models hold, microseconds since the epoch.
        now: the same of this moment.
    """

    __slots__ = ("catalog", "era", "now", "plans")

    def __init__(self, catalog: Catalog, plans: Plans, era: int, now: int) -> None:
        self.catalog = catalog
        self.plans = plans
        self.era = era
        self.now = now


Change = Callable[[Account, World], None]


class Move:
    """One move.

    Attributes:
        before: which call of an account it comes before, from 1.
        advance: microseconds that the clock moves.
        changes: of the account.
        model: that it names, None for none.
    """

    __slots__ = ("advance", "before", "changes", "model")

    def __init__(self, before: int, advance: int, changes: tuple[Change, ...], model: str | None = None) -> None:
        self.before = before
        self.advance = advance
        self.changes = changes
        self.model = model

    def change(self, account: Account, world: World) -> None:
        """Do to the account what is to be done."""
        for each in self.changes:
            each(account, world)


class Moves:
    """The moves of a scenario, and how far each account has come."""

    __slots__ = ("_calls", "_moves")

    def __init__(self, moves: Sequence[Move]) -> None:
        self._moves = tuple(moves)
        self._calls: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._moves)

    def due(self, account: str) -> Iterator[Move]:
        """Count a call of an account, and give the moves that come before it."""
        calls = self._calls
        if account not in calls and len(calls) >= ACCOUNTS_COUNTED:
            return iter(())
        number = calls[account] = calls.get(account, 0) + 1
        return (move for move in self._moves if move.before == number)


def read_moves(tables: object) -> tuple[Move, ...]:
    """Read moves from plain tables.

    Raises:
        MoveError: one cannot be understood.
    """
    if not isinstance(tables, Sequence) or isinstance(tables, str | bytes) or len(tables) > MOVES_KEPT:
        raise MoveError("moves", f"must be a list of at most {MOVES_KEPT} tables", 0)
    return tuple(_read(table, position) for position, table in enumerate(tables))


def read_time(given: object) -> int:
    """Microseconds of a duration such as "61s", "1.5h" or a number of seconds.

    Raises:
        ValueError: it is none, or longer than a hundred years.
    """
    found = _TIME.fullmatch(f"{given}s" if is_whole(given) or isinstance(given, float) else str(given))
    time = None if found is None else round(float(found[1]) * _UNITS[found[2]])
    if isinstance(given, bool) or time is None or time > _LONGEST:
        raise ValueError(f'must be a duration such as "61s", "15m", "24h" or "30d", not {shown(given)}')
    return time


def _read(table: object, position: int) -> Move:
    if not isinstance(table, Mapping):
        raise MoveError("moves", f"must be tables, not {shown(table)}", position)
    for key in table:
        if key not in _KEYS:
            raise MoveError(str(key), f"is not known; a move has {', '.join(_KEYS)}", position)
    before = table.get("before")
    if not is_whole(before) or before < 1:
        raise MoveError("before", f"must be the number of a call from 1 on, not {shown(before)}", position)
    if len(table) < 2:
        raise MoveError("advance", f"is missing: a move does one of {', '.join(_KEYS[1:])}", position)
    advance, changes = 0, []
    for key, given in table.items():
        try:
            if key == "advance":
                advance = read_time(given)
            elif key != "before":
                changes.append(_READERS[key](given))
        except (AccountError, ValueError) as problem:
            text = str(problem).rstrip(".")
            raise MoveError(
                key, text if text.startswith(("must", "is ", "has ")) else f"is wrong: {text}", position
            ) from None
    return Move(before, advance, tuple(changes), table["increase"]["model"] if "increase" in table else None)


def _credit(kind: Any) -> Callable[[Any], Change]:
    def read(given: Any) -> Change:
        pico = read_amount(given)
        return lambda account, world: account.organization.give(pico, kind, world.now, None)

    return read


def _set(given: Any) -> Change:
    facts = _table(given, _SETTABLE)
    account_change(0, **facts)
    return lambda account, world: account_change(world.now, **facts)(account)


def _increase(given: Any) -> Change:
    facts = dict(_table(given, None))
    name = facts.pop("model", None)
    if not isinstance(name, str):
        raise ValueError("must name a model")
    limits = parse_limits(facts)

    def change(account: Account, world: World) -> None:
        account.organization.increase(known_model(world.catalog, name, world.era).limit_group, limits)

    return change


def _plan(given: Any) -> Change:
    change = plan_change(**_table(given, PlanChange.__struct_fields__))

    def apply(account: Account, world: World) -> None:
        world.plans.set_plan(account, change, world.now)

    return apply


def _plan_credits(given: Any) -> Change:
    amount = read_credits("credits", given)

    def apply(account: Account, world: World) -> None:
        world.plans.buy_credits(account, amount, world.now)

    return apply


def _table(given: Any, known: Sequence[str] | None) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not given:
        raise ValueError(f"must be a table, not {shown(given)}")
    for key in given:
        if known is not None and key not in known:
            raise ValueError(f"has no {shown(key)}; there are {', '.join(known)}")
    return given


_READERS: Mapping[str, Callable[[Any], Change]] = {
    "buy": _credit("purchased"),
    "give": _credit("gift"),
    "set": _set,
    "increase": _increase,
    "plan": _plan,
    "buy_plan_credits": _plan_credits,
}
