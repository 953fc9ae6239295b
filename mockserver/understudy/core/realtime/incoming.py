"""SIP calls that a test lets come in: the invitation's headers, and the event that tells an application of them."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from understudy.core.accounts import Account
from understudy.core.dates import iso_time
from understudy.core.ids import hexadecimal
from understudy.core.realtime import eras
from understudy.core.realtime.calls import Call, CallKind, CallState, new_call_id
from understudy.core.simulator import Simulator
from understudy.core.webhooks import WebhookEvent, event

_MOST_HEADERS = 100
_LONGEST = 8_192
"""Of a header's name or value, in characters ("our choice")."""


class IncomingCallError(ValueError):
    """A call that cannot come in; its text is one sentence."""


def ring(simulator: Simulator, account: Account, headers: Sequence[tuple[str, str]], now: int) -> Call:
    """Let a call come in, which waits to be accepted or rejected.

    Args:
        simulator: whose calls they are.
        account: who is called.
        headers: of the SIP invitation, in their order; without any, those of a caller that is made up.
        now: microseconds since the epoch.

    Raises:
        IncomingCallError: a header that cannot be one, a date without calls, or a shared store.
    """
    if not simulator.store.answers_at_once:
        raise IncomingCallError("Realtime calls over a shared store are not simulated by Understudy yet.")
    if simulator.settings.era < eras.GA:
        raise IncomingCallError("Calls come in from 2025-08-28 on, and this server's date is an earlier one.")
    if len(headers) > _MOST_HEADERS:
        raise IncomingCallError(f"A call has at most {_MOST_HEADERS} SIP headers, not {len(headers)}.")
    for name, value in headers:
        _check(name, value)
    seed = blake2b(f"{account.key} {simulator.calls.next_number()} {simulator.settings.seed}".encode(), digest_size=32)
    call = Call(new_call_id(seed.digest()), account.key, CallKind.SIP, CallState.INCOMING)
    call.sip_headers = tuple(headers) or _made_up(account, seed.digest())
    simulator.calls.keep(call, now)
    return call


def _check(name: object, value: object) -> None:
    for what, text in (("name", name), ("value", value)):
        if not isinstance(text, str) or len(text) > _LONGEST:
            raise IncomingCallError(f"The {what} of a SIP header is a text of at most {_LONGEST} characters.")
        if not text.isprintable() or (what == "name" and (not text or " " in text or ":" in text)):
            raise IncomingCallError(f"{text[:64]!r} is no {what} of a SIP header.")


def _made_up(account: Account, seed: bytes) -> tuple[tuple[str, str], ...]:
    """Headers of an invitation as a carrier sends it, from a number that is kept for fiction."""
    caller, tag = "sip:+14255550100@127.0.0.1", hexadecimal(seed, 16, b"tag")
    return (
        ("Via", f"SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK{hexadecimal(seed, 16, b'branch')}"),
        ("From", f"<{caller}>;tag={tag}"),
        ("To", f"<sip:{account.project.id}@sip.api.openai.com;transport=tls>"),
        ("Call-ID", f"{hexadecimal(seed, 32, b'dialog')}@127.0.0.1"),
        ("CSeq", "1 INVITE"),
        ("Max-Forwards", "70"),
        ("Contact", f"<{caller};transport=tls>"),
        ("Content-Type", "application/sdp"),
    )


def incoming_event(call: Call, now: int) -> WebhookEvent:
    """`realtime.call.incoming`."""
    headers = [{"name": name, "value": value} for name, value in call.sip_headers]
    return event("realtime.call.incoming", {"call_id": call.id, "sip_headers": headers}, now, call.id.encode())


def call_facts(call: Call, account: str) -> dict[str, Any]:
    """A call as tests see it.

    Args:
        call: the call.
        account: the id of its account.
    """
    delivery = call.delivery
    return {
        "id": call.id,
        "account": account,
        "kind": call.kind.value,
        "state": call.state.value,
        "sip_headers": [{"name": name, "value": value} for name, value in call.sip_headers],
        "accepted_at": iso_time(call.begun_at) if call.begun_at else None,
        "model": call.model or None,
        "session": call.settings,
        "status_code": call.status_code,
        "target_uri": call.target_uri,
        "delivery": None
        if delivery is None
        else {
            "url": delivery.url,
            "event_id": delivery.event_id,
            "status": delivery.status,
            "error": delivery.error,
        },
    }
