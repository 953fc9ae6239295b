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

`probability = 0.2` lets it play on about every fifth of those, by the run's seed; `during = "10s..1m"` within that
time, counted from the first such call.

**What.** A step says what is answered, or how the answer is handed over, or both. What: `status`, `headers`, and one
body out of `error` (an envelope in the layout of the real one), `json` (any value), `text` (sent as it is) and
`base64` (any bytes); or
`answer = "NAME"`, an answer that whoever reads the script has given a name to, to which the step's own keys are added;
or `sse`, a list of events. Without any of these it is the ordinary answer that is tampered with.

In a header's value `{now+3s:http_date}` becomes a moment: `now`, a shift in ms, s, m, h or d, and a form out of
http_date, iso and unix.

**How.** All of these can stand together; `fault_delivery` carries them out in this order:

    events = [{ set = { "usage" = {} } }, { drop = "done" }]   # what the events, or the whole body, say
    framing = { newline = "crlf", space = false }              # how events are written
    cut = { after_events = 3 }                                 # where the body ends; also after_bytes, inside
    stall = { after_events = 1, for = "5s" }                   # where it stands still; without `for`, for ever
    gzip = true                                                # or "broken"
    chunks = [1, 7]                                            # sizes of HTTP chunks, over and over
    segments = 1                                               # sizes of the writes to the socket
    delay = "2s"                                               # before the first byte
    pause = "30ms"                                             # between chunks, or between segments
    length = 900                                               # the content-length that is announced; "+10", "-10"
    last_chunk = false                                         # the end of a body in chunks is missing
    silent = true                                              # not even a status line
    end = "rst"                                                # the socket then: keep, fin, rst, hold
    websocket = { close = 1013, pings = 3, fragments = [1] }   # what only WebSockets have; also reason, read_pause

A WebSocket meets one fault for as long as it is open: an answer refuses its upgrade; `events`, `cut`, `stall`, `delay`,
`silent`, `end` and `websocket` are about the messages of the server, each an event. With `websocket.close` it is closed
where it is cut, or before the first message; without, the connection is dropped there.

What only a socket can do (`length`, `segments`, `last_chunk`, `silent`, `end`) is played by the doors that own one.
A body that was cut is charged as far as it was sent.

The language and every bound in it are our choice. `fault_steps` holds the values, `fault_reader` and
`fault_delivery_reader` read them.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from understudy.core.fault_reader import Named, read_step
from understudy.core.fault_steps import Fault, FaultAnswer, FaultError, Step
from understudy.core.messages import Request
from understudy.core.serialise import decode_object

__all__ = ["FAULT_HEADER", "SCRIPTS_KEPT", "STEPS_KEPT", "Fault", "FaultAnswer", "FaultError", "FaultScript", "Faults"]

FAULT_HEADER = b"x-understudy-fault"
"""By it a request asks for a fault for itself alone."""
SCRIPTS_KEPT = 1_000
"""Fault scripts that may be set at once."""
STEPS_KEPT = 1_000
"""Steps of one script."""


class FaultScript:
    """Steps that play together.

    Attributes:
        name: for messages.
        steps: in order.
        tables: the steps as they were spelled, empty where they were not.
    """

    __slots__ = ("_seeds", "name", "steps", "tables")

    def __init__(self, name: str, steps: tuple[Step, ...], tables: tuple[Mapping[str, Any], ...] = ()) -> None:
        self.name = name
        self.steps = steps
        self.tables = tables
        self.seed(0)

    def seed(self, seed: int) -> None:
        """Let a run's seed decide about what plays by chance."""
        words = f"{seed} {self.name}"
        self._seeds = [
            blake2b(f"{words} {number}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
            for number in range(len(self.steps))
        ]

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
            return cls("fault", (read_step(table, "Fault", answers or {}),), (table,))
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
            name,
            tuple(read_step(step, f"{place}, step {number}", named) for number, step in enumerate(steps, 1)),
            tuple(steps),
        )

    @property
    def covers_every_call(self) -> bool:
        """Whether no call can be left without a fault."""
        uncovered = 1
        certain = [step for step in self.steps if step.match.everything and step.chance.certain]
        for step in sorted(certain, key=lambda step: step.calls.first):
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
            now: its arrival, microseconds since the epoch.
        """
        playing = None
        for step, seed in zip(self.steps, self._seeds, strict=True):
            if step.due(request, key, model, seed, now) and playing is None:
                playing = step.fault
        return playing


class Faults:
    """The scripts that are set on a server, in order.

    Scripts may be added and cleared from any thread while calls are answered in another.

    Args:
        seed: of the run.
        ready: faults that have a name, for requests that ask for one themselves.
    """

    __slots__ = ("_ready", "_scripts", "_seed")

    def __init__(self, seed: int = 0, ready: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._scripts: tuple[FaultScript, ...] = ()
        self._seed = seed
        self._ready = ready or {}

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
        for script in added:
            script.seed(self._seed)
        self._scripts += added

    def use_seed(self, seed: int) -> None:
        """Let another seed decide what scripts leave to chance that are added from now on."""
        self._seed = seed

    def asked_for(self, spelled: str) -> Fault:
        """The fault that a request asks for itself, in its header `x-understudy-fault`.

        Args:
            spelled: the name of a ready one, or a step as JSON.

        Raises:
            FaultError: neither.
        """
        place = f"The header {FAULT_HEADER.decode()}"
        table = self._ready.get(spelled) or decode_object(spelled.encode("latin-1"))
        if table is None:
            names = ", ".join(self._ready) or "none"
            raise FaultError(place, spelled[:80], f"is neither a step as JSON nor a ready fault; ready ones: {names}")
        return read_step(table, place, {}).fault

    def clear(self, name: str | None = None) -> None:
        """Take back all, or those of a name."""
        self._scripts = () if name is None else tuple(script for script in self._scripts if script.name != name)

    def next(self, request: Request, key: str, model: str, now: int) -> Fault | None:
        """The fault that this call meets, if any; every script counts the call, the first that is due plays."""
        playing = None
        for script in self._scripts:
            fault = script.next(request, key, model, now)
            if playing is None:
                playing = fault
        return playing
