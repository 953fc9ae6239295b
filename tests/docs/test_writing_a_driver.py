"""`docs/writing-a-driver.md`: its driver is tried and judged, its conversations are held, its tables are the protocol's."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import openai
import pytest
from click.testing import CliRunner

from understudy import MockServer
from understudy_harness.conformance.cli import conform
from understudy_harness.conformance.protocol import ABILITIES, Kind, schemas
from understudy_harness.conformance.shipped.catalogue import DRIVERS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/writing-a-driver.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
(PROGRAM,) = (text for kind, text in BLOCKS if kind == "python")
(COMMANDS,) = (text for kind, text in BLOCKS if kind == "sh")
CONVERSATIONS = [text for kind, text in BLOCKS if kind == "text"]
SHIPPED = [sys.executable, "-m", "understudy_harness.conformance.drivers.openai_python"]

pytestmark = pytest.mark.skipif(
    not hasattr(openai, "APIStatusError"), reason="needs the official SDK from version 1 on"
)


@pytest.fixture
def driver(tmp_path: Path) -> str:
    """The page's driver, as a command."""
    file = tmp_path / "driver.py"
    file.write_text(PROGRAM, encoding="utf-8")
    return shlex.join([sys.executable, str(file)])


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in cells[2:]]


def agrees(shown: Any, said: Any) -> bool:
    """Whether what was said is what the page shows, where `…` stands for any text."""
    if shown == "…":
        return isinstance(said, str) and said != ""
    if isinstance(shown, dict) and isinstance(said, dict):
        return shown.keys() == said.keys() and all(agrees(shown[name], said[name]) for name in shown)
    if isinstance(shown, list) and isinstance(said, list):
        return len(shown) == len(said) and all(map(agrees, shown, said))
    return bool(shown == said)


@pytest.mark.parametrize(("conversation", "command"), [(0, None), (1, SHIPPED)])
def test_a_conversation_goes_as_the_page_shows_it(conversation: int, command: list[str] | None, driver: str) -> None:
    """Line by line, with a real driver and a real server."""
    answer = {"object": "chat.completion.chunk", "id": "c", "created": 1, "model": "m"}

    def event(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        return {"json": {**answer, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}}

    pieces = [event({"content": "Hel"}), event({"content": "lo"}), event({}, "stop"), "[DONE]"]
    refused = {"code": "rate_limit_exceeded", "message": "Slow down."}
    steps: list[dict[str, Any]] = (
        [{"on": 1, "sse": pieces}, {"on": 2, "status": 429, "error": refused}]
        if command is None
        else [{"sse": pieces, "stall": {"after_events": 1}}]
    )
    with MockServer() as server:
        for step in steps:
            server.faults.add(step)
        with subprocess.Popen(
            command or shlex.split(driver), stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for line in CONVERSATIONS[conversation].splitlines():
                side, shown = line[0], json.loads(line[2:])
                if side == ">":
                    if "base_url" in shown:
                        shown["base_url"] = server.base_url
                    process.stdin.write(json.dumps(shown) + "\n")
                    process.stdin.flush()
                else:
                    said = json.loads(process.stdout.readline())
                    assert agrees(shown, said), said
            assert process.wait(timeout=30) == 0


def test_the_commands_of_the_page_run(driver: str) -> None:
    """The driver is ready, and the client behind it is judged."""
    commands = [shlex.split(line)[2:] for line in COMMANDS.splitlines()]
    assert [words[0] for words in commands] == ["smoke", "run"]
    for words in commands:
        place = words.index("python driver.py")
        given = CliRunner().invoke(conform, [*words[:place], driver, *words[place + 1 :]], catch_exceptions=False)
        assert given.exit_code == 0, given.output


def test_the_tables_are_those_of_the_protocol() -> None:
    """Kinds, abilities and events: all of them, and no other."""
    kinds = [row[0].strip("`") for row in rows("What failed")]
    assert sorted(kinds) == sorted(get_args(Kind))
    assert {row[0].strip("`"): row[1] for row in rows("What it can")} == ABILITIES
    told = schemas()["$defs"]["Progress"]["properties"]
    events = {row[0].strip("`") for row in rows("While it runs")}
    assert events == set(re.findall(r"`(\w+)`", told["event"]["description"]))
    fields = {name for row in rows("While it runs") for name in re.findall(r"`(\w+)`", row[2])}
    assert fields == set(told) - {"seq", "event"}


def test_the_drivers_to_copy_from_are_there() -> None:
    """Each program, and the file with the lines."""
    for _, programs, lines in rows("Drivers to copy from"):
        for name in re.findall(r"`([^`]+)`", programs + lines):
            assert (DRIVERS / name).exists(), name
