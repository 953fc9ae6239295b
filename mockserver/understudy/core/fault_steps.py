"""The values of the fault language: which calls, which of them, and what they are answered; `faults` explains it."""

from hashlib import blake2b
from typing import Protocol

from understudy.core.call_numbers import Calls
from understudy.core.fault_delivery import Delivery
from understudy.core.header_values import HeaderValue
from understudy.core.messages import Headers, Request
from understudy.core.wildcards import fits, wildcard


class FaultError(ValueError):
    """A fault that cannot be understood, in one sentence.

    Attributes:
        place: the script and step it stands in.
        key: what is wrong there.
        problem: in words.
    """

    def __init__(self, place: str, key: str, problem: str) -> None:
        super().__init__(f"{place}: {key!r} {problem}.")
        self.place = place
        self.key = key
        self.problem = problem


class FaultAnswer:
    """The answer that a call gets in place of the ordinary one.

    Attributes:
        status: HTTP status.
        headers: of the script's own; they replace the ordinary ones of the same name.
        body: all bytes.
        content_type: of the body.
    """

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes, content_type: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.content_type = content_type


class Action(Protocol):
    """What a step does."""

    def answer(self, now: int) -> FaultAnswer:
        """The answer at a moment, microseconds since the epoch."""


class Fault:
    """What one call meets.

    Attributes:
        name: of the step, for the journal.
        delivery: how the answer is handed over, None for as always.
    """

    __slots__ = ("_action", "delivery", "name")

    def __init__(self, name: str, action: Action | None, delivery: Delivery | None = None) -> None:
        self.name = name
        self._action = action
        self.delivery = delivery

    def answer(self, now: int) -> FaultAnswer | None:
        """The answer at a moment, microseconds since the epoch; None for the ordinary one."""
        return None if self._action is None else self._action.answer(now)


class ScriptedAnswer:
    """A status, headers and a body, the same each time but for the moments in its headers."""

    __slots__ = ("_body", "_content_type", "_headers", "_status")

    def __init__(self, status: int, headers: list[tuple[bytes, HeaderValue]], body: bytes, content_type: bytes) -> None:
        self._status = status
        self._headers = headers
        self._body = body
        self._content_type = content_type

    def answer(self, now: int) -> FaultAnswer:
        """The answer at a moment, microseconds since the epoch."""
        written = [(name, value.at(now)) for name, value in self._headers]
        return FaultAnswer(self._status, written, self._body, self._content_type)


class Match:
    """Which calls a step is about, by whole texts in which `*` stands for any text.

    Attributes:
        everything: whether nothing narrows the calls down.
    """

    __slots__ = ("_key", "_method", "_model", "_path", "everything")

    def __init__(self, method: str | None, path: str | None, model: str | None, key: str | None) -> None:
        self._method = wildcard(None if method is None else method.upper())
        self._path = wildcard(path)
        self._model = wildcard(model)
        self._key = wildcard(key)
        self.everything = method is path is model is key is None

    def fits(self, request: Request, key: str, model: str) -> bool:
        """Whether a call is one of them."""
        return self.everything or (
            fits(self._method, request.method)
            and fits(self._path, request.path)
            and fits(self._model, model)
            and fits(self._key, key)
        )


class Chance:
    """Whether a step plays on a call that it is due on, beside the number of that call.

    Args:
        probability: from 0 to 1; told by the seed and the number of the call, so that a run can be repeated.
        window: microseconds since the first call that the step counted, from the first to before the last.
    """

    __slots__ = ("_probability", "_since", "_window")

    def __init__(self, probability: float, window: tuple[int, int] | None) -> None:
        self._probability = probability
        self._window = window
        self._since: int | None = None

    @property
    def certain(self) -> bool:
        """Whether nothing is left to chance or time."""
        return self._probability == 1 and self._window is None

    def plays(self, seed: bytes, number: int, now: int) -> bool:
        """Whether it does.

        Args:
            seed: of the step.
            number: of the call, from 1.
            now: of its arrival, microseconds since the epoch.
        """
        if self._window is not None:
            if self._since is None:
                self._since = now
            if not self._window[0] <= now - self._since < self._window[1]:
                return False
        if self._probability == 1:
            return True
        drawn = blake2b(number.to_bytes(8, "big"), key=seed, digest_size=8).digest()
        return int.from_bytes(drawn, "big") < self._probability * 2**64


class Step:
    """One step of a script.

    Attributes:
        match: which calls it counts.
        calls: on which of them it plays.
        chance: whether it does.
        fault: what it plays.
        seen: calls counted so far.
    """

    __slots__ = ("calls", "chance", "fault", "match", "seen")

    def __init__(self, match: Match, calls: Calls, chance: Chance, fault: Fault) -> None:
        self.match = match
        self.calls = calls
        self.chance = chance
        self.fault = fault
        self.seen = 0

    def due(self, request: Request, key: str, model: str, seed: bytes, now: int) -> bool:
        """Count the call if it matches, and say whether the step is due on it."""
        if not self.match.fits(request, key, model):
            return False
        self.seen += 1
        return self.seen in self.calls and self.chance.plays(seed, self.seen, now)
