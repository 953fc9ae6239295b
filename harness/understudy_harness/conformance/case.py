"""Cases: what the server does, what a sound client does about it, and why that matters. They are data.

`case_reader` makes them of tables.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from typing import Any

import msgspec

from understudy_harness.conformance.canary import Canary, filled
from understudy_harness.conformance.case_inputs import CHAT_TOOLS, DEFAULT_INPUTS, with_sound
from understudy_harness.conformance.case_script import CaseScript, cut_by_chance
from understudy_harness.conformance.expectations import Expectation, Slack
from understudy_harness.conformance.protocol import OPERATIONS, Operation, Options
from understudy_harness.conformance.socket_script import MODEL, SocketScript

BASE_URL = "{origin}/v1"
"""The client's, unless a case says otherwise."""
WATCH_S = 0.1
"""Least time to watch for late requests after the final line."""


class CaseError(ValueError):
    """A case that cannot be used.

    Attributes:
        place: file and case.
        problem: what is wrong with it.
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


class Level(Enum):
    """How much a case weighs."""

    MUST = "must"
    """The specification says so, or the alternative loses data, money or keys."""
    SHOULD = "should"
    """Practice of the field, with strong reasons."""
    INFO = "info"
    """Measured, never failed."""


SEATS = {"D": "driver", "P": "program", "G": "gateway"}
"""Where the client under test can stand."""
PROGRAM, GATEWAY = "P", "G"


class Group(msgspec.Struct, frozen=True):
    """What the cases of one file share.

    Attributes:
        id: the first part of their ids.
        title: in a few words.
        about: in a few sentences.
        slack: how far times may be off.
        tidy: what makes a run clean, unless a case says otherwise.
        file: where it stands.
        digest: SHA-256 of the file.
        source: what `--cases` must be told to find it; empty for a file that comes with Understudy.
    """

    id: str
    title: str
    about: str
    slack: Slack
    tidy: tuple[str, ...]
    file: str
    digest: str
    source: str = ""


class Calls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often the client is asked in one run.

    Attributes:
        count: calls.
        together: whether all begin at once; else each begins when the one before has ended.
        same_key: whether all have one key, and so one account.
        reuse: whether all are made with one client.
    """

    count: int = 1
    together: bool = False
    same_key: bool = False
    reuse: bool = False


class Cancel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a call is given up, by the line `cancel`.

    Attributes:
        after_s: seconds after the first byte of the first answer, or
        after_request_s: seconds after the first request began, or
        after_progress: progress lines of the call.
    """

    after_s: float | None = None
    after_request_s: float | None = None
    after_progress: int | None = None


class Turn(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One thing that happens in the life of an account, for the play `life`.

    Attributes:
        calls: begun at once; the life goes on when all have ended.
        wait_ms: milliseconds that pass.
        rpm: requests a minute that the account may make of the cases' model from now on.
        credits: US dollars that it has from now on.
    """

    calls: int = 0
    wait_ms: int = 0
    rpm: int | None = None
    credits: str | None = None


class Live(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mock server itself answers, with its limits and its ledger; its words are the standard answer's.

    Attributes:
        tier: of the account.
        credits: US dollars that it has.
        limits: of the case's model, by their letters, in place of the tier's.
        used: requests that were made of them just before.
        life: what happens in turn, for the play `life`.
    """

    tier: str = "5"
    credits: str | None = None
    limits: dict[str, int] = {}
    used: int = 0
    life: tuple[Turn, ...] = ()


class Case(msgspec.Struct, frozen=True):
    """One case.

    Attributes:
        id: group, dot, number, hyphen, name; an address that never changes.
        group: what it shares with others.
        title: what a sound client does, as a sentence.
        rationale: why it matters.
        level: how much it weighs.
        seat: letters of `SEATS`.
        needs: what the driver must be able to do; of a case in parts, what any of them needs.
        op: what is called.
        given: what the input of the call has beside or in place of the operation's usual one.
        options: how the client is set up.
        calls: how often it is called.
        cancel: when a call is given up, None for never.
        base_url: the client's, where `{origin}` is the server's; the server knows what follows it by `/v1`.
        window_s: seconds after which a run that has not ended counts as one that hangs.
        watch_s: seconds that are watched for late requests after the last final line.
        serve: what the server does, in the fault language; empty where the mock server answers by itself (`live`).
        second: what the server on a second port does; empty for none.
        socket: what the server does on a WebSocket, in the language of `socket_script`.
        answers: what the model says beside the standard answer, by name.
        live: the account of the mock server's own, None where a script answers.
        play: name of the function that makes the calls; empty for the ordinary way.
        slow: whether it is left out unless slow cases are wanted.
        must, should: what makes a run OK, all of it.
        non_strict: what makes it NON-STRICT, any of it.
        tidy: what makes it clean, all of it.
        gateway: what makes it OK and NON-STRICT in the gateway's seat, where that differs.
        program: the same of the program's seat.
        references: where it comes from.
        parts: the same case in several ways, each run by itself; the worst of them is the case's verdict. Empty for
            a case of one way.
        part: which of them this is, empty for the case itself.
    """

    id: str
    group: Group
    title: str
    rationale: str
    level: Level
    seat: tuple[str, ...]
    needs: tuple[str, ...]
    op: Operation
    given: dict[str, Any]
    options: Options
    calls: Calls
    cancel: Cancel | None
    base_url: str
    window_s: float
    watch_s: float
    serve: tuple[dict[str, Any], ...]
    second: tuple[dict[str, Any], ...]
    socket: tuple[dict[str, Any], ...]
    answers: dict[str, dict[str, Any]]
    live: Live | None
    play: str
    slow: bool
    must: tuple[Expectation, ...]
    should: tuple[Expectation, ...]
    non_strict: tuple[Expectation, ...]
    tidy: tuple[Expectation, ...]
    gateway: "Expected | None"
    program: "Expected | None"
    references: tuple[str, ...]
    parts: tuple["Case", ...] = ()
    part: str = ""

    @property
    def variants(self) -> tuple["Case", ...]:
        """What is run: its parts, or itself."""
        return self.parts or (self,)

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """All that decide the verdict."""
        return self.must + self.should + self.non_strict

    @property
    def timed(self) -> bool:
        """Whether the verdict hangs on the suite's clock."""
        return any(expectation.timed for variant in self.variants for expectation in variant.expectations)

    def script(
        self, canary: Canary, created: int = 0, names: Mapping[str, str] | None = None, call: int = 1
    ) -> CaseScript:
        """What the server does to one call of a run, by its number."""
        serve = cut_by_chance(self.serve, f"{self.id} {call}")
        return CaseScript(self.id, serve, self.op, self.answers, canary, created, names)

    def second_script(self, canary: Canary, created: int = 0, names: Mapping[str, str] | None = None) -> CaseScript:
        """What the server on the second port does."""
        return CaseScript(f"{self.id}, second server", self.second, self.op, self.answers, canary, created, names)

    def socket_script(self, canary: Canary, dial: int = 1, model: str = MODEL) -> SocketScript:
        """What the server does on one of a call's WebSockets."""
        return SocketScript(self.socket, canary, dial, model)

    def input(self, canary: Canary | None = None) -> dict[str, Any]:
        """What the client is asked to send; `{canary}` and `{text}` in it are replaced."""
        tools = CHAT_TOOLS if "tools" in self.needs and self.op in ("chat", "stream") else {}
        told = with_sound({**DEFAULT_INPUTS[self.op](self.id), **tools, **self.given})
        return told if canary is None else filled(told, {"canary": canary.word, "text": canary.text})

    @property
    def needed(self) -> tuple[str, ...]:
        """What this part alone asks of the driver: of the operations its own, unless a play calls others."""
        if not self.part or self.play:
            return self.needs
        return tuple(need for need in self.needs if need not in OPERATIONS or need == self.op)

    def within(self, able: Collection[str]) -> "Case | None":
        """What of the case can be run with a driver that can do so much: the parts that need no more, None for none."""
        if not self.parts:
            return self if set(self.needed) <= set(able) else None
        parts = tuple(part for part in self.parts if set(part.needed) <= set(able))
        return msgspec.structs.replace(self, parts=parts) if parts else None

    def for_gateway(self) -> "Case":
        """The case as it is judged in the gateway's seat."""
        return self._expecting(self.gateway, tuple(part.for_gateway() for part in self.parts))

    def for_program(self) -> "Case":
        """The case as it is judged in the program's seat."""
        return self._expecting(self.program, tuple(part.for_program() for part in self.parts))

    def _expecting(self, expected: "Expected | None", parts: tuple["Case", ...]) -> "Case":
        if expected is None:
            return msgspec.structs.replace(self, parts=parts)
        return msgspec.structs.replace(
            self, parts=parts, must=expected.must, should=expected.should, non_strict=expected.non_strict
        )


class Expected(msgspec.Struct, frozen=True):
    """What makes a run OK, and what NON-STRICT."""

    must: tuple[Expectation, ...]
    should: tuple[Expectation, ...]
    non_strict: tuple[Expectation, ...]


def select(cases: Iterable[Case], selectors: Iterable[str]) -> tuple[Case, ...]:
    """The cases whose ids begin with one of the selectors: `1` is a group, `1.1` a case, `1.1-seconds` the same.

    Raises:
        ValueError: a selector selects nothing.
    """
    listed = tuple(cases)
    chosen: set[str] = set()
    for selector in selectors:
        found = {case.id for case in listed if selected(case.id, selector)}
        if not found:
            raise ValueError(f"no case begins with {selector!r}; `understudy conform list` shows them all")
        chosen |= found
    return tuple(case for case in listed if case.id in chosen)


def in_seat(cases: Iterable[Case], seat: str, *, slow: bool) -> tuple[Case, ...]:
    """The cases that can be run in a seat; without `slow`, those that are not, and of the others the quick parts."""
    chosen = []
    for case in cases:
        if seat not in case.seat:
            continue
        if not slow and case.parts:
            case = msgspec.structs.replace(case, parts=tuple(part for part in case.parts if not part.slow))
            if not case.parts:
                continue
        elif case.slow and not slow:
            continue
        chosen.append(case)
    return tuple(chosen)


def selected(id: str, selector: str) -> bool:
    """Whether an id begins with the selector and no number is cut in two (1.1 is not 1.10)."""
    rest = id[len(selector) :]
    return bool(selector) and id.startswith(selector) and not (selector[-1].isdigit() and rest[:1].isdigit())
