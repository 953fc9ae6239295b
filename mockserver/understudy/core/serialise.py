"""JSON in the layouts of the real API (recorded traffic, 2023-2026).

Bodies of 200s are indented by two; some end in a newline. Errors of the edge are indented by four and end in
a newline, errors of the engine are indented by two and don't. Events of a stream are compact. Text outside
ASCII is sent as it is, not escaped.
"""

from typing import Any

import msgspec

from understudy.core.errors import ApiError, Layer

_encoder = msgspec.json.Encoder()
encode = _encoder.encode
"""Compact JSON bytes of any value."""
_decode = msgspec.json.Decoder().decode


def pretty(value: object, indent: int = 2) -> bytes:
    """Indented JSON without a final newline."""
    return msgspec.json.format(encode(value), indent=indent)


def error_body(error: ApiError) -> bytes:
    """The envelope, laid out as its layer does."""
    told = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    envelope = {"error": {**told, **error.details} if error.details else told}
    if error.layer is Layer.EDGE:
        # The edge is written in Go, which escapes these three in JSON text.
        body = pretty(envelope, indent=4)
        return body.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026") + b"\n"
    return pretty(envelope)


def decode_object(body: bytes) -> dict[str, Any] | None:
    """The decoded JSON object, None when it is not one (or is nested too deeply to be read)."""
    try:
        decoded = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return decoded if type(decoded) is dict else None
