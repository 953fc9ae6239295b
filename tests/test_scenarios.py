"""Scenarios: stories in TOML and Python, played by any server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

from understudy import MockServer, SettingError
from understudy.config import load_settings
from understudy.scenarios import Scenario, ScenarioError, find_scenario, library

STORY = """
title = "A short story"
about = "Two calls."

[account]
tier = 2
credits = "3.00"
limits."gpt-4o" = { rpm = 7777 }

[server]
quota-codes = "2026"

[[rules]]
when = { last_message = "hello" }
reply = "Hello."

[[faults]]
on = 1
status = 503

[[moves]]
before = 3
set = { credits = "0" }
"""


def write(folder: Path, text: str = STORY) -> Path:
    file = folder / "story.toml"
    file.write_text(text, encoding="utf-8")
    return file


def tell(server: MockServer) -> list[Any]:
    """What three calls of a new key come to."""
    told: list[Any] = []
    with openai.OpenAI(base_url=server.base_url, api_key="sk-new-0123456789", max_retries=0) as client:
        for _ in range(3):
            try:
                answer = client.chat.completions.with_raw_response.create(
                    model="gpt-4o", messages=[{"role": "user", "content": "hello"}]
                )
                told += [answer.parse().choices[0].message.content, answer.headers["x-ratelimit-limit-requests"]]
            except openai.APIStatusError as refused:
                told.append(refused.code or refused.status_code)
    return told


EXPECTED = [503, "Hello.", "7777", "credit_balance_exhausted"]


def test_a_server_plays_a_story_from_its_start_and_after_each_reset(tmp_path: Path) -> None:
    """Account, rules, faults, moves and settings."""
    with MockServer(scenario=str(write(tmp_path))) as server:
        assert tell(server) == EXPECTED
        server.reset()
        assert tell(server) == EXPECTED
        assert server.accounts["sk-new-0123456789"].tier == "tier2"


def test_a_story_can_begin_while_the_server_runs() -> None:
    """In Python it is the same table; a reset ends it."""
    story = {
        "account": {"tier": 2, "credits": "3.00", "limits": {"gpt-4o": {"rpm": 7777}}},
        "server": {"quota-codes": "2026"},
        "rules": [{"when": {"last_message": "hello"}, "reply": "Hello."}],
        "faults": [{"on": 1, "status": 503}],
        "moves": [{"before": 3, "set": {"credits": "0"}}],
    }
    with MockServer() as server:
        server.play(Scenario(story))
        assert tell(server) == EXPECTED
        server.reset()
        answers = tell(server)
        assert len(answers) == 6
        assert "Hello." not in answers[:1] or answers[1] == "10000"
        assert server.accounts["sk-new-0123456789"].tier == "tier5"


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ('reply = "Hello."', "reply = 5", 15, "Rule 1: 'reply' must be a text, not 5"),
        ("status = 503", "status = 99", 19, "fault 1: "),
        ('set = { credits = "0" }', "sett = 1", 23, "Move 1: 'sett' is not known"),
        ("tier = 2", "tier = 9", None, "'account': tier cannot be"),
        ('quota-codes = "2026"', 'quota-codes = "2027"', None, "'server.quota-codes' cannot be '2027'"),
        ("[[moves]]", "[[movves]]", None, "'movves' is no part of a scenario"),
        ("[[moves]]", "[moves", None, "it is not valid TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, line: int | None, sentence: str
) -> None:
    """File, line where it is known, key, and one sentence; a wrong setting says the same."""
    file = write(tmp_path, STORY.replace(old, new))
    with pytest.raises(ScenarioError) as refused:
        find_scenario(file)
    place = f"scenario {str(file)!r}" + (f", line {line}: " if line else ": ")
    assert str(refused.value).startswith(place)
    assert sentence in str(refused.value)
    with pytest.raises(SettingError) as stopped:
        load_settings({"scenario": str(file)})
    assert str(refused.value) in str(stopped.value)


def test_an_unknown_name_lists_those_there_are() -> None:
    """And how a file is named."""
    with pytest.raises(
        SettingError,
        match=r"there is none of that name; there are caller-interrupts, codex-flexible-credits, credits-gone",
    ):
        load_settings({"scenario": "tier1-brust"})
    with pytest.raises(SettingError, match="there is no such file"):
        load_settings({"scenario": "missing.toml"})
    with pytest.raises(SettingError, match=r"ending in \.toml"):
        load_settings({"scenario": 5})


def test_a_limit_of_a_model_that_there_is_not_is_refused() -> None:
    """When the story begins."""
    for table in (
        {"account": {"limits": {"gpt-nope": {"rpm": 5}}}},
        {"moves": [{"before": 9, "increase": {"model": "gpt-nope", "rpm": 5}}]},
    ):
        with pytest.raises(ScenarioError, match="gpt-nope"), MockServer(scenario=Scenario(table)):
            raise AssertionError("it must not start")


def test_every_ready_story_has_its_words_and_expectations() -> None:
    """A title, what it is about, a part for the client, and what must come of it."""
    ready = library()
    assert len(ready) >= 12
    for name, scenario in ready.items():
        assert scenario.name == name
        assert len(scenario.title) > 10
        assert len(scenario.about) > 100
        assert scenario.client
        assert scenario.expect or scenario.client_expect
        assert scenario.text.startswith("# ")


def test_the_page_lists_the_ready_stories() -> None:
    """Row by row."""
    page = (Path(__file__).parent.parent / "docs/reference/scenarios.md").read_text(encoding="utf-8")
    for name, scenario in library().items():
        assert f"| `{name}` | {scenario.title} |" in page
