"""The core stays pure: what import rules cannot see is looked for in its source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import understudy.core

CORE = Path(understudy.core.__path__[0])
MODULES = sorted(CORE.rglob("*.py"))
FORBIDDEN = {
    "asyncio", "time", "datetime.now", "socket", "threading", "os", "io", "pathlib", "subprocess", "secrets", "uuid",
    "fastapi", "starlette", "uvicorn", "websockets", "logging", "importlib",
}  # fmt: skip
CLOCK_READERS = {"now", "utcnow", "today", "fromtimestamp", "monotonic", "perf_counter"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_neither_reads_clocks_nor_does_input_or_output(module: Path) -> None:
    """No forbidden import, no global random function, no open(), no date that asks the wall clock."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
            assert not FORBIDDEN.intersection(names), names
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.module.partition(".")[0] not in FORBIDDEN, node.module
            if node.module == "random":
                assert {alias.name for alias in node.names} <= {"Random"}
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                assert node.func.id not in ("open", "print", "input")
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                owner, name = node.func.value.id, node.func.attr
                assert owner != "random" or name == "Random"
                assert not (owner in ("datetime", "date") and name in CLOCK_READERS)


def test_there_is_a_core_to_look_at() -> None:
    """The check has something to check."""
    assert len(MODULES) > 30
