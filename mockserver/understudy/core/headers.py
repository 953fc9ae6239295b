"""The header sets of the real API (recorded traffic, 2025-09 to 2026-08).

On everything: date, server, cf-ray, cf-cache-status, alt-svc, strict-transport-security,
x-content-type-options, x-request-id. The engine's answers add the `openai-*` set; chat, completions and
embeddings add the rate-limit trios. `set-cookie` is left out on purpose (docs/deviations.md).
"""

import msgspec

from understudy.core.accounts import Account, Admission
from understudy.core.dates import http_date
from understudy.core.durations import go_duration
from understudy.core.ids import TransportIds
from understudy.core.messages import Headers, Request

JSON = b"application/json"
EDGE_JSON = b"application/json; charset=utf-8"
EVENT_STREAM = b"text/event-stream; charset=utf-8"
PLAIN_EVENT_STREAM = b"text/event-stream"
"""Of legacy completions, without a charset (recorded 2025-09)."""

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
_EXPOSED_BEHIND = (b"access-control-expose-headers", b"CF-Ray, CF-Ray, X-Request-ID")
"""Twice the same name, as it is sent (recorded since spring 2026)."""
_BEHIND = ("/v1/responses", "/v1/conversations")
CHALLENGE = (b"www-authenticate", b'Bearer realm="OpenAI API"')
"""Of a 401 by the engine (17 of 17 recordings)."""
_VERSION = (b"openai-version", b"2020-10-01")


def is_behind(path: str) -> bool:
    """Whether the engine itself answers on this path, refusals included: nothing of it comes from the edge."""
    return path.startswith(_BEHIND)


def engine(account: Account | None, processing: int, path: str = "") -> Headers:
    """What the engine behind the edge adds.

    Args:
        account: whose organization and project are named; None where the caller is not known.
        processing: simulated microseconds of work.
        path: of the request.
    """
    worked = (b"openai-processing-ms", b"%d" % (processing // 1000 or 1))
    exposed = _EXPOSED_BEHIND if is_behind(path) else _EXPOSED
    if account is None:
        return [exposed, worked, _VERSION]
    return [
        exposed,
        worked,
        _VERSION,
        (b"openai-organization", account.organization.header),
        (b"openai-project", account.project.header),
    ]


def of_completions(model: str, request: Request) -> Headers:
    """What the 200s of legacy completions have beside (34 of 36 recordings, 2025-09 to 2026-03).

    Args:
        model: the dated name.
        request: one with an Origin has `access-control-allow-origin` already.
    """
    added: Headers = [
        (b"openai-model", model.encode()),
        (b"cache-control", b"no-cache, must-revalidate"),
        (b"via", b"envoy-router-5d6f8c9b47-v5z7x"),
    ]
    if b"origin" not in request.headers:
        added.append((b"access-control-allow-origin", b"*"))
    return added


class RetryHeaders(msgspec.Struct, frozen=True):
    """Which headers tell a refused client when to come again.

    Attributes:
        retry_after: `retry-after` of a rate-limit 429: on, off, or seconds (milliseconds below) to say instead.
        retry_after_ms: `retry-after-ms` of the same.
        should_retry: `x-should-retry` of every 429, None for none.
    """

    retry_after: bool | int = True
    retry_after_ms: bool | int = True
    should_retry: bool | None = None


def rate_limits(admission: Admission, *, with_images: bool) -> Headers:
    """The rate-limit trios, of the kinds that have a limit; those of a project when it has its own (recorded 2025).

    Args:
        admission: the decision.
        with_images: whether the request has images: then their trio is there too (recorded 2025 and 2026).
    """
    added: Headers = []
    for kind, trio in (
        (b"requests", admission.requests),
        (b"tokens", admission.tokens),
        (b"input-images", admission.images if with_images else None),
        (b"project-requests", admission.project_requests),
        (b"project-tokens", admission.project_tokens),
    ):
        if trio is not None:
            added += (
                (b"x-ratelimit-limit-" + kind, b"%d" % trio.limit),
                (b"x-ratelimit-remaining-" + kind, b"%d" % trio.remaining),
                (b"x-ratelimit-reset-" + kind, go_duration(trio.reset).encode()),
            )
    return added


def retry(wait: int | None, wanted: RetryHeaders) -> Headers:
    """`retry-after` in whole seconds and `retry-after-ms`, both rounded up, so that who obeys is let in.

    Args:
        wait: microseconds until the request fits, None where that is not known (a quota).
        wanted: which of them are sent; figures that were set are sent whatever the wait is.
    """
    added: Headers = []
    for name, setting, unit in (
        (b"retry-after", wanted.retry_after, 1_000_000),
        (b"retry-after-ms", wanted.retry_after_ms, 1_000),
    ):
        if setting is True:
            if wait is not None:
                added.append((name, b"%d" % max(-(-wait // unit), 1)))
        elif setting is not False:
            added.append((name, b"%d" % setting))
    if wanted.should_retry is not None:
        added.append((b"x-should-retry", b"true" if wanted.should_retry else b"false"))
    return added
