"""Calls: sessions whose sound comes by telephone (SIP) or from a browser (WebRTC), as far as they go without sound.

A SIP call comes in and waits to be accepted or rejected; one of WebRTC is there as soon as its offer is answered. What
may be done with a call in which state is the table `TABLE`. A call that was accepted has one session, which a socket
(`?call_id=`) joins and may leave: the conversation goes on until the call is over.

Operations from the OpenAPI document 2026-08-21. That a call which is over is refused with 400 `call_id_not_found` is
known from clients that look for it; an id that never was gets a 404. Words and other codes are "our choice".
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from understudy.core import errors
from understudy.core.ids import hexadecimal
from understudy.core.realtime.session_fields import session_lifetime
from understudy.core.webhooks import Delivery

if TYPE_CHECKING:
    from understudy.core.realtime.session import RealtimeSession

PREFIX = "rtc_"
_KEPT = 10_000
"""Calls that are kept; the oldest are forgotten first ("our choice")."""


def new_call_id(seed: bytes) -> str:
    """`rtc_` and 32 hexadecimal digits (as documented), the same for the same seed."""
    return PREFIX + hexadecimal(seed, 32, b"call")


class CallKind(Enum):
    """Where the sound would come from."""

    SIP = "sip"
    WEBRTC = "webrtc"


class CallState(Enum):
    """How far a call is."""

    INCOMING = "incoming"
    ACTIVE = "active"
    REJECTED = "rejected"
    REFERRED = "referred"
    ENDED = "ended"


class CallEvent(Enum):
    """What may happen to a call: operations of the API, and what the caller or the time does."""

    ACCEPT = "accept"
    REJECT = "reject"
    REFER = "refer"
    HANG_UP = "hangup"
    CALLER_HUNG_UP = "caller hung up"
    TIME_IS_UP = "session's time is up"


TABLE: Mapping[CallState, Mapping[CallEvent, CallState]] = {
    CallState.INCOMING: {
        CallEvent.ACCEPT: CallState.ACTIVE,
        CallEvent.REJECT: CallState.REJECTED,
        CallEvent.CALLER_HUNG_UP: CallState.ENDED,
    },
    CallState.ACTIVE: {
        CallEvent.REFER: CallState.REFERRED,
        CallEvent.HANG_UP: CallState.ENDED,
        CallEvent.CALLER_HUNG_UP: CallState.ENDED,
        CallEvent.TIME_IS_UP: CallState.ENDED,
    },
    CallState.REJECTED: {},
    CallState.REFERRED: {},
    CallState.ENDED: {},
}
"""What happens to a call, by its state; whatever has no row is refused and changes nothing."""

_OF_SIP_ALONE = frozenset((CallEvent.ACCEPT, CallEvent.REJECT, CallEvent.REFER))


class CallError(errors.BadRequest):
    """A call that is not in the state for what was asked."""


class Call(msgspec.Struct, eq=False, weakref=True):
    """One call.

    Attributes:
        id: `rtc_` and 32 hexadecimal digits.
        key: the API key whose account it is on.
        kind: of its sound.
        state: how far it is.
        is_beta: whether its session speaks the beta interface.
        sip_headers: of the invitation, in their order.
        begun_at: when its session began, microseconds since the epoch.
        model: that answers; empty for a session that only transcribes.
        settings: what the session starts from, by the names of the GA interface.
        status_code: the SIP status that it was rejected with.
        target_uri: where it was referred to.
        delivery: what came of telling an application of it.
        session: once a socket has joined.
        is_joined: whether there is a socket now.
        notify: tells that socket that the call is over, once it listens.
    """

    id: str
    key: str
    kind: CallKind
    state: CallState
    is_beta: bool = False
    sip_headers: tuple[tuple[str, str], ...] = ()
    begun_at: int = 0
    model: str = ""
    settings: dict[str, Any] | None = None
    status_code: int | None = None
    target_uri: str | None = None
    delivery: Delivery | None = None
    session: "RealtimeSession | None" = None
    is_joined: bool = False
    notify: Callable[[], None] | None = None

    def check(self, event: CallEvent) -> None:
        """Refuse what cannot happen now; raises CallError."""
        if event in TABLE[self.state] and not (self.kind is CallKind.WEBRTC and event in _OF_SIP_ALONE):
            return
        if not TABLE[self.state]:
            raise CallError(
                f"No active call found with id '{self.id}' (state: {self.state.value}).",
                code="call_id_not_found",
                param="call_id",
            )
        what = f"{self.state.value} {'SIP' if self.kind is CallKind.SIP else 'WebRTC'} call"
        raise CallError(
            f"Invalid operation '{event.value}' for call '{self.id}': it is an {what}.",
            code="invalid_call_state",
            param="call_id",
        )

    def take(self, event: CallEvent, now: int) -> None:
        """Let something happen; whoever has joined a call that is over is told to go.

        Raises:
            CallError: it cannot happen now, and nothing has changed.
        """
        self.check(event)
        self.state = TABLE[self.state][event]
        session = self.session
        if session is None or self.state is CallState.ACTIVE:
            return
        if not self.is_joined:
            session.end(now)
            return
        session.hang_up()
        if self.notify is not None:
            self.notify()

    def accept(self, model: str, settings: dict[str, Any], now: int) -> None:
        """Begin its session; raises CallError."""
        self.take(CallEvent.ACCEPT, now)
        self.model, self.settings, self.begun_at = model, settings, now

    def leave(self, now: int) -> None:
        """The socket that had joined has gone; the call goes on, unless its session is over."""
        self.is_joined, self.notify = False, None
        session = self.session
        if session is None or session.close is None:
            return
        session.end(now)
        if self.state is CallState.ACTIVE:
            self.take(CallEvent.TIME_IS_UP, now)


class Calls:
    """The calls of a server, in memory."""

    __slots__ = ("_calls", "_number")

    def __init__(self) -> None:
        self._calls: OrderedDict[str, Call] = OrderedDict()
        self._number = 0

    def __len__(self) -> int:
        """How many are held."""
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        """All that are held, the oldest first."""
        return iter(list(self._calls.values()))

    def next_number(self) -> int:
        """Counts calls, so that each has an id of its own."""
        self._number += 1
        return self._number

    def keep(self, call: Call, now: int) -> None:
        """Remember one."""
        self._calls[call.id] = call
        while len(self._calls) > _KEPT:
            _, oldest = self._calls.popitem(last=False)
            if CallEvent.CALLER_HUNG_UP in TABLE[oldest.state]:
                oldest.take(CallEvent.CALLER_HUNG_UP, now)

    def get(self, call_id: str, era: int, now: int) -> Call | None:
        """The call of an id, whosever it is, None when there is none; one whose time is up has ended."""
        call = self._calls.get(call_id)
        is_alone = call is not None and call.state is CallState.ACTIVE and not call.is_joined
        if call is not None and is_alone and now >= call.begun_at + session_lifetime(era):
            call.take(CallEvent.TIME_IS_UP, now)
        return call

    def find(self, call_id: str, key: str, era: int, now: int) -> Call:
        """The call of an id on the account of a key.

        Raises:
            NotFound: there is none on it.
        """
        call = self.get(call_id, era, now)
        if call is None or call.key != key:
            raise errors.NotFound(f"No call found with id '{call_id}'.", code="call_id_not_found", param="call_id")
        return call

    def clear(self) -> None:
        """Forget all; whoever has joined one stays with its session."""
        self._calls.clear()
