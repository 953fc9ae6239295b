"""Words about stopping: what is let go of when a call is given up, and how a program ends."""

from functools import partial

from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.expectations import Kind, Part, Word

_wire = partial(Word, part=Part.WIRE)


def _let_go_after_cancel(evidence: Evidence, number: int) -> float | None:
    """None while the socket of the request is open, and where it was not the client that closed it."""
    cancelled, exchange = evidence.call.cancelled, evidence.exchange(number)
    if cancelled is None or exchange is None:
        return None
    socket = evidence.log.sockets[exchange.socket - 1]
    return max(0.0, socket.closed - cancelled) if socket.closed is not None and socket.closed_by == "client" else None


STOPPING_WORDS: dict[str, Word] = {
    "let_go_after_cancel": _wire(
        Kind.SECONDS, help="from giving up to the client's closing of the socket of request k",
        read=_let_go_after_cancel, parameters=(Kind.PLACE,),
    ),
    "gone": _wire(
        Kind.SECONDS, help="from telling driver or program to end to its end", parameters=(),
        read=lambda seen: seen.values.get("gone_s"),
    ),
    "ended_by_itself": _wire(
        Kind.TRUTH, help="driver or program ended without force and without a crash", parameters=(),
        read=lambda seen: seen.values.get("ended_by_itself") == 1,
    ),
}  # fmt: skip
"""Each with what it reads."""
