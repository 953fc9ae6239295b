"""`/v1/realtime/calls`: offers of WebRTC answered, calls accepted, rejected, referred and hung up. All of it is free.

Bodies from the OpenAPI document 2026-08-21; a rejection has a SIP status of 300 to 699 (help of the official CLI).
What succeeds answers 200 without a body. An id that names no call is told before a wrong body, and a wrong body before
a wrong state ("our choice").
"""

from collections.abc import Generator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec

from understudy.core import errors
from understudy.core.endpoints.form_fields import read_form
from understudy.core.parameters import Check, check_all, integer, optional, string
from understudy.core.realtime import eras
from understudy.core.realtime.calls import Call, CallEvent, CallKind, CallState, new_call_id
from understudy.core.realtime.client_secrets import DEFAULT_MODEL, checked_session, fitting, realtime_model, seed_of
from understudy.core.realtime.session_description import answer_to, read_offer
from understudy.core.realtime.session_fields import SESSION_FIELDS, merged, new_session, new_transcription_session
from understudy.core.visits import Page, Visit

_SDP = b"application/sdp"
_EMPTY = b"text/plain; charset=utf-8"
"""Of an answer without a body ("our choice")."""


class CreateCall:
    """`POST /v1/realtime/calls`: an offer, alone with an ephemeral key or with its session in a form."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The answer to the offer, 201, with the call's path; raises BadRequest."""
        yield from ()
        _check_surroundings(visit)
        offered, asked = self._read(visit)
        settings, model = self._session(visit, asked)
        return _connected(visit, offered, settings, model)

    @staticmethod
    def _read(visit: Visit) -> tuple[str, dict[str, Any] | None]:
        """The offer, and the session that came with it in the form; None where there was no form."""
        request = visit.request
        kind = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
        if kind == _SDP.decode():
            return request.body.decode("utf-8", "replace"), None
        form = read_form(request, visit.simulator.media, files=())
        for name in form:
            if name not in ("sdp", "session"):
                raise errors.unknown_parameter(name)
        if "sdp" not in form:
            raise errors.missing("sdp")
        given = form.get("session")
        if given is None:
            return str(form["sdp"]), {}
        try:
            session = msgspec.json.decode(str(given))
        except (msgspec.DecodeError, RecursionError):
            raise errors.BadRequest("Invalid JSON in 'session'.", param="session") from None
        if type(session) is not dict:
            raise errors.wrong_type("session", "an object", session)
        checked_session(session, "session")
        return str(form["sdp"]), session

    @staticmethod
    def _session(visit: Visit, asked: dict[str, Any] | None) -> tuple[dict[str, Any], str]:
        """What the session starts from, and its model: as the form says, else the query, else the key."""
        base = _of_key(visit, beta=False)
        settings = merged(base, asked or {}) if base else asked or {}
        if settings.get("type") == "transcription":
            fitting(visit, new_transcription_session("", visit.now), settings, None)
            return settings, ""
        name = (asked or {}).get("model") or _queried_model(visit) or base.get("model")
        if name is None and asked is None:
            raise _no_model()
        name = name or DEFAULT_MODEL
        model = realtime_model(visit, name, "session.model")
        fitting(visit, new_session("", name, visit.now), settings, model)
        return {"type": "realtime", **settings}, name


class CreateBetaCall:
    """`POST /v1/realtime`: an offer to the beta interface, alone; the model is in the query, or was named for the key.

    As the guide on WebRTC of 2024-12 has it. The session that joins such a call speaks the beta interface.
    """

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The answer to the offer, 201, with the call's path; raises BadRequest."""
        yield from ()
        era = visit.simulator.settings.era
        eras.require(eras.EPHEMERAL_KEYS, era, "POST", visit.request.path)
        eras.require_beta(era, reject_retired=visit.reject_retired)
        _check_store(visit)
        settings = _of_key(visit, beta=True)
        name = _queried_model(visit) or settings.get("model")
        if settings.get("type") == "transcription":
            name = ""
        elif name is None:
            raise _no_model()
        else:
            realtime_model(visit, name, "model")
        return _connected(visit, visit.request.body.decode("utf-8", "replace"), settings, name, beta=True)


def _of_key(visit: Visit, *, beta: bool) -> dict[str, Any]:
    """What was configured for an ephemeral key; nothing for an ordinary one. Raises BadRequest of the wrong version."""
    secret = visit.simulator.client_secrets.find(visit.bearer, visit.now)
    if secret is None:
        return {}
    eras.require_version(session_is_beta=beta, secret_is_beta=secret.beta)
    return secret.session


def _queried_model(visit: Visit) -> str | None:
    named = parse_qs(visit.request.query.decode("latin-1")).get("model")
    return None if named is None else named[0]


def _no_model() -> errors.BadRequest:
    return errors.BadRequest("You must provide a model parameter.", code="missing_model", param="model")


def _connected(visit: Visit, offered: str, settings: dict[str, Any], model: str, *, beta: bool = False) -> Page:
    """Answer an offer and begin its call; raises BadRequest of what is no offer."""
    media = read_offer(offered)
    call_id = new_call_id(seed_of(visit))
    call = Call(call_id, visit.account.key, CallKind.WEBRTC, CallState.ACTIVE, is_beta=beta)
    call.begun_at, call.model, call.settings = visit.now, model, settings
    visit.simulator.calls.keep(call, visit.now)
    location = [(b"location", f"/v1/realtime/calls/{call_id}".encode())]
    return Page(answer_to(media, call_id.encode()).encode(), 201, location, _SDP, model=model)


class _OfCall:
    """An operation on a call: its body is checked, then it happens.

    Attributes:
        known: parameters of the body.
        required: those that must be there.
    """

    known: ClassVar[Mapping[str, Check]] = {}
    required: ClassVar[tuple[str, ...]] = ()

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """200; raises NotFound of an id that names no call, and BadRequest."""
        yield from ()
        _check_surroundings(visit)
        simulator = visit.simulator
        call = simulator.calls.find(visit.names["call_id"], visit.account.key, simulator.settings.era, visit.now)
        if visit.body is None and visit.request.body.strip():
            raise errors.not_json()
        body = visit.body or {}
        for name in self.required:
            if name not in body:
                raise errors.missing(name)
        check_all(body, self.known)
        self.happen(call, body, visit)
        return Page(content_type=_EMPTY)

    def happen(self, call: Call, body: dict[str, Any], visit: Visit) -> None:
        """Do it; raises BadRequest where the call is not in the state for it."""
        raise NotImplementedError


class AcceptCall(_OfCall):
    """`POST /v1/realtime/calls/{call_id}/accept`: the body is the session."""

    known: ClassVar[Mapping[str, Check]] = {**SESSION_FIELDS, "model": optional(string())}
    required = ("type",)

    def happen(self, call: Call, body: dict[str, Any], visit: Visit) -> None:
        """Begin the session."""
        call.check(CallEvent.ACCEPT)
        name = body.get("model") or DEFAULT_MODEL
        model = realtime_model(visit, name, "model")
        fitting(visit, new_session("", name, visit.now), body, model, path="")
        call.accept(name, body, visit.now)


class RejectCall(_OfCall):
    """`POST /v1/realtime/calls/{call_id}/reject`."""

    known: ClassVar[Mapping[str, Check]] = {"status_code": optional(integer(300, 699))}

    def happen(self, call: Call, body: dict[str, Any], visit: Visit) -> None:
        """Tell the caller, 603 Decline unless another status is given."""
        call.take(CallEvent.REJECT, visit.now)
        given = body.get("status_code")
        call.status_code = 603 if given is None else given


class ReferCall(_OfCall):
    """`POST /v1/realtime/calls/{call_id}/refer`."""

    known: ClassVar[Mapping[str, Check]] = {"target_uri": string(minimum=1)}
    required = ("target_uri",)

    def happen(self, call: Call, body: dict[str, Any], visit: Visit) -> None:
        """Hand the caller on: the call has left, and its session ends."""
        if not body["target_uri"].strip():
            raise errors.empty_string("target_uri")
        call.take(CallEvent.REFER, visit.now)
        call.target_uri = body["target_uri"]


class HangUpCall(_OfCall):
    """`POST /v1/realtime/calls/{call_id}/hangup`."""

    def happen(self, call: Call, body: dict[str, Any], visit: Visit) -> None:
        """End it."""
        call.take(CallEvent.HANG_UP, visit.now)


def _check_surroundings(visit: Visit) -> None:
    eras.require(eras.GA, visit.simulator.settings.era, "POST", visit.request.path)
    _check_store(visit)


def _check_store(visit: Visit) -> None:
    if not visit.simulator.store.answers_at_once:
        raise errors.not_simulated("Realtime calls over a shared store are")
