"""What a request to open a realtime session leads to.

The socket always opens; who may not come in is told so by an `error` event and a close (recorded 2026): 3000 for keys,
4000 for the query, with `type.code` as the reason.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qs

import msgspec

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.errors import ApiError
from understudy.core.fault_delivery import Delivery
from understudy.core.faults import FAULT_HEADER, FaultError
from understudy.core.journal import JournalEntry
from understudy.core.messages import Answer, Headers, Request
from understudy.core.realtime import eras
from understudy.core.realtime.calls import Call, CallState
from understudy.core.realtime.hearing import DEFAULT_TRANSCRIBER
from understudy.core.realtime.session import Close, RealtimeSession
from understudy.core.realtime.wire import EventWriter, WireIds
from understudy.core.simulator import Simulator

PATH = "/v1/realtime"
_KEY_PROTOCOL = "openai-insecure-api-key."
_BETA_PROTOCOL = "openai-beta.realtime-v1"
_WRONG_KEY = 3000
_WRONG_QUERY = 4000
_UNAVAILABLE = 1011


class Turned:
    """Somebody who may not come in.

    Attributes:
        event: the `error` event.
        close: the close that follows it at once.
    """

    __slots__ = ("close", "event")

    def __init__(self, event: bytes, close: Close) -> None:
        self.event = event
        self.close = close


class Opened(msgspec.Struct, frozen=True):
    """What an upgrade came to.

    Attributes:
        what: a session; somebody who may not come in; or an answer that refuses the upgrade: a fault's, or that of a
            call that is not there.
        entry: its line in the journal.
        delivery: what a fault does to the connection, None for nothing.
        call: the call whose session it joins.
    """

    what: RealtimeSession | Turned | Answer
    entry: JournalEntry
    delivery: Delivery | None = None
    call: Call | None = None


class Found(msgspec.Struct, frozen=True):
    """What a shared store has said of a key.

    Attributes:
        account: whose it is, None when it is not accepted.
        asked: whether it was asked; a store that answers at once is asked by the door itself.
        refusal: why it has said nothing.
    """

    account: Account | None = None
    asked: bool = False
    refusal: ApiError | None = None


_NOT_ASKED = Found()


class _Refused(ApiError):
    """A refusal with its close code."""

    def __init__(self, close: int, message: str, code: str | None, param: str | None = None) -> None:
        super().__init__(message, code=code, param=param)
        self.close = close


def upgrade_headers(simulator: Simulator) -> Headers:
    """What the 101 carries beside the handshake: neither request id nor rate limits (recorded)."""
    return [
        (b"server", b"cloudflare"),
        (b"cf-cache-status", b"DYNAMIC"),
        (b"x-openai-proxy-wasm", b"v0.1"),
        (b"cf-ray", simulator.transport_ids.cf_ray().encode()),
    ]


def name_key(request: Request, protocols: list[str]) -> None:
    """Take the key from the sub-protocols, where a browser names it, unless a header does."""
    if b"authorization" not in request.headers:
        key = next((name.removeprefix(_KEY_PROTOCOL) for name in protocols if name.startswith(_KEY_PROTOCOL)), None)
        if key is not None:
            request.headers[b"authorization"] = b"Bearer " + key.encode("latin-1", "replace")


def open_session(
    simulator: Simulator, request: Request, protocols: list[str], now: int, found: Found = _NOT_ASKED
) -> Opened:
    """Let a session in, or turn it away.

    Over a shared store the account must have been asked for before, and the session has something `waiting` before its
    first event.

    Args:
        simulator: whose accounts it draws on.
        request: the upgrade request.
        protocols: the sub-protocols that the client offers; a browser names its key there.
        now: microseconds since the epoch.
        found: what a shared store has said of the key.
    """
    entry = simulator.journal.open(now, "", "", "GET", request.path, b"")
    entry.status = 101
    try:
        account = _let_in(simulator, request, protocols, entry, now, found)
        query: dict[str, list[str]] = parse_qs(request.query.decode("latin-1"))
        delivery = None
        if simulator.faults or FAULT_HEADER in request.headers:
            answer, delivery = _fault(simulator, request, account, query, entry, now)
            if answer is not None:
                return Opened(answer, entry, delivery)
        if "call_id" in query:
            return _join(simulator, query["call_id"][0], account, entry, delivery, now)
        return Opened(_open(simulator, request, protocols, account, query, entry, now), entry, delivery)
    except _Refused as refused:
        return Opened(_turned(simulator, refused, refused.close, entry, now), entry)
    except errors.Unauthorized as refused:
        return Opened(_turned(simulator, refused, _WRONG_KEY, entry, now), entry)
    except ApiError as refused:
        return Opened(_turned(simulator, refused, _WRONG_QUERY, entry, now), entry)


def _fault(
    simulator: Simulator,
    request: Request,
    account: Account,
    query: Mapping[str, list[str]],
    entry: JournalEntry,
    now: int,
) -> tuple[Answer | None, Delivery | None]:
    """The fault that a connection meets: an answer that refuses it, what is done to it, or both."""
    asked = request.header(FAULT_HEADER)
    try:
        model = query.get("model", [""])[0]
        fault = simulator.faults.next(request, account.key, model, now)
        if asked is not None:
            fault = simulator.faults.asked_for(asked)
    except FaultError as problem:
        raise _Refused(_WRONG_QUERY, str(problem), "understudy_fault") from None
    if fault is None:
        return None, None
    entry.fault = fault.name
    scripted = fault.answer(now)
    if scripted is None:
        return None, fault.delivery
    entry.status, entry.finished_at = scripted.status, now
    named = {name for name, _ in scripted.headers}
    told = [] if b"content-type" in named else [(b"content-type", scripted.content_type)]
    return Answer(scripted.status, told + scripted.headers, scripted.body), fault.delivery


def _let_in(
    simulator: Simulator, request: Request, protocols: list[str], entry: JournalEntry, now: int, found: Found
) -> Account:
    name_key(request, protocols)
    if isinstance(found.refusal, errors.Unauthorized):
        raise found.refusal
    if found.refusal is not None:
        raise _Refused(_UNAVAILABLE, found.refusal.message, found.refusal.code)
    account = simulator.let_in(found.account, request, now) if found.asked else simulator.authenticate(request, now)
    entry.key, entry.account = account.masked_key, account.id
    return account


def _open(
    simulator: Simulator,
    request: Request,
    protocols: list[str],
    account: Account,
    query: Mapping[str, list[str]],
    entry: JournalEntry,
    now: int,
) -> RealtimeSession:
    settings = simulator.settings
    beta = settings.era < eras.GA or _BETA_PROTOCOL in protocols or _asks_for_beta(request)
    if beta:
        eras.require_beta(settings.era, reject_retired=settings.reject_retired)
    secret = simulator.client_secrets.find(_bearer(request), now)
    if secret is not None:
        eras.require_version(session_is_beta=beta, secret_is_beta=secret.beta)
    start_from = None if secret is None else secret.session
    intent = query["intent"][0] if "intent" in query else "conversation"
    if intent not in ("conversation", *(("transcription",) if settings.era >= eras.TRANSCRIPTION_SESSIONS else ())):
        raise _Refused(_WRONG_QUERY, f"Invalid intent: {intent!r}.", "invalid_intent", "intent")
    transcribes = intent == "transcription" or (start_from is not None and start_from["type"] == "transcription")
    if start_from is not None and (start_from["type"] == "transcription") is not transcribes:
        what = "The client secret was made for another type of session."
        raise _Refused(_WRONG_QUERY, what, "invalid_intent", "intent")
    names: list[Any] = query.get("model", [])
    if transcribes:
        names = [DEFAULT_TRANSCRIBER]
    elif not names and start_from is not None:
        names = [start_from["model"]]
    if not names:
        raise _Refused(_WRONG_QUERY, "You must provide a model parameter.", "missing_model", "model")
    name = names[0]
    entry.model = "" if transcribes else name
    model = simulator.find_model(name, account)
    if model is None or not (transcribes or "realtime" in model.endpoints):
        raise _Refused(_WRONG_QUERY, f'Model "{name}" is not supported in realtime mode.', "invalid_model", "model")
    limit = simulator.catalog.session_limit(account.organization.tier, settings.era)
    if limit is not None and account.organization.sessions >= limit:
        # No refusal was recorded while there was this limit: "our choice".
        message = f"You have reached the limit of {limit} concurrent sessions of your usage tier."
        raise _Refused(_WRONG_QUERY, message, "session_limit_exceeded")
    fingerprint = blake2b(b"realtime" + name.encode(), digest_size=16).digest()
    seed = simulator.seed_for(account, fingerprint, account.repeat(fingerprint))
    return RealtimeSession(
        simulator,
        account,
        model,
        seed=seed,
        now=now,
        entry=entry,
        transcribes=transcribes,
        beta=beta,
        start_from=start_from,
    )


def _join(
    simulator: Simulator, call_id: str, account: Account, entry: JournalEntry, delivery: Delivery | None, now: int
) -> Opened:
    """The session of a call, which a socket joins and may leave; it began when the call was accepted.

    Where there is no such call, or none that was accepted, the upgrade itself is refused, with nothing in the body
    (reported 2025-09).
    """
    if not simulator.store.answers_at_once:
        # A call outlives its sockets, and nobody would await what its end asks of the store.
        what = "Realtime calls over a shared store are not simulated by Understudy yet."
        raise _Refused(_WRONG_QUERY, what, "not_simulated")
    call = simulator.calls.get(call_id, simulator.settings.era, now)
    if call is None or call.key != account.key or call.state is not CallState.ACTIVE:
        entry.status, entry.error, entry.finished_at = 404, "call_id_not_found", now
        return Opened(Answer(404, [*upgrade_headers(simulator), (b"x-content-type-options", b"nosniff")], b""), entry)
    if call.is_joined:
        # The real API lets several in; here one at a time ("our choice").
        raise _Refused(_WRONG_QUERY, f"The call '{call_id}' has been joined already.", "call_already_joined", "call_id")
    settings = call.settings or {}
    transcribes = settings.get("type") == "transcription"
    model = simulator.find_model(DEFAULT_TRANSCRIBER if transcribes else call.model, account)
    if model is None:
        message = f'Model "{call.model}" is not supported in realtime mode.'
        raise _Refused(_WRONG_QUERY, message, "invalid_model", "model")
    entry.model = call.model
    if call.session is None:
        call.session = RealtimeSession(
            simulator,
            account,
            model,
            seed=blake2b(call_id.encode(), digest_size=32).digest(),
            now=call.begun_at,
            entry=entry,
            transcribes=transcribes,
            beta=call.is_beta,
            start_from=settings,
            plays=not transcribes,
        )
    else:
        call.session.journal_in(entry)
    call.is_joined = True
    return Opened(call.session, entry, delivery, call)


def _asks_for_beta(request: Request) -> bool:
    """Whether the header names the beta interface, perhaps among others."""
    return "realtime=v1" in (request.header(b"openai-beta") or "").replace(" ", "").split(",")


def _bearer(request: Request) -> str:
    return (request.header(b"authorization") or "").partition(" ")[2].strip()


def _turned(simulator: Simulator, refused: ApiError, close: int, entry: JournalEntry, now: int) -> Turned:
    writer = EventWriter(WireIds(blake2b(simulator.transport_ids.request_id().encode()).digest()))
    reason = refused.type if refused.code is None else f"{refused.type}.{refused.code}"
    entry.error = refused.code or refused.type
    entry.finished_at = now
    entry.closed = close
    return Turned(writer.error(refused, None), Close(close, reason))
