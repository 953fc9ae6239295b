"""Reading cases: tables of TOML, checked as far as can be without a client.

A file of cases holds one group: a table `[group]` with what its cases share, then a table `[[case]]` for each. What is
wrong is named by file, case and key.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

import msgspec

from understudy.core.faults import FaultError
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case import (
    BASE_URL,
    SEATS,
    WATCH_S,
    Calls,
    Cancel,
    Case,
    CaseError,
    Expected,
    Group,
    Level,
    Live,
)
from understudy_harness.conformance.expectation_reader import parse_expectation
from understudy_harness.conformance.expectations import Expectation, ExpectationError, Kind, Slack
from understudy_harness.conformance.inputs import INPUTS
from understudy_harness.conformance.plays import PLAYS
from understudy_harness.conformance.protocol import ABILITIES, OPERATIONS, Operation, Options
from understudy_harness.conformance.socket_steps import SocketError
from understudy_harness.conformance.truth import parse_truth
from understudy_harness.conformance.words import WORDS

DIRECTORY = "conformance"
"""Where in the package `understudy_data` the files are."""


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
