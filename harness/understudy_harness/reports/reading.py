"""JSON reports, read back: one client's, or several in one file. What is wrong with a file is one sentence."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from understudy_harness.conformance.baseline import Baseline
from understudy_harness.conformance.results import SuiteResult
from understudy_harness.reports.again import Again
from understudy_harness.reports.json import LAYOUT, write_json

VerdictWord = Literal["OK", "NON-STRICT", "FAILED", "INFO", "UNSUPPORTED", "SKIPPED", "ERROR", "INCONCLUSIVE"]
MarkWord = Literal["silent", "loud", "hang", "storm"]
LevelWord = Literal["must", "should", "info"]
PASSED: tuple[VerdictWord, ...] = ("OK", "NON-STRICT", "INFO")
JUDGED: tuple[VerdictWord, ...] = (*PASSED, "FAILED")


class ReportError(ValueError):
    """A file that is no report that this version reads; the sentence names it."""


class Expected(msgspec.Struct):
    """One expectation, and whether it was met; None when the case was not run."""

    written: str
    met: bool | None = None


class About(msgspec.Struct):
    """The case itself, in the part that decided; see `Case`."""

    rationale: str = ""
    references: list[str] = []
    seat: list[str] = []
    needs: list[str] = []
    op: str = ""
    window_s: float | None = None
    server: list[str] = []
    expected: dict[str, list[Expected]] = {}
    by_hand: list[str] = []


class StoryTold(msgspec.Struct):
    """See `story.Story`."""

    server: str = ""
    client: str = ""
    expected: str = ""


class ReportedCase(msgspec.Struct):
    """What became of a case; see `CaseResult`. `again` runs it alone, `issue` is the baseline's link.

    Of a generated relation, `examples` were judged, and `example` is the case table of the one that it fell with.
    """

    id: str
    group: str
    title: str
    level: LevelWord
    verdict: VerdictWord
    clean: bool = True
    mark: MarkWord | None = None
    part: str | None = None
    left_out: list[str] = []
    unmet: list[str] = []
    untidy: list[str] = []
    reason: str = ""
    runs: int = 0
    tries: list[VerdictWord] = []
    seconds: float = 0.0
    measured: dict[str, Any] = {}
    again: str = ""
    issue: str | None = None
    examples: int = 0
    example: dict[str, Any] | None = None
    about: About = msgspec.field(default_factory=About)
    story: StoryTold = msgspec.field(default_factory=StoryTold)
    evidence: dict[str, Any] | None = None

    @property
    def failed(self) -> bool:
        """Whether it was."""
        return self.verdict == "FAILED"

    @property
    def words(self) -> str:
        """The verdict on both axes, in words."""
        return " ".join(filter(None, (self.verdict, self.mark, "" if self.clean else "UNCLEAN")))


class ReportedClient(msgspec.Struct):
    """See `protocol.Client`."""

    name: str
    version: str
    language: str = ""
    runtime: str = ""
    http: str = ""
    homepage: str = ""
    issues: str = ""

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}".strip()


class ReportedDriver(msgspec.Struct):
    """See `protocol.Introduction`."""

    client: ReportedClient
    ops: list[str] = []
    can: list[str] = []


class ReportedSuite(msgspec.Struct):
    """What the report was made with."""

    version: str = ""
    cases_sha256: dict[str, str] = {}


class Report(msgspec.Struct):
    """The report about one client; see `reports/json.py`, which writes it."""

    driver: ReportedDriver
    cases: list[ReportedCase]
    started_at: str
    seconds: float = 0.0
    seat: str = "D"
    command: list[str] = []
    suite: ReportedSuite = msgspec.field(default_factory=ReportedSuite)
    groups: dict[str, str] = {}

    @property
    def client(self) -> ReportedClient:
        """Who was under test."""
        return self.driver.client

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells this client from another: itself, what it stands on, and how it was started."""
        client = self.client
        return client.name, client.version, client.language, client.runtime, client.http, self.seat, *self.command

    def totals(self, level: LevelWord) -> tuple[int, int]:
        """How many cases of a level were passed, of how many that were judged."""
        judged = [case for case in self.cases if case.level == level and case.verdict in JUDGED]
        return sum(not case.failed for case in judged), len(judged)

    def count(self, verdict: VerdictWord) -> int:
        """How many cases have a verdict."""
        return sum(case.verdict == verdict for case in self.cases)

    @property
    def silent(self) -> int:
        """How many failures the application was not told about."""
        return sum(case.mark == "silent" for case in self.cases)

    @property
    def unclean(self) -> int:
        """How many cases left something behind."""
        return sum(not case.clean for case in self.cases)


class Reading(msgspec.Struct):
    """A report, where it was read, and its plain values with all that this version does not know."""

    file: str
    report: Report
    plain: dict[str, Any]


def read_reports(files: Iterable[Path]) -> list[Reading]:
    """The reports of all files, in order.

    Raises:
        ReportError: one of them is none.
    """
    return [reading for file in files for reading in _read(file)]


def labels(reports: Sequence[Report]) -> list[str]:
    """A name for each that no other has: client and version, and what else tells it apart where that is needed."""
    titles = [report.client.title for report in reports]
    named = []
    for report, title in zip(reports, titles, strict=True):
        alike = [other for other in reports if other.client.title == title and other is not report]
        differing = " ".join(_apart(report, alike))
        named.append(f"{title} ({differing})" if differing else title)
    return [
        f"{name} ({report.started_at})" if named.count(name) > 1 else name
        for name, report in zip(named, reports, strict=True)
    ]


def _apart(report: Report, alike: Sequence[Report]) -> Iterable[str]:
    client = report.client
    for field in ("language", "runtime", "http"):
        value = getattr(client, field)
        if value and any(getattr(other.client, field) != value for other in alike):
            yield value
    for word in report.command:
        if any(word not in other.command for other in alike):
            yield word


def as_report(
    suite: SuiteResult, *, exit_code: int, again: Again | None = None, baseline: Baseline | None = None
) -> Report:
    """The report of a run that was just made, as it would be read; see `write_json`."""
    written = write_json(suite, exit_code=exit_code, again=again, baseline=baseline)
    return msgspec.json.decode(written, type=Report)


def _read(file: Path) -> list[Reading]:
    try:
        document = msgspec.json.decode(file.read_bytes())
    except OSError as problem:
        raise ReportError(f"{file} cannot be read: {problem.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        if "truncated" in str(problem):
            raise ReportError(f"{file} ends in the middle of a report: it was not written to its end") from None
        raise ReportError(f"{file} is no JSON report: {problem}") from None
    if not isinstance(document, dict) or "layout" not in document or not document.keys() & {"cases", "reports"}:
        raise ReportError(f"{file} is no report of `understudy conform run --json`")
    if document["layout"] != LAYOUT:
        raise ReportError(f"{file} has layout {document['layout']!r} of the report; this version reads layout {LAYOUT}")
    if "reports" in document:
        members = document["reports"]
        if not isinstance(members, list) or not members:
            raise ReportError(f"{file} holds no reports")
        return [_converted(file, member) for member in members]
    return [_converted(file, document)]


def _converted(file: Path, plain: Any) -> Reading:
    try:
        report = msgspec.convert(plain, Report)
    except msgspec.ValidationError as problem:
        raise ReportError(f"{file} is no report that this version reads: {problem}") from None
    seen: set[str] = set()
    for case in report.cases:
        if case.id in seen:
            raise ReportError(f"{file} has the case {case.id} twice for {report.client.title}")
        seen.add(case.id)
    return Reading(str(file), report, plain)
