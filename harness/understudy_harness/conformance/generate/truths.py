"""Answers of the model that are hard to carry: the strategies behind every generated case, as tables of `answers`."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

Table = dict[str, Any]

LETTERS = (
    "a", "b", " ", "\n", "\r", "\t", "\0", "\x7f", '"', "'", "\\", "/", "{", "}", "[", "]", ":", ",", "<", "&", "é",
    "ß", "世", "界", "🌍", "👩", "\u200d", "\ufe0f", "\u0301", "\u202e", "\u05d0", "\u0645", "\u2028", "\u2029", "\x85",
    "\ufeff", "\u00a0", "\ufffd", "\uffff", "\U0010ffff", "\u3000", "\u1680",
)  # fmt: skip
"""One of each kind that is carried wrongly somewhere: line ends, escapes, several bytes, two UTF-16 units, marks that
join the letter before, right to left, separators that some take for line ends."""
PIECES = (
    "Hello", " ", "", "data:", "data: ", "[DONE]", "data: [DONE]", "\n\n", "\r\n", "\r\n\r\n", ": ping", "event: error",
    "id: 1", "retry: 0", '{"error": 1}', "\\u0041", "\\n", '\\"', "e\u0301", "👩\u200d👩\u200d👧", "🌍", "</script>",
    "%s%n", "null", "undefined", "NaN",
)  # fmt: skip
"""Texts that look like the protocol that carries them."""

_piece = st.sampled_from(PIECES) | st.text(st.sampled_from(LETTERS), max_size=6)
_pieces = st.lists(_piece, min_size=1, max_size=6)
_finish = st.sampled_from(("stop", "length"))


def said(pieces: Sequence[str], finish: str = "stop") -> Table:
    """An answer of one text."""
    return {"text": "".join(pieces), "pieces": list(pieces), "finish": finish}


def texts() -> st.SearchStrategy[Table]:
    """Answers of one text."""
    return st.builds(said, _pieces, _finish)


def told_texts() -> st.SearchStrategy[Table]:
    """The same, never without a letter."""
    return texts().filter(lambda truth: bool(truth["text"]))


@st.composite
def _call(draw: st.DrawFn, number: int) -> Table:
    value = {"city": "".join(draw(_pieces))}
    arguments = json.dumps(value, ensure_ascii=draw(st.booleans()))
    places = draw(st.lists(st.integers(0, len(arguments)), max_size=4))
    cuts = [0, *sorted(places), len(arguments)]
    pieces = [arguments[start:stop] for start, stop in pairwise(cuts)]
    return {"name": "get_time", "id": f"call_{number}", "arguments": arguments, "pieces": pieces}


@st.composite
def tools(draw: st.DrawFn, least: int = 1) -> Table:
    """Answers with tool calls, perhaps behind a text."""
    count = draw(st.integers(least, 3))
    truth: Table = {"tool_calls": [draw(_call(number)) for number in range(1, count + 1)], "finish": "tool_calls"}
    if draw(st.booleans()):
        return truth
    text = draw(texts())
    return {**truth, "text": text["text"], "pieces": text["pieces"]}


@st.composite
def several(draw: st.DrawFn) -> Table:
    """Answers with two or three choices."""
    return {"choices": draw(st.lists(texts(), min_size=2, max_size=3))}


def answers(able: Sequence[str], op: str) -> st.SearchStrategy[Table]:
    """Answers that a client can be asked for by an operation; a response has one choice."""
    kinds = [texts()]
    if op != "responses":
        kinds += [tools()] if "tools" in able else []
        kinds += [several()] if "n" in able else []
    return st.one_of(kinds)


def asks_for(truth: Table) -> tuple[list[str], Table]:
    """What a driver must be able to do for an answer, and what the input of the call has for it."""
    if "choices" in truth:
        return ["n"], {"n": len(truth["choices"])}
    return (["tools"], {}) if "tool_calls" in truth else ([], {})


PLAIN = said(["a"])
SEEDS: tuple[Table, ...] = (
    said(["Hello", ", 世界", " 🌍", " e\u0301\u202e\u05d0", "\u2028", "\r\n", "\\n\"'"]),
    said(["", "data: [DONE]", "\n\n", "👩\u200d👩\u200d👧", "\0", ": ping", ""], "length"),
    said(["é", "\ufeff", "\x85", "\u2029", "{", "[DONE]", "}", " "]),
)
"""Where the pairs of ways are tried first."""
