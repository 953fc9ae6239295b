"""A failed Hypothesis test leaves a scenario file that replays its last example without Hypothesis."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.projects import without_plugins

from understudy import MockServer, cli
from understudy.scenarios import Scenario
from understudy_harness.replays import FOLDER, _lines, scenario_text

VALUES = st.recursive(
    st.text() | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=6,
)


@given(table=st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), VALUES, max_size=4))
def test_every_table_is_read_back(table: dict[str, Any]) -> None:
    """Whatever characters it has; halves of surrogate pairs have no spelling."""
    plain = json.loads(json.dumps(table).encode("utf-8", "replace"))
    read = tomllib.loads(_lines(table))
    assert json.dumps(read, sort_keys=True) == json.dumps(without_surrogates(plain), sort_keys=True)


def without_surrogates(value: Any) -> Any:
    """The same, as UTF-8 can have it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [without_surrogates(each) for each in value]
    if isinstance(value, dict):
        return {without_surrogates(name): without_surrogates(each) for name, each in value.items()}
    return value


def test_a_failed_test_writes_a_scenario_that_replays(pytester: pytest.Pytester, capsys: Any) -> None:
    """With the marker's account, the faults, the rules and the calls."""
    pytester.makepyfile(
        """
        import pytest
        from hypothesis import given, settings
        from hypothesis import strategies as st

        @pytest.mark.understudy(tier=1, credits="5.00")
        @given(count=st.integers(1, 3))
        @settings(max_examples=10, deadline=None, database=None)
        def test_fails(count, mockserver, openai_client):
            mockserver.rules.when(last_message="Say").reply("Never this")
            mockserver.faults.add({"on": 9, "status": 503})
            for number in range(count):
                answer = openai_client.with_options(max_retries=0).chat.completions.create(
                    model="gpt-4o", messages=[{"role": "user", "content": f"Say {number}"}]
                )
            assert answer.choices[0].message.content != "Never this"
        """
    )
    result = pytester.runpytest_subprocess(*without_plugins("hypothesispytest"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Understudy: to replay it*", "understudy scenarios run *test_fails.toml"])
    (file,) = (pytester.path / FOLDER).iterdir()
    scenario = Scenario.read(file)
    assert [json.loads(step["json"])["messages"][0]["content"] for step in scenario.client] == ["Say 0"]
    assert scenario.table["account"] == {"tier": 1, "credits": "5.00"}
    assert cli.main(["scenarios", "run", str(file)]) == 0


def test_a_life_that_ended_is_written(pytester: pytest.Pytester) -> None:
    """The smallest one."""
    pytester.makepyfile(
        """
        import openai
        from hypothesis import Phase, settings
        from understudy_harness.strategies import CreditLife

        TestLife = CreditLife.TestCase
        TestLife.settings = settings(
            max_examples=200, stateful_step_count=8, derandomize=True,
            deadline=None, database=None, phases=[Phase.generate],
        )
        """
    )
    pytester.runpytest_subprocess(*without_plugins("hypothesispytest")).assert_outcomes(failed=1)
    (file,) = (pytester.path / FOLDER).iterdir()
    calls = Scenario.read(file).client
    assert len(calls) >= 2
    assert cli.main(["scenarios", "run", str(file)]) == 0


def test_what_has_no_body_of_its_own_is_left_out(tmp_path: Path) -> None:
    """A list, a form, a body that was not kept whole."""
    import httpx

    import understudy

    server = MockServer()
    with httpx.Client(transport=understudy.httpx_transport(server)) as client:
        head = {"authorization": "Bearer sk-any"}
        client.get("http://understudy/v1/models", headers=head)
        client.post("http://understudy/v1/chat/completions", content=b"no json", headers=head)
        client.post("http://understudy/v1/chat/completions", json={"model": "gpt-4o"}, headers=head)
    file = tmp_path / "replay.toml"
    file.write_text(scenario_text(server, "Odd \x7f title", {}), encoding="utf-8")
    scenario = Scenario.read(file)
    assert (scenario.title, len(scenario.client)) == ("Odd \x7f title", 1)
