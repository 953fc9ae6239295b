"""A server that runs elsewhere, as tests hold it: the same words as `MockServer`, said to its control API."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from understudy.address import Address
from understudy.calls_handle import IncomingCalls, RealtimeCallError
from understudy.config import DEFAULT_KEY
from understudy.core.dates import parse_moment
from understudy.core.journal import JournalEntry
from understudy.core.pricing import Usage
from understudy.core.rule_answers import RuleAnswer
from understudy.core.rules import Rule, RuleError, Rules

_PATIENCE = 20
_NEWEST = 10_000
_ENTRY = (
    "number", "key", "account", "method", "path", "model", "status", "error", "request_id", "body_size", "complete",
    "charge", "fault", "rule", "streamed", "chunks", "answer_size",
    "turns", "interrupted", "truncated", "closed",
)  # fmt: skip


class RemoteServerError(RuntimeError):
    """The server cannot be reached, or refused what it was told; its text is one sentence."""


class RefusedError(RemoteServerError):
    """It is there, and refused what it was told."""


class RemoteServer:
    """A running server.

    Args:
        base_url: where, with or without `/v1`.
        token: of its control API; the variable UNDERSTUDY_CONTROL_TOKEN when None.

    Raises:
        RemoteServerError: nothing of ours answers there.
    """

    simulator = None
    """It is elsewhere."""
    ca_file: str | None = None
    trust_variables: Mapping[str, str] = {}

    def __init__(self, base_url: str, token: str | None = None) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise RemoteServerError(f"{base_url!r} is no URL of a server such as http://127.0.0.1:8080/v1.")
        tls = parts.scheme == "https"
        self.address = Address(parts.hostname, parts.port or (443 if tls else 80), tls)
        self.base_url = self.address.base_url
        self.websocket_base_url = self.address.websocket_base_url
        self.control_url = self.address.control_url
        self._token = token or os.environ.get("UNDERSTUDY_CONTROL_TOKEN")
        self.clock = RemoteClock(self)
        self.journal = RemoteJournal(self)
        self.accounts = RemoteAccounts(self)
        self.rules = RemoteRules(self)
        self.faults = RemoteFaults(self)
        self.calls = IncomingCalls(RemoteCalls(self), DEFAULT_KEY)
        self.call("GET", "/health")

    @property
    def account(self) -> RemoteAccount:
        """The account that is meant when no key is named."""
        return self.accounts[DEFAULT_KEY]

    def reset(self) -> None:
        """Forget accounts, faults, rules and the journal, and take back every move of the clock."""
        self.call("POST", "/reset")

    renew = reset
    """It keeps its port: late requests are told from others by their keys alone."""

    def play(self, scenario: Any) -> None:
        """A running server plays the scenario that it was started with, and no other."""
        raise RemoteServerError("A scenario is played by the server itself: start it with --scenario NAME.")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Say something to the control API.

        Raises:
            RemoteServerError: it is not there, or refuses.
        """
        data = None if body is None else json.dumps(body, default=str).encode()
        headers = {"content-type": "application/json"}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(f"{self.control_url}{path}", data, headers, method=method)  # noqa: S310 - http(s), as was checked
        try:
            # No proxy knows a test's server.
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                request, timeout=_PATIENCE
            ) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            with refused:
                told = refused.read()
            try:
                sentence = str(json.loads(told)["error"])
            except (ValueError, KeyError, TypeError):
                sentence = f"{self.base_url} is no Understudy server: {method} {path} was answered with {refused.code}."
                raise RemoteServerError(sentence) from None
            raise RefusedError(sentence) from None
        except (OSError, ValueError) as failure:
            reason = getattr(failure, "reason", failure)
            raise RemoteServerError(f"There is no Understudy server at {self.base_url}: {reason}.") from None


class RemoteClock:
    """Its clock."""

    def __init__(self, server: RemoteServer) -> None:
        self._server = server

    def now(self) -> int:
        """Microseconds since the epoch."""
        return parse_moment(self._server.call("GET", "/health")["now"])

    def advance(self, seconds: float) -> None:
        """Move forward; ValueError when `seconds` is negative."""
        if not seconds >= 0:
            raise ValueError(f"time only moves forward: seconds must be a number of at least 0, not {seconds!r}")
        self._server.call("POST", "/clock/advance", {"seconds": seconds})


class RemoteJournal:
    """Its journal; each look is a call."""

    def __init__(self, server: RemoteServer) -> None:
        self._server = server

    def __len__(self) -> int:
        """How many entries are held."""
        return int(self._server.call("GET", "/health")["journal"])

    def __iter__(self) -> Iterator[JournalEntry]:
        """The newest entries, oldest first."""
        return iter(self.select())

    def __getitem__(self, index: int) -> JournalEntry:
        """The entry at a position; negative counts from the newest."""
        return self.select()[index]

    def select(
        self, *, key: str | None = None, path: str | None = None, model: str | None = None
    ) -> list[JournalEntry]:
        """Entries of a key or account id, a path, a model; each filter is optional."""
        wanted = {"key": key, "path": path, "model": model, "limit": str(_NEWEST)}
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        return [_entry(facts) for facts in self._server.call("GET", f"/journal?{query}")["entries"]]

    def to_har(self) -> dict[str, Any]:
        """All entries as HTTP Archive 1.2."""
        archive: dict[str, Any] = self._server.call("GET", "/journal.har")
        return archive


class RemoteAccounts:
    """Its accounts, by key."""

    def __init__(self, server: RemoteServer) -> None:
        self._server = server

    def __getitem__(self, key: str) -> RemoteAccount:
        """The account of a key."""
        return RemoteAccount(self._server, key)


class RemoteAccount:
    """One account; amounts are US dollars.

    Attributes:
        key: the secret.
    """

    def __init__(self, server: RemoteServer, key: str) -> None:
        self._server = server
        self.key = key
        self._path = f"/accounts/{quote(key, safe='')}"

    def __call__(self, key: str, **facts: Any) -> RemoteAccount:
        """The account of another key, set as `set` would."""
        other = RemoteAccount(self._server, key)
        if facts:
            other.set(**facts)
        return other

    def view(self) -> SimpleNamespace:
        """Everything at once, as the control API shows it."""
        return SimpleNamespace(**self._server.call("GET", self._path))

    @property
    def id(self) -> str:
        """`acct_` and 24 characters."""
        return str(self.view().id)

    @property
    def tier(self) -> str:
        """`free`, `tier1` ... `tier5`."""
        return str(self.view().tier)

    @property
    def balance(self) -> Decimal:
        """US dollars."""
        return Decimal(self.view().balance)

    @property
    def spent(self) -> Decimal:
        """US dollars in this calendar month."""
        return Decimal(self.view().spent)

    def set(self, **facts: Any) -> None:
        """Set what the account is on: tier, credits, plan, usage_limit, spend_limit, ..."""
        self._server.call("PATCH", self._path, facts)

    def buy(self, amount: Any) -> None:
        """Buy credits."""
        self._server.call("POST", f"{self._path}/credits", {"amount": str(amount)})

    def give(self, amount: Any, kind: str = "gift", expires: str | None = None) -> None:
        """Add credit."""
        self._server.call("POST", f"{self._path}/credits", {"amount": str(amount), "kind": kind, "expires": expires})

    def refund(self, amount: Any) -> None:
        """Give back what was charged."""
        self._server.call("POST", f"{self._path}/refunds", {"amount": str(amount)})

    def increase_limits(self, model: str, **figures: int | None) -> None:
        """Grant a limit increase for a model; without figures it is taken back."""
        path = f"{self._path}/limits/{quote(model)}"
        self._server.call("PUT" if figures else "DELETE", path, figures or None)


class RemoteRules(Rules):
    """Its rules: they are read here, so that a mistake is told at once, and sent there."""

    __slots__ = ("_server",)

    def __init__(self, server: RemoteServer) -> None:
        super().__init__()
        self._server = server

    def add(self, *tables: Mapping[str, Any]) -> tuple[Rule, ...]:
        """Set rules that are written as tables, after those there are."""
        added = Rules().add(*tables)
        if tables:
            self._server.call("POST", "/rules", [dict(table) for table in tables])
        return added

    def settle(self, rule: Rule, answers: tuple[RuleAnswer, ...], position: int = 0) -> None:
        """Send a rule that was begun by `when`, with the answers that it has so far."""
        if "where" in rule.table["when"]:
            raise RuleError(f"Rule {rule.name!r}", "when.where", "cannot be sent to a server elsewhere")
        known = rule.name in self._names()
        super().settle(rule, answers, position)
        if known:
            self._server.call("DELETE", f"/rules/{quote(rule.name, safe='')}")
        told = rule.table
        self._server.call("POST", "/rules", {name: told[name] for name in ("name", "when", "answers")})

    def remove(self, name: str) -> None:
        """Take a rule back; KeyError when there is none of the name."""
        if name not in self._names():
            raise KeyError(name)
        self._server.call("DELETE", f"/rules/{quote(name, safe='')}")

    def clear(self) -> None:
        """Take all back."""
        super().clear()
        if hasattr(self, "_server"):
            self._server.call("DELETE", "/rules")

    def __len__(self) -> int:
        """How many there are."""
        return len(self._names())

    def __bool__(self) -> bool:
        """Whether there are any."""
        return len(self) > 0

    def _names(self) -> list[str]:
        return [rule["name"] for rule in self._server.call("GET", "/rules")["rules"]]


class RemoteFaults:
    """Its fault scripts."""

    def __init__(self, server: RemoteServer) -> None:
        self._server = server

    def __len__(self) -> int:
        """How many there are."""
        return len(self._server.call("GET", "/faults"))

    def add(self, *scripts: Mapping[str, Any]) -> None:
        """Set more, after those there are."""
        for script in scripts:
            self._server.call("POST", "/faults", dict(script))

    def clear(self) -> None:
        """Take all back."""
        self._server.call("DELETE", "/faults")


class RemoteCalls:
    """Its realtime calls."""

    def __init__(self, server: RemoteServer) -> None:
        self._server = server

    def ring(self, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let one come in, and have whoever is to be told be told by the server."""
        return self._told("POST", "/realtime/calls", dict(wanted))

    def facts(self, call_id: str) -> Mapping[str, Any]:
        """One call; KeyError when there is none."""
        try:
            facts: Mapping[str, Any] = self._server.call("GET", f"/realtime/calls/{quote(call_id, safe='')}")
        except RefusedError:
            raise KeyError(call_id) from None
        return facts

    def all(self) -> Sequence[Mapping[str, Any]]:
        """All that are held, the oldest first."""
        held: list[Mapping[str, Any]] = self._server.call("GET", "/realtime/calls")
        return held

    def hang_up(self, call_id: str) -> None:
        """The caller hangs up."""
        self._told("POST", f"/realtime/calls/{quote(call_id, safe='')}/hangup")

    def _told(self, method: str, path: str, body: Any = None) -> Mapping[str, Any]:
        try:
            facts: Mapping[str, Any] = self._server.call(method, path, body)
        except RefusedError as refused:
            raise RealtimeCallError(str(refused)) from None
        return facts


def _entry(facts: Mapping[str, Any]) -> JournalEntry:
    """An entry of what the control API shows of it."""
    told = facts["retry_after"]
    entry = JournalEntry(at=parse_moment(facts["at"]), **{name: facts[name] for name in _ENTRY})
    entry.finished_at = None if facts["finished_at"] is None else parse_moment(facts["finished_at"])
    entry.due = 0 if facts["due"] is None else parse_moment(facts["due"])
    entry.body = None if facts["body"] is None else facts["body"].encode()
    entry.usage = None if facts["usage"] is None else msgspec.convert(facts["usage"], Usage)
    entry.answer_headers = [] if told is None else [(b"retry-after-ms", b"%d" % round(told * 1000))]
    return entry
