from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from understudy import MockServer
from understudy_data import read, toml

FILES = [entry.name for entry in files("understudy_data").iterdir() if entry.name.endswith(".toml")]
TABLES = [name for name in FILES if not name.startswith("conformance_")]
"""Those of figures: each case of the conformance suite names its own sources."""


@pytest.mark.parametrize("name", TABLES)
def test_every_data_file_names_its_source_and_day(name: str) -> None:
    """So that a figure can be looked up, and its age be known."""
    data = toml(name)
    assert len(data["source"]) > 20
    assert data["read"].year >= 2026


def test_a_file_is_parsed_once_and_no_server_changes_it() -> None:
    """Servers share what was parsed: the second is made without it, and both leave it as it stands in the file."""
    first = toml("models.toml")
    with MockServer(scenario="overloaded") as server:
        server.accounts["sk-tier1-data"].increase_limits("gpt-4o", rpm=700)
        server.faults.add({"on": 1, "status": 503})
    assert toml("models.toml") is first
    for name in FILES:
        assert toml(name) == tomllib.loads(read(name).decode()), name


def test_a_file_that_does_not_exist_says_so() -> None:
    """By its name."""
    with pytest.raises(FileNotFoundError, match="nothing"):
        read("nothing.toml")
