"""Settings: one table for the command line, the environment, the file and Python.

    arguments > environment (UNDERSTUDY_*) > understudy.toml > defaults

The table is the class `Settings`: each field is a row with its default, its parser, what is accepted and a line of
help. The default goes through the row's own parser, and every face of Understudy reads the same row. A wrong value, or
a name that is none of ours, stops the start with one sentence: which setting, where it came from, what is accepted. A
value that a stronger source outvotes is checked all the same.

To add a setting, add a field here; the command line, the environment, the file and Python have it then.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy import setting_values
from understudy.core.account_changes import DOLLAR_WORDS, PLAN_WORDS, TIER_WORDS, read_usd
from understudy.core.key_words import PLANS
from understudy.core.pacing import ACCEPTED as PACINGS
from understudy.core.pacing import Pacing
from understudy.core.plans_table import MODES
from understudy.core.pricing import DOLLAR
from understudy.core.store import SHARED_MOST
from understudy.core.terms import AccountTerms
from understudy.keys_file import KeysFileError, read_keys, read_keys_file
from understudy.rules_file import RulesFileError, check_rules, read_rules_file

if TYPE_CHECKING:
    from understudy.scenarios import Scenario

DEFAULT_FILE = "understudy.toml"
ENVIRONMENT_PREFIX = "UNDERSTUDY_"
DEFAULT_KEY = "sk-understudy"
"""The key of the account that is meant when no key is named; where any key is accepted, any other serves as well."""
CONFIG = "config"
"""Names the settings file; an argument or a variable, but not a row of the table: a file cannot name itself."""

_TOML_FILE = "the path of a TOML file"
_ROW = "setting"
"""Where a field of `Settings` keeps its row."""


class SettingError(ValueError):
    """A setting that cannot be used; its text is one sentence.

    Attributes:
        name: of the setting, hyphenated as on the command line.
        value: as it was given; a secret is in it, but never in the text.
        source: where it came from: `argument --tier`, `environment UNDERSTUDY_TIER`, `file understudy.toml, line 3`,
            `Python keyword tier`.
        accepted: in words.
        problem: what is wrong.
    """

    def __init__(self, name: str, value: object, source: str, accepted: str, problem: str) -> None:
        super().__init__(self._sentence(name, source, accepted, problem))
        self.name = name
        self.value = value
        self.source = source
        self.accepted = accepted
        self.problem = problem

    def _sentence(self, name: str, source: str, accepted: str, problem: str) -> str:
        return f"Setting {name} ({source}) {problem}; accepted: {accepted}."


class UnknownSettingError(SettingError):
    """A name that is none of the settings."""

    def __init__(self, name: str, value: object, source: str) -> None:
        from difflib import get_close_matches

        known = [*(setting.name for setting in TABLE), CONFIG]
        close = get_close_matches(name.lower().replace("_", "-"), known, 1)
        problem = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
        super().__init__(name, value, source, ", ".join(known), problem)

    def _sentence(self, name: str, source: str, accepted: str, problem: str) -> str:
        return f"There is no setting {name!r} ({source}); {problem}"


class SettingsFileError(SettingError):
    """The settings file, or a file that a setting names, cannot be read or understood."""

    def _sentence(self, name: str, source: str, accepted: str, problem: str) -> str:
        return f"Setting {name} ({source}): {problem}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the table.

    Attributes:
        name: hyphenated; the environment has it upper-case with underscores, Python and the file with either.
        parse: makes the value of what was given (a text, or what TOML and Python have); raises ValueError.
        accepted: in words.
        default: in words.
        help: one sentence.
        is_switch: on the command line it stands without a value, and has a `--no-` form.
        is_path: a relative one in a settings file is relative to that file.
        is_secret: never shown (of a path: what the file holds).
    """

    name: str
    parse: Callable[[Any], Any]
    accepted: str
    default: str
    help: str
    is_switch: bool = False
    is_path: bool = False
    is_secret: bool = False

    @property
    def keyword(self) -> str:
        """The name as Python spells it."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The name as the environment spells it."""
        return ENVIRONMENT_PREFIX + self.keyword.upper()


def _row(
    default: str | None, parse: Callable[[Any], Any], accepted: str, help: str, *, unset: str = "", **flags: bool
) -> Any:
    """Make a field of `Settings` with its row; `unset` says in words what holds without a default."""
    words = unset if default is None else default
    row = {"parse": parse, "accepted": accepted, "help": help, "default": words, **flags}
    return field(
        default=None if default is None else parse(default), repr=not flags.get("is_secret"), metadata={_ROW: row}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a server is told at its start.

    Attributes:
        host: address to listen on.
        port: the same; 0 for a free one.
        tls: whether to speak https and wss.
        tier: usage tier of new accounts, 0 (free) to 5.
        credits: pico-dollars that new accounts start with.
        plan: of logins and keys that name none.
        mode: `fixed` or `flexible`; None for what the date had.
        seed: decides everything by chance.
        date: midnight of the era's day in microseconds since the epoch; None for the newest data.
        clock: `real`, `virtual` or `autojump`.
        latency: how long the model takes.
        retired: `answer` or `reject`: what retired models and interfaces do.
        keys: the only keys that are accepted, with what their accounts start with; None for any.
        quota_codes: `classic` or `2026`: which codes tell of a spent quota.
        retry_after: whether a rate-limit 429 says so, or seconds to say instead.
        retry_after_ms: the same in milliseconds.
        should_retry: `x-should-retry` of every 429, None for none.
        accounts: what the accounts of some keys start with, while all others are accepted too; None for nothing.
        rules: what the model says when, as tables; None for nothing.
        scenario: the story that is played, None for none.
        store: `memory`, or the URL of a Redis.
        state: file in which what the server holds outlives it, None for none.
        workers: processes that `serve` answers with.
        control_token: lets other machines use the control API.
        body_limit: bytes of a request body that are read.
        journal_limit: entries that are kept.
        c2pa: `auto` or `off`: whether pictures carry manifests.
        log_level: `debug`, `info`, `warning` or `error`.
    """

    host: str = _row(
        "127.0.0.1",
        setting_values.host,
        "an IP address or host name of this machine, without scheme and port",
        "Address to listen on; 0.0.0.0 and :: are all of this machine's.",
    )
    port: int = _row(
        "8080",
        setting_values.whole(0, 65_535),
        "a whole number from 0 to 65535 (0 for a free one)",
        "Port to listen on. exec and MockServer take a free one unless told otherwise by argument.",
    )
    tls: bool = _row(
        "false",
        setting_values.boolean,
        "true or false",
        "Speak https and wss, with a certificate from a local authority that is made for this run.",
        is_switch=True,
    )
    tier: int = _row("5", setting_values.tier, TIER_WORDS, "Usage tier of new accounts.")
    credits: int = _row(
        "1000.00",
        read_usd,
        DOLLAR_WORDS,
        "US dollars of credit that new accounts start with.",
    )
    plan: str = _row(
        "plus",
        setting_values.word("free", *PLANS),
        PLAN_WORDS,
        "ChatGPT plan (Codex, Sora) of logins and keys that name none.",
    )
    mode: str | None = _row(
        None,
        setting_values.word(*MODES),
        " or ".join(MODES),
        "At a plan's limit: fixed ends the work until the window resets, flexible goes on with purchased credits.",
        unset="flexible; fixed when the date is before 2025-10-30",
    )
    seed: int = _row(
        "0",
        setting_values.whole(-(2**63), 2**63 - 1),
        "a whole number of at most 64 bits",
        "Decides everything by chance: same seed and calls, same bytes.",
    )
    date: int | None = _row(
        None,
        setting_values.day,
        f"a day from {setting_values.FIRST_DAY} to {setting_values.LAST_DAY}, such as 2024-10-02",
        "Day whose models, prices and limits hold, and on which the clock starts (midnight UTC).",
        unset="today, with the newest data",
    )
    clock: str = _row(
        "real",
        setting_values.word("real", "virtual", "autojump"),
        "real, virtual or autojump",
        "A virtual clock stands still until it is advanced; autojump moves it over every wait of the server too.",
    )
    latency: Pacing = _row(  # noqa: RUF009 - it makes a dataclass field, not a default
        "none", setting_values.latency, PACINGS, "How long the model takes to its first token and between tokens."
    )
    retired: str = _row(
        "answer",
        setting_values.word("answer", "reject"),
        "answer or reject",
        "What models and interfaces do after their shutdown date.",
    )
    keys: Mapping[str, AccountTerms] | None = _row(
        None,
        setting_values.path,
        'the path of a TOML file with one table [keys."sk-..."] for each key',
        "File of the only keys that are accepted, with tier, credits, organization and project of each.",
        unset="any key is accepted and has its own account",
        is_path=True,
        is_secret=True,
    )
    quota_codes: str = _row(
        "classic",
        setting_values.word("classic", "2026"),
        "classic or 2026",
        "Codes that tell of a spent quota: insufficient_quota for all, or those of 2026, one for each limit.",
    )
    retry_after: bool | int = _row(
        "on",
        setting_values.switch_or(0, 86_400),
        "on, off, or a whole number of seconds from 0 to 86400",
        "The header retry-after of a rate-limit 429: the true wait, none, or a figure of your own on every 429.",
    )
    retry_after_ms: bool | int = _row(
        "on",
        setting_values.switch_or(0, 86_400_000),
        "on, off, or a whole number of milliseconds from 0 to 86400000",
        "The header retry-after-ms, likewise.",
    )
    should_retry: bool | None = _row(
        "off",
        setting_values.hint,
        "off, true or false",
        "The header x-should-retry of every 429.",
    )
    accounts: Mapping[str, AccountTerms] | None = _row(
        None,
        setting_values.table_or_path,
        'in a settings file one table [accounts."sk-..."] for each key; elsewhere the path of a file as for keys',
        "What the accounts of some keys start with; all other keys are accepted too.",
        unset="what the words of a key say, and else the tier and the credits of these settings",
        is_path=True,
        is_secret=True,
    )
    rules: Sequence[Mapping[str, Any]] | None = _row(
        None,
        setting_values.tables_or_path,
        "in a settings file one table [[rules]] for each rule; elsewhere the path of a TOML file with them",
        "What the model says, and when: the first rule that is meant answers.",
        unset="the model decides",
        is_path=True,
    )
    scenario: "Scenario | None" = _row(  # noqa: RUF009 - it makes a dataclass field, not a default
        None,
        setting_values.scenario,
        "the name of a ready one (understudy scenarios list), or the path of a TOML file, ending in .toml",
        "Story that is played: accounts, rules, faults, and what happens meanwhile.",
        unset="none",
        is_path=True,
    )
    store: str = _row(
        "memory",
        setting_values.store,
        "memory, or the URL of a Redis such as redis://127.0.0.1:6379/0 (rediss:// and unix:// too)",
        "Where accounts live: in this process, or in a Redis that several processes and machines share.",
        is_secret=True,
    )
    state: Path | None = _row(  # noqa: RUF009 - it makes a dataclass field, not a default
        None,
        setting_values.path,
        "the path of a file in a folder that exists; only with the store memory",
        "File that is read when the server starts and written when it stops: accounts, money, limits, stored objects.",
        unset="nothing outlives the server",
        is_path=True,
    )
    workers: int = _row(
        "1",
        setting_values.whole(1, 64),
        "a whole number from 1 to 64; above 1 only with a shared store",
        "Processes that serve answers on the one port; above 1 they need --store redis://...",
    )
    control_token: str | None = _row(
        None,
        setting_values.token,
        "1 to 512 visible ASCII characters without spaces",
        "Lets other machines use the control API, as 'Authorization: Bearer TOKEN'.",
        unset="only this machine may use the control API",
        is_secret=True,
    )
    body_limit: int = _row(
        "64MiB",
        setting_values.size,
        "a number of bytes such as 67108864, 64MiB or 64MB",
        "Longest request body that is read.",
    )
    journal_limit: int = _row(
        "10000",
        setting_values.whole(1, 10_000_000),
        "a whole number from 1 to 10000000",
        "Calls that the journal keeps.",
    )
    c2pa: str = _row(
        "auto",
        setting_values.word("auto", "off"),
        "auto or off",
        "C2PA manifests in pictures, signed by a test authority: auto writes them when the extra c2pa is installed.",
    )
    log_level: str = _row(
        "warning",
        setting_values.word("debug", "info", "warning", "error"),
        "debug, info, warning or error",
        "How much is logged to standard error.",
    )

    @property
    def client_key(self) -> str:
        """The key that clients are given when they have none of their own: of those that are accepted, the first."""
        return DEFAULT_KEY if self.keys is None else next(iter(self.keys))


TABLE: tuple[Setting, ...] = tuple(
    Setting(name=each.name.replace("_", "-"), **each.metadata[_ROW]) for each in fields(Settings)
)
"""Every setting there is, in the order of the help."""

_BY_KEYWORD = {setting.keyword: setting for setting in TABLE}


@dataclass(frozen=True, slots=True)
class _Given:
    """A value and where it came from; `folder` is what a relative path is relative to."""

    name: str
    value: Any
    source: str
    folder: Path | None = None


def load_settings(
    arguments: Mapping[str, Any] | None = None,
    *,
    spelled: Callable[[str], str] = "argument --{}".format,
    environment: Mapping[str, str] | None = None,
    free_port: bool = False,
) -> Settings:
    """Gather the settings of all sources.

    Args:
        arguments: by keyword or hyphenated name, with `config` among them; None values were not given.
        spelled: makes of a hyphenated name what messages call the argument.
        environment: variables; those of this process when None.
        free_port: take a free port unless an argument names one. A file that says where `serve` listens must not
            make the servers of parallel tests fight for that port.

    Raises:
        SettingError: one sentence about the first thing that is wrong.
    """
    named = {name: value for name, value in (arguments or {}).items() if value is not None}
    variables = {
        name: value
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }
    config = _config_file(named, variables, spelled)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for given in (*_from_file(config), *_from_environment(variables)):
        _set(values, sources, given)
    if free_port:
        values["port"] = 0
    for name, value in named.items():
        _set(values, sources, _Given(name, value, spelled(name.replace("_", "-"))))
    if values.get("workers", 1) > 1:
        _check_workers(values, sources["workers"])
    if values.get("store", "memory") != "memory" and values.get("credits", 0) > SHARED_MOST:
        problem = f"cannot be above ${SHARED_MOST // DOLLAR:,} with a shared store"
        raise SettingError("credits", values["credits"], sources["credits"], _BY_KEYWORD["credits"].accepted, problem)
    for name in ("keys", "accounts"):
        if name in values:
            values[name] = _read_keys(name, values, sources[name])
    if "rules" in values:
        values["rules"] = _read_rules(values["rules"], sources["rules"])
    if "scenario" in values:
        values["scenario"] = _read_scenario(values["scenario"], sources["scenario"])
    return Settings(**values)


def python_settings(named: Mapping[str, Any]) -> Settings:
    """Gather the settings of `MockServer(...)`; the port is a free one unless it is named.

    Raises:
        SettingError: one sentence about the first thing that is wrong.
    """
    return load_settings(named, spelled=lambda name: f"Python keyword {name.replace('-', '_')}", free_port=True)


def _config_file(named: dict[str, Any], variables: dict[str, str], spelled: Callable[[str], str]) -> _Given | None:
    """Take the settings file out of the other arguments and variables; None when neither names one."""
    variable = ENVIRONMENT_PREFIX + CONFIG.upper()
    by_variable = variables.pop(variable, None)
    if CONFIG in named:
        return _Given(CONFIG, named.pop(CONFIG), spelled(CONFIG))
    return None if by_variable is None else _Given(CONFIG, by_variable, f"environment {variable}")


def _set(values: dict[str, Any], sources: dict[str, str], given: _Given) -> None:
    setting = _BY_KEYWORD.get(given.name.replace("-", "_"))
    if setting is None:
        raise UnknownSettingError(given.name, given.value, given.source)
    try:
        value = setting.parse(given.value)
    # A figure too large for the arithmetic is as wrong as one out of bounds.
    except (ValueError, ArithmeticError):
        shown = "what was given" if setting.is_secret and not setting.is_path else _shown(given.value)
        raise SettingError(setting.name, given.value, given.source, setting.accepted, f"cannot be {shown}") from None
    if given.folder is not None and isinstance(value, Path):
        value = given.folder / value
    values[setting.keyword] = value
    sources[setting.keyword] = given.source


def _check_workers(values: Mapping[str, Any], source: str) -> None:
    if values.get("store", "memory") == "memory":
        problem = f"cannot be {values['workers']} while the store is memory"
        raise SettingError("workers", values["workers"], source, _BY_KEYWORD["workers"].accepted, problem)


def _read_keys(name: str, values: Mapping[str, Any], source: str) -> Mapping[str, AccountTerms]:
    given = values[name]
    defaults = Settings()
    tier, credits = values.get("tier", defaults.tier), values.get("credits", defaults.credits)
    try:
        if isinstance(given, Path):
            return read_keys_file(given, tier=tier, credits=credits)
        return read_keys(given, None, tier=tier, credits=credits)
    except KeysFileError as problem:
        raise SettingsFileError(name, given, source, _BY_KEYWORD[name].accepted, str(problem)) from None


def _read_scenario(given: Any, source: str) -> "Scenario":
    # Whoever plays none need not wait for what it takes.
    from understudy.scenarios import ScenarioError, find_scenario

    try:
        return find_scenario(given)
    except ScenarioError as problem:
        raise SettingsFileError("scenario", given, source, _BY_KEYWORD["scenario"].accepted, str(problem)) from None


def _read_rules(given: Any, source: str) -> Sequence[Mapping[str, Any]]:
    try:
        return read_rules_file(given) if isinstance(given, Path) else check_rules(given)
    except RulesFileError as problem:
        raise SettingsFileError("rules", given, source, _BY_KEYWORD["rules"].accepted, str(problem)) from None


def _from_environment(variables: Mapping[str, str]) -> Iterator[_Given]:
    for variable, value in variables.items():
        source = f"environment {variable}"
        if variable != variable.upper():
            raise UnknownSettingError(variable.removeprefix(ENVIRONMENT_PREFIX), value, source)
        yield _Given(variable.removeprefix(ENVIRONMENT_PREFIX).lower(), value, source)


def _from_file(config: _Given | None) -> Iterator[_Given]:
    if config is None:
        path = Path(DEFAULT_FILE)
        source = f"file {DEFAULT_FILE}"
    else:
        try:
            path = setting_values.path(config.value)
        except ValueError:
            problem = f"cannot be {_shown(config.value)}"
            raise SettingError(CONFIG, config.value, config.source, _TOML_FILE, problem) from None
        source = config.source
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if config is None:
            return
        raise _unreadable(path, source, "there is no such file") from None
    except OSError as failure:
        raise _unreadable(path, source, f"it cannot be read ({failure.strerror})") from None
    except UnicodeDecodeError:
        raise _unreadable(path, source, "it is not valid TOML (not UTF-8)") from None
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as failure:
        raise _unreadable(path, source, f"it is not valid TOML: {failure}") from None
    seen: dict[str, str] = {}
    if CONFIG in table:
        problem = "a settings file cannot name another one"
        raise SettingsFileError(CONFIG, table[CONFIG], f"file {path}, {_place(text, CONFIG)}", _TOML_FILE, problem)
    for name, value in table.items():
        place = f"file {path}, {_place(text, name)}"
        other = seen.setdefault(name.replace("_", "-"), name)
        if other != name:
            problem = f"it is there twice, as {other!r} and as {name!r}"
            raise SettingsFileError(other.replace("_", "-"), value, place, "each setting once", problem)
        yield _Given(name, value, place, path.parent)


def _unreadable(path: Path, source: str, problem: str) -> SettingsFileError:
    return SettingsFileError(CONFIG, path, source, _TOML_FILE, f"file {str(path)!r}: {problem}")


def _place(text: str, name: str) -> str:
    """Where a setting stands in its file: the line, or the key where no line is a plain `key = value`."""
    pattern = re.compile(rf"""\s*\[?\s*["']?{re.escape(name)}["']?\s*[=.\]]""")
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.match(line):
            return f"line {number}"
    return f"key {name}"


def _shown(value: object) -> str:
    """Spell a value within one line, and not too long a one."""
    text = repr(str(value) if isinstance(value, Decimal | Path | date) else value)
    return text if len(text) <= 80 else f"{text[:77]}..."
