"""Sockets that join calls: one sits at a time, is told when the call is over, and makes room when its client has gone.

A client that closes a socket and joins again at once may be quicker than this server is with the old socket: what it
was doing for that (making speech, mostly) is waited for, so that nobody is refused by a seat that is as good as free.
"""

import asyncio
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

from understudy.adapters.ws.frames import Frames
from understudy.core.messages import Request
from understudy.core.realtime.calls import Call
from understudy.core.simulator import Simulator


class _Seat:
    """A socket that sits.

    Attributes:
        frames: of its client.
        left: set when the next one may sit.
    """

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.left = asyncio.Event()


_seats: WeakKeyDictionary[Call, _Seat] = WeakKeyDictionary()


async def until_free(request: Request, simulator: Simulator) -> None:
    """Wait for a client that has gone from the call that is to be joined; not for one that is still there."""
    call_id = parse_qs(request.query.decode("latin-1")).get("call_id", [""])[0]
    call = simulator.calls.get(call_id, simulator.settings.era, simulator.clock.now()) if call_id else None
    seat = None if call is None else _seats.get(call)
    if seat is not None and seat.frames.gone.done():
        await seat.left.wait()


def sit(call: Call, frames: Frames) -> None:
    """Take the seat: whoever hangs up, in any thread, wakes this socket."""
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        loop.call_soon_threadsafe(frames.interrupt)

    _seats[call] = _Seat(frames)
    call.notify = interrupt


def get_up(call: Call) -> None:
    """Leave the seat."""
    seat = _seats.pop(call, None)
    if seat is not None:
        seat.left.set()
