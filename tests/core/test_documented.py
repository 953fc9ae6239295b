"""What the API has and the server has not is said by name."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from understudy.core.documented import Documented
from understudy_data import toml

if TYPE_CHECKING:
    from tests.conftest import Api

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/v1/assistants", "listAssistants"),
        ("POST", "/v1/threads/thread_1/runs", "createRun"),
        ("GET", "/v1/fine_tuning/jobs/ftjob-1", "retrieveFineTuningJob"),
    ],
)
def test_operations_that_are_missing_are_501_by_their_name(api: Api, method: str, path: str, name: str) -> None:
    """In the ordinary envelope."""
    result = api.send(method, path)
    assert result.status == 501
    error = result.json["error"]
    assert (error["code"], error["message"]) == (
        "not_simulated",
        f"The operation '{name}' is not simulated by Understudy yet.",
    )


def test_what_nobody_has_is_an_unknown_url_or_method(api: Api) -> None:
    """As before."""
    assert api.send("GET", "/v1/nothing").status == 404
    assert api.send("PATCH", "/v1/models").status == 405


def test_the_table_is_read_when_it_is_needed() -> None:
    """And once."""
    reads = []
    documented = Documented(lambda: reads.append(1) or toml("operations.toml"))
    assert reads == []
    assert documented.operation("GET", "/v1/models/gpt-4o") == "retrieveModel"
    assert documented.operation("PUT", "/v1/models/gpt-4o") is None
    assert reads == [1]


def test_the_page_of_endpoints_is_true() -> None:
    """Made anew it is the same."""
    spec = importlib.util.spec_from_file_location("make_endpoints", DOCS / "make_endpoints.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "reference" / "endpoints.md").read_text(encoding="utf-8") == module.page()
