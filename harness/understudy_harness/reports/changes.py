"""What changed between two reports: what got worse, what got better, and what is otherwise different."""

from collections.abc import Iterator, Sequence
from enum import Enum

import msgspec

from understudy_harness.reports.reading import PASSED, Report, ReportedCase, ReportError

_NOT_JUDGED = ("UNSUPPORTED", "SKIPPED", "ERROR")
"""What says why there is no verdict. Who gets there from a failure has not become better, nor the other way round."""


class Way(Enum):
    """How a case changed."""

    FAILED = "newly failed"
    PASSED = "newly passed"
    WORSE = "worse"
    """Passed still, or failed still, but in a worse way; or no longer judged."""
    BETTER = "better"
    CHANGED = "changed"
    """Neither: another mark, or not judged on one of the two sides."""
    ADDED = "not run before"
    GONE = "not run any more"


class Change(msgspec.Struct, frozen=True):
    """One case that is not as it was.

    Attributes:
        way: how it changed.
        client: of the newer report.
        before, after: None for a case that was not run.
    """

    way: Way
    client: str
    before: ReportedCase | None
    after: ReportedCase | None

    @property
    def case(self) -> ReportedCase:
        """The case, as it is now where it is."""
        found = self.after or self.before
        if found is None:
            raise TypeError("a change is one of a case")
        return found

    @property
    def is_worse(self) -> bool:
        """Whether it is a reason to look again."""
        return self.way in (Way.FAILED, Way.WORSE)

    @property
    def is_unclear(self) -> bool:
        """Whether it was passed, and this time the suite could not judge."""
        before, after = self.before, self.after
        passed = before is not None and before.verdict in PASSED
        return passed and after is not None and after.verdict == "INCONCLUSIVE"


class Pair(msgspec.Struct):
    """The same client in two reports."""

    before: Report
    after: Report

    @property
    def same_cases(self) -> bool:
        """Whether both were judged by the same files of cases."""
        old, new = self.before.suite.cases_sha256, self.after.suite.cases_sha256
        return all(new[file] == digest for file, digest in old.items() if file in new)

    def changes(self) -> Iterator[Change]:
        """What is not as it was, in the order of the newer report, then what is gone."""
        old = {case.id: case for case in self.before.cases}
        new = {case.id: case for case in self.after.cases}
        for case in self.after.cases:
            way = _way(old[case.id], case) if case.id in old else Way.ADDED
            if way is not None:
                yield Change(way, self.after.client.title, old.get(case.id), case)
        for case in self.before.cases:
            if case.id not in new:
                yield Change(Way.GONE, self.after.client.title, case, None)


def pairs(before: Sequence[Report], after: Sequence[Report]) -> tuple[list[Pair], list[str]]:
    """Which report is to be compared with which, and the clients that are on one side alone.

    Two single reports are compared whoever they are about: of two versions, or of two clients. Else a client is found
    by its name where it is there once on each side, and by all that identifies it where it is not.

    Raises:
        ReportError: no client is on both sides.
    """
    if len(before) == len(after) == 1:
        return [Pair(before[0], after[0])], []
    found: list[Pair] = []
    alone = list(before)
    new: list[str] = []
    for report in after:
        match = _only(report, alone, after)
        if match is None:
            new.append(f"{report.client.title} is in the second alone")
        else:
            alone.remove(match)
            found.append(Pair(match, report))
    if not found:
        raise ReportError("no client is in both: there is nothing to compare")
    return found, [*new, *(f"{report.client.title} is in the first alone" for report in alone)]


def _only(report: Report, before: Sequence[Report], after: Sequence[Report]) -> Report | None:
    exact = [old for old in before if old.identity == report.identity]
    if exact:
        return exact[0]
    same_version = [old for old in before if old.client.title == report.client.title]
    if len(same_version) == 1 and sum(new.client.title == report.client.title for new in after) == 1:
        return same_version[0]
    named = [old for old in before if old.client.name == report.client.name]
    alike = sum(new.client.name == report.client.name for new in after)
    return named[0] if len(named) == 1 and alike == 1 else None


def _way(before: ReportedCase, after: ReportedCase) -> Way | None:
    if (before.verdict, before.mark, before.clean) == (after.verdict, after.mark, after.clean):
        return None
    old, new = _badness(before), _badness(after)
    if after.failed and not before.failed and before.verdict not in _NOT_JUDGED:
        return Way.FAILED
    if "INCONCLUSIVE" in (before.verdict, after.verdict):
        return Way.CHANGED
    if before.failed and after.verdict in PASSED:
        return Way.PASSED
    if before.verdict in _NOT_JUDGED and after.verdict not in PASSED:
        return Way.CHANGED
    if after.verdict in _NOT_JUDGED and before.verdict not in PASSED:
        return Way.CHANGED
    if new == old:
        return Way.CHANGED
    return Way.WORSE if new > old else Way.BETTER


def _badness(case: ReportedCase) -> tuple[int, bool, bool]:
    """The worse the greater: the verdict, whether nobody was told, whether something was left behind."""
    verdict = 0 if case.verdict in ("OK", "INFO") else 1 if case.verdict == "NON-STRICT" else 2
    return verdict, case.mark == "silent", not case.clean
