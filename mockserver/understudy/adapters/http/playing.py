"""Playing an answer out over ASGI: whole bodies at once, streams part by part on the clock.

What a fault does to the socket itself is beyond ASGI. Where no door lends its socket, an answer that would end the
connection ends here with an error instead, and lengths and writes are the server's own.
"""

import asyncio

from understudy.adapters.http.asgi import Receive, Send
from understudy.adapters.waiting import wait_until
from understudy.core.clock import Clock
from understudy.core.messages import Answer, Stream
from understudy.core.wire import Ending, Wire

JOINED_PARTS = 16
"""Parts without a moment of their own are sent so many at a time: a send costs more than a part."""


class ConnectionLost(Exception):
    """A fault ends the connection: whoever serves the application closes it."""


async def play(answer: Answer, clock: Clock, receive: Receive, send: Send) -> None:
    """Send an answer; stop when the client has gone.

    Raises:
        ConnectionLost: a fault ends the connection here.
    """
    body = answer.body
    wire = answer.wire
    if wire is not None and wire.headless:
        await _came_due(clock, answer.due, receive)
        raise ConnectionLost
    if answer.due and not await _came_due(clock, answer.due, receive):
        if not isinstance(body, bytes):
            body.finish(clock.now(), complete=False)
        return
    if isinstance(body, bytes):
        headers = answer.headers
        if answer.sized:
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    complete = False
    try:
        complete = await _play_stream(body, clock, receive, send, wire or Wire())
    finally:
        body.finish(clock.now(), complete=complete)
    if wire is not None and wire.ending is Ending.HOLD:
        await until_gone(receive)


async def _play_stream(stream: Stream, clock: Clock, receive: Receive, send: Send, wire: Wire) -> bool:
    """Whether everything was handed over before the client went."""
    gone = asyncio.ensure_future(until_gone(receive))
    try:
        waiting: list[bytes] = []
        first = True
        for due, part in stream.parts():
            if due and due > clock.now():
                if waiting:
                    await send({"type": "http.response.body", "body": b"".join(waiting), "more_body": True})
                    waiting = []
                await wait_or_gone(clock, due, gone)
                if gone.done():
                    return False
            waiting.append(part)
            if first or len(waiting) >= JOINED_PARTS:
                await send({"type": "http.response.body", "body": b"".join(waiting), "more_body": True})
                waiting = []
                first = False
                # Let the bytes leave, others work, and a client that has gone be noticed.
                await asyncio.sleep(0)
                if gone.done():
                    return False
        if wire.ordinary:
            await send({"type": "http.response.body", "body": b"".join(waiting)})
            return not gone.done()
        await send({"type": "http.response.body", "body": b"".join(waiting), "more_body": True})
        if wire.ending in (Ending.FIN, Ending.RST) and not gone.done():
            raise ConnectionLost
        if wire.ending is Ending.KEEP:
            await send({"type": "http.response.body", "body": b""})
        return not gone.done()
    finally:
        gone.cancel()


async def _came_due(clock: Clock, due: int, receive: Receive) -> bool:
    """Wait; whether the client is still there."""
    if due <= clock.now():
        return True
    gone = asyncio.ensure_future(until_gone(receive))
    try:
        await wait_or_gone(clock, due, gone)
        return not gone.done()
    finally:
        gone.cancel()


async def until_gone(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def wait_or_gone(clock: Clock, due: int, gone: "asyncio.Future[None]") -> None:
    """Return at `due`, or when the client has gone."""
    waiter = asyncio.ensure_future(wait_until(clock, due))
    try:
        await asyncio.wait((waiter, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()
