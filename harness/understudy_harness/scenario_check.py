"""Running a scenario: a server that plays it, a client, and what must come of it.

    [[expect]]
    to = "/v1/chat/completions"
    waited_as_told = true
    and_then_succeeded = true

Each table is one sentence of `understudy_harness.expect`: its words in their order, each with its argument, or true.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from understudy import MockServer
from understudy.core.wording import shown
from understudy.scenarios import Scenario, ScenarioError
from understudy.server_handle import JournalHandle
from understudy.toml_lines import line_of
from understudy_harness.expect import Expectation, ExpectationFailed, expect
from understudy_harness.scenario_client import ClientStepError, ScenarioClient, Step

WORDS = {
    name: method
    for name, method in vars(Expectation).items()
    if inspect.isfunction(method) and not name.startswith("_")
}
"""What an expectation's table may say."""


def steps_of(scenario: Scenario) -> list[Step]:
    """What the client does.

    Raises:
        ScenarioError: a step cannot be played.
    """
    try:
        steps = [Step(table, position) for position, table in enumerate(scenario.client)]
        calls = [step.op == "realtime" for step in steps]
        if any(calls) and not all(calls):
            raise ClientStepError(calls.index(False), "op", "cannot stand beside realtime: a caller moves the clock")
        return steps
    except ClientStepError as wrong:
        line = line_of(scenario.text, "client", wrong.position, wrong.key)
        raise ScenarioError(scenario.name, str(wrong), key=wrong.key, line=line) from None


def check_words(scenario: Scenario) -> None:
    """Refuse expectations that say nothing that can be checked.

    Raises:
        ScenarioError: a word is not known, or has the wrong argument.
    """
    for part, tables in (("expect", scenario.expect), ("client_expect", scenario.client_expect)):
        for position, table in enumerate(tables):
            for word, given in table.items():
                problem = _problem(word, given)
                if problem is not None:
                    line = line_of(scenario.text, part, position, word)
                    raise ScenarioError(
                        scenario.name, f"{part} {position + 1}: {word!r} {problem}", key=word, line=line
                    )


def failures(scenario: Scenario, journal: JournalHandle, *, of_client: bool) -> list[ExpectationFailed]:
    """What is not as it must be.

    Args:
        scenario: with its expectations.
        journal: what happened.
        of_client: whether it was the client that we bring.
    """
    tables = [*scenario.expect, *(scenario.client_expect if of_client else ())]
    return list(_failed(tables, journal))


def play(scenario: Scenario) -> tuple[list[ExpectationFailed], str]:
    """Play a scenario with the client that we bring.

    Returns:
        What failed, and the story of all calls.
    """
    from understudy_harness.expect import story

    check_words(scenario)
    steps = steps_of(scenario)
    # A caller moves the clock itself, so that what it says meets an answer that is under way.
    speaks = any(step.op == "realtime" for step in steps)
    with MockServer(clock="virtual" if speaks else "autojump", scenario=scenario) as server:
        ScenarioClient(server).play(steps)
        found = failures(scenario, server.journal, of_client=True)
        return found, story(tuple(server.journal))


def _failed(tables: Sequence[Mapping[str, Any]], journal: JournalHandle) -> Iterable[ExpectationFailed]:
    for table in tables:
        sentence = expect(journal)
        try:
            for word, given in table.items():
                sentence = WORDS[word](sentence, *(() if given is True else (given,)))
        except ExpectationFailed as failed:
            yield failed


def _problem(word: str, given: object) -> str | None:
    method = WORDS.get(word)
    if method is None:
        return f"is not known; there are {', '.join(WORDS)}"
    parameters = list(inspect.signature(method).parameters.values())[1:]
    if given is True:
        needed = [each for each in parameters if each.default is inspect.Parameter.empty]
        return f"needs a value: its {needed[0].name}" if needed else None
    if not parameters:
        return f"can only be true, not {shown(given)}"
    wanted = str(parameters[0].annotation)
    fits = (
        ("str" in wanted and isinstance(given, str))
        or ("int" in wanted and isinstance(given, int) and not isinstance(given, bool))
        or ("float" in wanted and isinstance(given, int | float) and not isinstance(given, bool))
    )
    return None if fits else f"cannot be {shown(given)}; its {parameters[0].name} is {wanted}"
