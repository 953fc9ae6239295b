"""The keys file: the only keys a strict server accepts, and what the account of each starts with.

    [keys."sk-team-a"]
    tier = 2
    credits = "50.00"
    organization = "acme"     # keys of one organization share its usage tier, credits and limits
    project = "search"        # keys of one project share the organization too

    [keys."sk-intern"]        # everything may be left out: the server's own tier and credits hold

The tier and the credits are the organization's: they may stand at any of its keys, but not twice with different values.
Keys are secrets; messages show them masked. The format is our choice.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from understudy import setting_values
from understudy.core.accounts import AccountTerms
from understudy.core.errors import mask_key

_KEY = re.compile(r"[\x21-\x7e]{1,512}")
_NAME_LENGTH = 100
_POSITION = re.compile(r"\(at [^()]*\)")


def _name(given: Any) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > _NAME_LENGTH or not given.isprintable():
        raise ValueError
    return given.strip()


_FACTS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "tier": (setting_values.tier, setting_values.TIERS),
    "credits": (setting_values.credits, setting_values.DOLLARS),
    "organization": (_name, f"a name of 1 to {_NAME_LENGTH} printable characters"),
    "project": (_name, f"a name of 1 to {_NAME_LENGTH} printable characters"),
}
"""What may be said of a key: how it is read, and what is accepted."""


class KeysFileError(ValueError):
    """A keys file that cannot be used.

    Attributes:
        path: of the file.
        key: masked; None when the file itself is at fault.
        problem: what is wrong, without the file's name.
    """

    def __init__(self, path: Path, problem: str, key: str | None = None) -> None:
        self.path = path
        self.key = None if key is None else mask_key(key)
        self.problem = problem
        place = "" if self.key is None else f", key {self.key}"
        super().__init__(f"keys file {str(path)!r}{place}: {problem}")


def read_keys_file(path: Path, *, tier: int, credits: int) -> dict[str, AccountTerms]:
    """Read the keys of a file, in the file's order.

    Args:
        path: of the file.
        tier: usage tier of organizations that name none.
        credits: pico-dollars that organizations start with when they name none.

    Raises:
        KeysFileError: with the file, the masked key and one sentence.
    """
    tables = _tables(path)
    facts = {key: _facts(path, key, table) for key, table in tables.items()}
    shared = _shared_facts(path, facts)
    found = {}
    for key, own in facts.items():
        organization = own.get("organization")
        stated = own if organization is None else shared[organization]
        found[key] = AccountTerms(
            tier=stated.get("tier", tier),
            credits=stated.get("credits", credits),
            organization=organization,
            project=own.get("project"),
        )
    return found


def _tables(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as failure:
        raise KeysFileError(path, f"it cannot be read ({failure.strerror})") from None
    except tomllib.TOMLDecodeError as failure:
        # The reader's own words may quote a key; where it stumbled is enough.
        where = _POSITION.search(str(failure))
        raise KeysFileError(path, f"it is not valid TOML {where[0] if where else ''}".rstrip()) from None
    except UnicodeDecodeError:
        raise KeysFileError(path, "it is not valid TOML (not UTF-8)") from None
    keys = document.pop("keys", None)
    if document or not isinstance(keys, dict) or not keys:
        raise KeysFileError(path, 'it holds one table [keys."sk-..."] for each key, and nothing else')
    return keys


def _facts(path: Path, key: str, table: Any) -> dict[str, Any]:
    if not _KEY.fullmatch(key):
        raise KeysFileError(path, "a key is 1 to 512 visible ASCII characters without spaces", key)
    if not isinstance(table, dict):
        raise KeysFileError(path, f'a table is expected: [keys."..."] and below it {", ".join(_FACTS)}', key)
    facts = {}
    for name, given in table.items():
        if name not in _FACTS:
            if isinstance(given, dict):
                # Then the name is a part of an unquoted key, which is not shown.
                raise KeysFileError(path, 'a key that has dots in it stands in quotes: [keys."sk-a.b"]', key)
            raise KeysFileError(path, f"{name!r} is none of {', '.join(_FACTS)}", key)
        parse, accepted = _FACTS[name]
        try:
            facts[name] = parse(given)
        except ValueError:
            raise KeysFileError(path, f"{name} cannot be {given!r}; accepted: {accepted}", key) from None
    if "project" in facts and "organization" not in facts:
        raise KeysFileError(path, "a project belongs to an organization: name that too", key)
    return facts


def _shared_facts(path: Path, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Tier and credits by organization, wherever among its keys they stand."""
    shared: dict[str, dict[str, Any]] = {}
    for key, own in facts.items():
        if "organization" not in own:
            continue
        stated = shared.setdefault(own["organization"], {})
        for name in ("tier", "credits"):
            if name in own and stated.setdefault(name, own[name]) != own[name]:
                problem = f"the organization {own['organization']!r} has another {name} at another of its keys"
                raise KeysFileError(path, problem, key)
    return shared
