"""The load generator measures what it says; how fast anything is, is none of a test's business."""

from __future__ import annotations

import asyncio
import math

import pytest
from benchmarks.load import Measured, cycle, drive, post
from benchmarks.servers import Unavailable

BODY = b'{"ok":true}'
SIZED = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)
EVENTS = b"data: 1\n\ndata: 2\n\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(EVENTS), EVENTS)
REFUSED = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nslow"


def measured(answer: bytes, *, pieces: int = 1, patience: float = 20, count: int = 12) -> Measured:
    """Twelve requests over three connections to a server that always answers the same."""
    step = -(-len(answer) // pieces)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]))
                for first in range(0, len(answer), step):
                    writer.write(answer[first : first + step])
                    await writer.drain()
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            # The generator has all that it wanted.
            pass
        finally:
            writer.close()

    async def run() -> Measured:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat/completions"
            requests = [post(url, BODY, "sk-a"), post(url, BODY, "sk-b")]
            return await drive("The peer", url, cycle(requests, count), 3, answer_seconds=patience)

    return asyncio.run(run())


@pytest.mark.parametrize("pieces", [1, 2, 7, 40])
@pytest.mark.parametrize(("answer", "events"), [(SIZED, 0), (CHUNKED, 24)])
def test_every_request_is_counted_once_however_its_answer_is_cut(answer: bytes, events: int, pieces: int) -> None:
    """By announced length and by the last chunk."""
    found = measured(answer, pieces=pieces)
    assert (found.requests, len(found.latencies), found.events) == (12, 12, events)
    assert found.size == 12 * len(EVENTS if events else BODY)
    assert 0 < found.percentile(0.5) <= found.percentile(0.99) <= found.seconds


def test_another_status_ends_the_round() -> None:
    """With what was answered: a round with errors measures nothing."""
    with pytest.raises(Unavailable, match=r"^The peer answered 429: slow\.$"):
        measured(REFUSED)


def test_what_is_no_http_ends_the_round() -> None:
    """In a sentence."""
    with pytest.raises(Unavailable, match=r"^The peer answered what is no HTTP"):
        measured(b"220 mail.example.com\r\n\r\n")


def test_a_server_that_does_not_answer_is_given_up() -> None:
    """In a sentence, not in a hang."""
    with pytest.raises(Unavailable, match=r"^The peer did not answer within 0\.2 seconds\.$"):
        measured(SIZED[:-1], patience=0.2)


def test_nothing_measured_is_no_figure() -> None:
    """Rather than 0."""
    assert math.isnan(Measured().percentile(0.5))
