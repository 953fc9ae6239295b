"""Cases: what the server does, what a sound client does about it, and why that matters. They are data.

A file of cases holds one group: a table `[group]` with what its cases share, then a table `[[case]]` for each.
Loading checks everything that can be checked without a client, and names file, case and key of what is wrong.
"""

import hashlib
import tomllib
from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from importlib.resources import files
from typing import Any

import msgspec

from understudy.core.faults import FaultError
from understudy_harness.conformance.canary import Canary, filled
from understudy_harness.conformance.case_inputs import CHAT_TOOLS, DEFAULT_INPUTS, with_sound
from understudy_harness.conformance.case_script import CaseScript, cut_by_chance
from understudy_harness.conformance.expectation_reader import parse_expectation
from understudy_harness.conformance.expectations import Expectation, ExpectationError, Kind, Slack
from understudy_harness.conformance.inputs import INPUTS
from understudy_harness.conformance.plays import PLAYS
from understudy_harness.conformance.protocol import ABILITIES, OPERATIONS, Operation, Options
from understudy_harness.conformance.socket_script import MODEL, SocketScript
from understudy_harness.conformance.socket_steps import SocketError
from understudy_harness.conformance.truth import parse_truth
from understudy_harness.conformance.words import WORDS

BASE_URL = "{origin}/v1"
"""The client's, unless a case says otherwise."""
WATCH_S = 0.1
"""Least time to watch for late requests after the final line."""
DIRECTORY = "conformance"
"""Where in the package `understudy_data` the files are."""


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


class Live(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mock server itself answers, with its limits and its ledger; its words are the standard answer's.

    Attributes:
        tier: of the account.
        credits: US dollars that it has.
        limits: of the case's model, by their letters, in place of the tier's.
        used: requests that were made of them just before.
    """

    tier: str = "5"
    credits: str | None = None
    limits: dict[str, int] = {}
    used: int = 0


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


def load_cases() -> tuple[Case, ...]:
    """Every case there is, in the order of their groups.

    Raises:
        CaseError: one cannot be used.
    """
    directory = files("understudy_data").joinpath(DIRECTORY)
    names = sorted(entry.name for entry in directory.iterdir() if entry.name.endswith(".toml"))
    cases = tuple(case for name in names for case in read_cases(directory.joinpath(name).read_bytes(), name))
    refuse_doubles(cases)
    return cases


def read_cases(content: bytes, file: str, source: str = "") -> tuple[Case, ...]:
    """The cases of one file; see `parse_cases`.

    Raises:
        CaseError: it cannot be read, or one of them cannot be used.
    """
    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise CaseError(file, f"it is no TOML: {problem}") from None
    return parse_cases(document, file, hashlib.sha256(content).hexdigest(), source)


def parse_cases(document: Mapping[str, Any], file: str, digest: str = "", source: str = "") -> tuple[Case, ...]:
    """The cases of one file that was parsed already; see `read_cases`.

    Args:
        document: the tables of the file.
        file: its name.
        digest: SHA-256 of its content.
        source: see `Group`.
    """
    _only(document, ("group", "case"), file)
    try:
        shared = msgspec.convert(document.get("group"), _GroupTable)
    except msgspec.ValidationError as problem:
        raise CaseError(file, f"[group]: {problem}") from None
    group = Group(
        id=shared.id,
        title=shared.title,
        about=shared.about.strip(),
        slack=shared.slack,
        tidy=tuple(shared.tidy),
        file=file,
        digest=digest,
        source=source,
    )
    cases = tuple(_read_case(table, group) for table in document.get("case", ()))
    if not cases:
        raise CaseError(file, "it holds no [[case]]")
    return cases


def select(cases: Iterable[Case], selectors: Iterable[str]) -> tuple[Case, ...]:
    """The cases whose ids begin with one of the selectors: `1` is a group, `1.1` a case, `1.1-seconds` the same.

    Raises:
        ValueError: a selector selects nothing.
    """
    listed = tuple(cases)
    chosen: set[str] = set()
    for selector in selectors:
        found = {case.id for case in listed if _selected(case.id, selector)}
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


def _selected(id: str, selector: str) -> bool:
    """Whether an id begins with the selector and no number is cut in two (1.1 is not 1.10)."""
    rest = id[len(selector) :]
    return bool(selector) and id.startswith(selector) and not (selector[-1].isdigit() and rest[:1].isdigit())


class _GroupTable(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    title: str
    about: str
    slack: Slack = Slack()
    tidy: list[str] = []


class _ExpectTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    must: tuple[str, ...] = ()
    should: tuple[str, ...] = ()
    non_strict: tuple[str, ...] = ()


class _PartTable(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    needs: list[str] | None = None
    serve: list[dict[str, Any]] | None = None
    second: list[dict[str, Any]] | None = None
    socket: list[dict[str, Any]] | None = None
    expect: _ExpectTable | None = None
    gateway: _ExpectTable | None = None
    program: _ExpectTable | None = None
    op: Operation | None = None
    input: dict[str, Any] | None = None
    options: dict[str, Any] | None = None
    calls: Calls | None = None
    cancel: Cancel | None = None
    base_url: str | None = None
    live: Live | None = None
    window_s: float | None = None
    slow: bool | None = None


class _CaseTable(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    title: str
    rationale: str
    level: Level
    seat: list[str]
    needs: list[str]
    references: list[str]
    serve: list[dict[str, Any]] = []
    second: list[dict[str, Any]] = []
    socket: list[dict[str, Any]] = []
    answers: dict[str, dict[str, Any]] = {}
    live: Live | None = None
    expect: _ExpectTable = _ExpectTable()
    gateway: _ExpectTable | None = None
    program: _ExpectTable | None = None
    part: list[_PartTable] = []
    op: Operation = "chat"
    input: dict[str, Any] = {}
    options: dict[str, Any] = {}
    calls: Calls = Calls()
    cancel: Cancel | None = None
    base_url: str = BASE_URL
    play: str = ""
    slow: bool = False
    window_s: float = 10.0
    watch_s: float = WATCH_S
    tidy: list[str] | None = None


def _read_case(table: object, group: Group) -> Case:
    named = table.get("id") if isinstance(table, Mapping) else None
    place = f"{group.file}, case {named!r}"
    try:
        read = msgspec.convert(table, _CaseTable)
    except msgspec.ValidationError as problem:
        raise CaseError(place, str(problem)) from None
    number, _, name = read.id.removeprefix(f"{group.id}.").partition("-")
    if not read.id.startswith(f"{group.id}.") or not number.isdigit() or not name:
        raise CaseError(place, f"its id must be like {group.id}.1-name")
    _among(read.seat, tuple(SEATS), "seat", place)
    _among(read.needs, (*OPERATIONS, *ABILITIES), "needs", place)
    whole = bool(read.serve or read.socket or read.live)
    if not whole and not any(part.serve or part.socket or part.live for part in read.part):
        raise CaseError(
            place, "nothing says what the server does: serve, socket or live, or [[case.part]] with each its own"
        )
    for expect in [read.expect] if not read.part else [part.expect or read.expect for part in read.part]:
        if not expect.must and read.level is not Level.INFO:
            raise CaseError(place, "expect.must is empty, so that it could not be failed")
    tidy = _understood(group.tidy if read.tidy is None else read.tidy, place, "tidy")
    for expectation in tidy:
        if not all(operand.kind is Kind.TRUTH for operand in expectation.operands):
            raise CaseError(place, f"tidy has {expectation.written!r}, which is not about tidiness")
    expected = _expected(read.expect, place)
    case = Case(
        id=read.id,
        group=group,
        title=read.title,
        rationale=read.rationale.strip(),
        level=read.level,
        seat=tuple(read.seat),
        needs=tuple(read.needs),
        op=read.op,
        given=read.input,
        options=_options(read.options, place),
        calls=read.calls,
        cancel=read.cancel,
        base_url=read.base_url,
        window_s=read.window_s,
        watch_s=read.watch_s,
        serve=tuple(read.serve),
        second=tuple(read.second),
        socket=tuple(read.socket),
        answers=read.answers,
        live=read.live,
        play=read.play,
        slow=read.slow,
        must=expected.must,
        should=expected.should,
        non_strict=expected.non_strict,
        tidy=tidy,
        gateway=None if read.gateway is None else _expected(read.gateway, place),
        program=None if read.program is None else _expected(read.program, place),
        references=tuple(read.references),
    )
    case = msgspec.structs.replace(case, parts=tuple(_part(part, case, place) for part in read.part))
    for variant in case.variants:
        _check(variant, f"{place}, part {variant.part!r}" if variant.part else place)
    return case


def _part(table: _PartTable, case: Case, place: str) -> Case:
    """The case with whatever a part says in place of it."""
    place = f"{place}, part {table.name!r}"
    own: dict[str, Any] = {"part": table.name}
    for key in ("op", "calls", "cancel", "base_url", "live", "window_s", "slow"):
        value = getattr(table, key)
        if value is not None:
            own[key] = value
    for key in ("serve", "second", "socket"):
        steps = getattr(table, key)
        if steps is not None:
            own[key] = tuple(steps)
    if table.needs is not None:
        _among(table.needs, case.needs, "needs", place)
        own["needs"] = tuple(table.needs)
    elif not case.play:
        # What other parts call is nothing to this one; a play may call anything.
        calls = table.op or case.op
        own["needs"] = tuple(need for need in case.needs if need == calls or need not in OPERATIONS)
    if table.input is not None:
        own["given"] = {**case.given, **table.input}
    if table.options is not None:
        own["options"] = _options(table.options, place)
    if table.expect is not None:
        expected = _expected(table.expect, place)
        own |= {"must": expected.must, "should": expected.should, "non_strict": expected.non_strict}
    if table.gateway is not None:
        own["gateway"] = _expected(table.gateway, place)
    if table.program is not None:
        own["program"] = _expected(table.program, place)
    return msgspec.structs.replace(case, **own)


def _expected(table: _ExpectTable, place: str) -> Expected:
    return Expected(
        must=_understood(table.must, place, "must"),
        should=_understood(table.should, place, "should"),
        non_strict=_understood(table.non_strict, place, "non_strict"),
    )


def _options(table: Mapping[str, Any], place: str) -> Options:
    known = Options.__struct_fields__
    for key in table:
        if key not in known:
            raise CaseError(place, f"options has {key!r}; it may have {', '.join(known)}")
    try:
        return msgspec.convert(table, Options)
    except msgspec.ValidationError as problem:
        raise CaseError(place, f"options: {problem}") from None


def _check(case: Case, place: str) -> None:
    """What can be checked of one way of a case without running it."""
    if case.op not in case.needs:
        raise CaseError(place, f"it calls {case.op!r} but does not need it")
    if not 0 < case.window_s <= 600:
        raise CaseError(place, "window_s must be above 0 and at most 600 seconds")
    if not 1 <= case.calls.count <= 100:
        raise CaseError(place, "calls.count must be from 1 to 100")
    if case.calls.together and "parallel" not in case.needs:
        raise CaseError(place, "its calls are made together but it does not need 'parallel'")
    if case.calls.reuse and "reuse" not in case.needs:
        raise CaseError(place, "its calls share a client but it does not need 'reuse'")
    if case.calls.reuse and case.calls.count > 1 and not case.calls.same_key:
        raise CaseError(place, "its calls share a client and need same_key: a client has one key")
    if case.cancel is not None and "cancel" not in case.needs:
        raise CaseError(place, "it is given up but does not need 'cancel'")
    if "{origin}" not in case.base_url:
        raise CaseError(place, "base_url must have {origin} in it")
    if case.play and case.play not in PLAYS:
        raise CaseError(place, f"there is no play {case.play!r}; there are {', '.join(PLAYS) or 'none'}")
    try:
        msgspec.convert(case.input(), INPUTS[case.op])
    except msgspec.ValidationError as problem:
        raise CaseError(place, f"input of {case.op}: {problem}") from None
    for name, table in case.answers.items():
        try:
            parse_truth(table)
        except msgspec.ValidationError as problem:
            raise CaseError(place, f"answers.{name}: {problem}") from None
    told = [bool(case.serve), bool(case.socket), case.live is not None]
    if told.count(True) != 1:
        raise CaseError(place, "one of serve, socket and live says what the server does, and no other")
    if case.serve:
        _check_script(case, place)
    try:
        case.socket_script(Canary("sk-canary", "canary"))
    except SocketError as problem:
        raise CaseError(place, str(problem)) from None


def _check_script(case: Case, place: str) -> None:
    try:
        scripts = [case.script(Canary("sk-canary", "canary"))]
        if case.second:
            scripts.append(case.second_script(Canary("sk-canary", "canary")))
    except FaultError as problem:
        raise CaseError(place, str(problem)) from None
    if not all(script.covers_every_call for script in scripts):
        raise CaseError(place, 'serve must say what happens on every further request: end with on = "2.." or the like')


def _understood(written: Iterable[str], place: str, key: str) -> tuple[Expectation, ...]:
    try:
        return tuple(parse_expectation(expression, WORDS) for expression in written)
    except ExpectationError as problem:
        raise CaseError(place, f"{key}: {problem}") from None


def _among(given: Iterable[str], known: tuple[str, ...], key: str, place: str) -> None:
    for word in given:
        if word not in known:
            raise CaseError(place, f"{key} has {word!r}; it may have {', '.join(known)}")


def _only(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            raise CaseError(place, f"there is no {key!r}; there are {', '.join(known)}")


def refuse_doubles(cases: Iterable[Case]) -> None:
    """Raise CaseError when two cases have one number."""
    seen: dict[str, Case] = {}
    for case in cases:
        number = case.id.partition("-")[0]
        if number in seen:
            raise CaseError(f"{case.group.file}, case {case.id!r}", f"{number} is taken by {seen[number].id}")
        seen[number] = case
