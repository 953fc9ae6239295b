"""Writes `reference/realtime-states.md`: the machines of a realtime session, drawn from their table.

Run it after the table was changed: `python docs/make_realtime_states.py`. A test tells when the page is old.
"""

from __future__ import annotations

from pathlib import Path

from understudy.core.realtime.transitions import BEGINNINGS, TABLES, Moment, Move, Phase, Refusal, Trigger

PAGE = Path(__file__).parent / "reference" / "realtime-states.md"
_HEAD = """# States of a realtime session

Made by `docs/make_realtime_states.py` from the table of `understudy.core.realtime.transitions`, which the sessions
themselves read. A session is four small machines: what it is for, who speaks into it, the response, and the sound that
is played in a call. A response beside the conversation (`conversation: "none"`) has a machine of its own.

Events of the client are written `as.on.the.wire`, moments that come by themselves in *italics*. Of the events that are
said any may be missing (a text has no sound) and some come often (deltas), but they come in this order.
"""


def _words(trigger: Trigger) -> str:
    return f"*{trigger.value}*" if isinstance(trigger, Moment) else f"`{trigger}`"


def _label(trigger: Trigger) -> str:
    return trigger.value if isinstance(trigger, Moment) else trigger


def _state(phase: Phase) -> str:
    return str(phase.value).replace(" ", "_")


def diagram(name: str) -> list[str]:
    """A machine in the words of Mermaid; what leads from one phase to another by several ways is one arrow."""
    table = TABLES[name]
    lines = ["stateDiagram-v2", *(f"    [*] --> {_state(phase)}" for phase in BEGINNINGS[name])]
    for phase, rows in table.items():
        ways: dict[str, list[str]] = {}
        for trigger, row in rows.items():
            if isinstance(row, Move):
                ways.setdefault(_state(row.to), []).append(_label(trigger))
        lines += [f"    {_state(phase)} --> {to}: {'<br>'.join(labels)}" for to, labels in ways.items()]
        if not rows:
            lines.append(f"    {_state(phase)} --> [*]")
    return lines


def _row(phase: Phase, trigger: Trigger, row: Move | Refusal) -> str:
    start = f"| {phase.value} | {_words(trigger)} |"
    if isinstance(row, Refusal):
        message = row.message.format(event=trigger, response="resp_…")
        return f"{start} {phase.value} | `error` {row.code}: {message} | |"
    said = " ".join(f"`{event}`" for event in row.says)
    return f"{start} {row.to.value} | {said} | {', '.join(_words(moment) for moment in row.then)} |"


def page() -> str:
    """The page's text."""
    lines: list[str] = []
    for name, table in TABLES.items():
        lines += ["", f"## The {name}", "", "```mermaid", *diagram(name), "```", ""]
        lines += ["| when it is | and there comes | it becomes | and says | which may lead to |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        lines += [_row(phase, trigger, row) for phase, rows in table.items() for trigger, row in rows.items()]
    return _HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
