"""Ephemeral keys: what a browser opens a realtime session with, made by a server that has a key of its own.

Source: the OpenAPI document 2026-08-21 (`create-realtime-client-secret`). They live in the memory of one process, as
sessions do.
"""

from collections import OrderedDict
from collections.abc import Generator, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.ids import hexadecimal, letters
from understudy.core.parameters import Check, anything, fields, integer, optional, word
from understudy.core.realtime import eras
from understudy.core.realtime.session_checks import check_fit
from understudy.core.realtime.session_fields import (
    SESSION,
    TRANSCRIPTION_SESSION,
    merged,
    new_session,
    new_transcription_session,
)
from understudy.core.serialise import pretty
from understudy.core.visits import Page, Visit

PREFIX = "ek_"
DEFAULT_MODEL = "gpt-realtime"
"""Where a session names none ("our choice")."""
_DEFAULT_SECONDS = 600
_KEPT = 10_000
"""Secrets that are kept; the oldest are forgotten first ("our choice")."""


class ClientSecret(msgspec.Struct, frozen=True):
    """One ephemeral key.

    Attributes:
        key: the API key whose account it stands for.
        expires_at: microseconds since the epoch.
        session: what sessions that are opened with it start from, by the names of the GA interface.
        beta: whether it was made for the beta interface.
    """

    key: str
    expires_at: int
    session: dict[str, Any]
    beta: bool = False


class ClientSecrets:
    """Those that were made and have not been forgotten."""

    __slots__ = ("_secrets",)

    def __init__(self) -> None:
        self._secrets: OrderedDict[str, ClientSecret] = OrderedDict()

    def keep(self, value: str, secret: ClientSecret) -> None:
        """Remember one."""
        self._secrets[value] = secret
        while len(self._secrets) > _KEPT:
            self._secrets.popitem(last=False)

    def find(self, value: str, now: int) -> ClientSecret | None:
        """The secret of a value; None when there is none, or no longer."""
        secret = self._secrets.get(value)
        return None if secret is None or now >= secret.expires_at else secret

    def clear(self) -> None:
        """Forget all."""
        self._secrets.clear()


def checked_session(given: Mapping[str, Any], path: str) -> str:
    """Refuse a session that cannot be; returns its type."""
    kind: str = given.get("type", "realtime")
    (TRANSCRIPTION_SESSION if kind == "transcription" else SESSION)(path, given)
    return kind


def lifetime(*names: str) -> Check:
    """A check of how long a secret is to hold: an object with an anchor and 10 to 7,200 seconds.

    Args:
        names: of the objects around it, the outermost first.
    """
    check = optional(fields({"anchor": optional(word("created_at")), "seconds": optional(integer(10, 7_200))}))
    for name in reversed(names):
        check = optional(fields({name: check}))
    return check


def realtime_model(visit: Visit, name: str, param: str) -> Model:
    """The model of a session; raises BadRequest of one that does not speak, or NotFound of a retired one."""
    model = visit.simulator.find_model(name, visit.account)
    if model is None or "realtime" not in model.endpoints:
        raise errors.BadRequest(f'Model "{name}" is not supported in realtime mode.', code="invalid_model", param=param)
    return model


def fitting(
    visit: Visit,
    started: dict[str, Any],
    given: Mapping[str, Any],
    model: Model | None,
    *,
    path: str = "session.",
    beta: bool = False,
) -> dict[str, Any]:
    """A session as it will begin, with what is given laid over it; see `check_fit` for the arguments and errors."""
    session = merged(started, given)
    check_fit(given, session, model, lambda name: visit.simulator.find_model(name, visit.account), path=path, beta=beta)
    return {**session, "expires_at": 0}


def session_id(visit: Visit) -> str:
    """A new session's."""
    return "sess_" + letters(seed_of(visit), 21, b"session")


def mint(visit: Visit, session: dict[str, Any], seconds: int, *, beta: bool = False) -> tuple[str, int]:
    """Make a secret; returns its value and when it expires, in seconds since the epoch."""
    value = PREFIX + hexadecimal(seed_of(visit), 32, b"client secret")
    expires_at = visit.now + seconds * SECOND
    visit.simulator.client_secrets.keep(value, ClientSecret(visit.account.key, expires_at, session, beta))
    return value, expires_at // SECOND


def seed_of(visit: Visit) -> bytes:
    """What decides the ids that a request makes."""
    source = f"{visit.request_id} {visit.account.key}".encode("utf-8", "surrogatepass")
    return blake2b(source, digest_size=32).digest()


class CreateClientSecret:
    """`POST /v1/realtime/client_secrets`: free."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The secret, and the session as it will begin; raises BadRequest."""
        yield from ()
        eras.require(eras.GA, visit.simulator.settings.era, "POST", visit.request.path)
        body = visit.body if visit.body is not None else {}
        for name in body:
            if name not in ("expires_after", "session"):
                raise errors.unknown_parameter(name)
        for name, value in body.items():
            _CHECKS[name](name, value)
        given = body.get("session")
        asked = {"type": "realtime"} if given is None else given
        if type(asked) is not dict:
            raise errors.BadRequest("Invalid type for 'session': expected an object.", param="session")
        kind = checked_session(asked, "session")
        seconds = (body.get("expires_after") or {}).get("seconds") or _DEFAULT_SECONDS
        model: Model | None = None
        if kind == "transcription":
            started = new_transcription_session(session_id(visit), visit.now)
        else:
            name = asked.get("model") or DEFAULT_MODEL
            model = realtime_model(visit, name, "session.model")
            started = new_session(session_id(visit), name, visit.now)
        session = fitting(visit, started, asked, model)
        value, expires_at = mint(visit, session, seconds)
        return Page(pretty({"value": value, "expires_at": expires_at, "session": session}))


_CHECKS = {"expires_after": lifetime(), "session": anything}
