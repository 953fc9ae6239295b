"""The header sets of the real API (recorded traffic, 2025-09 to 2026-08).

On everything: date, server, cf-ray, cf-cache-status, alt-svc, strict-transport-security,
x-content-type-options, x-request-id. The engine's answers add the `openai-*` set; chat, completions and
embeddings add the rate-limit trios. `set-cookie` is left out on purpose (docs/deviations.md).
"""

from understudy.core.accounts import Account
from understudy.core.dates import http_date
from understudy.core.durations import go_duration
from understudy.core.ids import TransportIds
from understudy.core.limits import Trio
from understudy.core.messages import Headers

JSON = b"application/json"
EDGE_JSON = b"application/json; charset=utf-8"
EVENT_STREAM = b"text/event-stream; charset=utf-8"

_EVERYWHERE: Headers = [
    (b"cf-cache-status", b"DYNAMIC"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains; preload"),
    (b"x-content-type-options", b"nosniff"),
    (b"server", b"cloudflare"),
    (b"alt-svc", b'h3=":443"; ma=86400'),
]
PROXY = (b"x-openai-proxy-wasm", b"v0.1")
"""On chat, completions, embeddings, audio, files, models, batches; not on images and responses."""


def base(content_type: bytes, request_id: str, ids: TransportIds, now: int) -> Headers:
    """What every answer carries."""
    return [
        (b"date", http_date(now)),
        (b"content-type", content_type),
        (b"x-request-id", request_id.encode()),
        (b"cf-ray", ids.cf_ray().encode()),
        *_EVERYWHERE,
    ]


_EXPOSED = (b"access-control-expose-headers", b"X-Request-ID")
_VERSION = (b"openai-version", b"2020-10-01")


def engine(account: Account | None, processing: int) -> Headers:
    """What the engine behind the edge adds.

    Args:
        account: whose organization and project are named; None where the caller is not known.
        processing: simulated microseconds of work.
    """
    worked = (b"openai-processing-ms", b"%d" % (processing // 1000 or 1))
    if account is None:
        return [_EXPOSED, worked, _VERSION]
    return [
        _EXPOSED,
        worked,
        _VERSION,
        (b"openai-organization", account.organization.header),
        (b"openai-project", account.project_header),
    ]


def rate_limits(requests: Trio | None, tokens: Trio | None) -> Headers:
    """The rate-limit trios, of the kinds that have a limit."""
    added: Headers = []
    if requests is not None:
        added += (
            (b"x-ratelimit-limit-requests", b"%d" % requests.limit),
            (b"x-ratelimit-remaining-requests", b"%d" % requests.remaining),
            (b"x-ratelimit-reset-requests", go_duration(requests.reset).encode()),
        )
    if tokens is not None:
        added += (
            (b"x-ratelimit-limit-tokens", b"%d" % tokens.limit),
            (b"x-ratelimit-remaining-tokens", b"%d" % tokens.remaining),
            (b"x-ratelimit-reset-tokens", go_duration(tokens.reset).encode()),
        )
    return added


def retry(wait: int) -> Headers:
    """`retry-after` in whole seconds and `retry-after-ms`, both rounded up, so that who obeys is let in.

    Args:
        wait: microseconds until the request fits.
    """
    return [
        (b"retry-after", b"%d" % max(-(-wait // 1_000_000), 1)),
        (b"retry-after-ms", b"%d" % max(-(-wait // 1000), 1)),
    ]
