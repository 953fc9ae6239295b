from __future__ import annotations

from importlib.resources import files

import pytest

from understudy_data import read, toml

TABLES = [entry.name for entry in files("understudy_data").iterdir() if entry.name.endswith(".toml")]


@pytest.mark.parametrize("name", TABLES)
def test_every_data_file_names_its_source_and_day(name: str) -> None:
    """So that a figure can be looked up, and its age be known."""
    data = toml(name)
    assert len(data["source"]) > 20
    assert data["read"].year >= 2026


def test_a_file_that_does_not_exist_says_so() -> None:
    """By its name."""
    with pytest.raises(FileNotFoundError, match="nothing"):
        read("nothing.toml")
