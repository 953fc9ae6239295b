"""What a scripted model says, apart from how it is written: one truth, rendered as JSON, as a stream, as a response.

The standard answer of every run is one of these, a case may define others in `[case.answers.NAME]`, and the generated
cases draw them.
"""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import msgspec

from understudy_harness.conformance.canary import Canary

T = TypeVar("T")
USAGE = (9, 5)
"""Prompt and completion tokens, unless a truth says otherwise."""


class CallTruth(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A tool call.

    Attributes:
        name: of the tool.
        arguments: as the text that the API sends; a table is sent as an object, which the API never does.
        id: of the call; None for `call_` and the run's word.
        pieces: the arguments as they are cut for a stream; empty for three pieces.
    """

    name: str
    arguments: str | dict[str, Any]
    id: str | None = None
    pieces: tuple[str, ...] = ()

    @property
    def cut(self) -> tuple[str | dict[str, Any], ...]:
        """The pieces of its arguments."""
        if isinstance(self.arguments, dict):
            return (self.arguments,)
        return self.pieces or thirds(self.arguments)


class ChoiceTruth(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One answer.

    Attributes:
        text: what it says; None for no text at all.
        pieces: the text as it is cut for a stream; empty for a piece for each word.
        refusal: in the message's own field.
        tool_calls: in order.
        interleaved: whether the pieces of its tool calls take turns in a stream.
        order: which tool call each piece belongs to, from 0, in place of `interleaved`; see `in_order`.
        finish: why it ended.
    """

    text: str | None = None
    pieces: tuple[str, ...] = ()
    refusal: str | None = None
    tool_calls: tuple[CallTruth, ...] = ()
    interleaved: bool = False
    order: tuple[int, ...] = ()
    finish: str = "stop"

    @property
    def cut(self) -> tuple[str, ...]:
        """The pieces of its text."""
        return self.pieces or _words(self.text or "")


class Truth(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An answer of the model, whole.

    Attributes:
        choices: one for each that was asked for.
        usage: prompt and completion tokens; None for none told.
        order: which choice each event of a stream belongs to, from 0; see `in_order`. Empty: they take turns.
    """

    choices: Annotated[tuple[ChoiceTruth, ...], msgspec.Meta(min_length=1)]
    usage: tuple[int, int] | None = USAGE
    order: tuple[int, ...] = ()


def standard(canary: Canary) -> Truth:
    """The standard answer: a short text in three scripts, with a word that no other run has."""
    return Truth((ChoiceTruth(text=canary.text, pieces=("Hello", ", 世界", " 🌍", f" {canary.word}")),))


def parse_truth(table: dict[str, Any]) -> Truth:
    """A truth as a case spells it: the fields of a choice, or `choices`, and perhaps `usage`.

    `text`, `refusal`, names and arguments may hold `{text}` and `{canary}`, which each run replaces.

    Raises:
        msgspec.ValidationError: it cannot be understood.
    """
    if "choices" in table:
        return msgspec.convert(table, Truth)
    told = dict(table)
    usage = {"usage": told.pop("usage")} if "usage" in told else {}
    return msgspec.convert({"choices": [told], **usage}, Truth)


def in_order(several: Sequence[Sequence[T]], order: Sequence[int]) -> list[tuple[int, T]]:
    """The members of several lists in one: each number of `order` takes the next of that list, then the rest follow.

    Returns:
        (number of the list, member). The order within a list is kept; a number that has nothing left is passed over.
    """
    waiting = [list(each) for each in several]
    told = [(number, waiting[number].pop(0)) for number in order if number < len(waiting) and waiting[number]]
    return told + [(number, member) for number, rest in enumerate(waiting) for member in rest]


def thirds(text: str) -> tuple[str, ...]:
    """A text in up to three pieces."""
    size = max(1, -(-len(text) // 3))
    return tuple(text[start : start + size] for start in range(0, len(text), size))


def _words(text: str) -> tuple[str, ...]:
    """A text in pieces that each begin with a space, as tokens do."""
    pieces: list[str] = []
    for word in text.split(" "):
        pieces.append(f" {word}" if pieces else word)
    return tuple(piece for piece in pieces if piece)
