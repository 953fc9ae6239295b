"""Streams of events, written in all the ways that are legal and cut wherever bytes can be cut."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from understudy_harness.strategies.chat import texts


class Framing:
    """One stream.

    Attributes:
        events: what a reader must make of it: the data of each event.
        chunks: the bytes, as they come.
    """

    def __init__(self, events: Sequence[str], chunks: Sequence[bytes]) -> None:
        self.events = list(events)
        self.chunks = list(chunks)

    def __repr__(self) -> str:
        """As it came."""
        return f"Framing(events={self.events!r}, chunks={self.chunks!r})"


_objects = st.dictionaries(texts, texts | st.integers() | st.none(), max_size=3)


@st.composite
def framings(draw: st.DrawFn, events: Sequence[dict[str, Any]] | None = None) -> Framing:
    """One truth, framed anew: line ends, comments, a byte order mark, data over several lines, cuts in characters.

    Args:
        draw: Hypothesis's.
        events: objects that the events carry; some when None. `[DONE]` follows them.
    """
    told = draw(st.lists(_objects, max_size=4)) if events is None else list(events)
    end = draw(st.sampled_from(("\n", "\r\n", "\r")))
    space = draw(st.sampled_from(("", " ")))
    parts = [draw(st.sampled_from(("", "\ufeff")))]
    truth = []
    for number, event in enumerate([*told, None]):
        data = "[DONE]" if event is None else json.dumps(event, ensure_ascii=draw(st.booleans()))
        if event is not None and draw(st.booleans()):
            # JSON may stand on several lines; lines of data are joined again.
            data = json.dumps(event, ensure_ascii=False, indent=1)
        truth.append(data)
        for line in draw(st.lists(st.sampled_from((": ping", ":", "retry: 10", f"id: {number}")), max_size=2)):
            parts.append(line + end)
        # The first space behind the colon is no part of the data: a line that begins with one needs another.
        parts += [f"data:{' ' if line.startswith(' ') else space}{line}{end}" for line in data.split("\n")]
        parts.append(end)
    whole = "".join(parts).encode()
    cuts = sorted(set(draw(st.lists(st.integers(1, max(len(whole) - 1, 1)), max_size=12))))
    chunks = [whole[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    return Framing(truth, [chunk for chunk in chunks if chunk])
