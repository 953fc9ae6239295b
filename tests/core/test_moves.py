"""Moves: what happens before a certain call of an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from understudy.core.clock import DAY, SECOND
from understudy.core.moves import ACCOUNTS_COUNTED, MoveError, Moves, read_moves, read_time
from understudy.core.pricing import DOLLAR

if TYPE_CHECKING:
    from tests.conftest import Api


def test_each_account_has_its_own_count(api: Api) -> None:
    """What happens to one leaves the others alone."""
    api.simulator.moves = Moves(read_moves([{"before": 2, "set": {"credits": "0"}}]))
    assert [api.chat(key="sk-one-0123456789").status for _ in range(3)] == [200, 429, 429]
    assert api.chat(key="sk-two-0123456789").status == 200


def test_the_clock_moves_before_the_call_arrives(api: Api) -> None:
    """The journal has the call at its later moment; buckets have refilled."""
    api.simulator.moves = Moves(read_moves([{"before": 2, "advance": "90s"}]))
    api.chat()
    remaining = api.chat().headers["x-ratelimit-remaining-requests"]
    first, second = api.simulator.journal
    assert second.at - first.at == 90 * SECOND
    assert remaining == "499"


@pytest.mark.parametrize(
    ("move", "check"),
    [
        ({"buy": "5"}, lambda account: account.organization.ledger.balance > 14 * DOLLAR),
        ({"give": "1"}, lambda account: 10 * DOLLAR < account.organization.ledger.balance < 12 * DOLLAR),
        ({"set": {"tier": 4}}, lambda account: account.organization.tier == 4),
        ({"increase": {"model": "gpt-4o", "rpm": 9000}}, lambda account: bool(account.organization.increases)),
    ],
)
def test_what_can_happen_to_an_account(api: Api, move: dict[str, Any], check: Callable[[Any], bool]) -> None:
    """Credits, a tier, an increase."""
    assert not check(api.simulator.account("sk-test-0123456789"))
    api.simulator.moves = Moves(read_moves([{"before": 1, **move}]))
    assert api.chat().status == 200
    assert check(api.simulator.account("sk-test-0123456789"))


def test_a_plan_is_used_up_and_credits_are_bought(api: Api) -> None:
    """Of a login's plan."""
    table = [{"before": 1, "plan": {"primary_used_percent": 100}, "buy_plan_credits": 25}]
    api.simulator.moves = Moves(read_moves(table))
    api.chat()
    account = api.simulator.account("sk-test-0123456789")
    view = api.simulator.plans.view(account, api.clock.now())
    assert view.allowed


@pytest.mark.parametrize(
    ("move", "sentence"),
    [
        ({"before": 0, "advance": "1s"}, "Move 1: 'before' must be the number of a call from 1 on, not 0."),
        ({"before": 1}, "'advance' is missing: a move does one of advance, buy"),
        ({"before": 1, "advance": "soon"}, "'advance' must be a duration such as \"61s\""),
        ({"before": 1, "sell": "5"}, "'sell' is not known; a move has before, advance, buy"),
        ({"before": 1, "set": {"teir": 2}}, "'set' has no 'teir'; there are tier, credits"),
        ({"before": 1, "set": {"tier": 9}}, "'set' is wrong: "),
        ({"before": 1, "increase": {"rpm": 5}}, "'increase' must name a model"),
        ({"before": 1, "buy": "much"}, "'buy' is wrong: "),
        ("later", "'moves' must be tables, not 'later'"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_sentence(move: Any, sentence: str) -> None:
    """With the move and the key."""
    with pytest.raises(MoveError) as refused:
        read_moves([move])
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("given", "time"), [("61s", 61 * SECOND), (2, 2 * SECOND), ("1.5s", 1_500_000), ("24h", DAY), ("20ms", 20_000)]
)
def test_durations_have_a_unit_or_are_seconds(given: object, time: int) -> None:
    """Microseconds."""
    assert read_time(given) == time


@pytest.mark.parametrize("given", ["", "1", "-1s", "1y", True, None, "999999999d"])
def test_what_is_no_duration_is_refused(given: object) -> None:
    """And nothing longer than a hundred years."""
    with pytest.raises(ValueError, match="must be a duration"):
        read_time(given)


def test_the_count_of_accounts_is_bounded() -> None:
    """Whoever comes later is left alone."""
    moves = Moves(read_moves([{"before": 1, "advance": "1s"}]))
    assert all(len(list(moves.due(str(number)))) == 1 for number in range(ACCOUNTS_COUNTED))
    assert not list(moves.due("one more"))
