"""Settings: one table for the command line, the environment, the file and Python.

    arguments > environment (UNDERSTUDY_*) > understudy.toml > defaults

A wrong value, or a name that is none of ours, stops the start with one sentence that says which setting, where it came
from and what is accepted.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from understudy.core.accounts import AccountTerms
from understudy.core.catalog import parse_tier
from understudy.core.errors import mask_key
from understudy.core.pacing import ACCEPTED as PACINGS
from understudy.core.pacing import Pacing, parse_pacing
from understudy.core.pricing import DOLLAR, parse_usd

DEFAULT_FILE = "understudy.toml"
ENVIRONMENT_PREFIX = "UNDERSTUDY_"


class SettingError(ValueError):
    """A setting that cannot be used.

    Attributes:
        name: as the table calls it.
        source: where it came from.
        problem: what is wrong.
    """

    def __init__(self, name: str, source: str, problem: str) -> None:
        super().__init__(f"Setting {name!r} ({source}): {problem}.")
        self.name = name
        self.source = source
        self.problem = problem


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a server is told at its start; see `TABLE` for what each means."""

    host: str = "127.0.0.1"
    port: int = 8080
    tls: bool = False
    tier: int = 5
    credits: int = 1000 * DOLLAR
    seed: int = 0
    date: int | None = None
    clock: str = "real"
    latency: Pacing = Pacing()
    retired: str = "answer"
    keys: Mapping[str, AccountTerms] | None = None
    control_token: str | None = None
    body_limit: int = 64 * 1024 * 1024
    journal_limit: int = 10_000
    log_level: str = "warning"


class Setting(msgspec.Struct, frozen=True):
    """One row of the table.

    Attributes:
        name: hyphenated; the environment has it upper-case with underscores, Python and the file with either.
        parse: makes the value of what was given (text, or what TOML and Python have); raises ValueError.
        accepted: in words, for the help.
        default: in words.
        help: one sentence.
    """

    name: str
    parse: Callable[[Any], Any]
    accepted: str
    default: str
    help: str

    @property
    def field(self) -> str:
        """The name as Python spells it."""
        return self.name.replace("-", "_")


def _boolean(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    word = str(given).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"true or false is accepted, not {given!r}")


def _whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    def parse(given: Any) -> int:
        try:
            number = given if isinstance(given, int) and not isinstance(given, bool) else int(str(given).strip())
        except ValueError:
            number = minimum - 1
        if not minimum <= number <= maximum:
            raise ValueError(f"a whole number from {minimum} to {maximum} is accepted, not {given!r}")
        return number

    return parse


def _word(*accepted: str) -> Callable[[Any], str]:
    def parse(given: Any) -> str:
        word = str(given).strip().lower()
        if word not in accepted:
            raise ValueError(f"{' or '.join(accepted)} is accepted, not {given!r}")
        return word

    return parse


def _text(given: Any) -> str:
    text = str(given).strip()
    if not text:
        raise ValueError("an empty text is not accepted")
    return text


_UNITS = {"": 1, "b": 1, "kib": 1024, "mib": 1024**2, "gib": 1024**3, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_SIZE = re.compile(r"(\d{1,12})\s*([kmg]?i?b?)\Z")


def _size(given: Any) -> int:
    match = _SIZE.match(str(given).strip().lower())
    if match is None or match[2] not in _UNITS or int(match[1]) == 0:
        raise ValueError(f"a number of bytes such as 67108864 or 64MiB is accepted, not {given!r}")
    return int(match[1]) * _UNITS[match[2]]


def _day(given: Any) -> int:
    try:
        day = given if type(given) is date else date.fromisoformat(str(given).strip())
    except ValueError:
        raise ValueError(f"a date such as 2024-10-02 is accepted, not {given!r}") from None
    if not date(2020, 6, 11) <= day <= date(2100, 1, 1):
        raise ValueError(f"a date from 2020-06-11 (the API's first day) to 2100-01-01 is accepted, not {given!r}")
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def _tier(given: Any) -> int:
    return parse_tier(str(given))


def _credits(given: Any) -> int:
    if isinstance(given, float):
        raise ValueError(f'money is written as text, such as "5.00", never as a float ({given!r})')
    return parse_usd(str(given).strip())


def _keys_file(given: Any) -> Mapping[str, AccountTerms]:
    """Keys that are accepted: `[keys."sk-..."]` tables with optional tier, credits, organization and project."""
    path = Path(str(given))
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise ValueError(f"the keys file {str(path)!r} cannot be read: {failure.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise ValueError(f"the keys file {str(path)!r} is no TOML: {failure}") from None
    listed = tables.pop("keys", None)
    if tables or not isinstance(listed, dict) or not listed:
        raise ValueError(f"the keys file {str(path)!r} holds tables [keys.\"sk-...\"] and nothing else")
    return {key: _terms(path, key, table) for key, table in listed.items()}


def _terms(path: Path, key: str, table: Any) -> AccountTerms:
    where = f"the keys file {str(path)!r}, key {mask_key(key)}"
    known = {"tier": _tier, "credits": _credits, "organization": _text, "project": _text}
    if not isinstance(table, dict):
        raise ValueError(f"{where}: a table is expected")
    facts: dict[str, Any] = {"tier": 5, "credits": 1000 * DOLLAR}
    for name, given in table.items():
        if name not in known:
            raise ValueError(f"{where}: {name!r} is none of {', '.join(known)}")
        try:
            facts[name] = known[name](given)
        except ValueError as problem:
            raise ValueError(f"{where}, {name}: {problem}") from None
    return AccountTerms(**facts)


TABLE: tuple[Setting, ...] = (
    Setting("host", _text, "an address or name", "127.0.0.1", "Address to listen on."),
    Setting("port", _whole(0, 65_535), "0 to 65535", "8080", "Port to listen on; 0 picks a free one."),
    Setting("tls", _boolean, "true or false", "false", "Serve https and wss with a certificate made for this run."),
    Setting("tier", _tier, "free, 1, 2, 3, 4 or 5", "5", "Usage tier that new accounts start on."),
    Setting("credits", _credits, "US dollars", "1000.00", "Credits that new accounts start with."),
    Setting("seed", _whole(-(2**63), 2**63 - 1), "a whole number", "0", "Decides everything by chance."),
    Setting("date", _day, "a date", "today", "Day whose models and prices hold, and on which the clock starts."),
    Setting("clock", _word("real", "virtual"), "real or virtual", "real", "virtual stands still until it is advanced."),
    Setting("latency", lambda given: parse_pacing(str(given)), PACINGS, "none", "How long the model takes."),
    Setting("retired", _word("answer", "reject"), "answer or reject", "answer", "What retired models do."),
    Setting("keys", _keys_file, "a file", "every key is accepted", "File of the only keys that are accepted."),
    Setting("control-token", _text, "a text", "none", "Lets other machines use the control API."),
    Setting("body-limit", _size, "bytes, or 64MiB", "64MiB", "Longest request body that is read."),
    Setting("journal-limit", _whole(1, 1_000_000), "1 to 1000000", "10000", "Journal entries that are kept."),
    Setting(
        "log-level",
        _word("debug", "info", "warning", "error"),
        "debug, info, warning or error",
        "warning",
        "How much is logged to standard error.",
    ),
)
"""Every setting there is; later parts of Understudy add theirs here."""

_BY_FIELD = {setting.field: setting for setting in TABLE}


def load_settings(
    arguments: Mapping[str, Any] | None = None,
    *,
    argument_source: Callable[[str], str] = lambda name: f"argument --{name}",
    environment: Mapping[str, str] | None = None,
    config: str | None = None,
) -> Settings:
    """Gather settings from all sources.

    Args:
        arguments: by field or hyphenated name; None values are not given.
        argument_source: how an argument is called in an error.
        environment: variables; those of the process when None.
        config: path of the settings file; else `UNDERSTUDY_CONFIG`, else `understudy.toml` if there is one.

    Raises:
        SettingError: one sentence about the first thing that is wrong.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    from_environment = {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }
    file = config or from_environment.pop("config", None)
    for name, given in _read_file(file).items():
        _set(values, name, given, f"file {file or DEFAULT_FILE}")
    for name, given in from_environment.items():
        _set(values, name, given, f"environment {ENVIRONMENT_PREFIX}{name.upper()}")
    for name, given in (arguments or {}).items():
        if given is not None:
            _set(values, name, given, argument_source(name.replace("_", "-")))
    return Settings(**values)


def python_settings(named: Mapping[str, Any]) -> Settings:
    """Settings of `MockServer(...)`: what is named, on top of environment and file.

    The port is a free one unless it is named.
    """
    given = {"port": 0, **named}
    return load_settings(given, argument_source=lambda name: f"Python keyword {name.replace('-', '_')}")


def _read_file(file: str | None) -> dict[str, Any]:
    path = Path(file or DEFAULT_FILE)
    if file is None and not path.exists():
        return {}
    source = f"file {path}"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise SettingError("config", source, f"it cannot be read: {failure.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise SettingError("config", source, f"it is no TOML: {failure}") from None


def _set(values: dict[str, Any], name: str, given: Any, source: str) -> None:
    setting = _BY_FIELD.get(name.replace("-", "_"))
    if setting is None:
        known = ", ".join(each.name for each in TABLE)
        raise SettingError(name, source, f"there is no such setting; there are {known}")
    try:
        values[setting.field] = setting.parse(given)
    except ValueError as problem:
        raise SettingError(setting.name, source, str(problem)) from None


