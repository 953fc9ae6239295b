"""Accounts, and what happened to them before a test begins."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_dollars = st.integers(1, 50_000).map(lambda cents: f"{cents // 100}.{cents % 100:02}")
_events = st.one_of(
    st.tuples(st.just("buy"), _dollars),
    st.tuples(st.just("gift"), _dollars),
    st.tuples(st.just("wait"), st.integers(1, 40 * 86_400)),
)


class AccountLife:
    """One account.

    Attributes:
        key: spells what it starts with.
        tier: it starts on, 1 to 5.
        credits: US dollars it starts with.
        history: pairs: `buy` and `gift` with dollars, `wait` with seconds.
    """

    def __init__(self, number: int, tier: int, credits: str, history: list[tuple[str, Any]]) -> None:
        self.key = f"sk-tier{tier}-credits-{credits}-life{number}"
        self.tier = tier
        self.credits = credits
        self.history = history

    def __repr__(self) -> str:
        """Its key and history."""
        return f"AccountLife({self.key!r}, history={self.history!r})"

    def live(self, server: Any) -> Any:
        """Let all of it happen on a server; returns the account's handle."""
        account = server.account(self.key)
        for event, amount in self.history:
            if event == "wait":
                server.clock.advance(amount)
            elif event == "buy":
                account.buy(amount)
            else:
                account.give(amount)
        return account


def accounts(max_events: int = 4) -> st.SearchStrategy[AccountLife]:
    """Accounts of every paid tier, with purchases, gifts and waiting behind them."""
    return st.builds(
        AccountLife,
        number=st.integers(0, 10**6),
        tier=st.integers(1, 5),
        credits=_dollars,
        history=st.lists(_events, max_size=max_events),
    )
