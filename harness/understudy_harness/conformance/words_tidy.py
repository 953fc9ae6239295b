"""Words about tidiness: what a client must not leave behind, whatever the case."""

import re
from functools import partial

from understudy_harness.conformance.evidence import Evidence
from understudy_harness.conformance.expectations import Kind, Part, Word

_tidy = partial(Word, Kind.TRUTH, Part.TIDY)
_UNCLOSED = re.compile(
    rb"ResourceWarning|[Uu]nclosed (?:client|socket|connection|transport|event loop|resource)|was never awaited"
    rb"|[Cc]onnection leak|leaked (?:socket|connection)|MaxListenersExceededWarning"
)


def _keeps_secret(evidence: Evidence) -> bool:
    keys = [call.canary.key.encode() for call in evidence.calls]
    seen = evidence.complained + evidence.said + (evidence.stdout or b"")
    return not any(key in seen for key in keys)


def _sockets_closed_within(evidence: Evidence, seconds: float) -> bool:
    if evidence.settled is None:
        return True  # a run that hangs was cut off by the suite, sockets and all
    latest = evidence.settled + seconds
    return all(
        (socket.closed is not None and socket.closed_by != "suite" and socket.closed <= latest)
        # Many clients keep connections for the next call and give an application no way to close them (our choice).
        or (evidence.keeps_idle_sockets and evidence.log.is_idle(socket))
        for socket in evidence.log.sockets
    )


def _no_late_request(evidence: Evidence) -> bool:
    settled = evidence.settled
    return settled is None or all(exchange.started <= settled for exchange in evidence.log.exchanges)


def _keeps_quiet(evidence: Evidence) -> bool:
    return _UNCLOSED.search(evidence.complained) is None


TIDY_WORDS: dict[str, Word] = {
    "no_secret": _tidy((), "the key shows up nowhere but on the wire", _keeps_secret),
    "no_late_request": _tidy((), "no request begins after the final line", _no_late_request),
    "no_unclosed_warning": _tidy((), "nothing is printed about unclosed things", _keeps_quiet),
    "sockets_closed_within": _tidy(
        (Kind.NUMBER,),
        "sockets are closed so many seconds after the final line; idle ones may stay with a declared keepalive_s",
        _sockets_closed_within,
    ),
}
"""Each with what it reads."""
