"""Known failures: what a project has looked at, filed, and does not want its build to break for.

A baseline is a TOML or JSON file with a table for each known failure:

    [[known]]
    client = "openai-python"      # by its own name; any client when left out
    version = "3"                 # it, and all that begin with it and a dot; any when left out
    case = "4.9-bom"
    issue = "https://github.com/openai/openai-python/issues/1"
    why = "a byte order mark hides the first event"    # may be left out
"""

import json
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec


class BaselineError(ValueError):
    """A baseline that cannot be used; the sentence names the file."""


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One known failure.

    Attributes:
        case: its id.
        issue: link to where it is dealt with.
        client: name of the client that fails; empty for any.
        version: of the client, whole or its beginning; empty for any.
        why: for readers.
    """

    case: str
    issue: str
    client: str = ""
    version: str = ""
    why: str = ""

    def is_about(self, client: str, version: str) -> bool:
        """Whether this is a failure of a client."""
        return self.client in ("", client) and (not self.version or f"{version}.".startswith(f"{self.version}."))


class _File(msgspec.Struct, forbid_unknown_fields=True):
    known: list[Known]


class Baseline:
    """Known failures of any number of clients.

    Args:
        known: all of them.
        name: of the file, for what people read.
    """

    def __init__(self, known: Collection[Known] = (), name: str = "") -> None:
        self.known = tuple(known)
        self.name = name

    def find(self, client: str, version: str, case: str) -> Known | None:
        """The entry for a case of a client, None when it is not known to fail."""
        return next((each for each in self.known if each.case == case and each.is_about(client, version)), None)


def read_baseline(file: Path, cases: Collection[str]) -> Baseline:
    """Read a file.

    Args:
        file: TOML, or JSON when its name ends in .json.
        cases: the ids that there are.

    Raises:
        BaselineError: it cannot be used.
    """
    try:
        document = _parsed(file)
        known = msgspec.convert(document, _File).known
    except OSError as problem:
        raise BaselineError(f"{file} cannot be read: {problem.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        kind = "JSON" if _is_json(file) else "TOML"
        raise BaselineError(f"{file} is no {kind}: {problem}") from None
    except msgspec.ValidationError as problem:
        raise BaselineError(f"{file} is no baseline: {problem}") from None
    seen = set()
    for number, each in enumerate(known, start=1):
        place = f"{file}, entry {number} of known"
        if each.case not in cases:
            raise BaselineError(f"{place}: there is no case {each.case!r}; `understudy conform list` shows all ids")
        if not each.issue.startswith(("http://", "https://")):
            raise BaselineError(f"{place}: issue must be a link to where {each.case} is dealt with, not {each.issue!r}")
        if (key := (each.client, each.version, each.case)) in seen:
            raise BaselineError(f"{place}: {each.case} is listed twice for the same client")
        seen.add(key)
    return Baseline(known, file.name)


def _is_json(file: Path) -> bool:
    return file.suffix.lower() == ".json"


def _parsed(file: Path) -> Any:
    content = file.read_bytes().decode()
    return json.loads(content) if _is_json(file) else tomllib.loads(content)
