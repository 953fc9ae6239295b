"""The rules file: a TOML file with a table `[[rules]]` for each; `core.rules` explains the language."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.core.rules import RuleError, Rules
from understudy.toml_lines import line_of


class RulesFileError(ValueError):
    """Rules that cannot be used, in one sentence.

    Attributes:
        path: of the file, None for rules that stand elsewhere.
        line: where, None where that is not known.
        key: what is wrong there, None when it is the file itself.
    """

    def __init__(self, path: Path | None, problem: str, *, line: int | None = None, key: str | None = None) -> None:
        self.path = path
        self.line = line
        self.key = key
        place = [] if path is None else [f"rules file {str(path)!r}"]
        if line is not None:
            place.append(f"line {line}")
        super().__init__(f"{', '.join(place)}: {problem}" if place else problem)


def read_rules_file(path: Path) -> tuple[Mapping[str, Any], ...]:
    """The rules of a file, checked.

    Raises:
        RulesFileError: with the file, the line, the key and one sentence.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RulesFileError(path, "there is no such file") from None
    except OSError as failure:
        raise RulesFileError(path, f"it cannot be read ({failure.strerror})") from None
    except UnicodeDecodeError:
        raise RulesFileError(path, "it is not valid TOML (not UTF-8)") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        raise RulesFileError(path, f"it is not valid TOML: {failure}") from None
    for key in document:
        if key != "rules":
            raise RulesFileError(path, f"it holds {key!r}, but a rules file has only [[rules]]", key=key)
    return check_rules(document.get("rules", ()), path, text)


def check_rules(tables: object, path: Path | None = None, text: str = "") -> tuple[Mapping[str, Any], ...]:
    """The rules themselves, when they can be used.

    Args:
        tables: what was written.
        path: of the file they stand in.
        text: of the file.

    Raises:
        RulesFileError: they cannot.
    """
    if not isinstance(tables, Sequence) or isinstance(tables, str | bytes):
        raise RulesFileError(path, "rules must be an array of tables, [[rules]]", key="rules")
    try:
        Rules(tables)
    except RuleError as problem:
        line = line_of(text, "rules", problem.position, problem.key)
        raise RulesFileError(path, str(problem).rstrip("."), line=line, key=problem.key) from None
    return tuple(tables)
