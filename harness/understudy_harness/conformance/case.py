"""Cases: what the server does, what a sound client does about it, and why that matters. They are data.

A file of cases holds one group: a table `[group]` with what its cases share, then a table `[[case]]` for each.
Loading checks everything that can be checked without a client, and names file, case and key of what is wrong.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from enum import Enum
from importlib.resources import files
from typing import Any

import msgspec

from understudy.core.faults import FaultError, FaultScript
from understudy_harness.conformance.evidence import WORDS
from understudy_harness.conformance.expectation_reader import parse_expectation
from understudy_harness.conformance.expectations import Expectation, ExpectationError, Kind, Slack
from understudy_harness.conformance.protocol import ABILITIES, OPERATIONS, Operation, Options
from understudy_harness.conformance.standard import MODEL, Canary, standard_answers

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
"""Where the client under test can stand; cases are run in seat D so far."""


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
    """

    id: str
    title: str
    about: str
    slack: Slack
    tidy: tuple[str, ...]
    file: str
    digest: str


class Case(msgspec.Struct, frozen=True):
    """One case.

    Attributes:
        id: group, dot, number, hyphen, name; an address that never changes.
        group: what it shares with others.
        title: what a sound client does, as a sentence.
        rationale: why it matters.
        level: how much it weighs.
        seat: letters of `SEATS`.
        needs: what the driver must be able to do.
        op: what is called.
        options: how the client is set up.
        window_s: seconds after which a run that has not ended counts as one that hangs.
        serve: what the server does, in the fault language.
        must, should: what makes a run OK, all of it.
        non_strict: what makes it NON-STRICT, any of it.
        tidy: what makes it clean, all of it.
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
    options: Options
    window_s: float
    serve: tuple[dict[str, Any], ...]
    must: tuple[Expectation, ...]
    should: tuple[Expectation, ...]
    non_strict: tuple[Expectation, ...]
    tidy: tuple[Expectation, ...]
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

    def script(self, canary: Canary, created: int = 0) -> FaultScript:
        """What the server does in one run."""
        answers = standard_answers(canary, self.op, created)
        return FaultScript.parse({"name": self.id, "steps": list(self.serve)}, answers)

    def input(self) -> dict[str, Any]:
        """What the client is asked to send."""
        return {"model": MODEL, "messages": [{"role": "user", "content": f"Say hello. (case {self.id})"}]}


def load_cases() -> tuple[Case, ...]:
    """Every case there is, in the order of their groups.

    Raises:
        CaseError: one cannot be used.
    """
    directory = files("understudy_data").joinpath(DIRECTORY)
    names = sorted(entry.name for entry in directory.iterdir() if entry.name.endswith(".toml"))
    cases = tuple(case for name in names for case in read_cases(directory.joinpath(name).read_bytes(), name))
    _refuse_doubles(cases)
    return cases


def read_cases(content: bytes, file: str) -> tuple[Case, ...]:
    """The cases of one file.

    Raises:
        CaseError: it cannot be read, or one of them cannot be used.
    """
    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise CaseError(file, f"it is no TOML: {problem}") from None
    return parse_cases(document, file, hashlib.sha256(content).hexdigest())


def parse_cases(document: Mapping[str, Any], file: str, digest: str = "") -> tuple[Case, ...]:
    """The cases of one file that was parsed already; see `read_cases`.

    Args:
        document: the tables of the file.
        file: its name.
        digest: SHA-256 of its content.
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
    serve: list[dict[str, Any]]
    expect: _ExpectTable | None = None
    op: Operation | None = None


class _CaseTable(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    title: str
    rationale: str
    level: Level
    seat: list[str]
    needs: list[str]
    references: list[str]
    serve: list[dict[str, Any]] = []
    expect: _ExpectTable = _ExpectTable()
    part: list[_PartTable] = []
    op: Operation = "chat"
    options: dict[str, Any] = {}
    window_s: float = 10.0
    tidy: list[str] | None = None


def _read_case(table: object, group: Group) -> Case:
    named = table.get("id") if isinstance(table, Mapping) else None
    place = f"{group.file}, case {named!r}"
    try:
        read = msgspec.convert(table, _CaseTable)
        options = msgspec.convert(_known_options(read.options), Options)
    except (msgspec.ValidationError, ValueError) as problem:
        raise CaseError(place, str(problem)) from None
    number, _, name = read.id.removeprefix(f"{group.id}.").partition("-")
    if not read.id.startswith(f"{group.id}.") or not number.isdigit() or not name:
        raise CaseError(place, f"its id must be like {group.id}.1-name")
    _among(read.seat, tuple(SEATS), "seat", place)
    _among(read.needs, OPERATIONS + ABILITIES, "needs", place)
    if read.op not in read.needs:
        raise CaseError(place, f"it calls {read.op!r} but does not need it")
    if not 0 < read.window_s <= 600:
        raise CaseError(place, "window_s must be above 0 and at most 600 seconds")
    if bool(read.serve) == bool(read.part):
        raise CaseError(place, "it must have either serve, or [[case.part]] with each its own")
    for expect in [read.expect] if read.serve else [part.expect or read.expect for part in read.part]:
        if not expect.must and read.level is not Level.INFO:
            raise CaseError(place, "expect.must is empty, so that it could not be failed")
    tidy = _understood(group.tidy if read.tidy is None else read.tidy, place, "tidy")
    for expectation in tidy:
        if not all(operand.kind is Kind.TRUTH for operand in expectation.operands):
            raise CaseError(place, f"tidy has {expectation.written!r}, which is not about tidiness")
    case = Case(
        id=read.id,
        group=group,
        title=read.title,
        rationale=read.rationale.strip(),
        level=read.level,
        seat=tuple(read.seat),
        needs=tuple(read.needs),
        op=read.op,
        options=options,
        window_s=read.window_s,
        serve=tuple(read.serve),
        must=_understood(read.expect.must, place, "must"),
        should=_understood(read.expect.should, place, "should"),
        non_strict=_understood(read.expect.non_strict, place, "non_strict"),
        tidy=tidy,
        references=tuple(read.references),
    )
    case = msgspec.structs.replace(case, parts=tuple(_part(part, case, place) for part in read.part))
    for variant in case.variants:
        _check_script(variant, f"{place}, part {variant.part!r}" if variant.part else place)
    return case


def _part(table: _PartTable, case: Case, place: str) -> Case:
    place = f"{place}, part {table.name!r}"
    expect = table.expect
    op = table.op or case.op
    if op not in case.needs:
        raise CaseError(place, f"it calls {op!r} but does not need it")
    part = msgspec.structs.replace(case, serve=tuple(table.serve), part=table.name, op=op)
    if expect is None:
        return part
    return msgspec.structs.replace(
        part,
        must=_understood(expect.must, place, "must"),
        should=_understood(expect.should, place, "should"),
        non_strict=_understood(expect.non_strict, place, "non_strict"),
    )


def _check_script(case: Case, place: str) -> None:
    try:
        script = case.script(Canary("sk-canary", "canary"))
    except FaultError as problem:
        raise CaseError(place, str(problem)) from None
    if not script.covers_every_call:
        raise CaseError(place, 'serve must say what happens on every further request: end with on = "2.." or the like')


def _understood(written: Iterable[str], place: str, key: str) -> tuple[Expectation, ...]:
    try:
        return tuple(parse_expectation(expression, WORDS) for expression in written)
    except ExpectationError as problem:
        raise CaseError(place, f"{key}: {problem}") from None


def _known_options(table: Mapping[str, Any]) -> Mapping[str, Any]:
    known = Options.__struct_fields__
    for key in table:
        if key not in known:
            raise ValueError(f"options has {key!r}; it may have {', '.join(known)}")
    return table


def _among(given: Iterable[str], known: tuple[str, ...], key: str, place: str) -> None:
    for word in given:
        if word not in known:
            raise CaseError(place, f"{key} has {word!r}; it may have {', '.join(known)}")


def _only(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            raise CaseError(place, f"there is no {key!r}; there are {', '.join(known)}")


def _refuse_doubles(cases: Iterable[Case]) -> None:
    seen: dict[str, Case] = {}
    for case in cases:
        number = case.id.partition("-")[0]
        if number in seen:
            raise CaseError(f"{case.group.file}, case {case.id!r}", f"{number} is taken by {seen[number].id}")
        seen[number] = case
