"""Request bodies that come compressed, as the Codex CLI's do (measured, 2026-11: zstd), within bounds.

Never more is unpacked than the server would read unpacked: a body of a few bytes can stand for gigabytes.
"""

import sys
import zlib

from understudy.adapters.http.asgi import BodyTooLarge

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

_STEP = 1024 * 1024
"""Bytes that are unpacked at a time."""
_WINDOW_LOG = 23
"""Memory of a zstd frame: 8 MiB, the most that an HTTP body may ask for (RFC 9659)."""
_GZIP = 16 + zlib.MAX_WBITS


def unpacked(body: bytes, encoding: bytes, limit: int) -> bytes:
    """The body as it was before `Content-Encoding`; one that cannot be unpacked is given back as it is.

    It is then no JSON, which is what the caller is told (our choice).

    Args:
        body: as it was read.
        encoding: the header's value; `zstd`, `gzip` and `x-gzip` are known.
        limit: bytes that may come out.

    Raises:
        BodyTooLarge: more than `limit` would come out.
    """
    name = encoding.strip().lower()
    try:
        if name == b"zstd":
            return _unpacked_zstd(body, limit)
        if name in (b"gzip", b"x-gzip"):
            return _unpacked_gzip(body, limit)
    except (ZstdError, zlib.error, EOFError):
        return body
    return body


def _unpacked_zstd(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while body:
        frame = ZstdDecompressor(options={DecompressionParameter.window_log_max: _WINDOW_LOG})
        rest = body
        while not frame.eof:
            part = frame.decompress(rest, _STEP)
            rest = b""
            size = _within(size + len(part), limit)
            parts.append(part)
            if not part and frame.needs_input and not frame.eof:
                raise EOFError("the frame is cut")
        body = frame.unused_data
    return b"".join(parts)


def _unpacked_gzip(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while body:
        member = zlib.decompressobj(_GZIP)
        rest = body
        while not member.eof:
            part = member.decompress(rest, _STEP)
            rest = member.unconsumed_tail
            size = _within(size + len(part), limit)
            parts.append(part)
            if not part and not rest and not member.eof:
                raise EOFError("the member is cut")
        body = member.unused_data
    return b"".join(parts)


def _within(size: int, limit: int) -> int:
    if size > limit:
        raise BodyTooLarge(size)
    return size
