"""Words about settings: how the key travels."""

from functools import partial

from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.expectations import Kind, Part, Word

_wire = partial(Word, part=Part.WIRE)


def _bearer_once(evidence: Evidence) -> bool:
    """Whether every request has one Authorization header, with the key of a call as a bearer token (RFC 6750, 2.1)."""
    keys = {call.canary.key for call in evidence.calls}
    told = [
        [value.partition(" ") for name, value in exchange.headers if name.lower() == "authorization"]
        for exchange in evidence.log.exchanges
    ]
    return bool(told) and all(
        len(values) == 1 and values[0][0].lower() == "bearer" and values[0][2] in keys for values in told
    )


SETTINGS_WORDS: dict[str, Word] = {
    "bearer_once": _wire(
        Kind.TRUTH, help="each request has one Authorization header, with the key as a bearer token",
        read=_bearer_once, parameters=(),
    ),
}  # fmt: skip
"""Each with what it reads."""
