"""Hypothesis tests that use our fixtures: each example starts clean, so sharing a fixture is no mistake."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

import pytest


def start_examples_clean(item: pytest.Item, ours: frozenset[str], server_of: Callable[[pytest.Item], Any]) -> None:
    """Let a test's examples begin with a server that nothing has happened to; other tests stay as they are.

    Hypothesis's check for fixtures that examples share is lifted where all fixtures that could be meant are ours.

    Args:
        item: a collected test.
        ours: names of our fixtures.
        server_of: the server of a test that runs.
    """
    test: Any = getattr(item, "obj", None)
    handle = getattr(test, "hypothesis", None)
    if handle is None or not getattr(test, "is_hypothesis_test", False):
        return
    inner = handle.inner_test
    if getattr(inner, "_understudy_starts_clean", False):
        return

    @wraps(inner)
    def clean(*arguments: Any, **named: Any) -> Any:
        from understudy_harness.marking import apply_marker

        server = server_of(item)
        if server is not None:
            server.reset()
            apply_marker(server, item)
        return inner(*arguments, **named)

    clean._understudy_starts_clean = True  # type: ignore[attr-defined] # a mark of ours
    function = getattr(test, "__func__", test)
    function.hypothesis.inner_test = clean
    requested = [name for name in signature(function).parameters if name not in ("self", "cls")]
    if all(name in ours for name in requested):
        from hypothesis import HealthCheck, settings

        before = function._hypothesis_internal_use_settings
        lifted = {*before.suppress_health_check, HealthCheck.function_scoped_fixture}
        function._hypothesis_internal_use_settings = settings(before, suppress_health_check=list(lifted))
