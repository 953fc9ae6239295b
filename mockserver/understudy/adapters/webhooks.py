"""Delivers webhooks: one POST to this machine, whose outcome is told. Nothing is tried again.

The signature's moment is that of the wall clock, whatever the server's own clock shows: a receiver compares it with its
own, and lets five minutes pass.
"""

from ipaddress import ip_address

from understudy.adapters.wallclock import wall_now
from understudy.core.webhooks import Delivery, Webhook, WebhookEvent, signed_headers

_PATIENCE = 10
"""Seconds in which a receiver must answer ("our choice")."""


def deliver(told: WebhookEvent, webhook: Webhook) -> Delivery:
    """Tell an application; waits for its answer, so that an event loop must not call it."""
    # Imported where somebody is told: most servers tell nobody.
    from http.client import HTTPConnection, HTTPException

    headers = signed_headers(told, webhook, wall_now() // 1_000_000)
    connection = HTTPConnection(webhook.host, webhook.port, timeout=_PATIENCE)
    try:
        connection.connect()
        # The name "localhost" is what the machine's own table says; nothing is sent before that is known.
        if not ip_address(connection.sock.getpeername()[0]).is_loopback:
            return Delivery(webhook.url, told.id, None, f"{webhook.host} is not this machine, so nothing was sent.")
        connection.request("POST", webhook.target, told.body, headers)
        status = connection.getresponse().status
    except (OSError, HTTPException) as problem:
        return Delivery(
            webhook.url, told.id, None, f"{webhook.url} did not answer: {problem or type(problem).__name__}."
        )
    finally:
        connection.close()
    error = None if 200 <= status < 300 else f"{webhook.url} answered {status}."
    return Delivery(webhook.url, told.id, status, error)
