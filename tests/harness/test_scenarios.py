"""Playing scenarios: the client that we bring passes them all, and wrong ones are found."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from understudy import MockServer
from understudy.cli import main
from understudy.scenarios import Scenario, ScenarioError, find_scenario, library
from understudy_harness import scenario_caller, scenario_client
from understudy_harness.expect import expect
from understudy_harness.scenario_check import check_words, failures, play, steps_of
from understudy_harness.scenario_client import ScenarioClient


@pytest.mark.parametrize("name", sorted(library()))
def test_a_sound_client_passes(name: str) -> None:
    """Each ready scenario, on real sockets and a virtual clock."""
    failed, story = play(find_scenario(name))
    assert not failed, f"{failed[0].sentence}\n{story}"


def run_wrong(name: str, monkeypatch: pytest.MonkeyPatch, **wrong: Any) -> list[str]:
    """The sentences that a client fails with that does something wrong."""
    for attribute, value in wrong.items():
        monkeypatch.setattr(scenario_client, attribute, value)
    return [failed.sentence for failed in play(find_scenario(name))[0]]


def test_a_client_that_ignores_what_it_is_told_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes back too early, and is refused again."""

    def told(answer: http.client.HTTPResponse) -> float:
        return 0.01

    [first, *_] = run_wrong("tier1-burst", monkeypatch, _told=told)
    assert "as told, but it was 0.010 s" in first


def test_a_client_that_retries_without_credits_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting cannot bring credit back."""
    [first, *_] = run_wrong("credits-gone-mid-stream", monkeypatch, FINAL=frozenset())
    assert first == "Of all calls, expected no call after insufficient_quota, but there were 3."


def test_a_client_that_never_retries_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 503 is worth another try."""
    [first, *_] = run_wrong("overloaded", monkeypatch, RETRYABLE=())
    assert "expected 3 retries, but there were 0" in first


def test_a_client_that_hammers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any back-off."""
    [first, *_] = run_wrong("overloaded", monkeypatch, FIRST_BACKOFF=0.0)
    assert "expected waits of at least 0.3 s, but wait 1 was 0.000 s" in first


def test_a_client_that_takes_half_a_stream_for_a_whole_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not ask again."""
    monkeypatch.setattr(http.client.HTTPResponse, "read", _forgiving_read)
    real = ScenarioClient._try

    def content_with_it(self: ScenarioClient, step: Any, body: bytes) -> Any:
        answered = real(self, step, body)
        answered.status = answered.status or 200
        return answered

    monkeypatch.setattr(ScenarioClient, "_try", content_with_it)
    failed, _ = play(find_scenario("flaky-network"))
    assert failed


_read = http.client.HTTPResponse.read


def _forgiving_read(self: http.client.HTTPResponse, amount: int | None = None) -> bytes:
    try:
        return _read(self, amount)
    except http.client.IncompleteRead as cut:
        return cut.partial


def test_steps_and_words_that_cannot_be_used_are_refused() -> None:
    """With the scenario, the place and one sentence."""
    for table, sentence in (
        ({"client": [{"op": "sing"}]}, "client step 1: 'op' must be one of chat, responses"),
        ({"client": [{"times": 0}]}, "client step 1: 'times' must be a whole number from 1 to 100000, not 0"),
        ({"client": [{"colour": 1}]}, "client step 1: 'colour' is not known; a step has op, model"),
    ):
        with pytest.raises(ScenarioError, match=sentence):
            steps_of(Scenario(table))
    for table, sentence in (
        ({"expect": [{"retryed": 2}]}, "expect 1: 'retryed' is not known; there are to, of_model"),
        ({"expect": [{"retried": "two"}]}, "expect 1: 'retried' cannot be 'two'; its times is int"),
        ({"client_expect": [{"retried": True}]}, "client_expect 1: 'retried' needs a value: its times"),
        ({"expect": [{"waited_as_told": 3}]}, "expect 1: 'waited_as_told' can only be true, not 3"),
    ):
        with pytest.raises(ScenarioError, match=sentence):
            check_words(Scenario(table))


def test_what_holds_for_any_client_is_told_apart(tmp_path: Path) -> None:
    """What the client that we bring must do, beside that, is asked of it alone."""
    scenario = Scenario({"expect": [{"called": 1}], "client_expect": [{"called": 2}]})
    with MockServer(scenario=scenario) as server:
        ScenarioClient(server).play(steps_of(Scenario({"client": [{}]})))
        expect(server.journal).called(1)
        assert not failures(scenario, server.journal, of_client=False)
        assert len(failures(scenario, server.journal, of_client=True)) == 1


def test_the_command_lists_shows_and_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit codes: 0 when all is as it must be, 2 for what cannot be used."""
    assert main(["scenarios", "list"]) == 0
    assert "tier1-burst" in capsys.readouterr().out
    assert main(["scenarios", "show", "overloaded"]) == 0
    assert "[[expect]]" in capsys.readouterr().out
    assert main(["scenarios", "run", "overloaded"]) == 0
    assert capsys.readouterr().out.startswith("ok      overloaded: The engine is overloaded for a while")
    assert main(["scenarios", "run", "nothing"]) == 2
    assert "there is none of that name" in capsys.readouterr().err
    assert main(["scenarios", "run"]) == 2


def test_a_failure_prints_its_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And ends with 1."""
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\n[[client]]\n[[expect]]\ncalled = 3\n', encoding="utf-8")
    assert main(["scenarios", "run", str(file)]) == 1
    said = capsys.readouterr().out
    assert "Of all calls, expected 3 calls, but there were 1." in said
    assert "POST /v1/chat/completions" in said


def test_a_program_of_ones_own_plays_the_part(tmp_path: Path) -> None:
    """It finds the server by the usual variables; only what holds for any client is asked of it."""
    program = tmp_path / "app.py"
    program.write_text(
        "import openai\n"
        "client = openai.OpenAI(max_retries=5)\n"
        "client.chat.completions.create(model='gpt-4o', messages=[{'role': 'user', 'content': 'Hi'}])\n",
        encoding="utf-8",
    )
    story = tmp_path / "story.toml"
    story.write_text(
        "[[rules]]\nanswers = [{ error = { status = 503, retry_after = 0.01 } }, { as_usual = true }]\n"
        "[[expect]]\nretried = 1\nand_then_succeeded = true\n[[client_expect]]\ncalled = 99\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "understudy", "scenarios", "run", str(story), "--", sys.executable, str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("ok ")


def test_a_caller_who_plays_on_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not heard stays in the conversation."""
    pytest.importorskip("espeakng_loader")
    monkeypatch.setattr(scenario_caller.Caller, "_truncate", lambda self, response, heard_ms: None)
    failed, _ = play(find_scenario("caller-interrupts"))
    assert [each.sentence for each in failed] == [
        "Of calls to /v1/realtime, expected 1 answers to be truncated after their interruption, but call 1 truncated 0."
    ]


def test_a_caller_who_never_dials_again_is_found() -> None:
    """The third turn is lost."""
    scenario = find_scenario("session-expiry")
    table = {"client": [{**scenario.client[0], "retries": 0}]}
    patient = Scenario({**table, "client_expect": [{"to": "/v1/realtime", "answered_turns": 3}]})
    failed, _ = play(patient)
    assert [each.sentence for each in failed] == ["Of calls to /v1/realtime, expected 3 responses, but there were 2."]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([{"op": "realtime"}, {"op": "chat"}], "client step 2: 'op' cannot stand beside realtime"),
        ([{"op": "chat", "aloud": True}], "'aloud' is about realtime sessions"),
        ([{"op": "realtime", "interrupt_after": 3}], "'interrupt_after' needs 'aloud'"),
        ([{"op": "realtime", "aloud": "yes"}], "'aloud' must be true or false"),
    ],
)
def test_a_caller_that_cannot_be_played_is_refused(steps: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        steps_of(Scenario({"client": steps}))
