"""Faults: what goes wrong on purpose, for which call, and how. One language, spelled alike in Python, TOML and JSON.

A fault script is a list of steps; a step says when it plays and what it does:

    [[steps]]
    on = 1                                        # the first such call
    status = 429
    headers = { retry-after = "{now+3s:http_date}" }
    error = { code = "rate_limit_exceeded", message = "Slow down" }

    [[steps]]
    on = "2.."                                    # every later one
    path = "/v1/chat/*"
    status = 502
    headers = { content-type = "text/html" }
    text = "<h1>Bad gateway</h1>"

**When.** `method`, `path`, `model` and `key` narrow the calls down (`*` stands for any text); `on` then counts those
that are left: 1, "2..", "3-5", or "every" (the default). Every step counts its own calls, whichever step plays; of
those that are due the first plays. A call for which none is due is answered in the ordinary way.

**What.** One action a step. So far there is one, a scripted answer: `status`, `headers`, and one body out of `error`
(an envelope in the layout of the real one), `json` (any value) and `text` (sent as it is); or `answer = "NAME"`, an
answer that whoever reads the script has given a name to, to which the step's own keys are added.

In a header's value `{now+3s:http_date}` becomes a moment: `now`, a shift in ms, s, m, h or d, and a form out of
http_date, iso and unix.

**What is to come.** Faults that only bytes can say (a reset, a wrong length, a cut inside a character), and those of
streams and sockets, will be further actions: keys of a step beside these, played by the door that owns the socket.
Their keys are refused until something plays them.

The language and every bound in it are our choice. `fault_steps` holds the values, `fault_reader` reads them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from understudy.core.fault_reader import Named, read_step
from understudy.core.fault_steps import Fault, FaultAnswer, FaultError, Step
from understudy.core.messages import Request

__all__ = ["SCRIPTS_KEPT", "STEPS_KEPT", "Fault", "FaultAnswer", "FaultError", "FaultScript", "Faults"]

SCRIPTS_KEPT = 1_000
"""Fault scripts that may be set at once."""
STEPS_KEPT = 1_000
"""Steps of one script."""


class FaultScript:
    """Steps that play together.

    Attributes:
        name: for messages.
        steps: in order.
    """

    __slots__ = ("name", "steps")

    def __init__(self, name: str, steps: tuple[Step, ...]) -> None:
        self.name = name
        self.steps = steps

    @classmethod
    def parse(cls, table: Mapping[str, Any], answers: Named | None = None) -> "FaultScript":
        """Read a script, or a single step, from a plain table.

        Args:
            table: `{"name": …, "steps": [step, …]}`, or one step.
            answers: what `answer = "NAME"` may name.

        Raises:
            FaultError: it cannot be understood.
        """
        if not isinstance(table, Mapping) or "steps" not in table:
            return cls("fault", (read_step(table, "Fault", answers or {}),))
        name = table.get("name", "fault script")
        if not isinstance(name, str):
            raise FaultError("Fault script", "name", f"must be a text, not {name!r}")
        place = f"Fault script {name!r}"
        for key in table:
            if key not in ("name", "steps"):
                raise FaultError(place, str(key), "is no part of a script; its parts are name and steps")
        steps = table["steps"]
        if not isinstance(steps, Sequence) or isinstance(steps, str | bytes) or not 0 < len(steps) <= STEPS_KEPT:
            raise FaultError(place, "steps", f"must be a list of 1 to {STEPS_KEPT} steps")
        named = answers or {}
        return cls(
            name, tuple(read_step(step, f"{place}, step {number}", named) for number, step in enumerate(steps, 1))
        )

    @property
    def covers_every_call(self) -> bool:
        """Whether no call can be left without a fault."""
        uncovered = 1
        for step in sorted((step for step in self.steps if step.match.everything), key=lambda step: step.calls.first):
            if step.calls.first > uncovered:
                return False
            if step.calls.last is None:
                return True
            uncovered = max(uncovered, step.calls.last + 1)
        return False

    def next(self, request: Request, key: str, model: str, now: int) -> Fault | None:
        """The fault that this call meets, if any.

        Args:
            request: the call.
            key: its API key.
            model: the model it names, or "".
            now: its arrival, microseconds since the epoch; a script that knows time windows will need it.
        """
        playing = None
        for step in self.steps:
            if step.due(request, key, model) and playing is None:
                playing = step.fault
        return playing


class Faults:
    """The scripts that are set on a server, in order.

    Scripts may be added and cleared from any thread while calls are answered in another.
    """

    __slots__ = ("_scripts",)

    def __init__(self) -> None:
        self._scripts: tuple[FaultScript, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._scripts)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._scripts)

    def __iter__(self) -> Iterator[FaultScript]:
        """Each in order."""
        return iter(self._scripts)

    def add(self, *scripts: FaultScript | Mapping[str, Any]) -> None:
        """Set more, after those there are; all of them or, on an error, none.

        Raises:
            FaultError: one cannot be understood, or there are too many.
        """
        added = tuple(script if isinstance(script, FaultScript) else FaultScript.parse(script) for script in scripts)
        if len(self._scripts) + len(added) > SCRIPTS_KEPT:
            raise FaultError("Faults", "add", f"would set more than {SCRIPTS_KEPT} scripts at once")
        self._scripts += added

    def clear(self) -> None:
        """Take all back."""
        self._scripts = ()

    def next(self, request: Request, key: str, model: str, now: int) -> Fault | None:
        """The fault that this call meets, if any; every script counts the call, the first that is due plays."""
        playing = None
        for script in self._scripts:
            fault = script.next(request, key, model, now)
            if playing is None:
                playing = fault
        return playing
