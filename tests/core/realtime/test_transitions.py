"""The table of what may happen in a session, the machines that read it, and the page that is drawn from it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, get_args

import pytest
from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent

from understudy.core.errors import BadRequest
from understudy.core.realtime.transitions import (
    BEGINNINGS,
    CLIENT_EVENTS,
    TABLES,
    InputPhase,
    Machine,
    Moment,
    Move,
    ResponsePhase,
)

DOCS = Path(__file__).parents[3] / "docs"
SCRIPT = DOCS / "make_realtime_states.py"
PAGE = DOCS / "reference" / "realtime-states.md"


def types_of(union: Any) -> set[str]:
    """The types of an SDK's union of events."""
    members = get_args(get_args(union)[0])
    return {kind for member in members for kind in get_args(member.model_fields["type"].annotation)}


ROWS = [
    (name, phase, trigger, row)
    for name, table in TABLES.items()
    for phase in table
    for trigger, row in table[phase].items()
]


def test_the_page_of_states_is_the_tables() -> None:
    """Made anew it is the same."""
    spec = importlib.util.spec_from_file_location("make_realtime_states", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert PAGE.read_text(encoding="utf-8") == module.page()


def test_every_event_of_the_sdk_may_be_sent() -> None:
    """The client events of the table are those of the types, no more and no less."""
    assert set(CLIENT_EVENTS) == types_of(RealtimeClientEvent)


def test_every_event_that_is_said_is_one_of_the_sdks() -> None:
    said = {event for *_, row in ROWS if isinstance(row, Move) for event in row.says}
    assert said <= types_of(RealtimeServerEvent)


def test_every_moment_moves_something_and_is_caused_by_something() -> None:
    """A moment that no row takes, or that a row promises and none takes, would be dead."""
    taken = {trigger for *_, trigger, _ in ROWS if isinstance(trigger, Moment)}
    promised = {moment for *_, row in ROWS if isinstance(row, Move) for moment in row.then}
    assert taken == set(Moment)
    assert promised <= taken


@pytest.mark.parametrize("name", TABLES)
def test_every_phase_can_be_reached_from_the_first(name: str) -> None:
    """Or from one of those in which the machine may begin."""
    table = TABLES[name]
    reached = set(BEGINNINGS[name])
    while more := {row.to for phase in reached for row in table[phase].values() if isinstance(row, Move)} - reached:
        reached |= more
    assert reached == set(table)


def test_a_machine_goes_where_the_table_says() -> None:
    machine = Machine("input", InputPhase.QUIET)
    machine.take(Moment.SPEECH_BEGAN)
    assert machine.phase is InputPhase.SPEAKING
    assert machine.can("input_audio_buffer.commit")
    assert not machine.can(Moment.SPEECH_BEGAN)
    with pytest.raises(KeyError):
        machine.take(Moment.SPEECH_BEGAN)


def test_what_the_table_refuses_moves_nothing() -> None:
    """And the message names what it is about."""
    machine = Machine("response", ResponsePhase.UNDER_WAY)
    with pytest.raises(BadRequest, match="in progress: resp_7") as refused:
        machine.take("response.create", response="resp_7")
    assert refused.value.code == "conversation_already_has_active_response"
    assert machine.phase is ResponsePhase.UNDER_WAY
