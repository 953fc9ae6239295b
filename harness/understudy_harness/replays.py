"""What happened to a server as a scenario file, which replays without the test and without Hypothesis."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy import MockServer

FOLDER = Path(".hypothesis") / "understudy"
"""Below the folder of the test run."""
_MOST = 200
"""Calls that a file has; the last ones."""
_COUNTED = ("seen", "answered")
"""What a rule tells beside what was written."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def scenario_text(server: MockServer, title: str, account: Mapping[str, Any]) -> str:
    """The file's text: the account, rules and faults of the server, and its calls in their order.

    Args:
        server: in this process.
        title: of the scenario.
        account: what its account starts with, as in the marker.
    """
    parts = [
        "# Written by Understudy from a failed test: the calls of its last example.\n",
        f"title = {_toml(title)}\n",
        f'about = "Replays {len(server.journal)} calls: understudy scenarios run THIS_FILE"\n',
    ]
    if account:
        parts.append("\n[account]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in account.items()))
    for rule in server.rules:
        spelled = {name: value for name, value in rule.table.items() if name not in _COUNTED}
        parts.append("\n[[rules]]\n" + _lines(spelled))
    for script in server.faults:
        for step in script.tables:
            parts.append("\n[[faults]]\n" + _lines(step))
    before = None
    for entry in list(server.journal)[-_MOST:]:
        if entry.method != "POST" or entry.body is None or len(entry.body) != entry.body_size:
            continue
        try:
            body = json.dumps(json.loads(entry.body), ensure_ascii=False)
        except ValueError:
            continue
        gap = 0 if before is None else (entry.at - before) / 1_000_000
        before = entry.at
        step = {"path": entry.path, "json": body, "retries": 0}
        if gap >= 0.001:
            step["gap"] = f"{gap:.3f}s"
        parts.append("\n[[client]]\n" + _lines(step))
    return "".join(parts)


def write_scenario(folder: Path, name: str, text: str) -> Path:
    """Write a file that is called after a test; returns its path."""
    path = folder / FOLDER / f"{_UNSAFE.sub('-', name).strip('-')[-120:]}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(name)} = {_toml(value)}\n" for name, value in table.items() if value is not None)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: Any) -> str:
    """A value on one line; null has no spelling and is left out by those who call this."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(name))} = {_toml(each)}" for name, each in value.items() if each is not None)
        return "{ " + inner + " }" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value if each is not None) + "]"
    # JSON's spelling is TOML's, but for one character that TOML wants escaped; surrogates have none in either.
    text = str(value).encode("utf-8", "replace").decode()
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
