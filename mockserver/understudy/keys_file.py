"""The keys file: the only keys a strict server accepts, and what the account of each starts with.

    [keys."sk-team-a"]
    tier = 2
    credits = "50.00"
    organization = "acme"     # keys of one organization share its usage tier, credits and limits
    project = "search"        # keys of one project share the organization too

    [keys."sk-intern"]        # everything may be left out: the server's own tier and credits hold

    [keys."sk-whole"]         # everything that there is
    plan = "plus"             # of a ChatGPT login
    usage-limit = "100"       # US dollars in a calendar month, in the tier's place
    spend-limit = "20"        # the organization's own
    auto-recharge = { threshold = "5", target = "20", monthly_cap = "100" }
    limits."gpt-4o" = { rpm = 10, tpm = 50_000 }    # granted above the tier's figures

All but the project and the plan are the organization's: they may stand at any of its keys, but not twice with different
values. The setting `accounts` takes the same tables, and leaves all other keys open. Keys are secrets; messages show
them masked. The format is our choice.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from understudy import setting_values
from understudy.core.account_changes import DOLLAR_WORDS, PLAN_WORDS, TIER_WORDS, parse_limits, parse_recharge, read_usd
from understudy.core.catalog import RateLimits
from understudy.core.errors import mask_key
from understudy.core.key_words import PLANS
from understudy.core.terms import AccountTerms

_KEY = re.compile(r"[\x21-\x7e]{1,512}")
_NAME_LENGTH = 100
_POSITION = re.compile(r"\(at [^()]*\)")


def _name(given: Any) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > _NAME_LENGTH or not given.isprintable():
        raise ValueError
    return given.strip()


def _limits(given: Any) -> tuple[tuple[str, RateLimits], ...]:
    if not isinstance(given, Mapping):
        raise ValueError
    found = []
    for model, figures in given.items():
        limits = parse_limits(figures) if isinstance(figures, Mapping) else None
        if limits is None:
            raise ValueError
        found.append((model, limits))
    return tuple(found)


_FACTS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "tier": (setting_values.tier, TIER_WORDS),
    "credits": (read_usd, DOLLAR_WORDS),
    "organization": (_name, f"a name of 1 to {_NAME_LENGTH} printable characters"),
    "project": (_name, f"a name of 1 to {_NAME_LENGTH} printable characters"),
    "plan": (setting_values.word("free", *PLANS), PLAN_WORDS),
    "usage-limit": (read_usd, DOLLAR_WORDS),
    "spend-limit": (read_usd, DOLLAR_WORDS),
    "auto-recharge": (parse_recharge, "threshold, target (above it) and perhaps monthly_cap, in US dollars"),
    "limits": (_limits, f"for each model a table of {', '.join(RateLimits.__struct_fields__)}, each a number above 0"),
}
"""What may be said of a key: how it is read, and what is accepted. Underscores do for hyphens."""
_SHARED = ("tier", "credits", "usage-limit", "spend-limit", "auto-recharge", "limits")
"""What is the organization's."""


class KeysFileError(ValueError):
    """Keys that cannot be used.

    Attributes:
        path: of the file, None for a table that stands elsewhere.
        key: masked; None when the file itself is at fault.
        problem: what is wrong, without the file's name.
    """

    def __init__(self, path: Path | None, problem: str, key: str | None = None) -> None:
        self.path = path
        self.key = None if key is None else mask_key(key)
        self.problem = problem
        place = [] if path is None else [f"keys file {str(path)!r}"]
        if self.key is not None:
            place.append(f"key {self.key}")
        super().__init__(f"{', '.join(place)}: {problem}")


def read_keys_file(path: Path, *, tier: int, credits: int) -> dict[str, AccountTerms]:
    """Read the keys of a file, in the file's order.

    Args:
        path: of the file.
        tier: usage tier of organizations that name none.
        credits: pico-dollars that organizations start with when they name none.

    Raises:
        KeysFileError: with the file, the masked key and one sentence.
    """
    return read_keys(_tables(path), path, tier=tier, credits=credits)


def read_keys(tables: Mapping[str, Any], path: Path | None, *, tier: int, credits: int) -> dict[str, AccountTerms]:
    """Read tables that stand in a file, or (`path` None) in the settings themselves; see `read_keys_file`."""
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
            plan=own.get("plan"),
            usage_limit=stated.get("usage-limit"),
            spend_limit=stated.get("spend-limit"),
            recharge=stated.get("auto-recharge"),
            increases=stated.get("limits", ()),
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


def _facts(path: Path | None, key: str, table: Any) -> dict[str, Any]:
    if not _KEY.fullmatch(key):
        raise KeysFileError(path, "a key is 1 to 512 visible ASCII characters without spaces", key)
    if not isinstance(table, dict):
        raise KeysFileError(path, f'a table is expected: [keys."..."] and below it {", ".join(_FACTS)}', key)
    facts = {}
    for spelled, given in table.items():
        name = spelled.replace("_", "-")
        if name not in _FACTS:
            if isinstance(given, dict):
                # Then the name is a part of an unquoted key, which is not shown.
                raise KeysFileError(path, 'a key that has dots in it stands in quotes: [keys."sk-a.b"]', key)
            raise KeysFileError(path, f"{spelled!r} is none of {', '.join(_FACTS)}", key)
        parse, accepted = _FACTS[name]
        try:
            facts[name] = parse(given)
        except ValueError:
            raise KeysFileError(path, f"{name} cannot be {_shown(given)}; accepted: {accepted}", key) from None
    if "project" in facts and "organization" not in facts:
        raise KeysFileError(path, "a project belongs to an organization: name that too", key)
    return facts


def _shared_facts(path: Path | None, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is the organization's, wherever among its keys they stand."""
    shared: dict[str, dict[str, Any]] = {}
    for key, own in facts.items():
        if "organization" not in own:
            continue
        stated = shared.setdefault(own["organization"], {})
        for name in _SHARED:
            if name in own and stated.setdefault(name, own[name]) != own[name]:
                problem = f"the organization {own['organization']!r} has another {name} at another of its keys"
                raise KeysFileError(path, problem, key)
    return shared


def _shown(given: Any) -> str:
    text = repr(str(given) if isinstance(given, Decimal) else given)
    return text if len(text) <= 80 else f"{text[:77]}..."
