"""Compressed request bodies: unpacked within bounds, and left alone where they cannot be."""

from __future__ import annotations

import gzip
import json
import sys
import urllib.error
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy import MockServer
from understudy.adapters.http.asgi import BodyTooLarge
from understudy.adapters.http.encodings import unpacked

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS = {b"zstd": zstd.compress, b"gzip": gzip.compress}
LIMIT = 4 * 1024 * 1024


@pytest.mark.parametrize("encoding", PACKERS)
@given(body=st.binary(max_size=5_000), again=st.binary(max_size=100))
def test_what_was_packed_comes_out(encoding: bytes, body: bytes, again: bytes) -> None:
    """Also of several frames after each other."""
    pack = PACKERS[encoding]
    assert unpacked(pack(body), encoding, LIMIT) == body
    assert unpacked(pack(body) + pack(again), encoding.upper(), LIMIT) == body + again


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_bomb_is_refused_before_it_is_unpacked(encoding: bytes) -> None:
    """A body of some kilobytes that stands for a hundred megabytes; one that just fits is read."""
    pack = PACKERS[encoding]
    with pytest.raises(BodyTooLarge) as refused:
        unpacked(pack(bytes(100 * 1024 * 1024)), encoding, LIMIT)
    assert refused.value.read <= LIMIT + 1024 * 1024
    assert len(unpacked(pack(bytes(LIMIT)), encoding, LIMIT)) == LIMIT
    with pytest.raises(BodyTooLarge):
        unpacked(pack(bytes(LIMIT + 1)), encoding, LIMIT)


def test_a_frame_that_asks_for_too_much_memory_is_not_unpacked() -> None:
    """Its window is larger than HTTP allows (RFC 9659)."""
    greedy = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    body = greedy.compress(bytes(range(256)) * 64) + greedy.flush()
    assert unpacked(body, b"zstd", LIMIT) == body


@pytest.mark.parametrize("encoding", [b"zstd", b"gzip", b"br", b"identity", b""])
@given(body=st.binary(max_size=200))
def test_what_cannot_be_unpacked_stays_as_it_is(encoding: bytes, body: bytes) -> None:
    """Whatever the bytes are; cut ones too."""
    assert unpacked(b"{" + body, encoding, LIMIT) == b"{" + body
    pack = PACKERS.get(encoding)
    if pack is not None:
        cut = pack(b"x" * 50 + body)[:-3]
        assert unpacked(cut, encoding, LIMIT) == cut


def test_codex_turns_come_compressed_over_the_wire() -> None:
    """zstd, gzip or neither: the same answer; on the platform's paths nothing is unpacked; and a limit on all."""
    turn = {
        "model": "gpt-5.4",
        "input": [{"role": "user", "content": "Say exactly: one two three"}],
        "store": False,
        "stream": True,
    }
    body = json.dumps(turn).encode()

    def post(path: str, packed: bytes, encoding: str) -> tuple[int, bytes]:
        request = urllib.request.Request(
            server.base_url.removesuffix("/v1") + path,
            packed,
            {"authorization": "Bearer sk-plus-1", "content-encoding": encoding, "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    path = "/backend-api/codex/responses"
    with MockServer(body_limit=65_536) as server:
        for encoding, packed in (("zstd", zstd.compress(body)), ("gzip", gzip.compress(body)), ("identity", body)):
            status, said = post(path, packed, encoding)
            assert (status, b"one two three" in said) == (200, True)
        assert post(path, zstd.compress(bytes(10**6)), "zstd")[0] == 413
        assert post(path, b"not packed", "gzip")[0] == 400
        assert post("/v1/chat/completions", gzip.compress(body), "gzip")[0] == 400
        assert server.journal.select(path=path)[0].body == body
