"""What `@pytest.mark.understudy(...)` says, carried out on a server."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pytest

from understudy.core.fault_steps import FaultError
from understudy.core.rules import RuleError
from understudy.scenarios import Scenario, ScenarioError

if TYPE_CHECKING:
    from understudy import MockServer

_ACCOUNT = ("tier", "credits", "plan", "usage_limit", "spend_limit", "auto_recharge", "limits")
_OTHERS = ("scenario", "faults", "rules", "latency", "seed")


def apply_marker(server: MockServer, node: Any) -> None:
    """Set a server up as the markers of a test say; of several the closest to the test has the last word.

    Raises:
        pytest.UsageError: a marker says something that cannot be used.
    """
    facts: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("understudy"))):
        if marker.args:
            raise pytest.UsageError(
                f"@pytest.mark.understudy takes keywords only, such as tier=1, not {marker.args[0]!r}."
            )
        facts |= marker.kwargs
    if not facts:
        return
    known = (*_ACCOUNT, *_OTHERS)
    for name in facts:
        if name not in known:
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
            raise pytest.UsageError(f"@pytest.mark.understudy has no {name!r}; {hint}")
    try:
        _apply(server, facts)
    except (ScenarioError, FaultError, RuleError, ValueError, RuntimeError) as wrong:
        raise pytest.UsageError(f"@pytest.mark.understudy: {wrong}") from None


def account_of(node: Any) -> dict[str, Any]:
    """What the markers of a test say of its account."""
    facts: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("understudy"))):
        facts |= marker.kwargs
    return {name: facts[name] for name in _ACCOUNT if facts.get(name) is not None}


def _apply(server: Any, facts: dict[str, Any]) -> None:
    if server.simulator is None:
        _apply_elsewhere(server, facts)
        return
    seed = facts.get("seed")
    if seed is not None:
        if not isinstance(seed, int) or isinstance(seed, bool) or not -(2**63) <= seed < 2**63:
            raise ValueError(f"seed must be a whole number of at most 64 bits, not {seed!r}")
        server.simulator.use_seed(seed)
    if facts.get("scenario") is not None:
        server.play(facts["scenario"])
    table: dict[str, Any] = {"account": {name: facts[name] for name in _ACCOUNT if facts.get(name) is not None}}
    if facts.get("latency") is not None:
        table["server"] = {"latency": facts["latency"]}
    if table["account"] or "server" in table:
        Scenario(table, "marker").apply(server.simulator)
    server.faults.add(*_listed(facts.get("faults")))
    server.rules.add(*_listed(facts.get("rules")))


def _apply_elsewhere(server: Any, facts: dict[str, Any]) -> None:
    """As far as the control API can say it: of the test's own account alone."""
    for name in ("scenario", "latency", "seed", "limits"):
        if facts.get(name) is not None:
            raise ValueError(f"{name} cannot be set of a server elsewhere (--understudy-url): start it with --{name}")
    account = {name: facts[name] for name in _ACCOUNT if facts.get(name) is not None}
    if account:
        server.account.set(**account)
    server.faults.add(*_listed(facts.get("faults")))
    server.rules.add(*_listed(facts.get("rules")))


def _listed(given: Any) -> Sequence[Any]:
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else (given,)
