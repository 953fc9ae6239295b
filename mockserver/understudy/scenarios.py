"""Scenarios: a whole story, from an account to what must come of it. Python and TOML are two spellings of one thing.

    title = "A tier-1 account sends a burst"
    about = "Why, and what a sound client does about it."

    [account]                 # of every key that is used first: as in a keys file
    tier = 1
    credits = "5.00"
    limits."gpt-4o" = { rpm = 3 }

    [server]                  # latency, quota-codes, retry-after, retry-after-ms, should-retry: as in the settings
    latency = "ttft=20s"

    [[rules]]                 # what the model says: core/rules.py
    [[faults]]                # what goes wrong: core/faults.py
    [[moves]]                 # what happens before a call: core/moves.py
    [[client]]                # what the client that we bring does (understudy_harness/scenario_client.py)
    [[expect]]                # what must be true of the journal, whoever the client is: understudy_harness/expect.py
    [[client_expect]]         # the same, of the client that we bring

The language is our choice.
"""

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from understudy import setting_values
from understudy.core.account_changes import AccountError, known_model
from understudy.core.fault_steps import FaultError
from understudy.core.faults import FaultScript
from understudy.core.moves import Move, MoveError, Moves, read_moves
from understudy.core.rules import RuleError, Rules
from understudy.core.simulator import Simulator
from understudy.core.terms import AccountTerms
from understudy.core.wording import shown
from understudy.keys_file import KeysFileError, read_keys
from understudy.toml_lines import line_of

__all__ = ["Scenario", "ScenarioError", "find_scenario", "library"]

FOLDER = "scenarios"
"""Where in `understudy_data` the ready ones are."""
_KEY = "sk-scenario"
_PARTS = ("title", "about", "account", "server", "rules", "faults", "moves", "client", "expect", "client_expect")
_SERVER = {
    "latency": ("pacing", setting_values.latency),
    "quota-codes": ("quota_codes", lambda given: setting_values.word("classic", "2026")(given) == "2026"),
    "retry-after": ("retry_after", setting_values.switch_or(0, 86_400)),
    "retry-after-ms": ("retry_after_ms", setting_values.switch_or(0, 86_400_000)),
    "should-retry": ("should_retry", setting_values.hint),
}
_LISTS = ("rules", "faults", "moves", "client", "expect", "client_expect")
_TABLES_KEPT = 1_000
_LONGEST_NAME = 200


class ScenarioError(ValueError):
    """A scenario that cannot be used, in one sentence.

    Attributes:
        name: of the scenario, or the path of its file.
        line: where, None where that is not known.
        key: what is wrong there, None when it is the whole.
    """

    def __init__(self, name: str, problem: str, *, key: str | None = None, line: int | None = None) -> None:
        place = f"scenario {name!r}" if line is None else f"scenario {name!r}, line {line}"
        super().__init__(f"{place}: {problem}")
        self.name = name
        self.key = key
        self.line = line


class Scenario:
    """One story, checked.

    Args:
        table: its parts, as in TOML.
        name: by which it is called.
        text: of the file that it stands in, for the lines in messages.

    Attributes:
        name, title, about: what it is called, in a few words, in a few sentences.
        client: what the client that we bring does, step by step.
        expect: what must be true, whoever the client is: tables of an expectation's words.
        client_expect: what must be true beside that of the client that we bring.

    Raises:
        ScenarioError: a part of it cannot be understood.
    """

    def __init__(self, table: Mapping[str, Any], name: str = "scenario", text: str = "") -> None:
        self.name = name
        self._text = text
        for key in table:
            if key not in _PARTS:
                raise self._error(f"{key!r} is no part of a scenario; its parts are {', '.join(_PARTS)}", str(key))
        self.title = self._words(table, "title")
        self.about = self._words(table, "about").strip()
        self._table = table
        lists = {key: self._list(table, key) for key in _LISTS}
        self._account = self._read_account(table.get("account", {}))
        self._server = self._read_server(table.get("server", {}))
        self._rules = lists["rules"]
        self._faults = lists["faults"]
        self.client = lists["client"]
        self.expect = lists["expect"]
        self.client_expect = lists["client_expect"]
        self._moves = self._read_moves(lists["moves"])
        self._check()

    def __eq__(self, other: object) -> bool:
        """Whether it has the same name and says the same."""
        return isinstance(other, Scenario) and (self.name, self._table) == (other.name, other._table)

    def __hash__(self) -> int:
        """Of the name."""
        return hash(self.name)

    def __repr__(self) -> str:
        """Its name."""
        return f"<scenario {self.name!r}>"

    @classmethod
    def read(cls, path: Path) -> "Scenario":
        """The scenario of a file.

        Raises:
            ScenarioError: with the file, the line and the key.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ScenarioError(str(path), "there is no such file") from None
        except OSError as failure:
            raise ScenarioError(str(path), f"it cannot be read ({failure.strerror})") from None
        except UnicodeDecodeError:
            raise ScenarioError(str(path), "it is not valid TOML (not UTF-8)") from None
        return cls._of_text(text, str(path))

    @classmethod
    def _of_text(cls, text: str, name: str) -> "Scenario":
        try:
            table = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as failure:
            raise ScenarioError(name, f"it is not valid TOML: {failure}") from None
        return cls(_plain(table), name, text)

    @property
    def table(self) -> Mapping[str, Any]:
        """As it was written."""
        return self._table

    @property
    def text(self) -> str:
        """The file's, empty where it came from elsewhere."""
        return self._text

    def apply(self, simulator: Simulator) -> None:
        """Begin the story on a server: for the accounts that are not there yet, and the calls that are to come.

        Raises:
            ScenarioError: a limit increase names a model that there is not.
        """
        starting = simulator.starting
        starting.default = self._terms(simulator, starting.default)
        facts = {name: value for name, value in self._server.items() if not name.startswith(("retry", "should"))}
        retry = {name: value for name, value in self._server.items() if name.startswith(("retry", "should"))}
        settings = simulator.settings
        if retry:
            facts["retry"] = msgspec.structs.replace(settings.retry, **retry)
        if facts:
            simulator.settings = msgspec.structs.replace(settings, **facts)
        self._check_models(simulator)
        simulator.rules.add(*self._rules)
        if self._faults:
            simulator.faults.add({"name": self.title or self.name, "steps": self._faults})
        if self._moves:
            simulator.moves = Moves(self._moves)

    def _terms(self, simulator: Simulator, default: AccountTerms) -> AccountTerms:
        table = self._account
        given = {name.replace("-", "_") for name in table}
        [terms] = read_keys({_KEY: table}, None, tier=default.tier, credits=default.credits).values()
        increases = []
        for name, limits in terms.increases:
            try:
                model = known_model(simulator.catalog, name, simulator.settings.era)
            except AccountError as unknown:
                raise self._error(str(unknown), "account.limits") from None
            increases.append((model.limit_group, limits))
        found = {"usage_limit", "spend_limit", "plan"} & given
        facts = {name: getattr(terms, name) for name in found}
        if "auto_recharge" in given:
            facts["recharge"] = terms.recharge
        if increases:
            facts["increases"] = tuple(increases)
        return msgspec.structs.replace(default, tier=terms.tier, credits=terms.credits, **facts)

    def _check_models(self, simulator: Simulator) -> None:
        for position, move in enumerate(self._moves):
            if move.model is not None:
                try:
                    known_model(simulator.catalog, move.model, simulator.settings.era)
                except AccountError as unknown:
                    raise self._listed("moves", position, "increase", f"Move {position + 1}: {unknown}") from None

    def _read_account(self, table: Any) -> dict[str, Any]:
        if not isinstance(table, Mapping):
            raise self._error(f"'account' must be a table, not {shown(table)}", "account")
        for key in ("organization", "project"):
            if key in table:
                raise self._error(f"'account.{key}' cannot stand here: every key is an account of its own", "account")
        try:
            read_keys({_KEY: dict(table)}, None, tier=0, credits=0)
        except KeysFileError as wrong:
            raise self._error(f"'account': {wrong.problem}", "account") from None
        return dict(table)

    def _read_server(self, table: Any) -> dict[str, Any]:
        if not isinstance(table, Mapping):
            raise self._error(f"'server' must be a table, not {shown(table)}", "server")
        read: dict[str, Any] = {}
        for key, given in table.items():
            if key not in _SERVER:
                raise self._error(f"'server.{key}' is not known; there are {', '.join(_SERVER)}", f"server.{key}")
            name, parse = _SERVER[key]
            try:
                read[name] = parse(given)
            except (ValueError, ArithmeticError):
                raise self._error(f"'server.{key}' cannot be {shown(given)}", f"server.{key}") from None
        return read

    def _read_moves(self, tables: list[dict[str, Any]]) -> tuple[Move, ...]:
        try:
            return read_moves(tables)
        except MoveError as wrong:
            raise self._listed("moves", wrong.position, wrong.key, str(wrong)) from None

    def _check(self) -> None:
        try:
            Rules(self._rules)
        except RuleError as wrong:
            raise self._listed("rules", wrong.position, wrong.key, str(wrong)) from None
        for position, step in enumerate(self._faults):
            try:
                FaultScript.parse(step)
            except FaultError as wrong:
                raise self._listed("faults", position, wrong.key, f"fault {position + 1}: {wrong}") from None

    def _words(self, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self._error(f"{key!r} must be a text, not {shown(value)}", key)
        return value

    def _list(self, table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        value = table.get(key, [])
        if (
            not isinstance(value, Sequence)
            or isinstance(value, str | bytes)
            or len(value) > _TABLES_KEPT
            or not all(isinstance(each, Mapping) for each in value)
        ):
            raise self._error(f"{key!r} must be a list of at most {_TABLES_KEPT} tables, not {shown(value)}", key)
        return [dict(each) for each in value]

    def _listed(self, part: str, position: int, key: str, sentence: str) -> ScenarioError:
        line = line_of(self._text, part, position, key)
        return ScenarioError(self.name, sentence.rstrip("."), key=key, line=line)

    def _error(self, problem: str, key: str) -> ScenarioError:
        return ScenarioError(self.name, problem, key=key)


def library() -> dict[str, Scenario]:
    """The ready scenarios, by name, in the order of their names."""
    folder = files("understudy_data").joinpath(FOLDER)
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {name: _ready(name) for name in names}


def find_scenario(given: Any) -> Scenario:
    """A scenario by the name of a ready one, by the path of a file, as a table, or as it is.

    Raises:
        ScenarioError: there is none, or it cannot be understood.
    """
    if isinstance(given, Scenario):
        return given
    if isinstance(given, Mapping):
        return Scenario(given)
    path = str(given)
    if path.endswith(".toml") or "/" in path or "\\" in path:
        return Scenario.read(Path(path))
    folder = files("understudy_data").joinpath(FOLDER)
    known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if path not in known:
        problem = (
            f"there is none of that name; there are {', '.join(known)}; a file is named by its path, ending in .toml"
        )
        raise ScenarioError(path[:_LONGEST_NAME], problem)
    return _ready(path)


def _ready(name: str) -> Scenario:
    text = files("understudy_data").joinpath(FOLDER, f"{name}.toml").read_text(encoding="utf-8")
    return Scenario._of_text(text, name)


def _plain(value: Any) -> Any:
    """Floats as Python's own, but for money, which stays a text or a whole number."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
