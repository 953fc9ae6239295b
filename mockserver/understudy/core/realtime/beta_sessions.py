"""Ephemeral keys of the beta interface: `POST /v1/realtime/sessions` and `/v1/realtime/transcription_sessions`.

Both answer with the session that the key opens and the key inside it; it holds for a minute unless more is asked for
(types of the official SDK 1.109). The OpenAPI document of 2026-08-21 describes the answer by names of the GA interface;
here it has those of the interface itself, as logs of 2025 do.
"""

from collections.abc import Generator, Mapping
from typing import Any

from understudy.core import errors
from understudy.core.parameters import Check, check_all, string
from understudy.core.realtime import beta, eras
from understudy.core.realtime.client_secrets import DEFAULT_MODEL, fitting, lifetime, mint, realtime_model, session_id
from understudy.core.realtime.session_fields import new_transcription_session, session_lifetime
from understudy.core.serialise import pretty
from understudy.core.visits import Page, Visit

_SECONDS = 60
_FIRST_MODEL = "gpt-4o-realtime-preview"
"""Where a session names none, before there was a model of the GA interface ("our choice")."""


class CreateSession:
    """`POST /v1/realtime/sessions`: free."""

    known: Mapping[str, Check] = {
        **beta.SESSION_FIELDS,
        "model": string(),
        "client_secret": lifetime("expires_after"),
    }

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The session with its key; raises BadRequest, or NotFound where there is no such thing."""
        yield from ()
        era = visit.simulator.settings.era
        body = _body(visit, eras.EPHEMERAL_KEYS, self.known)
        name = body.get("model") or (DEFAULT_MODEL if era >= eras.GA else _FIRST_MODEL)
        model = realtime_model(visit, name, "model")
        started = beta.new_beta_session(session_id(visit), name, visit.now, session_lifetime(era))
        session = fitting(visit, started, beta.read_session(body), model, path="", beta=True)
        return _page(visit, session, _seconds(body, "expires_after"))


class CreateTranscriptionSession:
    """`POST /v1/realtime/transcription_sessions`: free."""

    known: Mapping[str, Check] = {**beta.TRANSCRIPTION_FIELDS, "client_secret": lifetime("expires_at")}

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The session with its key; raises BadRequest, or NotFound where there is no such thing."""
        yield from ()
        body = _body(visit, eras.TRANSCRIPTION_SESSIONS, self.known)
        started = new_transcription_session(session_id(visit), visit.now)
        session = fitting(visit, started, beta.read_transcription(body), None, path="", beta=True)
        return _page(visit, session, _seconds(body, "expires_at"))


def _body(visit: Visit, start: int, known: Mapping[str, Check]) -> dict[str, Any]:
    era = visit.simulator.settings.era
    eras.require(start, era, "POST", visit.request.path)
    eras.require_beta(era, reject_retired=visit.reject_retired)
    if visit.body is None and visit.request.body:
        raise errors.not_json()
    body = visit.body or {}
    check_all(body, known)
    return body


def _seconds(body: Mapping[str, Any], name: str) -> int:
    asked: int | None = ((body.get("client_secret") or {}).get(name) or {}).get("seconds")
    return asked or _SECONDS


def _page(visit: Visit, session: dict[str, Any], seconds: int) -> Page:
    value, expires_at = mint(visit, session, seconds, beta=True)
    secret = {"value": value, "expires_at": expires_at}
    return Page(pretty(beta.shown_session(session, visit.simulator.settings.era, secret)))
