"""A fault of a whole session: its events changed, lost, late, in pieces, and where they end."""

from collections.abc import Iterator

from understudy.core.fault_delivery import Delivery
from understudy.core.fault_events import Changes, Event
from understudy.core.wire import Ending, SocketWire


class Tampering:
    """What a delivery does to one session.

    Args:
        delivery: of the fault.

    Attributes:
        wire: what is done with messages beside sending them.
        ending: what becomes of the connection when it is over.
        over: whether it is.
        rest: the beginning of a message that is sent before the connection ends, without its end.
    """

    def __init__(self, delivery: Delivery) -> None:
        self.wire = delivery.websocket or SocketWire()
        stalls_for_ever = delivery.stall is not None and delivery.stall.microseconds is None
        self.ending = delivery.ending or (Ending.HOLD if stalls_for_ever else Ending.FIN)
        self.over = False
        self.rest = b""
        self._delivery = delivery
        self._changes = Changes(delivery.changes)
        self._sent = 0
        cut = delivery.cut
        closes_at_once = self.wire.close is not None and cut is None and not stalls_for_ever
        self._last = 0 if closes_at_once else None if cut is None else cut.after_events or 0
        self._bytes = 0 if cut is None else cut.after_bytes

    def made(self, event: bytes) -> Iterator[tuple[int, bytes]]:
        """What an event becomes: (microseconds to wait before it, message), until it is over."""
        for each in self._changes.made(Event(event)):
            if self.over:
                return
            message = each.data if each.raw is None else each.raw
            stall = self._delivery.stall
            wait = self._delivery.delay if self._sent == 0 else 0
            if stall is not None and self._sent >= stall.after_events:
                if stall.microseconds is None:
                    self.over = True
                    return
                wait += stall.microseconds if self._sent == stall.after_events else 0
            if self._last is not None and self._sent >= self._last:
                self.rest = message[: self._bytes]
                self.over = True
                return
            self._sent += 1
            yield wait, message
            # What ends with this message ends with it, not with the next one, which may never come.
            if self._sent == self._last and not self._bytes:
                self.over = True

    @property
    def is_over_before_it_begins(self) -> bool:
        """Whether not even the first message is sent."""
        return self._last == 0 and not self._bytes
