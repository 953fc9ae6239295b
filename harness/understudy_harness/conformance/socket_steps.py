"""The steps of a socket script: what a case says that a server does on a WebSocket, as data.

A step is a table with one thing to do; `dial` says on which of the client's connections (`1`, `"2.."`; every one where
it is absent), `cut_in` in which character the messages of the step are cut into frames.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec


class SocketError(ValueError):
    """A step that cannot be used; says what is wrong with it."""


def _told(words: str) -> msgspec.Meta:
    return msgspec.Meta(description=words)


class Refuse(msgspec.Struct, forbid_unknown_fields=True):
    """The upgrade is answered with HTTP; nothing follows."""

    status: int
    headers: dict[str, str] = {}
    error: dict[str, Any] | None = None
    body: str = ""


class Say(msgspec.Struct, forbid_unknown_fields=True):
    """Words of the response under way."""

    text: str = "{text}"
    pieces: int = 3


class Sound(msgspec.Struct, forbid_unknown_fields=True):
    """Sound, in deltas of equal length; of a response that is named, also when it is over."""

    ms: float
    pieces: int = 1
    of: str = ""


class Tool(msgspec.Struct, forbid_unknown_fields=True):
    """A tool call of the response under way; its call id is `call_NAME` with the response's name."""

    name: str
    arguments: str


class Done(msgspec.Struct, forbid_unknown_fields=True):
    """The response ends."""

    status: str = "completed"
    reason: str | None = None
    error: dict[str, Any] | None = None


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    """A whole response at once."""

    name: str = ""
    text: str = "{text}"


class Ping(msgspec.Struct, forbid_unknown_fields=True):
    """Pings with payloads of their own, each followed by sound of the response under way and a wait."""

    size: int = 20
    count: int = 1
    every_s: float = 0.0
    sound_ms: float = 0.0


class Close(msgspec.Struct, forbid_unknown_fields=True):
    """A close frame."""

    code: int
    reason: str = ""


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """One step: exactly one of its fields but `dial` and `cut_in` is set."""

    refuse: Refuse | None = None
    accept: Annotated[
        bool | None, _told("False: without session.created; to be the first step of a connection that is so.")
    ] = None
    wait: Annotated[
        str | dict[str, Any] | None, _told("Type of the client's event, or paths in it with their values.")
    ] = None
    late: Annotated[
        str | None, _told("Type of events that are answered only here, as usual, however early they came.")
    ] = None
    send: dict[str, Any] | list[dict[str, Any]] | None = None
    speech: Annotated[
        str | None,
        _told("`started`: the server hears the user begin; `stopped`: it has heard the end and added what was said."),
    ] = None
    begin: Annotated[str | None, _told("A response of this name begins: its id is resp_NAME.")] = None
    say: Say | None = None
    sound: Sound | None = None
    tool: Tool | None = None
    done: Done | None = None
    answer: Answer | None = None
    pause: Annotated[float | None, _told("Seconds; the client is answered meanwhile.")] = None
    ping: Ping | None = None
    text: Annotated[str | None, _told("A text frame with anything in it.")] = None
    binary: Annotated[str | None, _told("A binary frame with these letters.")] = None
    close: Close | None = None
    drop: Annotated[str | None, _told("`rst` or `fin`: the connection ends without a close frame.")] = None
    dial: int | str | None = None
    cut_in: str = ""


_MODIFIERS = ("dial", "cut_in")
_SPAN = re.compile(r"(\d+)(\.\.(\d*))?")


def read_step(table: Mapping[str, Any]) -> Step:
    """A step from its table.

    Raises:
        SocketError: it is none.
    """
    try:
        step = msgspec.convert(table, Step)
    except msgspec.ValidationError as problem:
        raise SocketError(f"socket step {dict(table)}: {problem}") from None
    doing = [name for name in Step.__struct_fields__ if name not in _MODIFIERS and getattr(step, name) is not None]
    if len(doing) != 1:
        raise SocketError(f"socket step {dict(table)} must do one thing, and it does {', '.join(doing) or 'nothing'}")
    if step.drop not in (None, "rst", "fin"):
        raise SocketError(f"socket step {dict(table)}: drop is rst or fin")
    if step.speech not in (None, "started", "stopped"):
        raise SocketError(f"socket step {dict(table)}: speech is started or stopped")
    if step.dial is not None and _SPAN.fullmatch(str(step.dial)) is None:
        raise SocketError(f"socket step {dict(table)}: dial is a number, or two like 2..4, or open like 2..")
    return step


def on_dial(step: Step, number: int) -> bool:
    """Whether a step belongs to the connection of this number, from 1."""
    if step.dial is None:
        return True
    span = _SPAN.fullmatch(str(step.dial))
    if span is None:
        return False
    first = int(span[1])
    return first <= number and (number <= int(span[3]) if span[3] else bool(span[2]) or number == first)
