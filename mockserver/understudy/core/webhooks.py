"""Webhooks: what happened, told to an application and signed by the scheme of Standard Webhooks.

A message is signed over its id, its moment and its body with the secret that both sides know (`whsec_` and base64).
Events from the OpenAPI document 2026-08-21, headers from the guide on webhooks (2025-06). Delivering is an adapter's.

No call leaves the machine: a URL that is not on this machine is refused.
"""

import base64
import binascii
import hmac
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec

from understudy.core.clock import SECOND
from understudy.core.ids import hexadecimal
from understudy.core.serialise import encode

_PREFIX = "whsec_"
_USER_AGENT = "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"


class WebhookError(ValueError):
    """A URL or a secret that cannot be used; its text is one sentence."""


class Webhook(msgspec.Struct, frozen=True):
    """Where events go.

    Attributes:
        host: `localhost` or an address of this machine.
        port: of it.
        target: path and query.
        secret: the bytes that sign.
        url: as it was given.
    """

    host: str
    port: int
    target: str
    secret: bytes
    url: str


class WebhookEvent(msgspec.Struct, frozen=True):
    """Something that happened.

    Attributes:
        id: `evt_` and 32 hexadecimal digits.
        message_id: `wh_` and 32 of them, of this message.
        body: its JSON.
    """

    id: str
    message_id: str
    body: bytes


def webhook_to(url: str, secret: str) -> Webhook:
    """Read where events go.

    Raises:
        WebhookError: it is not on this machine, no URL, or no secret.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as problem:
        raise WebhookError(f"The webhook URL {url!r} cannot be read: {problem}.") from None
    if parts.scheme != "http" or not host:
        raise WebhookError(f"The webhook URL {url!r} is not of the form http://127.0.0.1:8000/path.")
    if not _is_here(host):
        raise WebhookError(
            f"The webhook URL {url!r} is not on this machine: no call leaves it, so only localhost, 127.0.0.1 and "
            "[::1] are accepted."
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or any(character <= " " for character in target):
        raise WebhookError(f"The webhook URL {url!r} has characters that must be percent-encoded.")
    return Webhook(host, 80 if port is None else port, target, _secret(secret), url)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _secret(secret: str) -> bytes:
    told = "The webhook secret must be 'whsec_' and base64, as the platform shows it."
    if not secret.startswith(_PREFIX):
        raise WebhookError(told)
    try:
        read = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise WebhookError(told) from None
    if not read:
        raise WebhookError(told)
    return read


def event(kind: str, data: dict[str, Any], now: int, seed: bytes) -> WebhookEvent:
    """An event as it is told.

    Args:
        kind: its type, such as `realtime.call.incoming`.
        data: of it.
        now: microseconds since the epoch.
        seed: decides its ids.
    """
    event_id = "evt_" + hexadecimal(seed, 32, b"event")
    body = {"object": "event", "id": event_id, "type": kind, "created_at": now // SECOND, "data": data}
    return WebhookEvent(event_id, "wh_" + hexadecimal(seed, 32, b"message"), encode(body))


def signed_headers(told: WebhookEvent, webhook: Webhook, moment: int) -> dict[str, str]:
    """The headers of a message.

    Args:
        told: the event.
        webhook: where it goes.
        moment: seconds since the epoch by the receiver's clock, which it compares.
    """
    signed = f"{told.message_id}.{moment}.".encode() + told.body
    signature = base64.b64encode(hmac.new(webhook.secret, signed, sha256).digest()).decode()
    return {
        "user-agent": _USER_AGENT,
        "content-type": "application/json",
        "webhook-id": told.message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1,{signature}",
    }


class Delivery(msgspec.Struct, frozen=True):
    """What came of telling somebody.

    Attributes:
        url: where.
        event_id: what.
        status: of the answer, None when there was none.
        error: what went wrong, in a sentence; None when the answer was 2xx.
    """

    url: str
    event_id: str
    status: int | None = None
    error: str | None = None
