"""Pauses of speech: within a phrase none is so long that whoever listens takes it for the end of a turn.

A session's voice detection ends a turn after 200 ms of silence, unless it is told otherwise, and a turn that ends in
the middle of a phrase has lost its words. Between phrases pauses are as the synthesiser makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

QUIET = 850
"""Root mean square of what may pass for silence: a detector's threshold of 0.5 is 655, and somewhat more for sound that
was made quieter on its way ("our choice")."""
LONGEST_MS = 120
"""Of a pause within a phrase, and before it."""
_FRAME_MS = 10
_FADE_MS = 5


def shortened(pcm: bytes, rate: int) -> bytes:
    """Speech whose pauses but the last one are `LONGEST_MS` long at most.

    Args:
        pcm: 16 bit, mono, of one phrase.
        rate: its samples a second.
    """
    import numpy

    sound = numpy.frombuffer(pcm, "<i2")
    frame = rate * _FRAME_MS // 1_000
    most = LONGEST_MS // _FRAME_MS
    pieces: list[Array] = []
    kept = 0
    for first, after in _quiet_runs(sound, frame):
        if after - first > most:
            # Half of it follows what was said, half goes before what is said next; the phrase begins with the latter.
            head = 0 if first == 0 else most // 2
            pieces.append(sound[kept * frame : (first + head) * frame])
            kept = after - (most - head)
    if not pieces:
        return pcm
    pieces.append(sound[kept * frame :])
    made: bytes = _faded(pieces, rate * _FADE_MS // 1_000).astype("<i2").tobytes()
    return made


def sounding_ms(pcm: bytes, rate: int) -> float:
    """Milliseconds to the end of what is not silence."""
    import numpy

    sound = numpy.frombuffer(pcm, "<i2")
    frame = rate * _FRAME_MS // 1_000
    loud = numpy.flatnonzero(~_is_quiet(sound, frame))
    return 0.0 if not len(loud) else float((loud[-1] + 1) * _FRAME_MS)


def _is_quiet(sound: Array, frame: int) -> Array:
    """Of each frame, whether it is in two that together are quiet: detectors look at 20 ms that begin anywhere."""
    import numpy

    frames = sound[: len(sound) // frame * frame].astype(numpy.float64).reshape(-1, frame)
    power = (frames**2).mean(axis=1)
    both = numpy.concatenate([[False], (power[1:] + power[:-1]) / 2 < QUIET**2, [False]])
    quiet: Array = both[1:] | both[:-1]
    return quiet[: len(power)]


def _quiet_runs(sound: Array, frame: int) -> list[tuple[int, int]]:
    """First frame and the one after the last of each pause that something follows."""
    import numpy

    quiet = _is_quiet(sound, frame)
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[False], quiet, [False]]).astype(int)))
    runs = [(int(first), int(after)) for first, after in edges.reshape(-1, 2)]
    return [run for run in runs if run[1] < len(quiet)]


def _faded(pieces: list[Array], fade: int) -> Array:
    """Pieces joined without clicks."""
    import numpy

    slope = numpy.linspace(0, 1, fade)
    smooth = []
    for place, piece in enumerate(pieces):
        whole = piece.astype(numpy.float64)
        if place and len(whole) >= fade:
            whole[:fade] *= slope
        if place < len(pieces) - 1 and len(whole) >= fade:
            whole[-fade:] *= slope[::-1]
        smooth.append(whole)
    joined: Array = numpy.rint(numpy.concatenate(smooth))
    return joined
